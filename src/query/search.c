// SPDX-License-Identifier: Apache-2.0
//
// The rows most similar to a text, or to another content, under a filter.
//
// A content is compared by the vector that searches compare it by: the one of its text, or where
// that is to come still one of what it has to read, made here. It is its own best hit, and is left
// out, with its document: so one more is looked for.
#include <assert.h>
#include <math.h>

#include "base/check.h"
#include "catalog/store.h"
#include "query/freshness.h"
#include "query/limits.h"
#include "query/queries.h"
#include "query/query.h"
#include "query/ranking.h"
#include "query/source.h"
#include "vector/direction.h"

enum {
    LIMIT_DEFAULT = 10,
    CONTENT_BYTES_MAX = 1 << 20,
    TEXT_COLUMN = 2, // of texts.sql
    VECTOR_COLUMN = 5,
};
static_assert((int)LIMIT_DEFAULT <= GROVE_LIMIT_MAX, "what is usual may be asked for");

// --- the vector of a content ---------------------------------------------------------------------

static enum grove_code read_vector(struct pg_conn *conn, enum embed_precision precision,
                                   int32_t content_id, struct arena *arena, struct pg_rows *ret,
                                   struct grove_error *error)
{
    static const struct predicate anything = PREDICATE_ANY;
    struct pg_params params = {0};
    source_add_score_params(&anything, precision, &content_id, 1, arena, &params);
    return store_query_on(conn, arena, "score.sql", &params, ret, error);
}

static enum grove_code read_text(struct pg_conn *conn, struct text model, int32_t content_id,
                                 struct arena *arena, struct pg_rows *ret,
                                 struct grove_error *error)
{
    struct pg_params params = {0};
    pg_add_int4_array(&params, arena, &content_id, 1);
    pg_add_int4(&params, EMBED_CHARACTERS_MAX);
    pg_add_text(&params, model);
    pg_add_int8(&params, INT64_MAX);
    return store_query_on(conn, arena, "texts.sql", &params, ret, error);
}

static bool take_vector(const struct pg_rows *rows, int column, float ret[static EMBED_DIMENSION])
{
    const float *vector =
        pg_is_null(rows, 0, column) ? NULL : direction_read(pg_bytea(rows, 0, column), NULL);
    if (vector)
        memcpy(ret, vector, EMBED_DIMENSION * sizeof *ret);
    return vector != NULL;
}

static enum grove_code find_vector(struct query *query, struct pg_conn *conn, int32_t content_id,
                                   float ret[static EMBED_DIMENSION], struct text *ret_text,
                                   struct grove_error *error)
{
    struct pg_rows rows = {0};
    enum embed_precision precision = store_precision(query->store);
    enum grove_code code = read_vector(conn, precision, content_id, &query->arena, &rows, error);
    if (code == GROVE_OK && rows.count == 0)
        return query_no_content(content_id, error);
    if (code != GROVE_OK || take_vector(&rows, 1, ret))
        return code;
    code = read_text(conn, text_of(embed_model_id(precision)), content_id, &query->arena, &rows,
                     error);
    if (code == GROVE_OK && rows.count == 0)
        return query_no_content(content_id, error);
    if (code != GROVE_OK || take_vector(&rows, VECTOR_COLUMN, ret))
        return code;
    *ret_text = pg_text(&rows, 0, TEXT_COLUMN);
    return GROVE_OK;
}

// The connection is given back before the model is asked.
static enum grove_code vector_of_content(struct query *query, int32_t content_id,
                                         float ret[static EMBED_DIMENSION],
                                         struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    struct text text = {0};
    enum grove_code code = store_refresh_model(query->store, query->call, error);
    if (code == GROVE_OK)
        code = pg_take(query->store->pool, query->call, &conn, error);
    if (code == GROVE_OK)
        code = find_vector(query, conn, content_id, ret, &text, error);
    pg_give(&conn);
    if (code == GROVE_OK && text.data)
        code = store_embed_query(query->store, query->call, store_precision(query->store), text,
                                 ret, error);
    return code;
}

// --- the search ----------------------------------------------------------------------------------

static enum grove_code check_subject(const struct grove_search_request *request,
                                     struct grove_error *error)
{
    if (!(request->score_min >= -1 && request->score_min <= 1))
        return error_set(error, GROVE_INVALID, "a minimum score of %g is not between -1 and 1",
                         request->score_min);
    if (request->context > GROVE_CONTEXT_MAX)
        return error_set(error, GROVE_INVALID,
                         "%u chunks before and after are too many, at most %d", request->context,
                         GROVE_CONTEXT_MAX);
    if (request->similar_to && (request->text || request->vector))
        return error_set(error, GROVE_INVALID, "a content to be similar to, and a %s as well",
                         request->text ? "text" : "vector");
    return freshness_check(request->freshness, error);
}

// Of a ranking of one row more than is wanted; where rows were folded it is not there any more.
static void leave_out(struct ranking *ranking, int32_t content_id, size_t limit)
{
    size_t kept = 0;
    for (size_t i = 0; i < ranking->count; i++)
        if (ranking->items[i].content_id != content_id)
            ranking->items[kept++] = ranking->items[i];
    ranking->count = kept < limit ? kept : limit;
}

static enum grove_code search(struct query *query, const struct grove_search_request *request,
                              struct grove_error *error)
{
    struct result *result = query->result;
    unsigned limit;
    struct predicate predicate;
    enum grove_code code = limit_check(request->limit, LIMIT_DEFAULT, &limit, error);
    if (code == GROVE_OK)
        code = check_subject(request, error);
    if (code == GROVE_OK)
        code = predicate_check(&request->filter, &query->arena, &predicate, error);
    if (code == GROVE_OK)
        code = predicate_check_metadata(&predicate, request->metadata, &query->arena, error);
    if (code != GROVE_OK)
        return code;
    float vector[EMBED_DIMENSION];
    if (request->similar_to)
        code = vector_of_content(query, request->similar_to, vector, error);
    if (code != GROVE_OK)
        return code;
    struct ranking_request wanted = {
        .text = request->text,
        .vector = request->similar_to ? vector : request->vector,
        .best_max = limit + (request->similar_to ? 1 : 0),
        .fold = !request->chunks,
        .except = request->similar_to,
        .score_min = request->score_min != 0 ? request->score_min : -INFINITY,
        .exact = request->exact,
        .strategy = request->strategy,
        .freshness = request->freshness,
        .explain = request->explain,
    };
    struct ranking ranking = {0};
    code = ranking_run(query->store, query->call, &wanted, &predicate, result, &query->arena,
                       &ranking, error);
    if (code == GROVE_OK && request->similar_to)
        leave_out(&ranking, request->similar_to, limit);
    if (code == GROVE_OK && request->score_min != 0)
        ranking_drop_below(&ranking, request->score_min);
    if (code == GROVE_OK)
        code = ranking_hydrate(&ranking, 0, ranking.count, request->context, result, &query->arena,
                               error);
    CHECK(code != GROVE_OK || result->view.row_count <= limit);
    if (code == GROVE_OK)
        result->view.total = (int64_t)result->view.row_count;
    ranking_end(&ranking);
    return code;
}

enum grove_code query_search(struct store *store, struct call *call,
                             const struct grove_search_request *request, struct grove_result **ret,
                             struct grove_error *error)
{
    struct query query;
    enum grove_code code = query_begin(&query, store, call, error);
    if (code == GROVE_OK)
        code = search(&query, request, error);
    return query_end(&query, code, request->explain, ret);
}
