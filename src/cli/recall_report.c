// SPDX-License-Identifier: Apache-2.0
#include "cli/recall_report.h"

#include <stdio.h>

#include "base/clock.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/table.h"

enum { WORST_LINES_MAX = 2 };

struct measuring {
    struct progress progress;
    int64_t began_us;
};

static void on_progress(void *state, unsigned done, unsigned wanted)
{
    struct measuring *measuring = state;
    struct progress_state now = {
        .rows = done,
        .one = "query",
        .many = "queries",
        .fraction = (double)done / wanted,
        .seconds = (double)(clock_monotonic_us() - measuring->began_us) / 1e6,
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
        {.title = "FILTER"},
        {.title = "RECALL", .right = true},
        {.title = "WORST", .right = true},
        {.title = "LACKING", .right = true},
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
    if (unsaid == 0) {
        strbuf_addf(out, "%severy answer that said it was complete had all rows%s\n",
                    terminal_style(terminal, STYLE_GREEN), terminal_style(terminal, STYLE_PLAIN));
        return;
    }
    strbuf_add(out, terminal_style(terminal, STYLE_RED));
    format_counted(out, unsaid, "answer lacked rows and said it was complete",
                   "answers lacked rows and said they were complete");
    strbuf_addf(out, "%s\n", terminal_style(terminal, STYLE_PLAIN));
    if (lacking > 0 || exact_unsaid > 0)
        strbuf_add(out, "-> the vector engine has lost rows: run \"grove sync\", then measure "
                        "again\n");
    else
        strbuf_add(out, "-> --exact finds the rows: run \"grove sync\", then measure again\n");
}

enum grove_code recall_report(struct session *session, struct grove_error *error)
{
    int64_t wanted = 0;
    struct grove_recall recall;
    struct measuring measuring = {.began_us = clock_monotonic_us()};
    struct grove_recall_request request = {.on_progress = on_progress, .state = &measuring};
    if (session->options.operand_count > 0 &&
        (!text_to_int64(text_of(session->options.operands[0]), &wanted) || wanted < 1 ||
         wanted > GROVE_RECALL_QUERIES_MAX))
        return session_usage_error(session, error, "\"%s\" is not a whole number from 1 to %d",
                                   session->options.operands[0], GROVE_RECALL_QUERIES_MAX);
    request.queries = (unsigned)wanted;
    enum grove_code code = session_open(session, error);
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
        session->exit_status = grove_code_info(GROVE_UNSUPPORTED)->exit_status;
    return code;
}
