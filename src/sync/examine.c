// SPDX-License-Identifier: Apache-2.0
//
// Whether an examination is due, who does it, and what is written of it:
//
//     what is known holds?  ──► claim ──► look up all rows ──► list ──► judge ──► write
//                                 │             │               │         │
//                                 └─ died here, at any of these: the row is what it was, and names
//                                    another graph or is too old; the claim ends by itself
//
// Invariants
//  1. A row names a graph only if that graph, and no other, answered all that was asked for it.
//  2. What is written is written by one statement.
//  3. No connection is held while the engine works.
//  4. Memory is bounded: 90 bytes a row, 1,000,000 rows; 4,096 listed.
#include "sync/examine_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/assets.h"

enum {
    ARENA_BYTES_MAX = 64 << 20,
    CLAIM_MS = 120000,
    CHANGES_MIN = 1000, // after so many changes, and after
    CHANGES_SHARE = 20, // the twentieth part of the contents, an examination is too old
    DRIFT_MIN = 100,    // the same of what is noted of few contents
    DRIFT_SHARE = 10,
    KNOWN_COLUMNS = 16, // of examination.sql
    SEARCHERS = 2,      // threads: one prepares while the engine answers the other
};

static_assert(DRIFT_MIN < CHANGES_MIN, "what costs little is done sooner");
static_assert(SEARCHERS > 1, "the engine does not wait for us");
static_assert(sizeof(struct examine_row) <= 90, "what the README says of memory");
static_assert((int)CHANGES_SHARE > (int)DRIFT_SHARE, "a share is one in so many");

// As examination.sql tells it.
struct known {
    int64_t revision, contents; // now
    bool present;
    char graph[VECTOR_GRAPH_SIZE];
    int64_t then_revision, then_points;
    bool claimed;
    struct examine_report report;
};

enum grove_code examine_query(struct examination *x, struct arena *arena, const char *file,
                              const struct pg_params *params, struct pg_rows *ret,
                              struct grove_error *error)
{
    struct pg_statement statement = {file, query_sql(file)};
    struct pg_conn *conn = NULL;
    enum grove_code code = pg_take(x->store->pool, x->call, &conn, error);
    CHECK(arena);
    CHECK(file[0]);
    if (code == GROVE_OK)
        code = pg_query(conn, arena, &statement, params, ret, error);
    pg_give(&conn);
    CHECK(code == GROVE_OK || error->code == code);
    if (code != GROVE_OK)
        error_context(error, "running %s of the examination", file);
    return code;
}

// --- what is known -------------------------------------------------------------------------------

static void take_report(const struct pg_rows *rows, struct examine_report *ret)
{
    struct text reason = pg_text(rows, 0, 13);
    CHECK(rows->count == 1);
    CHECK(rows->columns == KNOWN_COLUMNS);
    *ret = (struct examine_report){
        .outcome = EXAMINE_CURRENT,
        .rows = pg_int8(rows, 0, 4),
        .ef = pg_int4(rows, 0, 5),
        .ef_filtered = pg_int4(rows, 0, 6),
        .plausible = pg_float8(rows, 0, 7),
        .listed = pg_int4(rows, 0, 8),
        .queries = pg_int4(rows, 0, 9),
        .recall = pg_float8(rows, 0, 10),
        .recall_worst = pg_float8(rows, 0, 11),
        .seconds = pg_float8(rows, 0, 12),
        .age_seconds = pg_float8(rows, 0, 15),
    };
    snprintf(ret->reason, sizeof ret->reason, "%.*s", TEXT_ARGS(reason));
}

static enum grove_code read_known(struct examination *x, struct known *ret,
                                  struct grove_error *error)
{
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(x->collection[0]);
    arena_init(&arena, 1 << 20);
    pg_add_text(&params, text_of(x->collection));
    enum grove_code code = examine_query(x, &arena, "examination.sql", &params, &rows, error);
    if (code == GROVE_OK) {
        CHECK(rows.count == 1);
        *ret = (struct known){.revision = pg_int8(&rows, 0, 0),
                              .contents = pg_int8(&rows, 0, 1),
                              .present = !pg_is_null(&rows, 0, 2)};
    }
    if (code == GROVE_OK && ret->present) {
        snprintf(ret->graph, sizeof ret->graph, "%.*s", TEXT_ARGS(pg_text(&rows, 0, 2)));
        ret->then_revision = pg_int8(&rows, 0, 3);
        ret->then_points = pg_int8(&rows, 0, 4);
        ret->claimed = pg_bool(&rows, 0, 14);
        take_report(&rows, &ret->report);
    }
    arena_release(&arena);
    return code;
}

// As many contents at most have come or changed since; all, where nothing is known.
static int64_t changes_since(const struct known *known)
{
    CHECK(known->present || known->then_revision == 0);
    return known->revision - known->then_revision;
}

static int64_t changes_allowed(int64_t points)
{
    int64_t share = points / CHANGES_SHARE;
    CHECK(points >= 0);
    return share > CHANGES_MIN ? share : CHANGES_MIN;
}

bool examine_holds(int64_t changes, int64_t points)
{
    // A revision that was not drawn yet is of another history of this database.
    return changes >= 0 && changes <= changes_allowed(points);
}

int64_t examine_filtered_points(void)
{
    int64_t points = KNOB(EXACT_FILTERED_ROWS, EXAMINE_FILTERED_POINTS);
    CHECK(points > 0);
    return points;
}

// Whoever searches adds the changes since to what was examined, for the most rows there can be.
bool examine_needs_filters(const struct examination *x)
{
    return x->points + changes_allowed(x->points) > examine_filtered_points();
}

// Of the graph of this name.
static bool is_current(const struct known *known, const char *graph)
{
    CHECK(graph);
    return known->present && graph[0] && strcmp(known->graph, graph) == 0 &&
           examine_holds(changes_since(known), known->then_points);
}

// Readers take what is noted and the changes since for the most that there can be.
static bool is_noted(const struct known *known, int64_t points_min)
{
    int64_t most = known->then_points + changes_since(known);
    bool old =
        changes_since(known) > DRIFT_MIN && changes_since(known) > known->then_points / DRIFT_SHARE;
    CHECK(points_min > 0);
    return known->present && known->graph[0] == '\0' && changes_since(known) >= 0 && !old &&
           most <= points_min;
}

// --- what is written -----------------------------------------------------------------------------

static enum grove_code write_row(struct examination *x, struct grove_error *error)
{
    const struct examine_report *report = x->report;
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(report->ef >= 0 && report->queries <= INT32_MAX);
    CHECK(x->list.count <= VECTOR_ALSO_MAX);
    CHECK(!x->graph_changed);
    arena_init(&arena, 1 << 20);
    CHECK(report->ef > 0 || report->ef_filtered == 0);
    CHECK(report->ef > 0 || report->reason[0]);
    pg_add_text(&params, text_of(x->collection));
    pg_add_text(&params, text_of(x->graph));
    pg_add_int8(&params, x->revision);
    pg_add_int8(&params, x->points);
    pg_add_int4(&params, report->ef);
    pg_add_int4(&params, report->ef_filtered);
    pg_add_float8(&params, report->plausible);
    pg_add_int4_array(&params, &arena, x->list.ids, report->ef > 0 ? x->list.count : 0);
    pg_add_int4(&params, (int32_t)report->queries);
    pg_add_float8(&params, report->recall);
    pg_add_float8(&params, report->recall_worst);
    pg_add_float8(&params, report->seconds);
    pg_add_text(&params, report->ef > 0 ? (struct text){NULL, 0} : text_of(report->reason));
    pg_add_float8(&params, report->plausible_vectors);
    pg_add_int4(&params, report->depth > 0 ? report->depth : EXAMINE_NEAR);
    enum grove_code code = examine_query(x, &arena, "examine_write.sql", &params, &rows, error);
    arena_release(&arena);
    return code;
}

// --- who does it ---------------------------------------------------------------------------------

static int32_t claim_ms(void)
{
    int64_t milliseconds = KNOB(EXAMINE_CLAIM_MS, CLAIM_MS);
    CHECK(milliseconds > 0);
    CHECK(milliseconds <= INT32_MAX); // examine_claim.sql takes an integer
    return (int32_t)milliseconds;
}

static enum grove_code claim(struct examination *x, bool again, bool *ret_claimed,
                             struct grove_error *error)
{
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(x->collection[0]);
    arena_init(&arena, 1 << 20);
    pg_add_text(&params, text_of(x->collection));
    pg_add_int4(&params, claim_ms());
    pg_add_bool(&params, again);
    enum grove_code code = examine_query(x, &arena, "examine_claim.sql", &params, &rows, error);
    if (code == GROVE_OK)
        *ret_claimed = rows.count > 0;
    x->claimed_at_us = clock_monotonic_us();
    arena_release(&arena);
    return code;
}

static void give_back(struct examination *x)
{
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    struct grove_error unused; // it ends by itself
    CHECK(x->claimed_at_us > 0);
    arena_init(&arena, 1 << 20);
    pg_add_text(&params, text_of(x->collection));
    x->call = NULL; // it may be over
    (void)!examine_query(x, &arena, "examine_release.sql", &params, &rows, &unused);
    arena_release(&arena);
}

enum grove_code examine_go_on(struct examination *x, struct grove_error *error)
{
    bool claimed;
    CHECK(x->claimed_at_us > 0);
    enum grove_code code = call_check(x->call, error);
    if (code != GROVE_OK)
        return code;
    CHECK(x->left > 0); // it is not over before it was judged
    if (x->request->go_on && !x->request->go_on(x->request->state, x->done, x->done + x->left))
        return error_set(error, GROVE_CANCELLED, "the examination was cancelled");
    if (clock_monotonic_us() - x->claimed_at_us < claim_ms() * (int64_t)1000 / 4)
        return GROVE_OK;
    return claim(x, true, &claimed, error);
}

void examine_expect(struct examination *x, size_t walks, size_t exact)
{
    CHECK(x->left >= 0);
    x->left += (int64_t)(walks + EXAMINE_EXACT_WALKS * exact);
}

// --- the examination -----------------------------------------------------------------------------

// Fills the report; another graph, or other revisions, are the caller's to notice.
static enum grove_code look_at_graph(struct examination *x, struct grove_error *error)
{
    const char *reason = NULL;
    bool equal = true;
    examine_expect(x, (size_t)x->points, EXAMINE_CHECKS);
    examine_expect_round(x);
    enum grove_code code = examine_rows(x, error);
    CHECK(x->graph[0]);
    if (code == GROVE_OK)
        code = INJECT(EXAMINE_LOOKED_UP, error);
    if (code == GROVE_OK && x->row_count == 0)
        reason = "no content has a vector that is current";
    if (code == GROVE_OK && !reason)
        code = examine_compare_checks(x, &equal, error);
    if (code == GROVE_OK && !reason)
        code = examine_list_unreached(x, &reason, error);
    if (code == GROVE_OK && !reason)
        code = examine_make_filters(x, error);
    if (code == GROVE_OK && !reason)
        code = examine_judge(x, error);
    if (code != GROVE_OK)
        return code;
    struct known known;
    code = read_known(x, &known, error);
    if (code == GROVE_OK && !equal && known.revision == x->revision)
        reason = "the vector engine lacks rows: its exact answers are not PostgreSQL's";
    x->report->rows = (int64_t)x->row_count;
    x->report->listed = (int64_t)x->list.count;
    if (code == GROVE_OK && reason) {
        x->report->ef = x->report->ef_filtered = 0;
        snprintf(x->report->reason, sizeof x->report->reason, "%s", reason);
    }
    return code;
}

static enum grove_code look_and_write(struct examination *x, struct grove_error *error)
{
    char graph[VECTOR_GRAPH_SIZE] = "";
    int64_t started_us = clock_monotonic_us();
    enum grove_code code = INJECT(EXAMINE_CLAIMED, error);
    CHECK(x->graph[0]);
    CHECK(x->points > x->points_min);
    if (code == GROVE_OK)
        code = look_at_graph(x, error);
    if (code == GROVE_OK)
        code = INJECT(EXAMINE_JUDGED, error);
    if (code == GROVE_OK)
        code = vector_graph(x->store->engine, x->call, graph, error);
    if (code == GROVE_OK && strcmp(graph, x->graph) != 0)
        x->graph_changed = true;
    x->report->seconds = (double)(clock_monotonic_us() - started_us) / 1e6;
    if (code == GROVE_OK && !x->graph_changed) {
        x->report->outcome = EXAMINE_DONE;
        return write_row(x, error);
    }
    give_back(x);
    if (!x->graph_changed)
        return code;
    *x->report = (struct examine_report){.outcome = EXAMINE_BUSY};
    return GROVE_OK;
}

static enum grove_code note_few(struct examination *x, const struct known *known,
                                struct grove_error *error)
{
    CHECK(known->contents <= x->points_min);
    *x->report = (struct examine_report){.outcome = EXAMINE_NEEDLESS, .rows = known->contents};
    snprintf(x->report->reason, sizeof x->report->reason, "few contents: all are compared");
    x->graph[0] = '\0';
    return is_noted(known, x->points_min) ? GROVE_OK : write_row(x, error);
}

static enum grove_code note_many(struct examination *x, struct grove_error *error)
{
    CHECK(x->points > EXAMINE_POINTS_MAX);
    *x->report = (struct examine_report){.outcome = EXAMINE_DONE};
    snprintf(x->report->reason, sizeof x->report->reason, "more than %d contents are not examined",
             EXAMINE_POINTS_MAX);
    return write_row(x, error);
}

static enum grove_code examine_if_due(struct examination *x, struct grove_error *error)
{
    struct known known;
    bool claimed = false;
    enum grove_code code = read_known(x, &known, error);
    CHECK(x->points_min > 0);
    if (code != GROVE_OK)
        return code;
    x->points = known.contents;
    x->revision = known.revision;
    if (known.contents <= x->points_min)
        return note_few(x, &known, error);
    code = vector_graph(x->store->engine, x->call, x->graph, error);
    if (code != GROVE_OK)
        return code;
    if (is_current(&known, x->graph)) {
        *x->report = known.report;
        return GROVE_OK;
    }
    x->report->outcome = x->graph[0] == '\0' ? EXAMINE_BUSY : EXAMINE_ELSEWHERE;
    if (x->graph[0] == '\0')
        return GROVE_OK;
    if (known.contents > EXAMINE_POINTS_MAX)
        return note_many(x, error);
    code = claim(x, false, &claimed, error);
    return code == GROVE_OK && claimed ? look_and_write(x, error) : code;
}

enum grove_code examine(struct store *store, struct call *call,
                        const struct examine_request *request, struct examine_report *ret,
                        struct grove_error *error)
{
    static const struct examine_request plain;
    struct examine_report report = {.outcome = EXAMINE_BUSY};
    char doubt[STORE_DOUBT_SIZE];
    struct examination *x = mem_zalloc(sizeof *x);
    CHECK(store->engine);
    CHECK(store->collection[0]);
    if (!x)
        return error_no_memory(error, "an examination");
    x->store = store;
    x->call = call;
    x->request = request ? request : &plain;
    x->collection = store->collection;
    x->points_min = vector_exact_points();
    x->report = &report;
    arena_init(&x->arena, ARENA_BYTES_MAX);
    enum grove_code code = workers_new(SEARCHERS, &x->workers, error);
    if (code == GROVE_OK)
        code = store_refresh_model(store, call, error);
    x->precision = store_precision(store);
    // Until both stores are compared nobody knows whether what was found holds on.
    if (code == GROVE_OK && store_is_doubted(store, doubt))
        report.outcome = EXAMINE_ELSEWHERE;
    else if (code == GROVE_OK)
        code = examine_if_due(x, error);
    if (code == GROVE_OK)
        *ret = report;
    workers_free(x->workers);
    mem_free(x->rows);
    arena_release(&x->arena);
    mem_free(x);
    return code;
}

enum grove_code examine_look(struct store *store, struct call *call, struct examine_report *ret,
                             struct grove_error *error)
{
    struct examination x = {.store = store, .call = call, .collection = store->collection};
    struct known known;
    char graph[VECTOR_GRAPH_SIZE] = "";
    struct grove_error unused;
    enum grove_code code = read_known(&x, &known, error);
    CHECK(store->collection[0]);
    if (code != GROVE_OK)
        return code;
    *ret = known.report;
    if (known.contents <= vector_exact_points())
        *ret = (struct examine_report){.outcome = EXAMINE_NEEDLESS};
    else if (known.claimed)
        ret->outcome = EXAMINE_ELSEWHERE;
    else if (vector_graph(store->engine, call, graph, &unused) != GROVE_OK || graph[0] == '\0')
        ret->outcome = EXAMINE_BUSY;
    else
        ret->outcome = is_current(&known, graph) ? EXAMINE_CURRENT : EXAMINE_DUE;
    return GROVE_OK;
}
