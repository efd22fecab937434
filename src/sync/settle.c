// SPDX-License-Identifier: Apache-2.0
//
// What comes before a projector writes: whose the collection is, and whether there is doubt
// (lineage.md).
#include "base/check.h"
#include "sync/lineage.h"
#include "sync/projector_private.h"

enum grove_code projector_check_collection(struct projector_batch *batch, struct grove_error *error)
{
    CHECK(batch->count > 0); // of what is leased
    enum grove_code code = lineage_check(batch->store, batch->call, error);
    store_projected(batch->store, batch->history);
    return code != GROVE_OK && vector_lacks_collection(error) ? GROVE_OK : code;
}

enum grove_code projector_settle(struct store *store, struct call *call,
                                 struct projector_report *report, bool *ret_settled,
                                 struct grove_error *error)
{
    char doubt[STORE_DOUBT_SIZE];
    enum grove_code code = store_refresh_model(store, call, error);
    *ret_settled = code == GROVE_OK && !store_is_doubted(store, doubt);
    if (code != GROVE_OK || *ret_settled)
        return code;
    CHECK(doubt[0]);
    code = projector_prepare(store, call, error);
    return code == GROVE_OK ? lineage_settle(store, call, &report->comparison, ret_settled, error)
                            : code;
}
