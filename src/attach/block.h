// SPDX-License-Identifier: Apache-2.0
//
// An answer and its texts as one block, which grove_free gives back: first how much it has, then
// the copies.
//
//     struct block block = {0};
//     block_count(&block, text);                       // of each text
//     const char **made = block_begin(&block, sizeof *made);
//     if (made)
//         *made = block_copy(&block, text);            // NULL of a text without data
#ifndef GROVE_ATTACH_BLOCK_H
#define GROVE_ATTACH_BLOCK_H

#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/text.h"

struct block {
    size_t bytes; // of the copies
    char *at, *end;
};

static inline void block_count(struct block *block, struct text text)
{
    block->bytes += text.data ? text.length + 1 : 0;
}

// Zeroed. NULL: out of memory.
static inline void *block_begin(struct block *block, size_t size_bytes)
{
    char *made = mem_zalloc(size_bytes + block->bytes);
    block->at = made ? made + size_bytes : NULL;
    block->end = made ? block->at + block->bytes : NULL;
    return made;
}

static inline const char *block_copy(struct block *block, struct text text)
{
    char *copy = block->at;
    if (!text.data)
        return NULL;
    CHECK((size_t)(block->end - block->at) > text.length);
    if (text.length > 0)
        memcpy(copy, text.data, text.length);
    block->at += text.length + 1; // zeroed
    return copy;
}

#endif
