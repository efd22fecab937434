// SPDX-License-Identifier: Apache-2.0
#include "base/call.h"

#include "base/check.h"
#include "base/clock.h"

void call_init(struct call *call)
{
    *call = (struct call){.deadline_us = CALL_FOREVER};
}

void call_within(struct call *call, unsigned milliseconds)
{
    if (milliseconds == 0)
        return;
    int64_t deadline_us = clock_monotonic_us() + (int64_t)milliseconds * 1000;
    if (deadline_us >= call->deadline_us)
        return;
    call->deadline_us = deadline_us;
    call->limit_ms = milliseconds;
}

void call_obey(struct call *call, const atomic_bool *flag)
{
    if (!flag)
        return;
    CHECK(call->flag_count < CALL_FLAGS_MAX);
    call->flags[call->flag_count++] = flag;
}

void call_obey_round(struct call *call, const atomic_uint *round)
{
    CHECK(!call->round);
    call->round = round;
    call->round_at_start = atomic_load(round);
}

bool call_is_cancelled(const struct call *call)
{
    if (!call)
        return false;
    for (unsigned i = 0; i < call->flag_count; i++)
        if (atomic_load_explicit(call->flags[i], memory_order_relaxed))
            return true;
    return call->round &&
           atomic_load_explicit(call->round, memory_order_relaxed) != call->round_at_start;
}

static bool is_late(const struct call *call)
{
    return call->deadline_us != CALL_FOREVER && clock_monotonic_us() >= call->deadline_us;
}

enum grove_code call_check(const struct call *call, struct grove_error *error)
{
    if (call_is_cancelled(call))
        return error_set(error, GROVE_CANCELLED, "stopped on request");
    if (!call || !is_late(call))
        return GROVE_OK;
    error_set(error, GROVE_TIMEOUT, "it was not done within the %g s that it was given",
              call->limit_ms / 1000.0);
    error_hint(error, "give it more time, or see with \"grove status\" what is busy");
    return GROVE_TIMEOUT;
}

unsigned call_left_ms(const struct call *call, unsigned most_ms)
{
    if (call_is_cancelled(call))
        return 0;
    if (!call || call->deadline_us == CALL_FOREVER)
        return most_ms;
    int64_t left_us = call->deadline_us - clock_monotonic_us();
    if (left_us <= 0)
        return 0;
    int64_t left_ms = (left_us + 999) / 1000;
    return left_ms < most_ms ? (unsigned)left_ms : most_ms;
}

unsigned call_slice_ms(const struct call *call)
{
    return call_left_ms(call, CALL_SLICE_MS);
}

bool call_pause(const struct call *call, unsigned milliseconds)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)milliseconds * 1000;
    for (;;) {
        int64_t rest_us = until_us - clock_monotonic_us();
        unsigned slice_ms = call_slice_ms(call);
        if (slice_ms == 0)
            return false;
        if (rest_us <= 0)
            return true;
        int64_t rest_ms = (rest_us + 999) / 1000;
        clock_sleep_ms(rest_ms < slice_ms ? (unsigned)rest_ms : slice_ms);
    }
}

void call_beat(const struct call *call)
{
    if (call && call->on_beat)
        call->on_beat(call->beat_state);
}

struct call call_part(const struct call *call)
{
    struct call part;
    call_init(&part);
    if (call)
        part = *call;
    part.counters = (struct call_counters){0};
    part.on_beat = NULL;
    return part;
}

struct call call_after(const struct call *call, unsigned milliseconds)
{
    struct call after;
    call_init(&after);
    after.patient = true;
    if (!call || call->deadline_us == CALL_FOREVER)
        return after;
    after.limit_ms = call->limit_ms;
    after.deadline_us = call->deadline_us + (int64_t)milliseconds * 1000;
    CHECK(after.deadline_us > call->deadline_us);
    return after;
}

void call_add_counters(struct call *call, const struct call *part)
{
    if (!call)
        return;
    call->counters.statements += part->counters.statements;
    call->counters.requests += part->counters.requests;
    call->counters.waited_us += part->counters.waited_us;
}
