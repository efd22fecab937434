// SPDX-License-Identifier: Apache-2.0
// Every kind of time that PostgreSQL holds, under every pair of bounds: PostgreSQL's own answer,
// asked in words, beside what the engine shows, and beside what grove's parameters make PostgreSQL
// answer. The engine may show more, never less. Both the fake engine and the real one are asked.
#include "../../support/stores.h"

#include "sync/projector.h"
#include "vector/private.h"
#include "vector/qdrant.h"

// In order. `us` is of 1970, as grove counts; where its 64 bits end, several are one.
struct moment {
    const char *words;
    int64_t us;
    bool shared; // not the only one with its number
};
static const struct moment moments[] = {
    {"-infinity", INT64_MIN + 1, false},
    {"4714-11-24 00:00:00 BC", INT64_C(-210866803200000000), false}, // the first there is
    {"4714-11-24 00:00:00.000001 BC", INT64_C(-210866803199999999), false},
    {"0044-03-15 12:00:00 BC", INT64_C(-63517780800000000), false},
    {"0001-12-31 23:59:59.999999 BC", INT64_C(-62135596800000001), false},
    {"0001-01-01 00:00:00", INT64_C(-62135596800000000), false}, // RFC 3339 begins
    {"0001-01-01 00:00:00.000001", INT64_C(-62135596799999999), false},
    {"1969-12-31 23:59:59.999999", -1, false},
    {"1970-01-01 00:00:00", 0, false},
    {"1970-01-01 00:00:00.000001", 1, false},
    {"1999-12-31 23:59:59.999999", INT64_C(946684799999999), false},
    {"2000-01-01 00:00:00", INT64_C(946684800000000), false},
    {"2026-11-23 07:44:41.123456", INT64_C(1795419881123456), false},
    {"9999-12-31 23:59:59.999998", INT64_C(253402300799999998), false},
    {"9999-12-31 23:59:59.999999", INT64_C(253402300799999999), false}, // and ends
    {"10000-01-01 00:00:00", INT64_C(253402300800000000), false},
    {"10000-01-01 00:00:00.000001", INT64_C(253402300800000001), false},
    {"12026-06-01 00:00:00", INT64_C(317349792000000000), false},
    {"294247-01-10 04:00:54.775805", INT64_MAX - 2, false},
    {"294247-01-10 04:00:54.775806", INT64_MAX - 1, true}, // the last that is one alone
    {"294247-01-10 04:00:54.775807", INT64_MAX - 1, true},
    {"294247-01-10 04:00:54.775808", INT64_MAX - 1, true},
    {"294276-12-31 23:59:59.999999", INT64_MAX - 1, true}, // the last there is
    {"infinity", INT64_MAX, false},
};
enum { MOMENTS = ARRAY_COUNT(moments), FIRST = 5, LAST = 14 };

// Rows 1 to MOMENTS have these times; one more has none.
static void make_rows(struct test_stores *stores)
{
    struct projector_report report = {0};
    struct grove_error error;
    for (size_t i = 0; i <= MOMENTS; i++) {
        int32_t id = test_content(stores, &(struct test_content){.words = 3});
        assert_int_equal(id, i + 1);
        test_vector_give(stores, id, test_toward(0.5F, (unsigned)id).numbers);
        if (i < MOMENTS)
            test_sql(stores, "UPDATE content_metadata SET created_at = '%s' WHERE id = %d",
                     moments[i].words, id);
        else
            test_sql(stores, "UPDATE content_metadata SET created_at = NULL WHERE id = %d", id);
    }
    assert_ok(
        projector_drain(&stores->store, NULL, &(struct projector_patience){0}, &report, &error),
        error);
    assert_int_equal(report.failed, 0);
}

// The ids as bits.
static uint64_t wanted_of(struct test_stores *stores, const char *since, const char *before)
{
    return (uint64_t)test_sql_int(
        stores,
        "SELECT coalesce(sum(1::bigint << id), 0)::bigint FROM content_metadata WHERE created_at IS"
        " NOT NULL AND (%s%s%s) AND (%s%s%s)",
        since ? "created_at >= '" : "true", since ? since : "", since ? "'" : "",
        before ? "created_at < '" : "true", before ? before : "", before ? "'" : "");
}

static uint64_t shown_of(struct test_stores *stores, int64_t since_us, int64_t before_us)
{
    struct vector_filter filter = {.created_since_us = since_us,
                                   .created_before_us = before_us,
                                   .words_min = VECTOR_NONE,
                                   .words_max = VECTOR_NONE};
    struct test_vector query = test_toward(1, 0);
    struct vector_hits hits;
    struct grove_error error;
    uint64_t shown = 0, count;
    assert_ok(
        vector_search(stores->store.engine, NULL,
                      &(struct vector_query){
                          .vector = query.numbers, .filter = &filter, .limit = 64, .exact = true},
                      &stores->arena, &hits, &error),
        error);
    assert_ok(vector_count(stores->store.engine, NULL, &filter, &count, &error), error);
    assert_int_equal(count, hits.count);
    for (size_t i = 0; i < hits.count; i++)
        shown |= UINT64_C(1) << hits.items[i].content_id;
    return shown;
}

// i, j: of moments; MOMENTS: no bound.
static void compare_bounds(struct test_stores *stores, size_t i, size_t j)
{
    const struct moment none = {NULL, VECTOR_NONE, false};
    const struct moment since = i < MOMENTS ? moments[i] : none;
    const struct moment before = j < MOMENTS ? moments[j] : none;
    uint64_t wanted = wanted_of(stores, since.words, before.words);
    uint64_t shown = shown_of(stores, since.us, before.us);
    if ((wanted & ~shown) != 0)
        fail_msg("since %s before %s: the engine lacks rows %llx", since.words, before.words,
                 (unsigned long long)(wanted & ~shown));
    if (shown & UINT64_C(1) << (MOMENTS + 1))
        fail_msg("since %s before %s: a row without a time", since.words, before.words);
    // Bounds that RFC 3339 has are no reason for more.
    bool plain =
        (i == MOMENTS || (i > FIRST && i <= LAST)) && (j == MOMENTS || (j > FIRST && j <= LAST));
    if (plain && shown != wanted)
        fail_msg("since %s before %s: %llx more", since.words, before.words,
                 (unsigned long long)(shown & ~wanted));
}

static void compare_all(struct test_stores *stores)
{
    make_rows(stores);
    for (size_t i = 0; i <= MOMENTS; i++)
        for (size_t j = 0; j <= MOMENTS; j++)
            if (i < MOMENTS || j < MOMENTS)
                compare_bounds(stores, i, j);
}

static void the_fake_engine_lacks_no_row(struct test_stores *stores)
{
    compare_all(stores);
}

static void the_real_engine_lacks_no_row(struct test_stores *stores)
{
    const struct home *home;
    char socket_path[PATH_MAX];
    struct vector_engine *engine = NULL;
    struct grove_error error;
    assert_ok(test_home(&home, &error), error);
    assert_ok(vector_server_start(home, NULL, &error), error);
    vector_server_socket(home, socket_path);
    assert_ok(qdrant_open(&(struct qdrant_options){.socket_path = socket_path}, &engine, &error),
              error);
    test_stores_use_engine(stores, engine);
    assert_ok(vector_ensure_collection(engine, NULL, &error), error);
    compare_all(stores);
}

// --- grove's numbers ----------------------------------------------------------------------------

static int64_t ask(struct test_stores *stores, const char *sql, const struct pg_params *params)
{
    struct pg_statement statement = {"", sql};
    struct pg_rows rows;
    struct grove_error error;
    assert_ok(pg_query(test_session(stores), &stores->arena, &statement, params, &rows, &error),
              error);
    assert_int_equal(rows.count, 1);
    return pg_int8(&rows, 0, 0);
}

static void times_come_and_go(struct test_stores *stores)
{
    struct pg_conn *conn = test_session(stores);
    for (size_t i = 0; i < MOMENTS; i++) {
        struct pg_rows rows;
        struct pg_params params = {0};
        struct grove_error error;
        struct pg_statement statement = {
            "", arena_printf(&stores->arena,
                             "SELECT '%s'::timestamp, '%s'::timestamptz, $1::timestamp "
                             "IS NOT DISTINCT FROM '%s', $2::timestamptz IS NOT DISTINCT FROM '%s',"
                             " ($3::timestamp[])[1] IS NOT DISTINCT FROM '%s'",
                             moments[i].words, moments[i].words, moments[i].words, moments[i].words,
                             moments[i].words)};
        pg_add_timestamp(&params, moments[i].us);
        pg_add_timestamptz(&params, moments[i].us);
        pg_add_timestamp_array(&params, &stores->arena, &moments[i].us, 1);
        assert_ok(pg_query(conn, &stores->arena, &statement, &params, &rows, &error), error);
        bool same = !moments[i].shared || moments[i].us != moments[i - 1].us;
        if (pg_timestamp(&rows, 0, 0) != moments[i].us ||
            pg_timestamp(&rows, 0, 1) != moments[i].us || pg_bool(&rows, 0, 2) != same ||
            pg_bool(&rows, 0, 3) != same || pg_bool(&rows, 0, 4) != same)
            fail_msg("%s: %lld", moments[i].words, (long long)pg_timestamp(&rows, 0, 0));
    }
}

// What no timestamp reaches compares as it should: with all, or with none.
static void bounds_out_of_reach(struct test_stores *stores)
{
    static const char sql[] = "SELECT sum((t < $1)::int)::bigint FROM unnest("
                              "'{-infinity,4714-11-24 00:00:00 BC,2000-01-01,infinity}'"
                              "::timestamp[]) AS t";
    static const struct {
        int64_t us, before;
    } rows[] = {
        {INT64_MIN + 1, 0},
        {INT64_MIN + 2, 1},
        {INT64_MIN + INT64_C(946684800000000), 1},
        {INT64_MIN + INT64_C(946684800000001), 1},
        {INT64_C(-210866803200000001), 1},
        {INT64_C(-210866803199999999), 2},
        {INT64_MAX - 1, 3},
        {INT64_MAX, 3},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pg_params params = {0};
        pg_add_timestamp(&params, rows[i].us);
        if (ask(stores, sql, &params) != rows[i].before)
            fail_msg("row %zu", i);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(the_fake_engine_lacks_no_row),
        STORES_TEST(the_real_engine_lacks_no_row),
        STORES_TEST(times_come_and_go),
        STORES_TEST(bounds_out_of_reach),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
