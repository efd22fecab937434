// SPDX-License-Identifier: Apache-2.0
//
// Rows for other programs (--output): CSV, a Markdown table, or what other commands take, one a
// line.
//
//     static const char *const columns[] = {"content_id", "title"};
//     struct rows rows;
//     rows_begin(&rows, rows_form(&session->options), &session->out, columns, 2, &out);
//     rows_add_integer(&rows, row->content_id);       // cell by cell, as many as there are columns
//     rows_add(&rows, row->title);
//     rows_end(&rows);
//
// CSV is as PostgreSQL reads and writes it (base/csv.h). Nothing of it is changed but on a
// terminal, where control characters are written out. Of ROWS_IDS only the first column is printed.
//
// Errors: running out of memory marks *out as failed. Threads: one at a time.
#ifndef GROVE_CLI_ROWS_H
#define GROVE_CLI_ROWS_H

#include "base/strbuf.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/session.h"

// In the order of ROWS_WORDS.
enum rows_form { ROWS_CSV, ROWS_MARKDOWN, ROWS_IDS, ROWS_TABLE };

struct rows {
    enum rows_form form;
    bool is_terminal;
    size_t column_count;
    size_t cell_count;
    struct strbuf *out;
};

// ROWS_TABLE where nothing was asked for.
enum rows_form rows_form(const struct options *options);

// GROVE_INVALID: --output beside what contradicts it.
enum grove_code rows_check(struct session *session, struct grove_error *error);

void rows_begin(struct rows *rows, enum rows_form form, const struct terminal *terminal,
                const char *const *columns, size_t column_count, struct strbuf *out);
void rows_add(struct rows *rows, const char *text);          // NULL is null
void rows_add_integer(struct rows *rows, int64_t number);    // GROVE_NULL is
void rows_add_score(struct rows *rows, double score);        // NaN is
void rows_add_time(struct rows *rows, int64_t timestamp_us); // GROVE_NULL is
void rows_end(const struct rows *rows);                      // every row is whole

#endif
