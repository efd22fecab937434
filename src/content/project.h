// SPDX-License-Identifier: Apache-2.0
//
// What a load has committed, made searchable.
//
//     struct projecting projecting = projecting_of(store, &call);
//     code = project_contents(&projecting, content_ids, count, progress, error);
#ifndef GROVE_CONTENT_PROJECT_H
#define GROVE_CONTENT_PROJECT_H

#include "catalog/store.h"
#include "grove/grove.h"

struct projecting {
    struct store *store;
    struct call *call;    // what is committed is projected, whatever becomes of it
    unsigned patience_ms; // left for rows that other projectors have leased
};

struct projecting projecting_of(struct store *store, struct call *call);

// At most VECTOR_BATCH_MAX contents. The counts and seconds are added to *progress, also of rows
// that are left to another projector and are not in the index yet (rows_pending). An error says
// that the rows are in PostgreSQL.
enum grove_code project_contents(struct projecting *projecting, const int32_t *content_ids,
                                 size_t count, struct grove_load_progress *progress,
                                 struct grove_error *error);

#endif
