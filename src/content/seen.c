// SPDX-License-Identifier: Apache-2.0
#include "content/seen.h"

#include <string.h>

#include "base/alloc.h"
#include "base/check.h"

enum { CAPACITY_MIN = 1024 };

void seen_init(struct seen *seen)
{
    *seen = (struct seen){0};
}

void seen_release(struct seen *seen)
{
    mem_free(seen->entries);
    seen_init(seen);
}

void seen_clear(struct seen *seen)
{
    if (seen->capacity > 0)
        memset(seen->entries, 0, seen->capacity * sizeof *seen->entries);
    seen->count = 0;
}

// The key's entry, or the free one where it belongs. Digests are uniform: their bytes are the hash.
static struct seen_entry *place_of(struct seen_entry *entries, size_t capacity,
                                   const unsigned char *key)
{
    uint64_t hash;
    memcpy(&hash, key, sizeof hash);
    for (size_t i = hash & (capacity - 1);; i = (i + 1) & (capacity - 1))
        if (entries[i].line == 0 || memcmp(entries[i].key, key, sizeof entries[i].key) == 0)
            return &entries[i];
}

static enum grove_code grow(struct seen *seen, struct grove_error *error)
{
    size_t capacity = seen->capacity ? seen->capacity * 2 : CAPACITY_MIN;
    struct seen_entry *entries = mem_zalloc(capacity * sizeof *entries);
    if (!entries)
        return error_no_memory(error, "remembering the lines of the input");
    for (size_t i = 0; i < seen->capacity; i++)
        if (seen->entries[i].line != 0)
            *place_of(entries, capacity, seen->entries[i].key) = seen->entries[i];
    mem_free(seen->entries);
    seen->entries = entries;
    seen->capacity = capacity;
    return GROVE_OK;
}

enum grove_code seen_add(struct seen *seen, const unsigned char key[static 16], uint32_t file,
                         uint32_t line, const struct seen_entry **ret_earlier,
                         struct grove_error *error)
{
    CHECK(line > 0);
    if (seen->count >= SEEN_MAX)
        return error_set(error, GROVE_LIMIT, "more than %d rows in one load", SEEN_MAX);
    if ((seen->count + 1) * 4 > seen->capacity * 3) {
        enum grove_code code = grow(seen, error);
        if (code != GROVE_OK)
            return code;
    }
    struct seen_entry *entry = place_of(seen->entries, seen->capacity, key);
    if (entry->line != 0) {
        *ret_earlier = entry;
        return GROVE_OK;
    }
    memcpy(entry->key, key, sizeof entry->key);
    entry->file = file;
    entry->line = line;
    seen->count++;
    *ret_earlier = NULL;
    return GROVE_OK;
}
