// SPDX-License-Identifier: Apache-2.0
//
// A thread of the library that does something again and again until it is stopped.
//
//     struct background *background = NULL;
//     code = background_start("the projector", 0, step, state, &background, error);
//     ...
//     background_stop(background);            // waits for the step that is under way
//
// It blocks all signals: those of the program are for the program's threads. A step gets a call
// that is cancelled as soon as the thread is to stop. The pause between two steps is measured by
// the monotonic clock.
//
// Threads: start and stop by one thread; the state is the step's alone from start to stop.
#ifndef GROVE_BASE_BACKGROUND_H
#define GROVE_BASE_BACKGROUND_H

#include <pthread.h>
#include <stdint.h>

#include "base/call.h"
#include "base/error.h"

struct background;

// Does something, and tells after how many milliseconds it wants to be called again.
typedef int64_t background_step(void *state, struct call *call);

// The first step comes `after_ms` from now. `name` is for messages, and borrowed.
enum grove_code background_start(const char *name, int64_t after_ms, background_step *step,
                                 void *state, struct background **ret, struct grove_error *error);
void background_stop(struct background *background); // NULL is fine

// What every thread of the library is made by: pthread_create, with all signals blocked in the new
// thread, and a stack of 1 MB where threads of the host have less. 0, or the errno.
int background_create_thread(pthread_t *ret, bool detached, void *(*start)(void *argument),
                             void *argument);

#endif
