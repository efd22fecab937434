// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>

#include "base/check.h"
#include "catalog/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

// A path that parses is formatted and parsed again to the same.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct arena arena;
    struct path path, again;
    struct grove_error error;
    arena_init(&arena, 16 << 20);
    char *string = arena_copy(&arena, (struct text){(const char *)data, size_bytes});
    if (string && path_parse(&arena, string, &path, &error) == GROVE_OK) {
        char *formatted = path_format(&arena, &path);
        CHECK(formatted);
        CHECK(path_parse(&arena, formatted, &again, &error) == GROVE_OK);
        CHECK(text_equal(path.tree, again.tree) && text_equal(path.branch, again.branch));
        CHECK(text_equal(path.limb, again.limb) && text_equal(path.leaf, again.leaf));
    }
    arena_release(&arena);
    return 0;
}
