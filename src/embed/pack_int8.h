// SPDX-License-Identifier: Apache-2.0
//
// The weights of one product as 8-bit whole numbers, rounded so that the product is off by little.
//
//     code = pack_int8_make(&(struct pack_int8_source){rows, norm, samples}, &packed, error);
//
// Rounded to the nearest, each weight is off by chance, and the errors that texts have in common
// add up: inputs of different tokens are much alike, and a text's vector is a mean over its tokens.
// So each weight's error is made up for by those that are rounded after it, for inputs like those
// of a few samples (E. Frantar et al. 2022, "GPTQ"). GPTQ measures likeness by all pairs of inputs,
// H = X^T X of thousands of tokens. Here H = lambda I + A A^T with few columns A, the samples, and
// the state of a sum that is being rounded is its error at each of them: with PACK_SAMPLES of them
// it is as good, and a hundred times less work.
//
// For output o, with w its transformed weights, q what they are rounded to, a[i] row i of A:
//
//     p         sum over j < i of a[j] (q[j] - w[j]): the error so far, at each sample
//     M[i]      (lambda I + sum over j >= i of a[j] a[j]^T)^-1
//     q[i]      w[i] - p . M[i] a[i], rounded: what is least wrong if all later ones were exact
//
// Only additions and products in one order, and square roots: the same bytes everywhere.
#ifndef GROVE_EMBED_PACK_INT8_H
#define GROVE_EMBED_PACK_INT8_H

#include "embed/pack.h"

struct pack_int8_source {
    const float *const *rows; // [outputs]: the weights of each output, [inputs]
    const struct norm *norm;  // that makes the inputs, or NULL
    const float *samples;     // [PACK_SAMPLES][inputs]
};

// Fills in all of `packed` but the bias. GROVE_CORRUPT without a message where weights are not
// finite; GROVE_NO_MEMORY with one.
enum grove_code pack_int8_make(const struct pack_int8_source *source, const struct packed *packed,
                               struct grove_error *error);

#endif
