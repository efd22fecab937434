// SPDX-License-Identifier: Apache-2.0
//
// What a load has committed, made searchable.
//
//     struct projecting projecting = projecting_of(store, &call);
//     code = project_contents(&projecting, content_ids, count, progress, error);
//     // or beside the caller, who writes the next ones to PostgreSQL meanwhile:
//     code = project_begin(&projecting, content_ids, count, error);
//     code = project_end(&projecting, progress, error); // before the next, and in any case
#ifndef GROVE_CONTENT_PROJECT_H
#define GROVE_CONTENT_PROJECT_H

#include "catalog/store.h"
#include "grove/grove.h"

struct projecting {
    struct store *store;
    struct call *call;     // what is committed is projected, whatever becomes of it
    unsigned patience_ms;  // left for rows that other projectors have leased
    struct beside *beside; // what is under way, or was; NULL: nothing since project_end
};

struct projecting projecting_of(struct store *store, struct call *call);

// At most VECTOR_BATCH_MAX contents. The counts and seconds are added to *progress, also of rows
// that are left to another projector and are not in the index yet (rows_pending). An error says
// that the rows are in PostgreSQL.
enum grove_code project_contents(struct projecting *projecting, const int32_t *content_ids,
                                 size_t count, struct grove_load_progress *progress,
                                 struct grove_error *error);

// Nothing is under way. Where no thread can be had it is done at once. The ids are copied.
enum grove_code project_begin(struct projecting *projecting, const int32_t *content_ids,
                              size_t count, struct grove_error *error);

// Waits for what project_begin began, and answers as project_contents does; nothing: GROVE_OK.
enum grove_code project_end(struct projecting *projecting, struct grove_load_progress *progress,
                            struct grove_error *error);

#endif
