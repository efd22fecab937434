// SPDX-License-Identifier: Apache-2.0
// grove_sync that watches, as a program of its own hears of it: with an engine that is away.
#include "opening.h"

enum { LOOKS_MAX = 3 };

struct listener {
    struct grove *grove;
    unsigned looks, reports;
    double seconds[LOOKS_MAX];
};

static void on_progress(void *state, const struct grove_sync_report *report)
{
    struct listener *listener = state;
    (void)report;
    listener->reports++;
}

// Of an engine that never answers. The last look ends the watch.
static void on_look(void *state, const struct grove_sync_look *look)
{
    struct listener *listener = state;
    assert_true(listener->looks < LOOKS_MAX);
    assert_false(look->ready);
    assert_non_null(look->outage);
    assert_int_equal(look->outage->code, GROVE_UNAVAILABLE);
    assert_int_equal(look->outage->retry, GROVE_RETRY_LATER);
    assert_non_null(look->report);
    listener->seconds[listener->looks++] = look->outage_seconds;
    if (listener->looks == LOOKS_MAX)
        grove_cancel(listener->grove);
}

static void an_outage_is_told_again_and_again(struct test_stores *stores)
{
    struct grove_error error;
    struct listener listener = {.grove = open_handle(stores)};
    const struct grove_sync_request request = {.size_bytes = sizeof request,
                                               .watch = true,
                                               .on_progress = on_progress,
                                               .on_look = on_look,
                                               .state = &listener};
    assert_ok(grove_sync(listener.grove, &request, NULL, &error), error);
    assert_int_equal(listener.looks, LOOKS_MAX);
    assert_int_equal(listener.reports, 0);
    assert_true(listener.seconds[0] < listener.seconds[1]);
    assert_true(listener.seconds[2] >= 0.9); // the pause between two attempts is told twice
    grove_close(listener.grove);
}

// A program of before has no room for on_look, and waits as well.
static void its_time_ends_it(struct test_stores *stores)
{
    struct grove_error error;
    struct grove *grove = open_handle(stores);
    const struct grove_sync_request request = {.size_bytes =
                                                   offsetof(struct grove_sync_request, on_look),
                                               .watch = true,
                                               .limits.timeout_ms = 300,
                                               .on_look = on_look};
    assert_int_equal(grove_sync(grove, &request, NULL, &error), GROVE_TIMEOUT);
    assert_non_null(strstr(error.message, "0.3 s"));
    grove_close(grove);
}

static void what_no_wait_mends_ends_it(struct test_stores *stores)
{
    struct grove_error error;
    struct listener listener = {.grove = NULL};
    test_sql(stores, "DROP SCHEMA grove CASCADE");
    listener.grove = open_handle(stores);
    const struct grove_sync_request request = {
        .size_bytes = sizeof request, .watch = true, .on_look = on_look, .state = &listener};
    assert_int_equal(grove_sync(listener.grove, &request, NULL, &error), GROVE_NOT_FOUND);
    assert_non_null(strstr(error.hint, "grove init"));
    assert_int_equal(listener.looks, 0);
    grove_close(listener.grove);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(an_outage_is_told_again_and_again),
        STORES_TEST(its_time_ends_it),
        STORES_TEST(what_no_wait_mends_ends_it),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
