// SPDX-License-Identifier: Apache-2.0
//
// The rows of a statement that somebody else wrote, one after another, as the texts that PostgreSQL
// makes of their values. However many there are, one is in memory.
//
//     code = pg_stream_begin(conn, sql, &stream, error);  // in a transaction; one statement
//     for (int c = 0; c < stream.columns; c++)
//         use(pg_stream_name(&stream, c));
//     while ((code = pg_stream_next(&stream, &more, error)) == GROVE_OK && more)
//         use(pg_stream_value(&stream, column));          // until the next row is asked for
//     pg_stream_end(&stream);                             // ends it at the server, too
//
// Meanwhile nothing else is done on the connection. libpq reads a row whole, so one takes as much
// memory as the server sends of it.
//
// Errors: GROVE_INVALID with PostgreSQL's words and the place where the statement is none, or has
// no rows; else as pg.h lists them. After an error only pg_stream_end is called.
#ifndef GROVE_PG_STREAM_H
#define GROVE_PG_STREAM_H

#include "pg/pg.h"

struct pg_stream {
    struct pg_conn *conn; // borrowed; NULL: nothing is under way
    void *row;            // PGresult: the one at hand, or the one that only tells the columns
    int columns;
    bool first; // the row at hand was not asked for yet
};

// The transaction has begun at the server: a statement was run in it.
enum grove_code pg_stream_begin(struct pg_conn *conn, const char *sql, struct pg_stream *ret,
                                struct grove_error *error);
// *ret_more: there is another row, and it is at hand.
enum grove_code pg_stream_next(struct pg_stream *stream, bool *ret_more, struct grove_error *error);
// One that has rows left is stopped; where the server does not within a second, the connection is
// lost. Zero-initialised, or ended before: nothing.
void pg_stream_end(struct pg_stream *stream);

struct text pg_stream_name(const struct pg_stream *stream, int column);
struct text pg_stream_value(const struct pg_stream *stream, int column); // null: no data

#endif
