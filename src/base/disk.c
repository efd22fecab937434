// SPDX-License-Identifier: Apache-2.0
#include "base/disk.h"

#include <string.h>
#include <sys/statvfs.h>

#include "base/attr.h"

enum { LEAST_BYTES = 64 << 10 };

bool disk_full_in_words(struct text words)
{
    // As strerror has it in the C locale: PostgreSQL, Python and Rust use its words.
    static const char *const signs[] = {"No space left on device", "Disk quota exceeded"};
    for (size_t i = 0; i < ARRAY_COUNT(signs); i++)
        if (words.length > 0 && memmem(words.data, words.length, signs[i], strlen(signs[i])))
            return true;
    return false;
}

bool disk_is_full(const char *folder)
{
    struct statvfs status;
    return statvfs(folder, &status) == 0 &&
           (unsigned long long)status.f_bavail * status.f_frsize < LEAST_BYTES;
}
