// SPDX-License-Identifier: Apache-2.0
//
// How much memory there is to share out.
#ifndef GROVE_PG_MEMORY_H
#define GROVE_PG_MEMORY_H

#include <stdint.h>

// The machine's, or the limit of the control group (a container's) where that is lower.
uint64_t memory_usable_bytes(void);

#endif
