// SPDX-License-Identifier: Apache-2.0
//
// Where the resident projector's files are, for those who start it (resident.c) and for itself
// (resident_run.c).
#ifndef GROVE_SYNC_RESIDENT_PRIVATE_H
#define GROVE_SYNC_RESIDENT_PRIVATE_H

#include "home/service.h"
#include "sync/resident.h"

// The argument by which its process is known.
#define RESIDENT_ARGUMENT "--be-resident"

struct resident_paths {
    struct service service; // its lock, its pid file, its log
    char folder[PATH_MAX];  // <servers>/projector
    char failure[PATH_MAX];
};
enum grove_code resident_find_paths(const struct home *home, struct resident_paths *ret,
                                    struct grove_error *error);

#endif
