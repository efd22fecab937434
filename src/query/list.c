// SPDX-License-Identifier: Apache-2.0
//
// What there is under a path, one level down or its leaves, with counts; and the content types. All
// of it from the counts that are kept, in one snapshot.
#include <assert.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/check.h"
#include "catalog/assets.h"
#include "query/predicate.h"
#include "query/queries.h"

// A leaf's line takes some 300 bytes, with what libpq holds of it: there is room for 200,000.
enum { LISTING_BYTES_MAX = 128 << 20, PLACE_COLUMNS = 8, TYPE_COLUMNS = 2 };

struct listing {
    struct grove_listing view; // first: a pointer to it is a pointer to the whole
    struct arena arena;
};

static_assert(offsetof(struct listing, view) == 0, "the view is the listing");

GROVE_API void grove_listing_free(struct grove_listing *view)
{
    struct listing *listing = (struct listing *)view;
    if (!listing)
        return;
    arena_release(&listing->arena);
    mem_free(listing);
}

static enum grove_code take_places(struct listing *listing, const struct pg_rows *rows,
                                   struct grove_error *error)
{
    struct arena *arena = &listing->arena;
    CHECK(rows->columns == PLACE_COLUMNS);
    struct grove_place *places = arena_alloc_array(arena, (size_t)rows->count, sizeof *places);
    if (!places)
        return error_no_memory(error, "a list of places");
    for (int r = 0; r < rows->count; r++) {
        const struct path path = {pg_text(rows, r, 0), pg_text(rows, r, 1), pg_text(rows, r, 2),
                                  pg_text(rows, r, 3)};
        places[r] = (struct grove_place){
            .name = arena_copy(arena, pg_text(rows, r, (int)listing->view.level)),
            .path = path_format(arena, &path),
            .branches = pg_int8(rows, r, 4),
            .limbs = pg_int8(rows, r, 5),
            .leaves = pg_int8(rows, r, 6),
            .contents = pg_int8(rows, r, 7),
        };
        if (!places[r].name || !places[r].path)
            return error_no_memory(error, "a list of places");
        listing->view.contents += places[r].contents;
    }
    listing->view.places = places;
    listing->view.place_count = (size_t)rows->count;
    return GROVE_OK;
}

static enum grove_code take_types(struct listing *listing, const struct pg_rows *rows,
                                  struct grove_error *error)
{
    CHECK(rows->columns == TYPE_COLUMNS);
    struct grove_type_count *types =
        arena_alloc_array(&listing->arena, (size_t)rows->count, sizeof *types);
    if (!types)
        return error_no_memory(error, "a list of content types");
    for (int r = 0; r < rows->count; r++) {
        types[r] = (struct grove_type_count){
            .name = arena_copy(&listing->arena, pg_text(rows, r, 0)),
            .contents = pg_int8(rows, r, 1),
        };
        if (!types[r].name)
            return error_no_memory(error, "a list of content types");
    }
    listing->view.types = types;
    listing->view.type_count = (size_t)rows->count;
    return GROVE_OK;
}

// One level below the path; a leaf is at its own.
static enum grove_level choose_level(const struct predicate *predicate, bool leaves)
{
    if (leaves)
        return GROVE_LEVEL_LEAF;
    if (!predicate->has_path)
        return GROVE_LEVEL_TREE;
    size_t below = predicate->place_depth + 1;
    return below < GROVE_LEVEL_LEAF ? (enum grove_level)below : GROVE_LEVEL_LEAF;
}

// Plans for this very place: one for a leaf is none for all trees.
static enum grove_code read_listing(struct pg_conn *conn, const struct predicate *predicate,
                                    struct arena *answer, struct listing *listing,
                                    struct grove_error *error)
{
    struct pg_statement places = {"", query_sql("list_places.sql")};
    struct pg_statement types = {"", query_sql("list_types.sql")};
    struct pg_params place_params = {0}, type_params = {0};
    predicate_add_place(predicate, answer, &type_params);
    predicate_add_place(predicate, answer, &place_params);
    pg_add_int4(&place_params, (int32_t)listing->view.level);
    const struct pg_request requests[] = {
        {&places, &place_params}, {&types, &type_params}, {&pg_end, NULL}};
    struct pg_rows rows[ARRAY_COUNT(requests)] = {0};
    enum grove_code code = pg_pipeline(conn, answer, requests, ARRAY_COUNT(requests), rows, error);
    if (code == GROVE_OK)
        code = take_places(listing, &rows[0], error);
    return code == GROVE_OK ? take_types(listing, &rows[1], error) : code;
}

static enum grove_code list(struct store *store, struct call *call,
                            const struct grove_list_request *request, struct arena *answer,
                            struct listing *listing, struct grove_error *error)
{
    const struct grove_filter filter = {.path = request->path,
                                        .content_types = request->content_types,
                                        .content_type_count = request->content_type_count};
    struct predicate predicate;
    struct pg_conn *conn = NULL;
    enum grove_code code = predicate_check(&filter, answer, &predicate, error);
    if (code == GROVE_OK)
        code = pg_take(store->pool, call, &conn, error);
    if (code == GROVE_OK)
        code = pg_begin_snapshot(conn, error);
    if (code == GROVE_OK)
        code = predicate_resolve(&predicate, conn, answer, error);
    if (code == GROVE_OK) {
        listing->view.level = choose_level(&predicate, request->leaves);
        code = read_listing(conn, &predicate, answer, listing, error);
    }
    pg_give(&conn);
    return code;
}

enum grove_code query_list(struct store *store, struct call *call,
                           const struct grove_list_request *request, struct grove_listing **ret,
                           struct grove_error *error)
{
    struct arena answer;
    struct listing *listing = mem_zalloc(sizeof *listing);
    if (!listing)
        return error_no_memory(error, "a list of places");
    arena_init(&listing->arena, LISTING_BYTES_MAX);
    arena_init_counting(&answer, LISTING_BYTES_MAX);
    enum grove_code code = list(store, call, request, &answer, listing, error);
    arena_release(&answer);
    if (code == GROVE_OK)
        *ret = &listing->view;
    else
        grove_listing_free(&listing->view);
    return code;
}
