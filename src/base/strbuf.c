// SPDX-License-Identifier: Apache-2.0
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"

static char empty_string[1];

void strbuf_init(struct strbuf *buffer, size_t bytes_max)
{
    *buffer = (struct strbuf){.data = empty_string, .bytes_max = bytes_max};
}

void strbuf_release(struct strbuf *buffer)
{
    if (buffer->size_bytes > 0)
        mem_free(buffer->data);
    strbuf_init(buffer, buffer->bytes_max);
}

void strbuf_wipe(struct strbuf *buffer)
{
    if (buffer->data)
        explicit_bzero(buffer->data, buffer->size_bytes);
    strbuf_release(buffer);
}

void strbuf_clear(struct strbuf *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
    if (buffer->size_bytes > 0)
        buffer->data[0] = '\0';
}

char *strbuf_reserve(struct strbuf *buffer, size_t size_bytes)
{
    CHECK(buffer->data);
    if (buffer->failed)
        return NULL;
    if (size_bytes >= buffer->bytes_max || buffer->length > buffer->bytes_max - size_bytes - 1) {
        buffer->failed = true;
        return NULL;
    }
    size_t wanted = buffer->length + size_bytes + 1;
    if (wanted > buffer->size_bytes) {
        size_t grown = buffer->size_bytes < 64 ? 64 : buffer->size_bytes * 2;
        if (grown < wanted)
            grown = wanted;
        char *data = mem_resize(buffer->size_bytes > 0 ? buffer->data : NULL, grown);
        if (!data) {
            buffer->failed = true;
            return NULL;
        }
        buffer->data = data;
        buffer->size_bytes = grown;
        data[buffer->length] = '\0';
    }
    return buffer->data + buffer->length;
}

void strbuf_advance(struct strbuf *buffer, size_t size_bytes)
{
    CHECK(buffer->length + size_bytes < buffer->size_bytes);
    buffer->length += size_bytes;
    buffer->data[buffer->length] = '\0';
}

void strbuf_add_bytes(struct strbuf *buffer, const void *bytes, size_t size_bytes)
{
    char *room = strbuf_reserve(buffer, size_bytes);
    if (!room || size_bytes == 0)
        return;
    memcpy(room, bytes, size_bytes);
    strbuf_advance(buffer, size_bytes);
}

void strbuf_add(struct strbuf *buffer, const char *string)
{
    strbuf_add_bytes(buffer, string, strlen(string));
}

void strbuf_add_text(struct strbuf *buffer, struct text text)
{
    strbuf_add_bytes(buffer, text.data, text.length);
}

void strbuf_add_char(struct strbuf *buffer, char c)
{
    strbuf_add_bytes(buffer, &c, 1);
}

void strbuf_add_base64(struct strbuf *buffer, const void *bytes, size_t size_bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = bytes;
    size_t length = (size_bytes + 2) / 3 * 4;
    char *to = strbuf_reserve(buffer, length);
    if (!to)
        return;
    for (size_t i = 0; i < size_bytes; i += 3) {
        size_t left = size_bytes - i;
        unsigned bits = (unsigned)from[i] << 16 | (left > 1 ? (unsigned)from[i + 1] << 8 : 0U) |
                        (left > 2 ? from[i + 2] : 0U);
        *to++ = digits[bits >> 18];
        *to++ = digits[bits >> 12 & 63];
        *to++ = left > 1 ? digits[bits >> 6 & 63] : '=';
        *to++ = left > 2 ? digits[bits & 63] : '=';
    }
    strbuf_advance(buffer, length);
}

void strbuf_addf(struct strbuf *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = text_vformat(NULL, 0, format, arguments);
    va_end(arguments);
    char *room = length < 0 ? NULL : strbuf_reserve(buffer, (size_t)length);
    if (room) {
        text_vformat(room, (size_t)length + 1, format, again);
        strbuf_advance(buffer, (size_t)length);
    }
    va_end(again);
}
