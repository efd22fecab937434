// SPDX-License-Identifier: Apache-2.0
#include "embed/kernels.h"

#include <math.h>

#include "base/check.h"

static void reference_linear(const struct linear *linear, const float *x, size_t rows, float *y,
                             size_t y_stride)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t o = 0; o < linear->outputs; o++) {
            double sum = 0;
            for (size_t i = 0; i < linear->inputs; i++)
                sum += (double)x[row * linear->inputs + i] *
                       (double)linear->weight[o * linear->inputs + i];
            y[row * y_stride + o] = (float)sum;
        }
    }
}

static void reference_add_bias(float *x, size_t rows, size_t stride, const float *bias,
                               size_t width)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++)
            x[row * stride + i] += bias[i];
}

static void reference_gelu(float *x, size_t rows, const float *bias, size_t width)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < width; i++) {
            double v = (double)x[row * width + i] + (double)bias[i];
            x[row * width + i] = (float)(v / 2 * (1 + erf(v * M_SQRT1_2)));
        }
    }
}

static void reference_add_norm(float *hidden, size_t rows, const float *added, const float *bias,
                               const struct norm *norm)
{
    for (size_t row = 0; row < rows; row++) {
        float *x = hidden + row * MODEL_HIDDEN;
        double mean = 0, variance = 0;
        for (size_t i = 0; i < MODEL_HIDDEN; i++) {
            x[i] += added[row * MODEL_HIDDEN + i] + bias[i];
            mean += (double)x[i] / (double)MODEL_HIDDEN;
        }
        for (size_t i = 0; i < MODEL_HIDDEN; i++)
            variance += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)MODEL_HIDDEN;
        double scale = 1 / sqrt(variance + (double)MODEL_NORM_EPSILON);
        for (size_t i = 0; i < MODEL_HIDDEN; i++)
            x[i] = (float)(((double)x[i] - mean) * scale) * norm->weight[i] + norm->bias[i];
    }
}

static void reference_softmax(float *scores, size_t rows, size_t width)
{
    for (size_t row = 0; row < rows; row++) {
        float *x = scores + row * width;
        float largest = x[0];
        for (size_t i = 1; i < width; i++)
            largest = fmaxf(largest, x[i]);
        double sum = 0;
        for (size_t i = 0; i < width; i++)
            sum += exp((double)x[i] - (double)largest);
        for (size_t i = 0; i < width; i++)
            x[i] = (float)(exp((double)x[i] - (double)largest) / sum);
    }
}

const struct kernels kernels_reference = {
    .name = "reference",
    .linear = reference_linear,
    .add_bias = reference_add_bias,
    .gelu = reference_gelu,
    .add_norm = reference_add_norm,
    .softmax = reference_softmax,
};

const struct kernels *kernels_choose(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        return &kernels_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &kernels_avx2;
#endif
    return &kernels_plain;
}
