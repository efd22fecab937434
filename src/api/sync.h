// SPDX-License-Identifier: Apache-2.0
//
// A call of grove_sync that is under way: what syncing once (sync.c) and watching (watch.c) share.
#ifndef GROVE_API_SYNC_H
#define GROVE_API_SYNC_H

#include "api/handle.h"

struct syncing {
    struct grove *grove;
    struct call call;
    const struct grove_sync_request *request;
    struct grove_sync_report report;
    struct projector_report done;
    int64_t started_us;
    bool revived; // dead letters are due again, where that was asked for
};

// Reaches both stores, and has missing points projected anew; dead letters too, the first time.
enum grove_code syncing_reach(struct syncing *self, struct grove_error *error);
// Fills in the report: what was done so far, and what waits now.
enum grove_code syncing_count(struct syncing *self, struct grove_error *error);

// Projects whatever comes, until the call is over. GROVE_OK: it was cancelled.
enum grove_code syncing_watch(struct syncing *self, struct grove_error *error);

#endif
