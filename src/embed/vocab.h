// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary: one token a line, its number being the line's, from 0. A token that starts with
// "##" continues a word.
//
//     struct vocab vocab;
//     code = vocab_open(&vocab, contents, "vocab.txt", error);
//     id = vocab_find(&vocab, false, text);
//     vocab_release(&vocab);
//
// Borrows the contents until released. Errors: GROVE_CORRUPT with the line. Threads: any number
// may look things up at once.
#ifndef GROVE_EMBED_VOCAB_H
#define GROVE_EMBED_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum { VOCAB_NONE = -1 };

struct vocab_token;
struct vocab_slot;

struct vocab {
    struct text contents;
    struct vocab_token *tokens; // [count]
    struct vocab_slot *slots;   // [slot_mask + 1], in the same allocation
    size_t count;
    uint32_t slot_mask;
    size_t token_bytes_max;
};

// `name` is for messages only.
enum grove_code vocab_open(struct vocab *ret_vocab, struct text contents, const char *name,
                           struct grove_error *error);
void vocab_release(struct vocab *self);

// The number of the token that starts a word (or continues one: given without its "##"), or
// VOCAB_NONE.
int32_t vocab_find(const struct vocab *self, bool continues, struct text text);

// The longest token that `text`, well-formed UTF-8, starts with, and its bytes; or VOCAB_NONE.
int32_t vocab_find_longest(const struct vocab *self, bool continues, struct text text,
                           size_t *ret_length);

#endif
