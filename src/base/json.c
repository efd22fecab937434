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

void json_add_any_string(struct strbuf *buffer, struct text text)
{
    struct strbuf valid;
    if (text_utf8_error(text) == text.length) {
        json_add_string(buffer, text);
        return;
    }
    strbuf_init(&valid, text.length * 4 + 16);
    while (text.length > 0) {
        size_t length = text_utf8_error(text);
        strbuf_add_bytes(&valid, text.data, length);
        text = (struct text){text.data + length, text.length - length};
        if (text.length == 0)
            break;
        strbuf_addf(&valid, "\\x%02x", (unsigned char)text.data[0]);
        text = (struct text){text.data + 1, text.length - 1};
    }
    buffer->failed |= valid.failed;
    json_add_string(buffer, strbuf_text(&valid));
    strbuf_release(&valid);
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
