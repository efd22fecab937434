// SPDX-License-Identifier: Apache-2.0
//
// Scratches for passes that run in their caller's thread; who finds none waits for one.
//
//     scratch_pool_init(&pool);
//     scratch_pool_add(&pool, scratch);                              // at most SCRATCH_POOL_MAX
//     code = scratch_pool_take(&pool, call, &scratch, &others, error);
//     scratch_pool_give(&pool, scratch);
//     scratch_pool_release(&pool);                                   // all of them are back
//
// They go to who came first: else a thread that gives one back and asks for the next has it before
// those who wait are awake. A wait ends with its call; that nothing comes back for long is no
// reason of its own to end it, since each pass ends.
//
// Threads: any number may take and give at once; all are added before.
#ifndef GROVE_EMBED_SCRATCH_POOL_H
#define GROVE_EMBED_SCRATCH_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/call.h"
#include "base/error.h"

struct forward_scratch;

enum { SCRATCH_POOL_MAX = 16 };

struct scratch_pool {
    pthread_mutex_t mutex; // guards what follows
    size_t size;           // of all that there are
    size_t count;          // in `free`
    struct forward_scratch *free[SCRATCH_POOL_MAX];
    struct scratch_wait *first, *last; // in the order in which they came
    size_t waiting;                    // of these
};

void scratch_pool_init(struct scratch_pool *pool);
void scratch_pool_add(struct scratch_pool *pool, struct forward_scratch *scratch);
void scratch_pool_release(struct scratch_pool *pool);

// GROVE_CANCELLED or GROVE_TIMEOUT where the call is over first, or was before. *ret_others: others
// have scratches, too.
enum grove_code scratch_pool_take(struct scratch_pool *pool, const struct call *call,
                                  struct forward_scratch **ret, bool *ret_others,
                                  struct grove_error *error);
void scratch_pool_give(struct scratch_pool *pool, struct forward_scratch *scratch);

#endif
