// SPDX-License-Identifier: Apache-2.0
//
// The lines of an input; or the rows of a table or a query, each made a line by a mapping.
//
//     code = reader_open(&reader, &input, form, call, error);   // what is no such input ends here
//     while ((code = reader_next(&reader, call, &line, error)) == GROVE_OK && line.number > 0)
//         use(line.text, line.number);
//     reader_close(&reader);
//
// Where an input breaks off, the lines before that are handed out first, the last of them maybe
// without its end; the next call says what is wrong (source.h).
#ifndef GROVE_CONTENT_READER_H
#define GROVE_CONTENT_READER_H

#include "content/input.h"
#include "content/import.h"

enum { READER_LINE_BYTES_MAX = 8 << 20 };

struct reader {
    const char *name; // borrowed
    struct source source;
    struct strbuf head; // what was read to tell what it is; the first lines come from it
    struct strbuf line;
    struct text rest;         // of the piece at hand
    int64_t piece_start;      // where in the input the piece at hand begins
    size_t piece_length;      // before the lines were taken off
    int64_t line_number;      // of the line last read, from 1; of a row the first
    struct import import;     // without a mapping: each line is a record
    struct query_rows *query; // borrowed; NULL: the input is a text
};

// GROVE_UNSUPPORTED with what the input is, and what to do, where it cannot be JSON Lines or, with
// a form, a table; GROVE_NOT_FOUND where it lacks a column.
enum grove_code reader_open(struct reader *reader, const struct input *input,
                            const struct import_form *form, const struct call *call,
                            struct grove_error *error);
void reader_close(struct reader *reader);

enum grove_code reader_next(struct reader *reader, const struct call *call, struct reader_line *ret,
                            struct grove_error *error);

// Bytes of the input (as it is, compressed) up to the end of the line last read.
int64_t reader_position(const struct reader *reader);

#endif
