// SPDX-License-Identifier: Apache-2.0
//
// Any bytes are refused, or their tensor "a" can be read to its end.
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "embed/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    unsigned char *bytes = mem_alloc_aligned(16, size_bytes); // as a mapping is
    CHECK(bytes);
    memcpy(bytes, data, size_bytes);
    struct safetensors file;
    struct grove_error error;
    if (safetensors_open(&file, bytes, size_bytes, "fuzz", &error) == GROVE_OK) {
        const float *floats;
        float last = 0;
        if (safetensors_floats(&file, "a", 2, (const size_t[]){2, 3}, &floats, &error) == GROVE_OK)
            memcpy(&last, &floats[5], sizeof last);
        safetensors_release(&file);
    }
    mem_free(bytes);
    return 0;
}
