// SPDX-License-Identifier: Apache-2.0
//
// Before an answer: rows of attached tables that were committed are taken in, as far as that is a
// matter of moments; what waits still is told, so that the answer does not claim to be complete.
#ifndef GROVE_ATTACH_CATCH_UP_H
#define GROVE_ATTACH_CATCH_UP_H

#include "catalog/store.h"

struct catch_up {
    int64_t rows;      // that wait
    char filling[440]; // a table of which not all rows were read; "": none
};

// An error: PostgreSQL itself does not answer. That rows could not be taken in is none: they wait.
enum grove_code catch_up(struct store *store, struct call *call, struct catch_up *ret,
                         struct grove_error *error);

// At least so many rows are missing in an answer. A table that is being read has one at least.
int64_t catch_up_missing(const struct catch_up *waiting);

#endif
