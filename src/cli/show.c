// SPDX-License-Identifier: Apache-2.0
#include "cli/show.h"

#include <math.h>

#include "base/clock.h"
#include "cli/format.h"
#include "cli/rows.h"
#include "cli/table.h"
#include "commands/answers.h"
#include "commands/types_hint.h"

enum {
    SUMMARY_LINES_MAX = 3,
    CONTEXT_LINES_MAX = 200,
    PLACE_LINES_MAX = 6,
    NOTE_BYTES_MAX = 1 << 20,
    LINE_INDENT = 2
};

static void table_add_date(struct table *table, int64_t timestamp_us)
{
    struct strbuf text;
    strbuf_init(&text, 64);
    format_date(&text, timestamp_us);
    table_add(table, text.data);
    strbuf_release(&text);
}

static void table_add_score(struct table *table, double score)
{
    if (isnan(score))
        table_add(table, "-");
    else
        table_addf(table, "%.4f", score);
}

// A sentence with a line of its own, or with several on a narrow terminal. Gives the line back.
static void add_line(struct strbuf *out, const struct terminal *terminal, struct strbuf *line)
{
    out->failed |= line->failed;
    display_add_flowing(out, terminal, strbuf_text(line), 0, LINE_INDENT);
    strbuf_release(line);
}

// Where the row stands: "religion/Christianity/Catholic/Theology, chunk 2, id 5".
static void table_note_place(struct table *table, const struct grove_row *row)
{
    struct strbuf note;
    strbuf_init(&note, NOTE_BYTES_MAX);
    format_path(&note, row);
    if (row->chunk_number != GROVE_NULL)
        strbuf_addf(&note, ", chunk %lld", (long long)row->chunk_number);
    strbuf_addf(&note, ", id %d", (int)row->content_id);
    table_note(table, STYLE_CYAN, PLACE_LINES_MAX, note.data);
    strbuf_release(&note);
}

// "part 3 of 12 of wiki/kelp, https://...; 4 parts match"; "at least 4" where rows may be missing.
// "document wiki/kelp" where it has no other part.
static void table_note_passage(struct table *table, const struct grove_passage *passage,
                               bool complete)
{
    struct strbuf note;
    strbuf_init(&note, NOTE_BYTES_MAX);
    strbuf_add(&note, passage->chunk_count == 1 ? "document " : "");
    format_part(&note, passage);
    if (passage->url)
        strbuf_addf(&note, ", %s", passage->url);
    if (passage->chunks_matched > 1)
        strbuf_addf(&note, "; %s%lld parts match", complete ? "" : "at least ",
                    (long long)passage->chunks_matched);
    table_note(table, STYLE_CYAN, PLACE_LINES_MAX, note.data);
    strbuf_release(&note);
}

static const struct grove_passage *passage_of(const struct grove_result *result, size_t i)
{
    return result->passages ? result->passages[i] : NULL;
}

static void note_text(struct table *table, const struct grove_result *result, size_t i)
{
    const struct grove_passage *passage = passage_of(result, i);
    if (passage)
        table_note_passage(table, passage, result->complete);
    if (passage && passage->text)
        table_note(table, STYLE_DIM, CONTEXT_LINES_MAX, passage->text);
    else
        table_note(table, STYLE_DIM, SUMMARY_LINES_MAX, result->rows[i].content_summary);
}

static void add_ranked_rows(struct strbuf *out, const struct terminal *terminal,
                            const struct grove_result *result)
{
    static const struct table_column columns[] = {
        {"SCORE", .right = true, .style = STYLE_GREEN},
        {"TITLE", .width_min = 16, .style = STYLE_BOLD},
        {"TYPE", .width_min = 8},
        {"WORDS", .right = true, .drop = 1},
        {"CREATED", .drop = 2},
    };
    struct table table;
    table_init(&table, columns, ARRAY_COUNT(columns));
    table.note_column = 1;
    for (size_t i = 0; i < result->row_count; i++) {
        const struct grove_row *row = &result->rows[i];
        table_add_score(&table, row->score);
        table_add(&table, row->title);
        table_add(&table, row->content_type);
        table_add_count(&table, row->word_count);
        table_add_date(&table, row->created_at_us);
        table_note_place(&table, row);
        note_text(&table, result, i);
    }
    table_print(&table, terminal, out);
    table_release(&table);
}

static void add_browsed_rows(struct strbuf *out, const struct terminal *terminal,
                             const struct grove_result *result)
{
    static const struct table_column columns[] = {
        {"TITLE", .width_min = 16, .style = STYLE_BOLD},
        {"TYPE", .width_min = 8},
        {"WORDS", .right = true, .drop = 1},
        {"CREATED", .drop = 2},
    };
    struct table table;
    table_init(&table, columns, ARRAY_COUNT(columns));
    table.note_indent = 2;
    for (size_t i = 0; i < result->row_count; i++) {
        const struct grove_row *row = &result->rows[i];
        table_add(&table, row->title);
        table_add(&table, row->content_type);
        table_add_count(&table, row->word_count);
        table_add_date(&table, row->created_at_us);
        table_note_place(&table, row);
        const struct grove_passage *passage = passage_of(result, i);
        if (passage)
            table_note_passage(&table, passage, result->complete);
    }
    table_print(&table, terminal, out);
    table_release(&table);
}

static void add_type_counts(struct strbuf *out, const struct terminal *terminal,
                            const struct grove_result *result)
{
    static const struct table_column columns[] = {{"TYPE", .width_min = 12, .style = STYLE_BOLD},
                                                  {"ROWS", .right = true}};
    struct table table;
    table_init(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < result->group_count; i++) {
        table_add(&table, result->groups[i].content_type);
        table_add_count(&table, result->groups[i].count);
    }
    table_print(&table, terminal, out);
    table_release(&table);
}

static void add_groups(struct strbuf *out, const struct terminal *terminal,
                       const struct grove_result *result)
{
    static const struct table_column columns[] = {
        {"HIERARCHY TABLE", .width_min = 9, .style = STYLE_BOLD},
        {"TYPE", .width_min = 8},
        {"ROWS", .right = true},
        {"BEST SCORE", .right = true, .style = STYLE_GREEN},
        {"BRANCHES", .right = true, .drop = 1},
        {"LIMBS", .right = true, .drop = 2},
    };
    struct table table;
    table_init(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < result->group_count; i++) {
        const struct grove_group *group = &result->groups[i];
        table_add(&table, group->hierarchy_table);
        table_add(&table, group->content_type);
        table_add_count(&table, group->count);
        table_add_score(&table, group->best_score);
        table_add_count(&table, group->branches);
        table_add_count(&table, group->limbs);
    }
    table_print(&table, terminal, out);
    table_release(&table);
}

static void add_diversity(struct strbuf *out, const struct terminal *terminal,
                          const struct grove_result *result)
{
    const struct grove_diversity *diversity = &result->diversity;
    struct strbuf line;
    strbuf_init(&line, NOTE_BYTES_MAX);
    strbuf_add(&line, "from ");
    format_counted(&line, diversity->hierarchy_tables, "subject", "subjects");
    strbuf_add(&line, ", ");
    format_counted(&line, diversity->branches, "branch", "branches");
    strbuf_add(&line, ", ");
    format_counted(&line, diversity->limbs, "limb", "limbs");
    strbuf_addf(&line, "; evenness %.2f", diversity->evenness);
    strbuf_add_char(out, '\n');
    add_line(out, terminal, &line);
    if (result->depth_reached)
        strbuf_add(out, "more rows match than were ranked: see --depth\n");
    strbuf_add_char(out, '\n');
}

// --- how it was answered -------------------------------------------------------------------------

static void add_fact(struct strbuf *out, int64_t count, const char *what)
{
    if (count == GROVE_NULL)
        return;
    strbuf_add(out, out->length ? ", " : "");
    format_count(out, count);
    strbuf_addf(out, " %s", what);
}

// "asked PostgreSQL 4 times, the vector engine 1 time; waited 3.10 ms for a connection"
static void add_costs(struct strbuf *line, const struct grove_explain *explain)
{
    strbuf_add(line, "asked PostgreSQL ");
    format_counted(line, explain->statements, "time", "times");
    strbuf_add(line, ", the vector engine ");
    format_counted(line, explain->requests, "time", "times");
    if (explain->waited_milliseconds > 0)
        strbuf_addf(line, "; waited %.2f ms for a connection", explain->waited_milliseconds);
}

static void add_stages(struct strbuf *out, const struct terminal *terminal,
                       const struct grove_explain *explain)
{
    static const struct table_column columns[] = {
        {"STAGE", .width_min = 12}, {"MS", .right = true}, {"ROWS", .right = true}};
    struct table table;
    table_init(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < explain->stage_count; i++) {
        table_add(&table, explain->stages[i].name);
        table_addf(&table, "%.2f", explain->stages[i].milliseconds);
        table_add_count(&table, explain->stages[i].rows);
    }
    table_print(&table, terminal, out);
    table_release(&table);
}

static void add_explain(struct strbuf *out, const struct terminal *terminal,
                        const struct grove_explain *explain)
{
    struct strbuf line;
    strbuf_init(&line, NOTE_BYTES_MAX);
    strbuf_add(&line, "answered by ");
    display_add_safe(&line, text_of(explain->strategy));
    if (explain->reason) {
        strbuf_add(&line, ": ");
        display_add_safe(&line, text_of(explain->reason));
    }
    strbuf_add_char(out, '\n');
    add_line(out, terminal, &line);
    add_fact(&line, explain->rows_estimated, "rows at most");
    add_fact(&line, explain->rows_matching, "counted");
    add_fact(&line, explain->candidates, "scored");
    add_fact(&line, explain->pending, "not yet in the vector engine");
    add_fact(&line, explain->dropped, "dropped");
    if (explain->listed > 0)
        add_fact(&line, explain->listed, "listed as hard to reach");
    if (explain->folded > 0)
        add_fact(&line, explain->folded, "behind a better one of their document");
    add_fact(&line, explain->rounds, explain->rounds == 1 ? "round" : "rounds");
    add_line(out, terminal, &line);
    if (explain->proof) {
        strbuf_add(&line, "complete: ");
        display_add_safe(&line, text_of(explain->proof));
        add_line(out, terminal, &line);
    }
    add_costs(&line, explain);
    add_line(out, terminal, &line);
    strbuf_add_char(out, '\n');
    add_stages(out, terminal, explain);
}

static void add_plan(struct strbuf *out, const struct terminal *terminal, const char *plan)
{
    strbuf_addf(out, "\n%sPostgreSQL's plan%s\n", terminal_style(terminal, STYLE_BOLD),
                terminal_style(terminal, STYLE_PLAIN));
    struct text rest = text_trim(text_of(plan)), row;
    while (text_split(&rest, '\n', &row)) {
        display_add_safe(out, row);
        strbuf_add_char(out, '\n');
    }
}

// --- all of it -----------------------------------------------------------------------------------

static void add_footer(struct strbuf *out, const struct terminal *terminal, enum show_kind kind,
                       const struct grove_result *result)
{
    strbuf_addf(out, "\n%s", terminal_style(terminal, STYLE_DIM));
    if (kind != SHOW_SEARCH && result->total != (int64_t)result->row_count) {
        format_count(out, (int64_t)result->row_count);
        strbuf_add(out, " of ");
    }
    format_counted(out, kind == SHOW_SEARCH ? (int64_t)result->row_count : result->total, "row",
                   "rows");
    strbuf_add(out, kind == SHOW_DISCOVER ? " ranked, " : ", ");
    format_seconds(out, result->milliseconds / 1e3);
    strbuf_addf(out, "%s\n", terminal_style(terminal, STYLE_PLAIN));
}

void show_add(struct strbuf *out, const struct terminal *terminal, enum show_kind kind,
              const struct grove_result *result)
{
    if (kind == SHOW_BROWSE && result->group_count > 0) {
        add_type_counts(out, terminal, result);
        strbuf_add_char(out, '\n');
    }
    if (kind == SHOW_DISCOVER && result->group_count > 0) {
        add_groups(out, terminal, result);
        add_diversity(out, terminal, result);
    }
    if (kind == SHOW_BROWSE)
        add_browsed_rows(out, terminal, result);
    else
        add_ranked_rows(out, terminal, result);
    if (result->row_count == 0)
        strbuf_add(out, "nothing matches\n");
    else
        add_footer(out, terminal, kind, result);
    if (result->explain)
        add_explain(out, terminal, result->explain);
}

// The same command with a cursor. Durations become the times they meant, since the next page
// belongs to the same query.
void show_add_next(struct strbuf *out, const struct session *session, const char *cursor)
{
    const struct options *options = &session->options;
    const char *operand = options->operand_count ? options->operands[0] : "";
    bool dashed = operand[0] == '-';
    strbuf_add(out, "next page: ");
    format_shell_word(out, session->program);
    strbuf_addf(out, " %s ", session->command->name);
    if (!dashed)
        format_shell_word(out, operand);
    for (size_t i = 0; i < options->count; i++) {
        const struct option_value *value = &options->values[i];
        if (value->option->id == OPTION_CURSOR)
            continue;
        strbuf_addf(out, " --%s", value->option->name);
        char time[CLOCK_RFC3339_SIZE];
        if (value->relative)
            clock_format_rfc3339(value->number, time);
        if (!value->text)
            continue;
        strbuf_add_char(out, ' ');
        format_shell_word(out, value->relative ? time : value->text);
    }
    strbuf_add(out, " --cursor ");
    format_shell_word(out, cursor);
    if (dashed) {
        strbuf_add(out, " -- ");
        format_shell_word(out, operand);
    }
    strbuf_add_char(out, '\n');
}

static const char *asked_path(const struct session *session, enum show_kind kind)
{
    return kind == SHOW_BROWSE ? session->options.operands[0]
                               : options_text(&session->options, OPTION_PATH);
}

// Nothing but a whole tree, or all of them: where nothing matches that, nothing is there.
static bool asks_for_all(const struct session *session, enum show_kind kind)
{
    static const enum option_id narrowing[] = {OPTION_TYPE,      OPTION_SINCE,     OPTION_UNTIL,
                                               OPTION_MIN_WORDS, OPTION_MAX_WORDS, OPTION_MIN_SCORE,
                                               OPTION_META,      OPTION_CURSOR};
    for (size_t i = 0; i < ARRAY_COUNT(narrowing); i++)
        if (options_has(&session->options, narrowing[i]))
            return false;
    const char *path = asked_path(session, kind);
    return !path || !strchr(path, '/');
}

static void warn_of_nothing(const struct session *session, enum show_kind kind)
{
    const char *tree = asked_path(session, kind);
    if (tree)
        session_warn(session,
                     "nothing is there yet, in \"%s\": \"grove load\" and \"grove import\" bring "
                     "your own; \"grove ls\" tells what there is elsewhere",
                     tree);
    else
        session_warn(session, "nothing is there yet: \"grove demo\" loads a sample, \"grove load\" "
                              "and \"grove import\" your own");
}

// What people should know beside the rows, on standard error.
static void warn(const struct session *session, enum show_kind kind,
                 const struct grove_result *result, const char *hint)
{
    if (result->degraded)
        session_warn(session, "PostgreSQL answered alone: %s",
                     result->degraded_reason ? result->degraded_reason : "no reason is known");
    if (!result->complete)
        session_warn(session, "rows may be missing: %s",
                     result->incomplete_reason ? result->incomplete_reason : "no reason is known");
    else if (hint[0])
        session_warn(session, "%s", hint);
    else if (result->row_count == 0 && asks_for_all(session, kind))
        warn_of_nothing(session, kind);
}

// The document whose row it is, and which part of it; nulls where it is of none.
static void rows_add_passage(struct rows *rows, const struct grove_passage *passage)
{
    rows_add(rows, passage ? passage->key : NULL);
    rows_add(rows, passage ? passage->source : NULL);
    rows_add(rows, passage ? passage->url : NULL);
    rows_add_integer(rows, passage ? passage->position : GROVE_NULL);
    rows_add(rows, passage ? passage->heading : NULL);
}

// What --output asks for. The command for the next page is none of it, and goes to standard error.
static enum grove_code print_rows(struct session *session, enum show_kind kind,
                                  const struct grove_result *result, const char *hint,
                                  struct grove_error *error)
{
    static const char *const columns[] = {
        "content_id",   "score",        "tree",  "branch",          "limb",       "leaf",
        "content_type", "chunk_number", "title", "content_summary", "word_count", "created_at",
        "key",          "source",       "url",   "position",        "heading"};
    struct rows rows;
    struct strbuf out, next;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    strbuf_init(&next, NOTE_BYTES_MAX);
    rows_begin(&rows, rows_form(&session->options), &session->out, columns, ARRAY_COUNT(columns),
               &out);
    for (size_t i = 0; i < result->row_count; i++) {
        const struct grove_row *row = &result->rows[i];
        rows_add_integer(&rows, row->content_id);
        rows_add_score(&rows, row->score);
        rows_add(&rows, row->tree);
        rows_add(&rows, row->branch);
        rows_add(&rows, row->limb);
        rows_add(&rows, row->leaf);
        rows_add(&rows, row->content_type);
        rows_add_integer(&rows, row->chunk_number);
        rows_add(&rows, row->title);
        rows_add(&rows, row->content_summary);
        rows_add_integer(&rows, row->word_count);
        rows_add_time(&rows, row->created_at_us);
        rows_add_passage(&rows, passage_of(result, i));
    }
    rows_end(&rows);
    enum grove_code code = session_print(session, &out, error);
    if (code == GROVE_OK && result->next_cursor) {
        show_add_next(&next, session, result->next_cursor);
        fputs(next.data, stderr);
    }
    strbuf_release(&next);
    strbuf_release(&out);
    warn(session, kind, result, hint);
    return code;
}

static enum grove_code print_text(struct session *session, enum show_kind kind,
                                  const struct grove_result *result, const char *hint,
                                  struct grove_error *error)
{
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    show_add(&out, &session->out, kind, result);
    if (options_has(&session->options, OPTION_PLAN) && result->explain && result->explain->plan)
        add_plan(&out, &session->out, result->explain->plan);
    if (result->next_cursor && strcmp(session->command->name, "demo") != 0)
        show_add_next(&out, session, result->next_cursor);
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    warn(session, kind, result, hint);
    return code;
}

enum grove_code show_result(struct session *session, enum show_kind kind,
                            const struct grove_result *result, struct grove_error *error)
{
    struct strbuf hint;
    strbuf_init(&hint, NOTE_BYTES_MAX);
    if (result->total == 0)
        types_hint_add(session->grove, NULL, &session->options, &hint);
    bool is_table = rows_form(&session->options) == ROWS_TABLE;
    const struct answer_result answer = {*result, hint.length ? hint.data : NULL};
    enum grove_code code = session->json
                               ? session_print_shape(session, &answer_result_shape, &answer, error)
                           : is_table ? print_text(session, kind, result, hint.data, error)
                                      : print_rows(session, kind, result, hint.data, error);
    strbuf_release(&hint);
    return code;
}
