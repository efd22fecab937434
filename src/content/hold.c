// SPDX-License-Identifier: Apache-2.0
#include "content/hold.h"

#include <string.h>

#include "base/check.h"
#include "base/strbuf.h"
#include "catalog/assets.h"
#include "query/queries.h"

enum { SQL_BYTES_MAX = 4096 };

// An identifier in quotes: a table that a hand registered may be called anything.
static void add_table(struct strbuf *out, struct text name)
{
    strbuf_add(out, "public.\"");
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] == '"')
            strbuf_add_char(out, '"');
        strbuf_add_char(out, name.data[i]);
    }
    strbuf_add_char(out, '"');
}

const char *hold_table_sql(struct arena *arena, const char *format, struct text hierarchy_table)
{
    struct strbuf sql;
    const char *place = strstr(format, "%s");
    CHECK(place);
    strbuf_init(&sql, SQL_BYTES_MAX);
    strbuf_add_bytes(&sql, format, (size_t)(place - format));
    add_table(&sql, hierarchy_table);
    strbuf_add(&sql, place + 2);
    const char *copy = sql.failed ? NULL : arena_copy(arena, strbuf_text(&sql));
    strbuf_release(&sql);
    return copy;
}

enum grove_code hold_query(struct pg_conn *conn, struct arena *arena, const char *sql,
                           const struct pg_params *params, struct pg_rows *ret,
                           struct grove_error *error)
{
    struct pg_statement statement = {"", sql};
    return sql ? pg_query(conn, arena, &statement, params, ret, error)
               : error_no_memory(error, "a statement");
}

static enum grove_code read_place(struct pg_conn *conn, struct arena *arena, struct held_place *ret,
                                  struct grove_error *error)
{
    enum grove_code code = predicate_resolve(&ret->predicate, conn, arena, error);
    if (code == GROVE_OK)
        code = predicate_read_leaves(&ret->predicate, conn, arena, &ret->leaves, error);
    if (code != GROVE_OK)
        return code;
    ret->leaf_array = (struct pg_params){0};
    pg_add_int4_array(&ret->leaf_array, arena, ret->leaves.ids, ret->leaves.count);
    return ret->leaf_array.failed ? error_no_memory(error, "the leaves of a path") : GROVE_OK;
}

static enum grove_code lock_leaves(struct pg_conn *conn, const struct held_place *held,
                                   struct arena *arena, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    const char *sql =
        hold_table_sql(arena,
                       "-- answers: bigint\nSELECT count(*) FROM (SELECT FROM %s WHERE id = ANY "
                       "($1) ORDER BY id FOR UPDATE) AS held",
                       held->predicate.hierarchy_table);
    pg_add_same(&params, &held->leaf_array, 0);
    return hold_query(conn, arena, sql, &params, &rows, error);
}

enum grove_code hold_place(struct pg_conn *conn, const struct grove_filter *filter,
                           struct arena *arena, struct held_place *ret, struct grove_error *error)
{
    enum grove_code code = predicate_check(filter, arena, &ret->predicate, error);
    if (code == GROVE_OK)
        code = read_place(conn, arena, ret, error);
    if (code == GROVE_OK)
        code = lock_leaves(conn, ret, arena, error);
    if (code != GROVE_OK)
        return code;
    struct text before = ret->leaves.hash;
    predicate_forget_place(&ret->predicate);
    code = read_place(conn, arena, ret, error);
    if (code != GROVE_OK || text_equal(before, ret->leaves.hash))
        return code;
    error_set(error, GROVE_CONFLICT, "the leaves under \"%.200s\" have just changed", filter->path);
    error_hint(error, "nothing was done; try again");
    error->retry = GROVE_RETRY_LATER;
    return GROVE_CONFLICT;
}

enum grove_code hold_leaf(struct pg_conn *conn, struct text hierarchy_table, int32_t leaf_id,
                          struct arena *arena, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    const char *sql =
        hold_table_sql(arena,
                       "-- answers: bigint\nSELECT count(*) FROM (SELECT FROM %s WHERE id = $1 "
                       "FOR KEY SHARE) AS held",
                       hierarchy_table);
    pg_add_int4(&params, leaf_id);
    enum grove_code code = hold_query(conn, arena, sql, &params, &rows, error);
    if (code == GROVE_OK && pg_int8(&rows, 0, 0) == 0) {
        code = error_set(error, GROVE_CONFLICT, "the leaf has just been removed");
        error->retry = GROVE_RETRY_LATER;
    }
    return code;
}

enum grove_code hold_check_found(const struct pg_rows *rows, struct grove_error *error)
{
    int missing = 0;
    int32_t first = 0;
    for (int r = 0; r < rows->count; r++)
        if (!pg_bool(rows, r, 1) && missing++ == 0)
            first = pg_int4(rows, r, 0);
    if (missing == 0)
        return GROVE_OK;
    if (missing == 1)
        error_set(error, GROVE_NOT_FOUND, "there is no content with the id %d", (int)first);
    else
        error_set(error, GROVE_NOT_FOUND, "there is no content with the id %d, nor with %d others",
                  (int)first, missing - 1);
    error_hint(error, "nothing was done");
    return GROVE_NOT_FOUND;
}

static enum grove_code check_attached(struct pg_conn *conn, struct arena *arena, const char *sql,
                                      const struct pg_params *params, struct grove_error *error)
{
    struct pg_rows rows = {0};
    enum grove_code code = hold_query(conn, arena, sql, params, &rows, error);
    if (code != GROVE_OK || rows.count == 0)
        return code;
    struct text key = pg_text(&rows, 0, 1), table = pg_text(&rows, 0, 2);
    error_set(error, GROVE_CONFLICT,
              "content %d is the row \"%.200s\" of %.200s, which is attached",
              (int)pg_int4(&rows, 0, 0), key.data, table.data);
    error_hint(error,
               "nothing was done; change or delete the row, and it follows; \"grove detach "
               "'%.200s'\" takes all contents of the table away",
               table.data);
    return GROVE_CONFLICT;
}

static enum grove_code check_parts(struct pg_conn *conn, struct arena *arena,
                                   const struct pg_params *params, struct grove_error *error)
{
    struct pg_rows rows = {0};
    enum grove_code code =
        hold_query(conn, arena, query_sql("parts_left.sql"), params, &rows, error);
    if (code != GROVE_OK || rows.count == 0)
        return code;
    struct text name = pg_text(&rows, 0, 3);
    error_set(error, GROVE_CONFLICT, "content %d is part %d of %d of the document \"%.*s\"",
              (int)pg_int4(&rows, 0, 0), (int)pg_int4(&rows, 0, 1), (int)pg_int4(&rows, 0, 2),
              TEXT_ARGS(name));
    error_hint(error, "nothing was done; --document '%.*s' instead of the id is all of it",
               TEXT_ARGS(name));
    return GROVE_CONFLICT;
}

enum grove_code hold_ids(struct pg_conn *conn, struct arena *arena, const char *document,
                         struct held_ids *ids, struct grove_error *error)
{
    struct pg_params params = {0};
    enum grove_code code = GROVE_OK;
    if (document)
        code = query_document_parts(conn, arena, document, &ids->ids, &ids->count, error);
    pg_add_int4_array(&params, arena, ids->ids, ids->count);
    if (code == GROVE_OK)
        code = check_attached(conn, arena, query_sql("attached_of.sql"), &params, error);
    return code == GROVE_OK ? check_parts(conn, arena, &params, error) : code;
}

enum grove_code hold_check_attached_in(struct pg_conn *conn, struct arena *arena,
                                       const struct predicate *predicate, struct grove_error *error)
{
    struct pg_params params = {0};
    predicate_add_params(predicate, arena, &params);
    return check_attached(conn, arena, query_sql("attached_in.sql"), &params, error);
}
