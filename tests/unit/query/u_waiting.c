// SPDX-License-Identifier: Apache-2.0
// Searches where many rows wait: answers are those of a search that PostgreSQL does alone, whatever
// was kept of rows that have changed since.
#include "searching.h"

#include "../../support/thread.h"

#include "base/inject.h"
#include "catalog/store.h"

enum { ROWS = 420, STEPS = 80 };

static void restore_knobs(void *state)
{
    (void)state;
    inject_set_knob(INJECT_KNOB_WAITING_BYTES, 0);
    inject_set_knob(INJECT_KNOB_WAITING_LISTED, 0);
}

static void make_one(struct test_stores *stores, float cosine)
{
    int32_t id = test_content(stores, &(struct test_content){.words = 3});
    unsigned axis = (unsigned)id % (VECTOR_DIMENSION - 1) + 1;
    test_vector_give(stores, id, test_toward(cosine, axis).numbers);
}

static void project_some(struct test_stores *stores, const char *which)
{
    test_sql(stores,
             "CREATE TABLE held AS SELECT * FROM grove.outbox WHERE NOT (%s);"
             "DELETE FROM grove.outbox WHERE NOT (%s)",
             which, which);
    project(stores);
    test_sql(stores, "INSERT INTO grove.outbox SELECT * FROM held; DROP TABLE held");
}

// Of scattered cosines, no two alike; some of the first are in the engine, and wait for nothing.
static void make_rows(struct test_stores *stores)
{
    test_at_end(stores, TEST_LAST, restore_knobs, NULL);
    inject_set_knob(INJECT_KNOB_WAITING_BYTES, 1);
    for (int i = 0; i < ROWS; i++)
        make_one(stores, (float)(i * 331 % ROWS) / (float)ROWS);
    project_some(stores, "content_id <= 100");
    test_sql(stores,
             "UPDATE content_metadata SET content_type = 'Kind ' || id %% 5;"
             "UPDATE content_metadata SET leaf_id = %d WHERE id %% 7 = 0",
             test_leaf(stores, "Seventh"));
    project_some(stores, "content_id <= 100 AND content_id % 3 > 0");
}

static const struct grove_result *ask(struct test_stores *stores, int which,
                                      enum grove_strategy strategy)
{
    static const char *const type = "Kind 3";
    const struct grove_search_request requests[] = {
        {.limit = 10},
        {.limit = 10, .filter = {.path = "subject1/Branch/Limb/Seventh"}},
        {.limit = 300, .filter = {.content_types = &type, .content_type_count = 1}},
        {.limit = 5, .chunks = true},
        {.limit = 10, .filter = {.words_min = 4}},
    };
    struct grove_search_request request = requests[which % (int)ARRAY_COUNT(requests)];
    request.strategy = strategy;
    return search_as(stores, request);
}

static const struct grove_result *assert_right(struct test_stores *stores, int which)
{
    const struct grove_result *result = ask(stores, which, GROVE_STRATEGY_PUSH_DOWN);
    assert_true(result->complete);
    const struct grove_result *wanted = ask(stores, which, GROVE_STRATEGY_RELATIONAL);
    assert_int_equal(result->row_count, wanted->row_count);
    for (size_t i = 0; i < wanted->row_count; i++)
        assert_int_equal(result->rows[i].content_id, wanted->rows[i].content_id);
    return result;
}

static size_t kept_count(struct test_stores *stores)
{
    struct kept_points *kept = kept_take(&stores->store.waiting);
    size_t count = kept ? kept->count : 0;
    kept_give(&kept);
    return count;
}

static void only_what_may_be_among_the_best_is_read(struct test_stores *stores)
{
    make_rows(stores);
    const int waiting =
        (int)test_sql_int(stores, "SELECT count(DISTINCT content_id) FROM grove.outbox");
    for (int which = 0; which < 5; which++)
        for (int time = 0; time < 2; time++) {
            const struct grove_result *result = assert_right(stores, which);
            assert_non_null(strstr(result->explain->plan, "-- waiting_rows.sql\n"));
            if (which > 0)
                continue;
            assert_true(result->explain->candidates < 200);
            assert_int_equal(result->explain->pending, waiting);
        }
    assert_int_equal(kept_count(stores), waiting);
}

// Vectors become those of the best.
static void change(struct test_stores *stores, unsigned random, int32_t id)
{
    switch (random % 7) {
    case 0: test_sql(stores, "DELETE FROM content_metadata WHERE id = %d", id); break;
    case 1:
        test_sql(
            stores,
            "UPDATE grove.embedding AS e SET vector = coalesce((SELECT vector FROM"
            " grove.embedding WHERE content_id <> e.content_id AND (content_id - 1) * 331 %% %d"
            " = %d), vector) WHERE content_id = %d",
            ROWS, ROWS - 1 - (int)(random / 7 % 20), id);
        break;
    case 2: test_sql(stores, "UPDATE content_metadata SET word_count = 4 WHERE id = %d", id); break;
    case 3:
        test_sql(stores, "UPDATE content_metadata SET content_type = 'Kind ' || %u WHERE id = %d",
                 random / 7 % 5, id);
        break;
    case 4:
        test_sql(stores,
                 "UPDATE content_metadata SET leaf_id = (SELECT id FROM subject1_hierarchy ORDER"
                 " BY id OFFSET %u %% (SELECT count(*) FROM subject1_hierarchy) LIMIT 1)"
                 " WHERE id = %d",
                 random / 7, id);
        break;
    case 5: // made anew under its id
        test_sql(stores,
                 "CREATE TEMPORARY TABLE old AS SELECT * FROM content_metadata WHERE id = %d;"
                 "DELETE FROM content_metadata WHERE id = %d;"
                 "INSERT INTO content_metadata SELECT * FROM old; DROP TABLE old;",
                 id, id);
        break;
    default: // the projector takes a few
        project_some(stores,
                     arena_printf(&stores->arena, "content_id %% 50 = %u", random / 7 % 50));
    }
}

// Changes of every kind, a search after each.
static void what_was_kept_of_a_row_that_changed_does_not_count(struct test_stores *stores)
{
    unsigned random = 20261127;
    make_rows(stores);
    for (int step = 0; step < STEPS; step++) {
        random = random * 1103515245 + 12345;
        change(stores, random >> 16, (int32_t)(random >> 8) % ROWS + 1);
        assert_right(stores, step);
    }
}

static void a_row_that_had_no_vector_is_read_each_time(struct test_stores *stores)
{
    make_rows(stores);
    const char *model =
        test_sql_text(stores, "SELECT value FROM grove.setting WHERE name = 'model'");
    test_sql(stores,
             "BEGIN; SET LOCAL session_replication_role = replica; CREATE TABLE away AS"
             " SELECT * FROM grove.embedding WHERE content_id > %d;"
             "DELETE FROM grove.embedding WHERE content_id > %d; COMMIT",
             ROWS - 20, ROWS - 20);
    const struct grove_result *result = ask(stores, 0, GROVE_STRATEGY_PUSH_DOWN);
    assert_false(result->complete);
    assert_int_equal(kept_count(stores),
                     test_sql_int(stores, "SELECT count(DISTINCT content_id) FROM grove.outbox") -
                         20);
    test_sql(stores, "BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM"
                     " grove.embedding WHERE content_id IN (SELECT content_id FROM away);"
                     "INSERT INTO grove.embedding SELECT * FROM away; DROP TABLE away; COMMIT");
    assert_string_equal(model, test_sql_text(stores, "SELECT max(model) FROM grove.embedding"));
    assert_right(stores, 0);
}

static void what_was_kept_of_another_model_does_not_count(struct test_stores *stores)
{
    make_rows(stores);
    assert_right(stores, 0);
    struct kept_points *kept = kept_take(&stores->store.waiting);
    kept->model++;
    memset(kept->directions, 0, kept->count * VECTOR_DIMENSION * sizeof *kept->directions);
    kept_give(&kept);
    assert_right(stores, 0);
}

static void too_many_are_read_as_they_are(struct test_stores *stores)
{
    make_rows(stores);
    inject_set_knob(INJECT_KNOB_WAITING_LISTED, ROWS / 2);
    for (int which = 0; which < 5; which++)
        assert_non_null(
            strstr(assert_right(stores, which)->explain->plan, "-- score_pending.sql\n"));
    assert_int_equal(kept_count(stores), 0);
}

// Others wait for what it keeps, as long as they may.
static void one_search_reads_vectors_at_a_time(struct test_stores *stores)
{
    struct grove_result *result = NULL;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    const struct grove_search_request request = {.vector = query.numbers,
                                                 .strategy = GROVE_STRATEGY_PUSH_DOWN};
    struct call call;
    make_rows(stores);
    call_init(&call);
    call_within(&call, 300);
    assert_true(long_lock_try(&stores->store.waiting_lock));
    assert_int_equal(query_search(&stores->store, &call, &request, &result, &error), GROVE_TIMEOUT);
    assert_int_equal(kept_count(stores), 0);
    long_lock_give(&stores->store.waiting_lock);
    assert_right(stores, 0);
    assert_true(kept_count(stores) > 0);
    assert_true(long_lock_try(&stores->store.waiting_lock));
    assert_right(stores, 0); // nothing is to be read
    long_lock_give(&stores->store.waiting_lock);
}

struct searcher {
    struct test_stores *stores;
    enum grove_code code;
    unsigned statements;
};

static void search_beside(void *state)
{
    struct searcher *self = state;
    struct grove_result *result = NULL;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    const struct grove_search_request request = {.vector = query.numbers,
                                                 .strategy = GROVE_STRATEGY_PUSH_DOWN};
    struct call call;
    call_init(&call);
    self->code = query_search(&self->stores->store, &call, &request, &result, &error);
    self->statements = call.counters.statements;
    grove_result_free(result);
}

static void who_waited_reads_nothing(struct test_stores *stores)
{
    enum { UNTIL_IT_WAITS_MS = 300 };
    struct searcher alone = {.stores = stores}, beside = {.stores = stores};
    make_rows(stores);
    assert_right(stores, 0);
    search_beside(&alone);
    assert_int_equal(alone.code, GROVE_OK);
    struct kept_points *kept = kept_take(&stores->store.waiting);
    kept_forget(&stores->store.waiting);
    assert_true(long_lock_try(&stores->store.waiting_lock));
    struct test_thread *thread = test_thread_start(stores, search_beside, &beside);
    (void)call_pause(NULL, UNTIL_IT_WAITS_MS);
    kept_put(&stores->store.waiting, kept);
    long_lock_give(&stores->store.waiting_lock);
    test_thread_join(thread);
    assert_int_equal(beside.code, GROVE_OK);
    assert_int_equal(beside.statements, alone.statements);
}

static void nothing_is_kept_where_few_wait(struct test_stores *stores)
{
    make_rows(stores);
    assert_right(stores, 0);
    assert_true(kept_count(stores) > 0);
    test_sql(stores, "DELETE FROM content_metadata WHERE id > 400");
    project_some(stores, "true");
    assert_right(stores, 0);
    assert_int_equal(kept_count(stores), 0);
    test_sql(stores, "UPDATE content_metadata SET word_count = 5");
    assert_right(stores, 0);
    assert_true(kept_count(stores) > 0);
    inject_set_knob(INJECT_KNOB_WAITING_BYTES, 1 << 30);
    assert_right(stores, 0);
    assert_int_equal(kept_count(stores), 0);
}

// Chunks of one document fill the page's places: the best of the others is among those that wait.
static void folded_rows_make_room_for_more_that_wait(struct test_stores *stores)
{
    make_rows(stores);
    test_sql(stores,
             "WITH d AS (INSERT INTO grove.document (source, key, title, body, body_sha256,"
             " chunk_count) VALUES ('shelf', 'a', 'Title', repeat('abcd', 1000), '', 300)"
             " RETURNING id) INSERT INTO grove.chunk (content_id, document_id, position, heading,"
             " first_character, characters) SELECT n.content_id, d.id, n.at, 'Part', n.at, 1"
             " FROM d, (SELECT content_id, row_number() OVER (ORDER BY (content_id - 1) * 331"
             " %% %d DESC) AS at FROM grove.content_state) AS n WHERE n.at <= 300",
             ROWS);
    for (int time = 0; time < 2; time++) {
        const struct grove_result *result = assert_right(stores, 0);
        assert_int_equal(result->row_count, 10);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(only_what_may_be_among_the_best_is_read),
        STORES_TEST(what_was_kept_of_a_row_that_changed_does_not_count),
        STORES_TEST(a_row_that_had_no_vector_is_read_each_time),
        STORES_TEST(what_was_kept_of_another_model_does_not_count),
        STORES_TEST(too_many_are_read_as_they_are),
        STORES_TEST(one_search_reads_vectors_at_a_time),
        STORES_TEST(who_waited_reads_nothing),
        STORES_TEST(nothing_is_kept_where_few_wait),
        STORES_TEST(folded_rows_make_room_for_more_that_wait),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
