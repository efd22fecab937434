// SPDX-License-Identifier: Apache-2.0
//
// The bounds of what a query may ask for.
#ifndef GROVE_QUERY_LIMITS_H
#define GROVE_QUERY_LIMITS_H

#include "base/check.h"
#include "base/error.h"
#include "grove/grove.h"

// 0 stands for the default.
static inline enum grove_code limit_check(unsigned limit, unsigned otherwise, unsigned *ret,
                                          struct grove_error *error)
{
    CHECK(otherwise > 0);
    CHECK(otherwise <= GROVE_LIMIT_MAX);
    if (limit > GROVE_LIMIT_MAX) {
        error_set(error, GROVE_INVALID, "a limit of %u rows is too high, at most %d", limit,
                  GROVE_LIMIT_MAX);
        error_hint(error, "ask for pages, or use grove psql for bulk reads");
        return GROVE_INVALID;
    }
    *ret = limit ? limit : otherwise;
    return GROVE_OK;
}

#endif
