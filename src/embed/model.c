// SPDX-License-Identifier: Apache-2.0
#include "embed/model.h"

#include <stdio.h>

#include "base/check.h"

enum { NAME_SIZE = 128 };

// Looks tensors up until one fails; then only `code` counts.
struct reader {
    const struct safetensors *file;
    struct grove_error *error;
    enum grove_code code;
    const char *prefix;
};

static const float *read_matrix(struct reader *self, const char *name, size_t rows, size_t columns)
{
    char full[NAME_SIZE];
    int length = snprintf(full, sizeof full, "%s%s", self->prefix, name);
    CHECK(length > 0 && length < NAME_SIZE);
    const float *floats = NULL;
    if (self->code == GROVE_OK)
        self->code = safetensors_floats(self->file, full, 2, (const size_t[]){rows, columns},
                                        &floats, self->error);
    return floats;
}

static const float *read_vector(struct reader *self, const char *name, const char *part,
                                size_t count)
{
    char full[NAME_SIZE];
    int length = snprintf(full, sizeof full, "%s%s.%s", self->prefix, name, part);
    CHECK(length > 0 && length < NAME_SIZE);
    const float *floats = NULL;
    if (self->code == GROVE_OK)
        self->code = safetensors_floats(self->file, full, 1, &count, &floats, self->error);
    return floats;
}

static struct linear read_linear(struct reader *self, const char *name, size_t inputs,
                                 size_t outputs)
{
    char weight[NAME_SIZE];
    int length = snprintf(weight, sizeof weight, "%s.weight", name);
    CHECK(length > 0 && length < NAME_SIZE);
    return (struct linear){
        .weight = read_matrix(self, weight, outputs, inputs),
        .bias = read_vector(self, name, "bias", outputs),
        .inputs = inputs,
        .outputs = outputs,
    };
}

static struct norm read_norm(struct reader *self, const char *name)
{
    return (struct norm){
        .weight = read_vector(self, name, "weight", MODEL_HIDDEN),
        .bias = read_vector(self, name, "bias", MODEL_HIDDEN),
    };
}

static struct layer read_layer(struct reader *self, unsigned number)
{
    enum { HIDDEN = MODEL_HIDDEN, WIDE = MODEL_INTERMEDIATE };
    char prefix[NAME_SIZE];
    snprintf(prefix, sizeof prefix, "encoder.layer.%u.", number);
    self->prefix = prefix;
    struct layer layer = {
        .query = read_linear(self, "attention.self.query", HIDDEN, HIDDEN),
        .key = read_linear(self, "attention.self.key", HIDDEN, HIDDEN),
        .value = read_linear(self, "attention.self.value", HIDDEN, HIDDEN),
        .attention_output = read_linear(self, "attention.output.dense", HIDDEN, HIDDEN),
        .attention_norm = read_norm(self, "attention.output.LayerNorm"),
        .intermediate = read_linear(self, "intermediate.dense", HIDDEN, WIDE),
        .output = read_linear(self, "output.dense", WIDE, HIDDEN),
        .output_norm = read_norm(self, "output.LayerNorm"),
    };
    self->prefix = "";
    return layer;
}

enum grove_code model_open(struct model *ret_model, const struct safetensors *file,
                           size_t word_count, struct grove_error *error)
{
    struct reader reader = {.file = file, .error = error, .prefix = "embeddings."};
    struct model model = {.word_count = word_count};
    model.words = read_matrix(&reader, "word_embeddings.weight", word_count, MODEL_HIDDEN);
    if (reader.code == GROVE_CORRUPT)
        error_detail(error, "the vocabulary has %zu tokens", word_count);
    model.positions =
        read_matrix(&reader, "position_embeddings.weight", MODEL_POSITIONS, MODEL_HIDDEN);
    model.types = read_matrix(&reader, "token_type_embeddings.weight", MODEL_TYPES, MODEL_HIDDEN);
    model.embedding_norm = read_norm(&reader, "LayerNorm");
    for (unsigned i = 0; i < MODEL_LAYERS; i++)
        model.layers[i] = read_layer(&reader, i);
    if (reader.code == GROVE_OK)
        *ret_model = model;
    return reader.code;
}
