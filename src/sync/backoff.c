// SPDX-License-Identifier: Apache-2.0
#include "sync/backoff.h"

#include <assert.h>

#include "base/check.h"

static_assert((int)BACKOFF_MS >= 1000, "no more than one attempt, and one line, a second");
static_assert((int)BACKOFF_MS < (int)BACKOFF_MAX_MS, "it grows");

unsigned backoff_fail(struct backoff *backoff)
{
    CHECK(backoff->pause_ms <= BACKOFF_MAX_MS);
    backoff->pause_ms = backoff->pause_ms == 0 ? BACKOFF_MS : 2 * backoff->pause_ms;
    if (backoff->pause_ms > BACKOFF_MAX_MS)
        backoff->pause_ms = BACKOFF_MAX_MS;
    CHECK(backoff->pause_ms >= BACKOFF_MS); // nobody spins
    return backoff->pause_ms;
}

void backoff_clear(struct backoff *backoff)
{
    CHECK(backoff->pause_ms <= BACKOFF_MAX_MS);
    backoff->pause_ms = 0;
}
