// SPDX-License-Identifier: Apache-2.0
// Threads that share work: workers, and teams of them.
#include "../test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/team.h"
#include "base/workers.h"

// A clock that is set back as soon as it was read: until then, it went that far ahead.
static atomic_int ahead_s;
int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    int failure = __real_clock_gettime(clock, ret);
    if (clock == CLOCK_REALTIME)
        ret->tv_sec += atomic_load(&ahead_s);
    return failure;
}

static void add_one(void *state, size_t index, unsigned worker)
{
    (void)worker;
    unsigned *counts = state;
    counts[index]++;
}

static void workers_do_each_step_once(void **state)
{
    (void)state;
    struct grove_error error;
    struct workers *workers;
    unsigned counts[1000] = {0};
    assert_ok(workers_new(4, &workers, &error), error);
    assert_int_equal(workers_count(workers), 4);
    for (int round = 0; round < 20; round++)
        workers_run(workers, ARRAY_COUNT(counts), add_one, counts);
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++)
        assert_int_equal(counts[i], 20);
    workers_run(workers, 0, add_one, counts);
    workers_free(workers);
    assert_ok(workers_new(1, &workers, &error), error);
    workers_run(workers, ARRAY_COUNT(counts), add_one, counts); // in this thread alone
    assert_int_equal(counts[7], 21);
    workers_free(workers);
}

static void try_within(void *state, size_t index, unsigned worker)
{
    struct workers *workers = state;
    unsigned count = 0;
    (void)index;
    (void)worker;
    assert_false(workers_try_run(workers, 1, add_one, &count));
    assert_int_equal(count, 0);
}

static void workers_are_not_waited_for(void **state)
{
    (void)state;
    struct grove_error error;
    struct workers *workers;
    unsigned counts[4] = {0};
    assert_ok(workers_new(2, &workers, &error), error);
    workers_run(workers, 3, try_within, workers);
    assert_true(workers_try_run(workers, 4, add_one, counts));
    assert_int_equal(counts[3], 1);
    workers_free(workers);
}

// Within a step, so that it is the turn of this one for as long as it takes.
static void wait_within(void *state, size_t index, unsigned worker)
{
    struct workers *workers = state;
    struct grove_error error;
    struct call late;
    unsigned count = 0;
    (void)index;
    (void)worker;
    call_init(&late);
    call_within(&late, 5);
    assert_int_equal(workers_run_within(workers, &late, 1, add_one, &count, &error), GROVE_TIMEOUT);
    assert_int_equal(count, 0);
}

static void a_turn_is_waited_for_as_long_as_the_call_lasts(void **state)
{
    const int ahead[] = {0, 3600, -3600};
    (void)state;
    struct grove_error error;
    struct workers *workers;
    unsigned count = 0;
    assert_ok(workers_new(1, &workers, &error), error);
    for (size_t i = 0; i < ARRAY_COUNT(ahead); i++) {
        atomic_store(&ahead_s, ahead[i]);
        workers_run(workers, 1, wait_within, workers);
    }
    atomic_store(&ahead_s, 0);
    assert_ok(workers_run_within(workers, NULL, 1, add_one, &count, &error), error);
    assert_int_equal(count, 1);
    workers_free(workers);
}

#ifdef __SANITIZE_THREAD__
enum { DEEP_BYTES = 16 << 10 }; // what it keeps of a thread stands on its stack
#else
enum { DEEP_BYTES = 600 << 10 };
#endif

static void go_deep(void *state, size_t index, unsigned worker)
{
    (void)worker;
    volatile unsigned char frame[DEEP_BYTES];
    for (size_t i = DEEP_BYTES; i-- > 0;)
        frame[i] = (unsigned char)index;
    clock_sleep_ms(2); // so that others take steps, too
    ((unsigned *)state)[index] = frame[DEEP_BYTES / 2] + 1U;
}

// Those of the host may have little.
static void workers_have_room_on_their_stacks(void **state)
{
    (void)state;
    struct grove_error error;
    struct workers *workers;
    unsigned found[16] = {0};
    pthread_attr_t usual, small;
    assert_int_equal(pthread_getattr_default_np(&usual), 0);
    assert_int_equal(pthread_attr_init(&small), 0);
    assert_int_equal(pthread_attr_setstacksize(&small, 128 << 10), 0);
    assert_int_equal(pthread_setattr_default_np(&small), 0);
    enum grove_code code = workers_new(4, &workers, &error);
    assert_int_equal(pthread_setattr_default_np(&usual), 0);
    pthread_attr_destroy(&small);
    pthread_attr_destroy(&usual);
    assert_ok(code, error);
    workers_run(workers, ARRAY_COUNT(found), go_deep, found);
    workers_free(workers);
    for (size_t i = 0; i < ARRAY_COUNT(found); i++)
        assert_int_equal(found[i], i + 1);
}

enum { TEAM_JOBS = 3000, TEAM_STEPS = 7 };

struct tally {
    struct team team;
    unsigned taken[TEAM_STEPS]; // by whoever took the step: a race, were it two
    unsigned job;
};

static void tally_step(void *state, size_t index)
{
    struct tally *tally = state;
    tally->taken[index] += tally->job;
}

static void tally_lead(struct tally *tally)
{
    unsigned wanted = 0;
    for (tally->job = 1; tally->job <= TEAM_JOBS; tally->job++) {
        wanted += tally->job;
        team_run(&tally->team, TEAM_STEPS, tally_step, tally);
        for (size_t i = 0; i < TEAM_STEPS; i++)
            assert_int_equal(tally->taken[i], wanted);
    }
    team_run(&tally->team, 0, tally_step, tally);
    team_dismiss(&tally->team);
}

static void tally_member(void *state, size_t index, unsigned worker)
{
    struct tally *tally = state;
    (void)worker;
    if (index == 0)
        tally_lead(tally);
    else
        team_help(&tally->team);
}

static void a_team_does_each_step_once(void **state)
{
    (void)state;
    struct grove_error error;
    for (unsigned members = 1; members <= 5; members++) {
        struct workers *workers;
        struct tally tally = {.job = 0};
        team_init(&tally.team);
        assert_ok(workers_new(members, &workers, &error), error);
        workers_run(workers, members, tally_member, &tally);
        team_help(&tally.team); // too late: there is nothing to do
        workers_free(workers);
    }
}

static void a_bad_team_is_left_for_a_while(void **state)
{
    (void)state;
    struct team_backoff backoff = {0};
    int64_t now_us = 1000;
    assert_true(team_is_worth(&backoff, now_us));
    team_judge(&backoff, now_us, 4000, 3000); // just good enough
    assert_true(team_is_worth(&backoff, now_us));
    for (int64_t alone_us = TEAM_ALONE_US_MIN; alone_us <= TEAM_ALONE_US_MAX; alone_us *= 2) {
        team_judge(&backoff, now_us, 4000, 2999);
        assert_false(team_is_worth(&backoff, now_us + alone_us - 1));
        now_us += alone_us;
        assert_true(team_is_worth(&backoff, now_us));
    }
    team_judge(&backoff, now_us, 4000, 0); // no more than the most
    assert_true(team_is_worth(&backoff, now_us + TEAM_ALONE_US_MAX));
    for (int good = 0; good < 30; good++)
        team_judge(&backoff, now_us, 4000, 4000);
    team_judge(&backoff, now_us, 4000, 0); // the first bad one again
    assert_true(team_is_worth(&backoff, now_us + TEAM_ALONE_US_MIN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_do_each_step_once),
        cmocka_unit_test(workers_are_not_waited_for),
        cmocka_unit_test(a_turn_is_waited_for_as_long_as_the_call_lasts),
        cmocka_unit_test(workers_have_room_on_their_stacks),
        cmocka_unit_test(a_team_does_each_step_once),
        cmocka_unit_test(a_bad_team_is_left_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
