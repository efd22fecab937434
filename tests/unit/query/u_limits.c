// SPDX-License-Identifier: Apache-2.0
// What queries refuse, what they bound, and how scores and pages are made.
#include "../../support/stores.h"

#include <math.h>

#include "query/queries.h"
#include "sync/projector.h"

static enum grove_code search(struct test_stores *stores,
                              const struct grove_search_request *request, struct grove_error *error)
{
    struct grove_result *result = NULL;
    enum grove_code code = query_search(&stores->store, NULL, request, &result, error);
    grove_result_free(result);
    return code;
}

static void nothing_is_asked_about_bad_texts_and_vectors(struct test_stores *stores)
{
    struct grove_error error;
    float zeros[VECTOR_DIMENSION] = {0}, endless[VECTOR_DIMENSION] = {1};
    endless[7] = (float)(1.0 / 0.0);
    const struct grove_search_request rows[] = {
        {.text = "\xff"},  {.text = "  "},      {.text = NULL},
        {.vector = zeros}, {.vector = endless}, {.text = "x", .limit = 1001},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (search(stores, &rows[i], &error) != GROVE_INVALID)
            fail_msg("row %zu was taken", i);
        else if (i == 0) // said in the caller's words, not in the model's
            assert_non_null(strstr(error.message, "the text to search for"));
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_SEARCH), 0);
}

static void scores_are_cosines_whatever_the_lengths(struct test_stores *stores)
{
    struct grove_error error;
    struct grove_result *result;
    int32_t id = test_content(stores, &(struct test_content){.title = "a"});
    struct test_vector vector = test_toward(0.5F, 3), query = test_toward(1, 0);
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        vector.numbers[i] *= 40;
    query.numbers[0] = 7;
    test_vector_give(stores, id, vector.numbers);
    assert_ok(query_search(&stores->store, NULL,
                           &(struct grove_search_request){.vector = query.numbers, .limit = 1},
                           &result, &error),
              error);
    double score = result->row_count == 1 ? result->rows[0].score : NAN;
    grove_result_free(result);
    assert_true(fabs(score - 0.5) < 1e-6);
}

// The engine shows it as it was; PostgreSQL knows what it is now.
static void a_hit_that_matches_no_more_drops_out(struct test_stores *stores)
{
    struct grove_error error;
    struct grove_result *result;
    struct projector_report report = {0};
    struct test_vector query = test_toward(1, 0);
    int32_t id = test_content(stores, &(struct test_content){.words = 3});
    test_vector_give(stores, id, query.numbers);
    assert_ok(
        projector_drain(&stores->store, NULL, &(struct projector_patience){0}, &report, &error),
        error);
    test_sql(stores, "UPDATE content_metadata SET word_count = 50");
    assert_ok(query_search(&stores->store, NULL,
                           &(struct grove_search_request){.vector = query.numbers,
                                                          .filter = {.words_max = 10}},
                           &result, &error),
              error);
    size_t rows = result->row_count;
    bool clean = result->complete && !result->degraded;
    grove_result_free(result);
    assert_int_equal(rows, 0);
    assert_true(clean);
}

// Each content without a vector is a text to embed. A search embeds few, and keeps what it has
// embedded for the next.
static void a_search_embeds_no_more_than_sixteen_texts(struct test_stores *stores)
{
    static const struct {
        int contents;
        size_t rows;
    } searches[] = {{16, 16}, {17, 17}, {34, 33}, {34, 34}};
    struct grove_error error;
    struct grove_result *result;
    struct test_vector query = test_toward(1, 0);
    for (size_t i = 0; i < ARRAY_COUNT(searches); i++) {
        while (test_sql_int(stores, "SELECT count(*) FROM content_metadata") < searches[i].contents)
            test_content(stores, &(struct test_content){.title = "text"});
        assert_ok(
            query_search(&stores->store, NULL,
                         &(struct grove_search_request){.vector = query.numbers, .limit = 100},
                         &result, &error),
            error);
        bool complete = result->complete;
        size_t rows = result->row_count;
        grove_result_free(result);
        assert_int_equal(rows, searches[i].rows);
        assert_int_equal(complete, rows == (size_t)searches[i].contents);
    }
}

// The vector of who had the id before is there until the point goes.
static void a_content_made_anew_is_compared_by_its_own_text(struct test_stores *stores)
{
    struct grove_error error;
    struct grove_result *result;
    struct projector_report report = {0};
    struct test_vector query = test_toward(1, 0);
    int32_t id = test_content(stores, &(struct test_content){.title = "before"});
    test_vector_give(stores, id, query.numbers);
    assert_ok(
        projector_drain(&stores->store, NULL, &(struct projector_patience){0}, &report, &error),
        error);
    test_sql(stores,
             "UPDATE grove.embedding AS e SET revision = s.revision FROM grove.content_state AS s;"
             "CREATE TABLE kept AS TABLE content_metadata; DELETE FROM content_metadata;"
             "INSERT INTO content_metadata (id, hierarchy_table, leaf_id, content_type, title,"
             " content_summary) SELECT id, hierarchy_table, leaf_id, content_type, 'after',"
             " content_summary FROM kept");
    assert_ok(query_search(&stores->store, NULL,
                           &(struct grove_search_request){.vector = query.numbers, .limit = 1},
                           &result, &error),
              error);
    double score = result->row_count == 1 ? result->rows[0].score : NAN;
    bool complete = result->complete;
    grove_result_free(result);
    assert_true(score < 0.9 && complete);
}

// A score for one of hundreds mends no answer: the model is not asked.
static void beside_hundreds_without_a_vector_no_text_is_embedded(struct test_stores *stores)
{
    static const struct {
        int contents;
        bool embedded;
    } searches[] = {{273, false}, {272, true}};
    struct grove_error error;
    struct grove_result *result;
    struct test_vector query = test_toward(1, 0);
    int32_t id = test_content(stores, &(struct test_content){.title = "text"});
    test_sql(stores,
             "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
             " content_summary, chunk_number) SELECT hierarchy_table, leaf_id, content_type, title,"
             " content_summary, n FROM content_metadata, generate_series(2, %d) AS n WHERE id = %d",
             searches[0].contents, id);
    for (size_t i = 0; i < ARRAY_COUNT(searches); i++) {
        test_sql(stores,
                 "DELETE FROM content_metadata WHERE id IN"
                 " (SELECT id FROM content_metadata ORDER BY id DESC OFFSET %d)",
                 searches[i].contents);
        assert_ok(
            query_search(&stores->store, NULL,
                         &(struct grove_search_request){.vector = query.numbers, .limit = 100},
                         &result, &error),
            error);
        size_t rows = result->row_count;
        bool complete = result->complete;
        grove_result_free(result);
        assert_int_equal(rows > 0, searches[i].embedded);
        assert_false(complete);
    }
}

// In a page's own order, and on the last page.
static void rows_without_a_time_come_last(struct test_stores *stores)
{
    struct grove_error error;
    struct grove_result *result;
    int32_t ids[3], found[3] = {0};
    char cursor[100] = "";
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++)
        ids[i] = test_content(stores, &(struct test_content){.title = "a"});
    test_sql(stores,
             "UPDATE content_metadata SET created_at = CASE id WHEN %d THEN NULL"
             " WHEN %d THEN timestamp '2001-01-01' ELSE timestamp '2002-01-01' END",
             ids[0], ids[1]);
    for (size_t page = 0; page < ARRAY_COUNT(found); page++) {
        const struct grove_browse_request request = {
            .filter = {.path = "subject1"}, .limit = 1, .cursor = cursor[0] ? cursor : NULL};
        assert_ok(query_browse(&stores->store, NULL, &request, &result, &error), error);
        assert_int_equal(result->row_count, 1);
        assert_int_equal(result->next_cursor == NULL, page == 2);
        found[page] = result->rows[0].content_id;
        snprintf(cursor, sizeof cursor, "%s", result->next_cursor ? result->next_cursor : "");
        grove_result_free(result);
    }
    assert_int_equal(found[0], ids[2]);
    assert_int_equal(found[1], ids[1]);
    assert_int_equal(found[2], ids[0]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(nothing_is_asked_about_bad_texts_and_vectors),
        STORES_TEST(scores_are_cosines_whatever_the_lengths),
        STORES_TEST(a_hit_that_matches_no_more_drops_out),
        STORES_TEST(a_search_embeds_no_more_than_sixteen_texts),
        STORES_TEST(a_content_made_anew_is_compared_by_its_own_text),
        STORES_TEST(beside_hundreds_without_a_vector_no_text_is_embedded),
        STORES_TEST(rows_without_a_time_come_last),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
