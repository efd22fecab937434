// SPDX-License-Identifier: Apache-2.0
//
// The functions that fill a struct of the caller's, as programs know them that were compiled when
// these did not tell its size. Such a struct has the members that it had then, and room for no
// more. grove/grove.h has macros of these names, by which all others tell their size.
#include <stddef.h>

#include "base/attr.h"
#include "grove/grove.h"

#undef grove_get_status
#undef grove_load
#undef grove_load_sample
#undef grove_measure_recall
#undef grove_sync

// Of a struct, up to a member that was its last.
#define BYTES_THROUGH(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

enum {
    STATUS_BYTES = BYTES_THROUGH(struct grove_status, index),
    LOAD_BYTES = BYTES_THROUGH(struct grove_load_progress, seconds_vectors),
    SYNC_BYTES = BYTES_THROUGH(struct grove_sync_report, index),
    RECALL_BYTES = BYTES_THROUGH(struct grove_recall, seconds),
};

GROVE_API enum grove_code grove_get_status(struct grove *grove, struct grove_status *ret,
                                           struct grove_error *error)
{
    return grove_get_status_sized(STATUS_BYTES, grove, ret, error);
}

GROVE_API enum grove_code grove_load(struct grove *grove, const struct grove_load_request *request,
                                     struct grove_load_progress *ret, struct grove_error *error)
{
    return grove_load_sized(LOAD_BYTES, grove, request, ret, error);
}

GROVE_API enum grove_code grove_load_sample(struct grove *grove, bool placeholder_vectors,
                                            struct grove_load_progress *ret,
                                            struct grove_error *error)
{
    return grove_load_sample_sized(LOAD_BYTES, grove, placeholder_vectors, ret, error);
}

GROVE_API enum grove_code grove_sync(struct grove *grove, const struct grove_sync_request *request,
                                     struct grove_sync_report *ret, struct grove_error *error)
{
    return grove_sync_sized(SYNC_BYTES, grove, request, ret, error);
}

GROVE_API enum grove_code grove_measure_recall(struct grove *grove,
                                               const struct grove_recall_request *request,
                                               struct grove_recall *ret, struct grove_error *error)
{
    return grove_measure_recall_sized(RECALL_BYTES, grove, request, ret, error);
}
