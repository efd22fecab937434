// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "cli/findings.h"
#include "cli/format.h"
#include "cli/load_report.h"
#include "cli/session.h"
#include "cli/table.h"
#include "grove/subject.h"

enum { TEXT_BYTES_MAX = 1 << 20, WAIT_TOLD_US = 10000000 };

// --- one subject, and all of them ----------------------------------------------------------------

static const char *state_name(const struct grove_subject *subject)
{
    switch (subject->state) {
    case GROVE_SUBJECT_READY: return "ready";
    case GROVE_SUBJECT_ADDING: return "adding";
    case GROVE_SUBJECT_REMOVING: return "removing";
    }
    return "ready";
}

static void add_subject_members(struct strbuf *out, const struct grove_subject *subject)
{
    json_string_member(out, "name", subject->name);
    json_string_member(out, "hierarchy_table", subject->hierarchy_table);
    json_string_member(out, "state", state_name(subject));
    json_bool_member(out, "specified", subject->specified);
    json_integer_member(out, "branches", subject->branches);
    json_integer_member(out, "limbs", subject->limbs);
    json_integer_member(out, "leaves", subject->leaves);
    json_integer_member(out, "contents", subject->contents);
    json_integer_member(out, "pending", subject->pending);
    json_integer_member(out, "bytes", subject->bytes);
    json_time_member(out, "added_at", subject->added_at_us);
}

static void add_table(struct strbuf *out, const struct terminal *terminal,
                      const struct grove_subject *items, size_t count)
{
    static const struct table_column columns[] = {
        {"NAME", .style = STYLE_BOLD, .width_min = 12},
        {"TABLE", .width_min = 12, .drop = 2},
        {"STATE"},
        {"BRANCHES", .right = true, .drop = 1},
        {"LIMBS", .right = true, .drop = 1},
        {"LEAVES", .right = true},
        {"CONTENTS", .right = true},
    };
    struct table table;
    table_init(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < count; i++) {
        const int64_t counts[] = {items[i].branches, items[i].limbs, items[i].leaves,
                                  items[i].contents};
        table_add(&table, items[i].name);
        table_add(&table, items[i].hierarchy_table);
        table_add(&table, state_name(&items[i]));
        for (size_t k = 0; k < ARRAY_COUNT(counts); k++)
            table_add_count(&table, counts[k]);
    }
    table_print(&table, terminal, out);
    table_release(&table);
}

static void add_unfinished(struct strbuf *out, const struct grove_subjects *subjects)
{
    for (size_t i = 0; i < subjects->count; i++) {
        const struct grove_subject *subject = &subjects->items[i];
        bool adding = subject->state == GROVE_SUBJECT_ADDING;
        if (subject->state == GROVE_SUBJECT_READY)
            continue;
        strbuf_add_char(out, '\n');
        display_add_safe(out, text_of(subject->name));
        strbuf_add(out, adding
                            ? " is being added, or that was not finished: add it again, or remove "
                              "it\n"
                            : " is being removed, or that was not finished: remove it again, or "
                              "add it\n");
    }
}

static enum grove_code list_subjects(struct session *session, struct grove_error *error)
{
    struct grove_subjects *subjects = NULL;
    enum grove_code code = grove_list_subjects(session->grove, NULL, &subjects, error);
    if (code != GROVE_OK)
        return code;
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    if (session->json) {
        strbuf_add(&out, "{\"subjects\":[");
        for (size_t i = 0; i < subjects->count; i++) {
            strbuf_add(&out, i ? ",{" : "{");
            add_subject_members(&out, &subjects->items[i]);
            strbuf_add_char(&out, '}');
        }
        strbuf_add(&out, "]}");
        code = session_print_json(session, &out, error);
    } else {
        add_table(&out, &session->out, subjects->items, subjects->count);
        add_unfinished(&out, subjects);
        code = session_print(session, &out, error);
    }
    strbuf_release(&out);
    grove_free(subjects);
    return code;
}

static enum grove_code show_subject(struct session *session, const char *name,
                                    struct grove_error *error)
{
    struct grove_subjects *found = NULL;
    enum grove_code code = grove_list_subjects(session->grove, name, &found, error);
    if (code != GROVE_OK)
        return code;
    const struct grove_subject subject = found->items[0];
    struct strbuf out;
    grove_free(found);
    strbuf_init(&out, TEXT_BYTES_MAX);
    if (session->json) {
        strbuf_add_char(&out, '{');
        add_subject_members(&out, &subject);
        strbuf_add_char(&out, '}');
        code = session_print_json(session, &out, error);
    } else {
        add_table(&out, &session->out, &subject, 1);
        strbuf_add(&out, "\nthe table has ");
        format_bytes(&out, subject.bytes);
        strbuf_add(&out, " with its indexes");
        if (subject.specified)
            strbuf_add(&out, "; it is one of the specification's");
        if (subject.added_at_us != GROVE_NULL) {
            strbuf_add(&out, "; added ");
            format_date(&out, subject.added_at_us);
        }
        if (subject.pending) {
            strbuf_add(&out, "; ");
            format_counted(&out, subject.pending, "content is", "contents are");
            strbuf_add(&out, " not in the vector engine yet");
        }
        strbuf_add_char(&out, '\n');
        code = session_print(session, &out, error);
    }
    strbuf_release(&out);
    return code;
}

// --- a change ------------------------------------------------------------------------------------

struct changing {
    struct session *session;
    bool validates;              // one of the phases that are shown reads all contents
    struct strbuf phases;        // JSON objects with commas between
    int64_t waiting_told_us;     // monotonic; 0: it does not wait
    const char *name, *new_name; // the latter of a rename
    bool removes;
};

static void remember_phase(struct strbuf *out, const struct grove_subject_phase *phase)
{
    strbuf_add(out, out->length ? ",{" : "{");
    json_string_member(out, "name", phase->name);
    json_string_member(out, "locks", phase->locks);
    json_string_member(out, "sql", phase->sql);
    json_bool_member(out, "done", phase->done);
    json_integer_member(out, "attempts", phase->done ? (int64_t)phase->attempts : GROVE_NULL);
    json_key(out, "seconds");
    if (isnan(phase->seconds))
        strbuf_add(out, "null");
    else
        strbuf_addf(out, "%.6f", phase->seconds);
    strbuf_add_char(out, '}');
}

static void add_done(struct strbuf *out, const struct grove_subject_phase *phase)
{
    strbuf_addf(out, "%-9s ", phase->name);
    format_seconds(out, phase->seconds);
    if (phase->attempts > 1)
        strbuf_addf(out, ", at the %u%s attempt", phase->attempts,
                    phase->attempts == 2   ? "nd"
                    : phase->attempts == 3 ? "rd"
                                           : "th");
    strbuf_add_char(out, '\n');
}

static void add_planned(struct strbuf *out, const struct terminal *terminal,
                        const struct grove_subject_phase *phase)
{
    strbuf_addf(out, "\n%s-- %s%s\n-- locks %s\n", terminal_style(terminal, STYLE_BOLD),
                phase->name, terminal_style(terminal, STYLE_PLAIN), phase->locks);
    if (!isnan(phase->seconds)) {
        strbuf_add(out, "-- takes about ");
        format_seconds(out, phase->seconds);
        strbuf_add(out, " here\n");
    }
    strbuf_add(out, phase->sql);
}

static void on_phase(void *state, const struct grove_subject_phase *phase)
{
    struct changing *changing = state;
    struct session *session = changing->session;
    struct grove_error ignored;
    changing->waiting_told_us = 0;
    changing->validates |= !phase->done && !isnan(phase->seconds);
    if (session->json) {
        remember_phase(&changing->phases, phase);
        return;
    }
    struct strbuf out;
    strbuf_init(&out, TEXT_BYTES_MAX);
    if (phase->done)
        add_done(&out, phase);
    else
        add_planned(&out, &session->out, phase);
    (void)!session_print(session, &out, &ignored);
    strbuf_release(&out);
}

// At once, and then every ten seconds; on standard error, also beside JSON: whoever waits wants to
// know for whom.
static void on_wait(void *state, const struct grove_subject_wait *wait)
{
    struct changing *changing = state;
    int64_t now_us = clock_monotonic_us();
    if (changing->waiting_told_us && now_us - changing->waiting_told_us < WAIT_TOLD_US)
        return;
    changing->waiting_told_us = now_us;
    struct strbuf out;
    strbuf_init(&out, TEXT_BYTES_MAX);
    strbuf_addf(&out, "grove: waiting for %s", wait->what);
    if (wait->holder[0]) {
        strbuf_add(&out, " held by ");
        display_add_prose(&out, text_of(wait->holder));
    }
    strbuf_add_char(&out, '\n');
    fputs(out.data, stderr);
    strbuf_release(&out);
}

static void add_milliseconds(struct strbuf *out, const char *key, double milliseconds)
{
    json_key(out, key);
    if (isnan(milliseconds))
        strbuf_add(out, "null");
    else
        strbuf_addf(out, "%.3f", milliseconds);
}

static void add_impact_member(struct strbuf *out, const struct grove_subject_impact *impact)
{
    json_key(out, "impact");
    strbuf_add_char(out, '{');
    json_integer_member(out, "rows", impact->rows);
    json_integer_member(out, "table_bytes", impact->table_bytes);
    json_integer_member(out, "database_bytes", impact->database_bytes);
    json_number_member(out, "validate_seconds", impact->validate_seconds);
    json_integer_member(out, "subjects", impact->subjects);
    add_milliseconds(out, "planning_ms", impact->planning_ms);
    add_milliseconds(out, "discover_ms", impact->discover_ms);
    strbuf_add_char(out, '}');
}

static void add_impact(struct strbuf *out, const struct grove_subject_report *report,
                       bool validates)
{
    const struct grove_subject_impact *impact = &report->impact;
    strbuf_add(out, "\nwhat it means here\n");
    if (validates) {
        strbuf_add(out, "  ");
        format_counted(out, impact->rows, "content is", "contents are");
        strbuf_add(out, " read by VALIDATE (");
        format_bytes(out, impact->table_bytes);
        strbuf_add(out, " with indexes), in about ");
        format_seconds(out, impact->validate_seconds);
        strbuf_add_char(out, '\n');
    }
    if (report->contents) {
        strbuf_add(out, "  ");
        format_counted(out, report->contents, "content goes", "contents go");
        strbuf_add(out, " with it: then only a backup has them\n");
    }
    if (!isnan(impact->planning_ms))
        strbuf_addf(out, "  planning a path's lookup takes %.2f ms with %lld subjects\n",
                    impact->planning_ms, (long long)impact->subjects);
    if (!isnan(impact->discover_ms))
        strbuf_addf(out,
                    "  a query across all subjects takes %.1f ms; a subject without contents adds "
                    "nothing to it\n",
                    impact->discover_ms);
    strbuf_add(out, "  make a backup first (");
    format_bytes(out, impact->database_bytes);
    strbuf_add(out, "): grove pg_dump -- -Fc -f before.dump\nnothing was changed\n");
}

static void add_report_json(struct strbuf *out, const struct changing *changing,
                            const struct grove_subject_report *report, const char *name)
{
    bool dry = options_has(&changing->session->options, OPTION_DRY_RUN);
    strbuf_add_char(out, '{');
    json_string_member(out, "name", name);
    json_bool_member(out, "dry_run", dry);
    json_key(out, "phases");
    strbuf_addf(out, "[%s]", changing->phases.data);
    out->failed |= changing->phases.failed;
    json_number_member(out, "seconds", report->seconds);
    json_number_member(out, "seconds_waited", report->seconds_waited);
    json_integer_member(out, "contents_removed", report->contents);
    add_milliseconds(out, "discover_ms_before", report->discover_ms_before);
    add_milliseconds(out, "discover_ms_after", report->discover_ms_after);
    if (report->has_impact)
        add_impact_member(out, &report->impact);
    if (report->sample)
        load_report_add_member(out, report->sample);
    strbuf_add_char(out, '}');
}

// What holds of the subject now.
static void add_outcome(struct strbuf *out, const struct changing *changing, bool already)
{
    const char *new_name = changing->new_name;
    strbuf_add(out, "the subject \"");
    display_add_prose(out, text_of(changing->name));
    strbuf_add(out, new_name            ? "\" is called \""
                    : changing->removes ? "\" is gone"
                                        : "\" is there");
    display_add_prose(out, text_of(new_name ? new_name : ""));
    strbuf_add(out, new_name ? "\"" : "");
    strbuf_add(out, already ? " already" : new_name ? " now" : "");
}

static void add_report(struct strbuf *out, const struct changing *changing,
                       const struct grove_subject_report *report)
{
    if (report->has_impact) {
        add_impact(out, report, changing->validates);
        return;
    }
    add_outcome(out, changing, report->phases == 0);
    if (report->phases > 0) {
        strbuf_add(out, ": ");
        format_counted(out, report->phases, "phase", "phases");
        strbuf_add(out, " in ");
        format_seconds(out, report->seconds);
    }
    if (report->contents) {
        strbuf_add(out, "; ");
        format_counted(out, report->contents, "content", "contents");
        strbuf_add(out, " went with it");
    }
    strbuf_add_char(out, '\n');
    if (report->sample)
        load_report_add(out, report->sample);
}

typedef enum grove_code change_call(struct grove *grove,
                                    const struct grove_subject_request *request,
                                    struct grove_subject_report **ret, struct grove_error *error);

static enum grove_code change(struct session *session, change_call *call, const char *name,
                              const char *new_name, struct grove_error *error)
{
    struct changing changing = {.session = session,
                                .name = name,
                                .new_name = new_name,
                                .removes = call == grove_remove_subject};
    struct grove_subject_report *report = NULL;
    struct grove_subject_request request = {
        .size_bytes = sizeof request,
        .name = name,
        .new_name = new_name,
        .dry_run = options_has(&session->options, OPTION_DRY_RUN),
        .with_contents = options_has(&session->options, OPTION_WITH_CONTENTS),
        .sample = options_has(&session->options, OPTION_SAMPLE),
        .on_phase = on_phase,
        .on_wait = on_wait,
        .state = &changing,
    };
    strbuf_init(&changing.phases, TEXT_BYTES_MAX);
    enum grove_code code = call(session->grove, &request, &report, error);
    if (code == GROVE_OK) {
        struct strbuf out;
        strbuf_init(&out, SESSION_OUTPUT_MAX);
        if (session->json) {
            add_report_json(&out, &changing, report, name);
            code = session_print_json(session, &out, error);
        } else {
            add_report(&out, &changing, report);
            code = session_print(session, &out, error);
        }
        strbuf_release(&out);
    } else if (session->json && changing.phases.length) {
        strbuf_addf(&session->partial, "\"phases\":[%s]", changing.phases.data);
    }
    strbuf_release(&changing.phases);
    grove_free(report);
    return code;
}

// --- the command ---------------------------------------------------------------------------------

static enum grove_code add_subject(struct session *session, struct grove_error *error)
{
    return change(session, grove_add_subject, session->options.operands[1], NULL, error);
}

static enum grove_code remove_subject(struct session *session, struct grove_error *error)
{
    return change(session, grove_remove_subject, session->options.operands[1], NULL, error);
}

static enum grove_code rename_subject(struct session *session, struct grove_error *error)
{
    char *const *operands = session->options.operands;
    return change(session, grove_rename_subject, operands[1], operands[2], error);
}

static enum grove_code show_one(struct session *session, struct grove_error *error)
{
    return show_subject(session, session->options.operands[1], error);
}

static enum grove_code validate_subject(struct session *session, struct grove_error *error)
{
    struct findings findings;
    findings_init(&findings, session);
    enum grove_code code = grove_validate_subject(session->grove, session->options.operands[1],
                                                  findings_add, &findings, error);
    code = findings_finish(&findings, code, error);
    findings_release(&findings);
    return code;
}

struct action {
    const char *name;
    size_t operands; // with its own name
    enum option_id options[4];
    enum grove_code (*run)(struct session *session, struct grove_error *error);
};
static const struct action actions[] = {
    {"add", 2, {OPTION_DRY_RUN, OPTION_SAMPLE, OPTION_SQL}, add_subject},
    {"validate", 2, {OPTION_SQL}, validate_subject},
    {"remove", 2, {OPTION_DRY_RUN, OPTION_WITH_CONTENTS, OPTION_SQL}, remove_subject},
    {"list", 1, {0}, list_subjects},
    {"show", 2, {0}, show_one},
    {"rename", 3, {OPTION_DRY_RUN}, rename_subject},
};

static bool takes(const struct action *action, enum option_id id)
{
    for (size_t i = 0; i < ARRAY_COUNT(action->options); i++)
        if (action->options[i] == id)
            return true;
    return false;
}

static enum grove_code check_usage(struct session *session, const struct action *action,
                                   struct grove_error *error)
{
    static const enum option_id own[] = {OPTION_DRY_RUN, OPTION_SAMPLE, OPTION_WITH_CONTENTS,
                                         OPTION_SQL};
    size_t count = session->options.operand_count;
    if (count < action->operands)
        return session_usage_error(session, error, "subject %s needs %s", action->name,
                                   action->operands == 3 ? "two names" : "a name");
    if (count > action->operands)
        return session_usage_error(session, error, "subject %s does not take the argument \"%s\"",
                                   action->name, session->options.operands[action->operands]);
    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        const struct option_value *value = options_find(&session->options, own[i]);
        if (value && !takes(action, own[i]))
            return session_usage_error(session, error, "subject %s does not take --%s",
                                       action->name, value->option->name);
    }
    return GROVE_OK;
}

static enum grove_code print_script(struct session *session, const struct action *action,
                                    struct grove_error *error)
{
    bool sample = options_has(&session->options, OPTION_SAMPLE);
    enum grove_subject_script script = action->run == remove_subject     ? GROVE_SUBJECT_ROLLBACK
                                       : action->run == validate_subject ? GROVE_SUBJECT_VALIDATION
                                       : sample                          ? GROVE_SUBJECT_SAMPLE
                                                                         : GROVE_SUBJECT_MIGRATION;
    char *text = NULL;
    enum grove_code code =
        grove_write_subject_script(script, session->options.operands[1], &text, error);
    if (code != GROVE_OK)
        return code;
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    strbuf_add(&out, text);
    grove_free(text);
    code = session_print_either(session, &out, error);
    strbuf_release(&out);
    return code;
}

enum grove_code cmd_subject(struct session *session, struct grove_error *error)
{
    const char *name = session->options.operands[0];
    const struct action *action = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
        if (strcmp(actions[i].name, name) == 0)
            action = &actions[i];
    CHECK(action); // the parser refuses what the usage does not have
    enum grove_code code = check_usage(session, action, error);
    if (code == GROVE_OK && options_has(&session->options, OPTION_SQL))
        return print_script(session, action, error);
    if (code == GROVE_OK)
        code = session_open(session, error);
    return code == GROVE_OK ? action->run(session, error) : code;
}
