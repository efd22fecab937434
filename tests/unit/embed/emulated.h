// SPDX-License-Identifier: Apache-2.0
//
// Kernels for processors that this one is not: their loops at their widths, their instructions
// written out. What it cannot show is that the real instruction is the right one.
//
// Included by one source file for each width, which defines LANES, TILE_ROWS, TILE_PANELS and SIGN
// as the target's file in src/embed does.
#ifndef GROVE_TESTS_UNIT_EMBED_EMULATED_H
#define GROVE_TESTS_UNIT_EMBED_EMULATED_H

#include <math.h>

#include "embed/kernels.h"

// All functions with such vectors are inlined: how they would be handed over does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

#ifndef LANES
#define LANES 4
#define TILE_ROWS 1
#define TILE_PANELS 1
#define SIGN 0U
#endif

#define JOINED(a, b) a##_emulated_##b
#define JOIN(a, b) JOINED(a, b)

typedef float emulated __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t emulated_sums __attribute__((vector_size(4 * LANES), aligned(1), may_alias));

#define EMULATED static inline __attribute__((always_inline))

EMULATED emulated emulated_fma(emulated a, emulated b, emulated c)
{
    emulated y = c;
    for (int i = 0; i < LANES; i++)
        y[i] = fmaf(a[i], b[i], c[i]);
    return y;
}

// Four products of a byte and a signed byte; the first has a sign where SIGN says so.
EMULATED emulated_sums emulated_dot(emulated_sums sums, emulated_sums x, emulated_sums w)
{
    for (int i = 0; i < LANES; i++)
        for (int k = 0; k < 32; k += 8) {
            int32_t byte = (int32_t)((uint32_t)x[i] >> k & 0xffU);
            sums[i] += (SIGN ? (int8_t)byte : byte) * (int8_t)((uint32_t)w[i] >> k & 0xffU);
        }
    return sums;
}

#define WIDE(name) JOIN(name, LANES)
#define WIDE_TARGET
#define WIDE_LANES LANES
#define WIDE_ROWS TILE_ROWS
#define WIDE_PANELS TILE_PANELS
#define WIDE_FMA(a, b, c) ((vec)emulated_fma((emulated)(a), (emulated)(b), (emulated)(c)))
#define WIDE_MAX(a, b) wide_larger(a, b)
#include "embed/kernels_wide.h"

#include "embed/kernels_pairs.h"

#define FOURS(name) JOIN(name##_fours, LANES)
#define FOURS_TARGET
#define FOURS_LANES LANES
#define FOURS_ROWS TILE_ROWS
#define FOURS_PANELS TILE_PANELS
#define FOURS_SIGN SIGN
#define FOURS_DOT(s, a, b) emulated_dot(s, a, b)
#include "embed/kernels_fours.h"

extern const struct kernels_real JOIN(real, LANES);
extern const struct kernels_whole JOIN(pairs, LANES), JOIN(fours, LANES);

const struct kernels_real JOIN(real, LANES) = WIDE_TABLE;
const struct kernels_whole JOIN(pairs, LANES) = {.dot = WIDE(dot)};
const struct kernels_whole JOIN(fours, LANES) = {
    .takes_bytes = true, .centred = SIGN != 0, .dot = FOURS(dot)};

#endif
