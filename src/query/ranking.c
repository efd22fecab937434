// SPDX-License-Identifier: Apache-2.0
//
// The executor: asks, compares, and decides when the best k are known.
//
//     moment       how far PostgreSQL has acknowledged; the path's leaves; the plan
//        │
//     ask          the engine's best `reach` under the predicate: exactly, or by an examined graph
//        │         together with the points that this graph is known not to reach
//        ▼
//     snapshot     the moment again, the hits, and the rows of the outbox, all compared exactly;
//        │         where texts lack a vector: they are embedded after it, then the same in another
//        │
//     settled?     else reach further, ask exactly, or ask again
//        ▼
//     best k       hydrated in the same snapshot
//
// When a result may say `complete`. S is the snapshot in which rows are compared.
//
// 1. Every row of S that satisfies the predicate waits in the outbox of S, or is in the engine as
//    it is in S. A row leaves the outbox by an acknowledgment, after the engine was seen to have
//    it. Each draws from a sequence before it commits. The sequence is read before the engine is
//    asked and again in S. Equal: what S shows as acknowledged was so before the engine
//    was asked. Different: the engine is asked again.
// 2. The rows of the outbox are all compared, in S, from their own vectors, or from vectors that
//    were computed of the texts that they have in S. These were computed before S, of texts read
//    in another snapshot: a content that has the same revision in S, or a text of the same hash,
//    has the same text. What has neither is embedded, and S is a later snapshot; a few times, then
//    it is left out, and told. Where S takes the same transactions for done as the snapshot before
//    the embedding, it shows the same rows: what was compared there was compared in S.
// 3. The engine's answer leaves out no row that could be among the best k, for one of two reasons.
//    Exactly: it compared all points that match. It shows them in the order of its scores, which
//    are the cosines up to SOURCE_SCORE_TOLERANCE.
//    By graph: the graph that answered is the one that was examined (src/sync/examine.h). Every row
//    was looked up in it; those that it does not reach are in a list that is compared exactly.
//    Queries like those that it failed in the examination are known by the score of their tenth
//    hit, which lies below `plausible` (one for texts, a higher one for vectors that callers
//    supply); such a query is asked exactly. No more rows are believed than it was examined for.
//    Where most rows match it is asked for the best of all, and those that match are taken.
//    This is an argument from measurement: its strength
//    is what the examination says.
// 4. The k-th best compared scores more than the last row shown can, so no row that was not shown
//    comes before it, or is its equal with a lower id. Else more are asked for; where all that are
//    shown are equals, PostgreSQL compares everything.
// 5. The path named in S the place that the engine was asked for: a branch or limb by its number,
//    which is part of what a point's revision stands for (sql/leaves.md); while points lack numbers
//    by its leaves, which are the same in S. Else it is asked again.
// 6. In S the database has the model that the query was embedded with. Else the engine may have
//    compared vectors of another one.
//
// Each that fails makes `complete` false, with the reason, or the way is left: PostgreSQL compares
// all rows that satisfy the predicate, up to a bound of its own.
#include "query/ranking.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/assets.h"
#include "catalog/store.h"
#include "query/engine_time.h"
#include "query/freshness.h"
#include "query/listed.h"
#include "query/planner.h"
#include "query/round.h"
#include "query/run.h"
#include "query/scorer.h"
#include "query/source.h"
#include "sync/examine.h"
#include "sync/lineage.h"
#include "vector/direction.h"

static_assert((int)EMBED_DIMENSION == (int)VECTOR_DIMENSION, "one size of vectors");
static_assert((int)EMBED_DIMENSION == GROVE_DIMENSION, "users give vectors of that size");

enum {
    // Beyond k, and an eighth of it: for rows that dropped out, and for near equals; and as many
    // as tell whether a graph is to be believed, however few are wanted.
    REACH_SLACK = 9,
    FOLD_ROWS = 3, // of a document, where there are documents: what is asked for at first
    REACH_MAX = 32768,
    REPEATS_MAX = 5,          // rounds that a change made void
    STAND_INS_MAX = 4,        // of one handle, at a time
    STAND_IN_ROWS_FEW = 5000, // for which nobody waits for a turn
};

static_assert(1 + (int)REACH_SLACK >= (int)EXAMINE_TELLING, "there is a hit that tells");
static_assert(GROVE_DEPTH_MAX + GROVE_DEPTH_MAX / 8 + REACH_SLACK <= REACH_MAX,
              "the first round reaches far enough, where nothing is folded");
static_assert((int)GROVE_LIMIT_MAX <= (int)GROVE_DEPTH_MAX, "a page is no longer than a ranking");

// --- the query's vector -------------------------------------------------------------------------

static enum grove_code make_query_unit_length(struct run *run, struct grove_error *error)
{
    size_t position = 0;
    switch (direction_check(run->query_f32, &position)) {
    case DIRECTION_NOT_FINITE:
        return error_set(error, GROVE_INVALID, "number %zu of the query vector is not finite",
                         position + 1);
    case DIRECTION_ALL_ZERO:
        return error_set(error, GROVE_INVALID,
                         "the query vector is all zeros: nothing is similar to it");
    case DIRECTION_GOOD: break;
    }
    enum direction_verdict verdict = direction_of(run->query_f32, run->query);
    CHECK(verdict == DIRECTION_GOOD);
    for (size_t i = 0; i < EMBED_DIMENSION; i++)
        run->query_f32[i] = (float)run->query[i];
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
        // Many wait for the model: who is refused is refused before that, not after it.
        code = pg_admits(run->store->pool, run->call, error);
        if (code == GROVE_OK)
            code = store_embed_query(run->store, run->call, run->precision, text, run->query_f32,
                                     error);
        if (code == GROVE_OK && run->call)
            run->call->let_in = true;
    }
    if (code == GROVE_OK)
        code = make_query_unit_length(run, error);
    result_stage(run->result, "embed", 1);
    return code;
}

// --- before the engine is asked ------------------------------------------------------------------

static enum grove_code prepare(struct run *run, struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    enum grove_code code = pg_take(run->store->pool, run->call, &conn, error);
    if (code == GROVE_OK)
        code = moment_read(&run->before, conn, run->arena, run->store->collection, error);
    if (code == GROVE_OK)
        code = predicate_resolve(run->predicate, conn, run->arena, error);
    if (code == GROVE_OK)
        code = INJECT(SEARCH_RESOLVED, error);
    if (code == GROVE_OK)
        code = planner_plan(run, conn, error);
    if (code == GROVE_OK)
        code = listed_prepare(run, conn, error);
    // Not kept while the engine works: connections are few.
    pg_give(&conn);
    result_stage(run->result, "plan", 0);
    return code == GROVE_OK ? INJECT(SEARCH_PLANNED, error) : code;
}

// --- rounds -------------------------------------------------------------------------------------

// One snapshot: what it shows is what the result says.
//
// It locks tables: whoever wants one to himself (TRUNCATE, ALTER) waits for its end, and all who
// come after him wait for him. So none is open while the engine or the model works.
static enum grove_code begin_snapshot(struct run *run, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (!run->ranking->conn)
        code = pg_take(run->store->pool, run->call, &run->ranking->conn, error);
    else
        pg_rollback(run->ranking->conn);
    return code == GROVE_OK ? pg_begin_snapshot(run->ranking->conn, error) : code;
}

static void end_snapshot(struct run *run)
{
    pg_give(&run->ranking->conn);
}

// What the open snapshot shows.
static enum grove_code name_snapshot(struct run *run, struct text *ret, struct grove_error *error)
{
    struct pg_rows rows;
    enum grove_code code =
        store_query_on(run->ranking->conn, run->arena, "snapshot.sql", NULL, &rows, error);
    if (code == GROVE_OK)
        *ret = pg_text(&rows, 0, 0);
    return code;
}

// Embeds what is wanted, and goes on in another snapshot; *ret_same: it shows the same rows.
static enum grove_code embed_between(struct run *run, bool *ret_same, struct grove_error *error)
{
    struct text before, now;
    enum grove_code code = name_snapshot(run, &before, error);
    end_snapshot(run);
    if (code == GROVE_OK)
        code = scorer_embed(run, error);
    if (code == GROVE_OK)
        code = begin_snapshot(run, error);
    if (code == GROVE_OK)
        code = name_snapshot(run, &now, error);
    if (code == GROVE_OK)
        *ret_same = text_equal(before, now);
    return code;
}

// Until no text is left that is to be embedded.
static enum grove_code score_source(struct run *run, struct candidate_source *source,
                                    struct grove_error *error)
{
    struct grove_explain *explain = &run->result->explain;
    int64_t candidates = explain->candidates, dropped = explain->dropped;
    enum grove_code code = begin_snapshot(run, error);
    while (code == GROVE_OK) {
        bool same = false;
        scorer_restart(run);
        code = source->operations->score(source, run, error);
        if (code != GROVE_OK || !scorer_wants_texts(run))
            return code;
        code = embed_between(run, &same, error);
        if (code != GROVE_OK)
            return code;
        if (same) {
            scorer_add_embedded(run);
            return GROVE_OK;
        }
        explain->candidates = candidates;
        explain->dropped = dropped;
    }
    return code;
}

static enum grove_code run_source(struct run *run, struct candidate_source *source,
                                  struct grove_error *error)
{
    if (source->operations->ask)
        end_snapshot(run);
    enum grove_code code =
        source->operations->ask ? source->operations->ask(source, run, error) : GROVE_OK;
    if (code == GROVE_OK)
        code = round_make_room(run, source, error);
    if (code == GROVE_OK)
        code = score_source(run, source, error);
    if (code == GROVE_OK)
        code = round_take_best(run, source, error);
    run->result->explain.rounds += code == GROVE_OK;
    return code;
}

static void prove(struct run *run, const char *format, ...) GROVE_PRINTF(2, 3);

static void prove(struct run *run, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    run->result->explain.proof = arena_copy(&run->result->arena, text_of(text));
}

static enum grove_code relational(struct run *run, struct grove_error *error)
{
    struct candidate_source source = {.operations = &source_relational};
    enum grove_code code = run_source(run, &source, error);
    if (code != GROVE_OK)
        return code;
    prove(run, "PostgreSQL compared all %zu matching rows", run->scored);
    return GROVE_OK;
}

// One more search for which PostgreSQL compares many rows; false where there are enough of them.
static bool take_turn(struct store *store)
{
    unsigned others = atomic_load(&store->stand_ins);
    while (others < STAND_INS_MAX)
        if (atomic_compare_exchange_weak(&store->stand_ins, &others, others + 1))
            return true;
    return false;
}

static void give_turn(struct store *store)
{
    unsigned before = atomic_fetch_sub(&store->stand_ins, 1);
    CHECK(before > 0);
}

// Whether so few rows match that comparing them all costs little.
static enum grove_code has_few_rows(struct run *run, bool *ret, struct grove_error *error)
{
    int64_t rows = run->result->explain.rows_estimated;
    enum grove_code code = GROVE_OK;
    if (rows > STAND_IN_ROWS_FEW && !run->ranking->conn)
        code = begin_snapshot(run, error);
    if (code == GROVE_OK && rows > STAND_IN_ROWS_FEW)
        code = planner_count_places(run, run->ranking->conn, INT32_MAX, &rows, error);
    *ret = code == GROVE_OK && rows <= STAND_IN_ROWS_FEW;
    return code;
}

// The same, where the engine should have been enough. An engine that is out makes each search ten
// times the work: so many searches are that at a time, the others are told to come again.
static enum grove_code relational_instead(struct run *run, struct grove_error *error)
{
    bool few = false;
    if (take_turn(run->store)) {
        enum grove_code code = relational(run, error);
        give_turn(run->store);
        return code;
    }
    enum grove_code code = has_few_rows(run, &few, error);
    if (code != GROVE_OK || few)
        return code == GROVE_OK ? relational(run, error) : code;
    error_set(error, GROVE_LIMIT,
              "the vector engine is of no help, and PostgreSQL compares for %d other searches",
              STAND_INS_MAX);
    error->retry = GROVE_RETRY_LATER;
    error_hint(error, "try again in a moment; \"grove status\" tells what ails the vector engine");
    return GROVE_LIMIT;
}

enum verdict {
    VERDICT_SETTLED,
    VERDICT_FURTHER,       // rows that were not shown may belong to the best
    VERDICT_EXACTLY,       // the graph's answer is not believed
    VERDICT_UNPROVEN,      // nor can it be had exactly: the rows are too many
    VERDICT_CHANGED,       // an acknowledgment came in between
    VERDICT_MOVED,         // the path leads elsewhere by now
    VERDICT_ANOTHER_MODEL, // the database has another by now, and so has the engine
};

// Where one row is near and the others are far, the best says nothing of whether these are the
// right ones. Nor, where those that match were taken of all, do rows that do not: near ones of
// another place. -1 where points of strangers took the places.
static double telling_score(const struct run *run, const struct candidate_source *source)
{
    const struct vector_hits *hits = &source->hits;
    const struct ranking *ranking = run->ranking;
    size_t wanted = run->request->best_max;
    size_t telling = wanted < EXAMINE_TELLING ? wanted : EXAMINE_TELLING;
    CHECK(telling > 0);
    if (hits->count < EXAMINE_TELLING)
        return -1;
    double score = (double)hits->items[EXAMINE_TELLING - 1].score;
    bool matches = run->plan.through_all && ranking->count >= telling;
    return matches ? fmin(score, ranking->items[telling - 1].score) : score;
}

// Why the answer of a graph is not to be taken; NULL where it is.
static const char *disbelief(const struct run *run, const struct candidate_source *source)
{
    const struct plan *plan = &run->plan;
    if (!plan->graph[0])
        return plan->reason;
    if (strcmp(source->hits.graph, plan->graph) != 0)
        return "the engine's graph is not the one that was examined";
    if (source->hits.found < source->reach)
        return "the walk over the engine's graph came to an end before it had enough rows";
    if (telling_score(run, source) < plan->plausible)
        return "the scores are so low that the graph may have missed better rows";
    if (run->ranking->documents && run->folding.rows > plan->rows_max)
        return "more rows are of the best documents than the engine's graph was examined for";
    return NULL;
}

// Rows that score more than this are all known, or nothing can be said: -INFINITY.
static double settled_down_to(const struct run *run)
{
    const struct ranking *ranking = run->ranking;
    if (ranking->documents && run->folding.below_min)
        return run->request->score_min;
    size_t wanted = ranking->documents ? run->folding.wanted : run->request->best_max;
    return ranking->count < wanted ? -INFINITY : ranking->items[ranking->count - 1].score;
}

static enum verdict judge(struct run *run, const struct candidate_source *source)
{
    if (!run->now.knows_model || run->now.precision != run->precision)
        return VERDICT_ANOTHER_MODEL;
    if (source->path_moved)
        return VERDICT_MOVED;
    if (freshness_asks_again(run))
        return VERDICT_CHANGED;
    const char *doubt = source->exact ? NULL : disbelief(run, source);
    if (doubt)
        run->result->explain.reason = doubt;
    if (doubt && run->result->explain.rows_estimated > PLAN_EXACT_ROWS_MAX && !run->plan.graph[0])
        return VERDICT_UNPROVEN;
    if (doubt)
        return VERDICT_EXACTLY;
    // All were handed out; more than there was room for may wait.
    if (source->bound == -INFINITY)
        return run->ranking->documents && run->best.more && settled_down_to(run) == -INFINITY
                   ? VERDICT_FURTHER
                   : VERDICT_SETTLED;
    return settled_down_to(run) > source->bound ? VERDICT_SETTLED : VERDICT_FURTHER;
}

static void prove_settled(struct run *run, const struct candidate_source *source)
{
    const struct examined_graph *examination = &run->before.examination;
    bool below = run->ranking->documents && run->folding.below_min;
    run->ranking->more = !below && (run->ranking->more || source->hits.shown >= source->reach);
    run->shown_all = source->bound == -INFINITY;
    if (source->exact) {
        int64_t waiting = run->result->explain.pending;
        if (run->predicate->metadata.data)
            prove(
                run,
                "the engine compared all points, and PostgreSQL took those that match of the best "
                "%zu, and of %lld that wait",
                source->hits.count, (long long)waiting);
        else if (waiting == 0)
            prove(run, "the engine compared all points that match, and no row waits");
        else
            prove(run, "the engine compared all points that match, and PostgreSQL the %lld %s",
                  (long long)waiting, waiting == 1 ? "row that waits" : "rows that wait");
        return;
    }
    char when[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(examination->examined_at_us, when);
    char plausible[112] = "";
    if (run->plan.plausible > -1)
        snprintf(plausible, sizeof plausible,
                 "; the score of the %dth hit%s is %.3f, where %.3f or more is plausible",
                 EXAMINE_TELLING, run->plan.through_all ? ", or of those that match," : "",
                 telling_score(run, source), run->plan.plausible);
    char depth[160] = "";
    size_t rows = run->ranking->documents ? run->folding.rows : run->ranking->count;
    if (run->plan.through_all || rows > EXAMINE_TELLING)
        snprintf(depth, sizeof depth, " and down to the best %zu it was as good%s",
                 run->plan.rows_max,
                 run->plan.through_all ? ", of which those that match were taken" : "");
    prove(
        run,
        "the graph that answered was examined at %s: of %lld rows it does not reach %zu, which "
        "were compared exactly, and of the best 10 of %d queries it found %.2f %%, of one at least "
        "%.0f %%%s%s",
        when, (long long)examination->points, examination->unreached_count, examination->queries,
        examination->recall * 100, examination->recall_worst * 100, depth, plausible);
}

static bool is_repeat(enum verdict verdict)
{
    return verdict == VERDICT_CHANGED || verdict == VERDICT_MOVED;
}

static size_t most_reach(void)
{
    return (size_t)KNOB(SEARCH_REACH, REACH_MAX);
}

static size_t reach_of(size_t rows)
{
    size_t reach = rows + rows / 8 + REACH_SLACK, most = most_reach();
    return reach < most ? reach : most;
}

// The most that is asked of a graph where rows are folded: what it shows beyond is not believed.
static size_t reach_max(const struct run *run)
{
    bool by_graph = run->plan.method == PLAN_GRAPH && !run->exactly && run->plan.graph[0];
    bool folds = run->request->fold && run->before.chunked;
    return by_graph && folds ? reach_of(run->plan.rows_max) : most_reach();
}

static void go_further(struct run *run, struct candidate_source *source)
{
    size_t most = reach_max(run), reach = source->reach * 4;
    CHECK(source->reach > 0);
    CHECK(most <= most_reach());
    if (most < most_reach() && source->reach >= most) {
        run->exactly = true;
        most = most_reach();
    }
    source->reach = reach < most ? reach : most;
    run->before.chunked = run->now.chunked;
}

// The first rows, and of documents some more: of rows of a document all but one are folded away;
// and of those that PostgreSQL sifts as many as will match.
static size_t first_reach(const struct run *run)
{
    size_t best_max = run->request->best_max;
    if (run->plan.through_all && !run->exactly)
        return run->plan.rows_max;
    if (run->predicate->metadata.data)
        return reach_of(best_max * (run->request->fold ? FOLD_ROWS : 1) * run->plan.sparse);
    if (!run->request->fold || !run->before.chunked)
        return reach_of(best_max);
    size_t reach = reach_of(best_max * FOLD_ROWS), most = reach_max(run);
    return reach < most ? reach : most;
}

static void ask_exactly(struct run *run, struct candidate_source *source)
{
    CHECK(!source->exact);
    CHECK(!run->exactly);
    run->exactly = true;
    if (run->plan.through_all)
        source->reach = first_reach(run);
}

// What comes next after a round that settled nothing.
static enum grove_code adapt(struct run *run, struct candidate_source *source, enum verdict verdict,
                             struct grove_error *error)
{
    int64_t examined_at_us = run->before.examination.examined_at_us;
    if (run->now.examination.examined_at_us == examined_at_us)
        run->now.examination = run->before.examination; // the list was not read again
    switch (verdict) {
    case VERDICT_FURTHER:
        if (run->plan.through_all && !run->exactly) {
            run->result->explain.reason = "too few of the best of all rows match";
            ask_exactly(run, source);
        } else
            go_further(run, source);
        return GROVE_OK;
    case VERDICT_EXACTLY: ask_exactly(run, source); return GROVE_OK;
    case VERDICT_CHANGED:
    case VERDICT_MOVED: {
        enum grove_code code = planner_again(run, verdict == VERDICT_MOVED, error);
        if (code == GROVE_OK && run->plan.through_all && !run->exactly)
            source->reach = first_reach(run);
        return code;
    }
    case VERDICT_SETTLED:
    case VERDICT_UNPROVEN:
    case VERDICT_ANOTHER_MODEL: break;
    }
    CHECK(false);
    return GROVE_OK;
}

// No more rows are shown. Of documents those that stand above all others are known: the page ends
// with them. Else there are equals that the engine has not shown, and PostgreSQL has them all.
static enum grove_code end_of_reach(struct run *run, const struct candidate_source *source,
                                    struct grove_error *error)
{
    size_t settled = 0;
    CHECK(source->bound > -INFINITY);
    // Few of the best match: PostgreSQL has them all, and nothing else.
    if (run->predicate->metadata.data)
        return relational_instead(run, error);
    while (run->ranking->documents && settled < run->ranking->count &&
           run->ranking->items[settled].score > source->bound)
        settled++;
    if (settled == 0)
        return relational_instead(run, error);
    enum grove_code code = round_fold(run, settled, error);
    run->ranking->more = true;
    result_incomplete(run->result,
                      "the best %zu rows are of %zu documents; ask for each chunk, or for fewer",
                      run->folding.rows, settled);
    return code;
}

static enum grove_code push_down_rounds(struct run *run, struct grove_error *error)
{
    struct candidate_source source = {.operations = &source_projection, .reach = first_reach(run)};
    for (unsigned repeats = 0;;) {
        enum grove_code code = run_source(run, &source, error);
        if (code != GROVE_OK)
            return code;
        enum verdict verdict = judge(run, &source);
        if (verdict == VERDICT_SETTLED) {
            prove_settled(run, &source);
            return GROVE_OK;
        }
        if (verdict == VERDICT_ANOTHER_MODEL) {
            result_incomplete(run->result,
                              "the database has just changed to another model; search again");
            return GROVE_OK;
        }
        if (verdict == VERDICT_UNPROVEN) {
            result_incomplete(run->result, "%s; run \"grove sync\"", run->plan.reason);
            return GROVE_OK;
        }
        if (verdict == VERDICT_FURTHER && source.reach == most_reach())
            return end_of_reach(run, &source, error);
        if (is_repeat(verdict) && repeats++ == REPEATS_MAX) {
            result_incomplete(run->result,
                              "rows were projected while each of %u rounds was asked; search again",
                              repeats);
            return GROVE_OK;
        }
        code = adapt(run, &source, verdict, error);
        if (code != GROVE_OK)
            return code;
        // Of the place that the path leads to now few match.
        if (run->plan.method == PLAN_RELATIONAL)
            return relational(run, error);
    }
}

static enum grove_code push_down(struct run *run, struct grove_error *error)
{
    engine_time_give(run);
    enum grove_code code = lineage_look(run->store, &run->engine_call, error);
    if (code == GROVE_OK)
        code = store_check_doubt(run->store, error);
    if (code == GROVE_OK)
        code = push_down_rounds(run, error);
    call_add_counters(run->call, &run->engine_call);
    return code == GROVE_OK ? code : engine_time_blame(run, code, error);
}

// --- choosing -----------------------------------------------------------------------------------

// *ret_pending: those of them that wait in the outbox.
static enum grove_code count_matching(struct run *run, int64_t *ret_matching, int64_t *ret_pending,
                                      struct grove_error *error)
{
    CHECK(run->ranking->conn); // in the snapshot of the rows
    struct pg_params params = {0};
    predicate_add_params(run->predicate, run->arena, &params);
    struct pg_rows rows;
    enum grove_code code = store_query_planned_on(run->ranking->conn, run->arena, "matching.sql",
                                                  &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == 1);
    *ret_matching = pg_int8(&rows, 0, 0);
    *ret_pending = pg_int8(&rows, 0, 1);
    CHECK(*ret_pending >= 0);
    CHECK(*ret_matching >= *ret_pending);
    return GROVE_OK;
}

static bool is_short(const struct run *run)
{
    return run->ranking->documents
               ? run->shown_all && !run->best.more && run->ranking->count < run->folding.wanted
               : run->ranking->count < run->request->best_max;
}

// Fewer than were wanted must be all there are. Where PostgreSQL, in the same snapshot, has more
// that match and wait for nothing, the engine has lost points: a restored backup, a folder that was
// removed. Those that wait came in after the pending rows were read, which is nobody's fault.
static enum grove_code check_shortage(struct run *run, struct grove_error *error)
{
    struct grove_explain *explain = &run->result->explain;
    int64_t matching, pending, known = (int64_t)(run->best.count + run->unembedded);
    CHECK(run->request->strategy != GROVE_STRATEGY_RELATIONAL);
    if (!is_short(run) || run->waiting.projected)
        return GROVE_OK;
    enum grove_code code = count_matching(run, &matching, &pending, error);
    if (code != GROVE_OK || matching <= known)
        return code;
    int64_t lost = (matching - pending) - (known - explain->pending);
    if (run->waiting.fast && lost <= 0)
        return GROVE_OK; // they wait
    if (run->request->strategy == GROVE_STRATEGY_PUSH_DOWN) {
        result_incomplete(run->result,
                          lost > 0 ? "the vector engine lacks %lld matching %s; run \"grove sync\""
                                   : "%lld matching %s came while the vector engine was asked",
                          (long long)(lost > 0 ? lost : matching - known),
                          (lost > 0 ? lost : matching - known) == 1 ? "row" : "rows");
        return GROVE_OK;
    }
    explain->strategy = "relational";
    explain->reason = "rows that match came while the vector engine was asked";
    if (lost > 0) {
        result_degraded(run->result, "the vector engine lacks %lld matching %s; run \"grove sync\"",
                        (long long)lost, lost == 1 ? "row" : "rows");
        explain->reason = run->result->view.degraded_reason;
    }
    return relational_instead(run, error);
}

// Whoever projects first makes the collection. Where none is there and every row that matches
// waits in the outbox, the engine lacks nothing.
static enum grove_code stand_in(struct run *run, const struct grove_error *failure,
                                struct grove_error *error)
{
    struct grove_explain *explain = &run->result->explain;
    CHECK(failure->code != GROVE_OK);
    CHECK(run->request->strategy != GROVE_STRATEGY_PUSH_DOWN);
    bool no_collection = vector_lacks_collection(failure);
    explain->strategy = "relational";
    explain->reason = "nothing that matches was projected yet";
    enum grove_code code = relational_instead(run, error);
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
    if (run->plan.method == PLAN_RELATIONAL)
        return relational(run, error);
    struct grove_error engine_error;
    enum grove_code code = push_down(run, &engine_error);
    if (code == GROVE_OK)
        return check_shortage(run, error);
    CHECK(engine_error.code == code);
    // Whatever it is that failed there, PostgreSQL does without. But that too much is asked at
    // once, or that the time is over, is no reason for a larger work.
    if (!vector_failed(&engine_error) || run->request->strategy == GROVE_STRATEGY_PUSH_DOWN) {
        *error = engine_error;
        return code;
    }
    code = call_check(run->call, error);
    return code != GROVE_OK ? code : stand_in(run, &engine_error, error);
}

static enum grove_code add_explanation(struct run *run, struct grove_error *error)
{
    struct pg_params pending = {0}, hits = {0};
    CHECK(run->result->explain.strategy);
    CHECK(run->result->explain.reason);
    int64_t waiting;
    enum grove_code code =
        count_matching(run, &run->result->explain.rows_matching, &waiting, error);
    if (code != GROVE_OK)
        return code;
    int32_t *ids = arena_alloc_array(run->arena, run->ranking->count, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "a plan");
    for (size_t i = 0; i < run->ranking->count; i++)
        ids[i] = run->ranking->items[i].content_id;
    source_add_hit_params(run, ids, run->ranking->count, run->arena, &hits);
    source_add_pending_params(run, run->arena, &pending);
    code = result_add_plan(run->result, run->ranking->conn, "score.sql", &hits, error);
    return code == GROVE_OK ? result_add_plan(run->result, run->ranking->conn,
                                              source_pending_file(run), &pending, error)
                            : code;
}

enum grove_code ranking_run(struct store *store, struct call *call,
                            const struct ranking_request *request, struct predicate *predicate,
                            struct result *result, struct arena *arena, struct ranking *ret,
                            struct grove_error *error)
{
    CHECK(request->best_max > 0);
    CHECK(request->best_max <= GROVE_DEPTH_MAX);
    *ret = (struct ranking){.best_max = request->best_max};
    struct run run = {.store = store,
                      .call = call,
                      .request = request,
                      .predicate = predicate,
                      .result = result,
                      .arena = arena,
                      .ranking = ret};
    arena_init_counting(&run.texts, SCORER_TEXTS_BYTES_MAX);
    enum grove_code code = store_refresh_model(store, call, error);
    run.precision = ret->precision = store_precision(store);
    if (code == GROVE_OK)
        code = best_init(&run.best, arena, request->best_max, error);
    if (code == GROVE_OK)
        code = embed_query(&run, error);
    if (code == GROVE_OK)
        code = INJECT(SEARCH_EMBEDDED, error);
    if (code == GROVE_OK)
        code = prepare(&run, error);
    if (code == GROVE_OK)
        code = choose_and_run(&run, error);
    if (code == GROVE_OK)
        code = INJECT(SEARCH_RANKED, error);
    if (code == GROVE_OK)
        freshness_tell(&run);
    if (code == GROVE_OK && run.unembedded > 0)
        result_incomplete(result, "%zu matching %s no usable vector yet; run \"grove sync\"",
                          run.unembedded, run.unembedded == 1 ? "row has" : "rows have");
    if (code == GROVE_OK && !result->view.complete)
        result->explain.proof = NULL;
    if (code == GROVE_OK && request->explain) {
        code = add_explanation(&run, error);
        result_stage(result, "explain", (int64_t)ret->count); // asked for by --explain only
    }
    scorer_hand_over(&run, ret);
    arena_release(&run.texts);
    kept_give(&run.listed);
    if (code != GROVE_OK)
        pg_give(&ret->conn);
    CHECK((code == GROVE_OK) == (ret->conn != NULL));
    DCHECK(code != GROVE_OK || ranking_check(ret) == NULL);
    return code;
}
