// SPDX-License-Identifier: Apache-2.0
//
// Products of whole numbers on processors that multiply 16 bits and add pairs: x has 16 bits a
// number, weights are widened a stretch at a time. (Products of bytes, with sums of pairs in 16
// bits, are no faster on half of these processors, and could overflow.)
//
// Included behind kernels_wide.h by a target that defines
//
//     PAIRS(a, b)    for vectors of 16 bits: a[0] b[0] + a[1] b[1], a[2] b[2] + ..., in 32 bits
#ifndef GROVE_EMBED_KERNELS_PAIRS_H
#define GROVE_EMBED_KERNELS_PAIRS_H

#include <stdbool.h>

#include "embed/kernels_wide.h"

#ifndef PAIRS
#define PAIRS(a, b) pairs_added(a, b)
#endif

enum { PAIRS_INPUTS = 384 }; // of a stretch: its weights are 24 KB

typedef int32_t pairs __attribute__((vector_size(4 * WIDE_LANES), aligned(4), may_alias));
typedef int16_t pairs_halves __attribute__((vector_size(4 * WIDE_LANES), aligned(1), may_alias));

// Without an instruction for it.
WIDE_INLINE pairs pairs_added(pairs a, pairs b)
{
    return ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
}

WIDE_INLINE pairs pairs_load(const int32_t *x)
{
    return *(const pairs *)(const void *)x;
}

WIDE_INLINE void pairs_store(int32_t *x, pairs value)
{
    *(pairs *)(void *)x = value;
}

// [inputs / 4][16][4] bytes to [inputs / 2][16] pairs: of each four, numbers 0 and 2, then 1 and 3.
// That takes three shifts, and x is in this order (kernels_place16).
WIDE_INLINE void pairs_widen(const int8_t *weights, size_t inputs, int32_t *to)
{
    for (size_t i = 0; i < inputs; i += 4) {
        for (size_t c = 0; c < PACK_COLUMNS; c += WIDE_LANES) {
            pairs_halves four =
                *(const pairs_halves *)(const void *)(weights + i * PACK_COLUMNS + 4 * c);
            pairs_store(to + i / 2 * PACK_COLUMNS + c, (pairs)((four << 8) >> 8));
            pairs_store(to + (i / 2 + 1) * PACK_COLUMNS + c, (pairs)(four >> 8));
        }
    }
}

// What is multiplied at a time: some inputs of all rows.
struct stretch {
    const uint16_t *x; // [rows][x_stride]
    size_t x_stride, inputs;
    const int32_t *weights; // [panels][inputs / 2][16] pairs
    size_t panel_stride;
    int32_t *sums; // [rows][KERNELS_SUMS]: added to,
    bool new_sums; // or made
};

// `rows` is a constant where this is inlined.
WIDE_INLINE void pairs_tile(const struct stretch *s, size_t row, size_t rows)
{
    const uint16_t *x = s->x + row * s->x_stride;
    const int32_t *weights = s->weights;
    int32_t *sums = s->sums + row * KERNELS_SUMS;
    size_t x_stride = s->x_stride, panel_stride = s->panel_stride, inputs = s->inputs;
    bool new_sums = s->new_sums;
    pairs tile[WIDE_ROWS][WIDE_TILE];
    WIDE_UNROLL
    for (size_t r = 0; r < rows; r++)
        WIDE_UNROLL
    for (size_t c = 0; c < WIDE_TILE; c++)
        tile[r][c] = new_sums ? (pairs){0} : pairs_load(sums + r * KERNELS_SUMS + c * WIDE_LANES);
    for (size_t i = 0; i < inputs; i += 2) {
        pairs w[WIDE_TILE];
        WIDE_UNROLL
        for (size_t c = 0; c < WIDE_TILE; c++)
            w[c] = pairs_load(weights + c / WIDE_PARTS * panel_stride + i / 2 * PACK_COLUMNS +
                              c % WIDE_PARTS * WIDE_LANES);
        WIDE_UNROLL
        for (size_t r = 0; r < rows; r++) {
            int32_t two;
            memcpy(&two, x + r * x_stride + i, sizeof two);
            pairs v = (pairs){0} + two;
            WIDE_UNROLL
            for (size_t c = 0; c < WIDE_TILE; c++)
                tile[r][c] += PAIRS(v, w[c]);
        }
    }
    WIDE_UNROLL
    for (size_t r = 0; r < rows; r++)
        WIDE_UNROLL
    for (size_t c = 0; c < WIDE_TILE; c++)
        pairs_store(sums + r * KERNELS_SUMS + c * WIDE_LANES, tile[r][c]);
}

#define PAIRS_TILE(n) pairs_tile(s, row, n)

static WIDE_TARGET void WIDE(pairs_rows)(const struct stretch *s, size_t row, size_t rows)
{
    WIDE_CASES(rows, PAIRS_TILE);
}

static WIDE_TARGET void WIDE(dot)(const void *x, size_t inputs, size_t rows, const int8_t *weights,
                                  int32_t *sums)
{
    int32_t wide[2][PAIRS_INPUTS / 2 * PACK_COLUMNS] __attribute__((aligned(64)));
    size_t tiles = (rows + WIDE_ROWS - 1) / WIDE_ROWS;
    for (size_t first = 0; first < inputs; first += PAIRS_INPUTS) {
        size_t count = inputs - first < PAIRS_INPUTS ? inputs - first : PAIRS_INPUTS;
        for (size_t panel = 0; panel < 2; panel++)
            pairs_widen(weights + (panel * inputs + first) * PACK_COLUMNS, count, wide[panel]);
        for (size_t panel = 0; panel < 2; panel += WIDE_PANELS) {
            struct stretch stretch = {
                .x = (const uint16_t *)x + first,
                .x_stride = inputs,
                .inputs = count,
                .weights = wide[panel],
                .panel_stride = sizeof wide[0] / sizeof wide[0][0],
                .sums = sums + panel * PACK_COLUMNS,
                .new_sums = first == 0,
            };
            for (size_t t = 0; t < tiles; t++)
                WIDE(pairs_rows)(&stretch, t * rows / tiles,
                                 (t + 1) * rows / tiles - t * rows / tiles);
        }
    }
}

#endif
