// SPDX-License-Identifier: Apache-2.0
//
// Files: whole reads, atomic writes, read-only mappings, folders.
// Paths are NUL-terminated; errors name the path.
#ifndef GROVE_BASE_FILE_H
#define GROVE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

// A file mapped read-only. `data` is NULL for an empty file.
struct file_map {
    const unsigned char *data;
    size_t size_bytes;
};

// Reads a whole file of at most `bytes_max` into the arena; *ret_text ends in NUL beyond its
// length. A longer file is GROVE_LIMIT.
enum grove_code file_read(struct arena *arena, const char *path, size_t bytes_max,
                          struct text *ret_text, struct grove_error *error);

// Replaces `path` in one step: a reader, or a crash, sees the old contents or the new.
enum grove_code file_write(const char *path, struct text contents, mode_t mode,
                           struct grove_error *error);

// pwrite(2), or write(2) where `at` is -1: but where a limit on the size of files forbids it
// (ulimit -f), it fails with EFBIG, and the process gets no signal that would end it.
ssize_t file_put(int descriptor, const void *data, size_t size_bytes, off_t at);

enum grove_code file_map_open(const char *path, struct file_map *ret_map,
                              struct grove_error *error);
void file_map_release(struct file_map *map);

bool file_exists(const char *path);

// Makes `path` and what is missing above it. An existing folder is left as it is.
enum grove_code folder_make(const char *path, mode_t mode, struct grove_error *error);

// Closes *descriptor if it is not -1: for GROVE_CLEANUP.
void file_close_descriptor(int *descriptor);

#endif
