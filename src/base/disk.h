// SPDX-License-Identifier: Apache-2.0
//
// Whether something failed because a disk is full, where no errno tells it.
#ifndef GROVE_BASE_DISK_H
#define GROVE_BASE_DISK_H

#include <stdbool.h>

#include "base/text.h"

// The words of another program: a log's last lines, a server's answer. A quota that is used up
// counts, too.
bool disk_full_in_words(struct text words);

// Whether the disk of `folder` has no room even for a line of a log: what failed there could not
// say why.
bool disk_is_full(const char *folder);

#endif
