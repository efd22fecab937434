// SPDX-License-Identifier: Apache-2.0
//
// Whether something failed because a disk is full, where no errno tells it.
#ifndef GROVE_BASE_DISK_H
#define GROVE_BASE_DISK_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

// The words of another program: a log's last lines, a server's answer. A quota that is used up
// counts, too.
bool disk_full_in_words(struct text words);

// Adds to the failure of a write how much is free on the disk of `path`, or of the folder that the
// file would be in; where that cannot be told, nothing.
void disk_tell_free(const char *path, struct grove_error *error);

// Whether the disk of `folder` has no room even for a line of a log: what failed there could not
// say why.
bool disk_is_full(const char *folder);

#endif
