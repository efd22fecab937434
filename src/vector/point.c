// SPDX-License-Identifier: Apache-2.0
#include "vector/point.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "vector/direction.h"
#include "vector/filter.h"

// Of a payload: grove writes ten.
enum { FIELDS_MAX = 64 };

static void add_nullable(struct strbuf *body, const char *name, int64_t value)
{
    if (value == VECTOR_NONE)
        strbuf_addf(body, ",\"%s\":null", name);
    else
        strbuf_addf(body, ",\"%s\":%lld", name, (long long)value);
}

void point_direction(const float *vector, float ret[static VECTOR_DIMENSION])
{
    double direction[VECTOR_DIMENSION];
    enum direction_verdict verdict = direction_of(vector, direction);
    CHECK(verdict == DIRECTION_GOOD); // its callers have refused others
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        ret[i] = (float)direction[i];
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packed numbers go as they are");

void point_add_vector(struct strbuf *body, const float *vector, bool packed)
{
    float numbers[VECTOR_DIMENSION];
    point_direction(vector, numbers);
    if (!packed) {
        json_add_floats(body, numbers, VECTOR_DIMENSION);
        return;
    }
    strbuf_add(body, "{\"base64\":\"");
    strbuf_add_base64(body, numbers, sizeof numbers);
    strbuf_add(body, "\"}");
}

// The fields in the order of their names: digests of points count on it (vector/fingerprint.h).
void point_add_payload(struct strbuf *body, const struct vector_point *point)
{
    strbuf_add_char(body, '{');
    if (point->branch_id > 0)
        strbuf_addf(body, "\"branch_id\":%d,", point->branch_id);
    strbuf_add(body, "\"chunk_number\":");
    if (point->chunk_number == VECTOR_NONE)
        strbuf_add(body, "null");
    else
        strbuf_addf(body, "%lld", (long long)point->chunk_number);
    strbuf_addf(body, ",\"content_id\":%d,\"content_type\":", point->content_id);
    json_add_string(body, point->content_type);
    if (point->created_at_us != VECTOR_NONE) {
        char created_at[CLOCK_RFC3339_SIZE];
        clock_format_rfc3339(filter_clamp_time(point->created_at_us), created_at);
        strbuf_addf(body, ",\"created_at\":\"%s\"", created_at);
    }
    strbuf_add(body, ",\"hierarchy_table\":");
    json_add_string(body, point->hierarchy_table);
    strbuf_addf(body, ",\"leaf_id\":%d", point->leaf_id);
    if (point->limb_id > 0)
        strbuf_addf(body, ",\"limb_id\":%d", point->limb_id);
    strbuf_addf(body, ",\"revision\":%lld", (long long)point->revision);
    add_nullable(body, "word_count", point->word_count);
    strbuf_add_char(body, '}');
}

void point_add(struct strbuf *body, const struct vector_point *point, bool packed)
{
    strbuf_addf(body, "{\"id\":%d,\"vector\":", point->content_id);
    point_add_vector(body, point->vector, packed);
    strbuf_add(body, ",\"payload\":");
    point_add_payload(body, point);
    strbuf_add_char(body, '}');
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(yyjson_get_str(*(yyjson_val *const *)a), yyjson_get_str(*(yyjson_val *const *)b));
}

static void add_value(struct strbuf *out, yyjson_val *value)
{
    if (yyjson_is_str(value)) {
        json_add_string(out, json_text(value));
        return;
    }
    size_t length = 0;
    char *text = yyjson_val_write_opts(value, YYJSON_WRITE_NOFLAG, json_allocator(), &length, NULL);
    if (text)
        strbuf_add_bytes(out, text, length);
    else
        out->failed = true;
    mem_free(text);
}

void point_payload_write(yyjson_val *payload, struct strbuf *out)
{
    yyjson_val *keys[FIELDS_MAX];
    size_t count = 0, index, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (payload, index, size, key, value)
        if (count < FIELDS_MAX)
            keys[count++] = key;
    qsort(keys, count, sizeof *keys, compare_keys);
    strbuf_add_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        strbuf_add(out, i > 0 ? "," : "");
        json_add_string(out, json_text(keys[i]));
        strbuf_add_char(out, ':');
        add_value(out, yyjson_obj_iter_get_val(keys[i]));
    }
    strbuf_add_char(out, '}');
}

// The engine compares 7.0 as it compares 7.
static int64_t point_revision(yyjson_val *value)
{
    if (yyjson_is_sint(value) || (yyjson_is_uint(value) && yyjson_get_uint(value) <= INT64_MAX))
        return yyjson_get_sint(value);
    double real = yyjson_is_real(value) ? yyjson_get_real(value) : 0.5;
    return real == floor(real) && fabs(real) < 0x1p63 ? (int64_t)real : VECTOR_NO_REVISION;
}

bool point_read(yyjson_val *point, int32_t *ret_id, int64_t *ret_revision)
{
    yyjson_val *id = yyjson_obj_get(point, "id");
    yyjson_val *revision = yyjson_obj_get(yyjson_obj_get(point, "payload"), "revision");
    if (!yyjson_is_uint(id) || yyjson_get_uint(id) > INT32_MAX)
        return false;
    *ret_id = (int32_t)yyjson_get_uint(id);
    *ret_revision = point_revision(revision);
    return true;
}
