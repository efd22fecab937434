// SPDX-License-Identifier: Apache-2.0
//
// grove_sync: once, until nothing is left; or watching, which is watch.c.
#include "api/sync.h"

#include <assert.h>
#include <stdio.h>

#include "api/index.h"
#include "api/request.h"
#include "attach/take_in.h"
#include "base/clock.h"

enum grove_code syncing_reach(struct syncing *self, struct grove_error *error)
{
    struct store *store = &self->grove->store;
    enum grove_code code = handle_reach(self->grove, &self->call, error);
    if (code == GROVE_OK)
        code = projector_refill(store, &self->call, error);
    if (code != GROVE_OK || !self->request->retry_dead || self->revived)
        return code;
    code = projector_revive(store, &self->call, error);
    if (code == GROVE_OK)
        code = take_in_retry(store, &self->call, error);
    self->revived = code == GROVE_OK;
    return code;
}

static struct grove_comparison comparison_of(const struct lineage_comparison *compared)
{
    struct grove_comparison made = {
        .points = compared->points,
        .enqueued = compared->enqueued,
        .taken_out = compared->taken_out,
        .ended = compared->ended,
        .keeps_index = compared->keeps_examination,
    };
    static_assert(sizeof made.reason >= sizeof compared->doubt, "a reason fits");
    if (compared->begun)
        snprintf(made.reason, sizeof made.reason, "%s", compared->doubt);
    return made;
}

enum grove_code syncing_count(struct syncing *self, struct grove_error *error)
{
    struct projector_backlog backlog;
    const struct projector_report *done = &self->done;
    enum grove_code code = projector_backlog(&self->grove->store, &self->call, &backlog, error);
    if (code != GROVE_OK)
        return code;
    self->report = (struct grove_sync_report){
        .upserted = done->upserted,
        .removed = done->removed,
        .embedded = done->embedded,
        .failed = done->failed,
        .pending = backlog.pending,
        .dead = backlog.dead,
        .seconds = (double)(clock_monotonic_us() - self->started_us) / 1e6,
        .comparison = comparison_of(&done->comparison),
    };
    return GROVE_OK;
}

static bool on_examining(void *state, int64_t done, int64_t of)
{
    const struct syncing *self = state;
    if (self->request->on_examining)
        self->request->on_examining(self->request->state, done, of);
    return true; // the call knows whether it is over
}

// Rows are searchable whatever comes of it, so a failure is told and fails nothing.
static enum grove_code examine_index(struct syncing *self, struct grove_index *ret,
                                     struct grove_error *error)
{
    const struct examine_request examining = {.go_on = on_examining, .state = self};
    struct examine_report report;
    enum grove_code code = examine(&self->grove->store, &self->call, &examining, &report, error);
    if (code != GROVE_OK && call_left_ms(&self->call, 1) == 0)
        return code;
    *ret = code == GROVE_OK ? index_of(&report) : index_unknown(error);
    return GROVE_OK;
}

static enum grove_code sync_once(struct syncing *self, struct grove_error *error)
{
    struct grove_index index = {.state = GROVE_INDEX_UNKNOWN};
    struct grove_error unused;
    struct projector_patience patience = projector_patient;
    patience.prepares_model = true;
    enum grove_code code = syncing_reach(self, error);
    if (code != GROVE_OK)
        return code;
    code = projector_drain(&self->grove->store, &self->call, &patience, &self->done, error);
    if (code != GROVE_OK) // what was done until then is told all the same
        (void)!syncing_count(self, &unused);
    if (code == GROVE_OK)
        code = examine_index(self, &index, error);
    if (code == GROVE_OK)
        code = syncing_count(self, error);
    if (code == GROVE_OK)
        self->report.index = index;
    return code;
}

GROVE_API enum grove_code grove_sync_sized(size_t size_bytes, struct grove *grove,
                                           const struct grove_sync_request *request,
                                           struct grove_sync_report *ret, struct grove_error *error)
{
    struct grove_sync_request copy;
    struct syncing self = {.grove = grove, .request = &copy, .started_us = clock_monotonic_us()};
    enum grove_code code = OPTIONAL_REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    self.done.kind = copy.watch ? PROJECTOR_WATCH : PROJECTOR_SYNC;
    code = handle_begin(grove, HANDLE_TASK, &copy.limits, &self.call, error);
    if (code == GROVE_OK)
        code = copy.watch ? syncing_watch(&self, error) : sync_once(&self, error);
    report_give(ret, size_bytes, &self.report, sizeof self.report);
    return handle_failed(grove, &self.call, code, error);
}
