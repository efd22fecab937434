// SPDX-License-Identifier: Apache-2.0
// A document is one row: which one, when the page is complete, and what is counted.
#include "searching.h"

#include "base/inject.h"

// Contents [first, last] are the chunks of a document, in their order.
static void make_document(struct test_stores *stores, const char *key, int first, int last)
{
    test_sql(stores,
             "WITH d AS (INSERT INTO grove.document (source, key, title, body, body_sha256,"
             " chunk_count) VALUES ('shelf', '%s', 'Title', repeat('abcd', 100), '', %d)"
             " RETURNING id) INSERT INTO grove.chunk (content_id, document_id, position, heading,"
             " first_character, characters) SELECT n, d.id, n - %d + 1, 'Part',"
             " (n - %d) * 4 + 1, 4 FROM d, generate_series(%d, %d) AS n",
             key, last - first + 1, first, first, first, last);
}

// Rows of cosines 0.9, 0.89, ... with ids from 1, all of them in the engine.
static void make_rows(struct test_stores *stores, int count)
{
    for (int i = 0; i < count; i++)
        make_row(stores, 0.9F - 0.01F * (float)i);
    project(stores);
}

static void assert_whole(struct test_stores *stores, const struct grove_result *result,
                         const char *wanted)
{
    assert_ids(stores, result, wanted);
    assert_true(result->complete);
    assert_false(result->degraded);
    assert_non_null(result->explain->proof);
}

static int64_t matched(const struct grove_result *result, size_t i)
{
    assert_non_null(result->passages);
    return result->passages[i] ? result->passages[i]->chunks_matched : -1;
}

static void without_documents_nothing_is_read(struct test_stores *stores)
{
    make_rows(stores, 5);
    const struct grove_result *result = search(stores, 3);
    assert_whole(stores, result, "1 2 3");
    assert_null(result->passages);
    unsigned statements = result->explain->statements;
    result = search_as(stores, (struct grove_search_request){.limit = 3, .chunks = true});
    assert_int_equal(result->explain->statements, statements);
}

static void a_document_is_its_best_row(struct test_stores *stores)
{
    make_rows(stores, 6);
    make_document(stores, "a", 2, 4);
    const struct grove_result *result = search(stores, 10);
    assert_whole(stores, result, "1 2 5 6");
    assert_null(result->passages[0]);
    const struct grove_passage *passage = result->passages[1];
    assert_string_equal(passage->key, "a");
    assert_string_equal(passage->source, "shelf");
    assert_string_equal(passage->heading, "Part");
    assert_null(passage->url);
    assert_null(passage->text);
    assert_int_equal(passage->position, 1);
    assert_int_equal(passage->chunk_count, 3);
    assert_int_equal(passage->chunks_matched, 3);
    assert_int_equal(result->explain->folded, 2);
}

static void what_stands_behind_the_last_is_not_counted(struct test_stores *stores)
{
    make_rows(stores, 6);
    make_document(stores, "a", 1, 2);
    test_sql(stores, "UPDATE grove.chunk SET position = 3 WHERE content_id = 2");
    test_sql(stores, "INSERT INTO grove.chunk (content_id, document_id, position, first_character,"
                     " characters) SELECT 5, document_id, 2, 9, 4 FROM grove.chunk LIMIT 1");
    const struct grove_result *result = search(stores, 2);
    assert_whole(stores, result, "1 3");
    assert_int_equal(matched(result, 0), 2);
    assert_int_equal(matched(search(stores, 4), 0), 3); // the last is 6
}

static void each_chunk_where_that_is_asked_for(struct test_stores *stores)
{
    make_rows(stores, 6);
    make_document(stores, "a", 2, 4);
    const struct grove_result *result =
        search_as(stores, (struct grove_search_request){.limit = 4, .chunks = true});
    assert_whole(stores, result, "1 2 3 4");
    assert_int_equal(result->passages[3]->position, 3);
    assert_int_equal(matched(result, 3), GROVE_NULL);
}

static void neighbours_come_along(struct test_stores *stores)
{
    make_rows(stores, 3);
    make_document(stores, "a", 1, 3);
    test_sql(stores, "UPDATE grove.document SET body = 'one_two_three'");
    const struct grove_result *result =
        search_as(stores, (struct grove_search_request){.limit = 1, .context = 1});
    assert_string_equal(result->passages[0]->text, "one_two_");
    result = search_as(stores, (struct grove_search_request){.limit = 1, .context = 100});
    assert_string_equal(result->passages[0]->text, "one_two_thre");
}

static void put_in_document(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call == ENGINE_SEARCH &&
        test_sql_int(stores, "SELECT count(*) FROM grove.chunk") == 0)
        make_document(stores, "a", 1, 20);
}

// Too few rows were kept to fold them: it is looked again.
static void documents_that_come_meanwhile(struct test_stores *stores)
{
    make_rows(stores, 22);
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = put_in_document, .state = stores});
    const struct grove_result *result = search(stores, 2);
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){0});
    assert_whole(stores, result, "1 21");
    assert_int_equal(matched(result, 0), 20);
}

static void turn_back(void *state)
{
    (void)state;
    inject_set_knob(INJECT_KNOB_SEARCH_REACH, 0);
}

// What is known is shown, and that it is not all.
static void the_page_ends_where_the_engine_shows_no_more(struct test_stores *stores)
{
    make_rows(stores, 60);
    make_document(stores, "a", 1, 15);
    make_document(stores, "b", 16, 60);
    inject_set_knob(INJECT_KNOB_SEARCH_REACH, 30);
    test_at_end(stores, TEST_LAST, turn_back, NULL);
    const struct grove_result *result = search(stores, 3);
    assert_ids(stores, result, "1 16");
    assert_false(result->complete);
    assert_false(result->degraded);
    assert_non_null(strstr(result->incomplete_reason, "are of 2 documents"));
    assert_int_equal(matched(result, 0), 15);
    inject_set_knob(INJECT_KNOB_SEARCH_REACH, 15);
    assert_ids(stores, search(stores, 3), "1"); // the last one shown may have equals
}

// One document has all of the best rows.
static void rows_are_ranked_until_the_documents_are_found(struct test_stores *stores)
{
    make_rows(stores, 80);
    make_document(stores, "a", 1, 60);
    make_document(stores, "b", 61, 70);
    const struct grove_result *result = search(stores, 3);
    assert_whole(stores, result, "1 61 71");
    assert_int_equal(matched(result, 0), 60);
    assert_int_equal(matched(result, 1), 10);
    assert_true(result->explain->rounds > 1);
}

static void fewer_documents_than_wanted_are_all(struct test_stores *stores)
{
    make_rows(stores, 40);
    make_document(stores, "a", 1, 20);
    make_document(stores, "b", 21, 40);
    const struct grove_result *result = search(stores, 5);
    assert_whole(stores, result, "1 21");
    assert_int_equal(matched(result, 0), 20);
    assert_string_equal(result->explain->strategy, "push-down");
}

static void a_minimum_score_bounds_what_is_counted(struct test_stores *stores)
{
    make_rows(stores, 80);
    make_document(stores, "a", 1, 80);
    const struct grove_result *result =
        search_as(stores, (struct grove_search_request){.limit = 5, .score_min = 0.8505});
    assert_whole(stores, result, "1");
    assert_int_equal(matched(result, 0), 5);
    assert_string_equal(result->explain->strategy, "push-down");
}

static void rows_that_wait_are_folded(struct test_stores *stores)
{
    make_rows(stores, 4);
    for (int i = 0; i < 40; i++)
        make_row(stores, 0.95F); // 5 to 44
    make_document(stores, "a", 5, 44);
    const struct grove_result *result = search(stores, 2);
    assert_whole(stores, result, "5 1");
    assert_int_equal(matched(result, 0), 40);
}

static void postgres_folds_alone(struct test_stores *stores)
{
    make_rows(stores, 30);
    make_document(stores, "a", 1, 20);
    const struct grove_result *result = search_as(
        stores, (struct grove_search_request){.limit = 2, .strategy = GROVE_STRATEGY_RELATIONAL});
    assert_ids(stores, result, "1 21");
    assert_true(result->complete);
    assert_int_equal(matched(result, 0), 20);
}

static void what_the_engine_lost_is_noticed(struct test_stores *stores)
{
    make_rows(stores, 30);
    make_document(stores, "a", 1, 20);
    fake_engine_take(stores->fake, 30);
    const struct grove_result *result = search(stores, 20);
    assert_int_equal(result->row_count, 11);
    assert_true(result->degraded);
}

static void similar_leaves_out_its_document(struct test_stores *stores)
{
    make_rows(stores, 8);
    make_document(stores, "a", 1, 3);
    struct grove_search_request request = {.similar_to = 2, .limit = 3, .explain = true};
    struct grove_result *result;
    struct grove_error error;
    assert_int_equal(query_search(&stores->store, NULL, &request, &result, &error), GROVE_OK);
    assert_ids(stores, result, "4 5 6");
    grove_result_free(result);
    request.chunks = true;
    assert_int_equal(query_search(&stores->store, NULL, &request, &result, &error), GROVE_OK);
    for (size_t i = 0; i < result->row_count; i++)
        assert_int_not_equal(result->rows[i].content_id, 2);
    grove_result_free(result);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(without_documents_nothing_is_read),
        STORES_TEST(a_document_is_its_best_row),
        STORES_TEST(what_stands_behind_the_last_is_not_counted),
        STORES_TEST(each_chunk_where_that_is_asked_for),
        STORES_TEST(neighbours_come_along),
        STORES_TEST(documents_that_come_meanwhile),
        STORES_TEST(the_page_ends_where_the_engine_shows_no_more),
        STORES_TEST(rows_are_ranked_until_the_documents_are_found),
        STORES_TEST(fewer_documents_than_wanted_are_all),
        STORES_TEST(a_minimum_score_bounds_what_is_counted),
        STORES_TEST(rows_that_wait_are_folded),
        STORES_TEST(postgres_folds_alone),
        STORES_TEST(what_the_engine_lost_is_noticed),
        STORES_TEST(similar_leaves_out_its_document),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
