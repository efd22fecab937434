// SPDX-License-Identifier: Apache-2.0
//
// What comes of a ranking: its rows, and which passages of which documents they are.
#include <math.h>

#include "base/check.h"
#include "base/inject.h"
#include "catalog/assets.h"
#include "query/ranking.h"

void ranking_end(struct ranking *ranking)
{
    struct grove_error unimportant; // a favour to the next search
    size_t kept;
    if (!ranking->conn)
        return;
    pg_rollback(ranking->conn);
    (void)keep_vectors(ranking->conn, ranking->precision, ranking->computed,
                       ranking->computed_count, &kept, &unimportant);
    pg_give(&ranking->conn);
}

void ranking_drop_below(struct ranking *ranking, double score_min)
{
    CHECK(!isnan(score_min)); // nothing is below it
    size_t ranked = ranking->count;
    while (ranking->count > 0 && ranking->items[ranking->count - 1].score < score_min)
        ranking->count--;
    // What was not ranked scores less still.
    if (ranking->count < ranked)
        ranking->more = false;
}

enum grove_code ranking_hydrate(const struct ranking *ranking, size_t first, size_t count,
                                unsigned context, struct result *result, struct arena *arena,
                                struct grove_error *error)
{
    enum { ROWS = 0, PASSAGES = 1, REQUESTS = 3 };
    CHECK(ranking->conn);
    CHECK(first <= ranking->count);
    CHECK(count <= ranking->count - first);
    int32_t *ids = arena_alloc_array(arena, count, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "a result");
    for (size_t i = 0; i < count; i++)
        ids[i] = ranking->items[first + i].content_id;
    struct pg_statement statement = {"hydrate.sql", query_sql("hydrate.sql")};
    struct pg_statement passages = {"passages.sql", query_sql("passages.sql")};
    struct pg_params params = {0}, passage_params = {0};
    pg_add_int4_array(&params, arena, ids, count);
    pg_add_int4_array(&passage_params, arena, ids, count);
    pg_add_int4(&passage_params, (int32_t)context);
    struct pg_request requests[REQUESTS] = {{&statement, &params}};
    struct pg_rows rows[REQUESTS];
    size_t request_count = 1;
    if (ranking->chunked)
        requests[request_count++] = (struct pg_request){&passages, &passage_params};
    requests[request_count++] = (struct pg_request){&pg_end, NULL};
    enum grove_code code = pg_pipeline(ranking->conn, arena, requests, request_count, rows, error);
    if (code == GROVE_OK)
        code = result_take_rows(result, &rows[ROWS], (size_t)rows[ROWS].count,
                                ranking->items + first, count, error);
    if (code == GROVE_OK && ranking->chunked)
        code = result_take_passages(result, &rows[PASSAGES],
                                    ranking->documents ? ranking->documents + first : NULL, error);
    result_stage(result, "hydrate", (int64_t)count);
    return code == GROVE_OK ? INJECT(SEARCH_HYDRATED, error) : code;
}
