// SPDX-License-Identifier: Apache-2.0
#include "embed/calibration.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/attr.h"
#include "base/check.h"
#include "embed/forward.h"
#include "embed/products.h"

enum { TEXTS_MAX = 16, START = 101 }; // [CLS]

// The tokens of ten texts, each from [CLS] to [SEP].
static const int32_t tokens[] = {
    // Prune apple trees in late winter, before the sap rises.
    101, 10975, 9816, 6207, 3628, 1999, 2397, 3467, 1010, 2077, 1996, 20066, 9466, 1012, 102,
    // what is the capital of a federal state
    101, 2054, 2003, 1996, 3007, 1997, 1037, 2976, 2110, 102,
    // The court held that the contract was void because neither party had signed it.
    101, 1996, 2457, 2218, 2008, 1996, 3206, 2001, 11675, 2138, 4445, 2283, 2018, 2772, 2009, 1012,
    102,
    // Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.
    101, 7760, 6038, 25078, 4332, 2422, 1010, 2300, 1998, 6351, 14384, 2046, 5699, 1998, 7722, 1012,
    102,
    // And the king sent messengers to the city, saying, Open the gates.
    101, 1998, 1996, 2332, 2741, 28938, 2000, 1996, 2103, 1010, 3038, 1010, 2330, 1996, 6733, 1012,
    102,
    // error: could not connect to server: connection refused
    101, 7561, 1024, 2071, 2025, 7532, 2000, 8241, 1024, 4434, 4188, 102,
    // She laughed, closed the old book and walked out into the rain.
    101, 2016, 4191, 1010, 2701, 1996, 2214, 2338, 1998, 2939, 2041, 2046, 1996, 4542, 1012, 102,
    // Interest rates fell by 0.25 percent in March 2024, the central bank said.
    101, 3037, 6165, 3062, 2011, 1014, 1012, 2423, 3867, 1999, 2233, 16798, 2549, 1010, 1996, 2430,
    2924, 2056, 1012, 102,
    // history of mathematics
    101, 2381, 1997, 5597, 102,
    // grace
    101, 4519, 102};

enum { TOKENS = ARRAY_COUNT(tokens) };

static_assert((int)TOKENS >= (int)PACK_SAMPLES && (int)TOKENS <= (int)PRODUCT_ROWS_MAX,
              "one block of rows has them all");

struct taking {
    const struct packed_model *packed;
    struct pack_samples *samples;
};

// Where a product's samples go.
static float *samples_of(const struct taking *self, const struct packed *weights)
{
    for (size_t i = 0; i < MODEL_LAYERS; i++) {
        const struct packed_layer *layer = &self->packed->layers[i];
        struct pack_samples_layer *samples = &self->samples->layers[i];
        if (weights == &layer->projections)
            return samples->projections[0];
        if (weights == &layer->attention_output)
            return samples->attention_output[0];
        if (weights == &layer->intermediate)
            return samples->intermediate[0];
        if (weights == &layer->output)
            return samples->output[0];
    }
    CHECK(false);
    return NULL;
}

// Sample k is what came from token k TOKENS / PACK_SAMPLES. All tokens are one block of rows.
static void take(void *state, const struct packed *weights, const float *x, size_t rows)
{
    struct taking *self = state;
    float *to = samples_of(self, weights);
    CHECK(rows == TOKENS);
    for (size_t k = 0; k < PACK_SAMPLES; k++)
        memcpy(to + k * weights->inputs, x + k * TOKENS / PACK_SAMPLES * weights->inputs,
               weights->inputs * sizeof *x);
}

static enum grove_code run(const struct model *model, unsigned char *payload,
                           struct forward_scratch *scratch, struct pack_samples *samples,
                           struct grove_error *error)
{
    struct encoder encoder = {
        .model = *model, .precision = EMBED_F32, .kernels = kernels_of_equal_bits()};
    struct taking taking = {.packed = &encoder.packed, .samples = samples};
    struct forward_sequence sequences[TEXTS_MAX];
    float vectors[TEXTS_MAX][EMBED_DIMENSION];
    size_t count = 0;
    for (size_t i = 0; i < TOKENS; i++) {
        if (tokens[i] == START) {
            CHECK(count < TEXTS_MAX);
            sequences[count] = (struct forward_sequence){tokens + i, 0, vectors[count]};
            count++;
        }
        sequences[count - 1].length++;
    }
    enum grove_code code = pack_make(model, EMBED_F32, NULL, payload, error);
    if (code != GROVE_OK)
        return code;
    pack_view(payload, EMBED_F32, &encoder.packed);
    encoder.tap = (struct forward_tap){take, &taking};
    if (forward(&encoder, scratch, sequences, count, NULL))
        return GROVE_OK;
    return error_set(error, GROVE_CORRUPT, "the model's weights make vectors of no finite numbers");
}

enum grove_code calibration_run(const struct model *model, struct pack_samples **ret_samples,
                                struct grove_error *error)
{
    struct pack_samples *samples = mem_alloc_aligned(PACK_ALIGNMENT, sizeof *samples);
    unsigned char *payload = mem_alloc_aligned(PACK_ALIGNMENT, pack_bytes(EMBED_F32));
    struct forward_scratch *scratch = forward_scratch_new(EMBED_TOKENS_MAX);
    enum grove_code code = samples && payload && scratch
                               ? run(model, payload, scratch, samples, error)
                               : error_no_memory(error, "the model's weights");
    forward_scratch_free(scratch);
    mem_free(payload);
    if (code == GROVE_OK)
        *ret_samples = samples;
    else
        mem_free(samples);
    return code;
}
