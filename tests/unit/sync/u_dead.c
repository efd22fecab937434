// SPDX-License-Identifier: Apache-2.0
// What was given up on is listed, tried again, or removed for good; and nothing else is.
#include "projecting.h"

#include <string.h>

#include "sync/dead.h"
#include "sync/verify.h"

static int32_t make_dead(struct test_stores *stores, const char *reason)
{
    int32_t id = make_row(stores, 0.5F);
    test_sql(stores,
             "UPDATE grove.outbox SET attempts = 8, dead_since = clock_timestamp(),"
             " last_error = '%s' WHERE content_id = %d",
             reason, id);
    return id;
}

static size_t list(struct test_stores *stores, int64_t after_id, size_t most,
                   struct dead_letter *ret)
{
    struct grove_error error;
    size_t count = 99;
    assert_ok(dead_list(&stores->store, NULL, after_id, most, ret, &count, &error), error);
    return count;
}

static struct dead_report drop(struct test_stores *stores, const int32_t *ids, size_t count,
                               bool dry_run)
{
    struct grove_error error;
    struct dead_report report;
    struct dead_drop dropping = {ids, count, dry_run};
    assert_ok(dead_drop(&stores->store, NULL, &dropping, &report, &error), error);
    return report;
}

static size_t retry(struct test_stores *stores, const int32_t *ids, size_t count)
{
    struct grove_error error;
    size_t retried = 99;
    assert_ok(dead_retry(&stores->store, NULL, ids, count, &retried, &error), error);
    return retried;
}

static void letters_are_listed_with_their_reasons(struct test_stores *stores)
{
    struct dead_letter letters[4];
    assert_int_equal(list(stores, DEAD_FIRST, 4, letters), 0);
    make_row(stores, 0.9F);
    int32_t first = make_dead(stores, "too large"), second = make_dead(stores, "too strange");
    assert_int_equal(list(stores, DEAD_FIRST, 4, letters), 2);
    assert_int_equal(letters[0].content_id, first);
    assert_string_equal(letters[0].reason, "too large");
    assert_int_equal(letters[0].attempts, 8);
    assert_false(letters[0].deleted);
    assert_string_equal(letters[0].content_type, "Article");
    assert_string_equal(letters[1].reason, "too strange");
    assert_int_equal(list(stores, DEAD_FIRST, 1, letters), 1);
    assert_int_equal(list(stores, first, 4, letters), 1);
    assert_int_equal(letters[0].content_id, second);
}

static void letters_are_retried(struct test_stores *stores)
{
    int32_t first = make_dead(stores, "a"), second = make_dead(stores, "b");
    make_dead(stores, "c");
    assert_int_equal(retry(stores, &second, 1), 1);
    assert_false(test_outbox(stores, second).dead);
    assert_int_equal(test_outbox(stores, second).attempts, 0);
    assert_true(test_outbox(stores, first).dead);
    assert_int_equal(retry(stores, NULL, 0), 2);
    drain(stores);
    assert_agreed(stores);
}

static void a_dropped_content_is_gone(struct test_stores *stores)
{
    struct dead_letter letters[4];
    int32_t well = make_row(stores, 0.9F);
    drain(stores);
    int32_t waiting = make_row(stores, 0.8F), poison = make_dead(stores, "x");
    const int32_t ids[] = {well, waiting, poison, 4711};
    struct dead_report report = drop(stores, ids, 4, true);
    assert_int_equal(report.contents, 1);
    assert_true(test_revision(stores, poison) != VECTOR_NONE);
    report = drop(stores, ids, 4, false);
    assert_int_equal(report.contents, 1);
    assert_true(test_revision(stores, poison) == VECTOR_NONE);
    assert_true(test_revision(stores, well) != VECTOR_NONE);
    assert_true(test_revision(stores, waiting) != VECTOR_NONE);
    assert_int_equal(list(stores, DEAD_FIRST, 4, letters), 0);
    drain(stores);
    assert_agreed(stores);
}

// Its point could not be taken out. The letter may go only when the point has.
static void a_letter_of_what_is_gone_ends_with_its_point(struct test_stores *stores)
{
    struct dead_letter letters[4];
    int32_t id = make_row(stores, 0.9F);
    drain(stores);
    test_sql(stores, "DELETE FROM public.content_metadata WHERE id = %d", id);
    test_sql(stores,
             "UPDATE grove.outbox SET attempts = 8, dead_since = clock_timestamp(),"
             " last_error = 'stuck' WHERE content_id = %d",
             id);
    assert_int_equal(list(stores, DEAD_FIRST, 4, letters), 1);
    assert_true(letters[0].deleted);
    assert_string_equal(letters[0].title, "");
    struct dead_report report = drop(stores, &id, 1, false);
    assert_int_equal(report.contents + report.letters, 0);
    assert_int_equal(report.kept, 1);
    assert_true(test_outbox(stores, id).dead);
    fake_engine_take(stores->fake, id);
    assert_int_equal(drop(stores, &id, 1, true).letters, 1);
    assert_true(test_outbox(stores, id).dead);
    report = drop(stores, &id, 1, false);
    assert_int_equal(report.letters, 1);
    assert_int_equal(report.kept, 0);
    assert_false(test_outbox(stores, id).present);
    assert_agreed(stores);
}

static void verify_tells_a_dead_letter_as_one(struct test_stores *stores)
{
    struct verify_report report;
    struct grove_error error;
    make_dead(stores, "x");
    struct verify_request request = {.mend = true};
    assert_ok(verify(&stores->store, NULL, &request, &report, &error), error);
    assert_int_equal(report.kinds[VERIFY_DEAD], 1);
    assert_int_equal(verify_differences(report.kinds), 0);
    assert_int_equal(report.mended, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(letters_are_listed_with_their_reasons),
        STORES_TEST(letters_are_retried),
        STORES_TEST(a_dropped_content_is_gone),
        STORES_TEST(a_letter_of_what_is_gone_ends_with_its_point),
        STORES_TEST(verify_tells_a_dead_letter_as_one),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
