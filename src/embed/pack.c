// SPDX-License-Identifier: Apache-2.0
#include "embed/pack.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "base/attr.h"
#include "base/check.h"
#include "embed/exact.h"

enum { HIDDEN = MODEL_HIDDEN, WIDE = MODEL_INTERMEDIATE, PARTS_MAX = 3 };

static_assert(HIDDEN % PACK_COLUMNS == 0 && WIDE % PACK_COLUMNS == 0, "panels are whole");

// Hands out parts of the payload, one behind the other; with no payload it only counts.
struct cursor {
    const unsigned char *payload;
    size_t used;
};

static const void *take(struct cursor *self, size_t size_bytes)
{
    CHECK(size_bytes % PACK_ALIGNMENT == 0);
    const void *at = self->payload ? self->payload + self->used : NULL;
    self->used += size_bytes;
    return at;
}

static struct packed take_packed(struct cursor *cursor, enum embed_precision precision,
                                 size_t inputs, size_t outputs)
{
    struct packed self = {.inputs = inputs, .outputs = outputs};
    self.bias = take(cursor, outputs * sizeof(float));
    if (precision == EMBED_F32) {
        self.weights = take(cursor, inputs * outputs * sizeof(float));
        return self;
    }
    self.bytes = take(cursor, inputs * outputs);
    self.scales = take(cursor, outputs * sizeof(float));
    self.offsets = take(cursor, outputs * sizeof(int32_t));
    self.factors = take(cursor, inputs * sizeof(float));
    return self;
}

static size_t lay_out(const unsigned char *payload, enum embed_precision precision,
                      struct packed_model *ret_packed)
{
    struct cursor cursor = {.payload = payload};
    for (size_t i = 0; i < MODEL_LAYERS; i++) {
        struct packed_layer *layer = &ret_packed->layers[i];
        layer->projections = take_packed(&cursor, precision, HIDDEN, (size_t)3 * HIDDEN);
        layer->attention_output = take_packed(&cursor, precision, HIDDEN, HIDDEN);
        layer->intermediate = take_packed(&cursor, precision, HIDDEN, WIDE);
        layer->output = take_packed(&cursor, precision, WIDE, HIDDEN);
    }
    return cursor.used;
}

size_t pack_bytes(enum embed_precision precision)
{
    struct packed_model packed;
    return lay_out(NULL, precision, &packed);
}

void pack_view(const unsigned char *payload, enum embed_precision precision,
               struct packed_model *ret_packed)
{
    CHECK(payload && (uintptr_t)payload % PACK_ALIGNMENT == 0);
    lay_out(payload, precision, ret_packed);
}

// --- making -----------------------------------------------------------------------------------

// Linears that read the same numbers become one product, their outputs side by side.
struct source {
    const struct linear *parts[PARTS_MAX];
    size_t count;
    const struct norm *norm; // that makes the numbers, or NULL
};

static const float *source_row(const struct source *self, size_t output)
{
    size_t outputs = self->parts[0]->outputs;
    CHECK(output / outputs < self->count);
    const struct linear *part = self->parts[output / outputs];
    CHECK(part->outputs == outputs && part->inputs == self->parts[0]->inputs);
    return part->weight + output % outputs * part->inputs;
}

static void make_floats(const struct source *source, const struct packed *packed)
{
    float *to = (float *)(uintptr_t)packed->weights;
    for (size_t panel = 0; panel < packed->outputs; panel += PACK_COLUMNS) {
        const float *rows[PACK_COLUMNS];
        for (size_t c = 0; c < PACK_COLUMNS; c++)
            rows[c] = source_row(source, panel + c);
        for (size_t i = 0; i < packed->inputs; i++)
            for (size_t c = 0; c < PACK_COLUMNS; c++)
                *to++ = rows[c][i];
    }
}

// Half of the inputs change their sign, by the top bit of a multiplicative hash: without that the
// first number of each transformed block would be its sum, the one that is largest.
static float sign_of(size_t input)
{
    uint32_t hash = (uint32_t)(input + 1) * 2654435769U;
    hash ^= hash >> 15;
    return hash * 2246822519U >> 31 ? -1.0f : 1.0f;
}

static void make_factors(const struct source *source, const struct packed *packed)
{
    float *factors = (float *)(uintptr_t)packed->factors;
    for (size_t i = 0; i < packed->inputs; i++) {
        double squares = 0; // of the weights that read this input
        for (size_t o = 0; o < packed->outputs; o++) {
            double weight = (double)source_row(source, o)[i];
            squares += weight * weight;
        }
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

// Column `output` of the panels. False: its weights are not finite.
static bool make_column(const struct source *source, const struct packed *packed, size_t output)
{
    size_t inputs = packed->inputs;
    const float *weights = source_row(source, output);
    float row[PACK_INPUTS_MAX];
    for (size_t i = 0; i < inputs; i++)
        row[i] = weights[i] / packed->factors[i];
    transform(row, inputs);
    float largest = 0;
    for (size_t i = 0; i < inputs; i++) {
        if (!(fabsf(row[i]) <= FLT_MAX))
            return false;
        largest = fmaxf(largest, fabsf(row[i]));
    }
    float inverse = largest > 0 ? 127.0f / largest : 0.0f;
    int8_t *panel =
        (int8_t *)(uintptr_t)packed->bytes + output / PACK_COLUMNS * PACK_COLUMNS * inputs;
    int32_t sum = 0;
    for (size_t i = 0; i < inputs; i++) {
        float rounded = rintf(row[i] * inverse);
        int8_t byte = (int8_t)fmaxf(-127.0f, fminf(127.0f, rounded));
        panel[i / 4 * PACK_COLUMNS * 4 + output % PACK_COLUMNS * 4 + i % 4] = byte;
        sum += byte;
    }
    ((float *)(uintptr_t)packed->scales)[output] = largest / 127.0f / (float)pack_block(inputs);
    ((int32_t *)(uintptr_t)packed->offsets)[output] = PACK_ZERO * sum;
    return true;
}

// False: some weights are not finite.
static bool make_packed(const struct source *source, enum embed_precision precision,
                        const struct packed *packed)
{
    for (size_t o = 0; o < packed->outputs; o++) {
        const struct linear *part = source->parts[o / source->parts[0]->outputs];
        float bias = part->bias[o % part->outputs];
        if (!(fabsf(bias) <= FLT_MAX))
            return false;
        ((float *)(uintptr_t)packed->bias)[o] = bias;
    }
    if (precision == EMBED_F32) {
        make_floats(source, packed);
        return true;
    }
    make_factors(source, packed);
    for (size_t o = 0; o < packed->outputs; o++)
        if (!make_column(source, packed, o))
            return false;
    return true;
}

static bool make_layer(const struct model *model, size_t number, enum embed_precision precision,
                       const struct packed_layer *packed)
{
    const struct layer *layer = &model->layers[number];
    const struct norm *before =
        number == 0 ? &model->embedding_norm : &model->layers[number - 1].output_norm;
    struct source projections = {{&layer->query, &layer->key, &layer->value}, 3, before};
    struct source attention_output = {{&layer->attention_output}, 1, NULL};
    struct source intermediate = {{&layer->intermediate}, 1, &layer->attention_norm};
    struct source output = {{&layer->output}, 1, NULL};
    return make_packed(&projections, precision, &packed->projections) &&
           make_packed(&attention_output, precision, &packed->attention_output) &&
           make_packed(&intermediate, precision, &packed->intermediate) &&
           make_packed(&output, precision, &packed->output);
}

enum grove_code pack_make(const struct model *model, enum embed_precision precision,
                          unsigned char *ret_payload, struct grove_error *error)
{
    struct packed_model packed;
    pack_view(ret_payload, precision, &packed);
    for (size_t i = 0; i < MODEL_LAYERS; i++)
        if (!make_layer(model, i, precision, &packed.layers[i]))
            return error_set(error, GROVE_CORRUPT,
                             "the weights of layer %zu of the model are no finite numbers", i);
    return GROVE_OK;
}
