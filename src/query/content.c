// SPDX-License-Identifier: Apache-2.0
//
// One content as a whole, by its id.
#include <assert.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/check.h"
#include "query/queries.h"
#include "query/query.h"
#include "query/result.h"

// Of content.sql, behind the columns of a row.
enum { BODY = 13, BODY_BYTES, UPDATED_AT, ORIGIN, PENDING, DEAD_REASON, COLUMNS };

struct content {
    struct grove_content view; // first: a pointer to it is a pointer to the whole
    struct arena arena;
};

static_assert(offsetof(struct content, view) == 0, "the view is the content");

GROVE_API void grove_content_free(struct grove_content *view)
{
    struct content *content = (struct content *)view;
    if (!content)
        return;
    arena_release(&content->arena);
    mem_free(content);
}

// A null is NULL.
static bool copy_text(struct arena *arena, const struct pg_rows *rows, int column, const char **ret)
{
    *ret = pg_is_null(rows, 0, column) ? NULL : arena_copy(arena, pg_text(rows, 0, column));
    return *ret || pg_is_null(rows, 0, column);
}

static enum grove_code take_content(struct content *content, const struct pg_rows *rows,
                                    struct grove_error *error)
{
    struct grove_content *view = &content->view;
    CHECK(rows->columns == COLUMNS);
    if (!result_read_row(&content->arena, rows, 0, &view->row) ||
        !copy_text(&content->arena, rows, BODY, &view->body) ||
        !copy_text(&content->arena, rows, ORIGIN, &view->vector_origin) ||
        !copy_text(&content->arena, rows, DEAD_REASON, &view->dead_reason))
        return error_no_memory(error, "a content");
    view->body_bytes = pg_is_null(rows, 0, BODY_BYTES) ? GROVE_NULL : pg_int8(rows, 0, BODY_BYTES);
    view->updated_at_us = pg_timestamp(rows, 0, UPDATED_AT);
    view->pending = pg_bool(rows, 0, PENDING);
    return GROVE_OK;
}

// Which part of which document it is; of none: nothing.
static enum grove_code read_passage(struct store *store, struct call *call, int32_t content_id,
                                    struct arena *answer, struct content *content,
                                    struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    pg_add_int4_array(&params, answer, &content_id, 1);
    pg_add_int4(&params, 0);
    enum grove_code code = store_query(store, call, answer, "passages.sql", &params, &rows, error);
    CHECK(code != GROVE_OK || rows.count == 1);
    if (code != GROVE_OK || pg_is_null(&rows, 0, 0))
        return code;
    struct grove_passage *passage = arena_alloc(&content->arena, sizeof *passage);
    if (!passage || !result_read_passage(&content->arena, &rows, 0, passage))
        return error_no_memory(error, "a content");
    content->view.passage = passage;
    return GROVE_OK;
}

static enum grove_code read_content(struct store *store, struct call *call,
                                    const struct grove_read_request *request, struct arena *answer,
                                    struct content *content, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    pg_add_int4(&params, request->content_id);
    pg_add_bool(&params, request->body);
    enum grove_code code = store_query(store, call, answer, "content.sql", &params, &rows, error);
    if (code == GROVE_OK && rows.count == 0)
        return query_no_content(request->content_id, error);
    if (code == GROVE_OK)
        code = take_content(content, &rows, error);
    return code == GROVE_OK ? read_passage(store, call, request->content_id, answer, content, error)
                            : code;
}

enum grove_code query_content(struct store *store, struct call *call,
                              const struct grove_read_request *request, struct grove_content **ret,
                              struct grove_error *error)
{
    struct arena answer;
    struct content *content = mem_zalloc(sizeof *content);
    if (!content)
        return error_no_memory(error, "a content");
    arena_init(&content->arena, RESULT_BYTES_MAX);
    arena_init_counting(&answer, RESULT_BYTES_MAX);
    enum grove_code code = read_content(store, call, request, &answer, content, error);
    arena_release(&answer);
    if (code == GROVE_OK)
        *ret = &content->view;
    else
        grove_content_free(&content->view);
    return code;
}
