// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include "base/alloc.h"

static void *json_malloc(void *context, size_t size_bytes)
{
    (void)context;
    return mem_alloc(size_bytes);
}

static void *json_realloc(void *context, void *block, size_t old_bytes, size_t size_bytes)
{
    (void)context;
    (void)old_bytes;
    return mem_resize(block, size_bytes);
}

static void json_free(void *context, void *block)
{
    (void)context;
    mem_free(block);
}

const yyjson_alc *json_allocator(void)
{
    static const yyjson_alc allocator = {json_malloc, json_realloc, json_free, NULL};
    return &allocator;
}

void json_add_string(struct strbuf *buffer, struct text text)
{
    strbuf_add_char(buffer, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        strbuf_add_bytes(buffer, text.data + start, i - start);
        start = i + 1;
        switch (c) {
        case '"': strbuf_add(buffer, "\\\""); break;
        case '\\': strbuf_add(buffer, "\\\\"); break;
        case '\n': strbuf_add(buffer, "\\n"); break;
        case '\t': strbuf_add(buffer, "\\t"); break;
        case '\r': strbuf_add(buffer, "\\r"); break;
        default: strbuf_addf(buffer, "\\u%04x", c);
        }
    }
    strbuf_add_bytes(buffer, text.data + start, text.length - start);
    strbuf_add_char(buffer, '"');
}

void json_add_floats(struct strbuf *buffer, const float *values, size_t count)
{
    yyjson_mut_doc *document = yyjson_mut_doc_new(json_allocator());
    yyjson_mut_val *array = yyjson_mut_arr_with_float(document, values, count);
    yyjson_mut_doc_set_root(document, array);
    size_t length = 0;
    // NULL-tolerant all the way: any failed step makes the last one return NULL.
    char *text = array ? yyjson_mut_write_opts(document, YYJSON_WRITE_NOFLAG, json_allocator(),
                                               &length, NULL)
                       : NULL;
    if (text)
        strbuf_add_bytes(buffer, text, length);
    else
        buffer->failed = true;
    mem_free(text);
    yyjson_mut_doc_free(document);
}
