// SPDX-License-Identifier: Apache-2.0
//
// The forward pass: token ids in, one vector of length 1 for each sequence out.
//
//     scratch = forward_scratch_new(512);
//     finite = forward(&encoder, scratch, sequences, count, NULL);   // or with a team
//     forward_scratch_free(scratch);
//
// Sequences of different lengths lie one behind the other, without padding. A scratch holds all
// that a pass writes but the vectors; it belongs to one pass at a time. The encoder is only read.
#ifndef GROVE_EMBED_FORWARD_H
#define GROVE_EMBED_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/team.h"
#include "embed/kernels.h"

struct forward_scratch;

// Is shown what comes into each product, block by block. For whoever wants to know.
struct forward_tap {
    void (*take)(void *state, const struct packed *weights, const float *x, size_t rows);
    void *state;
};

// What a pass reads.
struct encoder {
    struct model model; // embeddings and norms
    struct packed_model packed;
    enum embed_precision precision;
    const struct kernels *kernels;
    struct forward_tap tap; // all zero: nobody
};

struct forward_sequence {
    const int32_t *ids; // each below the model's word_count
    size_t length;      // 1..EMBED_TOKENS_MAX
    float *ret_vector;  // [EMBED_DIMENSION]
};

// For passes of at most `tokens_max` tokens in all, 8 KB each and 2 MB more. NULL: out of memory.
struct forward_scratch *forward_scratch_new(size_t tokens_max) GROVE_MUST_CHECK;
void forward_scratch_free(struct forward_scratch *scratch);

// False when a vector is not of finite numbers: the weights are damaged. `team`, which may be NULL:
// whose helpers take part in the products.
bool forward(const struct encoder *encoder, struct forward_scratch *scratch,
             const struct forward_sequence *sequences, size_t count,
             struct team *team) GROVE_MUST_CHECK;

#endif
