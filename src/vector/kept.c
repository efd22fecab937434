// SPDX-License-Identifier: Apache-2.0
#include "vector/kept.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/check.h"

enum { LANES = 16 };
static_assert(VECTOR_DIMENSION % LANES == 0, "no number is left over");
static_assert((int)VECTOR_ALSO_MAX <= (int)KEPT_MAX, "a list of points can be kept");

void kept_slot_init(struct kept_slot *slot)
{
    *slot = (struct kept_slot){.wanted = INT64_MIN};
    pthread_mutex_init(&slot->mutex, NULL);
}

void kept_slot_release(struct kept_slot *slot)
{
    CHECK(!slot->points || atomic_load(&slot->points->users) == 1);
    kept_give(&slot->points);
    pthread_mutex_destroy(&slot->mutex);
}

bool kept_is_wanted_again(struct kept_slot *slot, int64_t list)
{
    pthread_mutex_lock(&slot->mutex);
    bool again = slot->wanted == list;
    slot->wanted = list;
    pthread_mutex_unlock(&slot->mutex);
    return again;
}

static void free_points(struct kept_points *points)
{
    mem_free(points->ids);
    mem_free(points->revisions);
    mem_free(points->directions);
    mem_free(points->rest);
    mem_free(points);
}

struct kept_points *kept_new(size_t most)
{
    struct kept_points *points = mem_zalloc(sizeof *points);
    CHECK(most <= KEPT_MAX);
    if (!points)
        return NULL;
    points->ids = mem_alloc_array(most + 1, sizeof *points->ids);
    points->revisions = mem_alloc_array(most + 1, sizeof *points->revisions);
    points->directions = mem_alloc_array((most + 1) * VECTOR_DIMENSION, sizeof *points->directions);
    points->rest = mem_alloc_array(most + 1, sizeof *points->rest);
    atomic_init(&points->users, 1);
    if (points->ids && points->revisions && points->directions && points->rest)
        return points;
    free_points(points);
    return NULL;
}

void kept_put(struct kept_slot *slot, struct kept_points *points)
{
    CHECK(atomic_load(&points->users) > 0);
    pthread_mutex_lock(&slot->mutex);
    struct kept_points *before = slot->points;
    slot->points = points;
    pthread_mutex_unlock(&slot->mutex);
    kept_give(&before);
}

void kept_forget(struct kept_slot *slot)
{
    pthread_mutex_lock(&slot->mutex);
    struct kept_points *before = slot->points;
    slot->points = NULL;
    pthread_mutex_unlock(&slot->mutex);
    kept_give(&before);
}

struct kept_points *kept_take(struct kept_slot *slot)
{
    pthread_mutex_lock(&slot->mutex);
    struct kept_points *points = slot->points;
    if (points)
        atomic_fetch_add(&points->users, 1);
    pthread_mutex_unlock(&slot->mutex);
    return points;
}

void kept_give(struct kept_points **points)
{
    struct kept_points *given = *points;
    *points = NULL;
    if (!given)
        return;
    unsigned before = atomic_fetch_sub(&given->users, 1);
    CHECK(before > 0);
    if (before == 1)
        free_points(given);
}

// Sums side by side, so that the compiler may compute several at a time.
static float cosine(const float *a, const float *b)
{
    float sums[LANES] = {0}, sum = 0;
    for (size_t i = 0; i < VECTOR_DIMENSION; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            sums[lane] += a[i + lane] * b[i + lane];
    for (size_t lane = 0; lane < LANES; lane++)
        sum += sums[lane];
    return sum;
}

float kept_score(const struct kept_points *points, size_t at,
                 const float vector[static VECTOR_DIMENSION])
{
    CHECK(at < points->count);
    return cosine(points->directions + at * VECTOR_DIMENSION, vector);
}

enum grove_code kept_search(const struct kept_points *points,
                            const float vector[static VECTOR_DIMENSION], float least,
                            struct arena *arena, struct vector_hits *ret, struct grove_error *error)
{
    *ret = (struct vector_hits){
        .items = arena_alloc_array(arena, points->count + 1, sizeof *ret->items)};
    if (!ret->items)
        return error_no_memory(error, "hits");
    for (size_t i = 0; i < points->count; i++) {
        float score = kept_score(points, i, vector);
        if (score >= least)
            ret->items[ret->count++] = (struct vector_hit){
                .content_id = points->ids[i], .score = score, .revision = points->revisions[i]};
    }
    ret->shown = ret->found = ret->count;
    return GROVE_OK;
}
