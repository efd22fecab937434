// SPDX-License-Identifier: Apache-2.0
//
// Up to 1,024 records, written to PostgreSQL in one transaction and then projected.
//
//     batch_init(&batch, store, &call, "supplied");
//     verdict = record_parse(line, trees, &batch.arena, &batch.records[batch.count], &problem);
//     if (verdict == RECORD_GOOD)
//         batch.count++;
//     if (batch_full(&batch))
//         code = batch_write(&batch, progress, error);   // and empty again
//     batch_release(&batch);
#ifndef GROVE_CONTENT_BATCH_H
#define GROVE_CONTENT_BATCH_H

#include "base/arena.h"
#include "catalog/store.h"
#include "content/project.h"
#include "content/record.h"
#include "grove/grove.h"

enum { BATCH_ROWS_MAX = 1024 };

// A leaf that is to exist, whether contents lie on it or not.
struct batch_leaf {
    const struct record_tree *tree;
    struct text branch, limb, leaf;
    struct text description; // of a new one; {NULL, 0}: none
    int32_t id;              // known after writing
};

struct batch {
    struct store *store;
    struct call *call;  // what is committed is projected, whatever becomes of it
    const char *origin; // of vectors that come with records: "supplied" or "placeholder"
    struct arena arena; // of the records' texts; emptied with the batch
    size_t count;
    struct record records[BATCH_ROWS_MAX];
    size_t leaf_of[BATCH_ROWS_MAX]; // index into leaves
    size_t leaf_count;
    struct batch_leaf leaves[BATCH_ROWS_MAX];
    int32_t content_ids[BATCH_ROWS_MAX];
    struct projecting projecting;
    int64_t uncounted; // contents inserted since PostgreSQL counted them for this load
    int64_t count_at;  // so many of them, and it is looked whether they are to be counted
};

void batch_init(struct batch *batch, struct store *store, struct call *call, const char *origin);
void batch_release(struct batch *batch);

bool batch_full(const struct batch *batch);

// Adds a leaf of its own accord. At most BATCH_ROWS_MAX distinct ones.
void batch_add_leaf(struct batch *batch, const struct batch_leaf *leaf);

// One transaction; empties the batch whatever happens. The ids of its contents stay in
// batch->content_ids, so many of them. On failure nothing was written.
enum grove_code batch_commit(struct batch *batch, struct grove_load_progress *progress,
                             size_t *ret_count, struct grove_error *error);

// The same, then the projection of its contents. The
// counts and seconds are added to *progress, also of rows that are left to another projector and
// were not in the index yet (rows_pending). On failure before the commit nothing was written; an
// error afterwards says that the rows are in PostgreSQL.
enum grove_code batch_write(struct batch *batch, struct grove_load_progress *progress,
                            struct grove_error *error);

// NULL where the batch is whole, else the first rule that is broken, in words; "placed" once each
// record has its leaf, "written" once each has its id. Part of the library that the tests link, no
// other.
const char *batch_check(const struct batch *batch);
const char *batch_check_placed(const struct batch *batch);
const char *batch_check_written(const struct batch *batch);

#endif
