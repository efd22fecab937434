// SPDX-License-Identifier: Apache-2.0
#include "api/request.h"

#include <stdbool.h>
#include <string.h>

#include "base/check.h"

enum { LEAST_BYTES = 2 * sizeof(size_t), MOST_BYTES = 4096 };

static bool is_zero(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i])
            return false;
    return true;
}

enum grove_code request_take(void *ret, size_t known_bytes, const void *given, size_t given_bytes,
                             struct grove_error *error)
{
    size_t bytes = given_bytes == 0 ? known_bytes : given_bytes;
    CHECK(known_bytes >= LEAST_BYTES);
    CHECK(known_bytes <= MOST_BYTES);
    if (bytes < LEAST_BYTES || bytes > MOST_BYTES)
        return error_set(error, GROVE_INVALID,
                         "a request says that it has %zu bytes; size_bytes is sizeof the struct, "
                         "or 0",
                         given_bytes);
    if (bytes > known_bytes && !is_zero((const char *)given + known_bytes, bytes - known_bytes)) {
        error_set(error, GROVE_UNSUPPORTED,
                  "the request has members that grove " GROVE_VERSION " does not know");
        error_hint(error, "the program was compiled for a newer version of grove: install that");
        return GROVE_UNSUPPORTED;
    }
    size_t copied = bytes < known_bytes ? bytes : known_bytes;
    memset(ret, 0, known_bytes);
    if (given)
        memcpy(ret, given, copied);
    return GROVE_OK;
}

void report_give(void *ret, size_t given_bytes, const void *report, size_t known_bytes)
{
    size_t copied = given_bytes < known_bytes ? given_bytes : known_bytes;
    if (!ret)
        return;
    memcpy(ret, report, copied);
    memset((char *)ret + copied, 0, given_bytes - copied);
}
