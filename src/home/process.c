// SPDX-License-Identifier: Apache-2.0
#include "home/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/text.h"

// Reads the beginning of a small file; "" when it cannot be read.
static size_t read_start(const char *path, char *buffer, size_t size_bytes)
{
    GROVE_CLEANUP(file_close_descriptor)
    int fd = descriptor_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    size_t used = 0;
    while (fd >= 0 && used < size_bytes - 1) {
        ssize_t got = read(fd, buffer + used, size_bytes - 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    buffer[used] = '\0';
    return used;
}

int64_t process_start_time(pid_t pid)
{
    enum { FIELDS_BEFORE = 19 }; // from the state, which follows the name
    char path[64], stat_line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    read_start(path, stat_line, sizeof stat_line);
    const char *name_end = strrchr(stat_line, ')');
    if (!name_end || name_end[1] != ' ' || name_end[2] == 'Z' || name_end[2] == 'X')
        return -1;
    struct text rest = text_of(name_end + 2), field = {0};
    for (int i = 0; i <= FIELDS_BEFORE; i++)
        if (!text_split(&rest, ' ', &field))
            return -1;
    int64_t ticks;
    return text_to_int64(field, &ticks) ? ticks : -1;
}

bool process_has_argument(pid_t pid, const char *wanted)
{
    char path[64], arguments[3 * PATH_MAX];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    size_t length = read_start(path, arguments, sizeof arguments);
    for (size_t at = 0; at < length; at += strlen(arguments + at) + 1)
        if (strcmp(arguments + at, wanted) == 0)
            return true;
    return false;
}

bool process_read(const char *path, struct process *ret)
{
    char written[64];
    read_start(path, written, sizeof written);
    struct text rest = text_trim(text_of(written)), pid_text, time_text;
    int64_t pid, began;
    if (!text_split(&rest, ' ', &pid_text) || !text_split(&rest, ' ', &time_text) ||
        !text_to_int64(pid_text, &pid) || !text_to_int64(time_text, &began) || pid <= 1 ||
        pid > INT_MAX || began < 0)
        return false;
    *ret = (struct process){(pid_t)pid, began};
    return true;
}

bool process_lives(const struct process *process, const char *argument)
{
    return process_start_time(process->pid) == process->began &&
           process_has_argument(process->pid, argument);
}
