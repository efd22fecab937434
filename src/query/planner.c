// SPDX-License-Identifier: Apache-2.0
#include "query/planner.h"

#include "base/check.h"
#include "base/json.h"
#include "catalog/store.h"
#include "query/freshness.h"
#include "query/waiting.h"
#include "sync/examine.h"

enum {
    LEAVES_COUNTED_MAX = 10000, // of a path whose contents are counted for the plan
    GUESSED_DEPTH = 1,          // a branch
};

enum grove_code planner_count_places(struct run *run, struct pg_conn *conn, int32_t leaves_max,
                                     int64_t *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    predicate_add_place(run->predicate, run->arena, &params);
    pg_add_int4(&params, leaves_max);
    struct pg_rows rows;
    enum grove_code code =
        store_query_planned_on(conn, run->arena, "matching_max.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == 1);
    int64_t counted = pg_is_null(&rows, 0, 0) ? INT64_MAX : pg_int8(&rows, 0, 0);
    *ret = counted > 0 ? counted : 0;
    return GROVE_OK;
}

// Where its table's size says that many rows may wait, PLAN_WAITING_COUNTED at most; else 0, as
// where nobody looks for them.
static enum grove_code count_waiting(struct run *run, struct pg_conn *conn, int64_t *ret,
                                     struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    *ret = 0;
    if (run->before.outbox_bytes < PLAN_OUTBOX_BYTES_MANY || freshness_is_fast(run))
        return GROVE_OK;
    pg_add_int4(&params, PLAN_WAITING_COUNTED);
    enum grove_code code =
        store_query_on(conn, run->arena, "waiting_max.sql", &params, &rows, error);
    if (code == GROVE_OK)
        *ret = pg_int8(&rows, 0, 0);
    return code;
}

// No more rows than these match; and where those that wait are looked for. The contents of a path's
// leaves are counted only where that can change the plan.
static enum grove_code find_rows_max(struct run *run, struct pg_conn *conn, int64_t *ret_rows_max,
                                     bool *ret_among_places, struct grove_error *error)
{
    int64_t waiting, in_places;
    *ret_rows_max = moment_rows_max(&run->before);
    *ret_among_places = false;
    if (!run->predicate->has_path)
        return GROVE_OK;
    enum grove_code code = count_waiting(run, conn, &waiting, error);
    // A path is a filter: below this all are compared anyway.
    bool matters = *ret_rows_max > examine_filtered_points() || waiting >= PLAN_WAITING_MANY;
    if (code != GROVE_OK || !matters)
        return code;
    code = planner_count_places(run, conn, LEAVES_COUNTED_MAX, &in_places, error);
    if (code != GROVE_OK)
        return code;
    if (in_places < *ret_rows_max)
        *ret_rows_max = in_places;
    *ret_among_places =
        plan_is_among_places(&run->before, waiting, in_places,
                             waiting >= PLAN_WAITING_MANY && waiting_are_kept(run, waiting));
    return GROVE_OK;
}

// What PostgreSQL's own planner believes: a guess. 0 where its words are not understood.
static enum grove_code guess_matching(struct run *run, struct pg_conn *conn, int64_t rows_max,
                                      int64_t *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    *ret = 0;
    predicate_add_params(run->predicate, run->arena, &params);
    enum grove_code code =
        store_query_planned_on(conn, run->arena, "matching_likely.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == 1);
    struct text plan = pg_text(&rows, 0, 0);
    yyjson_doc *document =
        yyjson_read_opts((char *)(uintptr_t)plan.data, plan.length, 0, json_allocator(), NULL);
    double guess = yyjson_get_num(yyjson_doc_ptr_get(document, "/0/Plan/Plan Rows"));
    yyjson_doc_free(document);
    *ret = guess < (double)rows_max ? (int64_t)guess : rows_max;
    CHECK(*ret >= 0);
    return GROVE_OK;
}

// Of trees and types it is kept how many rows match; of others it is guessed, but not of a limb or
// a leaf, which has few of all rows: a guess takes half a millisecond. Asked where it decides the
// plan.
static enum grove_code find_rows_likely(struct run *run, struct pg_conn *conn, int64_t *ret,
                                        struct grove_error *error)
{
    int64_t rows_max = moment_rows_max(&run->before);
    CHECK(rows_max >= 0);
    *ret = 0;
    if (!predicate_is_filter(run->predicate) || run->predicate->metadata.data ||
        run->predicate->place_depth > GUESSED_DEPTH || run->request->exact ||
        rows_max <= vector_exact_points() || rows_max > examine_filtered_points())
        return GROVE_OK;
    return predicate_is_kept_count(run->predicate)
               ? planner_count_places(run, conn, 0, ret, error)
               : guess_matching(run, conn, rows_max, ret, error);
}

// Of a condition that only PostgreSQL knows. Nothing is counted where there is none.
static enum grove_code count_found(struct run *run, struct pg_conn *conn, int64_t *ret,
                                   struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    *ret = 0;
    if (!run->predicate->metadata.data)
        return GROVE_OK;
    predicate_add_params(run->predicate, run->arena, &params);
    pg_add_int4(&params, PLAN_FOUND_COUNTED + 1);
    enum grove_code code =
        store_query_planned_on(conn, run->arena, "matching_few.sql", &params, &rows, error);
    CHECK(code != GROVE_OK || rows.count == 1);
    if (code == GROVE_OK)
        *ret = pg_int8(&rows, 0, 0);
    CHECK(*ret >= 0);
    return code;
}

enum grove_code planner_plan(struct run *run, struct pg_conn *conn, struct grove_error *error)
{
    struct grove_explain *explain = &run->result->explain;
    int64_t rows_max, rows_likely = 0, rows_found = 0;
    bool among_places;
    enum grove_code code = find_rows_max(run, conn, &rows_max, &among_places, error);
    if (code == GROVE_OK)
        code = find_rows_likely(run, conn, &rows_likely, error);
    if (code == GROVE_OK)
        code = count_found(run, conn, &rows_found, error);
    if (code != GROVE_OK)
        return code;
    run->plan = plan_make(&(struct plan_facts){
        .asked = run->request->strategy,
        .exact = run->request->exact,
        .best_max = run->request->best_max,
        .for_text = run->request->text != NULL,
        .filtered = predicate_is_filter(run->predicate),
        .folds = run->request->fold && run->before.chunked,
        .rows_max = rows_max,
        .rows_likely = rows_likely,
        .by_metadata = run->predicate->metadata.data != NULL,
        .rows_found = rows_found,
        .moment = &run->before,
    });
    run->plan.among_places = among_places;
    explain->rows_estimated = rows_max;
    if (run->predicate->metadata.data && run->plan.method == PLAN_RELATIONAL &&
        rows_found <= PLAN_FOUND_COUNTED)
        explain->rows_estimated = rows_found;
    explain->strategy = run->plan.method == PLAN_RELATIONAL ? "relational" : "push-down";
    explain->reason = run->plan.reason;
    return GROVE_OK;
}

// What was planned for a graph holds of the examination that it was read in, and under a path of
// its place; what is kept of the list is right for the moment before. Why all are compared stays
// true.
enum grove_code planner_again(struct run *run, bool moved, struct grove_error *error)
{
    struct pg_conn *conn = run->ranking->conn;
    const char *reason = run->result->explain.reason;
    enum grove_code code = GROVE_OK;
    CHECK(conn);
    kept_give(&run->listed);
    run->before = run->now;
    if (moved) {
        predicate_forget_place(run->predicate);
        code = predicate_resolve(run->predicate, conn, run->arena, error);
    }
    if (code == GROVE_OK && (moved || run->plan.method == PLAN_GRAPH))
        code = planner_plan(run, conn, error);
    if (run->exactly)
        run->result->explain.reason = reason;
    return code;
}
