// SPDX-License-Identifier: Apache-2.0
//
// All of grove's own allocation goes through here, so that tests can make the nth one fail.
//
// Threads: mem_* may be called from any thread. mem_set_hook is for tests: set it before other
// threads run.
#ifndef GROVE_BASE_ALLOC_H
#define GROVE_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

// NULL when memory ran out. The contents are undefined for mem_alloc, zero for mem_zalloc.
// A size of 0 is treated as 1.
void *mem_alloc(size_t size_bytes) GROVE_MUST_CHECK;
void *mem_zalloc(size_t size_bytes) GROVE_MUST_CHECK;
// NULL, too, when count * size overflows.
void *mem_alloc_array(size_t count, size_t size_bytes) GROVE_MUST_CHECK;
// Like realloc: on failure the old block stays valid.
void *mem_resize(void *block, size_t size_bytes) GROVE_MUST_CHECK;
// `alignment` is a power of two of at least 16. Freed with mem_free.
void *mem_alloc_aligned(size_t alignment, size_t size_bytes) GROVE_MUST_CHECK;
// For megabytes that are read over and over: in huge pages, where the system gives them on request,
// so that addresses are found fast. Freed with mem_free. Rounded up to whole huge pages.
void *mem_alloc_huge(size_t size_bytes) GROVE_MUST_CHECK;
// Whether the system gives any (Linux: transparent huge pages are not switched off).
bool mem_has_huge(void);
char *mem_strdup(const char *text) GROVE_MUST_CHECK;
void mem_free(void *block);

// Frees what `*(void **)block_pointer` points to: for GROVE_CLEANUP.
void mem_free_pointer(void *block_pointer);

// Asked before every allocation; returning false makes that one fail. NULL takes the hook away.
typedef bool mem_hook(void *state, size_t size_bytes);
void mem_set_hook(mem_hook *hook, void *state);

#endif
