// SPDX-License-Identifier: Apache-2.0
// No transaction of a search is open while the model or the engine works, so that nobody who wants
// a table to himself waits for them; and what changes meanwhile makes no answer wrong.
#include "searching.h"

#include <math.h>

// --- helpers ------------------------------------------------------------------------------------

// What TRUNCATE and most kinds of ALTER want: while others have it they wait, and all who come
// after them.
static void want_table(struct test_stores *stores)
{
    test_session_sql(test_session(stores),
                     "BEGIN; LOCK TABLE public.content_metadata, grove.embedding, grove.outbox"
                     " IN ACCESS EXCLUSIVE MODE NOWAIT; ROLLBACK");
}

static int32_t make_text(struct test_stores *stores, const char *title)
{
    return test_content(stores, &(struct test_content){.title = title, .words = 3});
}

// The score of the only row, in a search that has its vector.
static double only_score(struct test_stores *stores)
{
    const struct grove_result *result = search(stores, 10);
    assert_int_equal(result->row_count, 1);
    return result->rows[0].score;
}

static void assert_is_first(const struct grove_result *result, const char *title, double score)
{
    assert_true(result->complete && !result->degraded);
    assert_int_equal(result->row_count, 1);
    assert_string_equal(result->rows[0].title, title);
    assert_true(fabs(result->rows[0].score - score) < 1e-12);
}

// --- nobody waits -------------------------------------------------------------------------------

static void nobody_waits_while_texts_are_embedded(struct test_stores *stores)
{
    static const enum grove_strategy strategies[] = {GROVE_STRATEGY_AUTO,
                                                     GROVE_STRATEGY_RELATIONAL};
    for (size_t i = 0; i < ARRAY_COUNT(strategies); i++) {
        make_text(stores, "a text without a vector");
        test_at_forget(stores);
        TEST_AT(stores, SEARCH_TEXTS, want_table);
        const struct grove_result *result =
            search_as(stores, (struct grove_search_request){.strategy = strategies[i]});
        assert_int_equal(stores->reached[INJECT_SEARCH_TEXTS], 1);
        assert_true(result->complete);
        assert_int_equal(result->row_count, i + 1);
    }
}

// The first round reaches strangers only.
static void nobody_waits_while_the_engine_is_asked_again(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    project(stores);
    for (int i = 0; i < 12; i++) {
        struct fake_point point = {.id = 1000 + i,
                                   .revision = 1,
                                   .hierarchy_table = "subject1_hierarchy",
                                   .content_type = "Article"};
        point.vector[0] = 1;
        fake_engine_put(stores->fake, &point);
    }
    test_at(stores, &(struct test_step){INJECT_SEARCH_HITS, 2, want_table, GROVE_OK});
    const struct grove_result *result = search(stores, 1);
    assert_int_equal(stores->reached[INJECT_SEARCH_HITS], 2);
    assert_int_equal(result->explain->rounds, 2);
    assert_true(result->complete && !result->degraded);
    assert_ids(stores, result, "1");
}

// --- what changes meanwhile ----------------------------------------------------------------------

static void change_text(struct test_stores *stores)
{
    test_session_sql(test_session(stores), "UPDATE content_metadata SET title = title || ' more'"
                                           " WHERE id = 1");
}

static void change_words(struct test_stores *stores)
{
    test_session_sql(test_session(stores), "UPDATE content_metadata SET word_count = 17");
}

static void delete_all(struct test_stores *stores)
{
    test_session_sql(test_session(stores), "DELETE FROM content_metadata");
}

static int count_stages(const struct grove_result *result, const char *name)
{
    int count = 0;
    for (size_t i = 0; i < result->explain->stage_count; i++)
        count += strcmp(result->explain->stages[i].name, name) == 0;
    return count;
}

// Some rows have a vector, and more than may be embedded have none.
static void rows_are_read_once_where_nothing_changes(struct test_stores *stores)
{
    enum { ROWS = 20, EMBEDDED_MAX = 16 };
    make_row(stores, 0.5F);
    make_text(stores, "apples");
    const struct grove_result *result = search(stores, 100);
    assert_true(result->complete);
    assert_int_equal(result->row_count, 2);
    assert_int_equal(count_stages(result, "texts"), 1);
    assert_int_equal(count_stages(result, "score"), 1);
    for (int i = 0; i < ROWS; i++)
        make_text(stores, "pears");
    result = search(stores, 100);
    assert_int_equal(count_stages(result, "score"), 1);
    assert_int_equal(result->row_count, 2 + EMBEDDED_MAX);
    assert_non_null(strstr(result->incomplete_reason, "4 matching rows"));
}

// What was embedded is not what is there: it is embedded, too.
static void a_text_that_changes_while_it_is_embedded(struct test_stores *stores)
{
    make_text(stores, "apples");
    TEST_AT(stores, SEARCH_TEXTS, change_text);
    const struct grove_result *result = search(stores, 10);
    assert_int_equal(stores->reached[INJECT_SEARCH_TEXTS], 2);
    assert_int_equal(result->explain->candidates, 1);
    assert_is_first(result, "apples more", only_score(stores));
    assert_int_equal(stores->reached[INJECT_SEARCH_TEXTS], 2); // its vector was kept
    project(stores);
    assert_is_first(result, "apples more", only_score(stores)); // the projector's own is the same
}

static void another_column_that_changes_meanwhile(struct test_stores *stores)
{
    make_text(stores, "apples");
    TEST_AT(stores, SEARCH_TEXTS, change_words);
    const struct grove_result *result = search(stores, 10);
    assert_int_equal(stores->reached[INJECT_SEARCH_TEXTS], 1);
    assert_int_equal(result->rows[0].word_count, 17);
    assert_is_first(result, "apples", only_score(stores));
    assert_int_equal(stores->reached[INJECT_SEARCH_TEXTS], 1);
}

static void a_row_that_goes_while_it_is_embedded(struct test_stores *stores)
{
    make_text(stores, "apples");
    TEST_AT(stores, SEARCH_TEXTS, delete_all);
    const struct grove_result *result = search(stores, 10);
    assert_int_equal(result->row_count, 0);
    assert_true(result->complete && !result->degraded);
}

// The engine was asked before it had the row, and the outbox has it no longer.
static void a_row_that_is_projected_while_it_is_embedded(struct test_stores *stores)
{
    make_text(stores, "apples");
    TEST_AT(stores, SEARCH_TEXTS, project);
    const struct grove_result *result = search(stores, 10);
    assert_int_equal(result->explain->rounds, 2);
    assert_string_equal(result->explain->strategy, "push-down");
    assert_is_first(result, "apples", only_score(stores));
}

// A search does not go on for ever.
static void a_text_that_changes_each_time_is_left_out(struct test_stores *stores)
{
    enum { EMBEDDINGS_MAX = 4 };
    make_text(stores, "apples");
    make_row(stores, 0.5F);
    test_at(stores, &(struct test_step){INJECT_SEARCH_TEXTS, 0, change_text, GROVE_OK});
    const struct grove_result *result = search(stores, 10);
    assert_int_equal(stores->reached[INJECT_SEARCH_TEXTS], EMBEDDINGS_MAX);
    assert_ids(stores, result, "2");
    assert_false(result->complete);
    assert_non_null(strstr(result->incomplete_reason, "1 matching row"));
}

// Of more than may be embedded some are, once: the result is not complete whatever is done.
static void where_too_many_wait_they_wait_once(struct test_stores *stores)
{
    enum { ROWS = 20, EMBEDDED_MAX = 16 };
    for (int i = 0; i < ROWS; i++)
        make_text(stores, "apples");
    test_at(stores, &(struct test_step){INJECT_SEARCH_TEXTS, 0, NULL, GROVE_OK});
    const struct grove_result *result = search(stores, 100);
    assert_int_equal(stores->reached[INJECT_SEARCH_TEXTS], 1);
    assert_false(result->complete);
    assert_int_equal(result->row_count, EMBEDDED_MAX);
    assert_int_equal(result->explain->candidates, ROWS);
}

// --- an outbox without a page --------------------------------------------------------------------

static void make_nearer(struct test_stores *stores)
{
    make_row(stores, 0.9F);
}

// *ret_statements: round trips to PostgreSQL.
static const struct grove_result *search_counted(struct test_stores *stores,
                                                 unsigned *ret_statements)
{
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    const struct grove_search_request request = {.vector = query.numbers, .explain = false};
    struct call call;
    call_init(&call);
    assert_ok(query_search(&stores->store, &call, &request, &result, &error), error);
    keep_result(stores, result);
    *ret_statements = call.counters.statements;
    return result;
}

// Then what waits is not read along with the hits.
static void a_row_that_comes_to_an_empty_outbox(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    project(stores);
    test_sql(stores, "VACUUM grove.outbox");
    assert_string_equal(test_sql_text(stores, "SELECT pg_relation_size('grove.outbox')::text"),
                        "0");
    unsigned before, meanwhile, after;
    search_counted(stores, &before);
    TEST_AT(stores, SEARCH_HITS, make_nearer);
    const struct grove_result *result = search_counted(stores, &meanwhile);
    assert_ids(stores, result, "2 1");
    assert_true(result->complete && !result->degraded);
    assert_int_equal(meanwhile, before + 1);
    result = search_counted(stores, &after); // it was there before the engine was asked
    assert_ids(stores, result, "2 1");
    assert_int_equal(after, before);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(nobody_waits_while_texts_are_embedded),
        STORES_TEST(nobody_waits_while_the_engine_is_asked_again),
        STORES_TEST(rows_are_read_once_where_nothing_changes),
        STORES_TEST(a_text_that_changes_while_it_is_embedded),
        STORES_TEST(another_column_that_changes_meanwhile),
        STORES_TEST(a_row_that_goes_while_it_is_embedded),
        STORES_TEST(a_row_that_is_projected_while_it_is_embedded),
        STORES_TEST(a_text_that_changes_each_time_is_left_out),
        STORES_TEST(where_too_many_wait_they_wait_once),
        STORES_TEST(a_row_that_comes_to_an_empty_outbox),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
