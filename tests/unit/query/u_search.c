// SPDX-License-Identifier: Apache-2.0
// Searches while rows change, and with an engine that lags, lies, lacks points or is out.
#include "searching.h"

#include <math.h>

#include "base/clock.h"

// --- helpers ------------------------------------------------------------------------------------

// Rows of cosines 0.9, 0.8, ... in the engine, with ids from 1.
static void make_projected(struct test_stores *stores, int count)
{
    for (int i = 0; i < count; i++)
        make_row(stores, 0.9F - 0.1F * (float)i);
    project(stores);
}

// The engine's point of a content, as it is but for its vector.
static void misplace(struct test_stores *stores, int32_t id, float cosine)
{
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, id, &point));
    struct test_vector vector = test_toward(cosine, (unsigned)id);
    memcpy(point.vector, vector.numbers, sizeof point.vector);
    fake_engine_put(stores->fake, &point);
}

// Points near the query that belong to no content.
static void put_strangers(struct test_stores *stores, int64_t first, int count)
{
    for (int i = 0; i < count; i++) {
        struct fake_point point = {.id = first + i,
                                   .revision = 1,
                                   .hierarchy_table = "subject1_hierarchy",
                                   .content_type = "Article"};
        point.vector[0] = 1;
        fake_engine_put(stores->fake, &point);
    }
}

// The rows, from the engine, and nothing is said against them.
static void assert_clean(struct test_stores *stores, const struct grove_result *result,
                         const char *wanted)
{
    assert_ids(stores, result, wanted);
    if (result->degraded || !result->complete)
        fail_msg("%s%s", result->degraded ? result->degraded_reason : "",
                 result->complete ? "" : result->incomplete_reason);
    assert_string_equal(result->explain->strategy, "push-down");
}

// --- rows that change meanwhile -----------------------------------------------------------------

static void rows_are_found_where_they_are(struct test_stores *stores)
{
    make_projected(stores, 3);
    make_row(stores, 0.85F); // waits in the outbox
    assert_clean(stores, search(stores, 10), "1 4 2 3");
}

// A row of the outbox tells what was so when it was put in. The content may be back since.
static void what_waits_as_deleted_and_is_there_is_found(struct test_stores *stores)
{
    make_projected(stores, 3);
    test_sql(stores, "INSERT INTO grove.outbox (content_id, revision, deleted)"
                     " VALUES (2, nextval('grove.revision_seq'), true)");
    assert_clean(stores, search(stores, 10), "1 2 3");
    test_sql(stores, "INSERT INTO grove.outbox (content_id, revision, deleted)"
                     " VALUES (2, nextval('grove.revision_seq'), false)");
    assert_clean(stores, search(stores, 10), "1 2 3");
}

static void a_row_in_both_is_one_row(struct test_stores *stores)
{
    make_projected(stores, 2);
    test_sql(stores, "UPDATE content_metadata SET word_count = 7 WHERE id = 1");
    const struct grove_result *result = search(stores, 10);
    assert_clean(stores, result, "1 2");
    assert_int_equal(result->explain->candidates, 2);
    assert_int_equal(result->explain->pending, 1);
}

static void a_row_projected_before_the_engine_is_asked(struct test_stores *stores)
{
    make_projected(stores, 2);
    make_row(stores, 0.95F);
    TEST_AT(stores, SEARCH_PLANNED, project);
    assert_clean(stores, search(stores, 2), "3 1");
    assert_int_equal(fake_engine_points(stores->fake), 3);
}

// Whoever asked the engine first, and PostgreSQL for what it lacks after that, would miss the row.
static void a_row_projected_once_the_engine_has_answered(struct test_stores *stores)
{
    make_projected(stores, 2);
    make_row(stores, 0.95F);
    fake_engine_set_hooks(
        stores->fake, &(struct fake_hooks){.after = project_behind_the_search, .state = stores});
    assert_clean(stores, search(stores, 2), "3 1");
    assert_int_equal(fake_engine_points(stores->fake), 3);
}

// By another process, which has projected everything since.
static void change_model(struct test_stores *stores)
{
    test_sql(stores, "UPDATE grove.setting SET value = 'all-MiniLM-L6-v2/int8'"
                     " WHERE name = 'model'");
}

static void a_model_that_changes_meanwhile_is_told(struct test_stores *stores)
{
    make_projected(stores, 3);
    TEST_AT(stores, SEARCH_HITS, change_model);
    const struct grove_result *result = search(stores, 2);
    assert_false(result->complete);
    assert_non_null(strstr(result->incomplete_reason, "another model"));
}

// What was kept of the model of before may be of a text of before.
static void vectors_of_the_model_before_are_looked_at(struct test_stores *stores)
{
    make_projected(stores, 1);
    test_sql(stores, "UPDATE grove.embedding SET text_sha256 = sha256('of another text')");
    TEST_AT(stores, SEARCH_EMBEDDED, change_model);
    const struct grove_result *result = search_as(
        stores, (struct grove_search_request){.limit = 1, .strategy = GROVE_STRATEGY_RELATIONAL});
    assert_int_equal(result->row_count, 1);
    assert_true(fabs(result->rows[0].score - 0.9) > 0.1); // that of its text
}

static void delete_first(struct test_stores *stores)
{
    test_session_sql(test_session(stores), "DELETE FROM content_metadata WHERE id = 1");
}

static void a_row_that_goes_makes_room(struct test_stores *stores)
{
    make_projected(stores, 4);
    TEST_AT(stores, SEARCH_HITS, delete_first);
    const struct grove_result *result = search(stores, 2);
    assert_clean(stores, result, "2 3");
    assert_int_equal(result->explain->dropped, 1);
}

static void change_first_delete_second(struct test_stores *stores)
{
    test_session_sql(test_session(stores),
                     "UPDATE content_metadata SET word_count = 8 WHERE id = 1;"
                     "DELETE FROM content_metadata WHERE id = 2");
}

static void rows_are_shown_as_they_were_compared(struct test_stores *stores)
{
    make_projected(stores, 3);
    TEST_AT(stores, SEARCH_SCORED, change_first_delete_second);
    const struct grove_result *result = search(stores, 3);
    assert_clean(stores, result, "1 2 3");
    assert_int_equal(result->rows[0].word_count, 3);
    result = search(stores, 3);
    assert_clean(stores, result, "1 3");
    assert_int_equal(result->rows[0].word_count, 8);
}

// --- an engine that lags ------------------------------------------------------------------------

static void strangers_are_passed_over(struct test_stores *stores)
{
    make_projected(stores, 3);
    put_strangers(stores, 1000, 12); // more than the first round shows
    const struct grove_result *result = search(stores, 2);
    assert_clean(stores, result, "1 2");
    assert_int_equal(result->explain->rounds, 2);
}

static void what_has_no_id_is_passed_over(struct test_stores *stores)
{
    make_projected(stores, 3);
    put_strangers(stores, (int64_t)INT32_MAX + 1, 5);
    assert_clean(stores, search(stores, 2), "1 2");
}

static void better_rows_behind_stale_ones_are_found(struct test_stores *stores)
{
    for (int i = 0; i < 12; i++)
        make_row(stores, 0.1F); // 1 to 12
    make_row(stores, 0.5F);     // 13
    make_row(stores, 0.4F);     // 14
    project(stores);
    for (int32_t id = 1; id <= 12; id++)
        misplace(stores, id, 0.9F); // what the engine has of them is old
    const struct grove_result *result = search(stores, 2);
    assert_clean(stores, result, "13 14");
    assert_int_equal(result->explain->rounds, 2);
}

static void one_round_is_enough_when_it_is(struct test_stores *stores)
{
    make_projected(stores, 20);
    const struct grove_result *result = search(stores, 2);
    assert_clean(stores, result, "1 2");
    assert_int_equal(result->explain->rounds, 1);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_SEARCH), 1);
}

// --- an engine that lacks points ----------------------------------------------------------------

static void lost_points_degrade_and_are_found(struct test_stores *stores)
{
    make_projected(stores, 3);
    fake_engine_take(stores->fake, 1);
    const struct grove_result *result = search(stores, 3);
    assert_ids(stores, result, "1 2 3");
    assert_true(result->degraded && result->complete);
    assert_string_equal(result->degraded_reason,
                        "the vector engine lacks 1 matching row; run \"grove sync\"");
    assert_string_equal(result->explain->strategy, "relational");
}

static void lost_points_are_told_where_pushing_down_was_asked_for(struct test_stores *stores)
{
    make_projected(stores, 3);
    fake_engine_take(stores->fake, 1);
    const struct grove_result *result = search_as(
        stores, (struct grove_search_request){.limit = 3, .strategy = GROVE_STRATEGY_PUSH_DOWN});
    assert_ids(stores, result, "2 3");
    assert_false(result->complete);
    assert_false(result->degraded);
}

static void fewer_rows_than_wanted_are_no_shortage(struct test_stores *stores)
{
    make_projected(stores, 3);
    assert_clean(stores, search(stores, 50), "1 2 3");
}

struct seen {
    unsigned searches, exact;
    size_t leaf_ids;
};

static void note_search(void *state, const struct engine_event *event)
{
    struct seen *seen = state;
    if (event->call != ENGINE_SEARCH)
        return;
    seen->searches++;
    seen->exact += event->query->exact;
    seen->leaf_ids = event->query->filter->by_leaf ? event->query->filter->leaf_id_count : 0;
}

static void a_path_goes_to_the_engine_as_leaves(struct test_stores *stores)
{
    struct seen seen = {0};
    make_projected(stores, 2);
    int32_t id = test_content(stores, &(struct test_content){.leaf = "Other"});
    test_vector_give(stores, id, test_toward(0.2F, 9).numbers);
    project(stores);
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = note_search, .state = &seen});
    const struct grove_result *result =
        search_as(stores, (struct grove_search_request){
                              .limit = 1, .filter = {.path = "subject1/Branch/Limb/Other"}});
    assert_clean(stores, result, "3");
    assert_int_equal(seen.leaf_ids, 1);
}

// --- an engine that is out ----------------------------------------------------------------------

static void postgres_stands_in(struct test_stores *stores)
{
    static const struct fake_fault faults[] = {
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, FAKE_UNREACHABLE},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, FAKE_SILENT},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, FAKE_OVERLOADED},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, FAKE_TOO_MANY},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, FAKE_COLLECTION_GONE},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, .code = GROVE_ENGINE, .http_status = 500},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, .code = GROVE_IO, .http_status = 507},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, FAKE_STRICT_MODE},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, FAKE_TOO_LARGE},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, .code = GROVE_DENIED, .http_status = 401},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, .code = GROVE_DENIED, .http_status = 403},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, .code = GROVE_CONFLICT, .http_status = 409},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, .code = GROVE_LIMIT}, // too long an answer
        // A private engine that cannot start.
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, .code = GROVE_INVALID},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, .code = GROVE_NOT_FOUND},
        {.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, .code = GROVE_UNSUPPORTED},
        {.call = ENGINE_SEARCH, .kind = FAKE_ANSWER_LOST, FAKE_SILENT},
    };
    make_projected(stores, 3);
    make_row(stores, 0.85F);
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        fake_engine_fault(stores->fake, &faults[i]);
        const struct grove_result *result = search(stores, 10);
        assert_ids(stores, result, "1 4 2 3");
        assert_true(result->degraded && result->complete);
        assert_string_equal(result->explain->strategy, "relational");
        fake_engine_clear_faults(stores->fake);
    }
    assert_clean(stores, search(stores, 10), "1 4 2 3");
}

// That all of our connections are busy, that the time is over, that somebody stopped it: none of
// these is the engine's failure, and comparing everything would be the larger work.
static void nothing_of_ours_is_turned_into_a_larger_work(struct test_stores *stores)
{
    static const enum grove_code codes[] = {GROVE_LIMIT, GROVE_TIMEOUT, GROVE_CANCELLED,
                                            GROVE_NO_MEMORY, GROVE_INVALID};
    struct test_vector query = test_toward(1, 0);
    const struct grove_search_request request = {.vector = query.numbers};
    make_projected(stores, 3);
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        struct grove_result *result;
        struct grove_error error;
        fake_engine_fault(stores->fake, &(struct fake_fault){.call = ENGINE_SEARCH,
                                                             .kind = FAKE_REFUSE,
                                                             .code = codes[i],
                                                             .ours = true});
        // A time of ours that is over, while the search has none: it is the engine's share.
        if (codes[i] != GROVE_TIMEOUT)
            assert_int_equal(query_search(&stores->store, NULL, &request, &result, &error),
                             codes[i]);
        else
            assert_true(search(stores, 10)->degraded);
        fake_engine_clear_faults(stores->fake);
    }
}

// Of all connections to the engine none came free for so long: it was not asked, nor is it slow.
static void a_wait_for_a_connection_is_not_the_engines(struct test_stores *stores)
{
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    const struct grove_search_request request = {.vector = query.numbers};
    make_projected(stores, 3);
    fake_engine_fault(stores->fake, &(struct fake_fault){.call = ENGINE_SEARCH,
                                                         .kind = FAKE_REFUSE,
                                                         .code = GROVE_TIMEOUT,
                                                         .ours = true,
                                                         .in_line = true});
    assert_int_equal(query_search(&stores->store, NULL, &request, &result, &error), GROVE_TIMEOUT);
    assert_int_equal(error.origin, GROVE_ORIGIN_GROVE);
}

static void turn_knobs_back(void *state)
{
    (void)state;
    inject_set_knob(INJECT_KNOB_SEARCH_ENGINE_MS, 0);
}

static void take_some_time(void *state, const struct engine_event *event)
{
    (void)event;
    struct test_stores *stores = state;
    stores->id++;
    clock_sleep_ms(40);
}

// An engine that needs some time for each round, and a search that needs many: one limit for all.
static void rounds_share_one_limit(struct test_stores *stores)
{
    make_projected(stores, 3);
    put_strangers(stores, 1000, 5000); // nearer than any row: round after round shows none
    test_at_end(stores, TEST_LAST, turn_knobs_back, NULL);
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = take_some_time, .state = stores});
    stores->id = 0;
    assert_false(search(stores, 3)->degraded);
    int rounds = stores->id;
    assert_in_range(rounds, 5, 10);
    inject_set_knob(INJECT_KNOB_SEARCH_ENGINE_MS, 100);
    stores->id = 0;
    const struct grove_result *result = search(stores, 3);
    assert_true(result->degraded && result->complete);
    assert_ids(stores, result, "1 2 3");
    assert_non_null(strstr(result->degraded_reason, "0.1 s"));
    assert_in_range(stores->id, 1, 3);
}

// Of this search, and not what its call asked before.
static void what_it_asked_of_the_servers_is_told(struct test_stores *stores)
{
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    struct call call;
    make_projected(stores, 3);
    const struct grove_search_request request = {.vector = query.numbers, .explain = true};
    call_init(&call);
    assert_ok(query_search(&stores->store, &call, &request, &result, &error), error);
    unsigned statements = result->explain->statements;
    assert_true(statements > 0);
    assert_int_equal(statements, call.counters.statements);
    assert_int_equal(result->explain->requests, 1);
    grove_result_free(result);
    call.counters.waited_us += 5000;
    assert_ok(query_search(&stores->store, &call, &request, &result, &error), error);
    keep_result(stores, result);
    assert_int_equal(result->explain->statements, call.counters.statements - statements);
    assert_int_equal(result->explain->requests, 1);
    assert_true(result->explain->waited_milliseconds == 0);
}

static void nobody_stands_in_where_pushing_down_was_asked_for(struct test_stores *stores)
{
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    make_projected(stores, 3);
    fake_engine_fault(stores->fake, &(struct fake_fault){
                                        .call = ENGINE_SEARCH, .kind = FAKE_REFUSE, FAKE_SILENT});
    const struct grove_search_request request = {.vector = query.numbers,
                                                 .strategy = GROVE_STRATEGY_PUSH_DOWN};
    assert_int_equal(query_search(&stores->store, NULL, &request, &result, &error), GROVE_TIMEOUT);
}

static void no_collection_and_nothing_projected_is_no_fault(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    fake_engine_lose_collection(stores->fake);
    const struct grove_result *result = search(stores, 10);
    assert_ids(stores, result, "1");
    assert_false(result->degraded);
    assert_true(result->complete);
    project(stores);
    fake_engine_lose_collection(stores->fake);
    assert_true(search(stores, 10)->degraded);
}

static void odd_ties_change_no_order(struct test_stores *stores)
{
    for (int i = 0; i < 4; i++) {
        int32_t id = test_content(stores, &(struct test_content){.words = 1});
        test_vector_give(stores, id, test_toward(0.5F, 1).numbers);
    }
    project(stores);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.ties_backwards = true});
    assert_clean(stores, search(stores, 4), "1 2 3 4");
}

static void a_spoilt_vector_is_told_of(struct test_stores *stores)
{
    for (int i = 0; i < 3; i++)
        make_row(stores, 0.9F - 0.03F * (float)i);
    project(stores);
    test_sql(stores,
             "ALTER TABLE grove.embedding DISABLE TRIGGER USER;"
             "UPDATE grove.embedding SET vector = overlay(vector PLACING '\\x0000c07f'::bytea"
             " FROM 1 FOR 4) WHERE content_id = 2");
    const struct grove_result *result =
        search_as(stores, (struct grove_search_request){.limit = 10});
    assert_ids(stores, result, "1 3");
    assert_false(result->complete);
    assert_non_null(strstr(result->incomplete_reason, "no usable vector"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(rows_are_found_where_they_are),
        STORES_TEST(what_waits_as_deleted_and_is_there_is_found),
        STORES_TEST(a_row_in_both_is_one_row),
        STORES_TEST(a_row_projected_before_the_engine_is_asked),
        STORES_TEST(a_row_projected_once_the_engine_has_answered),
        STORES_TEST(a_model_that_changes_meanwhile_is_told),
        STORES_TEST(vectors_of_the_model_before_are_looked_at),
        STORES_TEST(a_row_that_goes_makes_room),
        STORES_TEST(rows_are_shown_as_they_were_compared),
        STORES_TEST(strangers_are_passed_over),
        STORES_TEST(what_has_no_id_is_passed_over),
        STORES_TEST(better_rows_behind_stale_ones_are_found),
        STORES_TEST(one_round_is_enough_when_it_is),
        STORES_TEST(lost_points_degrade_and_are_found),
        STORES_TEST(lost_points_are_told_where_pushing_down_was_asked_for),
        STORES_TEST(fewer_rows_than_wanted_are_no_shortage),
        STORES_TEST(a_path_goes_to_the_engine_as_leaves),
        STORES_TEST(postgres_stands_in),
        STORES_TEST(nothing_of_ours_is_turned_into_a_larger_work),
        STORES_TEST(a_wait_for_a_connection_is_not_the_engines),
        STORES_TEST(rounds_share_one_limit),
        STORES_TEST(what_it_asked_of_the_servers_is_told),
        STORES_TEST(nobody_stands_in_where_pushing_down_was_asked_for),
        STORES_TEST(no_collection_and_nothing_projected_is_no_fault),
        STORES_TEST(odd_ties_change_no_order),
        STORES_TEST(a_spoilt_vector_is_told_of),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
