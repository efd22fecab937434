// SPDX-License-Identifier: Apache-2.0
//
// Hits of two searches for the same vector as those of one.
#ifndef GROVE_VECTOR_HITS_H
#define GROVE_VECTOR_HITS_H

#include "vector/engine.h"

// Sets all of `ret`, which may be one of the two, but for `found` and the graph: best first, equal
// scores by ascending id, each id once, at most `limit`. Of a point that changed between the two
// searches the newer revision counts.
enum grove_code hits_merge(const struct vector_hits *first, const struct vector_hits *second,
                           size_t limit, struct arena *arena, struct vector_hits *ret,
                           struct grove_error *error);

#endif
