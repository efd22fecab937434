// SPDX-License-Identifier: Apache-2.0
#include "embed/kernels.h"

#include <float.h>
#include <math.h>

#include "base/check.h"

static void reference_product(const struct product *p)
{
    for (size_t row = 0; row < p->rows; row++) {
        for (size_t o = 0; o < p->panels * PACK_COLUMNS; o++) {
            const float *weights =
                p->weights + o / PACK_COLUMNS * p->panel_stride + o % PACK_COLUMNS;
            float *y = p->y + row * p->y_stride + o;
            double sum = (double)(p->start ? p->start[o] : *y);
            for (size_t i = 0; i < p->inputs; i++)
                sum += (double)p->x[row * p->x_stride + i] * (double)weights[i * PACK_COLUMNS];
            *y = (float)sum;
        }
    }
}

static void reference_gelu(float *x, size_t rows, size_t stride, size_t width)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < width; i++) {
            double v = (double)x[row * stride + i];
            x[row * stride + i] = (float)(v / 2 * (1 + erf(v * M_SQRT1_2)));
        }
    }
}

static void reference_add_norm(float *hidden, size_t rows, const float *added,
                               const struct norm *norm)
{
    for (size_t row = 0; row < rows; row++) {
        float *x = hidden + row * MODEL_HIDDEN;
        double mean = 0, variance = 0;
        for (size_t i = 0; i < MODEL_HIDDEN; i++) {
            x[i] += added[row * MODEL_HIDDEN + i];
            mean += (double)x[i] / (double)MODEL_HIDDEN;
        }
        for (size_t i = 0; i < MODEL_HIDDEN; i++)
            variance += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)MODEL_HIDDEN;
        double scale = 1 / sqrt(variance + (double)MODEL_NORM_EPSILON);
        for (size_t i = 0; i < MODEL_HIDDEN; i++)
            x[i] = (float)(((double)x[i] - mean) * scale) * norm->weight[i] + norm->bias[i];
    }
}

static void reference_softmax(float *scores, size_t rows, size_t stride, size_t width, float scale,
                              float *ret_sums)
{
    for (size_t row = 0; row < rows; row++) {
        float *x = scores + row * stride;
        float largest = x[0];
        for (size_t i = 1; i < width; i++)
            largest = fmaxf(largest, x[i]);
        double sum = 0;
        for (size_t i = 0; i < width; i++) {
            double e = exp(((double)x[i] - (double)largest) * (double)scale);
            x[i] = (float)e;
            sum += e;
        }
        ret_sums[row] = (float)sum;
    }
}

static void reference_attend(const struct attention *self)
{
    double weights[EMBED_TOKENS_MAX];
    for (size_t row = 0; row < self->length; row++) {
        double largest = -INFINITY, sum = 0;
        for (size_t k = 0; k < self->length; k++) {
            weights[k] = 0;
            for (size_t i = 0; i < MODEL_HEAD; i++)
                weights[k] += (double)self->query[row * self->stride + i] *
                              (double)self->key[k * self->stride + i] / sqrt(MODEL_HEAD);
            largest = fmax(largest, weights[k]);
        }
        for (size_t k = 0; k < self->length; k++) {
            weights[k] = exp(weights[k] - largest);
            sum += weights[k];
        }
        for (size_t i = 0; i < MODEL_HEAD; i++) {
            double gathered = 0;
            for (size_t k = 0; k < self->length; k++)
                gathered += weights[k] / sum * (double)self->value[k * self->stride + i];
            self->context[row * self->context_stride + i] = (float)gathered;
        }
    }
}

// One row, transformed by the definition: number i of a block is the sum of its numbers j with the
// sign (-1)^(bits that i and j share).
static float quantize_row(const float *x, size_t width, const float *factors, uint16_t *ret_numbers)
{
    double transformed[PACK_INPUTS_MAX], largest = 0;
    size_t block = pack_block(width);
    for (size_t i = 0; i < width; i++) {
        transformed[i] = 0;
        for (size_t j = 0; j < block; j++) {
            size_t from = i / block * block + j;
            double v = (double)x[from] * (double)factors[from];
            transformed[i] += __builtin_parityll(i % block & j) ? -v : v;
        }
        if (!isnan(largest) && !(fabs(transformed[i]) <= largest))
            largest = fabs(transformed[i]);
    }
    for (size_t i = 0; i < width; i++) {
        double number =
            largest > 0 && largest <= DBL_MAX ? rint(transformed[i] / largest * 127) : 0;
        ret_numbers[i] = (uint16_t)(number + (double)PACK_ZERO);
    }
    return (float)(largest / 127);
}

static void reference_quantize16(const float *x, size_t rows, size_t width, const float *factors,
                                 uint16_t *ret_numbers, float *ret_scales)
{
    for (size_t row = 0; row < rows; row++) {
        uint16_t numbers[PACK_INPUTS_MAX];
        ret_scales[row] = quantize_row(x + row * width, width, factors, numbers);
        for (size_t i = 0; i < width; i++)
            ret_numbers[row * width + kernels_place16(i)] = numbers[i];
    }
}

static void reference_quantize8(const float *x, size_t rows, size_t width, const float *factors,
                                uint8_t *ret_numbers, float *ret_scales)
{
    uint16_t numbers[PACK_INPUTS_MAX];
    for (size_t row = 0; row < rows; row++) {
        ret_scales[row] = quantize_row(x + row * width, width, factors, numbers);
        for (size_t i = 0; i < width; i++)
            ret_numbers[row * width + i] = (uint8_t)numbers[i];
    }
}

static void reference_dequantize(const struct sums *self, float *y, size_t y_stride)
{
    for (size_t row = 0; row < self->rows; row++) {
        for (size_t c = 0; c < KERNELS_SUMS; c++) {
            double sum = (double)(self->sums[row * KERNELS_SUMS + c] - self->offsets[c]);
            sum *= (double)self->scales[c] * (double)self->row_scales[row];
            y[row * y_stride + c] = (float)(sum + (double)self->bias[c]);
        }
    }
}

static void reference_dot(const void *x, size_t inputs, size_t rows, const int8_t *weights,
                          int32_t *sums)
{
    const uint16_t *numbers = x;
    for (size_t row = 0; row < rows; row++) {
        for (size_t c = 0; c < KERNELS_SUMS; c++) {
            const int8_t *column =
                weights + c / PACK_COLUMNS * PACK_COLUMNS * inputs + c % PACK_COLUMNS * 4;
            int32_t sum = 0;
            for (size_t i = 0; i < inputs; i++)
                sum += numbers[row * inputs + kernels_place16(i)] *
                       column[i / 4 * PACK_COLUMNS * 4 + i % 4];
            sums[row * KERNELS_SUMS + c] = sum;
        }
    }
}

const struct kernels_real kernels_reference = {
    .product = reference_product,
    .attend = reference_attend,
    .gelu = reference_gelu,
    .add_norm = reference_add_norm,
    .softmax = reference_softmax,
    .quantize8 = reference_quantize8,
    .quantize16 = reference_quantize16,
    .dequantize = reference_dequantize,
};

const struct kernels_whole kernels_reference_whole = {.dot = reference_dot};
