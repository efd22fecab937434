// SPDX-License-Identifier: Apache-2.0
//
// Parameters in PostgreSQL's binary formats: integers and floats big-endian, timestamps as
// microseconds since 2000-01-01, arrays as
//
//     int32 dimensions (0 or 1) | int32 has nulls | uint32 element type
//     int32 count | int32 lower bound (1) | then for each: int32 length or -1, bytes
#include <endian.h>
#include <limits.h>

#include "base/check.h"
#include "pg/conn.h"
#include "pg/types.h"

static char *reserve(struct pg_params *params, unsigned type, int length)
{
    CHECK(params->count < PG_PARAMS_MAX);
    int i = params->count++;
    params->types[i] = type;
    params->lengths[i] = length;
    params->values[i] = params->small[i];
    return params->small[i];
}

static void put32(char *at, uint32_t value)
{
    value = htobe32(value);
    memcpy(at, &value, sizeof value);
}

static void put64(char *at, uint64_t value)
{
    value = htobe64(value);
    memcpy(at, &value, sizeof value);
}

void pg_add_null(struct pg_params *params, unsigned type)
{
    reserve(params, type, 0);
    params->values[params->count - 1] = NULL;
}

void pg_add_bool(struct pg_params *params, bool value)
{
    *reserve(params, PG_BOOL, 1) = (char)value;
}

void pg_add_int4(struct pg_params *params, int32_t value)
{
    put32(reserve(params, PG_INT4, 4), (uint32_t)value);
}

void pg_add_int8(struct pg_params *params, int64_t value)
{
    put64(reserve(params, PG_INT8, 8), (uint64_t)value);
}

static uint64_t float8_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void pg_add_float8(struct pg_params *params, double value)
{
    put64(reserve(params, PG_FLOAT8, 8), float8_bits(value));
}

static void add_bytes(struct pg_params *params, unsigned type, struct text value)
{
    if (value.length > INT_MAX) {
        params->failed = true;
        value = (struct text){NULL, 0};
    }
    reserve(params, type, (int)value.length);
    // An empty text may have no address, but is not null... unless it is {NULL, 0}.
    params->values[params->count - 1] = value.data;
}

void pg_add_text(struct pg_params *params, struct text value)
{
    add_bytes(params, PG_TEXT, value);
}

void pg_add_bytea(struct pg_params *params, const void *bytes, size_t size_bytes)
{
    add_bytes(params, PG_BYTEA, (struct text){bytes, size_bytes});
}

static void add_timestamp(struct pg_params *params, unsigned type, int64_t timestamp_us)
{
    if (timestamp_us == INT64_MIN)
        pg_add_null(params, type);
    else
        put64(reserve(params, type, 8), (uint64_t)(timestamp_us - PG_EPOCH_US));
}

void pg_add_timestamp(struct pg_params *params, int64_t timestamp_us)
{
    add_timestamp(params, PG_TIMESTAMP, timestamp_us);
}

void pg_add_timestamptz(struct pg_params *params, int64_t timestamp_us)
{
    add_timestamp(params, PG_TIMESTAMPTZ, timestamp_us);
}

// --- arrays --------------------------------------------------------------------------------------

enum { ARRAY_HEADER_BYTES = 20 };

struct array {
    char *at; // NULL: memory failed
};

static struct array begin_array(struct pg_params *params, struct arena *arena, unsigned array_type,
                                unsigned element_type, size_t count, size_t content_bytes)
{
    size_t size_bytes = count == 0 ? 12 : ARRAY_HEADER_BYTES + count * 4 + content_bytes;
    char *data = size_bytes <= INT_MAX ? arena_alloc(arena, size_bytes) : NULL;
    add_bytes(params, array_type, (struct text){data, data ? size_bytes : 0});
    if (!data) {
        params->failed = true;
        return (struct array){NULL};
    }
    put32(data, count > 0);
    put32(data + 4, 1); // nulls allowed
    put32(data + 8, element_type);
    if (count == 0)
        return (struct array){data + 12};
    put32(data + 12, (uint32_t)count);
    put32(data + 16, 1);
    return (struct array){data + ARRAY_HEADER_BYTES};
}

// Null elements take no room: the array ends where the last element does.
static void end_array(struct pg_params *params, const struct array *array)
{
    int i = params->count - 1;
    if (array->at)
        params->lengths[i] = (int)(array->at - params->values[i]);
}

static void put_null(struct array *array)
{
    put32(array->at, UINT32_MAX);
    array->at += 4;
}

static void put_element8(struct array *array, uint64_t value)
{
    put32(array->at, 8);
    put64(array->at + 4, value);
    array->at += 12;
}

void pg_add_int4_array(struct pg_params *params, struct arena *arena, const int32_t *items,
                       size_t count)
{
    if (!items) {
        CHECK(count == 0);
        pg_add_null(params, PG_INT4_ARRAY);
        return;
    }
    struct array array = begin_array(params, arena, PG_INT4_ARRAY, PG_INT4, count, count * 4);
    for (size_t i = 0; array.at && i < count; i++) {
        if (items[i] == PG_NULL_INT4) {
            put_null(&array);
            continue;
        }
        put32(array.at, 4);
        put32(array.at + 4, (uint32_t)items[i]);
        array.at += 8;
    }
    end_array(params, &array);
}

void pg_add_int8_array(struct pg_params *params, struct arena *arena, const int64_t *items,
                       size_t count)
{
    if (!items) {
        CHECK(count == 0);
        pg_add_null(params, PG_INT8_ARRAY);
        return;
    }
    struct array array = begin_array(params, arena, PG_INT8_ARRAY, PG_INT8, count, count * 8);
    for (size_t i = 0; array.at && i < count; i++)
        if (items[i] == INT64_MIN)
            put_null(&array);
        else
            put_element8(&array, (uint64_t)items[i]);
    end_array(params, &array);
}

void pg_add_float8_array(struct pg_params *params, struct arena *arena, const double *items,
                         size_t count)
{
    if (!items) {
        CHECK(count == 0);
        pg_add_null(params, PG_FLOAT8_ARRAY);
        return;
    }
    struct array array = begin_array(params, arena, PG_FLOAT8_ARRAY, PG_FLOAT8, count, count * 8);
    for (size_t i = 0; array.at && i < count; i++)
        put_element8(&array, float8_bits(items[i]));
    end_array(params, &array);
}

void pg_add_timestamp_array(struct pg_params *params, struct arena *arena, const int64_t *items,
                            size_t count)
{
    if (!items) {
        CHECK(count == 0);
        pg_add_null(params, PG_TIMESTAMP_ARRAY);
        return;
    }
    struct array array =
        begin_array(params, arena, PG_TIMESTAMP_ARRAY, PG_TIMESTAMP, count, count * 8);
    for (size_t i = 0; array.at && i < count; i++)
        if (items[i] == INT64_MIN)
            put_null(&array);
        else
            put_element8(&array, (uint64_t)(items[i] - PG_EPOCH_US));
    end_array(params, &array);
}

static void add_bytes_array(struct pg_params *params, struct arena *arena, unsigned array_type,
                            unsigned element_type, const struct text *items, size_t count)
{
    if (!items) {
        CHECK(count == 0);
        pg_add_null(params, array_type);
        return;
    }
    size_t content_bytes = 0;
    for (size_t i = 0; i < count; i++)
        content_bytes += items[i].length;
    struct array array = begin_array(params, arena, array_type, element_type, count, content_bytes);
    for (size_t i = 0; array.at && i < count; i++) {
        if (!items[i].data) {
            put_null(&array);
            continue;
        }
        put32(array.at, (uint32_t)items[i].length);
        memcpy(array.at + 4, items[i].data, items[i].length);
        array.at += 4 + items[i].length;
    }
    end_array(params, &array);
}

void pg_add_text_array(struct pg_params *params, struct arena *arena, const struct text *items,
                       size_t count)
{
    add_bytes_array(params, arena, PG_TEXT_ARRAY, PG_TEXT, items, count);
}

void pg_add_varchar_array(struct pg_params *params, struct arena *arena, const struct text *items,
                          size_t count)
{
    add_bytes_array(params, arena, PG_VARCHAR_ARRAY, PG_VARCHAR, items, count);
}

void pg_add_bytea_array(struct pg_params *params, struct arena *arena, const struct text *items,
                        size_t count)
{
    add_bytes_array(params, arena, PG_BYTEA_ARRAY, PG_BYTEA, items, count);
}
