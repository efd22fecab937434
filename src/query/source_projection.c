// SPDX-License-Identifier: Apache-2.0
//
// The engine's hits and the rows of the outbox. The engine's score of a point is its cosine up to
// rounding (SCORE_TOLERANCE), and it shows points in the order of its scores. So one that it has
// not shown scores at most as much as the last one shown, where it compared all points or its walk
// met all that matter. Whether it did is not this file's to judge.
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/inject.h"
#include "catalog/assets.h"
#include "query/scorer.h"
#include "query/source.h"

enum {
    PENDING_MAX = 4096, // outbox rows compared in one query
};
static const double SCORE_TOLERANCE = 1e-5;

// $1 to $10 of score.sql
enum { SCORE_PARAMS = PREDICATE_PARAMS + 3 };

// The engine's time is over, and not the search's: it is the engine that was slow.
static enum grove_code blame_engine(const struct run *run, enum grove_code code,
                                    struct grove_error *error)
{
    struct grove_error over;
    if (code != GROVE_TIMEOUT || error->origin != GROVE_ORIGIN_GROVE)
        return code;
    if (call_check(run->call, &over) != GROVE_OK) {
        *error = over; // in the search's own words
        return over.code;
    }
    error_set(error, GROVE_TIMEOUT,
              "the vector engine took longer than the %g s that a search gives it",
              run->engine_call.limit_ms / 1000.0);
    error_hint(error, "see with \"grove status\" what it does");
    error->origin = GROVE_ORIGIN_QDRANT;
    return GROVE_TIMEOUT;
}

static enum grove_code ask_engine(struct source *source, struct run *run, struct grove_error *error)
{
    const struct plan *plan = &run->plan;
    CHECK(plan->method != PLAN_RELATIONAL);
    CHECK(source->reach >= run->request->best_max);
    struct vector_filter filter = predicate_for_engine(run->predicate);
    source->exact = plan->method == PLAN_EXACT;
    struct vector_query query = {
        .vector = run->query_f32,
        .filter = &filter,
        .limit = source->reach,
        .exact = source->exact,
    };
    if (!source->exact) {
        query.hnsw_ef = source->reach > plan->ef ? (unsigned)source->reach : plan->ef;
        query.name_graph = plan->graph != NULL;
        if (plan->graph) {
            query.also_ids = run->before.examination.unreached;
            query.also_count = run->before.examination.unreached_count;
        }
    }
    enum grove_code code = vector_search(run->store->engine, &run->engine_call, &query, run->arena,
                                         &source->hits, error);
    if (code != GROVE_OK)
        code = blame_engine(run, code, error);
    if (code == GROVE_OK)
        result_stage(run->result, source->exact ? "vectors, all" : "vectors",
                     (int64_t)source->hits.count);
    return code == GROVE_OK ? INJECT(SEARCH_HITS, error) : code;
}

static enum grove_code hit_ids(const struct source *source, struct run *run, int32_t **ret,
                               struct grove_error *error)
{
    size_t count = source->hits.count;
    int32_t *ids = arena_alloc_array(run->arena, count, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "candidates");
    for (size_t i = 0; i < count; i++)
        ids[i] = source->hits.items[i].content_id;
    *ret = ids;
    return GROVE_OK;
}

void source_add_score_params(struct run *run, const int32_t *ids, size_t count,
                             struct pg_params *params)
{
    predicate_add_params(run->predicate, run->arena, params);
    pg_add_text(params, text_of(embed_model_id(run->precision)));
    pg_add_int4_array(params, run->arena, ids, count);
    pg_add_int4(params, PENDING_MAX + 1);
    CHECK(params->count == SCORE_PARAMS);
}

// The moment, whether the path still leads where it led, and the rows, in one round trip.
static enum grove_code read_candidates(struct source *source, struct run *run, const int32_t *ids,
                                       struct pg_rows *ret_rows, struct grove_error *error)
{
    enum { MOMENT, SCORE, LEAVES };
    struct pg_statement moment = moment_statement();
    struct pg_statement score = {"score.sql", query_sql("score.sql")};
    struct pg_statement leaves = {"same_leaves.sql", query_sql("same_leaves.sql")};
    struct pg_params params[3] = {0};
    struct pg_rows rows[3] = {0};
    moment_add_params(&params[MOMENT], run->store->collection,
                      run->before.examination.examined_at_us);
    source_add_score_params(run, ids, source->hits.count, &params[SCORE]);
    if (run->predicate->has_path)
        predicate_add_same_leaves(run->predicate, run->arena, &params[LEAVES]);
    const struct pg_request requests[] = {
        {&moment, &params[MOMENT]}, {&score, &params[SCORE]}, {&leaves, &params[LEAVES]}};
    size_t count = run->predicate->has_path ? 3 : 2;
    enum grove_code code =
        pg_pipeline(run->ranking->conn, run->arena, requests, count, rows, error);
    if (code == GROVE_OK)
        code = moment_take(&run->now, &rows[MOMENT], run->arena, error);
    source->path_moved =
        code == GROVE_OK && run->predicate->has_path && !pg_bool(&rows[LEAVES], 0, 0);
    *ret_rows = rows[SCORE];
    return code;
}

static int compare_ids(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

// How many of the rows are hits: the others wait in the outbox only.
static size_t count_shown(int32_t *ids, size_t count, const struct pg_rows *rows)
{
    size_t found = 0;
    qsort(ids, count, sizeof *ids, compare_ids);
    for (int r = 0; r < rows->count; r++) {
        int32_t id = pg_int4(rows, r, 0);
        found += bsearch(&id, ids, count, sizeof *ids, compare_ids) != NULL;
    }
    CHECK(found <= count);
    return found;
}

static enum grove_code score_candidates(struct source *source, struct run *run,
                                        struct grove_error *error)
{
    int32_t *ids = NULL;
    struct pg_rows rows;
    enum grove_code code = hit_ids(source, run, &ids, error);
    if (code == GROVE_OK)
        code = read_candidates(source, run, ids, &rows, error);
    if (code == GROVE_OK)
        code = scorer_add(run, &rows, error);
    if (code != GROVE_OK)
        return code;
    size_t shown = source->hits.count;
    source->matched = (size_t)rows.count;
    run->result->explain.dropped += (int64_t)(shown - count_shown(ids, shown, &rows));
    bool all = source->exact && source->hits.shown < source->reach;
    source->bound = all         ? -INFINITY // it has shown all there are
                    : shown > 0 ? (double)source->hits.items[shown - 1].score + SCORE_TOLERANCE
                                : INFINITY;
    if (run->result->explain.pending > PENDING_MAX)
        result_incomplete(run->result,
                          "more than %d matching rows wait to be projected; run \"grove sync\"",
                          PENDING_MAX);
    run->result->explain.listed =
        source->exact ? 0 : (int64_t)run->before.examination.unreached_count;
    result_stage(run->result, "score", rows.count);
    return INJECT(SEARCH_SCORED, error);
}

const struct source_operations source_projection = {"push-down", ask_engine, score_candidates};
