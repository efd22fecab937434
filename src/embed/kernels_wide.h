// SPDX-License-Identifier: Apache-2.0
//
// The loops of real numbers, on the vectors of one target. Included by one source file for each
// target, which includes what it needs and defines
//
//     WIDE(name)            the name for this target
//     WIDE_TARGET           the attribute that names the target
//     WIDE_LANES            floats of a vector: 4, 8 or 16
//     WIDE_ROWS             rows of a product at a time; WIDE_ROWS times WIDE_PANELS panels of
//     WIDE_PANELS           sums must fit the registers
//     WIDE_FMA(a, b, c)     a b + c, rounded once
//     WIDE_MAX(a, b)        the larger; b where a is no number
//
// Sums over a row add in 16 lanes whatever the vectors are, lane by lane in the same order, and
// nothing is fused but by WIDE_FMA: every target makes the same bits.
//
// exp: 2^n times a polynomial of degree 6 for 2^f on [-1/2, 1/2], relative error below 2e-8 beside
// its rounding.
// erf: M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 7.1.26, absolute error
// below 1.5e-7.
#ifndef GROVE_EMBED_KERNELS_WIDE_H
#define GROVE_EMBED_KERNELS_WIDE_H

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/check.h"
#include "embed/exact.h"
#include "embed/kernels.h"

#ifndef WIDE
#define WIDE(name) name##_plain
#define WIDE_TARGET
#define WIDE_LANES 4
#define WIDE_ROWS 2
#define WIDE_PANELS 1
#define WIDE_FMA(a, b, c) ((a) * (b) + (c))
#define WIDE_MAX(a, b) wide_larger(a, b)
#endif

// Sums stay in registers only when the compiler sees each of them by its name.
#if defined(__clang__)
#define WIDE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define WIDE_UNROLL _Pragma("GCC unroll 32")
#endif

#define WIDE_INLINE static inline __attribute__((always_inline, unused)) WIDE_TARGET

// Aligned as a float, so that they may be anywhere in an array.
typedef float vec __attribute__((vector_size(4 * WIDE_LANES), aligned(4), may_alias));
typedef uint32_t vec_bits __attribute__((vector_size(4 * WIDE_LANES), aligned(4), may_alias));
typedef int32_t vec_whole __attribute__((vector_size(4 * WIDE_LANES), aligned(4), may_alias));
typedef uint8_t vec_bytes __attribute__((vector_size(WIDE_LANES), aligned(1), may_alias));
typedef uint16_t vec_halves __attribute__((vector_size(2 * WIDE_LANES), aligned(1), may_alias));
typedef float quarter __attribute__((vector_size(16), aligned(4), may_alias));

enum {
    WIDE_PARTS = KERNELS_WIDTH / WIDE_LANES, // vectors of a panel's row
    WIDE_TILE = WIDE_PANELS * WIDE_PARTS,    // vectors of a row of a tile
    WIDE_FOUR = 4 * WIDE_LANES,
    WIDE_QUANTIZED = 4 * KERNELS_WIDTH, // widths of rows to quantize are multiples
};

WIDE_INLINE vec load(const float *x)
{
    return *(const vec *)(const void *)x;
}

WIDE_INLINE void store(float *x, vec value)
{
    *(vec *)(void *)x = value;
}

WIDE_INLINE vec all(float x)
{
#if WIDE_LANES == 16
    return (vec){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
#elif WIDE_LANES == 8
    return (vec){x, x, x, x, x, x, x, x};
#else
    return (vec){x, x, x, x};
#endif
}

WIDE_INLINE vec wide_larger(vec a, vec b)
{
    vec_bits above = (vec_bits)(a > b);
    return (vec)(((vec_bits)a & above) | ((vec_bits)b & ~above));
}

WIDE_INLINE vec wide_size(vec v)
{
    return (vec)((vec_bits)v & 0x7fffffffU);
}

// Of 16 lanes, in halves: 0 with 8, 1 with 9, ..., then 0 with 4 and so on.
WIDE_INLINE float wide_sum(const vec parts[WIDE_PARTS])
{
    float lanes[KERNELS_WIDTH];
    for (size_t i = 0; i < WIDE_PARTS; i++)
        store(lanes + i * WIDE_LANES, parts[i]);
    for (size_t half = KERNELS_WIDTH / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            lanes[i] += lanes[i + half];
    return lanes[0];
}

WIDE_INLINE float wide_largest(vec v)
{
    float lanes[WIDE_LANES];
    store(lanes, v);
    for (size_t half = WIDE_LANES / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
    return lanes[0];
}

// exp(x), for numbers of at most 0; below -87 it is 0.
WIDE_INLINE vec wide_exp(vec x)
{
    const vec log2e = all(1.44269504f);
    const vec round = all(12582912.0f); // 1.5 * 2^23: adding it leaves n in the lowest bits
    vec_bits too_low = (vec_bits)(x < -87.0f);
    vec shifted = WIDE_FMA(x, log2e, round);
    vec n = shifted - round;
    vec f = WIDE_FMA(x, log2e, -n);
    vec p = WIDE_FMA(f, all(1.53457746e-4f), all(1.33999309e-3f));
    p = WIDE_FMA(p, f, all(9.61848907e-3f));
    p = WIDE_FMA(p, f, all(5.55032864e-2f));
    p = WIDE_FMA(p, f, all(0.240226462f));
    p = WIDE_FMA(p, f, all(0.693147182f));
    p = WIDE_FMA(p, f, all(1.0f));
    vec power = (vec)(((vec_bits)shifted << 23) + 0x3f800000U);
    return (vec)((vec_bits)(p * power) & ~too_low);
}

// --- products ---------------------------------------------------------------------------------

// Where in a product a tile is, and what of the weights of the next panels is asked for while it
// is made: they come from far away, and used at once they would have to be waited for.
struct place {
    size_t row, panel;
    const char *ahead;
    size_t ahead_bytes; // an input
};

// `rows` and `panels` are constants where this is inlined.
WIDE_INLINE void tile(const struct product *p, const struct place *place, size_t rows,
                      size_t panels)
{
    const float *x = p->x + place->row * p->x_stride;
    const float *weights = p->weights + place->panel * p->panel_stride;
    size_t x_stride = p->x_stride, panel_stride = p->panel_stride, inputs = p->inputs;
    float *y = p->y + place->row * p->y_stride + place->panel * PACK_COLUMNS;
    const float *start = p->start ? p->start + place->panel * PACK_COLUMNS : y;
    size_t start_stride = p->start ? 0 : p->y_stride;
    const char *ahead = place->ahead;
    size_t ahead_bytes = place->ahead_bytes, width = panels * WIDE_PARTS;
    vec sums[WIDE_ROWS][WIDE_TILE];
    WIDE_UNROLL
    for (size_t r = 0; r < rows; r++)
        WIDE_UNROLL
    for (size_t c = 0; c < width; c++)
        sums[r][c] = load(start + r * start_stride + c * WIDE_LANES);
    for (size_t i = 0; i < inputs; i++) {
        vec w[WIDE_TILE];
        WIDE_UNROLL
        for (size_t c = 0; c < width; c++)
            w[c] = load(weights + c / WIDE_PARTS * panel_stride + i * PACK_COLUMNS +
                        c % WIDE_PARTS * WIDE_LANES);
        __builtin_prefetch(ahead, 0, 2);
        ahead += ahead_bytes;
        WIDE_UNROLL
        for (size_t r = 0; r < rows; r++) {
            vec v = all(x[r * x_stride + i]);
            WIDE_UNROLL
            for (size_t c = 0; c < width; c++)
                sums[r][c] = WIDE_FMA(v, w[c], sums[r][c]);
        }
    }
    WIDE_UNROLL
    for (size_t r = 0; r < rows; r++)
        WIDE_UNROLL
    for (size_t c = 0; c < width; c++)
        store(y + r * p->y_stride + c * WIDE_LANES, sums[r][c]);
}

// CALL(n) with n = rows, a constant in each.
#define WIDE_CASE(n, CALL)                                                                         \
    case (n):                                                                                      \
        if ((n) <= WIDE_ROWS)                                                                      \
            CALL(((n) - 1) % WIDE_ROWS + 1);                                                       \
        break;

#define WIDE_CASES(rows, CALL)                                                                     \
    switch (rows) {                                                                                \
        WIDE_CASE(1, CALL)                                                                         \
        WIDE_CASE(2, CALL)                                                                         \
        WIDE_CASE(3, CALL)                                                                         \
        WIDE_CASE(4, CALL)                                                                         \
        WIDE_CASE(5, CALL)                                                                         \
        WIDE_CASE(6, CALL)                                                                         \
        WIDE_CASE(7, CALL)                                                                         \
        WIDE_CASE(8, CALL)                                                                         \
        WIDE_CASE(9, CALL)                                                                         \
        WIDE_CASE(10, CALL)                                                                        \
        WIDE_CASE(11, CALL)                                                                        \
        WIDE_CASE(12, CALL)                                                                        \
    default: CHECK(false);                                                                         \
    }

#define TILE_1(n) tile(p, place, n, 1)
#define TILE_2(n) tile(p, place, n, 2)

static WIDE_TARGET void WIDE(tile_1)(const struct product *p, const struct place *place,
                                     size_t rows)
{
    WIDE_CASES(rows, TILE_1);
}

#if WIDE_PANELS == 2
static WIDE_TARGET void WIDE(tile_2)(const struct product *p, const struct place *place,
                                     size_t rows)
{
    WIDE_CASES(rows, TILE_2);
}
#define WIDE_TILE_FULL WIDE(tile_2)
#else
#define WIDE_TILE_FULL WIDE(tile_1)
#endif

// Tiles are of like size, not full ones and a rest: small ones are slow for their size.
static WIDE_TARGET void WIDE(product)(const struct product *p)
{
    size_t panel = 0, tiles = (p->rows + WIDE_ROWS - 1) / WIDE_ROWS;
    size_t panel_bytes = p->inputs * PACK_COLUMNS * sizeof(float);
    for (; panel + WIDE_PANELS <= p->panels; panel += WIDE_PANELS) {
        const float *next = p->weights + (panel + WIDE_PANELS) * p->panel_stride;
        for (size_t t = 0; t < tiles; t++) {
            // Each tile asks for its share of the next panels, the last of them after the first.
            size_t share = t * WIDE_PANELS * panel_bytes / tiles;
            size_t row = t * p->rows / tiles;
            struct place place = {
                .row = row,
                .panel = panel,
                .ahead = (const char *)(next + share / panel_bytes * p->panel_stride) +
                         share % panel_bytes,
                .ahead_bytes = (size_t)WIDE_PANELS * PACK_COLUMNS * sizeof(float) / tiles,
            };
            WIDE_TILE_FULL(p, &place, (t + 1) * p->rows / tiles - row);
        }
    }
    for (; panel < p->panels; panel++)
        for (size_t t = 0; t < tiles; t++) {
            size_t row = t * p->rows / tiles;
            WIDE(tile_1)(p, &(struct place){row, panel, (const char *)p->weights, 0},
                         (t + 1) * p->rows / tiles - row);
        }
}

// --- rows -------------------------------------------------------------------------------------

// With q = 1 - erf(|v| / sqrt 2), gelu(v) = max(v, 0) - |v| q / 2: nothing cancels.
static WIDE_TARGET void WIDE(gelu)(float *x, size_t rows, size_t stride, size_t width)
{
    CHECK(width % KERNELS_WIDTH == 0 && width <= stride);
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < width; i += WIDE_LANES) {
            vec v = load(x + row * stride + i), one = all(1.0f);
            vec size = wide_size(v);
            vec z = size * 0.707106781f;
            vec t = 1.0f / WIDE_FMA(z, all(0.3275911f), one);
            vec q = WIDE_FMA(t, all(1.061405429f), all(-1.453152027f));
            q = WIDE_FMA(q, t, all(1.421413741f));
            q = WIDE_FMA(q, t, all(-0.284496736f));
            q = WIDE_FMA(q, t, all(0.254829592f));
            q = q * t * wide_exp(-(z * z));
            vec positive = WIDE_MAX(v, (vec){0});
            store(x + row * stride + i, WIDE_FMA(size * -0.5f, q, positive));
        }
    }
}

static WIDE_TARGET void WIDE(add_norm)(float *hidden, size_t rows, const float *added,
                                       const struct norm *norm)
{
    for (size_t row = 0; row < rows; row++) {
        float *x = hidden + row * MODEL_HIDDEN;
        const float *a = added + row * MODEL_HIDDEN;
        vec sum[WIDE_PARTS] = {{0}}, squares[WIDE_PARTS] = {{0}};
        for (size_t i = 0; i < MODEL_HIDDEN; i += KERNELS_WIDTH)
            for (size_t c = 0; c < WIDE_PARTS; c++) {
                vec v = load(x + i + c * WIDE_LANES) + load(a + i + c * WIDE_LANES);
                sum[c] += v;
                store(x + i + c * WIDE_LANES, v);
            }
        float mean = wide_sum(sum) * (1.0f / (float)MODEL_HIDDEN);
        for (size_t i = 0; i < MODEL_HIDDEN; i += KERNELS_WIDTH)
            for (size_t c = 0; c < WIDE_PARTS; c++) {
                vec v = load(x + i + c * WIDE_LANES) - mean;
                squares[c] = WIDE_FMA(v, v, squares[c]);
            }
        float variance = wide_sum(squares) * (1.0f / (float)MODEL_HIDDEN);
        float scale = 1.0f / sqrtf(variance + MODEL_NORM_EPSILON);
        for (size_t i = 0; i < MODEL_HIDDEN; i += WIDE_LANES) {
            vec v = (load(x + i) - mean) * scale;
            store(x + i, WIDE_FMA(v, load(norm->weight + i), load(norm->bias + i)));
        }
    }
}

static WIDE_TARGET void WIDE(softmax)(float *scores, size_t rows, size_t stride, size_t width,
                                      float scale, float *ret_sums)
{
    CHECK(width > 0 && width % KERNELS_WIDTH == 0 && width <= stride);
    for (size_t row = 0; row < rows; row++) {
        float *x = scores + row * stride;
        vec largest[WIDE_PARTS], sum[WIDE_PARTS] = {{0}};
        for (size_t c = 0; c < WIDE_PARTS; c++)
            largest[c] = load(x + c * WIDE_LANES);
        for (size_t i = KERNELS_WIDTH; i < width; i += KERNELS_WIDTH)
            for (size_t c = 0; c < WIDE_PARTS; c++)
                largest[c] = WIDE_MAX(load(x + i + c * WIDE_LANES), largest[c]);
        for (size_t c = 1; c < WIDE_PARTS; c++)
            largest[0] = WIDE_MAX(largest[c], largest[0]);
        float offset = wide_largest(largest[0]);
        for (size_t i = 0; i < width; i += KERNELS_WIDTH)
            for (size_t c = 0; c < WIDE_PARTS; c++) {
                vec v = wide_exp((load(x + i + c * WIDE_LANES) - offset) * scale);
                sum[c] += v;
                store(x + i + c * WIDE_LANES, v);
            }
        ret_sums[row] = wide_sum(sum);
    }
}

// --- attention --------------------------------------------------------------------------------

// Four rows of four numbers become columns.
WIDE_INLINE void transpose(const float *x, size_t stride, float *y)
{
    quarter a = *(const quarter *)(const void *)x;
    quarter b = *(const quarter *)(const void *)(x + stride);
    quarter c = *(const quarter *)(const void *)(x + 2 * stride);
    quarter d = *(const quarter *)(const void *)(x + 3 * stride);
    quarter ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    quarter cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    quarter ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    quarter cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(quarter *)(void *)y = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(quarter *)(void *)(y + PACK_COLUMNS) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    *(quarter *)(void *)(y + (size_t)2 * PACK_COLUMNS) =
        __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    *(quarter *)(void *)(y + (size_t)3 * PACK_COLUMNS) =
        __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

// Keys as panels of 16 of them, [MODEL_HEAD][16]; those behind the last are zero.
static WIDE_TARGET void WIDE(pack_keys)(const struct attention *self, float *to)
{
    for (size_t panel = 0; panel < self->length;
         panel += PACK_COLUMNS, to += (size_t)MODEL_HEAD * PACK_COLUMNS) {
        size_t rows = self->length - panel < PACK_COLUMNS ? self->length - panel : PACK_COLUMNS;
        const float *keys = self->key + panel * self->stride;
        if (rows < PACK_COLUMNS)
            memset(to, 0, sizeof(float) * MODEL_HEAD * PACK_COLUMNS);
        for (size_t k = 0; k + 4 <= rows; k += 4)
            for (size_t i = 0; i < MODEL_HEAD; i += 4)
                transpose(keys + k * self->stride + i, self->stride, to + i * PACK_COLUMNS + k);
        for (size_t k = rows / 4 * 4; k < rows; k++)
            for (size_t i = 0; i < MODEL_HEAD; i++)
                to[i * PACK_COLUMNS + k] = keys[k * self->stride + i];
    }
}

// Values as two panels, [EMBED_TOKENS_MAX][16].
static WIDE_TARGET void WIDE(pack_values)(const struct attention *self, float *to)
{
    for (size_t k = 0; k < self->length; k++)
        for (size_t i = 0; i < MODEL_HEAD; i += WIDE_LANES)
            store(to + i / PACK_COLUMNS * PACK_COLUMNS * EMBED_TOKENS_MAX + k * PACK_COLUMNS +
                      i % PACK_COLUMNS,
                  load(self->value + k * self->stride + i));
}

static WIDE_TARGET void WIDE(attend)(const struct attention *self)
{
    static const float zeros[EMBED_TOKENS_MAX];
    CHECK(self->length > 0 && self->length <= EMBED_TOKENS_MAX);
    float *keys = self->scratch, *values = keys + (size_t)EMBED_TOKENS_MAX * MODEL_HEAD;
    float *scores = values + (size_t)EMBED_TOKENS_MAX * MODEL_HEAD;
    size_t width = (self->length + KERNELS_WIDTH - 1) / KERNELS_WIDTH * KERNELS_WIDTH;
    WIDE(pack_keys)(self, keys);
    WIDE(pack_values)(self, values);
    for (size_t row = 0; row < self->length; row += KERNELS_SCORE_ROWS) {
        size_t left = self->length - row;
        size_t rows = left < KERNELS_SCORE_ROWS ? left : KERNELS_SCORE_ROWS;
        float sums[KERNELS_SCORE_ROWS];
        float *context = self->context + row * self->context_stride;
        WIDE(product)(&(struct product){.x = self->query + row * self->stride,
                                        .x_stride = self->stride,
                                        .rows = rows,
                                        .inputs = MODEL_HEAD,
                                        .weights = keys,
                                        .panel_stride = (size_t)MODEL_HEAD * PACK_COLUMNS,
                                        .panels = width / PACK_COLUMNS,
                                        .start = zeros,
                                        .y = scores,
                                        .y_stride = KERNELS_SCORES});
        for (size_t r = 0; r < rows; r++)
            for (size_t i = self->length; i < width; i++)
                scores[r * KERNELS_SCORES + i] = -1e30f;
        WIDE(softmax)(scores, rows, KERNELS_SCORES, width, 0.17677669529663689f, sums);
        WIDE(product)(&(struct product){.x = scores,
                                        .x_stride = KERNELS_SCORES,
                                        .rows = rows,
                                        .inputs = self->length,
                                        .weights = values,
                                        .panel_stride = (size_t)EMBED_TOKENS_MAX * PACK_COLUMNS,
                                        .panels = MODEL_HEAD / PACK_COLUMNS,
                                        .start = zeros,
                                        .y = context,
                                        .y_stride = self->context_stride});
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < MODEL_HEAD; i += WIDE_LANES)
                store(context + r * self->context_stride + i,
                      load(context + r * self->context_stride + i) * (1.0f / sums[r]));
    }
}

// --- whole numbers ----------------------------------------------------------------------------

#if WIDE_LANES == 16
#define WIDE_SWAP_1(v)                                                                             \
    __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)
#define WIDE_SWAP_2(v)                                                                             \
    __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
#define WIDE_SWAP_4(v)                                                                             \
    __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)
#define WIDE_SWAP_8(v)                                                                             \
    __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)
#elif WIDE_LANES == 8
#define WIDE_SWAP_1(v) __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6)
#define WIDE_SWAP_2(v) __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5)
#define WIDE_SWAP_4(v) __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3)
#else
#define WIDE_SWAP_1(v) __builtin_shufflevector(v, v, 1, 0, 3, 2)
#define WIDE_SWAP_2(v) __builtin_shufflevector(v, v, 2, 3, 0, 1)
#endif

// The order of kernels_place16.
#if WIDE_LANES == 16
#define WIDE_PLACE16(v)                                                                            \
    __builtin_shufflevector(v, v, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15)
#elif WIDE_LANES == 8
#define WIDE_PLACE16(v) __builtin_shufflevector(v, v, 0, 2, 1, 3, 4, 6, 5, 7)
#else
#define WIDE_PLACE16(v) __builtin_shufflevector(v, v, 0, 2, 1, 3)
#endif

// The lanes of which each pair's second number is: their sign is turned.
#define WIDE_MINUS 0x80000000U
static const uint32_t wide_signs[4][KERNELS_WIDTH] = {
    {0, WIDE_MINUS, 0, WIDE_MINUS, 0, WIDE_MINUS, 0, WIDE_MINUS, 0, WIDE_MINUS, 0, WIDE_MINUS, 0,
     WIDE_MINUS, 0, WIDE_MINUS},
    {0, 0, WIDE_MINUS, WIDE_MINUS, 0, 0, WIDE_MINUS, WIDE_MINUS, 0, 0, WIDE_MINUS, WIDE_MINUS, 0, 0,
     WIDE_MINUS, WIDE_MINUS},
    {0, 0, 0, 0, WIDE_MINUS, WIDE_MINUS, WIDE_MINUS, WIDE_MINUS, 0, 0, 0, 0, WIDE_MINUS, WIDE_MINUS,
     WIDE_MINUS, WIDE_MINUS},
    {0, 0, 0, 0, 0, 0, 0, 0, WIDE_MINUS, WIDE_MINUS, WIDE_MINUS, WIDE_MINUS, WIDE_MINUS, WIDE_MINUS,
     WIDE_MINUS, WIDE_MINUS},
};

WIDE_INLINE vec wide_turned(vec v, size_t stage)
{
    return (vec)((vec_bits)v ^ *(const vec_bits *)(const void *)wide_signs[stage]);
}

// The stages of the transform within one vector: pairs (a, b) become (a + b, a - b).
WIDE_INLINE vec wide_stages(vec v)
{
    v = WIDE_SWAP_1(v) + wide_turned(v, 0);
    v = WIDE_SWAP_2(v) + wide_turned(v, 1);
#if WIDE_LANES >= 8
    v = WIDE_SWAP_4(v) + wide_turned(v, 2);
#endif
#if WIDE_LANES == 16
    v = WIDE_SWAP_8(v) + wide_turned(v, 3);
#endif
    return v;
}

// Two stages at once of the vectors that lie `step` numbers apart, `step` a constant or not.
WIDE_INLINE void wide_two_stages(float *x, size_t step)
{
    vec a = load(x), b = load(x + step), c = load(x + 2 * step), d = load(x + 3 * step);
    vec e = a + b, f = a - b, g = c + d, h = c - d;
    store(x, e + g);
    store(x + step, f + h);
    store(x + 2 * step, e - g);
    store(x + 3 * step, f - h);
}

// row = H D x, in the order of stages 1, 2, 4, ... Gives the largest size; what is no number is
// larger than any.
WIDE_INLINE float wide_transform(const float *x, size_t width, const float *factors, float *row)
{
    size_t block = pack_block(width);
    for (size_t i = 0; i < width; i += WIDE_FOUR) {
        for (size_t c = 0; c < 4; c++) {
            size_t at = i + c * WIDE_LANES;
            store(row + at, wide_stages(load(x + at) * load(factors + at)));
        }
        wide_two_stages(row + i, WIDE_LANES);
    }
    size_t step = WIDE_FOUR;
    for (; 4 * step <= block; step *= 4)
        for (size_t i = 0; i < width; i += 4 * step)
            for (size_t k = 0; k < step; k += WIDE_LANES)
                wide_two_stages(row + i + k, step);
    for (; step < block; step *= 2)
        for (size_t i = 0; i < width; i += 2 * step)
            for (size_t k = 0; k < step; k += WIDE_LANES) {
                vec a = load(row + i + k), b = load(row + i + k + step);
                store(row + i + k, a + b);
                store(row + i + k + step, a - b);
            }
    // As whole numbers sizes have the same order, and what is no number is above all.
    vec_whole largest = {0};
    for (size_t i = 0; i < width; i += WIDE_LANES) {
        vec_whole size = (vec_whole)wide_size(load(row + i));
        vec_whole above = size > largest;
        largest = (size & above) | (largest & ~above);
    }
    int32_t most = 0;
    for (size_t i = 0; i < WIDE_LANES; i++)
        most = largest[i] > most ? largest[i] : most;
    float size;
    memcpy(&size, &most, sizeof size);
    return size;
}

// The rounded number is in the lowest bits; what is no number becomes any byte.
WIDE_INLINE vec_bits wide_round(vec v, float inverse)
{
    vec shifted = WIDE_FMA(v, all(inverse), all(12582912.0f + (float)PACK_ZERO));
    return (vec_bits)shifted & 0xffU;
}

static WIDE_TARGET void WIDE(quantize8)(const float *x, size_t rows, size_t width,
                                        const float *factors, uint8_t *ret_numbers,
                                        float *ret_scales)
{
    CHECK(width <= PACK_INPUTS_MAX && width % WIDE_QUANTIZED == 0);
    float row[PACK_INPUTS_MAX] __attribute__((aligned(64)));
    for (size_t r = 0; r < rows; r++, ret_numbers += width) {
        float largest = wide_transform(x + r * width, width, factors, row);
        float inverse = largest > 0 ? 127.0f / largest : 0.0f;
        ret_scales[r] = largest / 127.0f;
        for (size_t i = 0; i < width; i += WIDE_LANES)
            *(vec_bytes *)(void *)(ret_numbers + i) =
                __builtin_convertvector(wide_round(load(row + i), inverse), vec_bytes);
    }
}

static WIDE_TARGET void WIDE(quantize16)(const float *x, size_t rows, size_t width,
                                         const float *factors, uint16_t *ret_numbers,
                                         float *ret_scales)
{
    CHECK(width <= PACK_INPUTS_MAX && width % WIDE_QUANTIZED == 0);
    float row[PACK_INPUTS_MAX] __attribute__((aligned(64)));
    for (size_t r = 0; r < rows; r++, ret_numbers += width) {
        float largest = wide_transform(x + r * width, width, factors, row);
        float inverse = largest > 0 ? 127.0f / largest : 0.0f;
        ret_scales[r] = largest / 127.0f;
        for (size_t i = 0; i < width; i += WIDE_LANES) {
            vec_halves numbers =
                __builtin_convertvector(wide_round(load(row + i), inverse), vec_halves);
            *(vec_halves *)(void *)(ret_numbers + i) = WIDE_PLACE16(numbers);
        }
    }
}

static WIDE_TARGET void WIDE(dequantize)(const struct sums *self, float *y, size_t y_stride)
{
    for (size_t c = 0; c < KERNELS_SUMS; c += WIDE_LANES) {
        vec scales = load(self->scales + c), bias = load(self->bias + c);
        vec_whole offsets = *(const vec_whole *)(const void *)(self->offsets + c);
        for (size_t row = 0; row < self->rows; row++) {
            const int32_t *at = self->sums + row * KERNELS_SUMS + c;
            vec sum = __builtin_convertvector(*(const vec_whole *)(const void *)at - offsets, vec);
            store(y + row * y_stride + c, WIDE_FMA(sum, scales * self->row_scales[row], bias));
        }
    }
}

#define WIDE_TABLE                                                                                 \
    {                                                                                              \
        .product = WIDE(product),                                                                  \
        .attend = WIDE(attend),                                                                    \
        .gelu = WIDE(gelu),                                                                        \
        .add_norm = WIDE(add_norm),                                                                \
        .softmax = WIDE(softmax),                                                                  \
        .quantize8 = WIDE(quantize8),                                                              \
        .quantize16 = WIDE(quantize16),                                                            \
        .dequantize = WIDE(dequantize),                                                            \
    }

#endif
