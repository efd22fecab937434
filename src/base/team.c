// SPDX-License-Identifier: Apache-2.0
//
// A step is taken by raising `place`, which names the job as well: whoever looked at an older job
// takes nothing of a newer one. While a step that was taken is not done the leader waits, so what
// the job consists of stays as it is.
#include "base/team.h"

#include <sched.h>

#include "base/check.h"
#include "base/clock.h"

// After so many looks for a new job, or for the last steps to be done, others get the processor
// between two looks: whoever is waited for may need it.
enum { LOOKS_AWAKE = 2000 };

#define DISMISSED UINT64_C(0xffff)

static uint64_t steps_of(uint64_t place)
{
    return place >> 16 & 0xffff;
}

static uint64_t next_of(uint64_t place)
{
    return place & 0xffff;
}

// True when others were let to the processor.
static bool pause_between(unsigned *looks)
{
    if (*looks == LOOKS_AWAKE) {
        sched_yield();
        return true;
    }
    ++*looks;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
    return false;
}

// Takes steps until none is left. Returns the place that it saw last.
static uint64_t take_steps(struct team *team)
{
    uint64_t place = atomic_load_explicit(&team->place, memory_order_acquire);
    while (next_of(place) < steps_of(place)) {
        if (!atomic_compare_exchange_weak_explicit(&team->place, &place, place + 1,
                                                   memory_order_acq_rel, memory_order_acquire))
            continue;
        team->step(team->state, (size_t)next_of(place));
        atomic_fetch_add_explicit(&team->done, 1, memory_order_release);
        place = atomic_load_explicit(&team->place, memory_order_acquire);
    }
    return place;
}

void team_init(struct team *team)
{
    *team = (struct team){.place = 0};
}

void team_run(struct team *team, size_t steps, void (*step)(void *state, size_t index), void *state)
{
    CHECK(steps <= TEAM_STEPS_MAX);
    uint64_t job = (atomic_load_explicit(&team->place, memory_order_relaxed) >> 32) + 1;
    team->step = step;
    team->state = state;
    atomic_store_explicit(&team->done, 0, memory_order_relaxed);
    atomic_store_explicit(&team->place, job << 32 | (uint64_t)steps << 16, memory_order_release);
    take_steps(team);
    unsigned looks = 0;
    int64_t began_us = 0;
    while (atomic_load_explicit(&team->done, memory_order_acquire) < steps) {
        // A wait that is over at once is not worth two looks at the clock.
        if (pause_between(&looks) && began_us == 0)
            began_us = clock_monotonic_us();
    }
    if (began_us)
        team->waited_us += clock_monotonic_us() - began_us;
}

void team_dismiss(struct team *team)
{
    atomic_store_explicit(&team->place, DISMISSED, memory_order_release);
}

void team_help(struct team *team)
{
    unsigned looks = 0;
    uint64_t seen = 0;
    for (;;) {
        uint64_t place = take_steps(team);
        if (place == DISMISSED)
            return;
        if (place != seen)
            looks = 0;
        seen = place;
        pause_between(&looks);
    }
}

bool team_is_worth(const struct team_backoff *backoff, int64_t now_us)
{
    return now_us >= atomic_load_explicit(&backoff->alone_until_us, memory_order_relaxed);
}

void team_judge(struct team_backoff *backoff, int64_t now_us, int64_t elapsed_us, int64_t useful_us)
{
    int64_t alone_us = atomic_load_explicit(&backoff->alone_us, memory_order_relaxed);
    if (useful_us >= elapsed_us - elapsed_us / 4) {
        atomic_store_explicit(&backoff->alone_us, alone_us / 2, memory_order_relaxed);
        return;
    }
    alone_us *= 2;
    if (alone_us < TEAM_ALONE_US_MIN)
        alone_us = TEAM_ALONE_US_MIN;
    if (alone_us > TEAM_ALONE_US_MAX)
        alone_us = TEAM_ALONE_US_MAX;
    atomic_store_explicit(&backoff->alone_us, alone_us, memory_order_relaxed);
    atomic_store_explicit(&backoff->alone_until_us, now_us + alone_us, memory_order_relaxed);
}
