// SPDX-License-Identifier: Apache-2.0
//
// BERT's encoder (A. Vaswani et al. 2017, "Attention Is All You Need"; J. Devlin et al. 2018,
// "BERT"), then the mean over all tokens, then length 1 (N. Reimers, I. Gurevych 2019,
// "Sentence-BERT"). For T tokens in all, H = hidden, and blocks of B tokens:
//
//     hidden       [T][H]      what the layers hand on
//     projections  [T][3H]     queries, keys and values side by side
//     context      [T][H]      what attention gathered
//     intermediate [B][4H]     of one block
//     added        [B][H]      what a sublayer adds to hidden
//
// All but attention goes block by block, so that what one step writes is still in the second
// cache when the next one reads it.
#include "embed/forward.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "embed/products.h"

enum {
    HIDDEN = MODEL_HIDDEN,
    PROJECTIONS = 3 * HIDDEN,
    BLOCK = PRODUCT_ROWS_MAX,
    TOKENS_LIMIT = 4096, // 34 MB of scratch
};

static_assert((int)MODEL_HIDDEN == (int)EMBED_DIMENSION, "the mean of hidden is the vector");
static_assert((int)EMBED_TOKENS_MAX <= (int)MODEL_POSITIONS, "each token has a position");
static_assert((int)EMBED_TOKENS_MAX % (int)KERNELS_WIDTH == 0, "padded rows of scores fit");

struct buffers {
    float intermediate[BLOCK * MODEL_INTERMEDIATE] __attribute__((aligned(64)));
    float added[BLOCK * HIDDEN] __attribute__((aligned(64)));
    float attend[KERNELS_ATTEND_SCRATCH] __attribute__((aligned(64)));
    struct product_scratch product __attribute__((aligned(64)));
    float numbers[] __attribute__((aligned(64)));
};

// Apart from the buffers: huge pages that no pass has written to are not there yet.
struct forward_scratch {
    size_t tokens_max;
    struct team *team; // of the pass under way, or NULL
    float *hidden, *projections, *context;
    struct buffers *buffers;
};

struct forward_scratch *forward_scratch_new(size_t tokens_max)
{
    CHECK(tokens_max >= EMBED_TOKENS_MAX && tokens_max <= TOKENS_LIMIT);
    size_t count = tokens_max * (HIDDEN + PROJECTIONS + HIDDEN);
    struct forward_scratch *self = mem_zalloc(sizeof *self);
    if (!self)
        return NULL;
    size_t size_bytes = sizeof *self->buffers + count * sizeof self->buffers->numbers[0];
    // A query writes little: clearing whole huge pages for it takes longer than they win.
    if (tokens_max > EMBED_TOKENS_MAX)
        self->buffers = mem_alloc_huge(size_bytes);
    else
        self->buffers = mem_alloc_aligned(64, size_bytes);
    if (!self->buffers) {
        mem_free(self);
        return NULL;
    }
    self->tokens_max = tokens_max;
    self->hidden = self->buffers->numbers;
    self->projections = self->hidden + tokens_max * HIDDEN;
    self->context = self->projections + tokens_max * PROJECTIONS;
    CHECK(self->context + tokens_max * HIDDEN == self->buffers->numbers + count);
    return self;
}

void forward_scratch_free(struct forward_scratch *scratch)
{
    if (!scratch)
        return;
    mem_free(scratch->buffers);
    mem_free(scratch);
}

static void multiply(const struct encoder *encoder, struct forward_scratch *scratch,
                     const struct packed *weights, const float *x, size_t rows, float *y)
{
    if (encoder->tap.take)
        encoder->tap.take(encoder->tap.state, weights, x, rows);
    if (encoder->precision == EMBED_REDUCED)
        product_int8(encoder->kernels, weights, &scratch->buffers->product, x, rows, y,
                     scratch->team);
    else
        product_f32(encoder->kernels, weights, x, rows, y, scratch->team);
}

// hidden = norm(word + (position + type))
static size_t embed_tokens(const struct encoder *encoder, struct forward_scratch *scratch,
                           const struct forward_sequence *sequences, size_t count)
{
    const struct model *model = &encoder->model;
    size_t tokens = 0;
    for (size_t s = 0; s < count; s++) {
        const struct forward_sequence *sequence = &sequences[s];
        CHECK(sequence->length >= 1 && sequence->length <= EMBED_TOKENS_MAX);
        CHECK(tokens + sequence->length <= scratch->tokens_max);
        for (size_t i = 0; i < sequence->length; i++, tokens++) {
            CHECK(sequence->ids[i] >= 0 && (size_t)sequence->ids[i] < model->word_count);
            float *hidden = scratch->hidden + tokens * HIDDEN;
            memcpy(hidden, model->words + (size_t)sequence->ids[i] * HIDDEN,
                   HIDDEN * sizeof(float));
            for (size_t k = 0; k < HIDDEN; k++)
                scratch->buffers->added[k] = model->positions[i * HIDDEN + k] + model->types[k];
            encoder->kernels->real->add_norm(hidden, 1, scratch->buffers->added,
                                             &model->embedding_norm);
        }
    }
    return tokens;
}

// projections = query, key, value(hidden); context = attention of each head of each sequence
static void attention(const struct encoder *encoder, struct forward_scratch *scratch,
                      const struct packed_layer *layer, const struct forward_sequence *sequences,
                      size_t count, size_t tokens)
{
    for (size_t row = 0; row < tokens; row += BLOCK)
        multiply(encoder, scratch, &layer->projections, scratch->hidden + row * HIDDEN,
                 tokens - row < BLOCK ? tokens - row : BLOCK,
                 scratch->projections + row * PROJECTIONS);
    size_t start = 0;
    for (size_t s = 0; s < count; s++) {
        const float *query = scratch->projections + start * PROJECTIONS;
        for (size_t column = 0; column < HIDDEN; column += MODEL_HEAD)
            encoder->kernels->real->attend(&(struct attention){
                .query = query + column,
                .key = query + column + HIDDEN,
                .value = query + column + (size_t)2 * HIDDEN,
                .stride = PROJECTIONS,
                .length = sequences[s].length,
                .context = scratch->context + start * HIDDEN + column,
                .context_stride = HIDDEN,
                .scratch = scratch->buffers->attend,
            });
        start += sequences[s].length;
    }
    CHECK(start == tokens);
}

// hidden = norm(hidden + output(context)), then norm(hidden + output(gelu(intermediate(hidden))))
static void feed_forward(const struct encoder *encoder, struct forward_scratch *scratch,
                         size_t number, size_t tokens)
{
    const struct kernels_real *kernels = encoder->kernels->real;
    const struct packed_layer *packed = &encoder->packed.layers[number];
    const struct layer *layer = &encoder->model.layers[number];
    for (size_t row = 0; row < tokens; row += BLOCK) {
        size_t rows = tokens - row < BLOCK ? tokens - row : BLOCK;
        float *hidden = scratch->hidden + row * HIDDEN;
        multiply(encoder, scratch, &packed->attention_output, scratch->context + row * HIDDEN, rows,
                 scratch->buffers->added);
        kernels->add_norm(hidden, rows, scratch->buffers->added, &layer->attention_norm);
        multiply(encoder, scratch, &packed->intermediate, hidden, rows,
                 scratch->buffers->intermediate);
        kernels->gelu(scratch->buffers->intermediate, rows, MODEL_INTERMEDIATE, MODEL_INTERMEDIATE);
        multiply(encoder, scratch, &packed->output, scratch->buffers->intermediate, rows,
                 scratch->buffers->added);
        kernels->add_norm(hidden, rows, scratch->buffers->added, &layer->output_norm);
    }
}

// The mean of the sequence's rows of hidden, divided by its length. False: not finite.
static bool pool(const float *hidden, const struct forward_sequence *sequence)
{
    float sums[HIDDEN] = {0};
    for (size_t row = 0; row < sequence->length; row++)
        for (size_t i = 0; i < HIDDEN; i++)
            sums[i] += hidden[row * HIDDEN + i];
    double squares = 0;
    for (size_t i = 0; i < HIDDEN; i++)
        squares += (double)sums[i] * (double)sums[i];
    if (!isfinite(squares) || squares <= 0)
        return false;
    // The mean's divisor is the same for every number, and length 1 takes it out again.
    float scale = (float)(1 / sqrt(squares));
    for (size_t i = 0; i < HIDDEN; i++)
        sequence->ret_vector[i] = sums[i] * scale;
    return true;
}

bool forward(const struct encoder *encoder, struct forward_scratch *scratch,
             const struct forward_sequence *sequences, size_t count, struct team *team)
{
    scratch->team = team;
    size_t tokens = embed_tokens(encoder, scratch, sequences, count);
    for (size_t i = 0; i < MODEL_LAYERS; i++) {
        attention(encoder, scratch, &encoder->packed.layers[i], sequences, count, tokens);
        feed_forward(encoder, scratch, i, tokens);
    }
    const float *hidden = scratch->hidden;
    for (size_t s = 0; s < count; s++) {
        if (!pool(hidden, &sequences[s]))
            return false;
        hidden += sequences[s].length * HIDDEN;
    }
    return true;
}
