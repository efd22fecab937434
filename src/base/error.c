// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

static const struct grove_code_info code_table[] = {
    {GROVE_OK, "ok", 0, 200, "it worked"},
    {GROVE_INVALID, "invalid", 2, 400,
     "the input is not valid: an option, a value, a file's contents"},
    {GROVE_NOT_FOUND, "not_found", 3, 404, "a tree, path, file or row does not exist"},
    {GROVE_CONFLICT, "conflict", 4, 409, "it exists already, or a constraint forbids it"},
    {GROVE_DENIED, "denied", 5, 403, "permission or authentication"},
    {GROVE_UNSUPPORTED, "unsupported", 6, 501,
     "a server or file of a kind or version that does not work"},
    {GROVE_UNAVAILABLE, "unavailable", 7, 503, "a server cannot be reached, or went away"},
    {GROVE_TIMEOUT, "timeout", 8, 504, "it took longer than allowed"},
    {GROVE_CANCELLED, "cancelled", 130, 499, "stopped on request (Ctrl-C)"},
    {GROVE_LIMIT, "limit", 9, 413, "a bound was reached"},
    {GROVE_NO_MEMORY, "no_memory", 10, 503, "memory ran out"},
    {GROVE_IO, "io", 11, 500, "the file system: full disk, unwritable folder, short read"},
    {GROVE_CORRUPT, "corrupt", 12, 500, "stored data is damaged: wrong hash, truncated file"},
    {GROVE_DATABASE, "database", 13, 502, "PostgreSQL reported an error of another kind"},
    {GROVE_ENGINE, "engine", 14, 502, "the vector engine reported an error of another kind"},
    {GROVE_INTERNAL, "internal", 70, 500, "a bug in grove"},
};
static_assert(ARRAY_COUNT(code_table) == GROVE_CODE_COUNT, "one row for each code");

GROVE_API const struct grove_code_info *grove_code_info(enum grove_code code)
{
    if ((unsigned)code >= GROVE_CODE_COUNT)
        code = GROVE_INTERNAL;
    CHECK(code_table[code].code == code);
    return &code_table[code];
}

GROVE_API const char *grove_origin_name(enum grove_origin origin)
{
    switch (origin) {
    case GROVE_ORIGIN_GROVE: return "grove";
    case GROVE_ORIGIN_POSTGRES: return "postgres";
    case GROVE_ORIGIN_QDRANT: return "qdrant";
    case GROVE_ORIGIN_SYSTEM: return "system";
    }
    return "grove";
}

// Ends a text that vsnprintf may have cut before a half-written UTF-8 character.
static void trim_partial_character(char *text, size_t size_bytes)
{
    size_t length = strnlen(text, size_bytes);
    if (length + 1 < size_bytes)
        return;
    size_t start = length;
    while (start > 0 && length - start < 4) {
        unsigned char byte = (unsigned char)text[--start];
        if (byte < 0x80)
            return;
        if (byte >= 0xC0) {
            size_t wanted = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
            if (length - start < wanted)
                text[start] = '\0';
            return;
        }
    }
}

GROVE_PRINTF(3, 0)
static void format_into(char *text, size_t size_bytes, const char *format, va_list arguments)
{
    if (text_vformat(text, size_bytes, format, arguments) < 0)
        text[0] = '\0';
    trim_partial_character(text, size_bytes);
}

void error_clear(struct grove_error *error)
{
    memset(error, 0, sizeof *error);
}

static void start(struct grove_error *error, enum grove_code code)
{
    CHECK(code != GROVE_OK);
    error_clear(error);
    error->code = code;
    error->retry =
        code == GROVE_UNAVAILABLE || code == GROVE_TIMEOUT ? GROVE_RETRY_LATER : GROVE_RETRY_NEVER;
}

enum grove_code error_set(struct grove_error *error, enum grove_code code, const char *format, ...)
{
    start(error, code);
    va_list arguments;
    va_start(arguments, format);
    format_into(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return code;
}

static enum grove_code code_of_errno(int errno_value)
{
    switch (errno_value) {
    case EACCES:
    case EPERM:
    case EROFS: return GROVE_DENIED;
    case ENOMEM: return GROVE_NO_MEMORY;
    case ENOENT: return GROVE_NOT_FOUND;
    default: return GROVE_IO;
    }
}

enum grove_code error_set_errno(struct grove_error *error, int errno_value, const char *format, ...)
{
    start(error, code_of_errno(errno_value));
    error->origin = GROVE_ORIGIN_SYSTEM;
    va_list arguments;
    va_start(arguments, format);
    format_into(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    size_t length = strlen(error->message);
    snprintf(error->message + length, sizeof error->message - length, ": %s",
             text_of_errno(errno_value));
    trim_partial_character(error->message, sizeof error->message);
    if (errno_value == ENOSPC || errno_value == EDQUOT)
        error_hint(error,
                   "free some disk space and run the same command again; nothing is half-written");
    if (errno_value == EROFS)
        error_hint(error, "that file system takes no writes: make it writable, or have grove's "
                          "folder elsewhere (GROVE_HOME)");
    if (errno_value == EFBIG)
        error_hint(error, "a limit on the size of files (ulimit -f) forbids it: raise it, and run "
                          "the same command again; nothing is half-written");
    return error->code;
}

enum grove_code error_no_memory(struct grove_error *error, const char *what)
{
    return error_set(error, GROVE_NO_MEMORY, "could not allocate memory for %s", what);
}

void error_detail(struct grove_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_into(error->detail, sizeof error->detail, format, arguments);
    va_end(arguments);
}

void error_hint(struct grove_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_into(error->hint, sizeof error->hint, format, arguments);
    va_end(arguments);
}

void error_context(struct grove_error *error, const char *format, ...)
{
    size_t length = strlen(error->context);
    if (length > 0 && length + 2 < sizeof error->context) {
        memcpy(error->context + length, "; ", 3);
        length += 2;
    }
    va_list arguments;
    va_start(arguments, format);
    format_into(error->context + length, sizeof error->context - length, format, arguments);
    va_end(arguments);
}
