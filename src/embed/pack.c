// SPDX-License-Identifier: Apache-2.0
#include "embed/pack.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "base/attr.h"
#include "base/check.h"
#include "embed/pack_int8.h"

enum { HIDDEN = MODEL_HIDDEN, WIDE = MODEL_INTERMEDIATE, PARTS_MAX = 3, OUTPUTS_MAX = WIDE };

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

static bool make_bias(const struct source *source, const struct packed *packed)
{
    for (size_t o = 0; o < packed->outputs; o++) {
        const struct linear *part = source->parts[o / source->parts[0]->outputs];
        float bias = part->bias[o % part->outputs];
        if (!(fabsf(bias) <= FLT_MAX))
            return false;
        ((float *)(uintptr_t)packed->bias)[o] = bias;
    }
    return true;
}

// GROVE_CORRUPT without a message where weights are not finite.
static enum grove_code make_packed(const struct source *source, const float *samples,
                                   const struct packed *packed, struct grove_error *error)
{
    const float *rows[OUTPUTS_MAX];
    if (!make_bias(source, packed))
        return GROVE_CORRUPT;
    if (packed->weights) {
        make_floats(source, packed);
        return GROVE_OK;
    }
    CHECK(packed->outputs <= OUTPUTS_MAX);
    for (size_t o = 0; o < packed->outputs; o++)
        rows[o] = source_row(source, o);
    return pack_int8_make(&(struct pack_int8_source){rows, source->norm, samples}, packed, error);
}

static enum grove_code make_layer(const struct model *model, size_t number,
                                  const struct pack_samples_layer *samples,
                                  const struct packed_layer *packed, struct grove_error *error)
{
    const struct layer *layer = &model->layers[number];
    const struct norm *before =
        number == 0 ? &model->embedding_norm : &model->layers[number - 1].output_norm;
    const struct {
        struct source source;
        const float *samples;
        const struct packed *packed;
    } products[] = {
        {{{&layer->query, &layer->key, &layer->value}, 3, before},
         samples ? samples->projections[0] : NULL,
         &packed->projections},
        {{{&layer->attention_output}, 1, NULL},
         samples ? samples->attention_output[0] : NULL,
         &packed->attention_output},
        {{{&layer->intermediate}, 1, &layer->attention_norm},
         samples ? samples->intermediate[0] : NULL,
         &packed->intermediate},
        {{{&layer->output}, 1, NULL}, samples ? samples->output[0] : NULL, &packed->output},
    };
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; i < ARRAY_COUNT(products) && code == GROVE_OK; i++)
        code = make_packed(&products[i].source, products[i].samples, products[i].packed, error);
    if (code == GROVE_CORRUPT)
        error_set(error, code, "the weights of layer %zu of the model are no finite numbers",
                  number);
    return code;
}

enum grove_code pack_make(const struct model *model, enum embed_precision precision,
                          const struct pack_samples *samples, unsigned char *ret_payload,
                          struct grove_error *error)
{
    struct packed_model packed;
    CHECK(precision == EMBED_F32 || samples);
    pack_view(ret_payload, precision, &packed);
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; i < MODEL_LAYERS && code == GROVE_OK; i++)
        code = make_layer(model, i, samples ? &samples->layers[i] : NULL, &packed.layers[i], error);
    return code;
}
