// SPDX-License-Identifier: Apache-2.0
//
// The weights in the order in which the kernels read them, made once from the model.
//
//     unsigned char *payload = mem_alloc_aligned(PACK_ALIGNMENT, pack_bytes(EMBED_REDUCED));
//     code = pack_make(&model, EMBED_REDUCED, samples, payload, error);
//     pack_view(payload, EMBED_REDUCED, &packed);      // pointers into the payload
//
// The 16 columns that a vector of sums belongs to lie side by side, a panel:
//
//     f32     panel p: [inputs][16]         weight of input i, output 16 p + c at [i][c]
//     int8    panel p: [inputs / 4][16][4]  the same, four inputs of a column side by side
//
// int8: y = (F x) . (W F^-1) with F = H D. D makes inputs of like size (D^2 = width of the weights'
// column / width of what comes in, known from the norm before it) and changes the sign of some of
// them; H is a Hadamard transform of blocks of 128 or 512, which spreads what is left of single
// large numbers, so that 8 bits are enough (S. Ashkboos et al. 2024, "QuaRot"; G. Xiao et al. 2022,
// "SmoothQuant"). Rows of x and rows of W then have one scale each, symmetric, largest 127.
//
// Weights are rounded so that errors make up for each other (pack_int8.h).
//
// The bytes made depend on the model and the samples only, not on the processor or the compiler.
// Errors: GROVE_CORRUPT for weights that are not finite; GROVE_NO_MEMORY. Threads: pure functions.
#ifndef GROVE_EMBED_PACK_H
#define GROVE_EMBED_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "embed/embed.h"
#include "embed/model.h"

enum {
    PACK_ALIGNMENT = 64,
    PACK_COLUMNS = 16, // of a panel
    PACK_INPUTS_MAX = MODEL_INTERMEDIATE,
    PACK_BLOCK_MAX = 512, // numbers of a row that the Hadamard transform takes together
    PACK_ZERO = 128,      // what is added to a row's numbers to make them bytes without sign
};

// The weights of one product y = x W^T + bias.
struct packed {
    size_t inputs, outputs;
    const float *bias;      // [outputs]
    const float *weights;   // f32: panels
    const int8_t *bytes;    // int8: panels
    const float *scales;    // int8: [outputs], with the transform's own factor
    const int32_t *offsets; // int8: [outputs], PACK_ZERO times the sum of the column's bytes
    const float *factors;   // int8: [inputs], D
};

struct packed_layer {
    struct packed projections; // query, key, value: hidden to 3 hidden
    struct packed attention_output;
    struct packed intermediate;
    struct packed output;
};

struct packed_model {
    struct packed_layer layers[MODEL_LAYERS];
};

// What comes into each product for some tokens of ordinary texts (calibration.h).
enum { PACK_SAMPLES = 64 };
struct pack_samples_layer {
    float projections[PACK_SAMPLES][MODEL_HIDDEN];
    float attention_output[PACK_SAMPLES][MODEL_HIDDEN];
    float intermediate[PACK_SAMPLES][MODEL_HIDDEN];
    float output[PACK_SAMPLES][MODEL_INTERMEDIATE];
};
struct pack_samples {
    struct pack_samples_layer layers[MODEL_LAYERS];
};

size_t pack_bytes(enum embed_precision precision);

// `samples`: for int8; NULL for f32.
enum grove_code pack_make(const struct model *model, enum embed_precision precision,
                          const struct pack_samples *samples, unsigned char *ret_payload,
                          struct grove_error *error);

// Borrows the payload.
void pack_view(const unsigned char *payload, enum embed_precision precision,
               struct packed_model *ret_packed);

// How many numbers of a row the Hadamard transform takes together: the largest power of two that
// divides the row's width, at most PACK_BLOCK_MAX.
static inline size_t pack_block(size_t width)
{
    size_t block = width & (~width + 1);
    return block < (size_t)PACK_BLOCK_MAX ? block : (size_t)PACK_BLOCK_MAX;
}

#endif
