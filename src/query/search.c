// SPDX-License-Identifier: Apache-2.0
//
// The rows most similar to a text under a filter.
#include <assert.h>

#include "base/check.h"
#include "query/limits.h"
#include "query/queries.h"
#include "query/query.h"
#include "query/ranking.h"

enum { LIMIT_DEFAULT = 10 };
static_assert((int)LIMIT_DEFAULT <= GROVE_LIMIT_MAX, "what is usual may be asked for");

static enum grove_code search(struct query *query, const struct grove_search_request *request,
                              struct grove_error *error)
{
    struct result *result = query->result;
    unsigned limit;
    struct predicate predicate;
    enum grove_code code = limit_check(request->limit, LIMIT_DEFAULT, &limit, error);
    if (code == GROVE_OK)
        code = predicate_check(&request->filter, &query->arena, &predicate, error);
    if (code != GROVE_OK)
        return code;
    struct ranking_request wanted = {
        .text = request->text,
        .vector = request->vector,
        .best_max = limit,
        .exact = request->exact,
        .strategy = request->strategy,
        .explain = request->explain,
    };
    struct ranking ranking = {0};
    code = ranking_run(query->store, query->call, &wanted, &predicate, result, &query->arena,
                       &ranking, error);
    if (code == GROVE_OK)
        code = ranking_hydrate(&ranking, 0, ranking.count, result, &query->arena, error);
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
