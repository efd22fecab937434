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

// All functions that are handed such vectors are inlined: how that is done does not matter.
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

// Called, not inlined, or a tile of them would take minutes to compile.
#define EMULATED static __attribute__((noinline)) void

EMULATED emulated_fma(emulated *sums, const emulated *a, const emulated *b)
{
    for (int i = 0; i < LANES; i++)
        (*sums)[i] = fmaf((*a)[i], (*b)[i], (*sums)[i]);
}

// Four products of a byte and a signed byte; the first has a sign where SIGN says so.
EMULATED emulated_dot(emulated_sums *sums, const emulated_sums *x, const emulated_sums *w)
{
    for (int i = 0; i < LANES; i++)
        for (int k = 0; k < 32; k += 8) {
            int32_t byte = (int32_t)((uint32_t)(*x)[i] >> k & 0xffU);
            int8_t weight = (int8_t)((uint32_t)(*w)[i] >> k & 0xffU);
            (*sums)[i] += (SIGN ? (int8_t)byte : byte) * weight;
        }
}

// Adds to the third what the function makes of the first two.
#define EMULATE(function, type, a, b, c)                                                           \
    ({                                                                                             \
        type emulated_a = (type)(a), emulated_b = (type)(b), emulated_c = (type)(c);               \
        function(&emulated_c, &emulated_a, &emulated_b);                                           \
        emulated_c;                                                                                \
    })

#define WIDE(name) JOIN(name, LANES)
#define WIDE_TARGET
#define WIDE_LANES LANES
#define WIDE_ROWS TILE_ROWS
#define WIDE_PANELS TILE_PANELS
#define WIDE_FMA(a, b, c) ((vec)EMULATE(emulated_fma, emulated, a, b, c))
#define WIDE_MAX(a, b) wide_larger(a, b)
#include "embed/kernels_wide.h"

#include "embed/kernels_pairs.h"

#define FOURS(name) JOIN(name##_fours, LANES)
#define FOURS_TARGET
#define FOURS_LANES LANES
#define FOURS_ROWS TILE_ROWS
#define FOURS_PANELS TILE_PANELS
#define FOURS_SIGN SIGN
#define FOURS_DOT(s, a, b) ((fours)EMULATE(emulated_dot, emulated_sums, a, b, s))
#include "embed/kernels_fours.h"

extern const struct kernels_real JOIN(real, LANES);
extern const struct kernels_whole JOIN(pairs, LANES), JOIN(fours, LANES);

const struct kernels_real JOIN(real, LANES) = WIDE_TABLE;
const struct kernels_whole JOIN(pairs, LANES) = {.dot = WIDE(dot)};
const struct kernels_whole JOIN(fours, LANES) = {
    .takes_bytes = true, .centred = SIGN != 0, .dot = FOURS(dot)};

#endif
