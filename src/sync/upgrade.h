// SPDX-License-Identifier: Apache-2.0
//
// A thread that applies the migrations that this library can work without, beside whatever else
// goes on: an index on many rows takes minutes, and nobody is to wait for it.
//
//     struct upgrade *upgrade = NULL;
//     code = upgrade_start(store, &upgrade, error);
//     ...
//     if (upgrade_told(upgrade, &outcome))    // once for each attempt
//         say("%u migrations", outcome.applied);
//     upgrade_stop(upgrade);                  // ends what is under way: it goes on next time
//
// Threads: start, ask and stop by one thread.
#ifndef GROVE_SYNC_UPGRADE_H
#define GROVE_SYNC_UPGRADE_H

#include <stdbool.h>

#include "catalog/store.h"

struct upgrade;

struct upgrade_outcome {
    unsigned applied; // migrations
    enum grove_code code;
    struct grove_error error; // of what comes next, where it failed; it is tried again
};

enum grove_code upgrade_start(struct store *store, struct upgrade **ret, struct grove_error *error);
// False where nothing has ended since it was asked last.
bool upgrade_told(struct upgrade *upgrade, struct upgrade_outcome *ret);
void upgrade_stop(struct upgrade *upgrade); // NULL is fine

#endif
