// SPDX-License-Identifier: Apache-2.0
//
// Requests and reports of programs that were compiled with another version of grove/grove.h. Each
// request begins with its size, that of a report comes beside it; members are added at the end
// only, and what a program does not know is zero, "the default".
//
//     struct grove_search_request copy;
//     code = REQUEST_TAKE(&copy, request, error);
//     code = OPTIONAL_REQUEST_TAKE(&copy, request, error); // NULL: everything is the default
//
// Threads: any.
#ifndef GROVE_API_REQUEST_H
#define GROVE_API_REQUEST_H

#include <stddef.h>

#include "base/error.h"

// Copies a request of `given_bytes` (0: what this version has) into one of `known_bytes`; NULL is
// all zero. What it has beyond those must be zero: else it asks for what this library does not do,
// which is GROVE_UNSUPPORTED. A size that no version had is GROVE_INVALID.
enum grove_code request_take(void *ret, size_t known_bytes, const void *given, size_t given_bytes,
                             struct grove_error *error);

// Copies a report of `known_bytes` to a caller who has room for `given_bytes`. What he has beyond
// ours becomes zero. `ret` may be NULL.
void report_give(void *ret, size_t given_bytes, const void *report, size_t known_bytes);

#define REQUEST_TAKE(ret, given, error)                                                            \
    request_take(ret, sizeof *(ret), given, (given)->size_bytes, error)
#define OPTIONAL_REQUEST_TAKE(ret, given, error)                                                   \
    request_take(ret, sizeof *(ret), given, (given) ? (given)->size_bytes : 0, error)

#endif
