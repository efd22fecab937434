// SPDX-License-Identifier: Apache-2.0
//
// The weights of all-MiniLM-L6-v2 by name, as views into the mapped file: nothing is copied.
//
//     struct model model;
//     code = model_open(&model, &file, vocabulary_count, error);
//
// A model owns nothing: it is valid as long as the bytes of the file. Errors: GROVE_CORRUPT with
// the tensor that is missing or of another type or shape. Threads: read-only, any number.
#ifndef GROVE_EMBED_MODEL_H
#define GROVE_EMBED_MODEL_H

#include "embed/safetensors.h"

enum {
    MODEL_LAYERS = 6,
    MODEL_HEADS = 12,
    MODEL_HIDDEN = 384,
    MODEL_HEAD = MODEL_HIDDEN / MODEL_HEADS, // numbers of one attention head
    MODEL_INTERMEDIATE = 1536,
    MODEL_POSITIONS = 512,
    MODEL_TYPES = 2,
};

#define MODEL_NORM_EPSILON 1e-12f

// y = x W^T + b
struct linear {
    const float *weight; // [outputs][inputs]
    const float *bias;   // [outputs]
    size_t inputs, outputs;
};

// y = (x - mean) / sqrt(variance + epsilon) * weight + bias
struct norm {
    const float *weight; // [MODEL_HIDDEN]
    const float *bias;   // [MODEL_HIDDEN]
};

struct layer {
    struct linear query, key, value; // hidden to hidden
    struct linear attention_output;  // hidden to hidden
    struct norm attention_norm;
    struct linear intermediate; // hidden to intermediate
    struct linear output;       // intermediate to hidden
    struct norm output_norm;
};

struct model {
    const float *words;     // [word_count][MODEL_HIDDEN]
    const float *positions; // [MODEL_POSITIONS][MODEL_HIDDEN]
    const float *types;     // [MODEL_TYPES][MODEL_HIDDEN]
    struct norm embedding_norm;
    struct layer layers[MODEL_LAYERS];
    size_t word_count;
};

// `word_count`: of the vocabulary, which the model's must equal.
enum grove_code model_open(struct model *ret_model, const struct safetensors *file,
                           size_t word_count, struct grove_error *error);

#endif
