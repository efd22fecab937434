// SPDX-License-Identifier: Apache-2.0
// What the metadata of documents has, which only PostgreSQL knows: whole answers by either way.
#include "searching.h"

#include "base/inject.h"

enum { ROWS = 60 };

// Rows of cosines 0.9, 0.89, ..., each with a document of its own: the one of the content n has
// {"n": n, "tens": n / 10, "odd": true or false}.
static void make_documents(struct test_stores *stores)
{
    for (int i = 0; i < ROWS; i++)
        make_row(stores, 0.9F - 0.01F * (float)i);
    test_sql(stores,
             "WITH d AS (INSERT INTO grove.document (key, title, body, body_sha256, chunk_count,"
             " metadata) SELECT n::text, 'Title', 'abcd', '', 1, jsonb_build_object('n', n, 'tens',"
             " n / 10, 'odd', n %% 2 = 1, 'name', 'n' || n) FROM generate_series(1, %d) AS n"
             " RETURNING id, key) INSERT INTO grove.chunk (content_id, document_id, position,"
             " first_character, characters) SELECT key::integer, id, 1, 1, 4 FROM d",
             ROWS);
    project(stores);
}

static const struct grove_result *search_for(struct test_stores *stores, const char *metadata,
                                             enum grove_strategy strategy)
{
    return search_as(stores, (struct grove_search_request){
                                 .limit = 4, .metadata = metadata, .strategy = strategy});
}

static const char tens[] = "{\"tens\": 4}", odd_tens[] = "{\"tens\": 4, \"odd\": true}",
                  one[] = "{\"name\": \"n57\"}", none[] = "{\"tens\": 7}";

static void assert_whole(struct test_stores *stores, const struct grove_result *result,
                         const char *wanted)
{
    assert_ids(stores, result, wanted);
    assert_true(result->complete);
    assert_false(result->degraded);
    assert_non_null(result->explain->proof);
}

static void either_way_is_whole(struct test_stores *stores)
{
    static const enum grove_strategy strategies[] = {GROVE_STRATEGY_AUTO, GROVE_STRATEGY_PUSH_DOWN,
                                                     GROVE_STRATEGY_RELATIONAL};
    make_documents(stores);
    make_row(stores, 1); // of no document
    for (size_t i = 0; i < ARRAY_COUNT(strategies); i++) {
        assert_whole(stores, search_for(stores, tens, strategies[i]), "40 41 42 43");
        assert_whole(stores, search_for(stores, odd_tens, strategies[i]), "41 43 45 47");
        assert_whole(stores, search_for(stores, one, strategies[i]), "57");
        assert_whole(stores, search_for(stores, none, strategies[i]), "");
    }
}

static void few_rows_are_compared_by_postgresql(struct test_stores *stores)
{
    make_documents(stores);
    const struct grove_result *result = search_for(stores, tens, GROVE_STRATEGY_AUTO);
    assert_string_equal(result->explain->strategy, "relational");
    assert_int_equal(result->explain->rows_estimated, 10);
    assert_int_equal(result->explain->rows_matching, 10);
    inject_set_knob(INJECT_KNOB_FOUND_FEW, 9);
    result = search_for(stores, tens, GROVE_STRATEGY_AUTO);
    assert_string_equal(result->explain->strategy, "push-down");
    assert_whole(stores, result, "40 41 42 43");
    assert_int_equal(result->explain->rows_matching, 10);
    inject_set_knob(INJECT_KNOB_FOUND_FEW, 0);
}

static void push_down_is_what_was_asked_for(struct test_stores *stores)
{
    make_documents(stores);
    const struct grove_result *result = search_for(stores, tens, GROVE_STRATEGY_PUSH_DOWN);
    assert_string_equal(result->explain->strategy, "push-down");
}

// Where so many match, and none of them, or two, are among what the engine shows at most.
static void beyond_the_reach_postgresql_compares(struct test_stores *stores)
{
    make_documents(stores);
    inject_set_knob(INJECT_KNOB_FOUND_FEW, 1);
    for (int reach = 35; reach <= 41; reach += 6) {
        inject_set_knob(INJECT_KNOB_SEARCH_REACH, reach);
        const struct grove_result *result = search_for(stores, tens, GROVE_STRATEGY_AUTO);
        assert_whole(stores, result, "40 41 42 43");
        assert_string_equal(result->explain->proof, "PostgreSQL compared all 10 matching rows");
    }
    inject_set_knob(INJECT_KNOB_SEARCH_REACH, 0);
    inject_set_knob(INJECT_KNOB_FOUND_FEW, 0);
}

static void rows_that_wait_are_asked_too(struct test_stores *stores)
{
    make_documents(stores);
    inject_set_knob(INJECT_KNOB_FOUND_FEW, 1);
    test_sql(stores, "UPDATE content_metadata SET word_count = 8 WHERE id IN (39, 42)");
    assert_whole(stores, search_for(stores, tens, GROVE_STRATEGY_AUTO), "40 41 42 43");
    inject_set_knob(INJECT_KNOB_FOUND_FEW, 0);
}

static void change_metadata(struct test_stores *stores)
{
    test_sql(stores, "UPDATE grove.document SET metadata = '{\"tens\": 4}' WHERE key = '7';"
                     "UPDATE grove.document SET metadata = '{}' WHERE key = '41'");
}

// Metadata change without a change of any content: the snapshot's counts.
static void what_changes_meanwhile_is_seen(struct test_stores *stores)
{
    make_documents(stores);
    inject_set_knob(INJECT_KNOB_FOUND_FEW, 1);
    TEST_AT(stores, SEARCH_HITS, change_metadata);
    assert_whole(stores, search_for(stores, tens, GROVE_STRATEGY_AUTO), "7 40 42 43");
    inject_set_knob(INJECT_KNOB_FOUND_FEW, 0);
}

static void move_the_place(struct test_stores *stores)
{
    test_sql(stores, "UPDATE subject1_hierarchy SET limb = 'Away' WHERE leaf = 'Leaf';"
                     "UPDATE subject1_hierarchy SET limb = 'Limb' WHERE leaf = 'Other'");
}

// The path comes to lead where few rows match.
static void the_path_may_come_to_lead_elsewhere(struct test_stores *stores)
{
    make_documents(stores);
    test_sql(stores, "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                     " VALUES ('Branch', 'Elsewhere', 'Other');"
                     "UPDATE content_metadata SET leaf_id = (SELECT id FROM subject1_hierarchy"
                     " WHERE leaf = 'Other'), chunk_number = id WHERE id = 49");
    project(stores);
    inject_set_knob(INJECT_KNOB_FOUND_FEW, 5);
    TEST_AT(stores, SEARCH_HITS, move_the_place);
    const struct grove_result *result = search_as(
        stores, (struct grove_search_request){
                    .limit = 4, .metadata = tens, .filter = {.path = "subject1/Branch/Limb"}});
    assert_whole(stores, result, "49");
    inject_set_knob(INJECT_KNOB_FOUND_FEW, 0);
}

static void values_are_compared_as_they_are(struct test_stores *stores)
{
    static const struct {
        const char *metadata, *ids;
    } rows[] = {
        {"{\"a\": 1}", "1 2"}, // numbers by their value
        {"{\"a\": 1.00}", "1 2"},      {"{\"a\": \"1\"}", "3"}, {"{\"a\": true}", "4"},
        {"{\"a\": null}", "5"},        {"{\"a\": \"\"}", "6"},  {"{\"a\": \"x\"}", ""},
        {"{\"b\": \"Grün\"}", "7"},    {"{\"c\": \"x\"}", ""}, // only at the top
        {"{\"a\": 1, \"d\": 2}", "2"},
    };
    static const char *const given[] = {"{\"a\": 1}",
                                        "{\"a\": 1.0, \"d\": 2}",
                                        "{\"a\": \"1\"}",
                                        "{\"a\": true}",
                                        "{\"a\": null}",
                                        "{\"a\": \"\"}",
                                        "{\"b\": \"Gr\\u00fcn\"}",
                                        "{\"e\": {\"c\": \"x\"}}",
                                        "{\"a\": [\"x\"]}"};
    make_documents(stores);
    test_sql(stores, "UPDATE grove.document SET metadata = '{}'");
    for (size_t i = 0; i < ARRAY_COUNT(given); i++)
        test_sql(stores, "UPDATE grove.document SET metadata = '%s' WHERE key = '%zu'", given[i],
                 i + 1);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_whole(stores, search_for(stores, rows[i].metadata, GROVE_STRATEGY_AUTO),
                     rows[i].ids);
}

static void pages_belong_to_their_metadata(struct test_stores *stores)
{
    struct grove_result *result;
    struct grove_error error;
    make_documents(stores);
    struct grove_browse_request request = {
        .limit = 3, .filter = {.path = "subject1"}, .metadata = tens};
    assert_ok(query_browse(&stores->store, NULL, &request, &result, &error), error);
    keep_result(stores, result);
    assert_int_equal(result->total, 10);
    assert_int_equal(result->row_count, 3);
    request.cursor = result->next_cursor;
    assert_ok(query_browse(&stores->store, NULL, &request, &result, &error), error);
    keep_result(stores, result);
    assert_int_equal(result->row_count, 3);
    request.metadata = odd_tens;
    assert_int_equal(query_browse(&stores->store, NULL, &request, &result, &error), GROVE_INVALID);
    request = (struct grove_browse_request){
        .limit = 3, .filter = {.path = "subject1/Branch"}, .metadata = none};
    assert_ok(query_browse(&stores->store, NULL, &request, &result, &error), error);
    keep_result(stores, result);
    assert_int_equal(result->total, 0);
    assert_int_equal(result->row_count, 0);
}

static void a_discovery_counts_what_matches(struct test_stores *stores)
{
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    make_documents(stores);
    for (int few = 0; few <= 1; few++) {
        inject_set_knob(INJECT_KNOB_FOUND_FEW, few ? 0 : 1);
        const struct grove_discover_request request = {
            .vector = query.numbers, .limit = 4, .depth = 20, .metadata = tens};
        assert_ok(query_discover(&stores->store, NULL, &request, &result, &error), error);
        keep_result(stores, result);
        assert_ids(stores, result, "40 41 42 43");
        assert_int_equal(result->total, 10);
        assert_true(result->complete);
    }
    inject_set_knob(INJECT_KNOB_FOUND_FEW, 0);
}

static void what_is_no_condition_is_told(struct test_stores *stores)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "1",
        "{\"a\": [1]}",
        "{\"a\": {}}",
        "{\"a\": 1",
        "{\"a\": 1, \"a\": 2}",
        "{\"\": 1}",
        "{\"a\": \"\\u0000\"}",
        "{\"a\\u0000\": 1}",
        "{\"a\": NaN}",
        "{\"a\": \"\\ud800\"}",
    };
    struct grove_error error;
    struct grove_result *result;
    struct test_vector query = test_toward(1, 0);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        const struct grove_search_request request = {.vector = query.numbers, .metadata = bad[i]};
        assert_int_equal(query_search(&stores->store, NULL, &request, &result, &error),
                         GROVE_INVALID);
        assert_non_null(strstr(error.message, "metadata to match"));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(either_way_is_whole),
        STORES_TEST(few_rows_are_compared_by_postgresql),
        STORES_TEST(push_down_is_what_was_asked_for),
        STORES_TEST(beyond_the_reach_postgresql_compares),
        STORES_TEST(rows_that_wait_are_asked_too),
        STORES_TEST(what_changes_meanwhile_is_seen),
        STORES_TEST(the_path_may_come_to_lead_elsewhere),
        STORES_TEST(values_are_compared_as_they_are),
        STORES_TEST(pages_belong_to_their_metadata),
        STORES_TEST(a_discovery_counts_what_matches),
        STORES_TEST(what_is_no_condition_is_told),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
