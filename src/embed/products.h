// SPDX-License-Identifier: Apache-2.0
//
// Whole products of the model, cut into what the kernels take.
//
//     product_f32(kernels, &layer->output, x, rows, y, team);
//     product_int8(kernels, &layer->output, scratch, x, rows, y, team);
//
// x is [rows][inputs], y [rows][outputs]; y = x W^T + bias. Threads: any, with scratches of their
// own.
#ifndef GROVE_EMBED_PRODUCTS_H
#define GROVE_EMBED_PRODUCTS_H

#include "base/team.h"
#include "embed/kernels.h"

// Rows of a block: what is made of them stays in the second cache until it is used.
enum { PRODUCT_ROWS_MAX = 192 };

struct product_scratch {
    // Bytes or 16 bits each; behind the last row of a product anything may lie.
    uint16_t numbers[PRODUCT_ROWS_MAX * PACK_INPUTS_MAX];
    float row_scales[PRODUCT_ROWS_MAX];
};

// `team`: whose helpers take some of the columns; NULL: nobody's. The bits are the same.
void product_f32(const struct kernels *kernels, const struct packed *weights, const float *x,
                 size_t rows, float *y, struct team *team);
void product_int8(const struct kernels *kernels, const struct packed *weights,
                  struct product_scratch *scratch, const float *x, size_t rows, float *y,
                  struct team *team);

#endif
