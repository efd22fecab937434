// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/descriptor.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Of x86-64, and of arm64 with pages of 4 KiB; elsewhere it is merely an alignment.
enum { HUGE_PAGE = 2 << 20 };

static mem_hook *allocation_hook;
static void *allocation_hook_state;

static bool allowed(size_t size_bytes)
{
    return !allocation_hook || allocation_hook(allocation_hook_state, size_bytes);
}

void *mem_alloc(size_t size_bytes)
{
    return allowed(size_bytes) ? malloc(size_bytes ? size_bytes : 1) : NULL;
}

void *mem_zalloc(size_t size_bytes)
{
    return allowed(size_bytes) ? calloc(1, size_bytes ? size_bytes : 1) : NULL;
}

void *mem_alloc_array(size_t count, size_t size_bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, size_bytes, &total))
        return NULL;
    return mem_alloc(total);
}

void *mem_resize(void *block, size_t size_bytes)
{
    return allowed(size_bytes) ? realloc(block, size_bytes ? size_bytes : 1) : NULL;
}

void *mem_alloc_aligned(size_t alignment, size_t size_bytes)
{
    size_t rounded;
    if (__builtin_add_overflow(size_bytes, alignment - 1, &rounded) || !allowed(size_bytes))
        return NULL;
    rounded &= ~(alignment - 1);
    return aligned_alloc(alignment, rounded ? rounded : alignment);
}

void *mem_alloc_huge(size_t size_bytes)
{
    void *block = mem_alloc_aligned(HUGE_PAGE, size_bytes);
    // Whole pages of ours alone. Refused, it is memory like any other.
    if (block)
        (void)madvise(block, (size_bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return block;
}

bool mem_has_huge(void)
{
    char text[64];
    int fd = descriptor_open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY, 0);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length > 0 && !strstr(text, "[never]");
}

char *mem_strdup(const char *text)
{
    size_t size_bytes = strlen(text) + 1;
    char *copy = mem_alloc(size_bytes);
    return copy ? memcpy(copy, text, size_bytes) : NULL;
}

void mem_free(void *block)
{
    free(block);
}

void mem_free_pointer(void *block_pointer)
{
    void *block;
    memcpy(&block, block_pointer, sizeof block);
    mem_free(block);
}

void mem_set_hook(mem_hook *hook, void *state)
{
    allocation_hook_state = state;
    allocation_hook = hook;
}
