// SPDX-License-Identifier: Apache-2.0
//
// grove_sync that stays: projects whatever comes, whatever becomes of the servers meanwhile.
//
//     away ──── both stores are reached, and a step went well ────► at work
//      │ ▲                                                            │  │
//      │ └──────── a failure that may pass ───────────────────────────┘  │ nothing is due: 200 ms
//      ▼                                                                 ▼
//     1 s, doubled each time, at most 30 s                              look
//
// Invariants
//  1. It ends when it is cancelled, when its time is over, and by what no wait mends.
//  2. Both stores are reached before the first step, and again after each failure: an engine that
//     came back without its points gets them.
//  3. An outage is over when both stores were reached; but where a step failed that had reached
//     them, when rows were projected, or none waits: a server may answer, and refuse each batch.
//  4. Whoever looks on is told by this thread alone: where it hangs, nobody is.
#include "api/sync.h"

#include <assert.h>

#include "base/check.h"
#include "base/clock.h"
#include "sync/backoff.h"
#include "sync/examine.h"

enum {
    LOOK_PAUSE_MS = 200,
    TELL_MS = 500, // at least so often while it waits
};
static_assert((int)LOOK_PAUSE_MS < (int)TELL_MS, "each look is told");

struct watch {
    struct syncing *syncing;
    struct backoff backoff;
    struct grove_error outage; // that it waits out; GROVE_OK: none
    int64_t outage_since_us;   // monotonic
    bool reached;              // both stores, since the last failure
    bool failed_at_work;       // they were when it failed last
    bool ready;                // a step went well, once
    bool idle;                 // nothing was due at the last look
};

static void tell(void *state)
{
    const struct watch *self = state;
    const struct grove_sync_request *request = self->syncing->request;
    bool away = self->outage.code != GROVE_OK;
    const struct grove_sync_look look = {
        .report = &self->syncing->report,
        .ready = self->ready,
        .idle = self->idle,
        .outage = away ? &self->outage : NULL,
        .outage_seconds = away ? (double)(clock_monotonic_us() - self->outage_since_us) / 1e6 : 0,
    };
    CHECK(look.outage_seconds >= 0);
    if (request->on_look)
        request->on_look(request->state, &look);
}

static void tell_progress(struct watch *self)
{
    struct syncing *syncing = self->syncing;
    const struct grove_sync_request *request = syncing->request;
    bool changed = !self->idle || syncing->report.comparison.reason[0];
    if (changed && request->on_progress)
        request->on_progress(request->state, &syncing->report);
    syncing->done.comparison = (struct lineage_comparison){.begun = false}; // it is told
}

static enum grove_code step(struct watch *self, struct grove_error *error)
{
    struct syncing *syncing = self->syncing;
    struct store *store = &syncing->grove->store;
    self->idle = false;
    enum grove_code code =
        projector_advance(store, &syncing->call, &syncing->done, &self->idle, error);
    if (code != GROVE_OK && atomic_load(&store->schema_doubted)) {
        self->idle = true;
        code = handle_ready(syncing->grove, &syncing->call, error); // mends it, or says what it is
    }
    return code == GROVE_OK ? syncing_count(syncing, error) : code;
}

static void end_outage(struct watch *self)
{
    if (self->failed_at_work && self->idle && self->syncing->report.pending > 0)
        return;
    self->outage.code = GROVE_OK;
    self->failed_at_work = false;
    backoff_clear(&self->backoff);
}

// One round. *ret_pause_ms: until the next one.
static enum grove_code look(struct watch *self, unsigned *ret_pause_ms, struct grove_error *error)
{
    enum grove_code code = self->reached ? GROVE_OK : syncing_reach(self->syncing, error);
    self->reached = code == GROVE_OK;
    if (code == GROVE_OK)
        code = step(self, error);
    if (code != GROVE_OK)
        return code;
    self->ready = true;
    tell_progress(self);
    end_outage(self);
    *ret_pause_ms = self->idle ? LOOK_PAUSE_MS : 0;
    return GROVE_OK;
}

// Of a failure that may pass. Since when is that of the first in a row; why, of the last.
static unsigned note_outage(struct watch *self, const struct grove_error *error)
{
    CHECK(error->retry == GROVE_RETRY_LATER);
    if (self->outage.code == GROVE_OK)
        self->outage_since_us = clock_monotonic_us();
    self->outage = *error;
    self->failed_at_work = self->reached;
    self->reached = false;
    return backoff_fail(&self->backoff);
}

static void pause_for(struct watch *self, unsigned pause_ms)
{
    tell(self);
    while (pause_ms > 0) {
        unsigned part_ms = pause_ms < TELL_MS ? pause_ms : TELL_MS;
        if (!call_pause(&self->syncing->call, part_ms))
            return;
        pause_ms -= part_ms;
        if (pause_ms > 0)
            tell(self);
    }
}

static enum grove_code watch(struct watch *self, struct grove_error *error)
{
    struct call *call = &self->syncing->call;
    while (call_check(call, error) == GROVE_OK) {
        unsigned pause_ms = 0;
        enum grove_code code = look(self, &pause_ms, error);
        if (code != GROVE_OK && call_left_ms(call, 1) == 0)
            continue;
        if (code != GROVE_OK && error->retry != GROVE_RETRY_LATER)
            return code;
        if (code != GROVE_OK)
            pause_ms = note_outage(self, error);
        pause_for(self, pause_ms);
    }
    return error->code == GROVE_CANCELLED ? GROVE_OK : error->code;
}

enum grove_code syncing_watch(struct syncing *syncing, struct grove_error *error)
{
    struct watch self = {.syncing = syncing};
    struct examiner *examiner = NULL;
    enum grove_code code = examiner_start(&syncing->grove->store, &examiner, error);
    if (code != GROVE_OK)
        return code;
    syncing->call.on_beat = tell;
    syncing->call.beat_state = &self;
    code = watch(&self, error);
    syncing->call.on_beat = NULL;
    examiner_stop(examiner);
    return code;
}
