// SPDX-License-Identifier: Apache-2.0
#include "content/hold.h"

#include <string.h>

#include "base/check.h"
#include "base/strbuf.h"
#include "catalog/assets.h"
#include "pg/types.h"

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

static enum grove_code read_leaves(struct pg_conn *conn, struct arena *arena,
                                   struct held_place *place, struct grove_error *error)
{
    struct pg_statement statement = {"", query_sql("leaves.sql")};
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    pg_add_text(&params, place->predicate.hierarchy_table);
    if (place->predicate.place_depth > 0)
        pg_add_same(&params, &place->predicate.place_array, 0);
    else
        pg_add_null(&params, PG_INT4_ARRAY);
    enum grove_code code = pg_query(conn, arena, &statement, &params, &rows, error);
    if (code == GROVE_OK)
        code = pg_int4_array(&rows, 0, 0, arena, &place->leaf_ids, &place->leaf_count, error);
    if (code != GROVE_OK)
        return code;
    place->leaf_array = (struct pg_params){0};
    pg_add_int4_array(&place->leaf_array, arena, place->leaf_ids, place->leaf_count);
    return place->leaf_array.failed ? error_no_memory(error, "the leaves of a path") : GROVE_OK;
}

static enum grove_code read_place(struct pg_conn *conn, struct arena *arena,
                                  struct held_place *place, struct grove_error *error)
{
    enum grove_code code = predicate_resolve(&place->predicate, conn, arena, error);
    return code == GROVE_OK ? read_leaves(conn, arena, place, error) : code;
}

static enum grove_code lock_leaves(struct pg_conn *conn, const struct held_place *place,
                                   struct arena *arena, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    struct pg_statement statement = {
        "",
        hold_table_sql(arena,
                       "-- answers: bigint\nSELECT count(*) FROM (SELECT FROM %s WHERE id = ANY "
                       "($1) ORDER BY id FOR UPDATE) AS held",
                       place->predicate.hierarchy_table)};
    if (!statement.sql)
        return error_no_memory(error, "a statement");
    pg_add_same(&params, &place->leaf_array, 0);
    return pg_query(conn, arena, &statement, &params, &rows, error);
}

static bool are_same(const int32_t *ids, size_t count, const struct held_place *place)
{
    return count == place->leaf_count &&
           (count == 0 || memcmp(ids, place->leaf_ids, count * sizeof *ids) == 0);
}

enum grove_code hold_nothing(struct pg_conn *conn, const struct grove_filter *filter,
                             struct arena *arena, struct held_place *ret, struct grove_error *error)
{
    *ret = (struct held_place){0};
    enum grove_code code = predicate_check(filter, arena, &ret->predicate, error);
    CHECK(code != GROVE_OK || ret->predicate.has_path);
    return code == GROVE_OK ? read_place(conn, arena, ret, error) : code;
}

enum grove_code hold_place(struct pg_conn *conn, const struct grove_filter *filter,
                           struct arena *arena, struct held_place *ret, struct grove_error *error)
{
    enum grove_code code = hold_nothing(conn, filter, arena, ret, error);
    if (code == GROVE_OK)
        code = lock_leaves(conn, ret, arena, error);
    if (code != GROVE_OK)
        return code;
    const int32_t *ids = ret->leaf_ids;
    size_t count = ret->leaf_count;
    predicate_forget_place(&ret->predicate);
    code = read_place(conn, arena, ret, error);
    if (code != GROVE_OK || are_same(ids, count, ret))
        return code;
    error_set(error, GROVE_CONFLICT, "the leaves under \"%.200s\" have just changed", filter->path);
    error_hint(error, "nothing was done; try again");
    error->retry = GROVE_RETRY_LATER;
    return GROVE_CONFLICT;
}

void hold_add_params(const struct held_place *place, struct arena *arena, struct pg_params *params)
{
    predicate_add_params(&place->predicate, arena, params);
    pg_add_same(params, &place->leaf_array, 0);
}

enum grove_code hold_leaf(struct pg_conn *conn, struct text hierarchy_table, int32_t leaf_id,
                          struct arena *arena, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    struct pg_statement statement = {
        "", hold_table_sql(arena,
                           "-- answers: bigint\nSELECT count(*) FROM (SELECT FROM %s WHERE id = $1 "
                           "FOR KEY SHARE) AS held",
                           hierarchy_table)};
    if (!statement.sql)
        return error_no_memory(error, "a statement");
    pg_add_int4(&params, leaf_id);
    enum grove_code code = pg_query(conn, arena, &statement, &params, &rows, error);
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
