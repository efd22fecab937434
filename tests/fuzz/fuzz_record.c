// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>

#include "base/check.h"
#include "content/kind.h"
#include "content/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    const struct record_tree tree = {text_of("religion"), text_of("religion_hierarchy")};
    const struct record_trees trees = {&tree, 1};
    struct arena arena;
    struct record record;
    struct record_problem problem = {0};
    const struct kind *kind = kind_of((struct text){(const char *)data, size_bytes});
    CHECK(!kind || (kind->what[0] && kind->hint[0]));
    arena_init(&arena, 16 << 20);
    switch (record_parse((struct text){(const char *)data, size_bytes}, &trees, &arena, &record,
                         &problem)) {
    case RECORD_GOOD: {
        unsigned char key[16];
        record_key(&record, key);
        CHECK(text_characters(record.summary) <= 500);
        CHECK(record.chunk_number >= 1);
        break;
    }
    case RECORD_BAD: CHECK(problem.field && problem.reason[0]); break;
    case RECORD_NO_MEMORY: break;
    }
    arena_release(&arena);
    return 0;
}
