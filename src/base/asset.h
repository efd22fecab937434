// SPDX-License-Identifier: Apache-2.0
//
// Files that are part of the program: tools/embed-files turns them into arrays of these.
#ifndef GROVE_BASE_ASSET_H
#define GROVE_BASE_ASSET_H

#include <stddef.h>

struct asset {
    const char *name; // file name without folders; NULL ends the array
    const char *data; // ends in NUL beyond size_bytes
    size_t size_bytes;
};

#endif
