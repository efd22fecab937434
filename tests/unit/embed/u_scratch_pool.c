// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a scratch: in the order in which callers came, and no longer than their calls last.
#include "../test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "embed/forward.h"
#include "embed/scratch_pool.h"

enum { SCRATCHES = 2, WAITING_MAX = 3, PATIENCE_MS = 20000 };

static struct scratch_pool pool;
static struct forward_scratch *out[SCRATCHES]; // in the test's hands

static int set_up(void **state)
{
    (void)state;
    scratch_pool_init(&pool);
    for (size_t i = 0; i < SCRATCHES; i++) {
        struct forward_scratch *scratch = forward_scratch_new(EMBED_TOKENS_MAX);
        if (!scratch)
            return -1;
        scratch_pool_add(&pool, scratch);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_pool_release(&pool);
    return 0;
}

static void take_all(void)
{
    struct grove_error error;
    for (size_t i = 0; i < SCRATCHES; i++) {
        bool others;
        assert_ok(scratch_pool_take(&pool, NULL, &out[i], &others, &error), error);
        assert_int_equal(others, i > 0);
    }
}

static void give_all(void)
{
    for (size_t i = 0; i < SCRATCHES; i++)
        scratch_pool_give(&pool, out[i]);
}

static size_t waiting(void)
{
    pthread_mutex_lock(&pool.mutex);
    size_t count = pool.waiting;
    pthread_mutex_unlock(&pool.mutex);
    return count;
}

static void await_waiting(size_t count)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)PATIENCE_MS * 1000;
    while (waiting() != count) {
        assert_true(clock_monotonic_us() < until_us);
        clock_sleep_ms(1);
    }
}

// A caller that waits, and notes when it was served.
struct caller {
    pthread_t thread;
    struct call call;
    enum grove_code code;
    unsigned served; // 1: before all others
};

static atomic_uint served;

static void *take_and_give(void *argument)
{
    struct caller *self = argument;
    struct grove_error error;
    struct forward_scratch *scratch = NULL;
    bool others;
    self->code = scratch_pool_take(&pool, &self->call, &scratch, &others, &error);
    if (self->code != GROVE_OK)
        return NULL;
    self->served = atomic_fetch_add(&served, 1) + 1;
    scratch_pool_give(&pool, scratch);
    return NULL;
}

static void start(struct caller *caller)
{
    size_t before = waiting();
    assert_int_equal(pthread_create(&caller->thread, NULL, take_and_give, caller), 0);
    await_waiting(before + 1);
}

static void who_came_first_is_first(void **state)
{
    (void)state;
    static struct caller callers[WAITING_MAX];
    struct grove_error error;
    bool others;
    take_all();
    atomic_store(&served, 0);
    for (size_t i = 0; i < WAITING_MAX; i++) {
        callers[i] = (struct caller){.code = GROVE_INTERNAL};
        call_init(&callers[i].call);
        start(&callers[i]);
    }
    // Who gives one back and asks at once for the next comes behind all of them.
    scratch_pool_give(&pool, out[0]);
    assert_ok(scratch_pool_take(&pool, NULL, &out[0], &others, &error), error);
    assert_int_equal(atomic_load(&served), WAITING_MAX);
    for (size_t i = 0; i < WAITING_MAX; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].code, GROVE_OK);
        assert_int_equal(callers[i].served, i + 1);
    }
    give_all();
}

static void a_wait_ends_with_its_call(void **state)
{
    (void)state;
    static struct caller first, second;
    struct grove_error error;
    struct forward_scratch *scratch;
    struct call late;
    bool others;
    atomic_bool cancelled = false;
    take_all();
    call_init(&late);
    call_within(&late, 30);
    assert_int_equal(scratch_pool_take(&pool, &late, &scratch, &others, &error), GROVE_TIMEOUT);
    assert_int_equal(waiting(), 0);

    first = second = (struct caller){.code = GROVE_INTERNAL};
    call_init(&first.call);
    call_obey(&first.call, &cancelled);
    call_init(&second.call);
    start(&first);
    start(&second);
    atomic_store(&cancelled, true);
    pthread_join(first.thread, NULL);
    assert_int_equal(first.code, GROVE_CANCELLED);
    await_waiting(1); // whoever stood behind it still waits, and is served
    give_all();
    pthread_join(second.thread, NULL);
    assert_int_equal(second.code, GROVE_OK);
}

// Also where one is free.
static void a_call_that_is_over_gets_none(void **state)
{
    (void)state;
    struct grove_error error;
    struct forward_scratch *scratch;
    struct call late;
    bool others;
    call_init(&late);
    late.deadline_us = 1;
    assert_int_equal(scratch_pool_take(&pool, &late, &scratch, &others, &error), GROVE_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_came_first_is_first),
        cmocka_unit_test(a_wait_ends_with_its_call),
        cmocka_unit_test(a_call_that_is_over_gets_none),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
