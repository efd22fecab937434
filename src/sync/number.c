// SPDX-License-Identifier: Apache-2.0
//
// Points that were written before they had the numbers of their leaf's branch and limb get them:
// their contents go into the outbox, some at a time, whenever nothing else waits there.
#include <assert.h>

#include "base/check.h"
#include "base/inject.h"
#include "sync/projector_private.h"

enum {
    NUMBER_ROWS = 1024,       // so few that searches compare all that wait
    NUMBER_DELAY_MS = 150000, // a lease of a projector of before, and a request
};
static_assert((int)NUMBER_ROWS >= (int)PROJECTOR_BATCH_ROWS, "a batch is full");

int32_t projector_number_delay_ms(void)
{
    return (int32_t)KNOB(NUMBER_DELAY_MS, NUMBER_DELAY_MS);
}

// Whether there is something to do; what is finished once stays so.
static enum grove_code is_due(struct projector_batch *batch, bool *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    *ret = false;
    pg_add_int4(&params, projector_number_delay_ms());
    enum grove_code code = projector_run(batch, "numbered.sql", &params, &rows, error);
    if (code != GROVE_OK || rows.count == 0)
        return code;
    CHECK(rows.count == 1);
    if (pg_bool(&rows, 0, 0))
        atomic_store(&batch->store->points_numbered, true);
    *ret = pg_bool(&rows, 0, 1);
    CHECK(!*ret || !pg_bool(&rows, 0, 0));
    return GROVE_OK;
}

enum grove_code projector_number(struct projector_batch *batch, bool *ret_idle,
                                 struct grove_error *error)
{
    bool due = false;
    CHECK(batch->count == 0);
    if (atomic_load(&batch->store->points_numbered))
        return GROVE_OK;
    enum grove_code code = is_due(batch, &due, error);
    if (code != GROVE_OK || !due)
        return code;
    // The payload indexes of the numbers, which searches use when all points have them.
    code = projector_prepare(batch->store, batch->call, error);
    if (code != GROVE_OK)
        return code;
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, NUMBER_ROWS);
    code = projector_run(batch, "number_points.sql", &params, &rows, error);
    CHECK(code != GROVE_OK || pg_int8(&rows, 0, 0) <= NUMBER_ROWS);
    if (code == GROVE_OK)
        *ret_idle = false;
    return code;
}
