// SPDX-License-Identifier: Apache-2.0
//
// A table that is read: CSV, objects in JSON Lines, or a query's rows; made lines with a record's
// fields.
//
//     code = import_begin(&import, &form, name, &head, error);  // the header is taken off the head
//     ...
//     import_row(&import, &line);           // of CSV: the row that csv_rows_take has just taken
//     import_object(&import, &line);        // else: the object that line.text is
//     import_end(&import);
//
//     code = import_begin_query(&import, &form, name, &rows, error);
//     import_query_row(&import, &rows, &line);  // the row that query_rows_next has just read
#ifndef GROVE_CONTENT_IMPORT_H
#define GROVE_CONTENT_IMPORT_H

#include "content/csv_rows.h"
#include "content/mapping.h"
#include "content/query_rows.h"

// How a table is to be read.
struct import_form {
    struct mapping *mapping; // borrowed
    enum grove_import_format format;
    char separator; // 0: as the first line has it
};

struct import {
    struct mapping *mapping; // NULL: there is no table
    bool is_csv;
    struct csv_rows csv;
    size_t columns;                   // that its header has
    int indexes[MAPPING_COLUMNS_MAX]; // where in a row each column of the mapping is
    struct strbuf record;             // what the mapping made last
    char problem[MAPPING_REASON_SIZE];
};

// A line of an input, or what was made of a row.
struct reader_line {
    struct text text;    // without its end, valid until the next call; empty where it is too long
    int64_t number;      // from 1; 0: there is no line left
    int64_t bytes;       // more than READER_LINE_BYTES_MAX: too long
    bool whole;          // it has an end; the last one may lack it, or be cut
    const char *problem; // why a row is no record, valid as long; NULL: it may be one
    const char *column;  // where that is, or ""
    struct text key;     // of a query's row, which has no line to be found by; or no data
};

// `head` has the first SOURCE_PIECE_BYTES, or at least the first line of a pipe. Errors:
// GROVE_UNSUPPORTED: it is no table; what it is, and what to do. GROVE_NOT_FOUND: a column is not
// there. GROVE_INVALID: a header that is none, or two columns of one name.
enum grove_code import_begin(struct import *import, const struct import_form *form,
                             const char *name, struct text *head, struct grove_error *error);
// The same of a query that runs.
enum grove_code import_begin_query(struct import *import, const struct import_form *form,
                                   const char *name, const struct query_rows *rows,
                                   struct grove_error *error);
void import_end(struct import *import);

// Each sets text, or problem and column.
void import_row(struct import *import, struct reader_line *line);
void import_object(struct import *import, struct reader_line *line);
void import_query_row(struct import *import, const struct query_rows *rows,
                      struct reader_line *line);

#endif
