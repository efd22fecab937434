// SPDX-License-Identifier: Apache-2.0
//
// A mutex with a time limit goes by the clock that can be set: set back by an hour, it would keep a
// call for an hour. So what is waited for is a condition, by the monotonic clock.
#include "base/long_lock.h"

#include "base/check.h"
#include "base/clock.h"

void long_lock_init(struct long_lock *lock)
{
    pthread_mutex_init(&lock->mutex, NULL);
    clock_condition_init(&lock->given);
    lock->taken = false;
}

void long_lock_release(struct long_lock *lock)
{
    DCHECK(!lock->taken);
    pthread_cond_destroy(&lock->given);
    pthread_mutex_destroy(&lock->mutex);
}

enum grove_code long_lock_take(struct long_lock *lock, const struct call *call,
                               struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    pthread_mutex_lock(&lock->mutex);
    while (lock->taken && code == GROVE_OK) {
        // In slices: a flag that is raised wakes nobody.
        int64_t until_us = clock_monotonic_us() + (int64_t)call_slice_ms(call) * 1000;
        clock_wait(&lock->given, &lock->mutex, until_us);
        code = lock->taken ? call_check(call, error) : GROVE_OK;
    }
    if (code == GROVE_OK)
        lock->taken = true;
    pthread_mutex_unlock(&lock->mutex);
    return code;
}

bool long_lock_try(struct long_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    bool was_free = !lock->taken;
    lock->taken = true;
    pthread_mutex_unlock(&lock->mutex);
    return was_free;
}

void long_lock_give(struct long_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    CHECK(lock->taken);
    lock->taken = false;
    pthread_cond_signal(&lock->given);
    pthread_mutex_unlock(&lock->mutex);
}
