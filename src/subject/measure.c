// SPDX-License-Identifier: Apache-2.0
#include "subject/measure.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/clock.h"
#include "catalog/store.h"
#include "query/queries.h"

enum {
    TIMES = 5,
    DISCOVER_MS = 5000,    // an engine that needs longer is as good as out
    SCANNED_PAGES = 20000, // 160 MB: read in a fraction of a second
    ARENA_BYTES_MAX = 1 << 20,
};

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double measure_discover(struct store *store, struct call *call)
{
    static const float vector[GROVE_DIMENSION] = {1};
    const struct grove_discover_request request = {.vector = vector};
    double times[TIMES];
    struct call limited = call_part(call);
    struct grove_error ignored;
    // The rest is for what was asked for.
    unsigned most_ms = call_left_ms(call, 4 * DISCOVER_MS) / 4;
    if (most_ms == 0)
        return NAN;
    limited.patient = false;
    call_within(&limited, most_ms);
    for (size_t i = 0; i < TIMES; i++) {
        struct grove_result *result = NULL;
        if (query_discover(store, &limited, &request, &result, &ignored) != GROVE_OK)
            return NAN;
        times[i] = result->milliseconds;
        bool counts = !result->degraded && result->row_count > 0;
        grove_result_free(result);
        if (!counts)
            return NAN;
    }
    call_add_counters(call, &limited);
    qsort(times, TIMES, sizeof times[0], by_size);
    return times[TIMES / 2];
}

static enum grove_code measure_scan(struct pg_conn *conn, struct arena *arena, int64_t pages,
                                    double *ret_seconds, struct grove_error *error)
{
    struct pg_rows rows;
    struct pg_params params = {0};
    double part = pages > SCANNED_PAGES ? (double)SCANNED_PAGES / (double)pages : 1;
    pg_add_float8(&params, part * 100);
    int64_t since_us = clock_monotonic_us();
    enum grove_code code = store_query_on(conn, arena, "subject_scan.sql", &params, &rows, error);
    if (code == GROVE_OK)
        *ret_seconds = (double)(clock_monotonic_us() - since_us) / 1e6 / part;
    return code;
}

// "Planning Time: 0.123 ms", as EXPLAIN says it; NaN: it does not.
static double planning_of(const struct pg_rows *rows)
{
    for (int r = 0; r < rows->count; r++) {
        struct text line = text_trim(pg_text(rows, r, 0)), word;
        double value;
        if (!text_starts_with(line, "Planning Time: "))
            continue;
        CHECK(text_split(&line, ':', &word));
        line = text_trim(line);
        if (text_split(&line, ' ', &word) && text_to_double(word, &value))
            return value;
    }
    return NAN;
}

// The first planning reads the catalogue.
static enum grove_code measure_planning(struct pg_conn *conn, struct arena *arena, double *ret,
                                        struct grove_error *error)
{
    static const struct pg_statement explain = {
        "", "EXPLAIN (SUMMARY) SELECT leaf_id FROM grove.leaf WHERE tree = 'religion'"};
    struct pg_rows rows;
    double times[TIMES];
    for (size_t i = 0; i < TIMES; i++) {
        enum grove_code code = pg_query(conn, arena, &explain, NULL, &rows, error);
        if (code != GROVE_OK)
            return code;
        times[i] = planning_of(&rows);
        if (isnan(times[i])) {
            *ret = NAN;
            return GROVE_OK;
        }
    }
    qsort(times, TIMES, sizeof times[0], by_size);
    *ret = times[TIMES / 2];
    return GROVE_OK;
}

static enum grove_code measure_database(struct pg_conn *conn, struct arena *arena,
                                        struct grove_subject_impact *ret, struct grove_error *error)
{
    struct pg_rows rows;
    enum grove_code code = store_query_on(conn, arena, "subject_sizes.sql", NULL, &rows, error);
    if (code != GROVE_OK)
        return code;
    int64_t pages = pg_int8(&rows, 0, 1);
    *ret = (struct grove_subject_impact){
        .rows = pg_int8(&rows, 0, 0),
        .table_bytes = pg_int8(&rows, 0, 2),
        .database_bytes = pg_int8(&rows, 0, 3),
        .subjects = pg_int8(&rows, 0, 4),
    };
    code = measure_scan(conn, arena, pages, &ret->validate_seconds, error);
    return code == GROVE_OK ? measure_planning(conn, arena, &ret->planning_ms, error) : code;
}

enum grove_code measure_impact(struct store *store, struct call *call,
                               struct grove_subject_impact *ret, struct grove_error *error)
{
    struct arena arena;
    struct pg_conn *conn = NULL;
    struct grove_subject_impact impact;
    arena_init(&arena, ARENA_BYTES_MAX);
    enum grove_code code = pg_take(store->pool, call, &conn, error);
    if (code == GROVE_OK)
        code = measure_database(conn, &arena, &impact, error);
    pg_give(&conn);
    arena_release(&arena);
    if (code != GROVE_OK) {
        error_context(error, "while measuring what the change means");
        return code;
    }
    impact.discover_ms = measure_discover(store, call);
    *ret = impact;
    return GROVE_OK;
}
