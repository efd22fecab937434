// SPDX-License-Identifier: Apache-2.0
#include "embed/safetensors.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/check.h"
#include "base/json.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file's numbers are used in place");

enum {
    HEADER_LENGTH_BYTES = 8,
    HEADER_BYTES_MAX = 1 << 20,
};

struct tensor {
    struct text type;
    size_t dimensions;
    size_t shape[SAFETENSORS_DIMENSIONS_MAX];
    size_t begin, end; // in the data
};

static const struct {
    const char *name;
    size_t size_bytes;
} types[] = {{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8}, {"I64", 8}, {"I32", 4}, {"I16", 2},
             {"I8", 1},  {"U64", 8}, {"U32", 4},  {"U16", 2}, {"U8", 1},  {"BOOL", 1}};

// 0: no such type.
static size_t type_bytes(struct text type)
{
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        if (text_equal(type, text_of(types[i].name)))
            return types[i].size_bytes;
    return 0;
}

static bool read_size(yyjson_val *value, size_t *ret_size)
{
    if (!yyjson_is_uint(value))
        return false;
    *ret_size = yyjson_get_uint(value);
    return true;
}

// NULL when the description is one, else what is wrong with it.
static const char *read_tensor(yyjson_val *value, struct tensor *ret_tensor)
{
    struct tensor tensor = {.type = json_text(yyjson_obj_get(value, "dtype"))};
    if (!tensor.type.data)
        return "has no dtype";
    yyjson_val *shape = yyjson_obj_get(value, "shape");
    if (!yyjson_is_arr(shape) || yyjson_arr_size(shape) > SAFETENSORS_DIMENSIONS_MAX)
        return "has no shape of at most 4 dimensions";
    yyjson_val *item;
    yyjson_arr_iter items = yyjson_arr_iter_with(shape);
    while ((item = yyjson_arr_iter_next(&items)))
        if (!read_size(item, &tensor.shape[tensor.dimensions++]))
            return "has a shape that is not of whole numbers";
    yyjson_val *offsets = yyjson_obj_get(value, "data_offsets");
    if (!yyjson_is_arr(offsets) || yyjson_arr_size(offsets) != 2 ||
        !read_size(yyjson_arr_get_first(offsets), &tensor.begin) ||
        !read_size(yyjson_arr_get_last(offsets), &tensor.end) || tensor.begin > tensor.end)
        return "has no data_offsets of two rising whole numbers";
    *ret_tensor = tensor;
    return NULL;
}

// Whether the bytes between the offsets are as many as type and shape need.
static bool size_fits(const struct tensor *tensor)
{
    size_t size_bytes = type_bytes(tensor->type);
    for (size_t i = 0; i < tensor->dimensions; i++)
        if (__builtin_mul_overflow(size_bytes, tensor->shape[i], &size_bytes))
            return false;
    return size_bytes == tensor->end - tensor->begin;
}

static enum grove_code check_tensor(const struct safetensors *self, struct text key,
                                    yyjson_val *value, size_t *ret_end, struct grove_error *error)
{
    struct tensor tensor;
    const char *wrong = read_tensor(value, &tensor);
    if (!wrong && type_bytes(tensor.type) == 0)
        wrong = "has an unknown dtype";
    if (wrong)
        return error_set(error, GROVE_CORRUPT, "tensor \"%.*s\" of \"%s\" %s",
                         key.length > 100 ? 100 : (int)key.length, key.data, self->name, wrong);
    if (tensor.end > self->data_bytes)
        return error_set(error, GROVE_CORRUPT,
                         "tensor \"%.*s\" of \"%s\" ends at byte %zu of the data, which has %zu: "
                         "the file is truncated",
                         key.length > 100 ? 100 : (int)key.length, key.data, self->name, tensor.end,
                         self->data_bytes);
    if (!size_fits(&tensor))
        return error_set(error, GROVE_CORRUPT,
                         "tensor \"%.*s\" of \"%s\" has data_offsets [%zu, %zu], which do not fit "
                         "its dtype and shape",
                         key.length > 100 ? 100 : (int)key.length, key.data, self->name,
                         tensor.begin, tensor.end);
    *ret_end = tensor.end;
    return GROVE_OK;
}

static enum grove_code check_tensors(const struct safetensors *self, struct grove_error *error)
{
    yyjson_val *root = yyjson_doc_get_root(self->header);
    if (!yyjson_is_obj(root))
        return error_set(error, GROVE_CORRUPT, "the header of \"%s\" is not a JSON object",
                         self->name);
    size_t last_end = 0;
    yyjson_val *key;
    yyjson_obj_iter items = yyjson_obj_iter_with(root);
    while ((key = yyjson_obj_iter_next(&items))) {
        if (yyjson_equals_str(key, "__metadata__"))
            continue;
        size_t end = 0;
        enum grove_code code =
            check_tensor(self, json_text(key), yyjson_obj_iter_get_val(key), &end, error);
        if (code != GROVE_OK)
            return code;
        if (end > last_end)
            last_end = end;
    }
    if (last_end != self->data_bytes)
        return error_set(error, GROVE_CORRUPT, "\"%s\" has %zu bytes behind its last tensor",
                         self->name, self->data_bytes - last_end);
    return GROVE_OK;
}

enum grove_code safetensors_open(struct safetensors *ret_file, const unsigned char *bytes,
                                 size_t size_bytes, const char *name, struct grove_error *error)
{
    if (size_bytes < HEADER_LENGTH_BYTES)
        return error_set(error, GROVE_CORRUPT, "\"%s\" has %zu bytes: the file is truncated", name,
                         size_bytes);
    CHECK((uintptr_t)bytes % HEADER_LENGTH_BYTES == 0);
    uint64_t header_bytes;
    memcpy(&header_bytes, bytes, sizeof header_bytes);
    if (header_bytes > HEADER_BYTES_MAX)
        return error_set(error, GROVE_CORRUPT,
                         "\"%s\" gives its header %llu bytes: it is no safetensors file", name,
                         (unsigned long long)header_bytes);
    if (header_bytes > size_bytes - HEADER_LENGTH_BYTES)
        return error_set(error, GROVE_CORRUPT,
                         "\"%s\" has %zu bytes and a header of %llu: the file is truncated", name,
                         size_bytes, (unsigned long long)header_bytes);
    // Without YYJSON_READ_INSITU the input is only read.
    yyjson_read_err reason;
    yyjson_doc *header = yyjson_read_opts((char *)(uintptr_t)(bytes + HEADER_LENGTH_BYTES),
                                          header_bytes, 0, json_allocator(), &reason);
    if (!header && reason.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return error_no_memory(error, "the header of the model");
    if (!header)
        return error_set(error, GROVE_CORRUPT, "the header of \"%s\" is not JSON at byte %zu: %s",
                         name, reason.pos + HEADER_LENGTH_BYTES, reason.msg);
    struct safetensors self = {
        .data = bytes + HEADER_LENGTH_BYTES + header_bytes,
        .data_bytes = size_bytes - HEADER_LENGTH_BYTES - header_bytes,
        .header = header,
        .name = name,
    };
    enum grove_code code = check_tensors(&self, error);
    if (code != GROVE_OK) {
        safetensors_release(&self);
        return code;
    }
    *ret_file = self;
    return GROVE_OK;
}

void safetensors_release(struct safetensors *self)
{
    yyjson_doc_free(self->header);
    *self = (struct safetensors){0};
}

// "[30522, 384]"
static const char *shape_text(size_t dimensions, const size_t *shape, char ret_text[static 100])
{
    int length = snprintf(ret_text, 100, "[");
    for (size_t i = 0; i < dimensions; i++)
        length +=
            snprintf(ret_text + length, 100 - (size_t)length, "%s%zu", i > 0 ? ", " : "", shape[i]);
    snprintf(ret_text + length, 100 - (size_t)length, "]");
    return ret_text;
}

enum grove_code safetensors_floats(const struct safetensors *self, const char *tensor_name,
                                   size_t dimensions, const size_t *shape, const float **ret_floats,
                                   struct grove_error *error)
{
    CHECK(dimensions <= SAFETENSORS_DIMENSIONS_MAX);
    yyjson_val *value = yyjson_obj_get(yyjson_doc_get_root(self->header), tensor_name);
    struct tensor tensor;
    if (!value)
        return error_set(error, GROVE_CORRUPT,
                         "\"%s\" has no tensor \"%s\": it is another model, or damaged", self->name,
                         tensor_name);
    const char *wrong = read_tensor(value, &tensor);
    CHECK(!wrong); // checked when it was opened
    if (!text_equal(tensor.type, text_of("F32")))
        return error_set(error, GROVE_CORRUPT, "tensor \"%s\" of \"%s\" is of type %.*s, not F32",
                         tensor_name, self->name, TEXT_ARGS(tensor.type));
    bool same = tensor.dimensions == dimensions;
    for (size_t i = 0; same && i < dimensions; i++)
        same = tensor.shape[i] == shape[i];
    if (!same) {
        char has[100], wanted[100];
        return error_set(error, GROVE_CORRUPT, "tensor \"%s\" of \"%s\" has shape %s, not %s",
                         tensor_name, self->name, shape_text(tensor.dimensions, tensor.shape, has),
                         shape_text(dimensions, shape, wanted));
    }
    const unsigned char *at = self->data + tensor.begin;
    if ((uintptr_t)at % alignof(float) != 0)
        return error_set(error, GROVE_CORRUPT,
                         "tensor \"%s\" of \"%s\" is at byte %zu of the data, which is not aligned",
                         tensor_name, self->name, tensor.begin);
    CHECK(tensor.end <= self->data_bytes && size_fits(&tensor));
    *ret_floats = (const float *)(const void *)at;
    return GROVE_OK;
}
