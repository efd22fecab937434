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
//
// A helper that loses its processor amid a step lets the leader wait for a time slice of somebody
// else, so on a busy machine one thread alone is faster. Nothing tells beforehand; therefore a
// leader judges each use, and goes alone for a while after a bad one:
//
//     if (team_is_worth(&backoff, clock_monotonic_us())) {
//         ...
//         team_judge(&backoff, now_us, elapsed_us, useful_us);
//     }
#ifndef GROVE_BASE_TEAM_H
#define GROVE_BASE_TEAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEAM_STEPS_MAX = 1000 };

struct team {
    _Atomic uint64_t place; // number of the job, its steps, the next step: 32, 16, 16 bits
    _Atomic unsigned done;  // steps of this job
    void (*step)(void *state, size_t index);
    void *state;
    int64_t waited_us; // by the leader, over all jobs, for steps that others had taken
};

// Of the teams that are made from the same threads. All zero at first; any thread may use it.
struct team_backoff {
    _Atomic int64_t alone_until_us;
    _Atomic int64_t alone_us; // after the last bad use, less after each good one
};

enum { TEAM_ALONE_US_MIN = 100000, TEAM_ALONE_US_MAX = 6400000 };

void team_init(struct team *team);
void team_run(struct team *team, size_t steps, void (*step)(void *state, size_t index),
              void *state);
void team_dismiss(struct team *team);
void team_help(struct team *team);

bool team_is_worth(const struct team_backoff *backoff, int64_t now_us);

// A use that took `elapsed_us`, in which the leader computed for `useful_us`, is bad where that is
// less than three quarters. Bad ones in a row double the time alone.
void team_judge(struct team_backoff *backoff, int64_t now_us, int64_t elapsed_us,
                int64_t useful_us);

#endif
