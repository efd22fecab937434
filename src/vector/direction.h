// SPDX-License-Identifier: Apache-2.0
//
// The direction of a vector: its numbers divided by its length. Cosines compare directions, and
// each engine has lengths of its own that it takes for none: so what leaves grove has length 1, and
// what grove compares by itself is made so by the same function.
//
//     double direction[VECTOR_DIMENSION];
//     if (direction_of(vector, direction) != DIRECTION_GOOD)
//         return error_set(error, GROVE_INVALID, "it cannot be compared");
#ifndef GROVE_VECTOR_DIRECTION_H
#define GROVE_VECTOR_DIRECTION_H

#include <stddef.h>

#include "base/attr.h"
#include "vector/engine.h"

enum direction_verdict {
    DIRECTION_GOOD,
    DIRECTION_NOT_FINITE, // a NaN or an infinity is among the numbers
    DIRECTION_ALL_ZERO,
};

// Any length that float32 can have, from one number of the smallest there is to 384 of the largest.
// *ret_position, unless NULL, is the first number that is not finite, counted from 0.
enum direction_verdict direction_check(const float vector[static VECTOR_DIMENSION],
                                       size_t *ret_position) GROVE_MUST_CHECK;

// Of length 1, but for rounding. Untouched where there is none.
enum direction_verdict direction_of(const float vector[static VECTOR_DIMENSION],
                                    double ret[static VECTOR_DIMENSION]) GROVE_MUST_CHECK;

// Bytes as PostgreSQL keeps a vector, float32 as this machine has them. NULL where they are of
// another length, or have no direction; *ret_reason, unless it is NULL, says so for a person then.
const float *direction_read(struct text bytes, const char **ret_reason);

#endif
