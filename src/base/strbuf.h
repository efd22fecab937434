// SPDX-License-Identifier: Apache-2.0
//
// A text that grows, with a maximum given at birth. Appending returns nothing: once memory or
// the maximum is exceeded the buffer is `failed`, further appends do nothing, and whoever takes
// the text checks once.
//
//     struct strbuf sql;
//     strbuf_init(&sql, 1 << 20);
//     strbuf_add(&sql, "SELECT ");
//     strbuf_addf(&sql, "%d", 1);
//     if (sql.failed)
//         code = error_no_memory(error, "the statement");
//     use(sql.data, sql.length);      // always ends in NUL; "" when nothing was appended
//     strbuf_release(&sql);
#ifndef GROVE_BASE_STRBUF_H
#define GROVE_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/text.h"

struct strbuf {
    char *data;
    size_t length;
    size_t size_bytes; // 0 while `data` is the shared empty string
    size_t bytes_max;
    bool failed;
};

// Allocates nothing.
void strbuf_init(struct strbuf *buffer, size_t bytes_max);
void strbuf_release(struct strbuf *buffer);
// Of a secret: overwrites what it holds first.
void strbuf_wipe(struct strbuf *buffer);
// Empty and not failed, with its memory kept for the next use.
void strbuf_clear(struct strbuf *buffer);

void strbuf_add(struct strbuf *buffer, const char *string);
void strbuf_add_text(struct strbuf *buffer, struct text text);
void strbuf_add_bytes(struct strbuf *buffer, const void *bytes, size_t size_bytes);
void strbuf_add_char(struct strbuf *buffer, char c);
// As RFC 4648 has it, with padding.
void strbuf_add_base64(struct strbuf *buffer, const void *bytes, size_t size_bytes);
void strbuf_addf(struct strbuf *buffer, const char *format, ...) GROVE_PRINTF(2, 3);
// Makes room for `size_bytes` more and returns where they go, or NULL when failed; the caller
// then adds what it wrote with strbuf_advance.
char *strbuf_reserve(struct strbuf *buffer, size_t size_bytes);
void strbuf_advance(struct strbuf *buffer, size_t size_bytes);

static inline struct text strbuf_text(const struct strbuf *buffer)
{
    return (struct text){buffer->data, buffer->length};
}

#endif
