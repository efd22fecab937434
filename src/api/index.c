// SPDX-License-Identifier: Apache-2.0
#include "api/index.h"

#include <stdio.h>

struct grove_index index_of(const struct examine_report *report)
{
    static const enum grove_index_state states[] = {
        [EXAMINE_NEEDLESS] = GROVE_INDEX_NEEDLESS, [EXAMINE_CURRENT] = GROVE_INDEX_EXAMINED,
        [EXAMINE_BUSY] = GROVE_INDEX_BUILDING,     [EXAMINE_ELSEWHERE] = GROVE_INDEX_TAKEN,
        [EXAMINE_DONE] = GROVE_INDEX_EXAMINED,     [EXAMINE_DUE] = GROVE_INDEX_DUE,
    };
    struct grove_index index = {.state = states[report->outcome]};
    if (index.state != GROVE_INDEX_EXAMINED)
        return index;
    index.examined_now = report->outcome == EXAMINE_DONE;
    index.rows = report->rows;
    index.listed = report->listed;
    index.ef = report->ef;
    index.ef_filtered = report->ef_filtered;
    index.queries = report->queries;
    index.recall = report->recall;
    index.recall_worst = report->recall_worst;
    index.seconds = report->seconds;
    index.age_seconds = report->age_seconds;
    snprintf(index.reason, sizeof index.reason, "%s", report->reason);
    return index;
}

struct grove_index index_unknown(const struct grove_error *error)
{
    struct grove_index index = {.state = GROVE_INDEX_UNKNOWN};
    snprintf(index.reason, sizeof index.reason, "%s", error->message);
    return index;
}
