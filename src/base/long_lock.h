// SPDX-License-Identifier: Apache-2.0
//
// A lock that may be held for long: while a model is opened, or a batch computed. Who waits for it
// waits no longer than his call may, whatever happens to the clock that can be set.
//
//     code = long_lock_take(&lock, call, error);
//     ...
//     long_lock_give(&lock);
//
// Any thread may give it back. Nothing says who of those that wait is next.
#ifndef GROVE_BASE_LONG_LOCK_H
#define GROVE_BASE_LONG_LOCK_H

#include <pthread.h>

#include "base/call.h"

struct long_lock {
    pthread_mutex_t mutex; // guards `taken`; held for moments
    pthread_cond_t given;
    bool taken;
};

void long_lock_init(struct long_lock *lock);
void long_lock_release(struct long_lock *lock); // nobody has it

// Not longer than the call may wait. NULL: as long as it takes. One that is free is taken, whatever
// the call.
enum grove_code long_lock_take(struct long_lock *lock, const struct call *call,
                               struct grove_error *error) GROVE_MUST_CHECK;

// False at once where another has it.
bool long_lock_try(struct long_lock *lock) GROVE_MUST_CHECK;

void long_lock_give(struct long_lock *lock);

#endif
