// SPDX-License-Identifier: Apache-2.0
//
// A fixed set of threads that share the steps of one job at a time.
//
//     workers_run(workers, steps, step, state);   // step(state, i, worker) for i in 0..steps-1
//
// The calling thread works too, so a set of 1 has no threads of its own. Several threads may call
// workers_run on the same set: they take turns.
#ifndef GROVE_BASE_WORKERS_H
#define GROVE_BASE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/call.h"
#include "base/error.h"

struct workers;

// `count` 0: one for each processor this process may use. At most 256.
enum grove_code workers_new(unsigned count, struct workers **ret_workers,
                            struct grove_error *error);
void workers_free(struct workers *workers);

unsigned workers_count(const struct workers *workers);

// Returns when every step has run. `worker` is in 0..workers_count-1 and never used by two steps
// at once: an index for scratch memory. Steps must not call workers_run on the same set.
void workers_run(struct workers *workers, size_t steps,
                 void (*step)(void *state, size_t index, unsigned worker), void *state);

// The same, but with no step run where the call is over before it is this thread's turn.
enum grove_code workers_run_within(struct workers *workers, const struct call *call, size_t steps,
                                   void (*step)(void *state, size_t index, unsigned worker),
                                   void *state, struct grove_error *error);

// The same, but false at once, with no step run, while another thread's job is running.
bool workers_try_run(struct workers *workers, size_t steps,
                     void (*step)(void *state, size_t index, unsigned worker), void *state);

// Processors this process may use (its affinity mask), at least 1.
unsigned workers_processors(void);

#endif
