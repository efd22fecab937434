// SPDX-License-Identifier: Apache-2.0
//
// What a search may spend in the vector engine: the look at whose collection it is, and all rounds.
#ifndef GROVE_QUERY_ENGINE_TIME_H
#define GROVE_QUERY_ENGINE_TIME_H

#include "query/run.h"

// Sets run->engine_call. One limit for all of it: an engine that needs its whole time for each
// would keep a search for the sum of them. Of a search that has a deadline PostgreSQL gets the
// rest, to stand in.
void engine_time_give(struct run *run);

// What the end of that time is told as, where it is not the search's: it is the engine that was
// slow. Any other error stays as it is.
enum grove_code engine_time_blame(const struct run *run, enum grove_code code,
                                  struct grove_error *error);

#endif
