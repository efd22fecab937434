// SPDX-License-Identifier: Apache-2.0
// When a search believes a graph, and what it does when it does not; equals, and changes that fall
// between its statements.
#include "searching.h"

// --- helpers ------------------------------------------------------------------------------------

static void turn_back(void *state)
{
    (void)state;
    inject_set_knob(INJECT_KNOB_EXACT_ROWS, 0);
}

// Rows of cosines 0.9, 0.8, ... in the engine, with ids from 1; the first two are an island. More
// than one row is enough for a graph.
static void make_islands(struct test_stores *stores, int count)
{
    const int32_t island[] = {1, 2};
    for (int i = 0; i < count; i++)
        make_row(stores, 0.9F - 0.03F * (float)i);
    project(stores);
    fake_engine_hide(stores->fake, island, 2);
    fake_engine_set_graph(stores->fake, "examined");
    inject_set_knob(INJECT_KNOB_EXACT_ROWS, 1);
    test_at_end(stores, TEST_LAST, turn_back, NULL);
}

static void examine(struct test_stores *stores, const char *unreached, int ef, double plausible,
                    int64_t points)
{
    test_sql(
        stores,
        "INSERT INTO grove.examination (collection, graph, revision, points, ef, ef_filtered,"
        " plausible, unreached, queries, recall, recall_worst, seconds, plausible_vectors)"
        " SELECT 'content_vectors', 'examined', last_value, %lld, %d, %d, %f, '%s', 1, 1, 1, 1, %f"
        " FROM grove.revision_seq"
        " ON CONFLICT (collection) DO UPDATE SET points = excluded.points, ef = excluded.ef,"
        " plausible = excluded.plausible, plausible_vectors = excluded.plausible_vectors,"
        " unreached = excluded.unreached,"
        " revision = excluded.revision, examined_at = clock_timestamp()",
        (long long)points, ef, ef, plausible, unreached, plausible);
}

static void set_depth(struct test_stores *stores, int depth)
{
    test_sql(stores, "UPDATE grove.examination SET depth = %d, depth_of = graph || ' ' || revision",
             depth);
}

static void make_examined_islands(struct test_stores *stores, int count)
{
    make_islands(stores, count);
    examine(stores, "{1,2}", 64, 0.3, count);
}

struct seen {
    unsigned searches, exact;
    size_t also;
    size_t types; // that the last one was to have
};

static void note_search(void *state, const struct engine_event *event)
{
    struct seen *seen = state;
    if (event->call != ENGINE_SEARCH)
        return;
    seen->searches++;
    seen->exact += event->query->exact;
    seen->also = event->query->also_count;
    seen->types = event->query->filter->content_type_count;
}

static const struct grove_result *look_as(struct test_stores *stores, struct seen *seen,
                                          struct grove_search_request request)
{
    *seen = (struct seen){0};
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){.before = note_search, .state = seen});
    const struct grove_result *result = search_as(stores, request);
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){0});
    return result;
}

static const struct grove_result *look(struct test_stores *stores, struct seen *seen,
                                       unsigned limit)
{
    return look_as(stores, seen, (struct grove_search_request){.limit = limit});
}

static void assert_rows(struct test_stores *stores, const struct grove_result *result,
                        const char *wanted)
{
    assert_ids(stores, result, wanted);
    assert_false(result->degraded);
    assert_int_equal(result->complete, result->explain->proof != NULL);
}

// --- what a graph is worth ----------------------------------------------------------------------

static void few_rows_are_all_compared(struct test_stores *stores)
{
    struct seen seen;
    make_islands(stores, 12);
    inject_set_knob(INJECT_KNOB_EXACT_ROWS, 0); // as users have it
    assert_rows(stores, look(stores, &seen, 3), "1 2 3");
    assert_int_equal(seen.exact, 1);
    assert_int_equal(seen.searches, 1);
}

static void a_graph_nobody_examined_is_not_asked(struct test_stores *stores)
{
    struct seen seen;
    make_islands(stores, 12);
    const struct grove_result *result = look(stores, &seen, 3);
    assert_rows(stores, result, "1 2 3");
    assert_true(result->complete);
    assert_int_equal(seen.exact, seen.searches);
}

static void what_is_listed_is_compared(struct test_stores *stores)
{
    struct seen seen;
    make_examined_islands(stores, 30);
    const struct grove_result *result = look(stores, &seen, 3);
    assert_rows(stores, result, "1 2 3");
    assert_true(result->complete);
    assert_non_null(strstr(result->explain->proof, "examined"));
    assert_int_equal(result->explain->listed, 2);
    assert_int_equal(seen.also, 2);
    assert_int_equal(seen.exact, 0);
}

// 60 rows, those of `others` of another type; a graph that was examined down to the best 20.
static void make_types(struct test_stores *stores, const char *others)
{
    make_islands(stores, 60);
    test_sql(stores, "UPDATE content_metadata SET content_type = 'Other' WHERE id %s", others);
    project(stores);
    examine(stores, "{1,2}", 64, 0.3, 60);
    set_depth(stores, 20);
}

static const struct grove_result *look_for_type(struct test_stores *stores, struct seen *seen,
                                                struct grove_search_request request)
{
    static const char *const types[] = {"Article"};
    request.filter.content_types = types;
    request.filter.content_type_count = 1;
    return look_as(stores, seen, request);
}

static void where_most_match_the_best_of_all_are_looked_through(struct test_stores *stores)
{
    struct seen seen;
    make_types(stores, "% 5 = 0");
    const struct grove_result *result =
        look_for_type(stores, &seen, (struct grove_search_request){.limit = 6});
    assert_rows(stores, result, "1 2 3 4 6 7");
    assert_true(result->complete);
    assert_non_null(strstr(result->explain->proof, "those that match were taken"));
    assert_int_equal(result->explain->dropped, 0);
    assert_int_equal(seen.exact, 0);
    assert_int_equal(seen.searches, 1);
    assert_int_equal(seen.types, 0);
    assert_int_equal(seen.also, 2);
    // The tree has all of them.
    struct grove_search_request request = {.limit = 6, .filter.path = "subject1"};
    assert_rows(stores, look_as(stores, &seen, request), "1 2 3 4 5 6");
    assert_int_equal(seen.exact, 0);
    assert_int_equal(seen.also, 0); // kept and compared here, from the second search on
}

// What has no count that is kept is guessed from PostgreSQL's statistics.
static void how_many_match_is_guessed(struct test_stores *stores)
{
    struct seen seen;
    struct grove_search_request request = {.limit = 6, .filter.words_min = 5};
    make_islands(stores, 60);
    test_sql(stores, "UPDATE content_metadata SET word_count = id");
    project(stores);
    examine(stores, "{1,2}", 64, 0.3, 60);
    set_depth(stores, 20);
    test_sql(stores, "ANALYZE content_metadata, grove.leaf");
    assert_rows(stores, look_as(stores, &seen, request), "5 6 7 8 9 10");
    assert_int_equal(seen.exact, 0);
    assert_int_equal(seen.searches, 1);
    request.filter.words_min = 50;
    assert_rows(stores, look_as(stores, &seen, request), "50 51 52 53 54 55");
    assert_int_equal(seen.exact, 1);
    assert_int_equal(seen.searches, 1);
    request.filter = (struct grove_filter){.path = "subject1/Branch"};
    assert_rows(stores, look_as(stores, &seen, request), "1 2 3 4 5 6");
    assert_int_equal(seen.exact, 0);
    request.filter.path = "subject1/Branch/Limb";
    assert_rows(stores, look_as(stores, &seen, request), "1 2 3 4 5 6");
    assert_int_equal(seen.exact, 1);
    // A wrong guess costs a second search, and nothing else.
    test_sql(stores, "UPDATE content_metadata SET word_count = NULL WHERE id < 25");
    project(stores);
    examine(stores, "{1,2}", 64, 0.3, 60);
    set_depth(stores, 20);
    request.filter = (struct grove_filter){.words_min = 5};
    assert_rows(stores, look_as(stores, &seen, request), "25 26 27 28 29 30");
    assert_int_equal(seen.exact, 1);
    assert_int_equal(seen.searches, 2);
}

static void where_too_few_of_the_best_match_all_are_compared(struct test_stores *stores)
{
    struct seen seen;
    make_types(stores, "BETWEEN 3 AND 24");
    const struct grove_result *result =
        look_for_type(stores, &seen, (struct grove_search_request){.limit = 5});
    assert_rows(stores, result, "1 2 25 26 27");
    assert_true(result->complete);
    assert_int_equal(seen.exact, 1);
    assert_int_equal(seen.searches, 2);
    assert_int_equal(seen.types, 1);
}

// Those of another place are near; of those that match the last is no better than what is missed.
static void near_rows_that_do_not_match_say_nothing(struct test_stores *stores)
{
    struct seen seen;
    make_types(stores, "BETWEEN 3 AND 10");
    examine(stores, "{1,2}", 64, 0.54, 60); // the tenth of all has 0.57, the sixth of those 0.51
    assert_rows(stores, look_for_type(stores, &seen, (struct grove_search_request){.limit = 6}),
                "1 2 11 12 13 14");
    assert_int_equal(seen.exact, 1);
}

// So many rows of an answer are believed as the graph was examined for, of however many documents.
static void documents_further_down_are_asked_for_exactly(struct test_stores *stores)
{
    struct seen seen;
    make_examined_islands(stores, 30);
    test_sql(stores, "WITH d AS (INSERT INTO grove.document (key, title, body, body_sha256,"
                     " chunk_count) VALUES ('a', 'a', 'a', '', 7) RETURNING id)"
                     " INSERT INTO grove.chunk (content_id, document_id, position,"
                     " first_character, characters) SELECT n, d.id, n - 2, 1, 1"
                     " FROM d, generate_series(3, 9) AS n");
    assert_rows(stores, look(stores, &seen, 3), "1 2 3");
    assert_int_equal(seen.exact, 0);
    assert_int_equal(seen.searches, 1);
    assert_rows(stores, look(stores, &seen, 6), "1 2 3 10 11 12");
    assert_true(seen.exact > 0);
    set_depth(stores, 16);
    assert_rows(stores, look(stores, &seen, 6), "1 2 3 10 11 12");
    assert_int_equal(seen.exact, 0);
    assert_rows(stores, look(stores, &seen, 11), "1 2 3 10 11 12 13 14 15 16 17");
    assert_true(seen.exact > 0);
}

// Whoever does not know of the depth writes the rest of the row.
static void a_depth_of_another_examination_is_not_believed(struct test_stores *stores)
{
    struct seen seen;
    make_examined_islands(stores, 30);
    set_depth(stores, 16);
    look(stores, &seen, 12);
    assert_int_equal(seen.exact, 0);
    test_sql(stores, "UPDATE grove.examination SET revision = revision - 1");
    look(stores, &seen, 12);
    assert_int_equal(seen.exact, seen.searches);
}

// --- what is kept of the list -------------------------------------------------------------------

static void look_until_kept(struct test_stores *stores, struct seen *seen)
{
    assert_rows(stores, look(stores, seen, 3), "1 2 3");
    assert_int_equal(seen->also, 2); // once is not worth keeping anything
    assert_rows(stores, look(stores, seen, 3), "1 2 3");
    assert_int_equal(seen->also, 0);
}

static void change(struct test_stores *stores, int32_t id, float cosine)
{
    test_sql(stores,
             "UPDATE content_metadata SET word_count = coalesce(word_count, 0) + 1"
             " WHERE id = %d",
             id);
    test_vector_give(stores, id, test_toward(cosine, (unsigned)id).numbers);
}

static void change_and_project(struct test_stores *stores, int32_t id, float cosine)
{
    change(stores, id, cosine);
    project(stores);
}

static void what_is_listed_is_kept_and_compared_here(struct test_stores *stores)
{
    struct seen seen;
    make_examined_islands(stores, 30);
    look_until_kept(stores, &seen);
    const struct grove_result *result = look(stores, &seen, 3);
    assert_rows(stores, result, "1 2 3");
    assert_true(result->complete);
    assert_int_equal(result->explain->listed, 2);
    assert_int_equal(seen.also, 0);
    assert_int_equal(seen.exact, 0);
    // Under a filter the engine compares them: it knows who satisfies it.
    examine(stores, "{1,2}", 64, 0.3, 300000);
    for (int i = 0; i < 2; i++) {
        result = look_as(stores, &seen,
                         (struct grove_search_request){.limit = 3, .filter = {.words_min = 1}});
        assert_rows(stores, result, "1 2 3");
        assert_int_equal(seen.also, 2);
    }
}

static void a_kept_row_that_changed_is_the_engine_s(struct test_stores *stores)
{
    struct seen seen;
    make_examined_islands(stores, 30);
    look_until_kept(stores, &seen);
    change_and_project(stores, 2, 0.2F);
    assert_rows(stores, look(stores, &seen, 3), "1 3 4");
    assert_int_equal(seen.also, 1);
    change_and_project(stores, 2, 0.95F);
    assert_rows(stores, look(stores, &seen, 3), "2 1 3");
    assert_int_equal(seen.also, 1);
    change_and_project(stores, 20, 0.97F); // nothing of the list: what is kept stays
    assert_rows(stores, look(stores, &seen, 3), "20 2 1");
    assert_int_equal(seen.also, 1);
    test_sql(stores, "DELETE FROM content_metadata WHERE id = 1");
    project(stores);
    assert_rows(stores, look(stores, &seen, 3), "20 2 3");
    assert_int_equal(seen.also, 2);
}

static void bring_near(struct test_stores *stores)
{
    change_and_project(stores, 2, 0.95F);
}

// What was kept when the engine was asked is of another moment than the round that follows.
static void a_kept_row_that_changes_meanwhile(struct test_stores *stores)
{
    struct seen seen;
    make_examined_islands(stores, 30);
    look_until_kept(stores, &seen);
    change_and_project(stores, 2, 0.1F);
    examine(stores, "{1,2}", 64, 0.3, 30);
    for (int i = 0; i < 2; i++)
        assert_rows(stores, look(stores, &seen, 3), "1 3 4");
    assert_int_equal(seen.also, 0);
    TEST_AT(stores, SEARCH_HITS, bring_near);
    const struct grove_result *result = look(stores, &seen, 3);
    assert_rows(stores, result, "2 1 3");
    assert_true(result->complete);
    assert_int_equal(seen.also, 2);
}

static void what_is_kept_is_of_one_list_and_model(struct test_stores *stores)
{
    struct seen seen;
    make_examined_islands(stores, 30);
    look_until_kept(stores, &seen);
    stores->store.kept.points->model++;
    assert_rows(stores, look(stores, &seen, 3), "1 2 3");
    assert_int_equal(stores->store.kept.points->model, (int)store_precision(&stores->store));
    examine(stores, "{1,2,3}", 64, 0.3, 30);
    assert_rows(stores, look(stores, &seen, 3), "1 2 3");
    assert_int_equal(seen.also, 3);
    assert_rows(stores, look(stores, &seen, 3), "1 2 3");
    assert_int_equal(seen.also, 0);
    assert_int_equal(stores->store.kept.points->count, 3);
}

// A row that waits is compared as what it is by now; its vector is not kept.
static void a_row_that_waits_is_not_kept(struct test_stores *stores)
{
    struct seen seen;
    make_examined_islands(stores, 30);
    change(stores, 2, 0.95F);
    for (int i = 0; i < 2; i++)
        assert_rows(stores, look(stores, &seen, 3), "2 1 3");
    assert_int_equal(seen.also, 1);
    project(stores);
    assert_rows(stores, look(stores, &seen, 3), "2 1 3");
}

static void another_graph_is_not_believed(struct test_stores *stores)
{
    struct seen seen;
    make_islands(stores, 30);
    examine(stores, "{}", 64, 0.3, 30);
    fake_engine_set_graph(stores->fake, "built since");
    const struct grove_result *result = look(stores, &seen, 3);
    assert_rows(stores, result, "1 2 3");
    assert_true(result->complete);
    assert_int_equal(seen.searches, 2);
    assert_int_equal(seen.exact, 1);
    fake_engine_set_graph(stores->fake, ""); // the engine cannot tell
    assert_rows(stores, look(stores, &seen, 3), "1 2 3");
    assert_int_equal(seen.exact, 1);
}

// However near the best is, and however few are wanted.
static void a_low_tenth_score_is_not_believed(struct test_stores *stores)
{
    struct seen seen;
    make_islands(stores, 30);
    examine(stores, "{}", 64, 0.6, 30); // the graph's best is 0.84, its tenth 0.57
    assert_rows(stores, look(stores, &seen, 3), "1 2 3");
    assert_int_equal(seen.exact, 1);
    assert_rows(stores, look(stores, &seen, 1), "1");
    assert_int_equal(seen.exact, 1);
    examine(stores, "{}", 64, 0.56, 30);
    const struct grove_result *result = look(stores, &seen, 1);
    assert_non_null(strstr(result->explain->proof, "the score of the 10th hit is 0.570"));
    assert_int_equal(seen.exact, 0);
    examine(stores, "{}", 64, 0.5, 30); // the examination was wrong: so is what it vouches for
    assert_rows(stores, look(stores, &seen, 3), "3 4 5");
    assert_int_equal(seen.exact, 0);
}

// What is listed fills the places that the walk left empty: that tells nothing of the walk.
static void a_walk_that_ends_early_is_not_believed_for_what_is_listed(struct test_stores *stores)
{
    struct seen seen;
    int32_t hidden[34];
    make_islands(stores, 40);
    for (int32_t i = 0; i < 34; i++)
        hidden[i] = i + 1; // the walk reaches six rows, fewer than are asked for
    fake_engine_hide(stores->fake, hidden, 34);
    examine(stores, "{21,22,23,24,25,26,27,28,29,30}", 64, -1, 40);
    for (int i = 0; i < 4; i++)
        assert_rows(stores, look(stores, &seen, 3), "1 2 3");
}

static void a_walk_that_ends_early_is_not_believed(struct test_stores *stores)
{
    struct seen seen;
    make_islands(stores, 5);
    examine(stores, "{}", 64, 0.1, 5);
    assert_rows(stores, look(stores, &seen, 3), "1 2 3");
    assert_int_equal(seen.exact, 1);
}

static void an_examination_of_long_ago_is_not_believed(struct test_stores *stores)
{
    struct seen seen;
    make_islands(stores, 30);
    examine(stores, "{}", 64, 0.1, 30);
    test_sql(stores,
             "SELECT setval('grove.revision_seq', last_value + 1001) FROM grove.revision_seq");
    assert_rows(stores, look(stores, &seen, 3), "1 2 3");
    assert_int_equal(seen.exact, seen.searches);
}

static void what_cannot_be_had_exactly_is_not_complete(struct test_stores *stores)
{
    struct seen seen;
    make_islands(stores, 30);
    examine(stores, "{}", 0, 0, 2000000); // it misses rows, and is too large to do without
    const struct grove_result *result = look(stores, &seen, 3);
    assert_rows(stores, result, "3 4 5");
    assert_false(result->complete);
    assert_non_null(strstr(result->incomplete_reason, "found to miss rows"));
    assert_int_equal(seen.exact, 0);
    // Exact means exact, whatever else.
    result = look_as(stores, &seen, (struct grove_search_request){.limit = 3, .exact = true});
    assert_rows(stores, result, "1 2 3");
    assert_true(result->complete);
    assert_int_equal(seen.exact, seen.searches);
}

// The graph was examined, and misses what nobody listed: a discovery does not ask it.
static void discoveries_are_exact(struct test_stores *stores)
{
    struct seen seen = {0};
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    make_islands(stores, 30);
    examine(stores, "{}", 64, 0.1, 30);
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = note_search, .state = &seen});
    const struct grove_discover_request request = {
        .vector = query.numbers, .limit = 3, .depth = 3, .explain = true};
    assert_ok(query_discover(&stores->store, NULL, &request, &result, &error), error);
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){0});
    keep_result(stores, result);
    assert_rows(stores, result, "1 2 3");
    assert_true(seen.searches > 0);
    assert_int_equal(seen.exact, seen.searches);
}

// --- equals -------------------------------------------------------------------------------------

// More equals than are asked for at first: by id, whoever ranks, and page after page.
static void equals_are_in_the_order_of_their_ids(struct test_stores *stores)
{
    struct seen seen;
    for (int i = 0; i < 200; i++) {
        int32_t id = test_content(stores, &(struct test_content){.words = 1});
        test_vector_give(stores, id, test_toward(0.5F, 1).numbers);
    }
    project(stores);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.ties_backwards = true});
    assert_rows(stores, look(stores, &seen, 10), "1 2 3 4 5 6 7 8 9 10");
    assert_rows(
        stores,
        look_as(stores, &seen,
                (struct grove_search_request){.limit = 10, .strategy = GROVE_STRATEGY_RELATIONAL}),
        "1 2 3 4 5 6 7 8 9 10");
}

// Pages of a discovery over equals: none is repeated, none left out, at any depth.
static void pages_of_equals_follow_each_other(struct test_stores *stores)
{
    enum { EQUALS = 60, DEPTH = 50, PAGE = 7 };
    struct test_vector query = test_toward(1, 0);
    struct grove_error error;
    for (int i = 0; i < EQUALS; i++) {
        int32_t id = test_content(stores, &(struct test_content){.words = 1});
        test_vector_give(stores, id, test_toward(0.5F, 1).numbers);
    }
    project(stores);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.ties_backwards = true});
    const char *cursor = NULL;
    for (int32_t next = 1; next <= DEPTH;) {
        struct grove_result *result;
        const struct grove_discover_request request = {
            .vector = query.numbers, .limit = PAGE, .depth = DEPTH, .cursor = cursor};
        assert_ok(query_discover(&stores->store, NULL, &request, &result, &error), error);
        keep_result(stores, result);
        assert_int_equal(result->row_count, next + PAGE <= DEPTH ? PAGE : DEPTH - next + 1);
        for (size_t i = 0; i < result->row_count; i++)
            assert_int_equal(result->rows[i].content_id, next++);
        cursor = result->next_cursor;
        assert_int_equal(cursor != NULL, next <= DEPTH);
    }
}

// --- between two statements ---------------------------------------------------------------------

static void insert_and_project(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.95F);
    project(stores);
}

static void a_row_that_comes_and_is_projected_meanwhile(struct test_stores *stores)
{
    struct seen seen;
    make_islands(stores, 5);
    TEST_AT(stores, SEARCH_HITS, insert_and_project);
    const struct grove_result *result = look(stores, &seen, 2);
    assert_rows(stores, result, "6 1");
    assert_true(result->complete);
    assert_int_equal(result->explain->rounds, 2);
}

static void project_another(struct test_stores *stores)
{
    make_row(stores, 0.01F);
    project(stores);
}

static void one_that_never_rests_is_told(struct test_stores *stores)
{
    struct seen seen;
    make_islands(stores, 5);
    test_at(stores, &(struct test_step){INJECT_SEARCH_HITS, 0, project_another, GROVE_OK});
    const struct grove_result *result = look(stores, &seen, 2);
    assert_rows(stores, result, "1 2");
    assert_false(result->complete);
    assert_non_null(strstr(result->incomplete_reason, "search again"));
}

static void swap_names(struct test_stores *stores)
{
    test_sql(stores, "BEGIN;"
                     "UPDATE subject1_hierarchy SET leaf = 'Third' WHERE leaf = 'Leaf';"
                     "UPDATE subject1_hierarchy SET leaf = 'Leaf' WHERE leaf = 'Other';"
                     "UPDATE subject1_hierarchy SET leaf = 'Other' WHERE leaf = 'Third';"
                     "COMMIT");
}

static void a_path_leads_where_the_snapshot_says(struct test_stores *stores)
{
    struct seen seen;
    make_row(stores, 0.9F);
    int32_t other = test_content(stores, &(struct test_content){.leaf = "Other"});
    test_vector_give(stores, other, test_toward(0.2F, 9).numbers);
    project(stores);
    TEST_AT(stores, SEARCH_HITS, swap_names);
    const struct grove_result *result = look_as(
        stores, &seen,
        (struct grove_search_request){.limit = 1, .filter = {.path = "subject1/Branch/Limb/Leaf"}});
    assert_rows(stores, result, "2"); // it was the other's when the engine was asked
    assert_string_equal(result->rows[0].leaf, "Leaf");
    assert_true(result->complete);
}

static void examine_anew_and_project(struct test_stores *stores)
{
    test_sql(stores, "UPDATE grove.examination SET ef = 0, ef_filtered = 0, unreached = '{}',"
                     " examined_at = clock_timestamp()");
    project_another(stores);
}

// What the first examination said of a graph is not taken for what the second says of it.
static void a_graph_examined_meanwhile_is_planned_for_anew(struct test_stores *stores)
{
    struct seen seen;
    make_examined_islands(stores, 30);
    TEST_AT(stores, SEARCH_HITS, examine_anew_and_project);
    const struct grove_result *result = look(stores, &seen, 3);
    assert_rows(stores, result, "1 2 3");
    assert_true(result->complete);
    assert_int_equal(seen.exact, 1);
}

static void move_contents_and_names(struct test_stores *stores)
{
    test_sql(stores, "BEGIN;"
                     "UPDATE subject1_hierarchy SET branch = 'Old' WHERE branch = 'Branch';"
                     "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                     " VALUES ('Branch', 'Limb', 'Leaf');"
                     "UPDATE content_metadata SET leaf_id ="
                     " (SELECT id FROM subject1_hierarchy WHERE branch = 'Branch');"
                     "COMMIT");
}

static void swap_branches(struct test_stores *stores)
{
    test_sql(stores, "BEGIN;"
                     "UPDATE subject1_hierarchy SET branch = 'Third' WHERE branch = 'Branch';"
                     "UPDATE subject1_hierarchy SET branch = 'Branch' WHERE branch = 'Other';"
                     "UPDATE subject1_hierarchy SET branch = 'Other' WHERE branch = 'Third';"
                     "COMMIT");
}

// Few rows are in the place that the path led to, most in the one that it leads to now. The graph
// was examined for the best 10 of all, and misses row 12.
static void another_place_is_looked_through_as_far_as_examined(struct test_stores *stores)
{
    const struct grove_search_request request = {.limit = 4, .filter.path = "subject1/Other"};
    struct seen seen;
    make_islands(stores, 60);
    test_sql(stores, "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                     " VALUES ('Other', 'Limb', 'Leaf');"
                     "UPDATE content_metadata SET leaf_id ="
                     " (SELECT id FROM subject1_hierarchy WHERE branch = 'Other') WHERE id <= 8");
    project(stores);
    test_sql(stores, "ANALYZE content_metadata, grove.leaf");
    fake_engine_hide(stores->fake, &(int32_t){12}, 1);
    examine(stores, "{1,2}", 64, 0.3, 60);
    TEST_AT(stores, SEARCH_HITS, swap_branches);
    assert_rows(stores, look_as(stores, &seen, request), "9 10 11 12");
}

static void move_all_and_bring_near(struct test_stores *stores)
{
    move_contents_and_names(stores);
    change(stores, 2, 0.95F);
    project(stores);
    test_sql(stores, "DELETE FROM subject1_hierarchy WHERE branch = 'Old'");
    test_sql(stores, "ANALYZE content_metadata, grove.leaf");
}

// What is kept of the list is right for one moment, also where the path leads elsewhere after it.
static void a_kept_row_that_changes_while_its_path_moves(struct test_stores *stores)
{
    const struct grove_search_request request = {.limit = 3, .filter.path = "subject1/Branch"};
    struct seen seen;
    make_islands(stores, 60);
    change_and_project(stores, 2, 0.1F);
    examine(stores, "{1,2}", 64, 0.3, 60);
    set_depth(stores, 20);
    test_sql(stores, "ANALYZE content_metadata, grove.leaf");
    for (int i = 0; i < 2; i++)
        assert_rows(stores, look_as(stores, &seen, request), "1 3 4");
    assert_int_equal(seen.also, 0);
    TEST_AT(stores, SEARCH_HITS, move_all_and_bring_near);
    const struct grove_result *result = look_as(stores, &seen, request);
    assert_rows(stores, result, "2 1 3");
    assert_true(result->complete && seen.exact == 0);
}

// The row was under the path at any time; the path's leaf is another one since the plan was made.
static void a_path_leads_there_without_the_engine_too(struct test_stores *stores)
{
    struct seen seen;
    make_row(stores, 0.9F);
    project(stores);
    TEST_AT(stores, SEARCH_PLANNED, move_contents_and_names);
    const struct grove_result *result =
        look_as(stores, &seen,
                (struct grove_search_request){.limit = 1,
                                              .filter = {.path = "subject1/Branch/Limb/Leaf"},
                                              .strategy = GROVE_STRATEGY_RELATIONAL});
    assert_rows(stores, result, "1");
    assert_true(result->complete);
}

static void rename_leaf(struct test_stores *stores)
{
    test_sql(stores, "UPDATE subject1_hierarchy SET leaf = 'Gone' WHERE leaf = 'Leaf'");
}

static void a_path_that_ends_meanwhile_is_told(struct test_stores *stores)
{
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    make_row(stores, 0.9F);
    project(stores);
    TEST_AT(stores, SEARCH_HITS, rename_leaf);
    const struct grove_search_request request = {
        .vector = query.numbers, .limit = 1, .filter = {.path = "subject1/Branch/Limb/Leaf"}};
    assert_int_equal(query_search(&stores->store, NULL, &request, &result, &error),
                     GROVE_NOT_FOUND);
    assert_non_null(strstr(error.message, "Leaf"));
}

// By hand: serial numbers begin at 1. Such a row waits for ever, and is compared by whoever ranks.
static void a_negative_id_is_compared_without_the_engine_too(struct test_stores *stores)
{
    struct seen seen;
    make_row(stores, 0.5F);
    test_sql(stores, "INSERT INTO content_metadata (id, hierarchy_table, leaf_id, content_type,"
                     " title, content_summary)"
                     " SELECT -5, hierarchy_table, leaf_id, 'Other', title, content_summary"
                     " FROM content_metadata");
    test_vector_give(stores, -5, test_toward(0.9F, 3).numbers);
    assert_rows(stores, look(stores, &seen, 2), "-5 1");
    assert_rows(
        stores,
        look_as(stores, &seen,
                (struct grove_search_request){.limit = 2, .strategy = GROVE_STRATEGY_RELATIONAL}),
        "-5 1");
}

// Points of strangers take places in the answer: it has not shown all there are because it shows
// fewer contents than were asked for.
static void strangers_do_not_hide_contents(struct test_stores *stores)
{
    enum { EQUALS = 60, STRANGERS = 5 };
    struct seen seen;
    struct test_vector query = test_toward(1, 0);
    for (int i = 0; i < EQUALS; i++) {
        int32_t id = test_content(stores, &(struct test_content){.words = 1});
        test_vector_give(stores, id, test_toward(0.5F, 1).numbers);
    }
    project(stores);
    for (int i = 0; i < STRANGERS; i++) {
        struct fake_point stranger = {.id = (int64_t)INT32_MAX + 1 + i, .revision = VECTOR_NONE};
        memcpy(stranger.vector, query.numbers, sizeof stranger.vector);
        fake_engine_put(stores->fake, &stranger);
    }
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.ties_backwards = true});
    const struct grove_result *result = look(stores, &seen, 10);
    assert_rows(stores, result, "1 2 3 4 5 6 7 8 9 10");
    assert_true(result->complete);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(few_rows_are_all_compared),
        STORES_TEST(a_graph_nobody_examined_is_not_asked),
        STORES_TEST(what_is_listed_is_compared),
        STORES_TEST(where_most_match_the_best_of_all_are_looked_through),
        STORES_TEST(how_many_match_is_guessed),
        STORES_TEST(where_too_few_of_the_best_match_all_are_compared),
        STORES_TEST(near_rows_that_do_not_match_say_nothing),
        STORES_TEST(documents_further_down_are_asked_for_exactly),
        STORES_TEST(a_depth_of_another_examination_is_not_believed),
        STORES_TEST(what_is_listed_is_kept_and_compared_here),
        STORES_TEST(a_kept_row_that_changed_is_the_engine_s),
        STORES_TEST(a_kept_row_that_changes_meanwhile),
        STORES_TEST(what_is_kept_is_of_one_list_and_model),
        STORES_TEST(a_row_that_waits_is_not_kept),
        STORES_TEST(another_graph_is_not_believed),
        STORES_TEST(a_low_tenth_score_is_not_believed),
        STORES_TEST(a_walk_that_ends_early_is_not_believed),
        STORES_TEST(a_walk_that_ends_early_is_not_believed_for_what_is_listed),
        STORES_TEST(an_examination_of_long_ago_is_not_believed),
        STORES_TEST(what_cannot_be_had_exactly_is_not_complete),
        STORES_TEST(discoveries_are_exact),
        STORES_TEST(equals_are_in_the_order_of_their_ids),
        STORES_TEST(pages_of_equals_follow_each_other),
        STORES_TEST(a_row_that_comes_and_is_projected_meanwhile),
        STORES_TEST(one_that_never_rests_is_told),
        STORES_TEST(a_path_leads_where_the_snapshot_says),
        STORES_TEST(a_graph_examined_meanwhile_is_planned_for_anew),
        STORES_TEST(another_place_is_looked_through_as_far_as_examined),
        STORES_TEST(a_kept_row_that_changes_while_its_path_moves),
        STORES_TEST(a_path_leads_there_without_the_engine_too),
        STORES_TEST(a_path_that_ends_meanwhile_is_told),
        STORES_TEST(a_negative_id_is_compared_without_the_engine_too),
        STORES_TEST(strangers_do_not_hide_contents),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
