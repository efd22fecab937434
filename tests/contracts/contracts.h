// SPDX-License-Identifier: Apache-2.0
//
// The calling sequences that headers show, each as a function. They are compiled and linked, never
// called: most would need a server.
#ifndef GROVE_TESTS_CONTRACTS_H
#define GROVE_TESTS_CONTRACTS_H

#include <stddef.h>

#include "grove/error.h"

struct contract {
    const char *where; // "src/base/arena.h:5"
    enum grove_code (*sequence)(void);
};

extern const struct contract contracts[];
extern const size_t contract_count;

#endif
