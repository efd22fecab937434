// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal_caseless(struct text a, struct text b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

bool text_starts_with(struct text text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length >= length && memcmp(text.data, prefix, length) == 0;
}

struct text text_trim(struct text text)
{
    while (text.length > 0 && is_space(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && is_space(text.data[text.length - 1]))
        text.length--;
    return text;
}

struct text text_without_mark(struct text text)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t length = text_starts_with(text, mark) ? sizeof mark - 1 : 0;
    return length == 0 ? text : (struct text){text.data + length, text.length - length};
}

bool text_split(struct text *rest, char separator, struct text *ret_part)
{
    if (!rest->data)
        return false;
    const char *end = rest->length ? memchr(rest->data, separator, rest->length) : NULL;
    if (!end) {
        *ret_part = *rest;
        *rest = (struct text){0};
        return true;
    }
    size_t length = (size_t)(end - rest->data);
    *ret_part = (struct text){rest->data, length};
    *rest = (struct text){end + 1, rest->length - length - 1};
    return true;
}

// How many bytes the well-formed character at the start of `bytes` has; 0 when there is none.
static size_t character_bytes(const unsigned char *bytes, size_t available)
{
    unsigned char first = bytes[0];
    if (first < 0x80)
        return 1;
    size_t wanted = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || available < wanted)
        return 0;
    for (size_t i = 1; i < wanted; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    // The second byte's range rules out overlong forms, surrogates and what is past U+10FFFF.
    unsigned char second = bytes[1];
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
        return 0;
    return wanted;
}

size_t text_utf8_error(struct text text)
{
    size_t offset = 0;
    while (offset < text.length) {
        size_t step =
            character_bytes((const unsigned char *)text.data + offset, text.length - offset);
        if (step == 0)
            break;
        offset += step;
    }
    return offset;
}

size_t text_characters(struct text text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

size_t text_words(struct text text)
{
    size_t count = 0;
    bool inside = false;
    for (size_t i = 0; i < text.length; i++) {
        bool space = is_space(text.data[i]);
        count += !space && !inside;
        inside = !space;
    }
    return count;
}

bool text_to_int64(struct text text, int64_t *ret_value)
{
    bool negative = text.length > 0 && text.data[0] == '-';
    size_t start = text.length > 0 && (negative || text.data[0] == '+');
    if (start == text.length)
        return false;
    int64_t value = 0;
    for (size_t i = start; i < text.length; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_sub_overflow(value, (int64_t)digit, &value)) // downwards: fits INT64_MIN
            return false;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *ret_value = negative ? value : -value;
    return true;
}

// NULL where there is none, which glibc does not let happen: then the process's own stands.
static locale_t plain_locale(void)
{
    static locale_t kept;
    locale_t plain = __atomic_load_n(&kept, __ATOMIC_ACQUIRE);
    if (!plain) {
        // Two threads may make one each; the loser's stays unused, once per process at most.
        plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
        __atomic_store_n(&kept, plain, __ATOMIC_RELEASE);
    }
    return plain;
}

bool text_to_double(struct text text, double *ret_value)
{
    char copy[64];
    locale_t plain = plain_locale();
    if (!plain || text.length == 0 || text.length >= sizeof copy || is_space(text.data[0]))
        return false;
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    char *end;
    double value = strtod_l(copy, &end, plain);
    if (end != copy + text.length || !isfinite(value))
        return false;
    *ret_value = value;
    return true;
}

int text_vformat(char *buffer, size_t size_bytes, const char *format, va_list arguments)
{
    // Of this thread alone.
    locale_t before = uselocale(plain_locale());
    int length = vsnprintf(buffer, size_bytes, format, arguments);
    uselocale(before);
    return length;
}

int text_format(char *buffer, size_t size_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = text_vformat(buffer, size_bytes, format, arguments);
    va_end(arguments);
    return length;
}

const char *text_of_errno(int errno_value)
{
    locale_t plain = plain_locale();
    const char *reason = plain ? strerror_l(errno_value, plain) : NULL;
    return reason ? reason : "unknown error";
}
