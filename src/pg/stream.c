// SPDX-License-Identifier: Apache-2.0
//
// By the extended protocol, which takes one statement and no more, and in libpq's single-row mode.
//
//     begun ── row ──► at hand ── row ──► ... ── no more ──► ended
//       │                 │
//       └──── error ──────┴──── pg_stream_end ──► the server is asked to stop, what it has sent
//                                                 already is thrown away
#include "pg/stream.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "pg/conn.h"

static void drop_row(struct pg_stream *stream)
{
    PQclear(stream->row);
    stream->row = NULL;
}

// The last answer has come, or the connection is lost: it is free again.
static void finish(struct pg_stream *stream)
{
    struct pg_conn *conn = stream->conn;
    PGresult *next;
    CHECK(conn);
    while ((next = pg_next_result(conn)))
        PQclear(next);
    pg_settle(conn);
    conn->answered_us = clock_monotonic_us();
    stream->conn = NULL;
}

// Of a statement that is ours such an error would say that the database was altered.
static enum grove_code set_refused(struct pg_conn *conn, const PGresult *result,
                                   struct grove_error *error)
{
    enum grove_code code = pg_set_error(conn, result, error);
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *hint = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_HINT) : NULL;
    const char *place = result ? PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION) : NULL;
    if (!state || strncmp(state, "25006", 5) == 0 || strncmp(state, "42", 2) != 0) {
        if (state && strncmp(state, "25006", 5) == 0)
            error_hint(error, "it is run in a transaction that only reads");
        return code;
    }
    if (code == GROVE_UNSUPPORTED || code == GROVE_DATABASE)
        error->code = GROVE_INVALID;
    error_hint(error, "%s", hint ? hint : "it is run as it stands: try it in psql");
    if (place)
        error_context(error, "at character %s of the statement", place);
    return error->code;
}

static enum grove_code set_no_rows(struct pg_conn *conn, ExecStatusType status,
                                   struct grove_error *error)
{
    if (status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
        conn->broken = true; // COPY: nobody here would go on with it
    error_set(error, GROVE_INVALID,
              status == PGRES_EMPTY_QUERY ? "the statement is empty"
                                          : "the statement answers with no rows");
    error_hint(error, "such as SELECT id, title, body FROM articles");
    return GROVE_INVALID;
}

// The next result: a row, or the end, which has the columns as well.
static enum grove_code receive(struct pg_stream *stream, bool *ret_more, struct grove_error *error)
{
    struct pg_conn *conn = stream->conn;
    enum grove_code code = GROVE_OK;
    CHECK(!stream->first);
    drop_row(stream);
    stream->row = pg_next_result(conn);
    ExecStatusType status = PQresultStatus(stream->row);
    *ret_more = status == PGRES_SINGLE_TUPLE;
    if (*ret_more)
        return GROVE_OK;
    if (!stream->row || status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)
        code = set_refused(conn, stream->row, error);
    else if (status != PGRES_TUPLES_OK)
        code = set_no_rows(conn, status, error);
    finish(stream);
    return code;
}

enum grove_code pg_stream_begin(struct pg_conn *conn, const char *sql, struct pg_stream *ret,
                                struct grove_error *error)
{
    struct pg_stream stream = {.conn = conn};
    CHECK(sql);
    CHECK(!conn->begin);
    enum grove_code code = conn->broken ? pg_set_error(conn, NULL, error) : pg_start(conn, error);
    if (code != GROVE_OK)
        return code;
    CHECK(PQtransactionStatus(conn->link) != PQTRANS_IDLE);
    if (PQsendQueryParams(conn->link, sql, 0, NULL, NULL, NULL, NULL, 0) != 1 ||
        PQsetSingleRowMode(conn->link) != 1) {
        conn->broken = true;
        return pg_set_error(conn, NULL, error);
    }
    code = receive(&stream, &stream.first, error);
    if (code != GROVE_OK) {
        drop_row(&stream);
        return code;
    }
    stream.columns = PQnfields(stream.row);
    *ret = stream;
    return GROVE_OK;
}

enum grove_code pg_stream_next(struct pg_stream *stream, bool *ret_more, struct grove_error *error)
{
    CHECK(!stream->first || stream->row);
    *ret_more = stream->first;
    if (!stream->first && stream->conn)
        return receive(stream, ret_more, error);
    stream->first = false;
    return GROVE_OK;
}

void pg_stream_end(struct pg_stream *stream)
{
    if (stream->conn) {
        pg_stop(stream->conn);
        finish(stream);
    }
    drop_row(stream);
    stream->first = false;
}

struct text pg_stream_name(const struct pg_stream *stream, int column)
{
    CHECK(column >= 0 && column < stream->columns);
    return text_of(PQfname(stream->row, column));
}

struct text pg_stream_value(const struct pg_stream *stream, int column)
{
    CHECK(column >= 0 && column < stream->columns);
    DCHECK(PQfformat(stream->row, column) == 0);
    if (PQgetisnull(stream->row, 0, column))
        return (struct text){0};
    return (struct text){PQgetvalue(stream->row, 0, column),
                         (size_t)PQgetlength(stream->row, 0, column)};
}
