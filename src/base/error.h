// SPDX-License-Identifier: Apache-2.0
//
// Filling in a `struct grove_error` (see grove/error.h for its contract).
//
//     if (dimension != 384)
//         return error_set(error, GROVE_INVALID, "vector of \"%s\" has %zu numbers, not 384",
//                          title, dimension);
//
// The first failure wins: `error_set` starts afresh, and outer layers only add to it with
// `error_context` and, where it has none, `error_hint`. Text that does not fit is cut at a whole
// UTF-8 character.
#ifndef GROVE_BASE_ERROR_H
#define GROVE_BASE_ERROR_H

#include "base/attr.h"
#include "grove/error.h"

// Resets *error, sets code and message, and returns `code`, so that it can be returned directly.
// The retry class starts as the code's usual one: LATER for UNAVAILABLE and TIMEOUT.
enum grove_code error_set(struct grove_error *error, enum grove_code code, const char *format, ...)
    GROVE_PRINTF(3, 4);

// The same, ending in ": " and the text of `errno_value`; origin is the system. EACCES and EPERM
// make GROVE_DENIED, ENOMEM makes GROVE_NO_MEMORY, ENOENT makes GROVE_NOT_FOUND, anything else
// GROVE_IO. A full disk gets a hint of its own.
enum grove_code error_set_errno(struct grove_error *error, int errno_value, const char *format, ...)
    GROVE_PRINTF(3, 4);

// Out of memory, with what it was wanted for.
enum grove_code error_no_memory(struct grove_error *error, const char *what);

void error_detail(struct grove_error *error, const char *format, ...) GROVE_PRINTF(2, 3);
void error_hint(struct grove_error *error, const char *format, ...) GROVE_PRINTF(2, 3);

// Appends "; " and the text to the trail of contexts: "while loading batch 17".
void error_context(struct grove_error *error, const char *format, ...) GROVE_PRINTF(2, 3);

// Empties *error.
void error_clear(struct grove_error *error);

#endif
