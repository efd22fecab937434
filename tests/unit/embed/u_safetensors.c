// SPDX-License-Identifier: Apache-2.0
//
// The reader of the model file, on files made here: good ones, and each way to be damaged.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/attr.h"
#include "embed/safetensors.h"

enum { FILE_BYTES_MAX = 1000 };

#define TENSOR(name, type, shape, offsets)                                                         \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

// A file with this header and data of `data_bytes` floats 0, 1, 2...
static size_t make_file(unsigned char *bytes, const char *header, size_t data_bytes)
{
    uint64_t length = strlen(header);
    assert_true(8 + length + data_bytes <= FILE_BYTES_MAX);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < data_bytes / 4; i++)
        memcpy(bytes + 8 + length + 4 * i, &(float){(float)i}, 4);
    return 8 + length + data_bytes;
}

static void test_views(void **state)
{
    (void)state;
    _Alignas(8) unsigned char bytes[FILE_BYTES_MAX];
    const char *header =
        "{\"__metadata__\":{\"format\":\"pt\"}," TENSOR("a", "F32", "[2,3]", "[0,24]") "," TENSOR(
            "b", "I64", "[1]", "[24,32]") "," TENSOR("none", "F32", "[0]", "[32,32]") "}   ";
    struct safetensors file;
    struct grove_error error = {0};
    char padded[300];
    snprintf(padded, sizeof padded, "%s%*s", header, (int)(4 - strlen(header) % 4) % 4, "");
    assert_int_equal(safetensors_open(&file, bytes, make_file(bytes, padded, 32), "m", &error),
                     GROVE_OK);
    const float *floats = NULL;
    assert_int_equal(safetensors_floats(&file, "a", 2, (const size_t[]){2, 3}, &floats, &error),
                     GROVE_OK);
    for (size_t i = 0; i < 6; i++)
        assert_true(floats[i] == (float)i);
    static const struct {
        const char *name;
        size_t dimensions, shape[2];
        const char *message;
    } wrong[] = {
        {"a", 2, {3, 2}, "tensor \"a\" of \"m\" has shape [2, 3], not [3, 2]"},
        {"a", 1, {6}, "tensor \"a\" of \"m\" has shape [2, 3], not [6]"},
        {"b", 1, {1}, "tensor \"b\" of \"m\" is of type I64, not F32"},
        {"c", 1, {1}, "\"m\" has no tensor \"c\": it is another model, or damaged"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        floats = NULL;
        assert_int_equal(safetensors_floats(&file, wrong[i].name, wrong[i].dimensions,
                                            wrong[i].shape, &floats, &error),
                         GROVE_CORRUPT);
        assert_null(floats);
        assert_string_equal(error.message, wrong[i].message);
    }
    safetensors_release(&file);
}

static void test_unaligned(void **state)
{
    (void)state;
    _Alignas(8) unsigned char bytes[FILE_BYTES_MAX];
    char header[200] =
        "{" TENSOR("a", "U8", "[1]", "[0,1]") "," TENSOR("b", "F32", "[1]", "[1,5]") "}";
    while (strlen(header) % 4 != 0)
        memcpy(header + strlen(header), " ", 2);
    struct safetensors file;
    struct grove_error error = {0};
    assert_int_equal(safetensors_open(&file, bytes, make_file(bytes, header, 5), "m", &error),
                     GROVE_OK);
    const float *floats;
    assert_int_equal(safetensors_floats(&file, "b", 1, &(const size_t){1}, &floats, &error),
                     GROVE_CORRUPT);
    assert_non_null(strstr(error.message, "at byte 1 of the data, which is not aligned"));
    safetensors_release(&file);
}

static void test_bad_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data_bytes;
        const char *message; // a part of it
    } rows[] = {
        {"", 0, "is not JSON"},
        {"{", 0, "is not JSON at byte 9"},
        {"[]", 0, "is not a JSON object"},
        {"{\"a\":1}", 0, "tensor \"a\" of \"m\" has no dtype"},
        {"{" TENSOR("a", "F33", "[1]", "[0,4]") "}", 4, "has an unknown dtype"},
        {"{\"a\":{\"dtype\":\"F32\"}}", 0, "has no shape"},
        {"{" TENSOR("a", "F32", "[1,1,1,1,1]", "[0,4]") "}", 4, "at most 4 dimensions"},
        {"{" TENSOR("a", "F32", "[-1]", "[0,4]") "}", 4, "not of whole numbers"},
        {"{" TENSOR("a", "F32", "[1.0]", "[0,4]") "}", 4, "not of whole numbers"},
        {"{" TENSOR("a", "F32", "[1]", "[0]") "}", 4, "has no data_offsets"},
        {"{" TENSOR("a", "F32", "[1]", "[4,0]") "}", 4, "has no data_offsets"},
        {"{" TENSOR("a", "F32", "[1]", "[0,-4]") "}", 4, "has no data_offsets"},
        {"{" TENSOR("a", "F32", "[2]", "[0,8]") "}", 4, "ends at byte 8 of the data, which has 4"},
        {"{" TENSOR("a", "F32", "[1]", "[0,8]") "}", 8, "do not fit its dtype and shape"},
        // 2^62 * 4 and 2^32 * 2^32 * 4 overflow to 0
        {"{" TENSOR("a", "F32", "[4611686018427387904]", "[0,0]") "}", 0, "do not fit"},
        {"{" TENSOR("a", "F32", "[4294967296,4294967296]", "[0,0]") "}", 0, "do not fit"},
        {"{" TENSOR("a", "F32", "[1]", "[18446744073709551612,18446744073709551615]") "}", 4,
         "the file is truncated"},
        {"{" TENSOR("a", "F32", "[1]", "[0,4]") "}", 8, "\"m\" has 4 bytes behind its last tensor"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        _Alignas(8) unsigned char bytes[FILE_BYTES_MAX];
        size_t size_bytes = make_file(bytes, rows[i].header, rows[i].data_bytes);
        struct safetensors file;
        struct grove_error error = {0};
        assert_int_equal(safetensors_open(&file, bytes, size_bytes, "m", &error), GROVE_CORRUPT);
        if (!strstr(error.message, rows[i].message))
            fail_msg("row %zu: \"%s\"", i, error.message);
    }
}

// Every beginning of a good file is refused.
static void test_truncated(void **state)
{
    (void)state;
    _Alignas(8) unsigned char bytes[FILE_BYTES_MAX];
    size_t size_bytes = make_file(bytes, "{" TENSOR("a", "F32", "[4]", "[0,16]") "}", 16);
    struct safetensors file;
    struct grove_error error = {0};
    for (size_t length = 0; length < size_bytes; length++)
        assert_int_equal(safetensors_open(&file, bytes, length, "m", &error), GROVE_CORRUPT);
    assert_int_equal(safetensors_open(&file, NULL, 0, "m", &error), GROVE_CORRUPT);
    assert_string_equal(error.message, "\"m\" has 0 bytes: the file is truncated");
    memset(bytes, 0xff, 8);
    assert_int_equal(safetensors_open(&file, bytes, size_bytes, "m", &error), GROVE_CORRUPT);
    assert_non_null(strstr(error.message, "no safetensors file"));
}

static bool refuse(void *state, size_t size_bytes)
{
    (void)state;
    (void)size_bytes;
    return false;
}

static void test_no_memory(void **state)
{
    (void)state;
    _Alignas(8) unsigned char bytes[FILE_BYTES_MAX];
    size_t size_bytes = make_file(bytes, "{" TENSOR("a", "F32", "[4]", "[0,16]") "}", 16);
    struct safetensors file;
    struct grove_error error = {0};
    mem_set_hook(refuse, NULL);
    enum grove_code code = safetensors_open(&file, bytes, size_bytes, "m", &error);
    mem_set_hook(NULL, NULL);
    assert_int_equal(code, GROVE_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),       cmocka_unit_test(test_unaligned),
        cmocka_unit_test(test_bad_headers), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
