// SPDX-License-Identifier: Apache-2.0
//
// Loading rows from JSON Lines (grove_load in grove/grove.h is this with a handle).
#ifndef GROVE_CONTENT_LOAD_H
#define GROVE_CONTENT_LOAD_H

#include "catalog/store.h"
#include "grove/grove.h"

enum grove_code load_files(struct store *store, struct call *call,
                           const struct grove_load_request *request,
                           struct grove_load_progress *ret, struct grove_error *error);

enum grove_code load_sample(struct store *store, struct call *call, bool placeholder_vectors,
                            struct grove_load_progress *ret, struct grove_error *error);

// The sample of the subject "science", which must be there.
enum grove_code load_science_sample(struct store *store, struct call *call,
                                    struct grove_load_progress *ret, struct grove_error *error);

#endif
