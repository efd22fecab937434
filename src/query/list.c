// SPDX-License-Identifier: Apache-2.0
//
// What there is under a path, one level down or its leaves, with counts; and the content types. All
// of it from the counts that are kept, in one snapshot.
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "catalog/assets.h"
#include "query/predicate.h"
#include "query/queries.h"

// A leaf's line takes some 300 bytes, with what libpq holds of it: there is room for 200,000.
enum {
    LISTING_BYTES_MAX = 128 << 20,
    PLACE_COLUMNS = 8,
    TYPE_COLUMNS = 2,
    DOCUMENT_COLUMNS = 9,
    DOCUMENTS_DEFAULT = 100,
    CURSOR_DIGITS_MAX = 10,
};

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

// --- documents of a leaf -------------------------------------------------------------------------

// The number of a first chunk, a colon and its type: where a page ended.
struct place_of_page {
    struct text type; // {NULL, 0}: at the beginning
    int32_t number;
};

static enum grove_code take_cursor(const char *cursor, struct place_of_page *ret,
                                   struct grove_error *error)
{
    const char *colon = cursor ? strchr(cursor, ':') : NULL;
    int64_t number = 0;
    *ret = (struct place_of_page){{NULL, 0}, 0};
    if (!cursor)
        return GROVE_OK;
    if (!colon || colon - cursor > CURSOR_DIGITS_MAX ||
        !text_to_int64((struct text){cursor, (size_t)(colon - cursor)}, &number) ||
        number < INT32_MIN || number > INT32_MAX ||
        text_utf8_error(text_of(colon)) < strlen(colon)) {
        error_set(error, GROVE_INVALID, "\"%.60s\" is not a cursor of a list of documents", cursor);
        error_hint(error, "take next_cursor of the page before as it is");
        return GROVE_INVALID;
    }
    *ret = (struct place_of_page){text_of(colon + 1), (int32_t)number};
    return GROVE_OK;
}

static enum grove_code take_documents(struct listing *listing, const struct pg_rows *rows,
                                      size_t limit, struct grove_error *error)
{
    struct arena *arena = &listing->arena;
    size_t count = (size_t)rows->count < limit ? (size_t)rows->count : limit;
    CHECK(rows->columns == DOCUMENT_COLUMNS);
    struct grove_listed_document *documents = arena_alloc_array(arena, count, sizeof *documents);
    if (!documents)
        return error_no_memory(error, "a list of documents");
    for (int r = 0; r < (int)count; r++) {
        documents[r] = (struct grove_listed_document){
            .document_id = pg_int4(rows, r, 0),
            .source = arena_copy(arena, pg_text(rows, r, 1)),
            .key = arena_copy(arena, pg_text(rows, r, 2)),
            .title = arena_copy(arena, pg_text(rows, r, 3)),
            .content_type = arena_copy(arena, pg_text(rows, r, 4)),
            .chunks = pg_int4(rows, r, 5),
            .updated_at_us = pg_timestamp(rows, r, 7),
            .table = pg_is_null(rows, r, 8) ? NULL : arena_copy(arena, pg_text(rows, r, 8)),
        };
        if (!documents[r].source || !documents[r].key || !documents[r].title ||
            !documents[r].content_type || (!documents[r].table && !pg_is_null(rows, r, 8)))
            return error_no_memory(error, "a list of documents");
    }
    listing->view.documents = documents;
    listing->view.document_count = count;
    if ((size_t)rows->count <= limit)
        return GROVE_OK;
    listing->view.next_cursor = arena_printf(arena, "%d:%s", (int)pg_int4(rows, (int)count - 1, 6),
                                             documents[count - 1].content_type);
    return listing->view.next_cursor ? GROVE_OK : error_no_memory(error, "a list of documents");
}

// One more is read than is shown: it tells whether there is another page.
static enum grove_code read_documents(struct pg_conn *conn, const struct predicate *predicate,
                                      const struct grove_list_request *request,
                                      struct arena *answer, struct listing *listing,
                                      struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct place_of_page page;
    size_t limit = request->document_limit ? request->document_limit : DOCUMENTS_DEFAULT;
    enum grove_code code = take_cursor(request->cursor, &page, error);
    if (code != GROVE_OK)
        return code;
    pg_add_text(&params, predicate->hierarchy_table);
    pg_add_int4(&params, predicate->place[PREDICATE_LEVELS - 1]);
    pg_add_text_array(&params, answer,
                      predicate->content_type_count > 0 ? predicate->content_types : NULL,
                      predicate->content_type_count);
    pg_add_text(&params, page.type);
    pg_add_int4(&params, page.number);
    pg_add_int4(&params, (int32_t)limit + 1);
    code = store_query_on(conn, answer, "list_documents.sql", &params, &rows, error);
    return code == GROVE_OK ? take_documents(listing, &rows, limit, error) : code;
}

static enum grove_code check_page(const struct grove_list_request *request, bool of_leaf,
                                  struct grove_error *error)
{
    if (request->document_limit > GROVE_LIMIT_MAX)
        return error_set(error, GROVE_INVALID, "%u documents were asked for, at most %d",
                         request->document_limit, GROVE_LIMIT_MAX);
    if (of_leaf || (!request->cursor && request->document_limit == 0))
        return GROVE_OK;
    error_set(error, GROVE_INVALID, "a %s is of the documents of a leaf",
              request->cursor ? "cursor" : "limit");
    error_hint(error, "give the path of a leaf, tree/branch/limb/leaf; of places all are listed");
    return GROVE_INVALID;
}

// One level below the path; a leaf is at its own, and its documents are below it.
static enum grove_level choose_level(const struct predicate *predicate, bool leaves)
{
    if (leaves)
        return GROVE_LEVEL_LEAF;
    if (!predicate->has_path)
        return GROVE_LEVEL_TREE;
    size_t below = predicate->place_depth + 1;
    return below < GROVE_LEVEL_LEAF ? (enum grove_level)below : GROVE_LEVEL_LEAF;
}

// Plans for this very place: one for a leaf is none for all trees. The snapshot ends here unless it
// goes on.
static enum grove_code read_listing(struct pg_conn *conn, const struct predicate *predicate,
                                    bool goes_on, struct arena *answer, struct listing *listing,
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
    size_t count = ARRAY_COUNT(requests) - (goes_on ? 1 : 0);
    struct pg_rows rows[ARRAY_COUNT(requests)] = {0};
    enum grove_code code = pg_pipeline(conn, answer, requests, count, rows, error);
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
    bool of_leaf = false;
    enum grove_code code = predicate_check(&filter, answer, &predicate, error);
    if (code == GROVE_OK) {
        of_leaf = predicate.has_path && predicate.path.leaf.data && !request->leaves;
        code = check_page(request, of_leaf, error);
    }
    if (code == GROVE_OK)
        code = pg_take(store->pool, call, &conn, error);
    if (code == GROVE_OK)
        code = pg_begin_snapshot(conn, error);
    if (code == GROVE_OK)
        code = predicate_resolve(&predicate, conn, answer, error);
    if (code == GROVE_OK) {
        listing->view.level = choose_level(&predicate, request->leaves);
        code = read_listing(conn, &predicate, of_leaf, answer, listing, error);
    }
    if (code == GROVE_OK && of_leaf)
        code = read_documents(conn, &predicate, request, answer, listing, error);
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
