// SPDX-License-Identifier: Apache-2.0
//
// The text is the kind and 40 hexadecimal digits: fingerprint, key, id. Short enough to paste,
// and nothing in it needs quoting in a shell or a URL.
#include "query/cursor.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"

enum { DIGITS = 40 };
static_assert(DIGITS == 2 * (sizeof(uint64_t) + sizeof(int64_t) + sizeof(int32_t)),
              "two digits for each byte of fingerprint, key and id");

static bool is_kind(char kind)
{
    return kind == 'b' || kind == 'd';
}

char *cursor_format(struct arena *arena, const struct cursor *cursor)
{
    CHECK(is_kind(cursor->kind));
    char *text = arena_printf(arena, "%c%016llx%016llx%08x", cursor->kind,
                              (unsigned long long)cursor->fingerprint,
                              (unsigned long long)cursor->key, (unsigned)cursor->content_id);
    CHECK(!text || strlen(text) == DIGITS + 1);
    return text;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex(const char **string, int digits, uint64_t *ret)
{
    CHECK(digits > 0);
    CHECK(digits <= 2 * (int)sizeof(uint64_t));
    uint64_t value = 0;
    for (int i = 0; i < digits; i++) {
        int digit = digit_value((*string)[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (unsigned)digit;
    }
    *string += digits;
    *ret = value;
    return true;
}

enum grove_code cursor_parse(const char *string, char kind, uint64_t fingerprint,
                             struct cursor *ret, struct grove_error *error)
{
    CHECK(string);
    CHECK(is_kind(kind));
    uint64_t query, key, id;
    const char *rest = string + 1;
    if (strnlen(string, DIGITS + 2) != DIGITS + 1 || string[0] != kind ||
        !take_hex(&rest, 16, &query) || !take_hex(&rest, 16, &key) || !take_hex(&rest, 8, &id)) {
        error_set(error, GROVE_INVALID, "\"%.60s\" is not a cursor of this kind of query", string);
        error_hint(error, "take next_cursor of the page before as it is");
        return GROVE_INVALID;
    }
    CHECK(rest == string + DIGITS + 1);
    CHECK(id <= UINT32_MAX);
    if (query != fingerprint) {
        error_set(error, GROVE_INVALID, "the cursor belongs to another query");
        error_hint(error, "repeat the text and the filters of the page before, or leave the cursor "
                          "out to begin anew");
        return GROVE_INVALID;
    }
    *ret = (struct cursor){kind, query, (int64_t)key, (int32_t)(uint32_t)id};
    return GROVE_OK;
}
