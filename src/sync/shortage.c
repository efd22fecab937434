// SPDX-License-Identifier: Apache-2.0
//
// Whether the engine holds fewer points than contents wait for nothing. Counted in both stores
// without an acknowledgment in between: each of those contents was in the engine before it was
// asked, and nobody has taken it out.
#include "base/check.h"
#include "catalog/store.h"
#include "sync/projector.h"

enum {
    ARENA_BYTES_MAX = 1 << 16,
    COUNTS_MAX = 10, // of both stores, until they agree or it is sure that they do not
};

// *ret_settled: nothing was acknowledged in between.
static enum grove_code count_both(struct store *store, struct call *call, struct arena *arena,
                                  bool *ret_settled, bool *ret_short, struct grove_error *error)
{
    struct pg_rows before, after;
    uint64_t points = 0;
    enum grove_code code =
        store_query(store, call, arena, "acknowledged.sql", NULL, &before, error);
    if (code == GROVE_OK)
        code = vector_count(store->engine, call, NULL, &points, error);
    if (code == GROVE_OK)
        code = store_query(store, call, arena, "projected.sql", NULL, &after, error);
    if (code != GROVE_OK)
        return code;
    CHECK(before.count == 1 && after.count == 1);
    *ret_settled = pg_int8(&before, 0, 0) == pg_int8(&after, 0, 1);
    *ret_short = (int64_t)points < pg_int8(&after, 0, 0);
    return GROVE_OK;
}

// Looks twice before it says so. Beside projectors that never rest it does not say it at all.
enum grove_code projector_lacks_points(struct store *store, struct call *call, bool *ret,
                                       struct grove_error *error)
{
    struct arena arena;
    enum grove_code code = GROVE_OK;
    int found = 0;
    bool is_short = true;
    arena_init(&arena, ARENA_BYTES_MAX);
    for (int i = 0; code == GROVE_OK && is_short && found < 2 && i < COUNTS_MAX; i++) {
        bool settled = false;
        arena_clear(&arena);
        code = count_both(store, call, &arena, &settled, &is_short, error);
        found += code == GROVE_OK && settled && is_short;
        is_short |= !settled;
    }
    arena_release(&arena);
    *ret = code == GROVE_OK && found == 2;
    return code;
}
