// SPDX-License-Identifier: Apache-2.0
//
// Reading columns in binary. Asking for the wrong type is a bug of ours: every read checks it.
#include <assert.h>
#include <endian.h>

#include "base/check.h"
#include "base/clock.h"
#include "pg/conn.h"
#include "pg/types.h"

static_assert(sizeof(Oid) == sizeof(uint32_t), "type ids have 32 bits");
static_assert(sizeof(float) == 4, "float4 has this size");
static_assert(sizeof(double) == 8, "float8 has this size");

// In a result of ours every column is in binary: what is not is of a statement run elsewhere.
static const char *cell(const struct pg_rows *rows, int row, int column, int *ret_length)
{
    CHECK(rows->result);
    CHECK(row >= 0 && row < rows->count);
    CHECK(column >= 0 && column < rows->columns);
    DCHECK(PQfformat(rows->result, column) == 1);
    if (PQgetisnull(rows->result, row, column))
        return NULL;
    *ret_length = PQgetlength(rows->result, row, column);
    return PQgetvalue(rows->result, row, column);
}

static Oid type_of(const struct pg_rows *rows, int column)
{
    return PQftype(rows->result, column);
}

static uint16_t get16(const char *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return be16toh(value);
}

static uint32_t get32(const char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return be32toh(value);
}

static uint64_t get64(const char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return be64toh(value);
}

bool pg_is_null(const struct pg_rows *rows, int row, int column)
{
    int length;
    return cell(rows, row, column, &length) == NULL;
}

bool pg_bool(const struct pg_rows *rows, int row, int column)
{
    int length;
    const char *at = cell(rows, row, column, &length);
    CHECK(type_of(rows, column) == PG_BOOL);
    DCHECK(!at || length == 1);
    return at && *at;
}

int32_t pg_int4(const struct pg_rows *rows, int row, int column)
{
    int length;
    const char *at = cell(rows, row, column, &length);
    CHECK(type_of(rows, column) == PG_INT4);
    DCHECK(!at || length == 4);
    return at ? (int32_t)get32(at) : 0;
}

int64_t pg_int8(const struct pg_rows *rows, int row, int column)
{
    int length;
    const char *at = cell(rows, row, column, &length);
    Oid type = type_of(rows, column);
    CHECK(type == PG_INT8 || type == PG_INT4 || type == PG_INT2);
    if (!at)
        return 0;
    if (type == PG_INT8)
        return (int64_t)get64(at);
    return type == PG_INT4 ? (int32_t)get32(at) : (int16_t)get16(at);
}

double pg_float8(const struct pg_rows *rows, int row, int column)
{
    int length;
    const char *at = cell(rows, row, column, &length);
    Oid type = type_of(rows, column);
    CHECK(type == PG_FLOAT8 || type == PG_FLOAT4);
    if (!at)
        return 0;
    if (type == PG_FLOAT4) {
        uint32_t bits = get32(at);
        float value;
        memcpy(&value, &bits, sizeof value);
        return (double)value;
    }
    uint64_t bits = get64(at);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

struct text pg_text(const struct pg_rows *rows, int row, int column)
{
    int length;
    const char *at = cell(rows, row, column, &length);
    Oid type = type_of(rows, column);
    CHECK(type == PG_TEXT || type == PG_VARCHAR || type == PG_NAME || type == PG_BPCHAR ||
          type == PG_JSON);
    return at ? (struct text){at, (size_t)length} : (struct text){NULL, 0};
}

struct text pg_bytea(const struct pg_rows *rows, int row, int column)
{
    int length;
    const char *at = cell(rows, row, column, &length);
    CHECK(type_of(rows, column) == PG_BYTEA);
    return at ? (struct text){at, (size_t)length} : (struct text){NULL, 0};
}

int64_t pg_timestamp(const struct pg_rows *rows, int row, int column)
{
    int length;
    const char *at = cell(rows, row, column, &length);
    Oid type = type_of(rows, column);
    CHECK(type == PG_TIMESTAMP || type == PG_TIMESTAMPTZ);
    if (!at)
        return INT64_MIN;
    DCHECK(length == 8);
    int64_t since_2000 = (int64_t)get64(at), since_1970;
    if (since_2000 == PG_MINUS_INFINITY)
        return CLOCK_MINUS_INFINITY;
    if (since_2000 == PG_INFINITY)
        return CLOCK_INFINITY;
    // Our 64 bits end 30 years before the server's: what is later is the last time that we have.
    bool too_late = __builtin_add_overflow(since_2000, PG_EPOCH_US, &since_1970);
    return too_late || since_1970 == CLOCK_INFINITY ? CLOCK_INFINITY - 1 : since_1970;
}

int64_t pg_timestamp_key(const struct pg_rows *rows, int row, int column)
{
    int length;
    const char *at = cell(rows, row, column, &length);
    Oid type = type_of(rows, column);
    CHECK(type == PG_TIMESTAMP || type == PG_TIMESTAMPTZ);
    DCHECK(!at || length == 8);
    return at ? (int64_t)get64(at) : PG_NO_TIMESTAMP;
}

// array_send: dimensions, flags, type of the elements; for each dimension its length and its first
// index; for each element its size and its bytes. *ret_at: the first element's.
static enum grove_code open_array(const struct pg_rows *rows, int row, int column, unsigned bytes,
                                  const char **ret_at, size_t *ret_count, struct grove_error *error)
{
    enum { HEAD = 12, DIMENSION = 8, SIZE = 4 };
    int length;
    const char *at = cell(rows, row, column, &length);
    *ret_count = 0;
    if (!at || length < HEAD || get32(at) == 0)
        return GROVE_OK;
    size_t count = length >= HEAD + DIMENSION ? get32(at + HEAD) : 0;
    if (get32(at) != 1 || (size_t)length != HEAD + DIMENSION + count * (SIZE + bytes))
        return error_set(error, GROVE_ENGINE,
                         "an array of the database has nulls or more than one dimension");
    CHECK(count > 0);
    *ret_at = at + HEAD + DIMENSION + SIZE;
    *ret_count = count;
    return GROVE_OK;
}

enum grove_code pg_int4_array(const struct pg_rows *rows, int row, int column, struct arena *arena,
                              const int32_t **ret, size_t *ret_count, struct grove_error *error)
{
    enum { BYTES = 4, ELEMENT = 8 };
    const char *at = NULL;
    CHECK(type_of(rows, column) == PG_INT4_ARRAY);
    *ret = NULL;
    enum grove_code code = open_array(rows, row, column, BYTES, &at, ret_count, error);
    if (code != GROVE_OK || *ret_count == 0)
        return code;
    int32_t *items = arena_alloc_array(arena, *ret_count, sizeof *items);
    if (!items)
        return error_no_memory(error, "an array");
    for (size_t i = 0; i < *ret_count; i++)
        items[i] = (int32_t)get32(at + i * ELEMENT);
    *ret = items;
    return GROVE_OK;
}

enum grove_code pg_int8_array(const struct pg_rows *rows, int row, int column, struct arena *arena,
                              const int64_t **ret, size_t *ret_count, struct grove_error *error)
{
    enum { BYTES = 8, ELEMENT = 12 };
    const char *at = NULL;
    CHECK(type_of(rows, column) == PG_INT8_ARRAY);
    *ret = NULL;
    enum grove_code code = open_array(rows, row, column, BYTES, &at, ret_count, error);
    if (code != GROVE_OK || *ret_count == 0)
        return code;
    int64_t *items = arena_alloc_array(arena, *ret_count, sizeof *items);
    if (!items)
        return error_no_memory(error, "an array");
    for (size_t i = 0; i < *ret_count; i++)
        items[i] = (int64_t)get64(at + i * ELEMENT);
    *ret = items;
    return GROVE_OK;
}
