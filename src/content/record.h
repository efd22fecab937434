// SPDX-License-Identifier: Apache-2.0
//
// One line of JSON Lines as a content, or a document, with its place in a tree, checked field by
// field.
//
//     struct record record;
//     struct record_problem problem;
//     if (record_parse(line, &trees, arena, &record, &problem) == RECORD_BAD)
//         report(problem.field, problem.reason);
//
// Texts of a record are copies in the arena, which may have some of a bad line, too. Nothing here
// needs a server: the trees are given.
#ifndef GROVE_CONTENT_RECORD_H
#define GROVE_CONTENT_RECORD_H

#include "base/arena.h"
#include "base/text.h"

// Of which Latin-1 is a part, as far as it has characters.
#define RECORD_CONVERT "\"iconv -f WINDOWS-1252 -t UTF-8\" converts a file from Latin-1"

enum {
    RECORD_BODY_BYTES_MAX = 1 << 20,
    RECORD_DOCUMENT_BYTES_MAX = 4 << 20,
    RECORD_VECTOR_SIZE = 384,
    RECORD_REASON_SIZE = 400,
};

// A tree that contents may be loaded into.
struct record_tree {
    struct text tree;
    struct text hierarchy_table;
};

struct record_trees {
    const struct record_tree *items;
    size_t count;
};

struct record {
    const struct record_tree *tree;
    struct text branch;
    struct text limb;
    struct text leaf;
    struct text content_type;
    struct text title;
    struct text summary; // made from the body where none was given
    struct text body;    // {NULL, 0}: none
    int32_t chunk_number;
    int32_t word_count;
    int64_t created_at_us; // INT64_MIN: not given
    const float *vector;   // [RECORD_VECTOR_SIZE], or NULL
    // A document: its body is of any length, and it has no summary and no number. With a vector it
    // is one chunk, which that is of. {NULL, 0}: none
    struct text document; // its key
    struct text source;   // "" where none was given
    struct text url;      // {NULL, 0}: none
    struct text metadata; // a JSON object
};

struct record_problem {
    const char *field; // "" for the line as a whole; a literal
    char reason[RECORD_REASON_SIZE];
    bool cut; // the line ends too early, and could be the beginning of a good one
};

enum record_verdict { RECORD_GOOD, RECORD_BAD, RECORD_NO_MEMORY };

enum record_verdict record_parse(struct text line, const struct record_trees *trees,
                                 struct arena *arena, struct record *ret,
                                 struct record_problem *ret_problem);

// The same with its texts in another arena; false: out of memory.
bool record_copy(const struct record *record, struct arena *arena,
                 struct record *ret) GROVE_MUST_CHECK;

// Whether records have a field of that name.
bool record_has_field(struct text name);

// The first characters of a text, ending at a word and in "…" where it is longer; white space
// becomes single spaces. False: out of memory.
bool record_summarise(struct text body, struct arena *arena, struct text *ret) GROVE_MUST_CHECK;

// What makes two lines the same content, or document, as a digest.
void record_key(const struct record *record, unsigned char ret_key[static 16]);

#endif
