// SPDX-License-Identifier: Apache-2.0
//
// The rows of a query that somebody wrote, of this database or of another PostgreSQL.
//
//     code = query_rows_open(&rows, store, &query, &call, error); // connects, begins
//     ...
//     code = query_rows_start(&rows, error);                      // runs it: its columns
//     while ((code = query_rows_next(&rows, &more, error)) == GROVE_OK && more)
//         use(query_rows_value(&rows, column));                   // until the next row
//     query_rows_stop(&rows);                                     // it may be started again
//     query_rows_close(&rows);
//
// All of it in one transaction that only reads, in one snapshot: run again, it has the same rows.
// It has a connection of its own, also to this database, since it lasts as long as its rows are
// read. It ends when the call does. Names are looked for where the server looks for them, not where
// grove's own statements do; times are told in UTC.
#ifndef GROVE_CONTENT_QUERY_ROWS_H
#define GROVE_CONTENT_QUERY_ROWS_H

#include "catalog/store.h"
#include "pg/stream.h"

struct query_text {
    const char *sql;  // one statement
    const char *from; // where it is run: a connection string or URL; NULL: in this database
};

struct query_rows {
    const char *sql; // borrowed
    bool elsewhere;
    struct pg_pool *pool; // of one connection
    struct pg_conn *conn;
    struct pg_stream stream;
};

// Errors of both: as of pg.h, without anything of the connection string, and GROVE_INVALID where
// that, or the statement, is none.
enum grove_code query_rows_open(struct query_rows *ret, struct store *store,
                                const struct query_text *query, struct call *call,
                                struct grove_error *error);
enum grove_code query_rows_start(struct query_rows *rows, struct grove_error *error);

enum grove_code query_rows_next(struct query_rows *rows, bool *ret_more, struct grove_error *error);
size_t query_rows_columns(const struct query_rows *rows);
struct text query_rows_name(const struct query_rows *rows, size_t column);
struct text query_rows_value(const struct query_rows *rows, size_t column); // null: no data

// Both where there is nothing to stop, or to close, too.
void query_rows_stop(struct query_rows *rows);
void query_rows_close(struct query_rows *rows);

#endif
