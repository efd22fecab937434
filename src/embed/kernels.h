// SPDX-License-Identifier: Apache-2.0
//
// The loops of the forward pass, one table for each instruction set.
//
//     code = kernels_choose(EMBED_F32, &kernels, error);
//     kernels->real->softmax(scores, rows, stride, width, scale, sums);
//
// All tables but `reference` and `plain` give the same bits: each sum adds in one order, in 16
// lanes or one, with the same fused multiply-adds, and sums of whole numbers are exact.
//
// Tables live as long as the process. Widths and strides are counted in numbers; widths are
// multiples of KERNELS_WIDTH, so that no kernel has a tail. Threads: any.
#ifndef GROVE_EMBED_KERNELS_H
#define GROVE_EMBED_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "embed/pack.h"

enum {
    KERNELS_WIDTH = 16,
    KERNELS_SUMS = 32,          // columns of whole sums at a time: two panels
    KERNELS_ROWS_MULTIPLE = 32, // rows of whole numbers and sums must be there, if not looked at
    KERNELS_SCORES = EMBED_TOKENS_MAX, // stride of scores
    KERNELS_SCORE_ROWS = 12,
    // Numbers of scratch that `attend` wants: keys, values, scores.
    KERNELS_ATTEND_SCRATCH = EMBED_TOKENS_MAX * (2 * MODEL_HEAD + KERNELS_SCORE_ROWS),
};

// y = x W + start, or y += x W: a part of a product.
struct product {
    const float *x;
    size_t x_stride, rows, inputs;
    const float *weights; // panels of 16 columns: [inputs][16]
    size_t panel_stride, panels;
    const float *start; // [16 panels], or NULL: add to y
    float *y;
    size_t y_stride;
};

// context = softmax(Q K^T scale) V, for one head of one sequence.
struct attention {
    const float *query, *key, *value; // [length][stride], MODEL_HEAD columns each
    size_t stride, length;
    float *context; // [length][context_stride]
    size_t context_stride;
    float *scratch; // [KERNELS_ATTEND_SCRATCH]
};

// What a product of whole numbers gave in KERNELS_SUMS columns, and what makes numbers of it.
struct sums {
    const int32_t *sums; // [rows][KERNELS_SUMS]
    size_t rows;
    const int32_t *offsets;                  // [KERNELS_SUMS]
    const float *scales, *bias, *row_scales; // [KERNELS_SUMS], [KERNELS_SUMS], [rows]
};

struct kernels_real {
    void (*product)(const struct product *product);
    void (*attend)(const struct attention *attention);
    // x = v/2 (1 + erf(v / sqrt(2))), v = x.
    void (*gelu)(float *x, size_t rows, size_t stride, size_t width);
    // hidden = norm(hidden + added); both are [rows][MODEL_HIDDEN].
    void (*add_norm)(float *hidden, size_t rows, const float *added, const struct norm *norm);
    // x = exp((x - largest of its row) * scale), scale > 0, and each row's sum of them.
    void (*softmax)(float *scores, size_t rows, size_t stride, size_t width, float scale,
                    float *ret_sums);
    // Each row of x times the factors, transformed, divided by its scale, rounded, plus
    // PACK_ZERO: 0..255, as bytes, or as 16 bits each in the order of kernels_place16.
    void (*quantize8)(const float *x, size_t rows, size_t width, const float *factors,
                      uint8_t *ret_numbers, float *ret_scales);
    void (*quantize16)(const float *x, size_t rows, size_t width, const float *factors,
                       uint16_t *ret_numbers, float *ret_scales);
    // y = (sums - offsets) scales row_scales + bias.
    void (*dequantize)(const struct sums *sums, float *y, size_t y_stride);
};

struct kernels_whole {
    bool takes_bytes; // else 16 bits
    bool centred;     // takes PACK_ZERO off each x first, so that no offset is left
    // Around products, in the thread that makes them; may be NULL.
    void (*begin)(void);
    void (*end)(void);
    // sums[row][c] = sum of x[row][i] w[i][c], for the two panels that begin at `weights`.
    void (*dot)(const void *x, size_t inputs, size_t rows, const int8_t *weights, int32_t *sums);
};

struct kernels {
    const char *name;
    const struct kernels_real *real;
    const struct kernels_whole *whole;
    bool fused; // gives the bits that all others of this kind give
    bool (*supported)(void);
};

// Where in a row of 16-bit numbers input i is: of each four, numbers 1 and 2 change places.
static inline size_t kernels_place16(size_t i)
{
    return (i & ~(size_t)3) | (i & 1) << 1 | (i >> 1 & 1);
}

// The fastest for this processor, or the one that the environment variable GROVE_KERNELS names:
// GROVE_INVALID, with those possible, when it is unknown or cannot run here.
enum grove_code kernels_choose(enum embed_precision precision, const struct kernels **ret_kernels,
                               struct grove_error *error);

// The fastest of those that give the same bits, whatever the environment says: the choice for
// EMBED_REDUCED, and what samples are computed with.
const struct kernels *kernels_of_equal_bits(void);

// All there are, slowest first; those of this machine are `supported`.
size_t kernels_count(void);
const struct kernels *kernels_at(size_t index);

// Each formula as it is written in the papers: what the tests compare the others with.
extern const struct kernels_real kernels_reference;
extern const struct kernels_whole kernels_reference_whole;

extern const struct kernels_real kernels_plain, kernels_exact;
#if defined(__x86_64__)
extern const struct kernels_real kernels_avx2, kernels_avx512;
extern const struct kernels_whole kernels_avx2_whole, kernels_avxvnni_whole;
extern const struct kernels_whole kernels_avx512_whole, kernels_avx512vnni_whole;
extern const struct kernels_whole kernels_amx_whole;
// Asks the kernel of the system for the tiles, once.
bool kernels_amx_supported(void);
#elif defined(__aarch64__)
extern const struct kernels_real kernels_neon;
extern const struct kernels_whole kernels_neon_whole, kernels_dotprod_whole;
#endif

#endif
