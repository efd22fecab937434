// SPDX-License-Identifier: Apache-2.0
//
// Whether the database was put back while the engine was not, and nothing in it tells so: no other
// timeline, no row that another transaction wrote (lineage.md). The engine knows: it has points of
// revisions that their contents have not come to, or lacks points that were removed since.
#ifndef GROVE_SYNC_LINEAGE_BEHIND_H
#define GROVE_SYNC_LINEAGE_BEHIND_H

#include "catalog/store.h"

// *ret: the engine is ahead of the database. Reads the points of the last revisions only, and
// counts both stores. What is projected meanwhile is not taken for it.
enum grove_code lineage_is_behind(struct store *store, struct call *call, bool *ret,
                                  struct grove_error *error);

#endif
