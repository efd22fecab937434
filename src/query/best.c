// SPDX-License-Identifier: Apache-2.0
#include "query/best.h"

#include <math.h>
#include <stdlib.h>

#include "base/check.h"

enum grove_code best_init(struct best *best, struct arena *arena, size_t max,
                          struct grove_error *error)
{
    CHECK(max > 0);
    *best = (struct best){.max = max};
    best->items = arena_alloc_array(arena, max + BEST_SPARE, sizeof *best->items);
    return best->items ? GROVE_OK : error_no_memory(error, "candidates");
}

void best_clear(struct best *best)
{
    CHECK(best->items);
    best->count = 0;
    best->more = false;
}

static int compare_best_first(const void *a, const void *b)
{
    const struct result_score *x = a, *y = b;
    DCHECK(!isnan(x->score));
    DCHECK(!isnan(y->score));
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->content_id > y->content_id) - (x->content_id < y->content_id);
}

void best_finish(struct best *best)
{
    qsort(best->items, best->count, sizeof *best->items, compare_best_first);
    size_t kept = 0;
    for (size_t i = 0; i < best->count; i++)
        if (kept == 0 || best->items[i].content_id != best->items[kept - 1].content_id)
            best->items[kept++] = best->items[i];
    best->more = best->more || kept > best->max;
    best->count = kept > best->max ? best->max : kept;
    CHECK(!best->more || best->count == best->max);
}

double best_floor(struct best *best)
{
    best_finish(best);
    CHECK(best->count <= best->max);
    return best->count < best->max ? -INFINITY : best->items[best->max - 1].score;
}

void best_add(struct best *best, struct result_score item)
{
    CHECK(isfinite(item.score));
    if (best->count == best->max + BEST_SPARE)
        best_finish(best);
    CHECK(best->count < best->max + BEST_SPARE);
    best->items[best->count++] = item;
}
