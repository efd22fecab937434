// SPDX-License-Identifier: Apache-2.0
//
// What grove adds to yyjson: its allocator, and reading fields by name with the errors we give.
//
//     yyjson_doc *document = yyjson_read_opts(data, length, 0, json_allocator(), NULL);
//
// yyjson's arrays and objects are linked lists: iterate, never index.
#ifndef GROVE_BASE_JSON_H
#define GROVE_BASE_JSON_H

#include <yyjson.h>

#include "base/strbuf.h"
#include "base/text.h"

// Goes through mem_*, so that fault tests reach it. Never NULL; lives as long as the process.
const yyjson_alc *json_allocator(void);

// The string of a JSON string value; { NULL, 0 } for any other kind or NULL.
static inline struct text json_text(yyjson_val *value)
{
    return (struct text){yyjson_get_str(value), yyjson_get_len(value)};
}

// Appends `text`, which must be well-formed UTF-8, as a JSON string with its quotes.
void json_add_string(struct strbuf *buffer, struct text text);

// The same of any bytes: what is no UTF-8 is written out, as "\\xff".
void json_add_any_string(struct strbuf *buffer, struct text text);

// Appends `count` finite numbers as a JSON array, each as the shortest decimal that reads back as
// the same float32.
void json_add_floats(struct strbuf *buffer, const float *values, size_t count);

#endif
