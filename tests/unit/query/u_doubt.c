// SPDX-License-Identifier: Apache-2.0
// Searches while the engine is not known to be the projection of the database: they do without it,
// and say so.
#include "searching.h"

#include <string.h>

static void read_anew(struct test_stores *stores)
{
    pthread_mutex_lock(&stores->store.model_mutex);
    stores->store.model_read_at_us = 0;
    pthread_mutex_unlock(&stores->store.model_mutex);
}

static void update_lineage(struct test_stores *stores, const char *what)
{
    test_sql(stores, "UPDATE grove.lineage SET %s, written = pg_current_xact_id()::xid", what);
    read_anew(stores);
}

// The engine lacks one row and has one that there is not.
static void make_rows(struct test_stores *stores)
{
    make_row(stores, 0.9F);
    make_row(stores, 0.8F);
    make_row(stores, 0.7F);
    project(stores);
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, 1, &point));
    fake_engine_take(stores->fake, 1);
    point.id = 9;
    fake_engine_put(stores->fake, &point);
}

static void assert_done_without(struct test_stores *stores, const char *reason)
{
    unsigned long asked = fake_engine_calls(stores->fake, ENGINE_SEARCH);
    const struct grove_result *result = search(stores, 2);
    assert_ids(stores, result, "1 2");
    assert_true(result->complete && result->degraded);
    assert_non_null(strstr(result->degraded_reason, reason));
    assert_non_null(strstr(result->degraded_reason, "grove sync"));
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_SEARCH), asked);
}

static void a_search_in_doubt_asks_no_engine(struct test_stores *stores)
{
    make_rows(stores);
    update_lineage(stores, "doubt = 'a test', compared_from = 0");
    assert_done_without(stores, "a test");
    project(stores); // compares
    const struct grove_result *result = search(stores, 2);
    assert_ids(stores, result, "1 2");
    assert_true(result->complete && !result->degraded);
}

// Nobody has noted yet what has happened.
static void a_search_sees_what_has_happened(struct test_stores *stores)
{
    make_rows(stores);
    update_lineage(stores, "timeline = 'another'");
    assert_done_without(stores, "something has happened to the database");
}

static void who_wants_the_engine_only_is_told(struct test_stores *stores)
{
    struct grove_error error;
    struct grove_result *result;
    struct test_vector query = test_toward(1, 0);
    make_rows(stores);
    update_lineage(stores, "doubt = 'a test'");
    struct grove_search_request request = {
        .limit = 3, .vector = query.numbers, .strategy = GROVE_STRATEGY_PUSH_DOWN};
    assert_int_equal(query_search(&stores->store, NULL, &request, &result, &error),
                     GROVE_UNAVAILABLE);
    assert_non_null(strstr(error.message, "a test"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_search_in_doubt_asks_no_engine),
        STORES_TEST(a_search_sees_what_has_happened),
        STORES_TEST(who_wants_the_engine_only_is_told),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
