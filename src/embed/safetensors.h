// SPDX-License-Identifier: Apache-2.0
//
// Tensors in a safetensors file: 8 bytes of header length (little-endian), a JSON header, data.
//
//     08 00.. | {"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},...} | data
//
//     struct safetensors file;
//     code = safetensors_open(&file, bytes, size_bytes, "model.safetensors", error);
//     code = safetensors_floats(&file, "a.weight", 2, (const size_t[]){2, 3}, &weight, error);
//     safetensors_release(&file);
//
// Borrows the bytes and the name; the floats are views into the bytes, which outlive the release.
// Errors: GROVE_CORRUPT with the tensor and the offset. Threads: one at a time.
#ifndef GROVE_EMBED_SAFETENSORS_H
#define GROVE_EMBED_SAFETENSORS_H

#include <stddef.h>

#include "base/error.h"

struct yyjson_doc;

enum { SAFETENSORS_DIMENSIONS_MAX = 4 };

struct safetensors {
    const unsigned char *data; // behind the header
    size_t data_bytes;
    struct yyjson_doc *header;
    const char *name; // for messages only
};

// Checks every tensor: known type, shape and offsets that fit each other and the file, nothing
// behind the last one. `bytes` must be aligned to 8.
enum grove_code safetensors_open(struct safetensors *ret_file, const unsigned char *bytes,
                                 size_t size_bytes, const char *name, struct grove_error *error);
void safetensors_release(struct safetensors *self);

// The numbers of one tensor, which must be of type F32 and of this shape.
enum grove_code safetensors_floats(const struct safetensors *self, const char *tensor,
                                   size_t dimensions, const size_t *shape, const float **ret_floats,
                                   struct grove_error *error);

#endif
