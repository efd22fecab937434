// SPDX-License-Identifier: Apache-2.0
#include "embed/products.h"

#include <assert.h>

#include "base/check.h"

enum {
    STRETCH = 384,     // inputs, in f32: so much of a pair of panels fits the first cache
    SHARE_COLUMNS = 96 // of a product, that a helper takes at a time
};

static_assert((int)PRODUCT_ROWS_MAX % (int)KERNELS_ROWS_MULTIPLE == 0, "rows that are not there");
static_assert((int)MODEL_HIDDEN % (int)SHARE_COLUMNS == 0 &&
                  (int)SHARE_COLUMNS % (int)KERNELS_SUMS == 0 &&
                  (int)SHARE_COLUMNS % (int)PACK_COLUMNS == 0,
              "shares are whole");

// A product on its way. Columns are made apart from each other.
struct making {
    const struct kernels *kernels;
    const struct packed *weights;
    const struct product_scratch *scratch; // int8: x as whole numbers
    const float *x;
    size_t rows;
    float *y;
};

static void make_f32(const struct making *self, size_t column, size_t columns)
{
    const struct packed *weights = self->weights;
    size_t inputs = weights->inputs;
    for (size_t first = 0; first < inputs; first += STRETCH) {
        self->kernels->real->product(&(struct product){
            .x = self->x + first,
            .x_stride = inputs,
            .rows = self->rows,
            .inputs = STRETCH,
            .weights = weights->weights + column * inputs + first * PACK_COLUMNS,
            .panel_stride = inputs * PACK_COLUMNS,
            .panels = columns / PACK_COLUMNS,
            .start = first == 0 ? weights->bias + column : NULL,
            .y = self->y + column,
            .y_stride = weights->outputs,
        });
    }
}

static void make_int8(const struct making *self, size_t column, size_t columns)
{
    static const int32_t no_offsets[KERNELS_SUMS];
    const struct packed *weights = self->weights;
    const struct kernels_whole *whole = self->kernels->whole;
    int32_t sums[PRODUCT_ROWS_MAX * KERNELS_SUMS] __attribute__((aligned(64)));
    if (whole->begin)
        whole->begin();
    for (size_t end = column + columns; column < end; column += KERNELS_SUMS) {
        whole->dot(self->scratch->numbers, weights->inputs, self->rows,
                   weights->bytes + column * weights->inputs, sums);
        self->kernels->real->dequantize(
            &(struct sums){
                .sums = sums,
                .rows = self->rows,
                .offsets = whole->centred ? no_offsets : weights->offsets + column,
                .scales = weights->scales + column,
                .bias = weights->bias + column,
                .row_scales = self->scratch->row_scales,
            },
            self->y + column, weights->outputs);
    }
    if (whole->end)
        whole->end();
}

static void share_f32(void *state, size_t index)
{
    make_f32(state, index * SHARE_COLUMNS, SHARE_COLUMNS);
}

static void share_int8(void *state, size_t index)
{
    make_int8(state, index * SHARE_COLUMNS, SHARE_COLUMNS);
}

void product_f32(const struct kernels *kernels, const struct packed *weights, const float *x,
                 size_t rows, float *y, struct team *team)
{
    CHECK(rows > 0 && rows <= PRODUCT_ROWS_MAX && weights->inputs % STRETCH == 0);
    struct making making = {kernels, weights, NULL, x, rows, y};
    if (team)
        team_run(team, weights->outputs / SHARE_COLUMNS, share_f32, &making);
    else
        make_f32(&making, 0, weights->outputs);
}

void product_int8(const struct kernels *kernels, const struct packed *weights,
                  struct product_scratch *scratch, const float *x, size_t rows, float *y,
                  struct team *team)
{
    size_t inputs = weights->inputs;
    CHECK(rows > 0 && rows <= PRODUCT_ROWS_MAX && weights->outputs % KERNELS_SUMS == 0);
    if (kernels->whole->takes_bytes)
        kernels->real->quantize8(x, rows, inputs, weights->factors, (uint8_t *)scratch->numbers,
                                 scratch->row_scales);
    else
        kernels->real->quantize16(x, rows, inputs, weights->factors, scratch->numbers,
                                  scratch->row_scales);
    struct making making = {kernels, weights, scratch, x, rows, y};
    if (team)
        team_run(team, weights->outputs / SHARE_COLUMNS, share_int8, &making);
    else
        make_int8(&making, 0, weights->outputs);
}
