// SPDX-License-Identifier: Apache-2.0
#include "embed/pack_int8.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "embed/exact.h"

enum { R = PACK_SAMPLES };

// How much an input counts that is like no sample, by the mean square of the samples' inputs.
#define OTHERS 0.5

// A number for each column of a panel.
typedef float columns __attribute__((vector_size(4 * PACK_COLUMNS), aligned(4), may_alias));

struct rounding {
    float (*samples)[R];  // [inputs]: A, transformed
    float (*remedies)[R]; // [inputs]: M[i] a[i]
    double inverse[R][R]; // M[i]
    columns *weights;     // [inputs], of the panel at work
    columns errors[R];    // p
};

// Half of the inputs change their sign, by the top bit of a multiplicative hash: without that the
// first number of each transformed block would be its sum, the one that is largest.
static float sign_of(size_t input)
{
    uint32_t hash = (uint32_t)(input + 1) * 2654435769U;
    hash ^= hash >> 15;
    return hash * 2246822519U >> 31 ? -1.0f : 1.0f;
}

static void make_factors(const struct pack_int8_source *source, const struct packed *packed)
{
    float *factors = (float *)(uintptr_t)packed->factors;
    for (size_t i = 0; i < packed->inputs; i++) {
        double squares = 0; // of the weights that read this input
        for (size_t o = 0; o < packed->outputs; o++)
            squares += (double)source->rows[o][i] * (double)source->rows[o][i];
        double width = sqrt(squares / (double)packed->outputs);
        double spread = source->norm ? fabs((double)source->norm->weight[i]) : 1;
        bool usual = source->norm && width > 1e-6 && spread > 1e-6;
        factors[i] = sign_of(i) * (usual ? (float)sqrt(width / spread) : 1.0f);
    }
}

// The Hadamard transform of each block, in the order of stages in which the kernels do it.
static void transform(float *x, size_t width)
{
    size_t block = pack_block(width);
    for (size_t step = 1; step < block; step *= 2) {
        for (size_t i = 0; i < width; i++) {
            if (i & step)
                continue;
            float a = x[i], b = x[i + step];
            x[i] = a + b;
            x[i + step] = a - b;
        }
    }
}

// --- what makes up for an error -----------------------------------------------------------------

// False: not finite.
static bool take_samples(struct rounding *self, const struct pack_int8_source *source,
                         const struct packed *packed)
{
    float row[PACK_INPUTS_MAX];
    for (size_t k = 0; k < R; k++) {
        for (size_t i = 0; i < packed->inputs; i++)
            row[i] = source->samples[k * packed->inputs + i] * packed->factors[i];
        transform(row, packed->inputs);
        for (size_t i = 0; i < packed->inputs; i++) {
            if (!(fabsf(row[i]) <= FLT_MAX))
                return false;
            self->samples[i][k] = row[i];
        }
    }
    return true;
}

// Inverts a symmetric matrix with positive eigenvalues in place (Gauss and Jordan).
static void invert(double m[R][R])
{
    for (size_t k = 0; k < R; k++) {
        double pivot = 1 / m[k][k];
        m[k][k] = 1;
        for (size_t j = 0; j < R; j++)
            m[k][j] *= pivot;
        for (size_t i = 0; i < R; i++) {
            if (i == k)
                continue;
            double factor = m[i][k];
            m[i][k] = 0;
            for (size_t j = 0; j < R; j++)
                m[i][j] -= factor * m[k][j];
        }
    }
}

// M[0]
static void start_inverse(struct rounding *self, size_t inputs)
{
    double squares = 0;
    memset(self->inverse, 0, sizeof self->inverse);
    for (size_t i = 0; i < inputs; i++) {
        const float *a = self->samples[i];
        for (size_t k = 0; k < R; k++) {
            squares += (double)a[k] * (double)a[k];
            for (size_t l = 0; l < R; l++)
                self->inverse[k][l] += (double)a[k] * (double)a[l];
        }
    }
    for (size_t k = 0; k < R; k++)
        self->inverse[k][k] += squares > 0 ? OTHERS * squares / (double)inputs : 1;
    invert(self->inverse);
}

// remedies[i] = M[i] a[i]; M[i + 1] from M[i], which has a[i] a[i]^T less in it (by Sherman and
// Morrison).
static void make_remedies(struct rounding *self, size_t inputs)
{
    start_inverse(self, inputs);
    for (size_t i = 0; i < inputs; i++) {
        const float *a = self->samples[i];
        double remedy[R], share = 0;
        for (size_t k = 0; k < R; k++) {
            remedy[k] = 0;
            for (size_t l = 0; l < R; l++)
                remedy[k] += self->inverse[k][l] * (double)a[l];
            share += remedy[k] * (double)a[k];
            self->remedies[i][k] = (float)remedy[k];
        }
        CHECK(!(share >= 1));
        for (size_t k = 0; k < R; k++)
            for (size_t l = 0; l < R; l++)
                self->inverse[k][l] += remedy[k] * remedy[l] / (1 - share);
    }
}

// --- panels -------------------------------------------------------------------------------------

// The panel's weights over the factors, transformed, and each column's largest. False: not finite.
static bool take_panel(struct rounding *self, const struct pack_int8_source *source,
                       const struct packed *packed, size_t panel, float ret_largest[PACK_COLUMNS])
{
    float row[PACK_INPUTS_MAX];
    for (size_t c = 0; c < PACK_COLUMNS; c++) {
        const float *weights = source->rows[panel * PACK_COLUMNS + c];
        for (size_t i = 0; i < packed->inputs; i++)
            row[i] = weights[i] / packed->factors[i];
        transform(row, packed->inputs);
        ret_largest[c] = 0;
        for (size_t i = 0; i < packed->inputs; i++) {
            if (!(fabsf(row[i]) <= FLT_MAX))
                return false;
            ret_largest[c] = fmaxf(ret_largest[c], fabsf(row[i]));
            self->weights[i][c] = row[i];
        }
    }
    return true;
}

static void round_panel(struct rounding *self, const struct packed *packed, size_t panel,
                        const float largest[PACK_COLUMNS])
{
    size_t inputs = packed->inputs;
    int8_t *bytes = (int8_t *)(uintptr_t)packed->bytes + panel * PACK_COLUMNS * inputs;
    float scales[PACK_COLUMNS];
    int32_t sums[PACK_COLUMNS] = {0};
    for (size_t c = 0; c < PACK_COLUMNS; c++)
        scales[c] = largest[c] > 0 ? largest[c] / 127.0f : 1.0f;
    memset(self->errors, 0, sizeof self->errors);
    for (size_t i = 0; i < inputs; i++) {
        columns wanted = self->weights[i], off;
        for (size_t k = 0; k < R; k++)
            wanted -= self->remedies[i][k] * self->errors[k];
        for (size_t c = 0; c < PACK_COLUMNS; c++) {
            float number = fmaxf(-127.0f, fminf(127.0f, rintf(wanted[c] / scales[c])));
            bytes[i / 4 * PACK_COLUMNS * 4 + c * 4 + i % 4] = (int8_t)number;
            sums[c] += (int32_t)number;
            off[c] = number * scales[c] - self->weights[i][c];
        }
        for (size_t k = 0; k < R; k++)
            self->errors[k] += self->samples[i][k] * off;
    }
    float *ret_scales = (float *)(uintptr_t)packed->scales + panel * PACK_COLUMNS;
    int32_t *ret_offsets = (int32_t *)(uintptr_t)packed->offsets + panel * PACK_COLUMNS;
    for (size_t c = 0; c < PACK_COLUMNS; c++) {
        ret_scales[c] = largest[c] / 127.0f / (float)pack_block(inputs);
        ret_offsets[c] = PACK_ZERO * sums[c];
    }
}

static bool round_all(struct rounding *self, const struct pack_int8_source *source,
                      const struct packed *packed)
{
    make_factors(source, packed);
    if (!take_samples(self, source, packed))
        return false;
    make_remedies(self, packed->inputs);
    for (size_t panel = 0; panel < packed->outputs / PACK_COLUMNS; panel++) {
        float largest[PACK_COLUMNS];
        if (!take_panel(self, source, packed, panel, largest))
            return false;
        round_panel(self, packed, panel, largest);
    }
    return true;
}

enum grove_code pack_int8_make(const struct pack_int8_source *source, const struct packed *packed,
                               struct grove_error *error)
{
    size_t inputs = packed->inputs;
    CHECK(inputs <= PACK_INPUTS_MAX && packed->outputs % PACK_COLUMNS == 0);
    struct rounding *self = mem_alloc_aligned(PACK_ALIGNMENT, sizeof *self);
    float(*tables)[R] = mem_alloc_array(2 * inputs, sizeof *tables);
    columns *weights = mem_alloc_array(inputs, sizeof *weights);
    enum grove_code code = GROVE_OK;
    if (self && tables && weights) {
        self->samples = tables;
        self->remedies = tables + inputs;
        self->weights = weights;
        code = round_all(self, source, packed) ? GROVE_OK : GROVE_CORRUPT;
    } else {
        code = error_no_memory(error, "the model's weights");
    }
    mem_free(weights);
    mem_free(tables);
    mem_free(self);
    return code;
}
