// SPDX-License-Identifier: Apache-2.0
#include "engine_call.h"

const char *engine_call_name(enum engine_call call)
{
    static const char *const names[ENGINE_CALLS] = {
        [ENGINE_ENSURE] = "ensure",       [ENGINE_INFO] = "info",
        [ENGINE_UPSERT] = "upsert",       [ENGINE_REMOVE] = "remove",
        [ENGINE_EVICT] = "evict",         [ENGINE_SEARCH] = "search",
        [ENGINE_GRAPH] = "graph",         [ENGINE_COUNT] = "count",
        [ENGINE_STATES] = "states",       [ENGINE_SCAN] = "scan",
        [ENGINE_MARKS] = "marks",         [ENGINE_MARK] = "mark",
        [ENGINE_UNMARK] = "unmark",       [ENGINE_READ] = "read",
        [ENGINE_READ_IDS] = "read_ids",   [ENGINE_DIGEST] = "digest",
        [ENGINE_STRANGERS] = "strangers", [ENGINE_ERASE] = "erase"};
    return names[call];
}
