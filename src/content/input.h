// SPDX-License-Identifier: Apache-2.0
//
// The files that a load was given, looked at before anything is read.
//
//     code = inputs_open(paths, count, twice, call, &inputs, error);
//     code = input_source(&inputs.items[i], &source, error);    // its text, from the start
//     inputs_release(&inputs);
//
// Regular files are opened one at a time, when their turn comes, so any number may be given. All
// else is kept open from the start: a pipe can be opened once only.
//
// Errors: GROVE_NOT_FOUND, GROVE_DENIED; GROVE_INVALID for a folder, a device, and one file given
// twice, under whichever names.
#ifndef GROVE_CONTENT_INPUT_H
#define GROVE_CONTENT_INPUT_H

#include <sys/stat.h>

#include "content/source.h"

struct query_rows;

struct input {
    const char *name;         // the path, borrowed, or "standard input"
    const char *path;         // borrowed
    int descriptor;           // -1: the file is opened when it is read
    struct text memory;       // where there is no file: borrowed
    struct query_rows *query; // the same: borrowed, and not to be had by input_source
    int64_t start;            // where it is read from: standard input may have been read before
    struct stat status;       // as it was first seen
};

struct inputs {
    struct input *items;
    size_t count;
    int64_t bytes; // of all together; 0: one of them is of no known length
};

// `twice`: each can be read again; what is no regular file is copied to an unlinked one for that.
enum grove_code inputs_open(const char *const *paths, size_t count, bool twice,
                            const struct call *call, struct inputs *ret, struct grove_error *error);
// The same of what is in memory.
enum grove_code inputs_of_memory(struct text memory, struct inputs *ret, struct grove_error *error);
// Of the rows of a query, which can be run again.
enum grove_code inputs_of_query(struct query_rows *query, struct inputs *ret,
                                struct grove_error *error);
void inputs_release(struct inputs *inputs);

// Reads what the file had when it was first seen, also where it grows.
enum grove_code input_source(const struct input *input, struct source *ret,
                             struct grove_error *error);

// False: it is another file now, or was changed since it was first seen.
bool input_is_unchanged(const struct input *input);

// 0 where it is not known.
int64_t input_bytes(const struct input *input);

#endif
