// SPDX-License-Identifier: Apache-2.0
//
// BERT's uncased tokenizer: text to the numbers of its WordPiece tokens, as the model's published
// tokenizer makes them (Y. Wu et al. 2016, "Google's Neural Machine Translation System"; J. Devlin
// et al. 2018, "BERT").
//
//     struct tokenizer tokenizer;
//     code = tokenizer_open(&tokenizer, vocabulary, "vocab.txt", error);
//     count = tokenizer_encode(&tokenizer, text, ids);
//     tokenizer_release(&tokenizer);
//
// Borrows the vocabulary's contents until released. Errors: GROVE_CORRUPT with what is wrong in
// the vocabulary. Threads: any number may encode at once; encoding allocates nothing.
#ifndef GROVE_EMBED_TOKENIZER_H
#define GROVE_EMBED_TOKENIZER_H

#include "embed/embed.h"
#include "embed/vocab.h"

enum {
    TOKENIZER_WORD_CHARACTERS_MAX = 100, // a longer word is [UNK]
    TOKENIZER_SPECIALS = 5,
    TOKENIZER_PUNCTUATION = 0x80,
};

struct tokenizer {
    struct vocab vocab;
    int32_t special_ids[TOKENIZER_SPECIALS]; // in the order of tokenizer.c's list
    // What normalisation makes of a byte that needs none of its neighbours: ' ' of white space, a
    // lower-case letter or digit, a punctuation mark with TOKENIZER_PUNCTUATION set; 0: ask the
    // normaliser.
    unsigned char plain[256];
};

enum grove_code tokenizer_open(struct tokenizer *ret_tokenizer, struct text vocabulary,
                               const char *name, struct grove_error *error);
void tokenizer_release(struct tokenizer *self);

// [CLS], the text's tokens, [SEP]: at least 2 and at most EMBED_TOKENS_MAX; what does not fit is
// left out. `text` must be well-formed UTF-8.
size_t tokenizer_encode(const struct tokenizer *self, struct text text,
                        int32_t ret_ids[static EMBED_TOKENS_MAX]);

// Whether tokenizer_encode leaves something of the text out.
bool tokenizer_cuts(const struct tokenizer *self, struct text text);

#endif
