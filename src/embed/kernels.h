// SPDX-License-Identifier: Apache-2.0
//
// The loops of the forward pass that are not large matrix products.
//
//     const struct kernels *kernels = kernels_choose();
//     kernels->softmax(scores, rows, width);
//
// Tables live as long as the process. Widths and strides are counted in floats; widths must be
// multiples of KERNELS_WIDTH, so that no kernel has a tail. Threads: any.
#ifndef GROVE_EMBED_KERNELS_H
#define GROVE_EMBED_KERNELS_H

#include <stddef.h>

#include "embed/model.h"

enum { KERNELS_WIDTH = 16 };

struct kernels {
    const char *name;
    // y = x W^T, without the bias, for few rows: reads each weight once. Row r of y is at
    // y + r * y_stride.
    void (*linear)(const struct linear *linear, const float *x, size_t rows, float *y,
                   size_t y_stride);
    // x += bias; x is [rows][stride], of which `width` columns are touched.
    void (*add_bias)(float *x, size_t rows, size_t stride, const float *bias, size_t width);
    // x = gelu(x + bias), gelu(v) = v/2 (1 + erf(v / sqrt(2))); x is [rows][width].
    void (*gelu)(float *x, size_t rows, const float *bias, size_t width);
    // hidden = norm(hidden + added + bias); both are [rows][MODEL_HIDDEN].
    void (*add_norm)(float *hidden, size_t rows, const float *added, const float *bias,
                     const struct norm *norm);
    // Each of the rows becomes its softmax; scores is [rows][width].
    void (*softmax)(float *scores, size_t rows, size_t width);
};

// The fastest for this processor.
const struct kernels *kernels_choose(void);

// Each formula as it is written in the papers: what the tests compare the others with.
extern const struct kernels kernels_reference;

extern const struct kernels kernels_plain;
#if defined(__x86_64__)
extern const struct kernels kernels_avx2;
extern const struct kernels kernels_avx512;
#endif

#endif
