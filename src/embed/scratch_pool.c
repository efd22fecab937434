// SPDX-License-Identifier: Apache-2.0
#include "embed/scratch_pool.h"

#include "base/check.h"
#include "base/clock.h"
#include "embed/forward.h"

// Of a thread that waits; on its stack.
struct scratch_wait {
    struct scratch_wait *next;
    pthread_cond_t turn;
};

void scratch_pool_init(struct scratch_pool *pool)
{
    *pool = (struct scratch_pool){.size = 0};
    pthread_mutex_init(&pool->mutex, NULL);
}

void scratch_pool_add(struct scratch_pool *pool, struct forward_scratch *scratch)
{
    CHECK(pool->size < SCRATCH_POOL_MAX);
    CHECK(pool->count == pool->size);
    pool->free[pool->size++] = scratch;
    pool->count++;
}

void scratch_pool_release(struct scratch_pool *pool)
{
    CHECK(pool->count == pool->size); // else a call is still under way
    CHECK(!pool->first);
    for (size_t i = 0; i < pool->count; i++)
        forward_scratch_free(pool->free[i]);
    pthread_mutex_destroy(&pool->mutex);
}

static void start_waiting(struct scratch_pool *pool, struct scratch_wait *ret)
{
    *ret = (struct scratch_wait){.next = NULL};
    clock_condition_init(&ret->turn);
    *(pool->last ? &pool->last->next : &pool->first) = ret;
    pool->last = ret;
    pool->waiting++;
}

static void end_waiting(struct scratch_pool *pool, struct scratch_wait *wait)
{
    struct scratch_wait *before = NULL;
    for (struct scratch_wait *at = pool->first; at != wait; at = at->next)
        before = at;
    *(before ? &before->next : &pool->first) = wait->next;
    if (pool->last == wait)
        pool->last = before;
    pool->waiting--;
    pthread_cond_destroy(&wait->turn);
}

// The caller holds the mutex.
static void wake_first(struct scratch_pool *pool)
{
    if (pool->first && pool->count > 0)
        pthread_cond_signal(&pool->first->turn);
}

// For one slice, or until it is woken. The caller holds the mutex.
static void wait_slice(struct scratch_pool *pool, struct scratch_wait *wait,
                       const struct call *call)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)call_slice_ms(call) * 1000;
    clock_wait(&wait->turn, &pool->mutex, until_us);
}

// The caller holds the mutex.
static enum grove_code wait_for_turn(struct scratch_pool *pool, const struct call *call,
                                     struct grove_error *error)
{
    struct scratch_wait wait;
    enum grove_code code = GROVE_OK;
    start_waiting(pool, &wait);
    while (code == GROVE_OK && (pool->first != &wait || pool->count == 0)) {
        wait_slice(pool, &wait, call);
        code = call_check(call, error);
    }
    end_waiting(pool, &wait);
    if (code != GROVE_OK)
        error_context(error, "waiting while the model embeds for others");
    return code;
}

enum grove_code scratch_pool_take(struct scratch_pool *pool, const struct call *call,
                                  struct forward_scratch **ret, bool *ret_others,
                                  struct grove_error *error)
{
    enum grove_code code = call_check(call, error);
    if (code != GROVE_OK)
        return code;
    pthread_mutex_lock(&pool->mutex);
    if (pool->first || pool->count == 0)
        code = wait_for_turn(pool, call, error);
    if (code == GROVE_OK) {
        CHECK(pool->count > 0);
        *ret_others = pool->count < pool->size;
        *ret = pool->free[--pool->count];
    }
    wake_first(pool); // there may be another one, also where this call is over
    pthread_mutex_unlock(&pool->mutex);
    return code;
}

void scratch_pool_give(struct scratch_pool *pool, struct forward_scratch *scratch)
{
    pthread_mutex_lock(&pool->mutex);
    CHECK(pool->count < pool->size);
    pool->free[pool->count++] = scratch;
    wake_first(pool);
    pthread_mutex_unlock(&pool->mutex);
}
