// SPDX-License-Identifier: Apache-2.0
#include "vector/hits.h"

#include <stdlib.h>
#include <string.h>

// Of one id the newest comes first, and of that the best.
static int compare_ids(const void *a, const void *b)
{
    const struct vector_hit *x = a, *y = b;
    if (x->content_id != y->content_id)
        return x->content_id < y->content_id ? -1 : 1;
    if (x->revision != y->revision)
        return x->revision > y->revision ? -1 : 1;
    return (x->score < y->score) - (x->score > y->score);
}

static int compare_scores(const void *a, const void *b)
{
    const struct vector_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->content_id > y->content_id) - (x->content_id < y->content_id);
}

static size_t keep_each_once(struct vector_hit *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || items[kept - 1].content_id != items[i].content_id)
            items[kept++] = items[i];
    return kept;
}

enum grove_code hits_merge(const struct vector_hits *first, const struct vector_hits *second,
                           size_t limit, struct arena *arena, struct vector_hits *ret,
                           struct grove_error *error)
{
    size_t count = first->count + second->count;
    struct vector_hit *items = arena_alloc_array(arena, count + 1, sizeof *items);
    if (!items)
        return error_no_memory(error, "hits");
    memcpy(items, first->items, first->count * sizeof *items);
    memcpy(items + first->count, second->items, second->count * sizeof *items);
    qsort(items, count, sizeof *items, compare_ids);
    count = keep_each_once(items, count);
    qsort(items, count, sizeof *items, compare_scores);
    ret->items = items;
    ret->count = count < limit ? count : limit;
    ret->shown = ret->count;
    return GROVE_OK;
}
