// SPDX-License-Identifier: Apache-2.0
//
// What an examination found, as grove/grove.h tells it.
#ifndef GROVE_API_INDEX_H
#define GROVE_API_INDEX_H

#include "grove/grove.h"
#include "sync/examine.h"

struct grove_index index_of(const struct examine_report *report);

// Of one that failed.
struct grove_index index_unknown(const struct grove_error *error);

#endif
