// SPDX-License-Identifier: Apache-2.0
#include "vector/direction.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdint.h>

#include "base/check.h"

// Squares of float32 are exact in double precision, and neither vanish nor run over, nor do their
// sums: so lengths need no scaling.
static_assert(2 * FLT_MANT_DIG <= DBL_MANT_DIG, "the square of a float is a double");
static_assert(2 * (FLT_MIN_EXP - FLT_MANT_DIG) > DBL_MIN_EXP, "the smallest square is one");
static_assert(2 * FLT_MAX_EXP + 9 < DBL_MAX_EXP, "512 of the largest squares have a sum");
static_assert(VECTOR_DIMENSION <= 512, "as many as are summed up");

enum direction_verdict direction_check(const float vector[static VECTOR_DIMENSION],
                                       size_t *ret_position)
{
    enum direction_verdict verdict = DIRECTION_ALL_ZERO;
    for (size_t i = 0; i < VECTOR_DIMENSION; i++) {
        if (!isfinite(vector[i])) {
            if (ret_position)
                *ret_position = i;
            return DIRECTION_NOT_FINITE;
        }
        if (vector[i] != 0)
            verdict = DIRECTION_GOOD;
    }
    return verdict;
}

enum direction_verdict direction_of(const float vector[static VECTOR_DIMENSION],
                                    double ret[static VECTOR_DIMENSION])
{
    enum direction_verdict verdict = direction_check(vector, NULL);
    if (verdict != DIRECTION_GOOD)
        return verdict;
    double sum = 0;
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        sum += (double)vector[i] * (double)vector[i];
    double length = sqrt(sum);
    CHECK(length > 0);
    CHECK(isfinite(length));
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        ret[i] = (double)vector[i] / length;
    return DIRECTION_GOOD;
}

const float *direction_read(struct text bytes, const char **ret_reason)
{
    // Values of a result of PostgreSQL's are aligned for any type.
    const float *vector = (const float *)(const void *)bytes.data;
    const char *unused;
    const char **reason = ret_reason ? ret_reason : &unused;
    if (!bytes.data || bytes.length != VECTOR_DIMENSION * sizeof(float)) {
        static_assert(VECTOR_DIMENSION * sizeof(float) == 1536, "as the reason says");
        *reason = "not 1536 bytes";
        return NULL;
    }
    CHECK((uintptr_t)vector % _Alignof(float) == 0);
    enum direction_verdict verdict = direction_check(vector, NULL);
    if (verdict == DIRECTION_GOOD)
        return vector;
    *reason = verdict == DIRECTION_NOT_FINITE ? "a number in it is not finite" : "all zero";
    return NULL;
}
