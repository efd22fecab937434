// SPDX-License-Identifier: Apache-2.0
#include "content/trees.h"

#include <string.h>

enum { TREES_BYTES_MAX = 4 << 20 };

#define CHECK_VIOLATION "23514"
// What a removal in its middle allows (src/subject/README.md, phases).
#define NEXT_CHECK "\"valid_hierarchy_table_next\""

enum grove_code trees_read(struct store *store, struct call *call, struct arena *ret_arena,
                           struct record_trees *ret, struct grove_error *error)
{
    struct pg_rows rows = {0};
    arena_init(ret_arena, TREES_BYTES_MAX);
    enum grove_code code = store_query(store, call, ret_arena, "subjects.sql", NULL, &rows, error);
    struct record_tree *trees =
        code == GROVE_OK ? arena_alloc_array(ret_arena, (size_t)rows.count + 1, sizeof *trees)
                         : NULL;
    if (code == GROVE_OK && !trees)
        code = error_no_memory(error, "the trees");
    if (!trees) {
        arena_release(ret_arena);
        return code;
    }
    for (int r = 0; r < rows.count; r++)
        trees[r] = (struct record_tree){pg_text(&rows, r, 0), pg_text(&rows, r, 1)};
    *ret = (struct record_trees){trees, (size_t)rows.count};
    return GROVE_OK;
}

void trees_explain_removal(struct grove_error *error)
{
    if (strcmp(error->sqlstate, CHECK_VIOLATION) == 0 && strstr(error->message, NEXT_CHECK))
        error_hint(error, "the subject is being removed, so it takes no contents; \"grove subject "
                          "list\" shows it, and \"grove subject add\" takes the removal back");
}
