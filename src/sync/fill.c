// SPDX-License-Identifier: Apache-2.0
//
// What migrations left to be filled in afterwards is filled whenever nothing waits, a chunk at a
// time.
#include "base/check.h"
#include "catalog/backfill.h"
#include "sync/projector_private.h"

enum grove_code projector_fill(struct batch *batch, bool *ret_idle, struct grove_error *error)
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
