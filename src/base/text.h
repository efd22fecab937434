// SPDX-License-Identifier: Apache-2.0
//
// Text as (pointer, length). A `struct text` borrows: whoever made the bytes owns them.
// It need not end in NUL, and may hold NUL bytes until something has refused them.
#ifndef GROVE_BASE_TEXT_H
#define GROVE_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

struct text {
    const char *data; // never NULL where length > 0
    size_t length;    // in bytes
};

// For "%.*s".
#define TEXT_ARGS(t) (int)(t).length, (t).data

static inline struct text text_of(const char *string)
{
    return (struct text){string, string ? strlen(string) : 0};
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

// Letters of ASCII in either case; others as they are.
bool text_equal_caseless(struct text a, struct text b);

bool text_starts_with(struct text text, const char *prefix);

// Without the white space (ASCII) at both ends.
struct text text_trim(struct text text);

// Without the byte order mark before it, where one is.
struct text text_without_mark(struct text text);

// Takes the part of *rest up to `separator` off, and the separator with it. False: nothing left.
bool text_split(struct text *rest, char separator, struct text *ret_part);

// The offset of the first byte that is not well-formed UTF-8 (RFC 3629: no surrogates, nothing
// above U+10FFFF, no overlong forms), or text.length when all is well.
size_t text_utf8_error(struct text text);

// Code points of well-formed UTF-8.
size_t text_characters(struct text text);

// Words as `wc -w` counts them: runs without ASCII white space.
size_t text_words(struct text text);

// --- whatever the locale ---
//
// A host may have called setlocale: then the C library writes 0,5 for a half, and its reasons in
// the language of that place. What follows does neither.

// A whole decimal number with optional sign and nothing else; false when it is not one or does
// not fit.
bool text_to_int64(struct text text, int64_t *ret_value) GROVE_MUST_CHECK;
bool text_to_double(struct text text, double *ret_value) GROVE_MUST_CHECK;

// As snprintf and vsnprintf. What has no number with a fraction in it may take snprintf itself.
int text_format(char *buffer, size_t size_bytes, const char *format, ...) GROVE_PRINTF(3, 4);
int text_vformat(char *buffer, size_t size_bytes, const char *format, va_list arguments)
    GROVE_PRINTF(3, 0);

// What the system calls a value of errno; lives until this thread asks again.
const char *text_of_errno(int errno_value);

#endif
