// SPDX-License-Identifier: Apache-2.0
//
// A call of a vector engine as the engines of the tests tell and count it.
#ifndef GROVE_TESTS_SUPPORT_ENGINE_CALL_H
#define GROVE_TESTS_SUPPORT_ENGINE_CALL_H

#include "vector/engine.h"

enum engine_call {
    ENGINE_ENSURE,
    ENGINE_INFO,
    ENGINE_UPSERT,
    ENGINE_REMOVE,
    ENGINE_EVICT,
    ENGINE_SEARCH,
    ENGINE_GRAPH,
    ENGINE_COUNT,
    ENGINE_STATES,
    ENGINE_SCAN,
    ENGINE_MARKS,
    ENGINE_MARK,
    ENGINE_UNMARK,
    ENGINE_READ,
    ENGINE_READ_IDS,
    ENGINE_DIGEST,
    ENGINE_STRANGERS,
    ENGINE_ERASE,
    ENGINE_CALLS, // not a call: how many kinds there are
};

// "upsert"
const char *engine_call_name(enum engine_call call);

struct engine_event {
    enum engine_call call;
    unsigned long nth;                // of its kind, from 1
    const int32_t *content_ids;       // of upsert, remove, evict and states; else NULL
    const int64_t *revisions;         // of upsert, remove and evict; else NULL
    size_t count;                     // of these; of read: how many at most
    const struct vector_query *query; // of search
    enum grove_code code;             // what it answers; before the call: GROVE_OK
};

// Called without a lock: it may wait, and it may call the engine.
typedef void engine_hook(void *state, const struct engine_event *event);

#endif
