// SPDX-License-Identifier: Apache-2.0
#include "commands/shape.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "grove/grove.h"

// A value of the member, at its place in the struct.
#define VALUE(type, at) (*(const type *)(at))

static void add_text(struct strbuf *out, const char *value)
{
    if (value)
        json_add_any_string(out, text_of(value));
    else
        strbuf_add(out, "null");
}

static void add_integer(struct strbuf *out, int64_t value)
{
    if (value == GROVE_NULL)
        strbuf_add(out, "null");
    else
        strbuf_addf(out, "%lld", (long long)value);
}

static void add_number(struct strbuf *out, double value, int decimals)
{
    if (isfinite(value))
        strbuf_addf(out, "%.*f", decimals, value);
    else
        strbuf_add(out, "null");
}

static void add_time(struct strbuf *out, int64_t timestamp_us)
{
    char text[CLOCK_RFC3339_SIZE];
    if (timestamp_us != GROVE_NULL)
        clock_format_rfc3339(timestamp_us, text);
    add_text(out, timestamp_us != GROVE_NULL ? text : NULL);
}

static void add_word(struct strbuf *out, const char *words, unsigned which)
{
    struct text rest = text_of(words), word = {0};
    for (unsigned i = 0; i <= which; i++) {
        bool is_there = rest.length > 0 && text_split(&rest, ' ', &word);
        CHECK(is_there); // the enumeration has grown, and the words have not
    }
    json_add_string(out, word);
}

static void add_integers(struct strbuf *out, const int32_t *values, size_t count)
{
    strbuf_add_char(out, '[');
    for (size_t i = 0; i < count; i++)
        strbuf_addf(out, "%s%d", i ? "," : "", (int)values[i]);
    strbuf_add_char(out, ']');
}

static void add_list(struct strbuf *out, const struct shape *shape, const char *first, size_t count,
                     const char *const *beside)
{
    CHECK(shape->size_bytes > 0);
    strbuf_add_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        strbuf_add(out, i ? "," : "");
        shape_add_beside(out, shape, first + i * shape->size_bytes, beside ? beside[i] : NULL);
    }
    strbuf_add_char(out, ']');
}

static void add_value(struct strbuf *out, const struct shape_member *member, const char *object)
{
    const char *at = object + member->offset;
    const char *count_at = object + member->count_offset;
    switch (member->kind) {
    case SHAPE_TEXT: add_text(out, VALUE(char *, at)); break;
    case SHAPE_BOOL: strbuf_add(out, VALUE(bool, at) ? "true" : "false"); break;
    case SHAPE_INT32: add_integer(out, VALUE(int32_t, at)); break;
    case SHAPE_UNSIGNED: add_integer(out, VALUE(unsigned, at)); break;
    case SHAPE_INT64: add_integer(out, VALUE(int64_t, at)); break;
    case SHAPE_NUMBER: add_number(out, VALUE(double, at), member->decimals); break;
    case SHAPE_TIME: add_time(out, VALUE(int64_t, at)); break;
    case SHAPE_WORD: add_word(out, member->words, VALUE(unsigned, at)); break;
    case SHAPE_INT32S: add_integers(out, VALUE(int32_t *, at), VALUE(size_t, count_at)); break;
    case SHAPE_FLOATS: json_add_floats(out, VALUE(float *, at), VALUE(size_t, count_at)); break;
    case SHAPE_JSON: strbuf_add(out, VALUE(char *, at)); break;
    case SHAPE_OBJECT: shape_add(out, member->shape, at); break;
    case SHAPE_POINTER:
        if (VALUE(char *, at))
            shape_add(out, member->shape, VALUE(char *, at));
        else
            strbuf_add(out, "null");
        break;
    case SHAPE_LIST:
        add_list(out, member->shape, VALUE(char *, at), VALUE(size_t, count_at),
                 member->beside_offset ? VALUE(char *const *, object + member->beside_offset)
                                       : NULL);
        break;
    case SHAPE_BESIDE:
    case SHAPE_MEMBERS:
    case SHAPE_END: CHECK(false);
    }
}

static void add_members(struct strbuf *out, const struct shape *shape, const char *object,
                        const char *beside)
{
    for (const struct shape_member *member = shape->members; member->kind; member++) {
        if (member->present && !member->present(object))
            continue;
        if (member->kind == SHAPE_MEMBERS) {
            add_members(out, member->shape, object + member->offset, beside);
            continue;
        }
        if (out->length > 0 && out->data[out->length - 1] != '{')
            strbuf_add_char(out, ',');
        json_add_string(out, text_of(member->name));
        strbuf_add_char(out, ':');
        if (member->kind != SHAPE_BESIDE)
            add_value(out, member, object);
        else if (beside)
            shape_add(out, member->shape, beside);
        else
            strbuf_add(out, "null");
    }
}

void shape_add_beside(struct strbuf *out, const struct shape *shape, const void *object,
                      const void *beside)
{
    CHECK(object);
    strbuf_add_char(out, '{');
    add_members(out, shape, object, beside);
    strbuf_add_char(out, '}');
}

void shape_add(struct strbuf *out, const struct shape *shape, const void *object)
{
    shape_add_beside(out, shape, object, NULL);
}
