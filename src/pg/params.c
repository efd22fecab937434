// SPDX-License-Identifier: Apache-2.0
//
// Parameters in PostgreSQL's binary formats: integers and floats big-endian, timestamps as
// microseconds since 2000-01-01, arrays as
//
//     int32 dimensions (0 or 1) | int32 has nulls | uint32 element type
//     int32 count | int32 lower bound (1) | then for each: int32 length or -1, bytes
#include <assert.h>
#include <endian.h>
#include <limits.h>

#include "base/check.h"
#include "base/clock.h"
#include "pg/conn.h"
#include "pg/types.h"

// What goes to the server as it lies in memory, but for the order of its bytes.
static_assert(sizeof(double) == 8, "float8 has this size");
static_assert(sizeof(unsigned) == sizeof(Oid), "type ids are kept as unsigned");
static_assert(sizeof((struct pg_params){0}.small[0]) == sizeof(int64_t), "bigint and float8 fit");
static_assert(PG_PARAMS_MAX <= UINT16_MAX, "the protocol counts parameters in 16 bits");
static_assert(CLOCK_INFINITY - 1 - PG_EPOCH_US < PG_END_US, "no time is too late for the server");
static_assert(PG_EPOCH_US == INT64_C(10957) * 24 * 3600 * 1000000, "10957 days after 1970");

static char *reserve(struct pg_params *params, unsigned type, int length)
{
    CHECK(params->count >= 0);
    CHECK(params->count < PG_PARAMS_MAX);
    CHECK(type != 0); // the server would guess
    CHECK(length >= 0);
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
    CHECK(params->lengths[params->count - 1] == 0);
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
    CHECK(value.data || value.length == 0);
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

// As the server counts. What it cannot hold becomes the first time that it can: there is none
// between the two, so as a bound it is the same.
static int64_t since_2000(int64_t timestamp_us)
{
    CHECK(timestamp_us != INT64_MIN); // null, which is no time
    if (timestamp_us == CLOCK_INFINITY)
        return PG_INFINITY;
    if (timestamp_us == CLOCK_MINUS_INFINITY)
        return PG_MINUS_INFINITY;
    int64_t moved_us;
    bool too_early = __builtin_sub_overflow(timestamp_us, PG_EPOCH_US, &moved_us);
    return too_early || moved_us < PG_FIRST_US ? PG_FIRST_US : moved_us;
}

static void add_timestamp(struct pg_params *params, unsigned type, int64_t timestamp_us)
{
    if (timestamp_us == INT64_MIN)
        pg_add_null(params, type);
    else
        put64(reserve(params, type, 8), (uint64_t)since_2000(timestamp_us));
}

void pg_add_timestamp(struct pg_params *params, int64_t timestamp_us)
{
    add_timestamp(params, PG_TIMESTAMP, timestamp_us);
}

void pg_add_timestamptz(struct pg_params *params, int64_t timestamp_us)
{
    add_timestamp(params, PG_TIMESTAMPTZ, timestamp_us);
}

void pg_add_timestamp_key(struct pg_params *params, int64_t key)
{
    static_assert(PG_NO_TIMESTAMP != PG_MINUS_INFINITY, "a null is not a time");
    static_assert(PG_NO_TIMESTAMP < PG_FIRST_US, "nor is there one of its number");
    if (key == PG_NO_TIMESTAMP)
        pg_add_null(params, PG_TIMESTAMP);
    else
        put64(reserve(params, PG_TIMESTAMP, 8), (uint64_t)key);
}

void pg_add_same(struct pg_params *params, const struct pg_params *other, int which)
{
    CHECK(which >= 0 && which < other->count);
    CHECK(other->values[which] != other->small[which]); // that one may go away
    CHECK(params->count < PG_PARAMS_MAX);
    int at = params->count++;
    params->failed = params->failed || other->failed;
    params->types[at] = other->types[which];
    params->values[at] = other->values[which];
    params->lengths[at] = other->lengths[which];
}

// --- arrays --------------------------------------------------------------------------------------

enum { ARRAY_HEADER_BYTES = 20, EMPTY_ARRAY_BYTES = 12 };
static_assert(ARRAY_HEADER_BYTES == 5 * sizeof(uint32_t), "five numbers, as at the head");
static_assert(EMPTY_ARRAY_BYTES == 3 * sizeof(uint32_t), "three numbers, as at the head");

struct array {
    char *at; // NULL: memory failed
    char *end;
};

static struct array begin_array(struct pg_params *params, struct arena *arena, unsigned array_type,
                                unsigned element_type, size_t count, size_t content_bytes)
{
    CHECK(arena);
    CHECK(array_type != element_type);
    CHECK(count > 0 || content_bytes == 0);
    size_t size_bytes =
        count == 0 ? EMPTY_ARRAY_BYTES : ARRAY_HEADER_BYTES + count * 4 + content_bytes;
    char *data = size_bytes <= INT_MAX ? arena_alloc(arena, size_bytes) : NULL;
    add_bytes(params, array_type, (struct text){data, data ? size_bytes : 0});
    if (!data) {
        params->failed = true;
        return (struct array){NULL, NULL};
    }
    put32(data, count > 0);
    put32(data + 4, 1); // nulls allowed
    put32(data + 8, element_type);
    if (count == 0)
        return (struct array){data + EMPTY_ARRAY_BYTES, data + size_bytes};
    put32(data + 12, (uint32_t)count);
    put32(data + 16, 1);
    return (struct array){data + ARRAY_HEADER_BYTES, data + size_bytes};
}

// Null elements take no room: the array ends where the last element does.
static void end_array(struct pg_params *params, const struct array *array)
{
    int i = params->count - 1;
    CHECK(i >= 0);
    CHECK(array->at || params->failed);
    if (!array->at)
        return;
    CHECK(array->at - params->values[i] >= EMPTY_ARRAY_BYTES);
    CHECK(array->at <= array->end);
    params->lengths[i] = (int)(array->at - params->values[i]);
}

static void put_null(struct array *array)
{
    CHECK(array->end - array->at >= 4);
    put32(array->at, UINT32_MAX);
    array->at += 4;
}

static void put_element8(struct array *array, uint64_t value)
{
    CHECK(array->end - array->at >= 12);
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
        CHECK(array.end - array.at >= 8);
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
            put_element8(&array, (uint64_t)since_2000(items[i]));
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
        CHECK((size_t)(array.end - array.at) >= 4 + items[i].length);
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
