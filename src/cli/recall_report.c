// SPDX-License-Identifier: Apache-2.0
#include "cli/recall_report.h"

#include <stdio.h>

#include "base/clock.h"
#include "cli/format.h"
#include "cli/index_report.h"
#include "cli/progress.h"
#include "cli/table.h"

enum {
    WORST_LINES_MAX = 2,
    SECONDS_MAX = 120,
    EXIT_LACKING = 1, // no error's: what was measured is told by it
};

struct measuring {
    struct progress progress;
    int64_t began_us;
};

static void on_progress(void *state, unsigned done, unsigned wanted)
{
    struct measuring *measuring = state;
    double seconds = (double)(clock_monotonic_us() - measuring->began_us) / 1e6;
    double asked = (double)done / wanted, passed = seconds / (double)SECONDS_MAX;
    struct progress_state now = {
        .rows = done,
        .one = "query",
        .many = "queries",
        .fraction = asked > passed ? asked : passed, // it ends when either does
        .seconds = seconds,
    };
    progress_update(&measuring->progress, &now);
}

// --- JSON ----------------------------------------------------------------------------------------

static void add_json_shape(struct strbuf *out, const struct grove_recall_shape *shape)
{
    strbuf_add_char(out, '{');
    json_string_member(out, "shape", shape->name);
    json_integer_member(out, "queries", shape->queries);
    json_number_member(out, "recall", shape->recall);
    json_number_member(out, "worst", shape->worst);
    json_string_member(out, "worst_query", shape->worst_query);
    json_string_member(out, "worst_filter", shape->worst_filter[0] ? shape->worst_filter : NULL);
    json_integer_member(out, "whole", shape->whole);
    json_integer_member(out, "false_complete", shape->false_complete);
    json_integer_member(out, "exact_false", shape->exact_false);
    json_integer_member(out, "incomplete", shape->incomplete);
    json_integer_member(out, "degraded", shape->degraded);
    json_number_member(out, "milliseconds", shape->milliseconds);
    json_number_member(out, "exact_milliseconds", shape->exact_milliseconds);
    strbuf_add_char(out, '}');
}

static void add_json(struct strbuf *out, const struct grove_recall *recall, bool ok)
{
    strbuf_add_char(out, '{');
    json_bool_member(out, "ok", ok);
    json_integer_member(out, "queries", recall->queries);
    json_integer_member(out, "queries_wanted", recall->queries_wanted);
    json_integer_member(out, "contents", recall->contents);
    json_integer_member(out, "pending", recall->pending);
    json_integer_member(out, "points", recall->points);
    index_report_add_member(out, &recall->index);
    json_key(out, "shapes");
    strbuf_add_char(out, '[');
    for (size_t i = 0; i < recall->shape_count; i++) {
        strbuf_add(out, i > 0 ? "," : "");
        add_json_shape(out, &recall->shapes[i]);
    }
    strbuf_add_char(out, ']');
    json_number_member(out, "seconds", recall->seconds);
    strbuf_add_char(out, '}');
}

// --- for people ----------------------------------------------------------------------------------

static void add_row(struct table *table, const struct grove_recall_shape *shape)
{
    char note[sizeof shape->worst_query + sizeof shape->worst_filter + 64];
    table_add(table, shape->name);
    table_addf(table, "%.4f", shape->recall);
    table_addf(table, "%.2f", shape->worst);
    table_addf(table, "%u", shape->queries - shape->whole);
    table_addf(table, "%u", shape->false_complete);
    table_addf(table, "%u", shape->incomplete);
    table_addf(table, "%u", shape->degraded);
    table_addf(table, "%.1f", shape->milliseconds);
    table_addf(table, "%.1f", shape->exact_milliseconds);
    if (shape->worst >= 1)
        return;
    snprintf(note, sizeof note, "worst: %s%s%s", shape->worst_query,
             shape->worst_filter[0] ? ", under " : "", shape->worst_filter);
    table_note(table, STYLE_DIM, WORST_LINES_MAX, note);
}

static void add_table(struct strbuf *out, const struct terminal *terminal,
                      const struct grove_recall *recall)
{
    static const struct table_column columns[] = {
        {.title = "FILTER", .width_min = 8},
        {.title = "RECALL", .right = true},
        {.title = "WORST", .right = true},
        {.title = "LACKING", .right = true, .drop = 5},
        {.title = "SAID WHOLE", .right = true},
        {.title = "INCOMPLETE", .right = true, .drop = 3},
        {.title = "DEGRADED", .right = true, .drop = 4},
        {.title = "MS", .right = true, .drop = 1},
        {.title = "EXACT MS", .right = true, .drop = 2},
    };
    struct table table;
    table_init(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < recall->shape_count; i++)
        add_row(&table, &recall->shapes[i]);
    table_print(&table, terminal, out);
    table_release(&table);
}

// By what the usual answers came. Of a graph that is walked nothing is said: some may not need it.
static const char *index_line(const struct grove_index *index)
{
    switch (index->state) {
    case GROVE_INDEX_NEEDLESS: return "there are so few rows that all were compared\n";
    case GROVE_INDEX_EXAMINED:
        return index->ef > 0 ? ""
                             : "the index is not good enough, so all rows were compared: \"grove "
                               "status\" says why\n";
    case GROVE_INDEX_UNKNOWN:
    case GROVE_INDEX_BUILDING:
    case GROVE_INDEX_TAKEN:
    case GROVE_INDEX_DUE: break;
    }
    return "the index is not examined yet, so no search relied on it, and all rows were compared "
           "(of "
           "1,000,000 at most): measure again after\n";
}

// An examination is of use only where there is none.
static const char *mend_line(const struct grove_index *index, bool lost)
{
    if (lost)
        return "-> the vector engine has lost rows: run \"grove sync\", then measure again\n";
    if (index->state == GROVE_INDEX_EXAMINED || index->state == GROVE_INDEX_NEEDLESS)
        return "-> --exact finds the rows: use it where every row matters\n";
    return "-> --exact finds the rows: use it where every row matters; \"grove sync\" examines the "
           "index, then measure again\n";
}

// What stands below the table: what was measured, and what is to be done.
static void add_verdict(struct strbuf *out, const struct terminal *terminal,
                        const struct grove_recall *recall, unsigned unsaid, unsigned exact_unsaid)
{
    int64_t lacking = recall->contents - recall->pending - recall->points;
    strbuf_add_char(out, '\n');
    format_counted(out, recall->queries, "query", "queries");
    strbuf_add(out, " under each filter, the best ");
    format_counted(out, GROVE_RECALL_LIMIT, "row", "rows");
    strbuf_add(out, " of ");
    format_count(out, recall->contents);
    strbuf_add(out, ", in ");
    format_seconds(out, recall->seconds);
    if (recall->queries < recall->queries_wanted)
        strbuf_addf(out, "; time was up before the other %u",
                    recall->queries_wanted - recall->queries);
    strbuf_add_char(out, '\n');
    strbuf_add(out, index_line(&recall->index));
    if (unsaid == 0) {
        strbuf_addf(out, "%severy answer that said it was complete had all rows%s\n",
                    terminal_style(terminal, STYLE_GREEN), terminal_style(terminal, STYLE_PLAIN));
        return;
    }
    strbuf_add(out, terminal_style(terminal, STYLE_RED));
    format_counted(out, unsaid, "answer lacked rows and said it was complete",
                   "answers lacked rows and said they were complete");
    strbuf_addf(out, "%s\n", terminal_style(terminal, STYLE_PLAIN));
    strbuf_add(out, mend_line(&recall->index, lacking > 0 || exact_unsaid > 0));
}

// As the option's value, or behind the option.
static enum grove_code read_queries(struct session *session, unsigned *ret,
                                    struct grove_error *error)
{
    int64_t wanted = 0;
    const char *value = options_text(&session->options, OPTION_RECALL);
    if (value && session->options.operand_count > 0)
        return session_usage_error(session, error, "the number of queries is given twice");
    if (session->options.operand_count > 0)
        value = session->options.operands[0];
    if (value && (!text_to_int64(text_of(value), &wanted) || wanted < 1 ||
                  wanted > GROVE_RECALL_QUERIES_MAX))
        return session_usage_error(session, error, "\"%s\" is not a whole number from 1 to %d",
                                   value, GROVE_RECALL_QUERIES_MAX);
    *ret = (unsigned)wanted;
    return GROVE_OK;
}

enum grove_code recall_report(struct session *session, struct grove_error *error)
{
    struct grove_recall recall;
    struct measuring measuring = {.began_us = clock_monotonic_us()};
    struct grove_recall_request request = {
        .seconds_max = SECONDS_MAX, .on_progress = on_progress, .state = &measuring};
    enum grove_code code = read_queries(session, &request.queries, error);
    if (code == GROVE_OK)
        code = session_open(session, error);
    if (code != GROVE_OK)
        return code;
    progress_init(&measuring.progress, &session->err);
    code = grove_measure_recall(session->grove, &request, &recall, error);
    progress_clear(&measuring.progress);
    if (code != GROVE_OK)
        return code;
    unsigned unsaid = 0, exact_unsaid = 0;
    for (size_t i = 0; i < recall.shape_count; i++) {
        unsaid += recall.shapes[i].false_complete;
        exact_unsaid += recall.shapes[i].exact_false;
    }
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    if (session->json) {
        add_json(&out, &recall, unsaid == 0);
        code = session_print_json(session, &out, error);
    } else {
        add_table(&out, &session->out, &recall);
        add_verdict(&out, &session->out, &recall, unsaid, exact_unsaid);
        code = session_print(session, &out, error);
    }
    strbuf_release(&out);
    if (code == GROVE_OK && unsaid > 0)
        session->exit_status = EXIT_LACKING;
    return code;
}
