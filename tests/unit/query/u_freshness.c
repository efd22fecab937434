// SPDX-License-Identifier: Apache-2.0
// What waited, and what became of it, in the answers of fresh searches and of fast ones.
#include "searching.h"

#include "base/call.h"

// --- helpers ------------------------------------------------------------------------------------

static void make_projected(struct test_stores *stores, int count)
{
    for (int i = 0; i < count; i++)
        make_row(stores, 0.9F - 0.1F * (float)i);
    project(stores);
}

static const struct grove_result *search_fast(struct test_stores *stores, unsigned limit)
{
    return search_as(
        stores, (struct grove_search_request){.limit = limit, .freshness = GROVE_FRESHNESS_FAST});
}

static void assert_told(const struct grove_result *result, int pending, int merged)
{
    assert_int_equal(result->pending, pending);
    assert_int_equal(result->merged, merged);
    assert_int_equal(result->beyond, pending - merged);
}

static void assert_whole(const struct grove_result *result)
{
    if (!result->complete)
        fail_msg("%s", result->incomplete_reason);
    assert_false(result->degraded);
}

static void assert_incomplete(const struct grove_result *result, const char *reason)
{
    assert_false(result->complete);
    assert_string_equal(result->incomplete_reason, reason);
    assert_false(result->degraded);
    assert_null(result->explain->proof);
    assert_string_equal(result->explain->strategy, "push-down");
}

static const char one_waits[] = "1 row waits and was not compared, as freshness fast asks";

// --- fresh --------------------------------------------------------------------------------------

static void a_fresh_answer_tells_what_it_merged(struct test_stores *stores)
{
    make_projected(stores, 3);
    assert_told(search(stores, 10), 0, 0);
    make_row(stores, 0.85F);
    test_content(stores, &(struct test_content){.title = "apples"}); // is embedded
    const struct grove_result *result = search(stores, 10);
    assert_int_equal(result->row_count, 5);
    assert_whole(result);
    assert_told(result, 2, 2);
    result = search_as(
        stores, (struct grove_search_request){.limit = 10, .strategy = GROVE_STRATEGY_RELATIONAL});
    assert_told(result, 2, 2);
    result =
        search_as(stores, (struct grove_search_request){.limit = 10, .filter = {.words_min = 4}});
    assert_told(result, 0, 0); // none of them matches
}

static void rows_without_a_vector_are_beyond(struct test_stores *stores)
{
    enum { ROWS = 20, EMBEDDED_MAX = 16 };
    make_projected(stores, 1);
    for (int i = 0; i < ROWS; i++)
        test_content(stores, &(struct test_content){.title = "pears"});
    const struct grove_result *result = search(stores, 100);
    assert_false(result->complete);
    assert_told(result, ROWS, EMBEDDED_MAX);
    result = search_as(
        stores, (struct grove_search_request){.limit = 100, .strategy = GROVE_STRATEGY_RELATIONAL});
    assert_told(result, ROWS, ROWS); // what was embedded was kept
}

// While no snapshot is open another column changes, so that all is compared anew.
static void change_words(struct test_stores *stores)
{
    test_session_sql(test_session(stores), "UPDATE content_metadata SET word_count = 17");
}

static void what_was_embedded_between_is_merged(struct test_stores *stores)
{
    test_content(stores, &(struct test_content){.title = "apples"});
    test_content(stores, &(struct test_content){.title = "pears"});
    TEST_AT(stores, SEARCH_TEXTS, change_words);
    const struct grove_result *result = search(stores, 10);
    assert_whole(result);
    assert_told(result, 2, 2);
}

// It waits for nothing: nobody has projected its spoilt vector since.
static void a_row_that_waits_for_nothing_is_not_told_of(struct test_stores *stores)
{
    make_projected(stores, 3);
    test_sql(stores,
             "ALTER TABLE grove.embedding DISABLE TRIGGER USER;"
             "UPDATE grove.embedding SET vector = overlay(vector PLACING '\\x0000c07f'::bytea"
             " FROM 1 FOR 4) WHERE content_id = 2");
    const struct grove_result *result = search(stores, 10);
    assert_false(result->complete);
    assert_told(result, 0, 0);
}

static void restore_knobs(void *state)
{
    (void)state;
    inject_set_knob(INJECT_KNOB_WAITING_BYTES, 0);
    inject_set_knob(INJECT_KNOB_WAITING_LISTED, 0);
}

// Contents of one vector, all of which wait; one is nearer.
static void make_many(struct test_stores *stores, int count)
{
    make_row(stores, 0.5F);
    test_sql(stores,
             "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
             " content_summary, chunk_number)"
             " SELECT hierarchy_table, leaf_id, content_type, title, content_summary, n + 1000"
             " FROM content_metadata, generate_series(2, %d) AS n;"
             "INSERT INTO grove.embedding (content_id, model, text_sha256, vector)"
             " SELECT m.id, e.model, e.text_sha256, e.vector FROM content_metadata AS m,"
             " grove.embedding AS e WHERE m.id <> 1",
             count);
}

static void more_than_are_compared_are_beyond(struct test_stores *stores)
{
    enum { ROWS = 4200, COMPARED_MAX = 4096 };
    make_many(stores, ROWS);
    test_at_end(stores, TEST_LAST, restore_knobs, NULL);
    const struct grove_result *result = search(stores, 10);
    assert_whole(result); // they are listed
    assert_told(result, ROWS, ROWS);
    inject_set_knob(INJECT_KNOB_WAITING_LISTED, 100);
    result = search(stores, 10);
    assert_false(result->complete);
    assert_non_null(strstr(result->incomplete_reason, "more than 4096 matching rows wait"));
    assert_told(result, COMPARED_MAX + 1, COMPARED_MAX);
    result = search_as(
        stores, (struct grove_search_request){.limit = 10, .strategy = GROVE_STRATEGY_RELATIONAL});
    assert_told(result, ROWS, ROWS);
}

// Rows that the engine shows and that are among those read as well count once.
static void hits_are_counted_once_where_too_many_wait(struct test_stores *stores)
{
    enum { ROWS = 4200, COMPARED_MAX = 4096 };
    make_many(stores, ROWS);
    project(stores);
    test_sql(stores, "UPDATE content_metadata SET word_count = 7");
    test_at_end(stores, TEST_LAST, restore_knobs, NULL);
    inject_set_knob(INJECT_KNOB_WAITING_LISTED, 100);
    assert_told(search(stores, 10), COMPARED_MAX + 1, COMPARED_MAX);
}

static void nothing_waits_for_who_compares_nothing(struct test_stores *stores)
{
    struct grove_result *result;
    struct grove_error error;
    make_row(stores, 0.5F);
    const struct grove_browse_request request = {.filter = {.path = "subject1"}};
    assert_ok(query_browse(&stores->store, NULL, &request, &result, &error), error);
    keep_result(stores, result);
    assert_true(result->pending == GROVE_NULL && result->merged == GROVE_NULL &&
                result->beyond == GROVE_NULL);
}

// --- fast ---------------------------------------------------------------------------------------

static void a_fast_search_leaves_out_what_waits(struct test_stores *stores)
{
    make_projected(stores, 3);
    make_row(stores, 0.95F);
    for (unsigned limit = 2; limit <= 20; limit += 18) {
        const struct grove_result *result = search_fast(stores, limit);
        assert_ids(stores, result, limit == 2 ? "1 2" : "1 2 3");
        assert_incomplete(result, one_waits);
        assert_told(result, 1, 0);
        assert_int_equal(result->explain->rounds, 1);
        assert_non_null(strstr(result->explain->plan, "-- waiting_few.sql\n"));
        assert_null(strstr(result->explain->plan, "score_pending"));
    }
    test_sql(stores, "UPDATE content_metadata SET word_count = 5 WHERE id = 4"); // twice there
    assert_told(search_fast(stores, 2), 1, 0);
    make_row(stores, 0.95F);
    assert_incomplete(search_fast(stores, 2),
                      "2 rows wait and were not compared, as freshness fast asks");
    assert_ids(stores, search(stores, 2), "4 5");
}

static void a_fast_search_is_complete_where_nothing_waits(struct test_stores *stores)
{
    make_projected(stores, 3);
    const struct grove_result *result = search_fast(stores, 10);
    assert_ids(stores, result, "1 2 3");
    assert_whole(result);
    assert_told(result, 0, 0);
    assert_non_null(result->explain->proof);
    test_sql(stores, "VACUUM grove.outbox"); // no page is left of it
    assert_whole(search_fast(stores, 10));
}

static void make_nearer(struct test_stores *stores)
{
    make_row(stores, 0.95F);
}

static void a_row_that_comes_to_an_empty_outbox_is_counted(struct test_stores *stores)
{
    make_projected(stores, 3);
    test_sql(stores, "VACUUM grove.outbox");
    assert_int_equal(test_sql_int(stores, "SELECT pg_relation_size('grove.outbox')"), 0);
    TEST_AT(stores, SEARCH_HITS, make_nearer);
    const struct grove_result *result = search_fast(stores, 2);
    assert_ids(stores, result, "1 2");
    assert_incomplete(result, one_waits);
}

// What it shows is there, matches, and has the score that it has now.
static void a_fast_search_shows_what_is_true(struct test_stores *stores)
{
    static const char *const article = "Article";
    make_projected(stores, 4);
    test_sql(stores, "DELETE FROM content_metadata WHERE id = 1;"
                     "UPDATE content_metadata SET content_type = 'Other' WHERE id = 2");
    test_vector_give(stores, 3, test_toward(0.1F, 3).numbers); // the engine has 0.7
    const struct grove_result *result =
        search_as(stores, (struct grove_search_request){
                              .limit = 10,
                              .filter = {.content_types = &article, .content_type_count = 1},
                              .freshness = GROVE_FRESHNESS_FAST});
    assert_ids(stores, result, "4 3");
    assert_true(result->rows[1].score > 0.09 && result->rows[1].score < 0.11);
    assert_false(result->complete);
    assert_false(result->degraded);
    assert_int_equal(result->merged, test_outbox(stores, 3).present);
    assert_int_equal(result->beyond, 2);
}

// The engine has an older version of it: with what is there now it is compared.
static void a_row_that_waits_and_is_shown_is_merged(struct test_stores *stores)
{
    make_projected(stores, 3);
    test_sql(stores, "UPDATE content_metadata SET word_count = 7 WHERE id = 1");
    const struct grove_result *result = search_fast(stores, 10);
    assert_ids(stores, result, "1 2 3");
    assert_int_equal(result->rows[0].word_count, 7);
    assert_told(result, 1, 1);
    assert_whole(result); // none is left that waits
}

// Its text was changed. To embed it is the work of a fresh search.
static void a_fast_search_embeds_nothing_that_waits(struct test_stores *stores)
{
    make_projected(stores, 3);
    test_sql(stores, "UPDATE content_metadata SET title = 'Apples' WHERE id = 2");
    test_at(stores, &(struct test_step){INJECT_SEARCH_TEXTS, 0, NULL, GROVE_OK});
    const struct grove_result *result = search_fast(stores, 10);
    assert_ids(stores, result, "1 3");
    assert_incomplete(result, one_waits);
    assert_told(result, 1, 0);
    assert_int_equal(stores->reached[INJECT_SEARCH_TEXTS], 0);
    assert_told(search(stores, 10), 1, 1);
    assert_int_equal(stores->reached[INJECT_SEARCH_TEXTS], 1);
}

// The engine was asked before it had the row, and the outbox has it no longer: it may be missing,
// and that is told. Rows that are missing so are no lost points.
static void a_fast_search_does_not_ask_again(struct test_stores *stores)
{
    make_projected(stores, 3);
    for (unsigned limit = 2; limit <= 20; limit += 18) {
        make_row(stores, 0.95F);
        fake_engine_set_hooks(stores->fake, &(struct fake_hooks){.after = project_behind_the_search,
                                                                 .state = stores});
        const struct grove_result *result = search_fast(stores, limit);
        assert_ids(stores, result, limit == 2 ? "1 2" : "4 1 2 3");
        assert_incomplete(result, "rows that waited were projected while the vector engine was "
                                  "asked, and freshness fast does not ask again");
        assert_told(result, 0, 0);
        assert_int_equal(result->explain->rounds, 1);
    }
    assert_ids(stores, search_fast(stores, 2), "4 5");
}

static void a_fast_search_counts_up_to_a_bound(struct test_stores *stores)
{
    make_projected(stores, 3);
    test_sql(stores, "INSERT INTO grove.outbox (content_id, revision, deleted)"
                     " SELECT 1000 + n, nextval('grove.revision_seq'), true"
                     " FROM generate_series(1, 1000) AS n");
    assert_incomplete(search_fast(stores, 2),
                      "1000 rows wait and were not compared, as freshness fast asks");
    test_sql(stores, "INSERT INTO grove.outbox (content_id, revision, deleted)"
                     " SELECT 2000 + n, nextval('grove.revision_seq'), true"
                     " FROM generate_series(1, 5000) AS n");
    const struct grove_result *result = search_fast(stores, 2);
    assert_ids(stores, result, "1 2");
    assert_incomplete(result, "more than 1000 changes wait, and at least 1001 rows were not "
                              "compared, as freshness fast asks");
    assert_told(result, 1001, 0);
}

// Of one content that changed so often nothing is known of the others.
static void many_changes_of_one_row_are_not_complete(struct test_stores *stores)
{
    make_projected(stores, 3);
    test_sql(stores, "INSERT INTO grove.outbox (content_id, revision, deleted)"
                     " SELECT 1, nextval('grove.revision_seq'), false"
                     " FROM generate_series(1, 1001) AS n");
    const struct grove_result *result = search_fast(stores, 2);
    assert_false(result->complete);
    assert_told(result, 1, 1);
}

// --- fast, where PostgreSQL compares ------------------------------------------------------------

// Beside a row that waits one that does not is missing.
static void lost_points_are_noticed_beside_rows_that_wait(struct test_stores *stores)
{
    make_projected(stores, 3);
    fake_engine_take(stores->fake, 2);
    make_row(stores, 0.95F);
    const struct grove_result *result = search_fast(stores, 10);
    assert_ids(stores, result, "4 1 2 3");
    assert_true(result->degraded && result->complete);
    assert_string_equal(result->degraded_reason,
                        "the vector engine lacks 1 matching row; run \"grove sync\"");
    assert_told(result, 1, 1);
}

static void what_stands_in_for_the_engine_is_fresh(struct test_stores *stores)
{
    make_projected(stores, 3);
    test_content(stores, &(struct test_content){.title = "apples"}); // is embedded
    fake_engine_fault(
        stores->fake,
        &(struct fake_fault){.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, FAKE_UNREACHABLE});
    const struct grove_result *result = search_fast(stores, 10);
    assert_int_equal(result->row_count, 4);
    assert_true(result->degraded && result->complete);
    assert_told(result, 1, 1);
}

// --- who asks -----------------------------------------------------------------------------------

static const struct grove_result *discover(struct test_stores *stores,
                                           enum grove_freshness freshness, const char *cursor)
{
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    const struct grove_discover_request request = {
        .vector = query.numbers, .limit = 2, .cursor = cursor, .freshness = freshness};
    assert_ok(query_discover(&stores->store, NULL, &request, &result, &error), error);
    keep_result(stores, result);
    return result;
}

// Each page has the freshness that was asked for it.
static void a_discovery_goes_on_in_another_freshness(struct test_stores *stores)
{
    make_projected(stores, 4);
    make_row(stores, 0.75F);
    const struct grove_result *result = discover(stores, GROVE_FRESHNESS_FAST, NULL);
    assert_ids(stores, result, "1 2");
    assert_false(result->complete);
    assert_int_equal(result->total, 4);
    assert_int_equal(result->groups[0].count, 4);
    assert_told(result, 1, 0);
    result = discover(stores, GROVE_FRESHNESS_FRESH, result->next_cursor);
    assert_ids(stores, result, "5 3");
    assert_int_equal(result->total, 5);
    assert_whole(result);
    assert_told(result, 1, 1);
}

static void a_content_that_waits_is_the_subject_of_a_fast_search(struct test_stores *stores)
{
    make_projected(stores, 3);
    int32_t id = make_row(stores, 0.95F);
    struct grove_result *result;
    struct grove_error error;
    const struct grove_search_request request = {
        .similar_to = id, .limit = 2, .freshness = GROVE_FRESHNESS_FAST};
    assert_ok(query_search(&stores->store, NULL, &request, &result, &error), error);
    keep_result(stores, result);
    assert_ids(stores, result, "1 2");
    assert_told(result, 1, 0);
}

static unsigned count_statements(struct test_stores *stores, enum grove_freshness freshness)
{
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    const struct grove_search_request request = {
        .vector = query.numbers, .limit = 2, .freshness = freshness};
    struct call call;
    call_init(&call);
    assert_ok(query_search(&stores->store, &call, &request, &result, &error), error);
    keep_result(stores, result);
    return call.counters.statements;
}

static void to_tell_takes_no_round_trip(struct test_stores *stores)
{
    make_projected(stores, 3);
    unsigned nothing_waits = count_statements(stores, GROVE_FRESHNESS_FRESH);
    make_row(stores, 0.95F);
    assert_int_equal(count_statements(stores, GROVE_FRESHNESS_FRESH), nothing_waits);
    assert_int_equal(count_statements(stores, GROVE_FRESHNESS_FAST), nothing_waits);
}

static void what_is_no_freshness_is_refused(struct test_stores *stores)
{
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    const struct grove_search_request request = {.vector = query.numbers,
                                                 .freshness = (enum grove_freshness)2};
    const struct grove_discover_request discovery = {.vector = query.numbers,
                                                     .freshness = (enum grove_freshness)2};
    assert_int_equal(query_search(&stores->store, NULL, &request, &result, &error), GROVE_INVALID);
    assert_string_equal(error.message, "2 is no freshness of a search");
    assert_int_equal(query_discover(&stores->store, NULL, &discovery, &result, &error),
                     GROVE_INVALID);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_fresh_answer_tells_what_it_merged),
        STORES_TEST(rows_without_a_vector_are_beyond),
        STORES_TEST(what_was_embedded_between_is_merged),
        STORES_TEST(a_row_that_waits_for_nothing_is_not_told_of),
        STORES_TEST(more_than_are_compared_are_beyond),
        STORES_TEST(hits_are_counted_once_where_too_many_wait),
        STORES_TEST(nothing_waits_for_who_compares_nothing),
        STORES_TEST(a_fast_search_leaves_out_what_waits),
        STORES_TEST(a_fast_search_is_complete_where_nothing_waits),
        STORES_TEST(a_row_that_comes_to_an_empty_outbox_is_counted),
        STORES_TEST(a_fast_search_shows_what_is_true),
        STORES_TEST(a_row_that_waits_and_is_shown_is_merged),
        STORES_TEST(a_fast_search_embeds_nothing_that_waits),
        STORES_TEST(a_fast_search_does_not_ask_again),
        STORES_TEST(a_fast_search_counts_up_to_a_bound),
        STORES_TEST(many_changes_of_one_row_are_not_complete),
        STORES_TEST(lost_points_are_noticed_beside_rows_that_wait),
        STORES_TEST(what_stands_in_for_the_engine_is_fresh),
        STORES_TEST(a_discovery_goes_on_in_another_freshness),
        STORES_TEST(a_content_that_waits_is_the_subject_of_a_fast_search),
        STORES_TEST(to_tell_takes_no_round_trip),
        STORES_TEST(what_is_no_freshness_is_refused),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
