// SPDX-License-Identifier: Apache-2.0
//
// The kernels on vectors of 16 floats, which the compiler makes of whatever registers the target
// has. Included by one source file for each target, which defines
//
//     WIDE(name)    the name for this target
//     WIDE_TARGET   the attribute that names the target
//     WIDE_ROWS     rows of a product at a time; four sums each must fit the registers
//
// Each target's file has the whole text, since a compiler may break vectors up before it inlines
// functions. Vectors are passed by address only: by value their ABI would differ by target.
//
// exp: 2^n times the Taylor series of degree 7 on [-ln2/2, ln2/2], relative error below 1e-7.
// erf: M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 7.1.26, absolute error
// below 1.5e-7.
#ifndef GROVE_EMBED_KERNELS_WIDE_H
#define GROVE_EMBED_KERNELS_WIDE_H

#include <math.h>
#include <stdint.h>

#include "base/check.h"
#include "embed/kernels.h"

#ifndef WIDE
#define WIDE(name) name##_plain
#define WIDE_TARGET
#define WIDE_ROWS 1
#endif

// The sums of a product stay in registers only when the compiler sees each of them by its name.
#if defined(__clang__)
#define WIDE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define WIDE_UNROLL _Pragma("GCC unroll 8")
#endif

#define WIDE_INLINE static inline __attribute__((always_inline)) WIDE_TARGET

// Aligned as a float, so that they may be anywhere in an array.
typedef float wide __attribute__((vector_size(4 * KERNELS_WIDTH), aligned(4), may_alias));
typedef float quarter __attribute__((vector_size(KERNELS_WIDTH), aligned(4), may_alias));
typedef uint32_t wide_bits __attribute__((vector_size(4 * KERNELS_WIDTH), aligned(4), may_alias));

WIDE_INLINE const wide *wide_at(const float *x)
{
    return (const wide *)(const void *)x;
}

WIDE_INLINE void wide_store(float *x, const wide *value)
{
    *(wide *)(void *)x = *value;
}

WIDE_INLINE float wide_sum(const wide *value)
{
    float lanes[KERNELS_WIDTH];
    wide_store(lanes, value);
    quarter *parts = (quarter *)(void *)lanes;
    quarter half = (parts[0] + parts[2]) + (parts[1] + parts[3]);
    return (half[0] + half[2]) + (half[1] + half[3]);
}

WIDE_INLINE float wide_largest(const wide *value)
{
    float lanes[KERNELS_WIDTH];
    wide_store(lanes, value);
    for (size_t half = KERNELS_WIDTH / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
    return lanes[0];
}

// *value = exp(*value), for numbers of at most 0; below -87 it is 0.
WIDE_INLINE void wide_exp(wide *value)
{
    const float round = 12582912.0f; // 1.5 * 2^23: adding it leaves n in the lowest bits
    const uint32_t round_bits = 0x4b400000U;
    wide x = *value;
    wide_bits too_low = (wide_bits)(x < -87.0f);
    wide shifted = x * 1.44269504f + round;
    wide n = shifted - round;
    wide r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    wide p = r * (1.0f / 5040) + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    wide_bits power = ((wide_bits)shifted - round_bits + 127U) << 23;
    p = p * (wide)power;
    *value = (wide)((wide_bits)p & ~too_low);
}

// WIDE_ROWS rows of x by four of the weights at a time: as many sums as there are registers for.
// Behind the last row the first one is taken again, and not stored.
WIDE_INLINE void wide_products(const struct linear *linear, const float *x, size_t rows, float *y,
                               size_t y_stride)
{
    size_t inputs = linear->inputs;
    const float *a[WIDE_ROWS];
    for (size_t r = 0; r < WIDE_ROWS; r++)
        a[r] = x + (r < rows ? r : 0) * inputs;
    for (size_t o = 0; o < linear->outputs; o += 4) {
        const float *w = linear->weight + o * inputs;
        wide sums[WIDE_ROWS][4] = {{{0}}};
        for (size_t i = 0; i < inputs; i += KERNELS_WIDTH) {
            wide w0 = *wide_at(w + i), w1 = *wide_at(w + inputs + i);
            wide w2 = *wide_at(w + 2 * inputs + i), w3 = *wide_at(w + 3 * inputs + i);
            WIDE_UNROLL
            for (size_t r = 0; r < WIDE_ROWS; r++) {
                wide v = *wide_at(a[r] + i);
                sums[r][0] += v * w0;
                sums[r][1] += v * w1;
                sums[r][2] += v * w2;
                sums[r][3] += v * w3;
            }
        }
        for (size_t r = 0; r < WIDE_ROWS && r < rows; r++)
            for (size_t i = 0; i < 4; i++)
                y[r * y_stride + o + i] = wide_sum(&sums[r][i]);
    }
}

static WIDE_TARGET void WIDE(linear)(const struct linear *linear, const float *x, size_t rows,
                                     float *y, size_t y_stride)
{
    CHECK(linear->inputs % KERNELS_WIDTH == 0 && linear->outputs % 4 == 0);
    for (size_t row = 0; row < rows; row += WIDE_ROWS)
        wide_products(linear, x + row * linear->inputs, rows - row, y + row * y_stride, y_stride);
}

static WIDE_TARGET void WIDE(add_bias)(float *x, size_t rows, size_t stride, const float *bias,
                                       size_t width)
{
    CHECK(width % KERNELS_WIDTH == 0 && width <= stride);
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < width; i += KERNELS_WIDTH) {
            wide v = *wide_at(x + row * stride + i) + *wide_at(bias + i);
            wide_store(x + row * stride + i, &v);
        }
    }
}

// With q = 1 - erf(|v| / sqrt 2), gelu(v) = max(v, 0) - |v| q / 2: nothing cancels.
static WIDE_TARGET void WIDE(gelu)(float *x, size_t rows, const float *bias, size_t width)
{
    CHECK(width % KERNELS_WIDTH == 0);
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < width; i += KERNELS_WIDTH) {
            wide v = *wide_at(x + row * width + i) + *wide_at(bias + i);
            wide_bits negative = (wide_bits)(v < 0.0f);
            wide size = (wide)((wide_bits)v & 0x7fffffffU);
            wide z = size * 0.707106781f;
            wide t = 1.0f / (z * 0.3275911f + 1.0f);
            wide q = t * 1.061405429f - 1.453152027f;
            q = q * t + 1.421413741f;
            q = q * t - 0.284496736f;
            q = q * t + 0.254829592f;
            wide e = -(z * z);
            wide_exp(&e);
            wide positive = (wide)((wide_bits)v & ~negative);
            wide result = positive - size * 0.5f * (q * t * e);
            wide_store(x + row * width + i, &result);
        }
    }
}

static WIDE_TARGET void WIDE(add_norm)(float *hidden, size_t rows, const float *added,
                                       const float *bias, const struct norm *norm)
{
    for (size_t row = 0; row < rows; row++) {
        float *x = hidden + row * MODEL_HIDDEN;
        const float *a = added + row * MODEL_HIDDEN;
        wide sum = {0}, squares = {0};
        for (size_t i = 0; i < MODEL_HIDDEN; i += KERNELS_WIDTH) {
            wide v = *wide_at(x + i) + *wide_at(a + i) + *wide_at(bias + i);
            sum += v;
            wide_store(x + i, &v);
        }
        float mean = wide_sum(&sum) * (1.0f / (float)MODEL_HIDDEN);
        for (size_t i = 0; i < MODEL_HIDDEN; i += KERNELS_WIDTH) {
            wide v = *wide_at(x + i) - mean;
            squares += v * v;
        }
        float variance = wide_sum(&squares) * (1.0f / (float)MODEL_HIDDEN);
        float scale = 1.0f / sqrtf(variance + MODEL_NORM_EPSILON);
        for (size_t i = 0; i < MODEL_HIDDEN; i += KERNELS_WIDTH) {
            wide v = (*wide_at(x + i) - mean) * scale;
            v = v * *wide_at(norm->weight + i) + *wide_at(norm->bias + i);
            wide_store(x + i, &v);
        }
    }
}

static WIDE_TARGET void WIDE(softmax)(float *scores, size_t rows, size_t width)
{
    CHECK(width > 0 && width % KERNELS_WIDTH == 0);
    for (size_t row = 0; row < rows; row++) {
        float *x = scores + row * width;
        wide largest = *wide_at(x), sum = {0};
        for (size_t i = KERNELS_WIDTH; i < width; i += KERNELS_WIDTH) {
            wide v = *wide_at(x + i);
            wide_bits above = (wide_bits)(v > largest);
            largest = (wide)(((wide_bits)v & above) | ((wide_bits)largest & ~above));
        }
        float offset = wide_largest(&largest);
        for (size_t i = 0; i < width; i += KERNELS_WIDTH) {
            wide v = *wide_at(x + i) - offset;
            wide_exp(&v);
            sum += v;
            wide_store(x + i, &v);
        }
        float scale = 1.0f / wide_sum(&sum);
        for (size_t i = 0; i < width; i += KERNELS_WIDTH) {
            wide v = *wide_at(x + i) * scale;
            wide_store(x + i, &v);
        }
    }
}

#define WIDE_TABLE(target)                                                                         \
    {                                                                                              \
        .name = (target),                                                                          \
        .linear = WIDE(linear),                                                                    \
        .add_bias = WIDE(add_bias),                                                                \
        .gelu = WIDE(gelu),                                                                        \
        .add_norm = WIDE(add_norm),                                                                \
        .softmax = WIDE(softmax),                                                                  \
    }

#endif
