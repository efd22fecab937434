// SPDX-License-Identifier: Apache-2.0
//
// Finds the facts that a plan is made of (query/plan.h), by counts that are kept, and makes it.
#ifndef GROVE_QUERY_PLANNER_H
#define GROVE_QUERY_PLANNER_H

#include "pg/pg.h"
#include "query/run.h"

// Of a moment that was read, and a path that was resolved.
enum grove_code planner_plan(struct run *run, struct pg_conn *conn, struct grove_error *error);

// For the moment of the open snapshot, which is another one than when the engine was asked;
// `moved`: its path leads elsewhere.
enum grove_code planner_again(struct run *run, bool moved, struct grove_error *error);

// Contents of the predicate's place and types; INT64_MAX: it has more leaves.
enum grove_code planner_count_places(struct run *run, struct pg_conn *conn, int32_t leaves_max,
                                     int64_t *ret, struct grove_error *error);

#endif
