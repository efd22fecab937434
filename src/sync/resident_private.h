// SPDX-License-Identifier: Apache-2.0
//
// Where the resident projector's files are, for those who start it (resident.c) and for itself
// (resident_run.c).
#ifndef GROVE_SYNC_RESIDENT_PRIVATE_H
#define GROVE_SYNC_RESIDENT_PRIVATE_H

#include "sync/resident.h"

// The argument by which its process is known, beside the home's path.
#define RESIDENT_ARGUMENT "--be-resident"

struct resident_paths {
    char folder[PATH_MAX]; // <servers>/projector
    char lock[PATH_MAX];   // held by it (an open file description lock) as long as it lives
    char pid[PATH_MAX];    // "<pid> <start time>"
    char failure[PATH_MAX];
    char log_folder[PATH_MAX];
    char log[PATH_MAX];
};
enum grove_code resident_find_paths(const struct home *home, struct resident_paths *ret,
                                    struct grove_error *error);

// The process of the pid file, verified; 0 when it does not run, or is not visible.
pid_t resident_process(const struct home *home, const struct resident_paths *paths);

#endif
