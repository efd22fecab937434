// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the lineage share: marks, stores that are put back to what they were, handles
// that were just opened.
#ifndef GROVE_TESTS_UNIT_SYNC_HISTORIES_H
#define GROVE_TESTS_UNIT_SYNC_HISTORIES_H

#include "projecting.h"
#include "sync/lineage.h"

// The mark that the database's collection is to have.
struct vector_mark own_mark(struct test_stores *stores);
// In place of all marks that the collection has; NULL: it has none.
void put_mark(struct test_stores *stores, const struct vector_mark *mark);

// As a handle that was just opened.
void open_anew(struct test_stores *stores);
// What such a handle finds.
enum grove_code check_lineage(struct test_stores *stores, struct grove_error *error);
void check_well(struct test_stores *stores);
bool is_doubted(struct test_stores *stores);

int32_t make_projected(struct test_stores *stores, float cosine);
// Projects what is left, and tells how many points were written for it.
int32_t points_written(struct test_stores *stores);

// What a dump has, and what a restore of it leaves: rows that another transaction wrote, no trigger
// fired, and the sequence of revisions where it was.
void dump_database(struct test_stores *stores);
void restore_database(struct test_stores *stores);

// The points of the engine, as a snapshot of it has them.
struct engine_copy {
    size_t count;
    struct fake_point points[16];
};
struct engine_copy copy_engine(struct test_stores *stores);
void restore_engine(struct test_stores *stores, const struct engine_copy *copy);

#endif
