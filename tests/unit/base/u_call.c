// SPDX-License-Identifier: Apache-2.0
#include "../test.h"

#include <pthread.h>

#include "base/call.h"
#include "base/clock.h"

static void goes_on_for_ever(void **state)
{
    (void)state;
    struct call call;
    struct grove_error error;
    call_init(&call);
    call_within(&call, 0);
    call_obey(&call, NULL);
    assert_int_equal(call_check(&call, &error), GROVE_OK);
    assert_int_equal(call_left_ms(&call, 7000), 7000);
    assert_int_equal(call_slice_ms(&call), CALL_SLICE_MS);
}

static void none_is_no_limit(void **state)
{
    (void)state;
    struct grove_error error;
    assert_int_equal(call_check(NULL, &error), GROVE_OK);
    assert_false(call_is_cancelled(NULL));
    assert_int_equal(call_left_ms(NULL, 7000), 7000);
    assert_true(call_pause(NULL, 1));
}

static void limits_narrow_only(void **state)
{
    (void)state;
    struct call call;
    call_init(&call);
    call_within(&call, 60000);
    call_within(&call, 90000);
    assert_in_range(call_left_ms(&call, 1000000), 1, 60000);
    call_within(&call, 1000);
    assert_in_range(call_left_ms(&call, 1000000), 1, 1000);
    assert_int_equal(call.limit_ms, 1000);
}

static void count_beat(void *state)
{
    ++*(int *)state;
}

static void beats_are_heard_in_the_call_s_own_thread(void **state)
{
    (void)state;
    struct call call;
    int beats = 0;
    call_init(&call);
    call_beat(&call);
    call_beat(NULL);
    call.on_beat = count_beat;
    call.beat_state = &beats;
    struct call part = call_part(&call);
    call_beat(&part);
    assert_int_equal(beats, 0);
    call_beat(&call);
    assert_int_equal(beats, 1);
}

static void late_is_a_timeout(void **state)
{
    (void)state;
    struct call call;
    struct grove_error error;
    call_init(&call);
    call_within(&call, 1500);
    call.deadline_us = clock_monotonic_us();
    assert_int_equal(call_check(&call, &error), GROVE_TIMEOUT);
    assert_non_null(strstr(error.message, "1.5 s"));
    assert_int_equal(call_left_ms(&call, 100), 0);
    assert_false(call_pause(&call, 1000000));
}

static void what_was_begun_has_some_time_more(void **state)
{
    (void)state;
    atomic_bool stop = true;
    struct call call, after = call_after(NULL, 1000);
    struct grove_error error;
    assert_int_equal(call_left_ms(&after, 7000), 7000);
    call_init(&call);
    call_obey(&call, &stop);
    after = call_after(&call, 1000);
    assert_ok(call_check(&after, &error), error);
    assert_int_equal(call_left_ms(&after, 7000), 7000);
    call_within(&call, 1500);
    call.deadline_us = clock_monotonic_us();
    call.counters.statements = 3;
    after = call_after(&call, 60000);
    assert_true(call_pause(NULL, 2));
    assert_ok(call_check(&after, &error), error);
    assert_in_range(call_left_ms(&after, 1000000), 1, 60000);
    assert_int_equal(after.counters.statements, 0);
    assert_true(after.patient);
    after.deadline_us = clock_monotonic_us();
    assert_int_equal(call_check(&after, &error), GROVE_TIMEOUT);
    assert_non_null(strstr(error.message, "1.5 s"));
}

static void each_flag_cancels(void **state)
{
    (void)state;
    struct call call;
    struct grove_error error;
    atomic_bool flags[CALL_FLAGS_MAX] = {false};
    call_init(&call);
    for (int i = 0; i < CALL_FLAGS_MAX; i++)
        call_obey(&call, &flags[i]);
    for (int i = 0; i < CALL_FLAGS_MAX; i++) {
        assert_int_equal(call_check(&call, &error), GROVE_OK);
        atomic_store(&flags[i], true);
        assert_int_equal(call_check(&call, &error), GROVE_CANCELLED);
        assert_int_equal(call_left_ms(&call, 100), 0);
        atomic_store(&flags[i], false);
    }
}

// Cancelled twice over, late and stopped: it is told as stopped, which is what its owner wanted.
static void cancelled_before_late(void **state)
{
    (void)state;
    struct call call;
    struct grove_error error;
    atomic_bool flag = true;
    call_init(&call);
    call_within(&call, 1);
    call.deadline_us = clock_monotonic_us() - 1;
    call_obey(&call, &flag);
    assert_int_equal(call_check(&call, &error), GROVE_CANCELLED);
}

static void a_round_ends_what_began_before(void **state)
{
    (void)state;
    struct call before, after;
    struct grove_error error;
    atomic_uint round = 41;
    call_init(&before);
    call_obey_round(&before, &round);
    atomic_fetch_add(&round, 1);
    call_init(&after);
    call_obey_round(&after, &round);
    assert_int_equal(call_check(&before, &error), GROVE_CANCELLED);
    assert_int_equal(call_check(&after, &error), GROVE_OK);
}

static void *raise_flag(void *state)
{
    atomic_store((atomic_bool *)state, true);
    return NULL;
}

static void a_pause_ends_when_cancelled(void **state)
{
    (void)state;
    struct call call;
    atomic_bool flag = false;
    pthread_t thread;
    call_init(&call);
    call_obey(&call, &flag);
    assert_true(call_pause(&call, 1));
    assert_int_equal(pthread_create(&thread, NULL, raise_flag, &flag), 0);
    assert_false(call_pause(&call, 600000));
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void counters_add_up(void **state)
{
    (void)state;
    struct call call;
    call_init(&call);
    struct call part = call;
    part.counters = (struct call_counters){2, 3, 4};
    call_add_counters(&call, &part);
    call_add_counters(&call, &part);
    assert_int_equal(call.counters.statements, 4);
    assert_int_equal(call.counters.requests, 6);
    assert_int_equal(call.counters.waited_us, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_for_ever),
        cmocka_unit_test(none_is_no_limit),
        cmocka_unit_test(limits_narrow_only),
        cmocka_unit_test(beats_are_heard_in_the_call_s_own_thread),
        cmocka_unit_test(late_is_a_timeout),
        cmocka_unit_test(what_was_begun_has_some_time_more),
        cmocka_unit_test(each_flag_cancels),
        cmocka_unit_test(cancelled_before_late),
        cmocka_unit_test(a_round_ends_what_began_before),
        cmocka_unit_test(a_pause_ends_when_cancelled),
        cmocka_unit_test(counters_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
