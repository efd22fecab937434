// SPDX-License-Identifier: Apache-2.0
//
// The content types that there are.
#include <string.h>

#include "api/handle.h"
#include "api/limited.h"
#include "base/alloc.h"
#include "catalog/store.h"
#include "pg/pg.h"

enum { TYPES_MAX = 1000, TYPES_BYTES_MAX = 1 << 20 };

static enum grove_code read_types(struct pg_conn *conn, struct arena *arena, struct pg_rows *ret,
                                  struct grove_error *error)
{
    struct pg_params params = {0};
    pg_add_int4(&params, TYPES_MAX);
    return store_query_on(conn, arena, "types.sql", &params, ret, error);
}

// One block, so that the caller can give it back as such.
static struct grove_types *copy_types(const struct pg_rows *rows)
{
    size_t count = (size_t)rows->count, bytes = 0;
    for (int r = 0; r < rows->count; r++)
        bytes += pg_text(rows, r, 0).length + 1;
    struct grove_types *types = mem_alloc(sizeof *types + count * sizeof(char *) + bytes);
    if (!types)
        return NULL;
    const char **names = (const char **)(types + 1);
    char *at = (char *)(names + count);
    for (int r = 0; r < rows->count; r++) {
        struct text name = pg_text(rows, r, 0);
        names[r] = at;
        memcpy(at, name.data, name.length);
        at[name.length] = '\0';
        at += name.length + 1;
    }
    *types = (struct grove_types){.names = names, .count = count};
    return types;
}

enum grove_code types_list(struct grove *grove, const struct grove_limits *limits,
                           struct grove_types **ret, struct grove_error *error)
{
    struct call call;
    struct pg_conn *conn = NULL;
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, TYPES_BYTES_MAX);
    enum grove_code code = handle_enter(grove, HANDLE_QUERY, limits, &call, error);
    if (code == GROVE_OK)
        code = handle_database(grove, &call, &conn, error);
    if (code == GROVE_OK)
        code = read_types(conn, &arena, &rows, error);
    pg_give(&conn);
    if (code == GROVE_OK) {
        struct grove_types *types = copy_types(&rows);
        if (types)
            *ret = types;
        else
            code = error_no_memory(error, "the content types");
    }
    arena_release(&arena);
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_list_types(struct grove *grove, struct grove_types **ret,
                                           struct grove_error *error)
{
    return types_list(grove, NULL, ret, error);
}
