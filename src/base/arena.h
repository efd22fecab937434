// SPDX-License-Identifier: Apache-2.0
//
// Memory of one lifetime: a request, a batch, a result. Nothing in it is freed piecemeal.
//
//     struct arena arena;
//     arena_init(&arena, 64 << 20);
//     char *name = arena_printf(&arena, "%s_hierarchy", tree);   // NULL: out of memory
//     if (arena_on_release(&arena, release_result, result) != 0)   // foreign handles hang on it
//         return error_no_memory(error, "a result");
//     ...
//     arena_release(&arena);                                     // callbacks run in reverse
//
// Every arena has a maximum size, given at birth: past it allocation fails as if memory had run
// out. What libraries hold for us on an arena (arena_hold) counts where the arena was told so.
// Threads: one at a time.
#ifndef GROVE_BASE_ARENA_H
#define GROVE_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/text.h"

struct arena_block;
struct arena_callback;

struct arena {
    struct arena_block *blocks; // newest first
    struct arena_callback *callbacks;
    size_t used_bytes; // of its own and, with `counts_held`, of what hangs on it
    size_t bytes_max;
    bool counts_held;
};

// Allocates nothing.
void arena_init(struct arena *arena, size_t bytes_max);
void arena_release(struct arena *arena);
// The same, with all that hangs on it counted against the maximum.
void arena_init_counting(struct arena *arena, size_t bytes_max);
// Released and ready again.
void arena_clear(struct arena *arena);

// Aligned to 16 bytes, undefined contents. NULL: out of memory, or past the maximum.
void *arena_alloc(struct arena *arena, size_t size_bytes) GROVE_MUST_CHECK;
void *arena_zalloc(struct arena *arena, size_t size_bytes) GROVE_MUST_CHECK;
void *arena_alloc_array(struct arena *arena, size_t count, size_t size_bytes) GROVE_MUST_CHECK;

// Copies end in NUL.
char *arena_strdup(struct arena *arena, const char *string) GROVE_MUST_CHECK;
char *arena_copy(struct arena *arena, struct text text) GROVE_MUST_CHECK;
char *arena_printf(struct arena *arena, const char *format, ...)
    GROVE_PRINTF(2, 3) GROVE_MUST_CHECK;

// Has `release(handle)` called when the arena is released; in reverse order of registration.
// When memory for the registration fails, `release(handle)` is called at once and -1 returned.
int arena_on_release(struct arena *arena, void (*release)(void *handle),
                     void *handle) GROVE_MUST_CHECK;

// Whether so many bytes more may hang on it: always, where they do not count.
bool arena_has_room(const struct arena *arena, size_t size_bytes);

// The same for a handle that holds so many bytes, which count until the arena is released. -1 also
// where there is no room for them.
int arena_hold(struct arena *arena, void (*release)(void *handle), void *handle,
               size_t size_bytes) GROVE_MUST_CHECK;

#endif
