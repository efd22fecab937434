// SPDX-License-Identifier: Apache-2.0
#include "vector/point.h"

#include <math.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "vector/direction.h"
#include "vector/filter.h"

static void add_nullable(struct strbuf *body, const char *name, int64_t value)
{
    if (value == VECTOR_NONE)
        strbuf_addf(body, ",\"%s\":null", name);
    else
        strbuf_addf(body, ",\"%s\":%lld", name, (long long)value);
}

void point_add_vector(struct strbuf *body, const float *vector)
{
    double direction[VECTOR_DIMENSION];
    float numbers[VECTOR_DIMENSION];
    enum direction_verdict verdict = direction_of(vector, direction);
    CHECK(verdict == DIRECTION_GOOD); // its callers have refused others
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        numbers[i] = (float)direction[i];
    json_add_floats(body, numbers, VECTOR_DIMENSION);
}

void point_add(struct strbuf *body, const struct vector_point *point)
{
    strbuf_addf(body, "{\"id\":%d,\"vector\":", point->content_id);
    point_add_vector(body, point->vector);
    strbuf_addf(body, ",\"payload\":{\"content_id\":%d,\"hierarchy_table\":", point->content_id);
    json_add_string(body, point->hierarchy_table);
    strbuf_addf(body, ",\"leaf_id\":%d", point->leaf_id);
    if (point->branch_id > 0)
        strbuf_addf(body, ",\"branch_id\":%d", point->branch_id);
    if (point->limb_id > 0)
        strbuf_addf(body, ",\"limb_id\":%d", point->limb_id);
    strbuf_add(body, ",\"content_type\":");
    json_add_string(body, point->content_type);
    add_nullable(body, "chunk_number", point->chunk_number);
    add_nullable(body, "word_count", point->word_count);
    if (point->created_at_us != VECTOR_NONE) {
        char created_at[CLOCK_RFC3339_SIZE];
        clock_format_rfc3339(filter_clamp_time(point->created_at_us), created_at);
        strbuf_addf(body, ",\"created_at\":\"%s\"", created_at);
    }
    strbuf_addf(body, ",\"revision\":%lld}}", (long long)point->revision);
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
