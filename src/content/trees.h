// SPDX-License-Identifier: Apache-2.0
#ifndef GROVE_CONTENT_TREES_H
#define GROVE_CONTENT_TREES_H

#include "catalog/store.h"
#include "content/record.h"

// The trees of the database, in the arena, which is initialised here; release it unless this
// fails.
enum grove_code trees_read(struct store *store, struct call *call, struct arena *ret_arena,
                           struct record_trees *ret, struct grove_error *error);

// The same in a transaction that goes on, in an arena of its own.
enum grove_code trees_read_on(struct pg_conn *conn, struct arena *arena, struct record_trees *ret,
                              struct grove_error *error);

// A write to some of these trees failed, and its connection was given back. Where that is so since
// one of them is being removed, or is gone, the error says so in our own words: true.
bool trees_explain_removal(struct store *store, struct call *call, const struct record_trees *trees,
                           struct grove_error *error);

#endif
