// SPDX-License-Identifier: Apache-2.0
//
// Products of whole numbers on processors that multiply bytes and add four of them. Included by
// one source file for each target, which defines
//
//     FOURS(name)          the name for this target
//     FOURS_TARGET         the attribute that names the target
//     FOURS_LANES          sums of a vector: 4, 8 or 16
//     FOURS_ROWS           rows at a time; times FOURS_PANELS panels of sums
//     FOURS_PANELS
//     FOURS_SIGN           0; or 0x80 where x must have a sign: takes PACK_ZERO off
//     FOURS_DOT(s, a, b)   s + a[0] b[0] + ... + a[3] b[3] in each lane, b signed
#ifndef GROVE_EMBED_KERNELS_FOURS_H
#define GROVE_EMBED_KERNELS_FOURS_H

#include <stdbool.h>
#include <string.h>

#include "base/check.h"
#include "embed/kernels.h"

#ifndef FOURS
#define FOURS(name) name##_plain
#define FOURS_TARGET
#define FOURS_LANES 4
#define FOURS_ROWS 2
#define FOURS_PANELS 1
#define FOURS_SIGN 0
#define FOURS_DOT(s, a, b) ((s) + (a) * (b))
#endif

#if defined(__clang__)
#define FOURS_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FOURS_UNROLL _Pragma("GCC unroll 32")
#endif

#define FOURS_INLINE static inline __attribute__((always_inline, unused)) FOURS_TARGET

typedef int32_t fours __attribute__((vector_size(4 * FOURS_LANES), aligned(1), may_alias));

enum {
    FOURS_PARTS = PACK_COLUMNS / FOURS_LANES,
    FOURS_TILE = FOURS_PANELS * FOURS_PARTS,
};

// `rows` is a constant where this is inlined.
FOURS_INLINE void fours_tile(const uint8_t *x, size_t inputs, const int8_t *weights, int32_t *sums,
                             size_t rows)
{
    fours tile[FOURS_ROWS][FOURS_TILE];
    size_t panel_bytes = inputs * PACK_COLUMNS;
    FOURS_UNROLL
    for (size_t r = 0; r < rows; r++)
        FOURS_UNROLL
    for (size_t c = 0; c < FOURS_TILE; c++)
        tile[r][c] = (fours){0};
    for (size_t i = 0; i < inputs; i += 4) {
        fours w[FOURS_TILE];
        FOURS_UNROLL
        for (size_t c = 0; c < FOURS_TILE; c++)
            w[c] = *(const fours *)(const void *)(weights + c / FOURS_PARTS * panel_bytes +
                                                  i * PACK_COLUMNS +
                                                  c % FOURS_PARTS * FOURS_LANES * 4);
        FOURS_UNROLL
        for (size_t r = 0; r < rows; r++) {
            uint32_t four;
            memcpy(&four, x + r * inputs + i, sizeof four);
            fours v = (fours){0} + (int32_t)(four ^ FOURS_SIGN * 0x01010101U);
            FOURS_UNROLL
            for (size_t c = 0; c < FOURS_TILE; c++)
                tile[r][c] = FOURS_DOT(tile[r][c], v, w[c]);
        }
    }
    FOURS_UNROLL
    for (size_t r = 0; r < rows; r++)
        FOURS_UNROLL
    for (size_t c = 0; c < FOURS_TILE; c++)
        *(fours *)(void *)(sums + r * KERNELS_SUMS + c * FOURS_LANES) = tile[r][c];
}

// A constant number of rows, or of less where that many do not fit.
#define FOURS_CASE(n)                                                                              \
    case (n): fours_tile(x, inputs, weights, sums, ((n) - 1) % FOURS_ROWS + 1); break;

static FOURS_TARGET void FOURS(rows)(const uint8_t *x, size_t inputs, const int8_t *weights,
                                     int32_t *sums, size_t rows)
{
    switch (rows) {
        FOURS_CASE(1)
        FOURS_CASE(2)
        FOURS_CASE(3)
        FOURS_CASE(4)
        FOURS_CASE(5)
        FOURS_CASE(6)
        FOURS_CASE(7)
        FOURS_CASE(8)
        FOURS_CASE(9)
        FOURS_CASE(10)
        FOURS_CASE(11)
        FOURS_CASE(12)
    default: CHECK(false);
    }
}

static FOURS_TARGET void FOURS(dot)(const void *x, size_t inputs, size_t rows,
                                    const int8_t *weights, int32_t *sums)
{
    size_t tiles = (rows + FOURS_ROWS - 1) / FOURS_ROWS;
    for (size_t panel = 0; panel < 2; panel += FOURS_PANELS)
        for (size_t t = 0; t < tiles; t++) {
            size_t row = t * rows / tiles;
            FOURS(rows)(
                (const uint8_t *)x + row * inputs, inputs, weights + panel * inputs * PACK_COLUMNS,
                sums + row * KERNELS_SUMS + panel * PACK_COLUMNS, (t + 1) * rows / tiles - row);
        }
}

#endif
