// SPDX-License-Identifier: Apache-2.0
//
// BERT's encoder (A. Vaswani et al. 2017, "Attention Is All You Need"; J. Devlin et al. 2018,
// "BERT"), then the mean over all tokens, then length 1 (N. Reimers, I. Gurevych 2019,
// "Sentence-BERT"). For T tokens in all, H = hidden:
//
//     hidden       [T][H]      what the layers hand on
//     projections  [T][3H]     queries, keys and values side by side   } the two together are
//     context      [T][H]      what attention gathered                 } `intermediate` [T][4H]
//     added        [T][H]      what a sublayer adds to hidden
//     scores       [L][L]      of one head of one sequence of L tokens, rows padded to
//                              KERNELS_WIDTH with what the softmax makes 0
//
// Large products are OpenBLAS's, on the calling thread; those of few rows are our own, since
// OpenBLAS would copy all weights to read them once.
#include "embed/forward.h"

#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "embed/embed.h"
#include "embed/kernels.h"

enum {
    HIDDEN = MODEL_HIDDEN,
    PROJECTIONS = 3 * HIDDEN,
    FEW_ROWS_MAX = 16,
    TOKENS_LIMIT = 4096, // 38 MB of scratch
};

static_assert((int)MODEL_HIDDEN == (int)EMBED_DIMENSION, "the mean of hidden is the vector");
static_assert(MODEL_INTERMEDIATE == PROJECTIONS + HIDDEN, "they share their memory");
static_assert((int)EMBED_TOKENS_MAX <= (int)MODEL_POSITIONS, "each token has a position");
static_assert((int)EMBED_TOKENS_MAX % (int)KERNELS_WIDTH == 0, "padded rows of scores fit");

struct forward_scratch {
    const struct kernels *kernels;
    size_t tokens_max;
    float *hidden, *projections, *context, *intermediate, *added, *scores;
    float numbers[] __attribute__((aligned(64)));
};

static pthread_once_t blas_once = PTHREAD_ONCE_INIT;

// Parallelism is ours, over sequences: threads within a product would only wait for each other.
static void set_up_blas(void)
{
    openblas_set_num_threads(1);
}

struct forward_scratch *forward_scratch_new(size_t tokens_max)
{
    CHECK(tokens_max >= EMBED_TOKENS_MAX && tokens_max <= TOKENS_LIMIT);
    pthread_once(&blas_once, set_up_blas);
    size_t count = tokens_max * (HIDDEN + MODEL_INTERMEDIATE + HIDDEN) +
                   (size_t)EMBED_TOKENS_MAX * EMBED_TOKENS_MAX;
    struct forward_scratch *self =
        mem_alloc_aligned(64, sizeof *self + count * sizeof self->numbers[0]);
    if (!self)
        return NULL;
    self->kernels = kernels_choose();
    self->tokens_max = tokens_max;
    self->hidden = self->numbers;
    self->intermediate = self->projections = self->hidden + tokens_max * HIDDEN;
    self->context = self->projections + tokens_max * PROJECTIONS;
    self->added = self->context + tokens_max * HIDDEN;
    self->scores = self->added + tokens_max * HIDDEN;
    CHECK(self->scores + (size_t)EMBED_TOKENS_MAX * EMBED_TOKENS_MAX == self->numbers + count);
    return self;
}

void forward_scratch_free(struct forward_scratch *scratch)
{
    mem_free(scratch);
}

// y = x W^T, the bias being left to what comes next.
static void multiply(const struct kernels *kernels, const struct linear *linear, const float *x,
                     size_t rows, float *y, size_t y_stride)
{
    if (rows <= FEW_ROWS_MAX) {
        kernels->linear(linear, x, rows, y, y_stride);
        return;
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)linear->outputs,
                (int)linear->inputs, 1.0f, x, (int)linear->inputs, linear->weight,
                (int)linear->inputs, 0.0f, y, (int)y_stride);
}

// hidden = norm(word + position + type)
static size_t embed_tokens(const struct model *model, struct forward_scratch *scratch,
                           const struct forward_sequence *sequences, size_t count)
{
    size_t tokens = 0;
    for (size_t s = 0; s < count; s++) {
        const struct forward_sequence *sequence = &sequences[s];
        CHECK(sequence->length >= 1 && sequence->length <= EMBED_TOKENS_MAX);
        CHECK(tokens + sequence->length <= scratch->tokens_max);
        for (size_t i = 0; i < sequence->length; i++, tokens++) {
            CHECK(sequence->ids[i] >= 0 && (size_t)sequence->ids[i] < model->word_count);
            memcpy(scratch->hidden + tokens * HIDDEN,
                   model->words + (size_t)sequence->ids[i] * HIDDEN, HIDDEN * sizeof(float));
            memcpy(scratch->added + tokens * HIDDEN, model->positions + i * HIDDEN,
                   HIDDEN * sizeof(float));
        }
    }
    scratch->kernels->add_norm(scratch->hidden, tokens, scratch->added, model->types,
                               &model->embedding_norm);
    return tokens;
}

// context = softmax(Q K^T / sqrt(MODEL_HEAD)) V, for one head of the sequence whose first token
// is at `start`.
static void attend(struct forward_scratch *scratch, size_t start, size_t length, size_t head)
{
    const float scale = 0.17677669529663689f; // 1 / sqrt(32)
    static_assert(MODEL_HEAD == 32, "the scale above is its");
    const float *query = scratch->projections + start * PROJECTIONS + head * MODEL_HEAD;
    const float *key = query + HIDDEN;
    const float *value = key + HIDDEN;
    float *scores = scratch->scores;
    size_t width = (length + KERNELS_WIDTH - 1) / KERNELS_WIDTH * KERNELS_WIDTH;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)length, (int)length, MODEL_HEAD,
                scale, query, PROJECTIONS, key, PROJECTIONS, 0.0f, scores, (int)width);
    for (size_t row = 0; row < length; row++)
        for (size_t i = length; i < width; i++)
            scores[row * width + i] = -1e30f;
    scratch->kernels->softmax(scores, length, width);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)length, MODEL_HEAD, (int)length,
                1.0f, scores, (int)width, value, PROJECTIONS, 0.0f,
                scratch->context + start * HIDDEN + head * MODEL_HEAD, HIDDEN);
}

// hidden = norm(hidden + output(attention(hidden)))
static void attention(const struct layer *layer, struct forward_scratch *scratch, size_t tokens,
                      const struct forward_sequence *sequences, size_t count)
{
    const struct kernels *kernels = scratch->kernels;
    const struct linear *projections[] = {&layer->query, &layer->key, &layer->value};
    for (size_t i = 0; i < ARRAY_COUNT(projections); i++) {
        float *columns = scratch->projections + i * HIDDEN;
        multiply(kernels, projections[i], scratch->hidden, tokens, columns, PROJECTIONS);
        kernels->add_bias(columns, tokens, PROJECTIONS, projections[i]->bias, HIDDEN);
    }
    size_t start = 0;
    for (size_t s = 0; s < count; s++) {
        for (size_t head = 0; head < MODEL_HEADS; head++)
            attend(scratch, start, sequences[s].length, head);
        start += sequences[s].length;
    }
    CHECK(start == tokens);
    multiply(kernels, &layer->attention_output, scratch->context, tokens, scratch->added, HIDDEN);
    kernels->add_norm(scratch->hidden, tokens, scratch->added, layer->attention_output.bias,
                      &layer->attention_norm);
}

// hidden = norm(hidden + output(gelu(intermediate(hidden))))
static void feed_forward(const struct layer *layer, struct forward_scratch *scratch, size_t tokens)
{
    const struct kernels *kernels = scratch->kernels;
    multiply(kernels, &layer->intermediate, scratch->hidden, tokens, scratch->intermediate,
             MODEL_INTERMEDIATE);
    kernels->gelu(scratch->intermediate, tokens, layer->intermediate.bias, MODEL_INTERMEDIATE);
    multiply(kernels, &layer->output, scratch->intermediate, tokens, scratch->added, HIDDEN);
    kernels->add_norm(scratch->hidden, tokens, scratch->added, layer->output.bias,
                      &layer->output_norm);
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

bool forward(const struct model *model, struct forward_scratch *scratch,
             const struct forward_sequence *sequences, size_t count)
{
    size_t tokens = embed_tokens(model, scratch, sequences, count);
    for (size_t i = 0; i < MODEL_LAYERS; i++) {
        attention(&model->layers[i], scratch, tokens, sequences, count);
        feed_forward(&model->layers[i], scratch, tokens);
    }
    const float *hidden = scratch->hidden;
    for (size_t s = 0; s < count; s++) {
        if (!pool(hidden, &sequences[s]))
            return false;
        hidden += sequences[s].length * HIDDEN;
    }
    return true;
}
