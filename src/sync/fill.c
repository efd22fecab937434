// SPDX-License-Identifier: Apache-2.0
//
// What migrations left to be filled in afterwards is filled whenever nothing waits, a chunk at a
// time. And what is to become contents, rows of attached tables, becomes so before a batch is
// leased.
#include "base/check.h"
#include "catalog/backfill.h"
#include "sync/projector_private.h"

enum grove_code projector_fill(struct projector_batch *batch, bool *ret_idle,
                               struct grove_error *error)
{
    struct store *store = batch->store;
    int version = atomic_load(&store->schema_version);
    struct pg_conn *conn = NULL;
    bool filled = false, left = false;
    CHECK(batch->count == 0);
    if (atomic_load(&store->schema_filled) == version)
        return GROVE_OK;
    enum grove_code code = pg_take(store->pool, batch->call, &conn, error);
    if (code == GROVE_OK)
        code = backfill_chunk(conn, &filled, &left, error);
    pg_give(&conn);
    if (code != GROVE_OK)
        return code;
    if (filled)
        *ret_idle = false;
    else if (!left)
        atomic_store(&store->schema_filled, version); // no other migration comes to this version
    return GROVE_OK;
}

void projector_take_in(struct store *store, struct call *call, bool *ret_took,
                       struct grove_error *ret_failure)
{
    bool idle = true;
    CHECK(ret_failure->code == GROVE_OK);
    if (store->take_in && store->take_in(store, call, &idle, ret_failure) == GROVE_OK)
        ret_failure->code = GROVE_OK;
    *ret_took = !idle;
}

enum grove_code projector_end_step(enum grove_code code, bool took,
                                   const struct grove_error *failure, bool *ret_idle,
                                   struct grove_error *error)
{
    if (code != GROVE_OK)
        return code;
    CHECK(!took || failure->code == GROVE_OK);
    if (*ret_idle && failure->code != GROVE_OK) {
        *error = *failure;
        return failure->code;
    }
    *ret_idle = *ret_idle && !took;
    return GROVE_OK;
}
