// SPDX-License-Identifier: Apache-2.0
//
// BERT's uncased normalisation, one code point at a time: control characters go, white space
// becomes U+0020, ideographs get spaces around them, then canonical decomposition (NFD), accents
// go, lower case.
//
//     struct normalizer normalizer;
//     normalizer_init(&normalizer, text);
//     while (normalizer_next(&normalizer, &code_point))
//         ...
//
// Borrows the text, allocates nothing, and reads no further than it must, so that the first 256
// tokens of a long text cost no more than those of a short one. Threads: one at a time.
#ifndef GROVE_EMBED_NORMALIZE_H
#define GROVE_EMBED_NORMALIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { NORMALIZER_QUEUE = 144 };

struct normalizer {
    struct text rest;
    // queue[head..ready-1] are final; queue[ready..count-1] are combining characters that one
    // still to come may have to go before.
    size_t head, ready, count;
    int32_t queue[NORMALIZER_QUEUE];
};

// `text` must be well-formed UTF-8.
void normalizer_init(struct normalizer *self, struct text text);

// False: the text is at its end.
bool normalizer_next(struct normalizer *self, int32_t *ret_code_point);

#endif
