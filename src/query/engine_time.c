// SPDX-License-Identifier: Apache-2.0
#include "query/engine_time.h"

#include <limits.h>

#include "base/inject.h"

enum { ENGINE_MS = 10000 };

void engine_time_give(struct run *run)
{
    unsigned left_ms = call_left_ms(run->call, UINT_MAX);
    unsigned share_ms = left_ms / 3 * 2, engine_ms = (unsigned)KNOB(SEARCH_ENGINE_MS, ENGINE_MS);
    run->engine_call = call_part(run->call);
    call_within(&run->engine_call, share_ms < engine_ms ? share_ms : engine_ms);
}

enum grove_code engine_time_blame(const struct run *run, enum grove_code code,
                                  struct grove_error *error)
{
    struct grove_error over;
    if (code != GROVE_TIMEOUT || error->origin != GROVE_ORIGIN_GROVE)
        return code;
    if (call_check(run->call, &over) != GROVE_OK) {
        *error = over; // in the search's own words
        return over.code;
    }
    if (run->engine_call.ended_in_line)
        return code; // it was not asked: too many ask
    error_set(error, GROVE_TIMEOUT,
              "the vector engine took longer than the %g s that a search gives it",
              run->engine_call.limit_ms / 1000.0);
    error_hint(error, "see with \"grove status\" what it does");
    error->origin = GROVE_ORIGIN_QDRANT;
    return GROVE_TIMEOUT;
}
