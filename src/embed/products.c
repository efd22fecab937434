// SPDX-License-Identifier: Apache-2.0
#include "embed/products.h"

#include <assert.h>

#include "base/check.h"

// Inputs of a stretch, in f32: so much of a pair of panels fits the first cache.
enum { STRETCH = 384 };

static_assert((int)PRODUCT_ROWS_MAX % (int)KERNELS_ROWS_MULTIPLE == 0, "rows that are not there");

void product_f32(const struct kernels *kernels, const struct packed *weights, const float *x,
                 size_t rows, float *y)
{
    size_t inputs = weights->inputs;
    CHECK(rows > 0 && rows <= PRODUCT_ROWS_MAX && inputs % STRETCH == 0);
    for (size_t first = 0; first < inputs; first += STRETCH) {
        kernels->real->product(&(struct product){
            .x = x + first,
            .x_stride = inputs,
            .rows = rows,
            .inputs = STRETCH,
            .weights = weights->weights + first * PACK_COLUMNS,
            .panel_stride = inputs * PACK_COLUMNS,
            .panels = weights->outputs / PACK_COLUMNS,
            .start = first == 0 ? weights->bias : NULL,
            .y = y,
            .y_stride = weights->outputs,
        });
    }
}

void product_int8(const struct kernels *kernels, const struct packed *weights,
                  struct product_scratch *scratch, const float *x, size_t rows, float *y)
{
    static const int32_t no_offsets[KERNELS_SUMS];
    const struct kernels_real *real = kernels->real;
    const struct kernels_whole *whole = kernels->whole;
    size_t inputs = weights->inputs, outputs = weights->outputs;
    CHECK(rows > 0 && rows <= PRODUCT_ROWS_MAX && outputs % KERNELS_SUMS == 0);
    if (whole->takes_bytes)
        real->quantize8(x, rows, inputs, weights->factors, (uint8_t *)scratch->numbers,
                        scratch->row_scales);
    else
        real->quantize16(x, rows, inputs, weights->factors, scratch->numbers, scratch->row_scales);
    if (whole->begin)
        whole->begin();
    for (size_t column = 0; column < outputs; column += KERNELS_SUMS) {
        whole->dot(scratch->numbers, inputs, rows, weights->bytes + column * inputs, scratch->sums);
        real->dequantize(
            &(struct sums){
                .sums = scratch->sums,
                .rows = rows,
                .offsets = whole->centred ? no_offsets : weights->offsets + column,
                .scales = weights->scales + column,
                .bias = weights->bias + column,
                .row_scales = scratch->row_scales,
            },
            y + column, outputs);
    }
    if (whole->end)
        whole->end();
}
