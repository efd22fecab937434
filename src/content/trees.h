// SPDX-License-Identifier: Apache-2.0
#ifndef GROVE_CONTENT_TREES_H
#define GROVE_CONTENT_TREES_H

#include "catalog/store.h"
#include "content/record.h"

// The trees of the database, in the arena, which is initialised here; release it unless this
// fails.
enum grove_code trees_read(struct store *store, struct call *call, struct arena *ret_arena,
                           struct record_trees *ret, struct grove_error *error);

// A write failed: where that is so since the tree is being removed, the hint says so.
void trees_explain_removal(struct grove_error *error);

#endif
