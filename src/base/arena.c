// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"

enum { ALIGNMENT = 16, BLOCK_BYTES = 16 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t size_bytes; // of `data`
    size_t used_bytes;
    size_t padding_;
    unsigned char data[];
};
static_assert(offsetof(struct arena_block, data) % ALIGNMENT == 0, "blocks start aligned");

struct arena_callback {
    struct arena_callback *next;
    void (*release)(void *handle);
    void *handle;
};

void arena_init(struct arena *arena, size_t bytes_max)
{
    *arena = (struct arena){.bytes_max = bytes_max};
}

void arena_init_counting(struct arena *arena, size_t bytes_max)
{
    *arena = (struct arena){.bytes_max = bytes_max, .counts_held = true};
}

void arena_clear(struct arena *arena)
{
    // A callback's record lies in a block: all callbacks go before the first block does.
    for (struct arena_callback *c = arena->callbacks; c; c = c->next)
        c->release(c->handle);
    for (struct arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        mem_free(block);
    }
    *arena = (struct arena){.bytes_max = arena->bytes_max, .counts_held = arena->counts_held};
}

void arena_release(struct arena *arena)
{
    arena_clear(arena);
}

static struct arena_block *add_block(struct arena *arena, size_t wanted_bytes)
{
    size_t size_bytes = wanted_bytes > BLOCK_BYTES / 4 ? wanted_bytes : BLOCK_BYTES;
    struct arena_block *block = mem_alloc(sizeof *block + size_bytes);
    if (!block)
        return NULL;
    *block = (struct arena_block){.size_bytes = size_bytes};
    struct arena_block *newest = arena->blocks;
    // A block made for one large request is full at once: keep filling the one before it.
    if (newest && size_bytes == wanted_bytes) {
        block->next = newest->next;
        newest->next = block;
    } else {
        block->next = newest;
        arena->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    CHECK(arena->bytes_max > 0);
    if (size_bytes > SIZE_MAX - ALIGNMENT)
        return NULL;
    size_t rounded = (size_bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (rounded > arena->bytes_max - arena->used_bytes)
        return NULL;
    struct arena_block *block = arena->blocks;
    if (!block || block->size_bytes - block->used_bytes < rounded) {
        block = add_block(arena, rounded);
        if (!block)
            return NULL;
    }
    void *memory = block->data + block->used_bytes;
    block->used_bytes += rounded;
    arena->used_bytes += rounded;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t size_bytes)
{
    void *memory = arena_alloc(arena, size_bytes);
    return memory ? memset(memory, 0, size_bytes) : NULL;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size_bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, size_bytes, &total))
        return NULL;
    return arena_alloc(arena, total);
}

char *arena_copy(struct arena *arena, struct text text)
{
    char *copy = arena_alloc(arena, text.length + 1);
    if (!copy)
        return NULL;
    if (text.length > 0)
        memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *string)
{
    return arena_copy(arena, text_of(string));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = text_vformat(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1);
    if (text)
        text_vformat(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

int arena_on_release(struct arena *arena, void (*release)(void *handle), void *handle)
{
    struct arena_callback *callback = arena_alloc(arena, sizeof *callback);
    if (!callback) {
        release(handle);
        return -1;
    }
    *callback = (struct arena_callback){arena->callbacks, release, handle};
    arena->callbacks = callback;
    return 0;
}

bool arena_has_room(const struct arena *arena, size_t size_bytes)
{
    CHECK(arena->used_bytes <= arena->bytes_max);
    return !arena->counts_held || size_bytes <= arena->bytes_max - arena->used_bytes;
}

int arena_hold(struct arena *arena, void (*release)(void *handle), void *handle, size_t size_bytes)
{
    if (!arena_has_room(arena, size_bytes)) {
        release(handle);
        return -1;
    }
    if (arena_on_release(arena, release, handle) != 0)
        return -1;
    // The callback's own record came first: there may be less room by so much.
    size_t left = arena->bytes_max - arena->used_bytes;
    if (arena->counts_held)
        arena->used_bytes += size_bytes < left ? size_bytes : left;
    return 0;
}
