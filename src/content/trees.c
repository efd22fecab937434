// SPDX-License-Identifier: Apache-2.0
#include "content/trees.h"

#include <string.h>

enum { TREES_BYTES_MAX = 4 << 20 };

#define CHECK_VIOLATION "23514"
#define UNDEFINED_TABLE "42P01"
// How both begin, the one that holds and the one that a removal in its middle has made beside it
// (src/subject/README.md, phases).
#define CHECK_OF_TREES "\"valid_hierarchy_table"

static enum grove_code take_trees(const struct pg_rows *rows, struct arena *arena,
                                  struct record_trees *ret, struct grove_error *error)
{
    struct record_tree *trees = arena_alloc_array(arena, (size_t)rows->count + 1, sizeof *trees);
    if (!trees)
        return error_no_memory(error, "the trees");
    for (int r = 0; r < rows->count; r++)
        trees[r] = (struct record_tree){pg_text(rows, r, 0), pg_text(rows, r, 1)};
    *ret = (struct record_trees){trees, (size_t)rows->count};
    return GROVE_OK;
}

enum grove_code trees_read(struct store *store, struct call *call, struct arena *ret_arena,
                           struct record_trees *ret, struct grove_error *error)
{
    struct pg_rows rows = {0};
    arena_init(ret_arena, TREES_BYTES_MAX);
    enum grove_code code = store_query(store, call, ret_arena, "subjects.sql", NULL, &rows, error);
    if (code == GROVE_OK)
        code = take_trees(&rows, ret_arena, ret, error);
    if (code != GROVE_OK)
        arena_release(ret_arena);
    return code;
}

enum grove_code trees_read_on(struct pg_conn *conn, struct arena *arena, struct record_trees *ret,
                              struct grove_error *error)
{
    struct pg_rows rows = {0};
    enum grove_code code = store_query_on(conn, arena, "subjects.sql", NULL, &rows, error);
    return code == GROVE_OK ? take_trees(&rows, arena, ret, error) : code;
}

static bool may_be_removed(const struct grove_error *error)
{
    return strcmp(error->sqlstate, UNDEFINED_TABLE) == 0 ||
           (strcmp(error->sqlstate, CHECK_VIOLATION) == 0 &&
            strstr(error->message, CHECK_OF_TREES));
}

static enum grove_code find_removed(struct store *store, struct call *call, struct arena *arena,
                                    const struct record_trees *trees,
                                    const struct grove_error *failure, struct pg_rows *ret,
                                    struct grove_error *error)
{
    struct pg_params params = {0};
    struct text *names = arena_alloc_array(arena, trees->count, sizeof *names);
    struct text *tables = arena_alloc_array(arena, trees->count, sizeof *tables);
    const char *said = arena_printf(arena, "%s %s", failure->message, failure->detail);
    if (!names || !tables || !said)
        return error_no_memory(error, "the trees");
    for (size_t i = 0; i < trees->count; i++) {
        names[i] = trees->items[i].tree;
        tables[i] = trees->items[i].hierarchy_table;
    }
    pg_add_text_array(&params, arena, names, trees->count);
    pg_add_text_array(&params, arena, tables, trees->count);
    pg_add_text(&params, text_of(said));
    return store_query(store, call, arena, "subjects_gone.sql", &params, ret, error);
}

bool trees_explain_removal(struct store *store, struct call *call, const struct record_trees *trees,
                           struct grove_error *error)
{
    struct pg_rows rows = {0};
    struct arena arena;
    struct grove_error ignored;
    if (!may_be_removed(error))
        return false;
    arena_init(&arena, TREES_BYTES_MAX);
    bool removed = find_removed(store, call, &arena, trees, error, &rows, &ignored) == GROVE_OK &&
                   rows.count == 1;
    if (removed && pg_bool(&rows, 0, 1)) {
        error_set(error, GROVE_NOT_FOUND, "the subject \"%.*s\" was removed since this began",
                  TEXT_ARGS(pg_text(&rows, 0, 0)));
        error_hint(error, "\"grove subject add\" makes a new one; then the same command again");
    } else if (removed) {
        error_set(error, GROVE_CONFLICT,
                  "the subject \"%.*s\" is being removed, and takes no contents",
                  TEXT_ARGS(pg_text(&rows, 0, 0)));
        error_hint(error, "\"grove subject list\" shows it, \"grove subject remove\" goes on with "
                          "it, and \"grove subject add\" takes the removal back");
    }
    arena_release(&arena);
    return removed;
}
