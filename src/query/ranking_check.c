// SPDX-License-Identifier: Apache-2.0
#include "query/ranking.h"

#include <math.h>

#include "base/check.h"
#include "query/cosine.h"

static const char *check_item(const struct ranking *ranking, size_t at)
{
    CHECK(at < ranking->count);
    const struct result_score *item = &ranking->items[at];
    if (!isfinite(item->score))
        return "a score is not finite";
    if (fabs(item->score) > COSINE_MAX)
        return "a score is not between -1 and 1";
    if (at > 0 && item[-1].score < item->score)
        return "a row stands behind a worse one";
    if (at > 0 && item[-1].score == item->score && item[-1].content_id > item->content_id)
        return "rows of one score are not in the order of their ids";
    for (size_t i = 0; i < at; i++)
        if (ranking->items[i].content_id == item->content_id)
            return "a row is ranked twice";
    return NULL;
}

const char *ranking_check(const struct ranking *ranking)
{
    CHECK(ranking);
    if (!ranking->conn)
        return "the snapshot is not there";
    if (ranking->best_max == 0 || ranking->best_max > GROVE_DEPTH_MAX)
        return "the most rows are none, or more than may be asked for";
    if (ranking->count > ranking->best_max)
        return "more rows are ranked than were asked for";
    // Documents may be few, and rows many.
    if (ranking->more && ranking->count < ranking->best_max && !ranking->documents)
        return "more rows match, yet fewer are ranked than were asked for";
    if (ranking->count > 0 && !ranking->items)
        return "the ranked rows are not there";
    for (size_t i = 0; i < ranking->count; i++) {
        const char *broken = check_item(ranking, i);
        if (broken)
            return broken;
    }
    return NULL;
}
