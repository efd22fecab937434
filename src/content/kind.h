// SPDX-License-Identifier: Apache-2.0
//
// What an input is that is not JSON Lines, told once instead of one error for each of its lines.
//
//     const struct kind *kind = kind_of(head);
//     if (kind)
//         code = kind_refuse(kind, path, "JSON Lines", error);
//
// A guess by the beginning of the text. Where a line of it begins with "{", and the first of those
// is an object on one line, or broken, it is JSON Lines, maybe with bad lines in it.
#ifndef GROVE_CONTENT_KIND_H
#define GROVE_CONTENT_KIND_H

#include "base/error.h"
#include "base/text.h"

struct kind {
    const char *what; // "a PDF document"
    const char *hint; // what to do instead
};

// Of the first SOURCE_PIECE_BYTES of a text, or all of a shorter one. NULL where it may be JSON
// Lines, as nothing at all is.
const struct kind *kind_of(struct text head);

// The same of what is to be a table: NULL where it may be CSV or, with *ret_objects, JSON Lines.
const struct kind *kind_of_no_table(struct text head, bool *ret_objects);

// Sets GROVE_UNSUPPORTED: the input is of that kind, and not what was wanted.
enum grove_code kind_refuse(const struct kind *kind, const char *name, const char *wanted,
                            struct grove_error *error);

#endif
