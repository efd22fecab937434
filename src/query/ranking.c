// SPDX-License-Identifier: Apache-2.0
//
// How the best k are found.
//
//     query vector
//        │
//     pending:  outbox rows that satisfy the predicate (before the engine is asked, so that a row
//        │      projected meanwhile is in one of the two)
//     vectors:  the engine's best `reach` under the same predicate
//        │
//     score:    both together, in one snapshot: rows that are gone or do not satisfy the
//        │      predicate drop out, all others are compared exactly
//     enough?   k rows, none worse than what the engine has not shown — or the engine has shown
//        │      all: done. Otherwise reach further and ask again.
//        ▼
//     best k
//
// Why nothing is missed: a row outside the outbox is in the engine as it is in PostgreSQL, so its
// engine score is its exact one up to rounding (SCORE_TOLERANCE). The engine shows rows in the
// order of its scores; a row it has not shown scores at most as high as the last one shown. The
// engine's approximation is bounded by the recall floors of the benchmark; `exact` asks it for
// none.
//
// Without the engine (it is down, or asked not to be used) all rows that satisfy the predicate
// are compared, up to RELATIONAL_ROWS_MAX.
#include "query/ranking.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/inject.h"
#include "catalog/assets.h"
#include "query/cosine.h"

static_assert((int)EMBED_DIMENSION == (int)VECTOR_DIMENSION, "one size of vectors");
static_assert((int)EMBED_DIMENSION == GROVE_DIMENSION, "users give vectors of that size");

enum {
    REACH_SLACK = 8, // beyond k, for rows that dropped out since
    REACH_MAX = 32768,
    ROUNDS_MAX = 6,
    HNSW_EF_MIN = 128,
    PENDING_MAX = 4096,    // outbox rows compared in one query
    INLINE_EMBED_MAX = 16, // texts embedded in one query
    PART_ROWS = 2000,      // of a relational ranking
    RELATIONAL_ROWS_MAX = 50000,
};
static const double SCORE_TOLERANCE = 1e-5;

static_assert(GROVE_DEPTH_MAX + REACH_SLACK <= REACH_MAX, "the first round reaches far enough");
static_assert(GROVE_DEPTH_MAX <= RELATIONAL_ROWS_MAX, "PostgreSQL can compare all that are wanted");
static_assert(RELATIONAL_ROWS_MAX % PART_ROWS == 0, "the last part does not go beyond the most");
static_assert((int)GROVE_LIMIT_MAX <= (int)GROVE_DEPTH_MAX, "a page is no longer than a ranking");

// $1 to $9 of score.sql
enum { SCORE_PARAMS = PREDICATE_PARAMS + 2, SCORE_COLUMNS = 4 };

struct run {
    struct store *store;
    const struct ranking_request *request;
    struct predicate *predicate;
    struct result *result;
    struct arena *arena;
    struct ranking *ranking;
    double query[EMBED_DIMENSION]; // of length 1
    float query_f32[EMBED_DIMENSION];
    int32_t *pending;
    size_t pending_count;
    enum embed_precision precision; // of the vectors compared
    size_t unembedded;              // rows without a vector that were left out
    size_t scored;                  // rows compared in this round
};

// --- the query's vector -------------------------------------------------------------------------

static enum grove_code normalise(struct run *run, struct grove_error *error)
{
    double sum = 0;
    for (size_t i = 0; i < EMBED_DIMENSION; i++) {
        double x = (double)run->query_f32[i];
        if (!isfinite(x))
            return error_set(error, GROVE_INVALID, "number %zu of the query vector is not finite",
                             i + 1);
        sum += x * x;
    }
    if (sum == 0)
        return error_set(error, GROVE_INVALID,
                         "the query vector is all zeros: nothing is similar to it");
    double scale = 1 / sqrt(sum);
    CHECK(isfinite(scale)); // squares of floats neither vanish nor run over in double precision
    for (size_t i = 0; i < EMBED_DIMENSION; i++) {
        run->query[i] = (double)run->query_f32[i] * scale;
        run->query_f32[i] = (float)run->query[i];
    }
    return GROVE_OK;
}

static enum grove_code embed_query(struct run *run, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    CHECK(run->result->explain.stage_count == 0);
    if (!run->request->text) {
        if (!run->request->vector)
            return error_set(error, GROVE_INVALID, "neither a text nor a vector to search for");
        memcpy(run->query_f32, run->request->vector, sizeof run->query_f32);
    } else {
        struct text text = text_of(run->request->text);
        if (text_trim(text).length == 0) {
            error_set(error, GROVE_INVALID, "the text to search for is empty");
            error_hint(error, "say what to look for: \"how suffering ends\"; browse lists all");
            return GROVE_INVALID;
        }
        if (text_utf8_error(text) < text.length)
            return error_set(error, GROVE_INVALID,
                             "the text to search for is not UTF-8 at byte %zu",
                             text_utf8_error(text));
        code = store_embed_query(run->store, run->precision, text, run->query_f32, error);
    }
    if (code == GROVE_OK)
        code = normalise(run, error);
    result_stage(run->result, "embed", 1);
    return code;
}

// --- comparing ----------------------------------------------------------------------------------

static double cosine(const double *query, const float *vector)
{
    double dot = 0, sum = 0;
    for (size_t i = 0; i < EMBED_DIMENSION; i++) {
        double x = (double)vector[i];
        dot += query[i] * x;
        sum += x * x;
    }
    double score = sum > 0 ? dot / sqrt(sum) : 0;
    CHECK(isnan(score) || fabs(score) <= COSINE_MAX); // whatever numbers somebody wrote there
    return score;
}

static int compare_best_first(const void *a, const void *b)
{
    const struct result_score *x = a, *y = b;
    DCHECK(!isnan(x->score));
    DCHECK(!isnan(y->score));
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->content_id > y->content_id) - (x->content_id < y->content_id);
}

// Embeds the texts of rows that have no current vector, as many as one query may.
static enum grove_code score_texts(struct run *run, const struct pg_rows *rows,
                                   struct result_score *items, size_t *count,
                                   struct grove_error *error)
{
    struct text texts[INLINE_EMBED_MAX];
    int32_t ids[INLINE_EMBED_MAX];
    size_t text_count = 0;
    for (int r = 0; r < rows->count; r++) {
        if (!pg_is_null(rows, r, 1))
            continue;
        if (text_count == INLINE_EMBED_MAX) {
            run->unembedded++;
            continue;
        }
        ids[text_count] = pg_int4(rows, r, 0);
        texts[text_count++] = pg_text(rows, r, 2);
    }
    CHECK(text_count <= INLINE_EMBED_MAX);
    if (text_count == 0)
        return GROVE_OK;
    struct embedder *embedder;
    float *vectors = arena_alloc_array(run->arena, text_count, EMBED_DIMENSION * sizeof(float));
    if (!vectors)
        return error_no_memory(error, "embeddings");
    enum grove_code code = store_embedder(run->store, run->precision, &embedder, error);
    if (code == GROVE_OK)
        code = embedder_embed(embedder, texts, text_count, vectors, &run->store->cancelled, error);
    if (code != GROVE_OK)
        return code;
    for (size_t i = 0; i < text_count; i++)
        items[(*count)++] =
            (struct result_score){ids[i], cosine(run->query, vectors + i * EMBED_DIMENSION)};
    return GROVE_OK;
}

// Appends the scores of a statement's rows to items, which has room for them.
static enum grove_code score_rows(struct run *run, const struct pg_rows *rows,
                                  struct result_score *items, size_t *count,
                                  struct grove_error *error)
{
    CHECK(rows->columns == SCORE_COLUMNS);
    for (int r = 0; r < rows->count; r++) {
        run->result->explain.pending += pg_bool(rows, r, 3);
        if (pg_is_null(rows, r, 1))
            continue;
        struct text bytes = pg_bytea(rows, r, 1);
        CHECK(bytes.length == EMBED_DIMENSION * sizeof(float));
        // Values of a result are aligned for any type: libpq promises it for binary columns.
        double score = cosine(run->query, (const float *)(const void *)bytes.data);
        if (isfinite(score))
            items[(*count)++] = (struct result_score){pg_int4(rows, r, 0), score};
        else
            run->unembedded++; // somebody wrote numbers there that are none
    }
    return score_texts(run, rows, items, count, error);
}

static void keep_best(struct run *run, struct result_score *items, size_t count)
{
    CHECK(run->request->best_max > 0);
    qsort(items, count, sizeof *items, compare_best_first);
    run->ranking->items = items;
    run->ranking->more = count > run->request->best_max;
    run->ranking->count = run->ranking->more ? run->request->best_max : count;
    CHECK(run->ranking->count <= run->request->best_max);
}

// --- push-down ----------------------------------------------------------------------------------

static enum grove_code read_pending(struct run *run, struct pg_conn *conn,
                                    struct grove_error *error)
{
    CHECK(!run->pending); // once, before the engine is asked
    struct pg_statement statement = {"pending.sql", query_sql("pending.sql")};
    struct pg_params params = {0};
    predicate_add_params(run->predicate, run->arena, &params);
    pg_add_int4(&params, PENDING_MAX + 1);
    struct pg_rows rows;
    enum grove_code code = pg_query(conn, run->arena, &statement, &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count <= PENDING_MAX + 1);
    if (rows.count > PENDING_MAX)
        result_incomplete(run->result,
                          "more than %d matching rows wait to be projected; run "
                          "\"grove sync\"",
                          PENDING_MAX);
    run->pending_count = rows.count > PENDING_MAX ? PENDING_MAX : (size_t)rows.count;
    run->pending = arena_alloc_array(run->arena, run->pending_count, sizeof *run->pending);
    if (!run->pending)
        return error_no_memory(error, "pending rows");
    for (size_t i = 0; i < run->pending_count; i++)
        run->pending[i] = pg_int4(&rows, (int)i, 0);
    result_stage(run->result, "pending", (int64_t)run->pending_count);
    return GROVE_OK;
}

static int compare_ids(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

// The engine's hits and the pending rows, each id once.
static int32_t *union_ids(struct run *run, const struct vector_hits *hits, size_t *ret_count)
{
    size_t count = 0;
    int32_t *ids = arena_alloc_array(run->arena, hits->count + run->pending_count, sizeof *ids);
    if (!ids)
        return NULL;
    for (size_t i = 0; i < hits->count; i++)
        ids[count++] = hits->items[i].content_id;
    for (size_t i = 0; i < run->pending_count; i++)
        ids[count++] = run->pending[i];
    qsort(ids, count, sizeof *ids, compare_ids);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || ids[i] != ids[i - 1])
            ids[kept++] = ids[i];
    CHECK(kept <= count);
    CHECK(kept > 0 || count == 0);
    *ret_count = kept;
    return ids;
}

static void add_score_params(struct run *run, const int32_t *ids, size_t count,
                             struct pg_params *params)
{
    predicate_add_params(run->predicate, run->arena, params);
    pg_add_text(params, text_of(embed_model_id(run->precision)));
    pg_add_int4_array(params, run->arena, ids, count);
    CHECK(params->count == SCORE_PARAMS);
}

// One snapshot: what it shows is what the result says.
static enum grove_code begin_snapshot(struct run *run, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (!run->ranking->conn)
        code = pg_take(run->store->pool, &run->ranking->conn, error);
    else
        pg_rollback(run->ranking->conn);
    return code == GROVE_OK ? pg_begin_snapshot(run->ranking->conn, error) : code;
}

static enum grove_code score_candidates(struct run *run, const struct vector_hits *hits,
                                        struct grove_error *error)
{
    size_t id_count;
    int32_t *ids = union_ids(run, hits, &id_count);
    if (!ids)
        return error_no_memory(error, "candidates");
    enum grove_code code = begin_snapshot(run, error);
    if (code != GROVE_OK)
        return code;
    struct pg_statement statement = {"score.sql", query_sql("score.sql")};
    struct pg_params params = {0};
    add_score_params(run, ids, id_count, &params);
    struct pg_rows rows;
    code = pg_query(run->ranking->conn, run->arena, &statement, &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    struct result_score *items = arena_alloc_array(run->arena, (size_t)rows.count, sizeof *items);
    if (!items)
        return error_no_memory(error, "candidates");
    CHECK((size_t)rows.count <= id_count);
    size_t count = 0;
    run->unembedded = 0;
    run->result->explain.pending = 0;
    code = score_rows(run, &rows, items, &count, error);
    if (code != GROVE_OK)
        return code;
    CHECK(count + run->unembedded == (size_t)rows.count); // each was compared or told of
    CHECK(run->result->explain.pending <= rows.count);
    run->result->explain.candidates += (int64_t)id_count;
    run->result->explain.dropped += (int64_t)id_count - rows.count;
    run->scored = (size_t)rows.count;
    keep_best(run, items, count);
    result_stage(run->result, "score", rows.count);
    return GROVE_OK;
}

// Whether no row that the engine has not shown can belong to the best.
static bool is_settled(const struct run *run, const struct vector_hits *hits, size_t reach)
{
    CHECK(reach >= run->request->best_max);
    CHECK(run->ranking->count <= run->request->best_max);
    if (hits->count < reach)
        return true; // it has shown all
    if (run->ranking->count < run->request->best_max)
        return false;
    double last_shown = (double)hits->items[hits->count - 1].score;
    return run->ranking->items[run->ranking->count - 1].score >= last_shown - SCORE_TOLERANCE;
}

// A walk over the engine's graph may come to an end before it has met all rows that match. When it
// shows fewer than are wanted, the engine is asked to compare all that match: few, or with a good
// reason.
static enum grove_code ask_engine(struct run *run, size_t reach, struct vector_hits *ret,
                                  struct grove_error *error)
{
    CHECK(reach >= run->request->best_max);
    CHECK(reach <= REACH_MAX);
    CHECK(!run->ranking->conn || run->result->explain.rounds > 0); // connections are few
    struct vector_filter filter = predicate_for_engine(run->predicate);
    struct vector_query query = {
        .vector = run->query_f32,
        .filter = &filter,
        .limit = reach,
        .exact = run->request->exact,
        .hnsw_ef = (unsigned)(reach > HNSW_EF_MIN ? reach : HNSW_EF_MIN),
    };
    enum grove_code code = vector_search(run->store->engine, &query, run->arena, ret, error);
    if (code == GROVE_OK && !query.exact && ret->count < run->request->best_max) {
        query.exact = true;
        code = vector_search(run->store->engine, &query, run->arena, ret, error);
    }
    if (code == GROVE_OK)
        result_stage(run->result, "vectors", (int64_t)ret->count);
    return code;
}

static enum grove_code push_down(struct run *run, struct grove_error *error)
{
    size_t reach = run->request->best_max + REACH_SLACK;
    for (unsigned round = 1;; round++) {
        struct vector_hits hits;
        enum grove_code code = ask_engine(run, reach, &hits, error);
        if (code == GROVE_OK)
            code = INJECT(SEARCH_HITS, error);
        if (code == GROVE_OK)
            code = score_candidates(run, &hits, error);
        if (code == GROVE_OK)
            code = INJECT(SEARCH_SCORED, error);
        if (code != GROVE_OK)
            return code;
        CHECK(run->ranking->conn);
        CHECK(round <= ROUNDS_MAX);
        run->result->explain.rounds = round;
        if (is_settled(run, &hits, reach)) {
            run->ranking->more = run->ranking->more || hits.count == reach;
            return GROVE_OK;
        }
        if (round == ROUNDS_MAX || reach == REACH_MAX) {
            result_incomplete(run->result,
                              "the vector engine lags so far behind that %u rounds "
                              "did not settle the best rows; run \"grove sync\"",
                              round);
            return GROVE_OK;
        }
        reach = reach * 4 < REACH_MAX ? reach * 4 : REACH_MAX;
    }
}

// --- relational ---------------------------------------------------------------------------------

// Merges a part's scores into the best so far; both lie in `best`, which has room for them.
static size_t shrink_to_best(struct run *run, struct result_score *best, size_t count)
{
    CHECK(count <= run->request->best_max + PART_ROWS);
    qsort(best, count, sizeof *best, compare_best_first);
    if (count <= run->request->best_max)
        return count;
    run->ranking->more = true;
    return run->request->best_max;
}

static enum grove_code score_part(struct run *run, struct arena *part, int32_t *after,
                                  struct result_score *best, size_t *count, int *ret_rows,
                                  struct grove_error *error)
{
    struct pg_statement statement = {"score_all.sql", query_sql("score_all.sql")};
    struct pg_params params = {0};
    predicate_add_params(run->predicate, part, &params);
    pg_add_text(&params, text_of(embed_model_id(run->precision)));
    pg_add_int4(&params, *after);
    pg_add_int4(&params, PART_ROWS);
    struct pg_rows rows;
    enum grove_code code = pg_query(run->ranking->conn, part, &statement, &params, &rows, error);
    size_t before = *count, unembedded = run->unembedded;
    if (code == GROVE_OK)
        code = score_rows(run, &rows, best, count, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count <= PART_ROWS);
    CHECK(*count - before + run->unembedded - unembedded == (size_t)rows.count);
    CHECK(rows.count == 0 || pg_int4(&rows, rows.count - 1, 0) > *after); // else it never ends
    if (rows.count > 0)
        *after = pg_int4(&rows, rows.count - 1, 0);
    *ret_rows = rows.count;
    return GROVE_OK;
}

static enum grove_code relational(struct run *run, struct grove_error *error)
{
    size_t room = run->request->best_max + PART_ROWS;
    struct result_score *best = arena_alloc_array(run->arena, room, sizeof *best);
    if (!best)
        return error_no_memory(error, "candidates");
    enum grove_code code = begin_snapshot(run, error);
    struct arena part;
    arena_init(&part, RESULT_BYTES_MAX);
    size_t count = 0, seen = 0;
    run->unembedded = 0;
    run->ranking->more = false;
    run->result->explain.pending = 0;
    int32_t after = -1;
    for (int rows = PART_ROWS; code == GROVE_OK && rows == PART_ROWS;) {
        if (seen >= RELATIONAL_ROWS_MAX) {
            result_incomplete(run->result, "only the first %d matching rows were compared, by id",
                              RELATIONAL_ROWS_MAX);
            break;
        }
        arena_clear(&part);
        CHECK(count + PART_ROWS <= room);
        code = score_part(run, &part, &after, best, &count, &rows, error);
        seen += code == GROVE_OK ? (size_t)rows : 0;
        count = shrink_to_best(run, best, count);
        CHECK(count <= run->request->best_max);
    }
    CHECK(seen <= RELATIONAL_ROWS_MAX);
    arena_release(&part);
    run->ranking->items = best;
    run->ranking->count = count;
    run->scored = seen;
    run->result->explain.candidates += (int64_t)seen;
    run->result->explain.rounds = 1;
    result_stage(run->result, "score", (int64_t)seen);
    return code;
}

// --- choosing -----------------------------------------------------------------------------------

// Failures of the engine for which PostgreSQL can stand in.
static bool engine_is_out(enum grove_code code)
{
    CHECK(code != GROVE_OK);
    return code == GROVE_UNAVAILABLE || code == GROVE_TIMEOUT || code == GROVE_NOT_FOUND ||
           code == GROVE_ENGINE || code == GROVE_IO;
}

// *ret_pending: those of them that wait in the outbox.
static enum grove_code count_matching(struct run *run, int64_t *ret_matching, int64_t *ret_pending,
                                      struct grove_error *error)
{
    CHECK(run->ranking->conn); // in the snapshot of the rows
    struct pg_statement statement = {"matching.sql", query_sql("matching.sql")};
    struct pg_params params = {0};
    predicate_add_params(run->predicate, run->arena, &params);
    struct pg_rows rows;
    enum grove_code code =
        pg_query(run->ranking->conn, run->arena, &statement, &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == 1);
    *ret_matching = pg_int8(&rows, 0, 0);
    *ret_pending = pg_int8(&rows, 0, 1);
    CHECK(*ret_pending >= 0);
    CHECK(*ret_matching >= *ret_pending);
    return GROVE_OK;
}

// Fewer than were wanted must be all there are. Where PostgreSQL, in the same snapshot, has more
// that match and wait for nothing, the engine has lost points: a restored backup, a folder that was
// removed. Those that wait came in after the pending rows were read, which is nobody's fault.
static enum grove_code check_shortage(struct run *run, struct grove_error *error)
{
    struct grove_explain *explain = &run->result->explain;
    int64_t matching, pending, known = (int64_t)(run->ranking->count + run->unembedded);
    CHECK(run->request->strategy != GROVE_STRATEGY_RELATIONAL);
    if (run->ranking->count >= run->request->best_max)
        return GROVE_OK;
    enum grove_code code = count_matching(run, &matching, &pending, error);
    if (code != GROVE_OK || matching <= known)
        return code;
    int64_t lost = (matching - pending) - (known - explain->pending);
    if (run->request->strategy == GROVE_STRATEGY_PUSH_DOWN) {
        result_incomplete(run->result,
                          lost > 0
                              ? "the vector engine lacks %lld matching rows; run \"grove sync\""
                              : "%lld matching rows came while the vector engine was asked",
                          (long long)(lost > 0 ? lost : matching - known));
        return GROVE_OK;
    }
    explain->strategy = "relational";
    explain->reason = "rows that match came while the vector engine was asked";
    if (lost > 0) {
        result_degraded(run->result, "the vector engine lacks %lld matching %s; run \"grove sync\"",
                        (long long)lost, lost == 1 ? "row" : "rows");
        explain->reason = run->result->view.degraded_reason;
    }
    return relational(run, error);
}

// Whoever projects first makes the collection. Where none is there and every row that matches
// waits in the outbox, the engine lacks nothing.
static enum grove_code stand_in(struct run *run, const struct grove_error *failure,
                                struct grove_error *error)
{
    struct grove_explain *explain = &run->result->explain;
    CHECK(failure->code != GROVE_OK);
    CHECK(run->request->strategy != GROVE_STRATEGY_PUSH_DOWN);
    bool no_collection = failure->code == GROVE_NOT_FOUND && failure->http_status == 404;
    explain->strategy = "relational";
    explain->reason = "nothing that matches was projected yet";
    enum grove_code code = relational(run, error);
    if (code != GROVE_OK || (no_collection && explain->pending == (int64_t)run->scored))
        return code;
    if (no_collection)
        result_degraded(run->result, "the vector engine has no collection; run \"grove sync\", "
                                     "which makes and fills it");
    else
        result_degraded(run->result, "%s%s%s; %s", failure->message, failure->detail[0] ? ": " : "",
                        failure->detail, failure->hint[0] ? failure->hint : "see \"grove status\"");
    explain->reason = run->result->view.degraded_reason;
    return GROVE_OK;
}

static enum grove_code choose_and_run(struct run *run, struct grove_error *error)
{
    struct grove_explain *explain = &run->result->explain;
    if (run->request->strategy == GROVE_STRATEGY_RELATIONAL) {
        explain->strategy = "relational";
        explain->reason = "asked for";
        return relational(run, error);
    }
    explain->strategy = "push-down";
    explain->reason = run->request->strategy == GROVE_STRATEGY_PUSH_DOWN
                          ? "asked for"
                          : "the vector engine has an index on every filtered field";
    struct grove_error engine_error;
    enum grove_code code = push_down(run, &engine_error);
    if (code == GROVE_OK)
        return check_shortage(run, error);
    CHECK(engine_error.code == code);
    bool fault_of_engine = engine_is_out(code) && engine_error.origin != GROVE_ORIGIN_POSTGRES;
    if (!fault_of_engine || run->request->strategy == GROVE_STRATEGY_PUSH_DOWN) {
        *error = engine_error;
        return code;
    }
    return stand_in(run, &engine_error, error);
}

static enum grove_code add_explanation(struct run *run, struct grove_error *error)
{
    struct pg_params plan_params = {0};
    CHECK(run->result->explain.strategy);
    CHECK(run->result->explain.reason);
    int64_t pending;
    enum grove_code code =
        count_matching(run, &run->result->explain.rows_matching, &pending, error);
    if (code != GROVE_OK)
        return code;
    int32_t *ids = arena_alloc_array(run->arena, run->ranking->count, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "a plan");
    for (size_t i = 0; i < run->ranking->count; i++)
        ids[i] = run->ranking->items[i].content_id;
    add_score_params(run, ids, run->ranking->count, &plan_params);
    return result_add_plan(run->result, run->ranking->conn, "score.sql", &plan_params, error);
}

enum grove_code ranking_run(struct store *store, const struct ranking_request *request,
                            struct predicate *predicate, struct result *result, struct arena *arena,
                            struct ranking *ret, struct grove_error *error)
{
    CHECK(request->best_max > 0);
    CHECK(request->best_max <= GROVE_DEPTH_MAX);
    *ret = (struct ranking){.best_max = request->best_max};
    struct run run = {.store = store,
                      .request = request,
                      .predicate = predicate,
                      .result = result,
                      .arena = arena,
                      .ranking = ret};
    enum grove_code code = store_refresh_model(store, error);
    run.precision = store_precision(store);
    if (code == GROVE_OK)
        code = embed_query(&run, error);
    if (code == GROVE_OK)
        code = INJECT(SEARCH_EMBEDDED, error);
    struct pg_conn *conn = NULL;
    if (code == GROVE_OK)
        code = pg_take(store->pool, &conn, error);
    if (code == GROVE_OK)
        code = predicate_resolve(predicate, conn, arena, error);
    if (code == GROVE_OK)
        code = INJECT(SEARCH_RESOLVED, error);
    if (code == GROVE_OK && request->strategy != GROVE_STRATEGY_RELATIONAL)
        code = read_pending(&run, conn, error);
    // Not kept while the engine works: connections are few.
    pg_give(&conn);
    if (code == GROVE_OK)
        code = INJECT(SEARCH_PENDING, error);
    if (code == GROVE_OK)
        code = choose_and_run(&run, error);
    if (code == GROVE_OK)
        code = INJECT(SEARCH_RANKED, error);
    if (code == GROVE_OK && run.unembedded > 0)
        result_incomplete(result, "%zu matching rows have no usable vector yet; run \"grove sync\"",
                          run.unembedded);
    if (code == GROVE_OK && request->explain) {
        code = add_explanation(&run, error);
        result_stage(result, "explain", (int64_t)ret->count); // asked for by --explain only
    }
    if (code != GROVE_OK)
        pg_give(&ret->conn);
    CHECK((code == GROVE_OK) == (ret->conn != NULL));
    DCHECK(code != GROVE_OK || ranking_check(ret) == NULL);
    return code;
}

enum grove_code ranking_hydrate(const struct ranking *ranking, size_t first, size_t count,
                                struct result *result, struct arena *arena,
                                struct grove_error *error)
{
    CHECK(ranking->conn);
    CHECK(first <= ranking->count);
    CHECK(count <= ranking->count - first);
    int32_t *ids = arena_alloc_array(arena, count, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "a result");
    for (size_t i = 0; i < count; i++)
        ids[i] = ranking->items[first + i].content_id;
    struct pg_statement statement = {"hydrate.sql", query_sql("hydrate.sql")};
    struct pg_params params = {0};
    pg_add_int4_array(&params, arena, ids, count);
    struct pg_rows rows;
    enum grove_code code = pg_query(ranking->conn, arena, &statement, &params, &rows, error);
    if (code == GROVE_OK)
        code = result_take_hydrated(result, &rows, ranking->items + first, count, error);
    result_stage(result, "hydrate", (int64_t)count);
    return code == GROVE_OK ? INJECT(SEARCH_HYDRATED, error) : code;
}
