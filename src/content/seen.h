// SPDX-License-Identifier: Apache-2.0
//
// The contents that an input has had already, to tell duplicates: a hash table with open
// addressing over digests, 32 bytes a line, bounded.
#ifndef GROVE_CONTENT_SEEN_H
#define GROVE_CONTENT_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SEEN_MAX = 20 * 1000 * 1000 };

struct seen_entry {
    unsigned char key[16];
    uint32_t file;
    uint32_t line; // 0: free
};

struct seen {
    struct seen_entry *entries;
    size_t capacity; // a power of two, or 0
    size_t count;
};

void seen_init(struct seen *seen);
void seen_release(struct seen *seen);
void seen_clear(struct seen *seen);

// *ret_earlier: NULL when the key is new (then it is remembered), else where it was.
enum grove_code seen_add(struct seen *seen, const unsigned char key[static 16], uint32_t file,
                         uint32_t line, const struct seen_entry **ret_earlier,
                         struct grove_error *error);

#endif
