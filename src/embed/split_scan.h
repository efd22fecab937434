// SPDX-License-Identifier: Apache-2.0
//
// A text as a row of pieces between which it may be cut: words, or single characters where a run
// without white space is long. Each piece tells how good a place to cut is right before it, how
// many tokens the model reads of it, and under which headings it stands.
//
//     struct split_scan scan;
//     split_scan_init(&scan, &tokenizer, text);
//     while (split_scan_next(&scan, &piece))
//         use(&piece);
//
// Tokens of pieces add up to no fewer than the tokenizer makes of all: it goes from one white
// space, ideograph or punctuation mark to the next. Allocates nothing, and reads each byte a few
// times at most, whatever the text.
#ifndef GROVE_EMBED_SPLIT_SCAN_H
#define GROVE_EMBED_SPLIT_SCAN_H

#include "embed/tokenizer.h"

enum { SPLIT_LEVELS = 6, SPLIT_PIECE_TOKENS_MAX = 16 };

// How good a place to cut is, the best last.
enum split_place {
    SPLIT_CHARACTER, // within a word
    SPLIT_WORD,
    SPLIT_LINE,
    SPLIT_SENTENCE,
    SPLIT_PARAGRAPH,
    SPLIT_HEADING, // a heading begins
};

// The headings above a place, by level; those that are not there are empty.
struct split_path {
    struct text levels[SPLIT_LEVELS];
};

struct split_piece {
    struct text text;
    size_t character; // its first one's number, from 0
    size_t characters;
    unsigned tokens; // 1 to SPLIT_PIECE_TOKENS_MAX
    enum split_place place;
    bool in_heading;
    struct split_path path; // within a heading, that one is part of it
};

struct split_scan {
    const struct tokenizer *tokenizer;
    struct text text;
    size_t at, character;
    size_t heading_end; // of the heading at hand
    bool in_run;        // within a run that goes by characters
    char fence;         // of the block of code at hand: '`', '~'; 0: none
    bool sentence_ended;
    bool stopped;       // by a full stop, which may also be that of an abbreviation
    bool wants_space;   // or by another mark after which a sentence ends at white space only
    bool after_heading; // nothing came since
    struct split_path path;
};

// `text` is well-formed UTF-8, and outlives the scan.
void split_scan_init(struct split_scan *scan, const struct tokenizer *tokenizer, struct text text);
bool split_scan_next(struct split_scan *scan, struct split_piece *ret);

#endif
