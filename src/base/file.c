// SPDX-License-Identifier: Apache-2.0
#include "base/descriptor.h"
#include "base/disk.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void file_close_descriptor(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

bool file_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

enum grove_code file_read(struct arena *arena, const char *path, size_t bytes_max,
                          struct text *ret_text, struct grove_error *error)
{
    GROVE_CLEANUP(file_close_descriptor) int fd = descriptor_open(path, O_RDONLY, 0);
    if (fd < 0)
        return error_set_errno(error, errno, "could not open file \"%s\"", path);
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set_errno(error, errno, "could not read file \"%s\"", path);
    if (status.st_size < 0 || (size_t)status.st_size > bytes_max)
        return error_set(error, GROVE_LIMIT, "file \"%s\" is larger than %zu bytes", path,
                         bytes_max);
    size_t size_bytes = (size_t)status.st_size, used = 0;
    char *data = arena_alloc(arena, size_bytes + 1);
    if (!data)
        return error_no_memory(error, path);
    while (used < size_bytes) {
        ssize_t got = read(fd, data + used, size_bytes - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(error, errno, "could not read file \"%s\"", path);
        if (got == 0)
            break;
        used += (size_t)got;
    }
    data[used] = '\0';
    *ret_text = (struct text){data, used};
    return GROVE_OK;
}

ssize_t file_put(int descriptor, const void *data, size_t size_bytes, off_t at)
{
    static const struct timespec at_once = {0};
    sigset_t beyond, before;
    sigemptyset(&beyond);
    sigaddset(&beyond, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &beyond, &before);
    ssize_t put =
        at == -1 ? write(descriptor, data, size_bytes) : pwrite(descriptor, data, size_bytes, at);
    int failure = errno;
    // What has been sent to this thread is not to reach it. A host that has blocked it has it sent.
    if (put < 0 && failure == EFBIG && sigismember(&before, SIGXFSZ) == 0)
        while (sigtimedwait(&beyond, NULL, &at_once) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = failure;
    return put;
}

// What a file could not be, by errno.
static enum grove_code set_failed(const char *what, const char *path, struct grove_error *error)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    enum grove_code code = error_set_errno(error, errno, "could not %s file \"%s\"", what, path);
    if (full)
        disk_tell_free(path, error);
    return code;
}

static enum grove_code write_all(int fd, struct text contents, const char *path,
                                 struct grove_error *error)
{
    for (size_t done = 0; done < contents.length;) {
        ssize_t put = file_put(fd, contents.data + done, contents.length - done, -1);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return set_failed("write", path, error);
        done += (size_t)put;
    }
    if (fsync(fd) != 0)
        return set_failed("write", path, error);
    return GROVE_OK;
}

enum grove_code file_write(const char *path, struct text contents, mode_t mode,
                           struct grove_error *error)
{
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return error_set(error, GROVE_INVALID, "path \"%.200s...\" is too long", path);
    GROVE_CLEANUP(file_close_descriptor) int fd = descriptor_open_temporary(temporary);
    if (fd < 0)
        return set_failed("create", path, error);
    enum grove_code code = write_all(fd, contents, path, error);
    if (code == GROVE_OK && fchmod(fd, mode) != 0)
        code = error_set_errno(error, errno, "could not set the mode of \"%s\"", path);
    if (code == GROVE_OK && rename(temporary, path) != 0)
        code = set_failed("replace", path, error);
    if (code != GROVE_OK)
        unlink(temporary);
    return code;
}

enum grove_code file_map_open(const char *path, struct file_map *ret_map, struct grove_error *error)
{
    GROVE_CLEANUP(file_close_descriptor) int fd = descriptor_open(path, O_RDONLY, 0);
    if (fd < 0)
        return error_set_errno(error, errno, "could not open file \"%s\"", path);
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set_errno(error, errno, "could not read file \"%s\"", path);
    if (!S_ISREG(status.st_mode))
        return error_set(error, GROVE_INVALID, "\"%s\" is not a regular file", path);
    struct file_map map = {.size_bytes = (size_t)status.st_size};
    if (map.size_bytes > 0) {
        void *data = mmap(NULL, map.size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            return error_set_errno(error, errno, "could not map file \"%s\"", path);
        map.data = data;
    }
    *ret_map = map;
    return GROVE_OK;
}

void file_map_release(struct file_map *map)
{
    if (map->data)
        munmap((void *)(uintptr_t)map->data, map->size_bytes);
    *map = (struct file_map){0};
}

enum grove_code folder_make(const char *path, mode_t mode, struct grove_error *error)
{
    char partial[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof partial)
        return error_set(error, GROVE_INVALID, "path \"%.200s\" is empty or too long", path);
    memcpy(partial, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (partial[i] != '/' && partial[i] != '\0')
            continue;
        char kept = partial[i];
        partial[i] = '\0';
        if (mkdir(partial, i == length ? mode : 0755) != 0 && errno != EEXIST)
            return error_set_errno(error, errno, "could not create folder \"%s\"", partial);
        partial[i] = kept;
    }
    struct stat status;
    if (stat(path, &status) != 0)
        return error_set_errno(error, errno, "could not use folder \"%s\"", path);
    if (!S_ISDIR(status.st_mode))
        return error_set(error, GROVE_INVALID, "\"%s\" is not a folder", path);
    return GROVE_OK;
}
