// SPDX-License-Identifier: Apache-2.0
//
// Whether the database and the vector engine keep the invariants of sql/README.md.
//
//     code = outbox_check(store, error);              // 1, 3, 4, 6, 8, 10 and 11, in one snapshot
//     if (code == GROVE_OK)
//         code = outbox_check_projection(store, error);   // 2
//
// GROVE_CORRUPT: something is broken; the detail names the first contents and the rules in words.
//
// Both read everything, so they are for tests: part of the library that the tests link, no other.
#ifndef GROVE_SYNC_OUTBOX_CHECK_H
#define GROVE_SYNC_OUTBOX_CHECK_H

#include "base/error.h"
#include "catalog/store.h"

enum grove_code outbox_check(struct store *store, struct grove_error *error);

// Contents that wait for nothing are in the engine at the revision that they have. Points of
// contents that are gone are not seen: the engine is asked by id.
enum grove_code outbox_check_projection(struct store *store, struct grove_error *error);

#endif
