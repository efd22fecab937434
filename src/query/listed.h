// SPDX-License-Identifier: Apache-2.0
//
// The rows that an examined graph does not reach, compared in this process: as many hundred ids in
// each request would cost the engine as much again as its walk.
//
// A handle keeps their vectors from its second search on. Whether these are still the rows' is
// known as it is of the engine's points: a row that changed waits in the outbox, where it is
// compared by what it is now, until it is acknowledged. So as long as no acknowledgment was drawn,
// what is kept is right; where one was, the rows' revisions are looked at, and those that changed
// are the engine's to compare from then on.
#ifndef GROVE_QUERY_LISTED_H
#define GROVE_QUERY_LISTED_H

#include "query/run.h"

// Sets run->listed, for the moment that run->before is, of a search without a filter; NULL: the
// engine is to compare them all.
enum grove_code listed_prepare(struct run *run, struct pg_conn *conn, struct grove_error *error);

// The points that the engine has to compare besides its walk.
void listed_for_engine(const struct run *run, struct vector_query *query);

// Adds what is kept to the engine's hits, of which `reach` were asked for.
enum grove_code listed_add(const struct run *run, size_t reach, struct vector_hits *hits,
                           struct grove_error *error);

#endif
