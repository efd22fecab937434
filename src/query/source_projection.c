// SPDX-License-Identifier: Apache-2.0
//
// The engine's hits and the rows of the outbox. The engine's score of a point is its cosine up to
// rounding (SOURCE_SCORE_TOLERANCE), and it shows points in the order of its scores. So one that
// it has not shown scores at most as much as the last one shown, where it compared all points or
// its walk met all that matter. Whether it did is not this file's to judge.
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/inject.h"
#include "catalog/assets.h"
#include "query/freshness.h"
#include "query/listed.h"
#include "query/scorer.h"
#include "query/source.h"
#include "query/waiting.h"

enum {
    PENDING_MAX = 4096,  // outbox rows compared in one query
    PORTION_HITS = 2048, // hits compared at a time
};

// $1 to $9 of score.sql, score_pending.sql and score_pending_in.sql
enum { SCORE_PARAMS = PREDICATE_PARAMS + 2 };

// Of a row: the vector, and what libpq adds to it.
static_assert((PENDING_MAX + 1 + PORTION_HITS) * (EMBED_DIMENSION * 4 + 160) <
                  SOURCE_PART_BYTES_MAX,
              "what is compared at a time has a bound");

static enum grove_code ask_engine(struct candidate_source *source, struct run *run,
                                  struct grove_error *error)
{
    const struct plan *plan = &run->plan;
    CHECK(plan->method != PLAN_RELATIONAL);
    CHECK(source->reach >= run->request->best_max);
    static const struct vector_filter any = VECTOR_FILTER_ANY;
    source->exact = run->exactly || plan->method == PLAN_EXACT;
    bool through_all = plan->through_all && !source->exact;
    struct vector_filter filter = through_all ? any : predicate_for_engine(run->predicate);
    struct vector_query query = {
        .vector = run->query_f32,
        .filter = &filter,
        .limit = source->reach,
        .exact = source->exact,
        .many = run->result->explain.rows_estimated > vector_exact_points(),
    };
    if (!source->exact) {
        query.hnsw_ef = source->reach > plan->ef ? (unsigned)source->reach : plan->ef;
        query.name_graph = plan->graph[0] != '\0';
        if (plan->graph[0])
            listed_for_engine(run, &query);
    }
    enum grove_code code = vector_search(run->store->engine, &run->engine_call, &query, run->arena,
                                         &source->hits, error);
    if (code == GROVE_OK && !source->exact && plan->graph[0])
        code = listed_add(run, source->reach, &source->hits, error);
    if (code == GROVE_OK)
        result_stage(run->result, source->exact ? "vectors, all" : "vectors",
                     (int64_t)source->hits.count);
    return code == GROVE_OK ? INJECT(SEARCH_HITS, error) : code;
}

static int compare_ids(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

// Each once, whatever the engine shows twice.
static enum grove_code hit_ids(const struct candidate_source *source, struct run *run,
                               int32_t **ret, size_t *ret_count, struct grove_error *error)
{
    size_t count = source->hits.count, kept = 0;
    int32_t *ids = arena_alloc_array(run->arena, count, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "candidates");
    for (size_t i = 0; i < count; i++)
        ids[i] = source->hits.items[i].content_id;
    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    *ret = ids;
    *ret_count = kept;
    return GROVE_OK;
}

void source_add_score_params(const struct predicate *predicate, enum embed_precision precision,
                             const int32_t *ids, size_t count, struct arena *arena,
                             struct pg_params *params)
{
    predicate_add_params(predicate, arena, params);
    pg_add_text(params, text_of(embed_model_id(precision)));
    pg_add_int4_array(params, arena, ids, count);
    CHECK(params->count == SCORE_PARAMS);
}

void source_add_hit_params(struct run *run, const int32_t *ids, size_t count, struct arena *arena,
                           struct pg_params *params)
{
    source_add_score_params(run->predicate, run->precision, ids, count, arena, params);
}

const char *source_pending_file(const struct run *run)
{
    return freshness_is_fast(run)   ? "waiting_few.sql"
           : run->plan.among_places ? "score_pending_in.sql"
           : run->by_list           ? "waiting_rows.sql"
                                    : "score_pending.sql";
}

void source_add_pending_params(struct run *run, struct arena *arena, struct pg_params *params)
{
    if (freshness_is_fast(run)) {
        freshness_add_params(params);
        return;
    }
    if (run->by_list) {
        waiting_add_params(params);
        return;
    }
    predicate_add_params(run->predicate, arena, params);
    pg_add_text(params, text_of(embed_model_id(run->precision)));
    pg_add_int4(params, PENDING_MAX + 1);
    CHECK(params->count == SCORE_PARAMS);
}

// Hits that are compared at a time, and the rows that wait; in an arena of their own.
struct portion {
    struct arena arena;
    const int32_t *ids;
    size_t count;
};

static struct pg_statement pending_statement(const struct run *run)
{
    const char *file = source_pending_file(run);
    return (struct pg_statement){run->plan.among_places ? "" : file, query_sql(file)};
}

// The rows that wait, in the open snapshot, where they were not read along with the moment.
static enum grove_code read_pending(struct run *run, struct portion *portion, struct pg_rows *ret,
                                    struct grove_error *error)
{
    struct pg_statement pending = pending_statement(run);
    struct pg_params params = {0};
    source_add_pending_params(run, &portion->arena, &params);
    return pg_query(run->ranking->conn, &portion->arena, &pending, &params, ret, error);
}

// The moment, the first hits, the rows that wait, and whether the path still leads where it led, in
// one round trip. An outbox without a page has no rows: of one that had none before the engine was
// asked they are read only where the moment says that it has some now. Of a long one they are
// listed; a fast search counts them.
static enum grove_code read_first(struct candidate_source *source, struct run *run,
                                  struct portion *portion, struct pg_rows *ret_pending,
                                  struct pg_rows *ret_hits, struct grove_error *error)
{
    enum { MOMENT, HITS, PENDING, LEAVES, REQUESTS };
    struct pg_statement moment = moment_statement(), pending = pending_statement(run);
    struct pg_statement hits = {"score.sql", query_sql("score.sql")};
    struct pg_statement leaves = {"same_leaves.sql", query_sql("same_leaves.sql")};
    struct pg_params params[REQUESTS] = {0};
    struct pg_rows rows[REQUESTS] = {0};
    struct pg_request requests[REQUESTS] = {{&moment, &params[MOMENT]}, {&hits, &params[HITS]}};
    size_t count = PENDING, at[REQUESTS] = {MOMENT, HITS};
    moment_add_params(&params[MOMENT], run->store->collection,
                      run->before.examination.examined_at_us);
    source_add_hit_params(run, portion->ids, portion->count, &portion->arena, &params[HITS]);
    CHECK(run->before.outbox_bytes >= 0);
    CHECK(run->ranking->conn); // in a snapshot
    bool may_wait = run->before.outbox_bytes > 0;
    if (may_wait) {
        source_add_pending_params(run, &portion->arena, &params[PENDING]);
        requests[at[PENDING] = count++] = (struct pg_request){&pending, &params[PENDING]};
    }
    if (run->predicate->has_path) {
        predicate_add_same_leaves(run->predicate, &params[LEAVES]);
        requests[at[LEAVES] = count++] = (struct pg_request){&leaves, &params[LEAVES]};
    }
    enum grove_code code =
        pg_pipeline(run->ranking->conn, &portion->arena, requests, count, rows, error);
    if (code == GROVE_OK)
        code = moment_take(&run->now, &rows[MOMENT], run->arena, error);
    source->path_moved =
        code == GROVE_OK && run->predicate->has_path && !pg_bool(&rows[at[LEAVES]], 0, 0);
    *ret_hits = rows[HITS];
    if (may_wait)
        *ret_pending = rows[at[PENDING]];
    else if (code == GROVE_OK && run->now.outbox_bytes > 0)
        code = read_pending(run, portion, ret_pending, error);
    return code;
}

// More hits than are compared at a time.
static enum grove_code read_more(struct run *run, struct portion *portion, struct pg_rows *ret_hits,
                                 struct grove_error *error)
{
    struct pg_params params = {0};
    arena_clear(&portion->arena);
    source_add_hit_params(run, portion->ids, portion->count, &portion->arena, &params);
    return store_query_on(run->ranking->conn, &portion->arena, "score.sql", &params, ret_hits,
                          error);
}

static size_t at_most(size_t count, size_t most)
{
    return count < most ? count : most;
}

// Of a long outbox *pending is the list; it becomes the rows themselves where that is too long.
static enum grove_code take_list(struct run *run, struct portion *portion, struct waiting *waiting,
                                 struct pg_rows *pending, struct grove_error *error)
{
    enum grove_code code = waiting_read(waiting, run, pending, error);
    *pending = (struct pg_rows){0};
    if (code != GROVE_OK || !waiting->too_many)
        return code;
    run->by_list = false;
    return read_pending(run, portion, pending, error);
}

// Of rows that wait *pending becomes what is to be scored as it was read, if anything. Of more than
// may be compared the last one tells that there are more.
static enum grove_code take_pending(struct run *run, struct portion *portion,
                                    struct waiting *waiting, struct pg_rows *pending,
                                    struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (freshness_is_fast(run)) {
        freshness_take_count(run, pending);
        *pending = (struct pg_rows){0};
    } else if (run->by_list)
        code = take_list(run, portion, waiting, pending, error);
    if (code != GROVE_OK || pending->count <= PENDING_MAX)
        return code;
    CHECK(pending->count == PENDING_MAX + 1);
    run->waiting.counted = pending->count;
    run->waiting.more = true;
    pending->count = PENDING_MAX;
    return GROVE_OK;
}

// *ret_found: how many of the hits exist and satisfy the predicate. *ret_bound: no row that waits,
// and was not scored, scores more.
static enum grove_code score_portions(struct candidate_source *source, struct run *run,
                                      struct portion *portion, size_t *ret_found, double *ret_bound,
                                      struct grove_error *error)
{
    const int32_t *ids = portion->ids;
    size_t count = portion->count;
    struct pg_rows pending = {0}, hits = {0};
    struct waiting waiting = {.count = 0};
    portion->count = at_most(count, PORTION_HITS);
    run->by_list = waiting_is_listed(run) && !freshness_is_fast(run);
    enum grove_code code = read_first(source, run, portion, &pending, &hits, error);
    if (code == GROVE_OK)
        code = take_pending(run, portion, &waiting, &pending, error);
    // Where they are not all there, or not yet, one that is a hit may not be among them.
    enum scorer_waiting hits_wait = run->by_list || run->waiting.fast ? WAITING_ADDED
                                    : run->waiting.more               ? WAITING_AGAIN
                                                                      : WAITING_PASSED_OVER;
    if (code == GROVE_OK && pending.result)
        code = scorer_add(run, &pending, WAITING_ADDED, error);
    for (size_t done = 0; code == GROVE_OK;) {
        CHECK((size_t)hits.count <= portion->count);
        *ret_found += (size_t)hits.count;
        code = scorer_add(run, &hits, hits_wait, error);
        done += portion->count;
        if (code != GROVE_OK || done == count)
            break;
        code = call_check(run->call, error);
        if (code != GROVE_OK)
            break;
        portion->ids = ids + done;
        portion->count = at_most(count - done, PORTION_HITS);
        code = read_more(run, portion, &hits, error);
    }
    if (code == GROVE_OK && run->by_list)
        code = waiting_score(&waiting, ids, count, &portion->arena, ret_bound, error);
    waiting_release(&waiting);
    return code;
}

static enum grove_code score_candidates(struct candidate_source *source, struct run *run,
                                        struct grove_error *error)
{
    int32_t *ids = NULL;
    size_t count = 0, found = 0;
    double waiting_bound = -INFINITY;
    enum grove_code code = hit_ids(source, run, &ids, &count, error);
    if (code != GROVE_OK)
        return code;
    struct portion portion = {.ids = ids, .count = count};
    arena_init_counting(&portion.arena, SOURCE_PART_BYTES_MAX);
    code = score_portions(source, run, &portion, &found, &waiting_bound, error);
    arena_release(&portion.arena);
    if (code != GROVE_OK)
        return code;
    size_t shown = source->hits.count;
    source->matched = run->scored;
    if (source->exact || !run->plan.through_all)
        run->result->explain.dropped += (int64_t)(count - found);
    bool all = source->exact && source->hits.shown < source->reach;
    source->bound = all ? -INFINITY // it has shown all there are
                    : shown > 0
                        ? (double)source->hits.items[shown - 1].score + SOURCE_SCORE_TOLERANCE
                        : INFINITY;
    source->bound = fmax(source->bound, waiting_bound);
    if (!run->waiting.fast && run->waiting.more)
        result_incomplete(run->result,
                          "more than %d matching rows wait to be projected; run \"grove sync\"",
                          PENDING_MAX);
    run->result->explain.listed =
        source->exact ? 0 : (int64_t)run->before.examination.unreached_count;
    result_stage(run->result, "score", (int64_t)run->scored);
    return INJECT(SEARCH_SCORED, error);
}

const struct source_operations source_projection = {"push-down", ask_engine, score_candidates};
