// SPDX-License-Identifier: Apache-2.0
//
// Threads that stay together for a few milliseconds and share many small steps: handing out work
// to them costs a microsecond, not a wake-up. One leads, and helpers wait for its next job awake.
//
//     struct team team;
//     team_init(&team);
//     // in each helper's thread:
//     team_help(&team);                         // returns when the leader is done
//     // in the leader's:
//     team_run(&team, steps, step, state);      // as often as wanted
//     team_dismiss(&team);                      // nothing after this
//
// Helpers may come at any time, late, after the end, or never: the leader takes the steps that
// nobody has taken. Memory written before team_run is seen by its steps, and what they write by the
// leader after it.
#ifndef GROVE_BASE_TEAM_H
#define GROVE_BASE_TEAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { TEAM_STEPS_MAX = 1000 };

struct team {
    _Atomic uint64_t place; // number of the job, its steps, the next step: 32, 16, 16 bits
    _Atomic unsigned done;  // steps of this job
    void (*step)(void *state, size_t index);
    void *state;
};

void team_init(struct team *team);
void team_run(struct team *team, size_t steps, void (*step)(void *state, size_t index),
              void *state);
void team_dismiss(struct team *team);
void team_help(struct team *team);

#endif
