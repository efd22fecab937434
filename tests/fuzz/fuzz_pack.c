// SPDX-License-Identifier: Apache-2.0
//
// Any bytes are no pack of this model, or they are the one that was made from it. A short input
// stands for the beginning of a file of the right length.
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "embed/pack_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static unsigned char *whole;
    const struct pack_key key = {.model_bytes = 1};
    size_t whole_bytes = PACK_HEADER_BYTES + pack_bytes(EMBED_REDUCED);
    CHECK(pack_check(data, size_bytes, &key, EMBED_REDUCED) != NULL);
    if (!whole) {
        whole = mem_alloc_aligned(PACK_HEADER_BYTES, whole_bytes);
        CHECK(whole);
        memset(whole, 0, whole_bytes);
    }
    struct pack_header header = {0};
    size_t used = size_bytes < sizeof header ? size_bytes : sizeof header;
    memcpy(&header, data, used);
    memcpy(whole, &header, sizeof header);
    if (pack_check(whole, whole_bytes, &key, EMBED_REDUCED) == NULL) {
        struct pack_header right;
        pack_header_init(&right, &key, EMBED_REDUCED, whole + PACK_HEADER_BYTES);
        CHECK(memcmp(&header, &right, sizeof right) == 0);
    }
    return 0;
}
