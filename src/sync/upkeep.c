// SPDX-License-Identifier: Apache-2.0
//
// What a projector does once in a while after a step: no answer depends on it, but their speed.
#include <assert.h>

#include "base/check.h"
#include "base/clock.h"
#include "catalog/store.h"
#include "sync/projector_private.h"

enum {
    FOLD_MS = 60000,        // between two times that the counts of contents are folded
    VACUUM_CONTENTS = 4096, // acknowledged between two times that the outbox is vacuumed
};
static_assert(FOLD_MS > 0, "counts are not folded at every step");

// Where contents changed, rows were added to grove.content_count. Once in a while is enough: a sum
// of many rows is as right as one row, and a little slower.
static enum grove_code fold_counts(struct projector_batch *batch, struct grove_error *error)
{
    _Atomic int64_t *folded_at_us = &batch->store->counts_folded_at_us;
    int64_t last_us = atomic_load(folded_at_us), now_us = clock_monotonic_us();
    CHECK(last_us >= 0);
    CHECK(now_us > 0); // 0 says never
    if (last_us != 0 && now_us - last_us < (int64_t)FOLD_MS * 1000)
        return GROVE_OK;
    if (!atomic_compare_exchange_strong(folded_at_us, &last_us, now_us))
        return GROVE_OK; // another thread does
    struct pg_rows rows;
    return projector_run(batch, "fold_counts.sql", NULL, &rows, error);
}

// Every search reads the whole outbox, and what was deleted costs it as much as what waits, until a
// vacuum: 5 ms after a load of 20,000 contents. The server's own comes once a minute.
static enum grove_code vacuum_outbox(struct projector_batch *batch, struct grove_error *error)
{
    _Atomic size_t *removed = &batch->store->outbox_removed;
    size_t count = atomic_load(removed);
    if (count < VACUUM_CONTENTS || !atomic_compare_exchange_strong(removed, &count, 0))
        return GROVE_OK; // or another thread does
    struct pg_rows rows;
    return projector_run(batch, "vacuum_outbox.sql", NULL, &rows, error);
}

enum grove_code projector_upkeep(struct projector_batch *batch, struct grove_error *error)
{
    enum grove_code code = fold_counts(batch, error);
    return code == GROVE_OK ? vacuum_outbox(batch, error) : code;
}
