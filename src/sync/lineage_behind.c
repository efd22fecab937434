// SPDX-License-Identifier: Apache-2.0
//
// A database that is put back draws the revisions again that it has drawn since. So whatever was
// projected in between has a revision above all that it knows of, but for three things:
//
//   - a sequence that comes out of a crash is up to 32 further than it was;
//   - a transaction that was open when the copy was made had drawn before, and committed after it;
//   - what was removed has no point.
//
// So points are looked at from some revisions before the last one on, and each is judged by its own
// content, which is read after the point: a projector writes nothing that was not committed. And
// both stores are counted.
#include "sync/lineage_behind.h"

#include "base/check.h"
#include "sync/projector.h"

enum {
    ARENA_BYTES_MAX = 4 << 20,
    REVISIONS_BACK = 1000, // from the last one: a page of points, where nothing has happened
    PAGES_MAX = 64,        // of what was written since the first was asked for
};

// The last revision of which nothing is to be looked at.
static enum grove_code read_bound(struct store *store, struct call *call, struct arena *arena,
                                  int64_t *ret, struct grove_error *error)
{
    struct pg_rows rows;
    enum grove_code code = store_query(store, call, arena, "lineage_drawn.sql", NULL, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == 1);
    int64_t drawn = pg_int8(&rows, 0, 0);
    *ret = drawn > REVISIONS_BACK ? drawn - REVISIONS_BACK : 0;
    return GROVE_OK;
}

// How many of a page of points are ahead of their contents.
static enum grove_code judge_page(struct store *store, struct call *call, struct arena *arena,
                                  const struct vector_copies *page, int64_t *ret,
                                  struct grove_error *error)
{
    int32_t ids[VECTOR_PAGE_MAX];
    int64_t revisions[VECTOR_PAGE_MAX];
    struct pg_params params = {0};
    struct pg_rows rows;
    *ret = 0;
    CHECK(page->count <= VECTOR_PAGE_MAX);
    if (page->count == 0)
        return GROVE_OK;
    for (size_t i = 0; i < page->count; i++) {
        ids[i] = page->items[i].state.content_id;
        revisions[i] = page->items[i].state.revision;
    }
    pg_add_int4_array(&params, arena, ids, page->count);
    pg_add_int8_array(&params, arena, revisions, page->count);
    enum grove_code code =
        store_query(store, call, arena, "lineage_reached.sql", &params, &rows, error);
    if (code == GROVE_OK)
        *ret = pg_int8(&rows, 0, 0);
    return code;
}

static enum grove_code find_ahead(struct store *store, struct call *call, struct arena *arena,
                                  bool *ret, struct grove_error *error)
{
    struct vector_filter filter = VECTOR_FILTER_ANY;
    struct vector_range range = {.last_id = INT32_MAX, .filter = &filter};
    int64_t ahead = 0;
    enum grove_code code = read_bound(store, call, arena, &filter.revision_above, error);
    for (int i = 0; code == GROVE_OK && ahead == 0 && i < PAGES_MAX; i++) {
        struct vector_copies page;
        arena_clear(arena);
        code = vector_read(store->engine, call, &range, VECTOR_PAGE_MAX, arena, &page, error);
        if (code == GROVE_OK)
            code = judge_page(store, call, arena, &page, &ahead, error);
        if (code != GROVE_OK || page.next_id == VECTOR_NONE)
            break;
        range.first_id = page.next_id;
    }
    *ret = code == GROVE_OK && ahead > 0;
    return code;
}

// A content that goes while a page of points is judged looks like one that the database never had,
// but not twice.
enum grove_code lineage_is_behind(struct store *store, struct call *call, bool *ret,
                                  struct grove_error *error)
{
    struct arena arena;
    enum grove_code code = GROVE_OK;
    bool ahead = true;
    arena_init(&arena, ARENA_BYTES_MAX);
    for (int i = 0; code == GROVE_OK && ahead && i < 2; i++)
        code = find_ahead(store, call, &arena, &ahead, error);
    arena_release(&arena);
    if (code == GROVE_OK && !ahead)
        code = projector_lacks_points(store, call, &ahead, error);
    *ret = code == GROVE_OK && ahead;
    return code;
}
