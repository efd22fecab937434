// SPDX-License-Identifier: Apache-2.0
#include "cli/projectors_report.h"

#include "cli/format.h"
#include "cli/table.h"

enum { SHOWN = 10, CELL_BYTES_MAX = 1 << 12, NOTE_LINES_MAX = 3, NOTE_INDENT = 2 };

static const struct table_column columns[] = {
    {"PROJECTOR"},
    {"PROCESS", .right = true, .drop = 2},
    {"HOST", .width_min = 8, .drop = 1},
    {"STATE"},
    {"WORKED", .right = true},
    {"ROWS", .right = true},
    {"ROWS/S", .right = true},
    {"DATABASE", .right = true, .drop = 3},
    {"MODEL", .right = true, .drop = 3},
    {"VECTORS", .right = true, .drop = 3},
};

static const char *state_of(const struct grove_projector *item)
{
    switch (item->state) {
    case GROVE_PROJECTOR_UNKNOWN: return "unknown";
    case GROVE_PROJECTOR_ALIVE: return "alive";
    case GROVE_PROJECTOR_ENDED: return "ended";
    case GROVE_PROJECTOR_LOST: return "lost";
    }
    return "unknown";
}

static void add_seconds(struct table *table, double seconds, const char *end)
{
    struct strbuf cell;
    strbuf_init(&cell, CELL_BYTES_MAX);
    format_seconds(&cell, seconds);
    strbuf_add(&cell, end);
    table_add(table, cell.data);
    strbuf_release(&cell);
}

static void add_rate(struct table *table, double rows_per_second)
{
    struct strbuf cell;
    strbuf_init(&cell, CELL_BYTES_MAX);
    format_per_second(&cell, rows_per_second);
    table_add(table, cell.data);
    strbuf_release(&cell);
}

// "3 failures, 12 rows refused; the last 5 s ago: could not reach ..."
static void add_failure(struct table *table, const struct grove_projector *item)
{
    struct strbuf note;
    if (!item->failure)
        return;
    strbuf_init(&note, CELL_BYTES_MAX);
    if (item->failures > 0)
        format_counted(&note, item->failures, "failure", "failures");
    if (item->failures > 0 && item->refused > 0)
        strbuf_add(&note, ", ");
    if (item->refused > 0)
        format_counted(&note, item->refused, "row refused", "rows refused");
    strbuf_add(&note, "; the last ");
    format_seconds(&note, item->failure_age_seconds);
    strbuf_addf(&note, " ago: %s", item->failure);
    table_note(table, STYLE_YELLOW, NOTE_LINES_MAX, note.data);
    strbuf_release(&note);
}

static void add_item(struct table *table, const struct grove_projector *item)
{
    table_add(table, item->kind);
    table_addf(table, "%d", item->process);
    table_add(table, item->host);
    table_add(table, state_of(item));
    add_seconds(table, item->age_seconds, " ago");
    table_add_count(table, item->written + item->removed);
    add_rate(table, item->rows_per_second);
    add_seconds(table, item->seconds_database, "");
    add_seconds(table, item->seconds_embedding, "");
    add_seconds(table, item->seconds_vectors, "");
    add_failure(table, item);
}

void projectors_report_sum(struct strbuf *out, const struct grove_projectors *projectors)
{
    size_t count = projectors ? projectors->count : 0, living = 0;
    for (size_t i = 0; i < count; i++)
        living += projectors->items[i].state == GROVE_PROJECTOR_ALIVE;
    if (count == 0)
        return;
    format_counted(out, (int64_t)living, "projector lives", "projectors live");
    strbuf_add(out, "; ");
    format_per_second(out, projectors->rows_per_second);
    strbuf_add(out, " rows/s");
}

void projectors_report_add(struct strbuf *out, const struct terminal *terminal,
                           const struct grove_projectors *projectors)
{
    struct table table;
    size_t count = projectors ? projectors->count : 0;
    if (count == 0)
        return;
    table_init(&table, columns, ARRAY_COUNT(columns));
    table.note_indent = NOTE_INDENT;
    for (size_t i = 0; i < count && i < SHOWN; i++)
        add_item(&table, &projectors->items[i]);
    strbuf_add_char(out, '\n');
    table_print(&table, terminal, out);
    table_release(&table);
    if (count <= SHOWN)
        return;
    strbuf_add(out, "and ");
    format_count(out, (int64_t)(count - SHOWN));
    strbuf_add(out, " more: see grove status --json\n");
}
