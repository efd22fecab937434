// SPDX-License-Identifier: Apache-2.0
//
// Tables that fit the terminal.
//
//     static const struct table_column columns[] = {
//         {"SCORE", .right = true}, {"TITLE", .width_min = 20}, {"CREATED", .drop = 1}};
//     struct table table;
//     table_init(&table, columns, ARRAY_COUNT(columns));
//     table_add(&table, "0.712");                        // cells row by row; safe copies are made
//     ...
//     table_note(&table, STYLE_DIM, 2, row->content_summary); // wrapped lines below the last row
//     table_print(&table, &terminal, &out);
//     table_release(&table);
//
// On a terminal: where the columns are too wide together, those that have a width_min are
// narrowed, first the one farthest above it, and their cells cut with "…"; when all are at their
// minimum, columns with `drop` go, the highest first. Elsewhere columns fit TERMINAL_PIPE_WIDTH in
// the same way, but nothing is cut or dropped: a cell that is wider than its column pushes the
// rest of its row.
//
// Errors: running out of memory makes table_print mark *out as failed. Threads: one at a time.
#ifndef GROVE_CLI_TABLE_H
#define GROVE_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "cli/terminal.h"

enum { TABLE_COLUMNS_MAX = 16 };

struct table_column {
    const char *title;
    bool right;         // aligned
    unsigned width_min; // may be narrowed to this; 0: never narrowed
    unsigned drop;      // 0: never dropped
    enum style style;
};

struct table_note;

struct table {
    struct arena arena;
    const struct table_column *columns;
    size_t column_count;
    size_t note_column;   // notes begin below this one; 0 at first
    unsigned note_indent; // and this far to its right
    const char **cells;
    size_t cell_count, cell_room;
    struct table_note *notes;
    size_t note_count, note_room;
    bool failed;
};

void table_init(struct table *table, const struct table_column *columns, size_t count);
void table_release(struct table *table);

void table_add(struct table *table, const char *cell);
// For numbers: at most 127 bytes.
void table_addf(struct table *table, const char *format, ...) GROVE_PRINTF(2, 3);
void table_add_count(struct table *table, int64_t count); // "6,351"; "-" for GROVE_NULL
// At most `lines_max` lines on a terminal, 0: all.
void table_note(struct table *table, enum style style, unsigned lines_max, const char *text);

// Prints nothing when there are no rows.
void table_print(const struct table *table, const struct terminal *terminal, struct strbuf *out);

#endif
