// SPDX-License-Identifier: Apache-2.0
//
// How long whoever projects for ever waits after a failure: a second, doubled each time, at most
// half a minute. A server that comes back is used soon, and one that stays away is left alone.
//
//     struct backoff backoff = {0};
//     ...
//     pause_ms = backoff_fail(&backoff);    // each time that it failed
//     backoff_clear(&backoff);              // it worked
//
// Threads: one at a time.
#ifndef GROVE_SYNC_BACKOFF_H
#define GROVE_SYNC_BACKOFF_H

#include <stdbool.h>

enum { BACKOFF_MS = 1000, BACKOFF_MAX_MS = 30000 };

struct backoff {
    unsigned pause_ms; // after the last failure; 0: there was none
};

unsigned backoff_fail(struct backoff *backoff);
void backoff_clear(struct backoff *backoff);

#endif
