// SPDX-License-Identifier: Apache-2.0
//
// Vectors of some points, kept in this process, so that they are compared without the engine.
//
//     struct kept_points *points = kept_take(&store->kept);
//     if (points)                                                   // else none are kept
//         code = kept_search(points, vector, -1, arena, &hits, error);
//     kept_give(&points);
//
// What is kept is never changed: who has taken it reads it without a lock, and others are put in
// its place. Whether the vectors are still those of the points is for the caller to know.
#ifndef GROVE_VECTOR_KEPT_H
#define GROVE_VECTOR_KEPT_H

#include <pthread.h>
#include <stdatomic.h>

#include "vector/engine.h"

// Of one slot: 24 MB.
enum { KEPT_MAX = 16384 };

struct kept_points {
    int64_t list;         // which list they are of, in the caller's numbers
    int model;            // and of which model the vectors are, in the same
    atomic_llong checked; // until when they were seen to be current, in the same
    size_t count;
    int32_t *ids; // ascending
    int64_t *revisions;
    float *directions; // VECTOR_DIMENSION each, of length 1
    int32_t *rest;     // points of the list that are not kept
    size_t rest_count;
    atomic_uint users;
};

struct kept_slot {
    pthread_mutex_t mutex; // guards the other two
    struct kept_points *points;
    int64_t wanted; // the list that was asked for last
};

void kept_slot_init(struct kept_slot *slot);
// Nobody has taken anything.
void kept_slot_release(struct kept_slot *slot);

// Whether this list was wanted before: what is used once is not worth keeping.
bool kept_is_wanted_again(struct kept_slot *slot, int64_t list);

// Room for `most` points, at most KEPT_MAX, and as many that are not kept; count and rest_count are
// 0. NULL: no memory. It is the caller's until it is put into a slot, which takes it over.
struct kept_points *kept_new(size_t most) GROVE_MUST_CHECK;
void kept_put(struct kept_slot *slot, struct kept_points *points);
struct kept_points *kept_take(struct kept_slot *slot) GROVE_MUST_CHECK;
// Sets *points to NULL. NULL is fine.
void kept_give(struct kept_points **points);
// Nothing is kept any more; whoever has taken it goes on reading.
void kept_forget(struct kept_slot *slot);

// The cosine of a point's direction with `vector`, of length 1; of zeros it is 0.
float kept_score(const struct kept_points *points, size_t at,
                 const float vector[static VECTOR_DIMENSION]);

// All whose cosine with `vector`, of length 1, is `least` or more; in no order. Into the arena.
enum grove_code kept_search(const struct kept_points *points,
                            const float vector[static VECTOR_DIMENSION], float least,
                            struct arena *arena, struct vector_hits *ret,
                            struct grove_error *error);

#endif
