// SPDX-License-Identifier: Apache-2.0
#include "home/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
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

// Where the fields of /proc/PID/stat stand, counted from the state, which follows the name.
enum { FIELD_PARENT = 1, FIELD_BEGAN = 19 };

// False where it may not be looked at, or is not there.
static bool read_field(pid_t pid, int wanted, int64_t *ret_value, char *ret_state)
{
    char path[64], stat_line[1024];
    CHECK(wanted > 0);
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    read_start(path, stat_line, sizeof stat_line);
    const char *name_end = strrchr(stat_line, ')');
    if (!name_end || name_end[1] != ' ')
        return false;
    struct text rest = text_of(name_end + 2), field = {0};
    for (int i = 0; i <= wanted; i++)
        if (!text_split(&rest, ' ', &field))
            return false;
    *ret_state = name_end[2];
    return text_to_int64(field, ret_value);
}

// The same. *ret_began is -1 for what is left of a process until its parent asks for it.
static bool look_at(pid_t pid, int64_t *ret_began)
{
    char state;
    int64_t ticks;
    if (!read_field(pid, FIELD_BEGAN, &ticks, &state))
        return false;
    *ret_began = state == 'Z' || state == 'X' ? -1 : ticks;
    return true;
}

int64_t process_start_time(pid_t pid)
{
    int64_t began;
    return look_at(pid, &began) ? began : -1;
}

pid_t process_parent(pid_t pid)
{
    char state;
    int64_t parent;
    return read_field(pid, FIELD_PARENT, &parent, &state) && parent >= 0 && parent <= INT_MAX
               ? (pid_t)parent
               : -1;
}

void process_title(pid_t pid, char *ret_title, size_t size_bytes)
{
    char path[64];
    CHECK(size_bytes > 0);
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    read_start(path, ret_title, size_bytes);
}

bool process_has_locked(pid_t pid, int descriptor, const struct stat *file)
{
    char path[64], told[1024];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, descriptor);
    if (stat(path, &status) != 0 || status.st_dev != file->st_dev || status.st_ino != file->st_ino)
        return false;
    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)pid, descriptor);
    read_start(path, told, sizeof told);
    return strstr(told, "OFDLCK") != NULL;
}

bool process_each(bool (*visit)(void *state, pid_t pid), void *state)
{
    DIR *processes = descriptor_open_folder("/proc");
    bool found = false, go_on = true;
    if (!processes)
        return false;
    for (struct dirent *entry; go_on && (entry = readdir(processes));) {
        int64_t pid;
        if (!text_to_int64(text_of(entry->d_name), &pid) || pid <= 1 || pid > INT_MAX)
            continue;
        found = true;
        go_on = visit(state, (pid_t)pid);
    }
    closedir(processes);
    return found;
}

bool process_has_argument(pid_t pid, const char *wanted)
{
    char path[64], arguments[3 * PATH_MAX];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    size_t length = read_start(path, arguments, sizeof arguments);
    if (arguments[0] == '\0')
        return true;
    for (size_t at = 0; at < length; at += strlen(arguments + at) + 1)
        if (strcmp(arguments + at, wanted) == 0)
            return true;
    return false;
}

// --- where numbers mean something ----------------------------------------------------------------

void process_read_boot(char ret_boot[static PROCESS_BOOT_SIZE])
{
    char line[64];
    memset(ret_boot, 0, PROCESS_BOOT_SIZE);
    read_start("/proc/sys/kernel/random/boot_id", line, sizeof line);
    struct text boot = text_trim(text_of(line));
    snprintf(ret_boot, PROCESS_BOOT_SIZE, "%.*s", TEXT_ARGS(boot));
}

// 0 where the kernel does not tell.
static int64_t read_space(void)
{
    char link[64];
    ssize_t length = readlink("/proc/self/ns/pid", link, sizeof link);
    struct text rest = {link, length > 0 ? (size_t)length : 0}, name, number;
    int64_t inode;
    return text_split(&rest, '[', &name) && text_split(&rest, ']', &number) &&
                   text_to_int64(number, &inode)
               ? inode
               : 0;
}

void process_place(char ret_text[static PROCESS_TEXT_SIZE])
{
    char boot[PROCESS_BOOT_SIZE];
    process_read_boot(boot);
    snprintf(ret_text, PROCESS_TEXT_SIZE, "%s %lld", boot[0] ? boot : "-", (long long)read_space());
}

void process_describe_self(char ret_text[static PROCESS_TEXT_SIZE])
{
    char place[PROCESS_TEXT_SIZE];
    process_place(place);
    int length = snprintf(ret_text, PROCESS_TEXT_SIZE, "%ld %lld %.80s\n", (long)getpid(),
                          (long long)process_start_time(getpid()), place);
    CHECK(length > 0 && length < PROCESS_TEXT_SIZE);
}

bool process_read(const char *path, struct process *ret)
{
    char written[PROCESS_TEXT_SIZE];
    read_start(path, written, sizeof written);
    struct text rest = text_trim(text_of(written)), pid_text, time_text, boot, space;
    int64_t pid;
    struct process process = {0};
    if (!text_split(&rest, ' ', &pid_text) || !text_split(&rest, ' ', &time_text) ||
        !text_to_int64(pid_text, &pid) || !text_to_int64(time_text, &process.began) || pid <= 1 ||
        pid > INT_MAX || process.began < 0)
        return false;
    process.pid = (pid_t)pid;
    if (text_split(&rest, ' ', &boot) && text_split(&rest, ' ', &space) &&
        text_to_int64(space, &process.space) && !text_equal(boot, text_of("-")))
        snprintf(process.boot, sizeof process.boot, "%.*s", TEXT_ARGS(boot));
    *ret = process;
    return true;
}

bool process_is_of_here(const struct process *process)
{
    char boot[PROCESS_BOOT_SIZE];
    process_read_boot(boot);
    return boot[0] && strcmp(process->boot, boot) == 0 && process->space != 0 &&
           process->space == read_space();
}

enum process_sight process_see(const struct process *process)
{
    char boot[PROCESS_BOOT_SIZE];
    int64_t space = read_space(), began;
    CHECK(process->pid > 1); // kill() takes 0 and below for groups of processes
    process_read_boot(boot);
    if (process->boot[0] && boot[0] && strcmp(process->boot, boot) != 0)
        return PROCESS_GONE;
    if (process->space != 0 && space != 0 && process->space != space)
        return PROCESS_ELSEWHERE;
    if (look_at(process->pid, &began))
        return began == process->began ? PROCESS_LIVES : PROCESS_GONE;
    return kill(process->pid, 0) == 0 || errno != ESRCH ? PROCESS_HIDDEN : PROCESS_GONE;
}

unsigned process_age_s(const struct process *process)
{
    struct timespec up;
    long ticks_per_second = sysconf(_SC_CLK_TCK);
    if (ticks_per_second <= 0 || clock_gettime(CLOCK_BOOTTIME, &up) != 0)
        return 0;
    int64_t age_s = up.tv_sec - process->began / ticks_per_second;
    return age_s < 0 ? 0 : (unsigned)age_s;
}
