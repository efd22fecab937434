// SPDX-License-Identifier: Apache-2.0
#include "content/query_rows.h"

#include "base/check.h"

static enum grove_code open_pool(struct query_rows *rows, const struct store *store,
                                 const char *from, struct grove_error *error)
{
    if (!from)
        return pg_pool_beside(store->pool, &rows->pool, error);
    const struct pg_pool_options options = {
        .conninfo = from, .connections_max = 1, .any_server = true};
    enum grove_code code = pg_pool_new(&options, &rows->pool, error);
    if (code != GROVE_OK)
        error_context(error, "reading --from");
    return code;
}

// What pg.h says of its own database's variables is of no use here.
static void explain_connection(const struct query_rows *rows, struct grove_error *error)
{
    if (!rows->elsewhere || error->origin != GROVE_ORIGIN_POSTGRES)
        return;
    if (error->code == GROVE_UNAVAILABLE || error->code == GROVE_DENIED)
        error_hint(error, "check that the server runs there and lets you in, and what --from says; "
                          "a password may stand in ~/.pgpass, PGPASSWORD, or a service's file");
    error_context(error, "connecting to what --from names");
}

// Sends the beginning of the transaction as well.
static enum grove_code begin(struct query_rows *rows, struct grove_error *error)
{
    enum grove_code code = pg_begin_snapshot(rows->conn, error);
    return code == GROVE_OK ? pg_exec(rows->conn, "SET LOCAL search_path TO DEFAULT", error) : code;
}

enum grove_code query_rows_open(struct query_rows *ret, struct store *store,
                                const struct query_text *query, struct call *call,
                                struct grove_error *error)
{
    struct query_rows rows = {.sql = query->sql, .elsewhere = query->from != NULL};
    if (text_trim(text_of(query->sql)).length == 0)
        return error_set(error, GROVE_INVALID, "--query is empty");
    enum grove_code code = open_pool(&rows, store, query->from, error);
    if (code != GROVE_OK)
        return code;
    code = pg_take(rows.pool, call, &rows.conn, error);
    if (code == GROVE_OK)
        code = begin(&rows, error);
    if (code != GROVE_OK) {
        explain_connection(&rows, error);
        query_rows_close(&rows);
        return code;
    }
    *ret = rows;
    return GROVE_OK;
}

static enum grove_code explain(const struct query_rows *rows, enum grove_code code,
                               struct grove_error *error)
{
    if (code != GROVE_OK)
        error_context(error, "running --query at %s", pg_describe(rows->conn));
    return code;
}

enum grove_code query_rows_start(struct query_rows *rows, struct grove_error *error)
{
    CHECK(!rows->stream.conn);
    return explain(rows, pg_stream_begin(rows->conn, rows->sql, &rows->stream, error), error);
}

enum grove_code query_rows_next(struct query_rows *rows, bool *ret_more, struct grove_error *error)
{
    return explain(rows, pg_stream_next(&rows->stream, ret_more, error), error);
}

size_t query_rows_columns(const struct query_rows *rows)
{
    return (size_t)rows->stream.columns;
}

struct text query_rows_name(const struct query_rows *rows, size_t column)
{
    return pg_stream_name(&rows->stream, (int)column);
}

struct text query_rows_value(const struct query_rows *rows, size_t column)
{
    return pg_stream_value(&rows->stream, (int)column);
}

void query_rows_stop(struct query_rows *rows)
{
    pg_stream_end(&rows->stream);
}

void query_rows_close(struct query_rows *rows)
{
    query_rows_stop(rows);
    pg_give(&rows->conn);
    pg_pool_free(rows->pool);
    rows->pool = NULL;
}
