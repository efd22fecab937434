// SPDX-License-Identifier: Apache-2.0
#include "api/handle.h"
#include "catalog/model_change.h"

static enum grove_code set_precision(struct grove *grove, enum grove_precision precision, bool now,
                                     int64_t *ret_queued, struct grove_error *error)
{
    enum embed_precision wanted;
    struct model_wish wish = {.queued = 0};
    if (!handle_precision_of(precision, &wanted))
        return error_set(error, GROVE_INVALID, "there is no precision %d", (int)precision);
    struct call call;
    enum grove_code code = handle_enter(grove, HANDLE_TASK, NULL, &call, error);
    if (code == GROVE_OK)
        code = now ? store_set_precision(&grove->store, &call, wanted, &wish.queued, error)
                   : model_change_wish(&grove->store, &call, wanted, &wish, error);
    if (code == GROVE_OK && ret_queued)
        *ret_queued = wish.queued;
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_set_precision(struct grove *grove, enum grove_precision precision,
                                              int64_t *ret_queued, struct grove_error *error)
{
    return set_precision(grove, precision, false, ret_queued, error);
}

GROVE_API enum grove_code grove_set_precision_now(struct grove *grove,
                                                  enum grove_precision precision,
                                                  int64_t *ret_queued, struct grove_error *error)
{
    return set_precision(grove, precision, true, ret_queued, error);
}

GROVE_API enum grove_code grove_drop_old_vectors(struct grove *grove, int64_t *ret_dropped,
                                                 struct grove_error *error)
{
    int64_t dropped = 0;
    struct call call;
    enum grove_code code = handle_enter(grove, HANDLE_TASK, NULL, &call, error);
    if (code == GROVE_OK)
        code = model_change_drop_vectors(&grove->store, &call, &dropped, error);
    if (ret_dropped && code == GROVE_OK)
        *ret_dropped = dropped;
    return handle_failed(grove, &call, code, error);
}
