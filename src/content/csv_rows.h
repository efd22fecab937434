// SPDX-License-Identifier: Apache-2.0
//
// The rows of a text in CSV, from pieces of it that end anywhere. After the last one:
// csv_rows_end.
//
//     csv_rows_init(&rows, ',');
//     while (csv_rows_take(&rows, &piece))      // takes a row off the piece
//         use(rows.fields, rows.count, rows.first_line);
//     ...
//     if (csv_rows_end(&rows))                  // the last row has no line end
//         use(rows.fields, rows.count, rows.first_line);
//     csv_rows_release(&rows);
//
// As PostgreSQL's COPY and RFC 4180 have it: a field in quotes may hold separators, line ends, and
// quotes, which are doubled; one that is empty and has no quotes is null. A line ends in LF or
// CRLF. Lines without anything are passed over. A quote within a field that does not begin with one
// stands for itself, as in Python's csv and spreadsheets.
//
// Bounds: CSV_ROW_BYTES_MAX and CSV_COLUMNS_MAX; a row beyond them is read to its end and told by
// `problem`. So is one with text after a closing quote.
#ifndef GROVE_CONTENT_CSV_ROWS_H
#define GROVE_CONTENT_CSV_ROWS_H

#include "base/strbuf.h"

enum {
    CSV_ROW_BYTES_MAX = 8 << 20,
    CSV_COLUMNS_MAX = 1664, // as many as a query of PostgreSQL can have
};

enum csv_problem { CSV_FINE, CSV_TOO_LONG, CSV_TOO_MANY_COLUMNS, CSV_AFTER_QUOTE, CSV_NO_MEMORY };

struct csv_rows {
    char separator;
    struct text *fields; // [count] of the row taken last, valid until the next call; null: no data
    size_t count;
    int64_t first_line; // of that row, from 1
    enum csv_problem problem;
    // The row under way.
    struct strbuf bytes; // of its fields, one after another
    size_t *ends;        // [count] where in `bytes` each field ends
    bool *nulls;         // [count]
    size_t room;         // of the three arrays
    int64_t line;        // that is being read
    bool taken;          // the row is whole: the next call begins another
    bool quoted;         // the field under way began with a quote
    enum { CSV_FIELD_START, CSV_PLAIN, CSV_QUOTED, CSV_QUOTE_SEEN } state;
};

void csv_rows_init(struct csv_rows *rows, char separator);
void csv_rows_release(struct csv_rows *rows);

// True: a row is whole, and what follows it is left in *rest. False: *rest is used up.
bool csv_rows_take(struct csv_rows *rows, struct text *rest);

// After the last piece: true where a row without a line end is left.
bool csv_rows_end(struct csv_rows *rows);

// After the last piece: a field in quotes has no end. The row that it is in began at `first_line`.
bool csv_rows_cut(const struct csv_rows *rows);

// The separator that the first line uses most, outside quotes: comma, semicolon, tab or bar; a
// comma where it has none.
char csv_find_separator(struct text head);

#endif
