// SPDX-License-Identifier: Apache-2.0
//
// Page cursors: opaque to the user, tied to the query they came from.
//
// A cursor names the last row of its page by what rows are ordered by, so that the next page
// begins behind it whatever was inserted or deleted meanwhile.
#ifndef GROVE_QUERY_CURSOR_H
#define GROVE_QUERY_CURSOR_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct cursor {
    char kind;            // 'b' browse, 'd' discover
    uint64_t fingerprint; // of the query
    int64_t key;          // browse: created_at, as pg_timestamp_key; discover: the score's bits
    int32_t content_id;
};

// NULL: out of memory.
char *cursor_format(struct arena *arena, const struct cursor *cursor);

// GROVE_INVALID where it is not a cursor, or one of another kind or query.
enum grove_code cursor_parse(const char *string, char kind, uint64_t fingerprint,
                             struct cursor *ret, struct grove_error *error);

#endif
