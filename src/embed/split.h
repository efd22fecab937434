// SPDX-License-Identifier: Apache-2.0
//
// A text that is longer than the model reads, as chunks that it reads whole: cut before headings,
// else between paragraphs, sentences, lines, words, and only where there is none of these within a
// word.
//
//     struct split_options options = {.title = title};
//     code = embedder_split(embedder, text, &options, arena, &chunks, &count, error);
//     for (size_t i = 0; i < count; i++)
//         use(chunks[i].title, chunks[i].text);
//
// What is embedded of a chunk is its title, a line feed and its text. Its title is the document's,
// and the headings above the chunk, as far as that leaves room for the text.
//
// Chunks cover the text, but for white space at their ends, in its order. Where one ends within a
// section the next begins with its last words or sentences (`overlap`). A text that the model reads
// whole is one chunk, whatever its headings. The same text, options and vocabulary give the same
// chunks; a change of a text leaves chunks as they are that end before it, and as a rule those of
// the sections after it.
//
// Time and memory are linear: each byte is read a few times, a chunk takes some 200 bytes.
#ifndef GROVE_EMBED_SPLIT_H
#define GROVE_EMBED_SPLIT_H

#include "base/arena.h"
#include "embed/embed.h"

enum {
    SPLIT_TOKENS_LEAST = 64,
    SPLIT_TOKENS_DEFAULT = 64,
    SPLIT_OVERLAP_DEFAULT = 0,
    SPLIT_TITLE_CHARACTERS_MAX = 200, // of a chunk's title
};

struct split_options {
    struct text title; // of the document, on one line; empty: none
    // Of a chunk with its title and the two special tokens: 0, or SPLIT_TOKENS_LEAST to
    // EMBED_TOKENS_MAX.
    unsigned tokens_max;
    unsigned overlap; // tokens; a quarter of a chunk at most
};

struct split_chunk {
    struct text text;    // a part of the text that was given
    size_t character;    // its first one's number in the text, from 0
    size_t characters;   // how many it has
    struct text title;   // in the arena
    struct text heading; // "Part > Section", in the arena; empty: none
    unsigned tokens;     // that the model reads of title and text, at most
};

// The text may be empty or white space: then there are none. GROVE_INVALID: it is not UTF-8.
// GROVE_NO_MEMORY: or the arena is full.
enum grove_code embedder_split(const struct embedder *embedder, struct text text,
                               const struct split_options *options, struct arena *arena,
                               struct split_chunk **ret, size_t *ret_count,
                               struct grove_error *error);

struct tokenizer;
// The same, of well-formed UTF-8.
enum grove_code split_text(const struct tokenizer *tokenizer, struct text text,
                           const struct split_options *options, struct arena *arena,
                           struct split_chunk **ret, size_t *ret_count, struct grove_error *error);

#endif
