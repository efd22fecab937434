// SPDX-License-Identifier: Apache-2.0
#include "base/disk.h"

#include <limits.h>
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

void disk_tell_free(const char *path, struct grove_error *error)
{
    char folder[PATH_MAX];
    struct statvfs status;
    text_format(folder, sizeof folder, "%s", path);
    if (statvfs(folder, &status) != 0) { // a file that is not there yet
        char *end = strrchr(folder, '/');
        if (!end || end == folder)
            return;
        *end = '\0';
        if (statvfs(folder, &status) != 0)
            return;
    }
    unsigned long long kilobytes = (unsigned long long)status.f_bavail * status.f_frsize >> 10;
    bool few = kilobytes < 10 << 10;
    // What to do stands here, too: whoever began what failed gives a hint of its own.
    error_detail(error, "%llu %s are free on the disk of \"%s\"; free some space there",
                 few ? kilobytes : kilobytes >> 10, few ? "kB" : "MB", folder);
}

bool disk_is_full(const char *folder)
{
    struct statvfs status;
    return statvfs(folder, &status) == 0 &&
           (unsigned long long)status.f_bavail * status.f_frsize < LEAST_BYTES;
}
