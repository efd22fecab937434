// SPDX-License-Identifier: Apache-2.0
//
// The classes of code points that BERT's text normalisation tells apart, as the reference
// tokenizer has them; see unicode.c for why they are not utf8proc's.
//
// `code_point` is in 0..0x10ffff. Pure functions: any thread.
#ifndef GROVE_EMBED_UNICODE_H
#define GROVE_EMBED_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

// Asked of the text as it came, in this order.
bool unicode_is_removed(int32_t code_point);
bool unicode_is_space(int32_t code_point);
bool unicode_is_ideograph(int32_t code_point); // a word of its own

// Asked after canonical decomposition.
bool unicode_is_mark(int32_t code_point);        // an accent: dropped
bool unicode_is_punctuation(int32_t code_point); // a word of its own

#endif
