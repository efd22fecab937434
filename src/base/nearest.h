// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean": names by their likeness to a mistyped one.
#ifndef GROVE_BASE_NEAREST_H
#define GROVE_BASE_NEAREST_H

#include "base/text.h"

// Edits (insertions, deletions, changes, swaps of neighbours) that make one text of the other,
// ASCII letters alike in both cases; counted in bytes of at most the first 64 of each.
// (Optimal string alignment; F. J. Damerau 1964, V. I. Levenshtein 1966.)
unsigned nearest_distance(struct text a, struct text b);

// Whether the one may well be meant by the other: a difference in each three bytes at most, or one.
bool nearest_is_alike(struct text a, struct text b);

// Sorts names by distance to `wanted`, then by their bytes.
void nearest_sort(struct text wanted, struct text *names, size_t count);

#endif
