// SPDX-License-Identifier: Apache-2.0
#include "pg/memory.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/check.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/text.h"

// Of version 2 and of version 1: https://docs.kernel.org/admin-guide/cgroup-v2.html
static const char *const limit_files[] = {"/sys/fs/cgroup/memory.max",
                                          "/sys/fs/cgroup/memory/memory.limit_in_bytes"};

static uint64_t read_limit(const char *path)
{
    char text[32];
    int64_t limit;
    GROVE_CLEANUP(file_close_descriptor) int fd = descriptor_open(path, O_RDONLY, 0);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (length <= 0 || !text_to_int64(text_trim((struct text){text, (size_t)length}), &limit) ||
        limit <= 0)
        return UINT64_MAX; // "max", or none
    CHECK(limit > 0);
    return (uint64_t)limit;
}

uint64_t memory_usable_bytes(void)
{
    uint64_t usable = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < ARRAY_COUNT(limit_files); i++) {
        uint64_t limit = read_limit(limit_files[i]);
        usable = limit < usable ? limit : usable;
        CHECK(usable <= limit);
    }
    return usable;
}
