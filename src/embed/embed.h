// SPDX-License-Identifier: Apache-2.0
//
// Sentence embeddings: text in, a vector of 384 numbers of length 1 out, as
// sentence-transformers/all-MiniLM-L6-v2 computes them (BERT with 6 layers, mean pooling,
// L2 normalisation, at most 256 tokens with the two special ones).
//
//     struct embedder *embedder;
//     code = embedder_open(&(struct embedder_options){.folder = "..."}, &embedder, error);
//     code = embedder_embed(embedder, texts, count, vectors, NULL, error); // vectors: [count][384]
//     embedder_free(embedder);
//
// Threads: one embedder may be used from any number of threads at once; calls share its worker
// threads. A text's vector does not depend on what else is in its batch, nor, with processors that
// have fused multiply-add (x86-64 since 2013, all arm64), on the machine.
#ifndef GROVE_EMBED_EMBED_H
#define GROVE_EMBED_EMBED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/call.h"
#include "base/error.h"
#include "base/text.h"

enum { EMBED_DIMENSION = 384, EMBED_TOKENS_MAX = 256 };
// What is read of a text of which nothing but these tokens counts: many times what prose takes.
enum { EMBED_CHARACTERS_MAX = 16384 };

enum embed_precision {
    EMBED_F32 = 0, // as the published model computes
    EMBED_REDUCED, // products of 8-bit whole numbers: faster, a little off
};
enum { EMBED_PRECISIONS = 2 };

// "all-MiniLM-L6-v2/f32", "all-MiniLM-L6-v2/int8": stored with every embedding, so that vectors of
// different models or precisions never mix. Valid as long as the process.
const char *embed_model_id(enum embed_precision precision);

// False when there is no such model here.
bool embed_precision_of(struct text model_id, enum embed_precision *ret_precision);

struct embedder;

struct embedder_options {
    const char *folder; // holds model.safetensors and vocab.txt
    unsigned threads;   // 0: one for each processor
    enum embed_precision precision;
    const char *seal; // of the weights, as an earlier embedder had it (embedder_seal); NULL: none
};

// A missing file is GROVE_NOT_FOUND; a damaged or truncated one, or one of another model, is
// GROVE_CORRUPT with what is wrong and where. GROVE_INVALID: the environment variable
// GROVE_KERNELS names kernels that this machine cannot run.
//
// The first time, the weights are put into the order in which they are read, and kept in a file
// beside the model, else in the user's cache folder, else in memory only.
enum grove_code embedder_open(const struct embedder_options *options, struct embedder **ret,
                              struct grove_error *error);
void embedder_free(struct embedder *embedder);

// embed_model_id of its precision.
const char *embedder_model_id(const struct embedder *embedder);

// The instruction set that its kernels use: "avx2".
const char *embedder_kernels(const struct embedder *embedder);

// The file that holds the weights in the order in which they are read; "" when they are in memory
// only, since no folder could be written.
const char *embedder_pack_path(const struct embedder *embedder);

// A line that tells the state of that file in which its checksum was right; "": none. Whoever keeps
// it spares the next embedder reading all of the file.
const char *embedder_seal(const struct embedder *embedder);

// Whether that file's checksum is right now, whatever its seal says: reads all of it.
bool embedder_is_whole(const struct embedder *embedder);

// Embeds `count` texts (well-formed UTF-8, else GROVE_INVALID naming the text's number and
// offset) into ret_vectors[count * EMBED_DIMENSION]. Longer texts are cut at 256 tokens.
// The call is looked at between batches, and while others have the model; NULL: none.
enum grove_code embedder_embed(struct embedder *embedder, const struct text *texts, size_t count,
                               float *ret_vectors, const struct call *call,
                               struct grove_error *error);

// Whether a text, which embedder_embed takes, is longer than the model reads.
bool embedder_cuts(const struct embedder *embedder, struct text text);

// The token ids of a text with [CLS] and [SEP], at most EMBED_TOKENS_MAX of them.
enum grove_code embedder_tokenize(const struct embedder *embedder, struct text text,
                                  int32_t ret_ids[static EMBED_TOKENS_MAX], size_t *ret_count,
                                  struct grove_error *error);

#endif
