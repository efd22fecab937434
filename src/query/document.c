// SPDX-License-Identifier: Apache-2.0
//
// One document as a whole, by its name, with its chunks: of one snapshot.
#include <assert.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/check.h"
#include "catalog/assets.h"
#include "catalog/store.h"
#include "catalog/path.h"
#include "query/queries.h"
#include "query/result.h"

enum { DOCUMENT_COLUMNS = 11, PART_COLUMNS = 11 };

struct document {
    struct grove_document view; // first: a pointer to it is a pointer to the whole
    struct arena arena;
};

static_assert(offsetof(struct document, view) == 0, "the view is the document");

GROVE_API void grove_document_free(struct grove_document *view)
{
    struct document *document = (struct document *)view;
    if (!document)
        return;
    arena_release(&document->arena);
    mem_free(document);
}

// A null is NULL.
static bool copy_text(struct arena *arena, const struct pg_rows *rows, int column, const char **ret)
{
    *ret = pg_is_null(rows, 0, column) ? NULL : arena_copy(arena, pg_text(rows, 0, column));
    return *ret || pg_is_null(rows, 0, column);
}

static enum grove_code take_document(struct document *document, const struct pg_rows *rows,
                                     struct grove_error *error)
{
    struct grove_document *view = &document->view;
    struct arena *arena = &document->arena;
    CHECK(rows->columns == DOCUMENT_COLUMNS);
    CHECK(rows->count == 1);
    view->document_id = pg_int4(rows, 0, 0);
    view->body_bytes = pg_int8(rows, 0, 7);
    view->created_at_us = pg_timestamp(rows, 0, 8);
    view->updated_at_us = pg_timestamp(rows, 0, 9);
    return copy_text(arena, rows, 1, &view->source) && copy_text(arena, rows, 2, &view->key) &&
                   copy_text(arena, rows, 3, &view->title) &&
                   copy_text(arena, rows, 4, &view->url) &&
                   copy_text(arena, rows, 5, &view->metadata) &&
                   copy_text(arena, rows, 6, &view->body) &&
                   copy_text(arena, rows, 10, &view->table)
               ? GROVE_OK
               : error_no_memory(error, "a document");
}

static enum grove_code take_parts(struct document *document, const struct pg_rows *rows,
                                  struct grove_error *error)
{
    struct arena *arena = &document->arena;
    size_t count = (size_t)rows->count;
    CHECK(rows->columns == PART_COLUMNS);
    struct grove_chunk *chunks = arena_alloc_array(arena, count, sizeof *chunks);
    if (!chunks)
        return error_no_memory(error, "a document");
    for (int r = 0; r < rows->count; r++) {
        chunks[r] = (struct grove_chunk){
            .content_id = pg_int4(rows, r, 0),
            .position = pg_int4(rows, r, 1),
            .heading = arena_copy(arena, pg_text(rows, r, 2)),
            .first_character = pg_int4(rows, r, 3),
            .characters = pg_int4(rows, r, 4),
            .word_count = pg_is_null(rows, r, 5) ? GROVE_NULL : pg_int4(rows, r, 5),
        };
        const struct path path = {pg_text(rows, r, 7), pg_text(rows, r, 8), pg_text(rows, r, 9),
                                  pg_text(rows, r, 10)};
        chunks[r].path = path_format(arena, &path);
        chunks[r].content_type = arena_copy(arena, pg_text(rows, r, 6));
        if (!chunks[r].heading || !chunks[r].path || !chunks[r].content_type)
            return error_no_memory(error, "a document");
    }
    document->view.chunks = chunks;
    document->view.chunk_count = count;
    return GROVE_OK;
}

// There is exactly one of that name.
static enum grove_code check_found(const struct pg_rows *rows, const char *name,
                                   struct grove_error *error)
{
    if (rows->count == 1)
        return GROVE_OK;
    if (rows->count == 0) {
        error_set(error, GROVE_NOT_FOUND, "there is no document \"%.200s\"", name);
        error_hint(error, "results of grove search tell documents, as in \"part 2 of 9 of "
                          "source/key\"");
        return GROVE_NOT_FOUND;
    }
    struct text first = pg_text(rows, 0, 1), second = pg_text(rows, 1, 1);
    return error_set(error, GROVE_CONFLICT,
                     "\"%.200s\" is a document of the source \"%.*s\" and one of \"%.*s\"", name,
                     TEXT_ARGS(first), TEXT_ARGS(second));
}

static enum grove_code find_document(struct pg_conn *conn, struct arena *arena, const char *name,
                                     bool with_body, struct pg_rows *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    if (!name[0])
        return error_set(error, GROVE_INVALID, "a document is asked for without its name");
    if (text_utf8_error(text_of(name)) < strlen(name))
        return error_set(error, GROVE_INVALID, "the name of the document is not UTF-8");
    pg_add_text(&params, text_of(name));
    pg_add_bool(&params, with_body);
    enum grove_code code = store_query_on(conn, arena, "document.sql", &params, ret, error);
    return code == GROVE_OK ? check_found(ret, name, error) : code;
}

static enum grove_code read_parts(struct pg_conn *conn, struct arena *arena, int32_t document_id,
                                  struct pg_rows *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    CHECK(document_id > 0);
    pg_add_int4(&params, document_id);
    return store_query_on(conn, arena, "document_parts.sql", &params, ret, error);
}

static enum grove_code read_document(struct pg_conn *conn,
                                     const struct grove_read_document_request *request,
                                     struct arena *answer, struct document *document,
                                     struct grove_error *error)
{
    struct pg_rows rows = {0};
    enum grove_code code = pg_begin_snapshot(conn, error);
    if (code == GROVE_OK)
        code = find_document(conn, answer, request->name, request->body, &rows, error);
    if (code == GROVE_OK)
        code = take_document(document, &rows, error);
    if (code == GROVE_OK)
        code = read_parts(conn, answer, document->view.document_id, &rows, error);
    return code == GROVE_OK ? take_parts(document, &rows, error) : code;
}

enum grove_code query_document_parts(struct pg_conn *conn, struct arena *arena, const char *name,
                                     const int32_t **ret_ids, size_t *ret_count,
                                     struct grove_error *error)
{
    struct pg_rows rows = {0};
    struct pg_rows locked = {0};
    struct pg_params params = {0};
    enum grove_code code = find_document(conn, arena, name, false, &rows, error);
    if (code != GROVE_OK)
        return code;
    pg_add_text(&params, pg_text(&rows, 0, 1));
    pg_add_text(&params, pg_text(&rows, 0, 2));
    code = store_query_on(conn, arena, "document_lock.sql", &params, &locked, error);
    if (code == GROVE_OK)
        code = read_parts(conn, arena, pg_int4(&rows, 0, 0), &rows, error);
    if (code != GROVE_OK)
        return code;
    int32_t *ids = arena_alloc_array(arena, (size_t)rows.count + 1, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "a document's parts");
    for (int r = 0; r < rows.count; r++)
        ids[r] = pg_int4(&rows, r, 0);
    *ret_ids = ids;
    *ret_count = (size_t)rows.count;
    return GROVE_OK;
}

enum grove_code query_document(struct store *store, struct call *call,
                               const struct grove_read_document_request *request,
                               struct grove_document **ret, struct grove_error *error)
{
    struct arena answer;
    struct pg_conn *conn = NULL;
    if (!request->name)
        return error_set(error, GROVE_INVALID, "a document is asked for without its name");
    struct document *document = mem_zalloc(sizeof *document);
    if (!document)
        return error_no_memory(error, "a document");
    arena_init(&document->arena, RESULT_BYTES_MAX);
    arena_init_counting(&answer, RESULT_BYTES_MAX);
    enum grove_code code = pg_take(store->pool, call, &conn, error);
    if (code == GROVE_OK)
        code = read_document(conn, request, &answer, document, error);
    pg_give(&conn); // ends the snapshot
    arena_release(&answer);
    if (code == GROVE_OK)
        *ret = &document->view;
    else
        grove_document_free(&document->view);
    return code;
}
