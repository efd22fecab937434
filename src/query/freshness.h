// SPDX-License-Identifier: Apache-2.0
//
// Which of the rows that wait in the outbox a search compares, and what it tells of them. A fresh
// one compares all that match (source_projection.c). A fast one counts them instead, and compares
// those that the engine happens to show (freshness.md).
//
// In a snapshot in which a fast one compares the engine's hits it takes the count before them; a
// round is judged with freshness_asks_again; freshness_tell comes at the end of every ranking.
#ifndef GROVE_QUERY_FRESHNESS_H
#define GROVE_QUERY_FRESHNESS_H

#include "query/run.h"

// GROVE_INVALID: a caller gave what is none.
enum grove_code freshness_check(enum grove_freshness freshness, struct grove_error *error);

static inline bool freshness_is_fast(const struct run *run)
{
    return run->request->freshness == GROVE_FRESHNESS_FAST;
}

// Of waiting_few.sql: its parameter, and its row. Without a row (.result is NULL) nothing waits.
void freshness_add_params(struct pg_params *params);
void freshness_take_count(struct run *run, const struct pg_rows *rows);

// Whether rows left the outbox since the engine was asked, so that it is to be asked again. A fast
// search is not: it notes that rows may be missing.
bool freshness_asks_again(struct run *run);

// Sets `pending`, `merged` and `beyond` of the result; where a fast search has left out rows it is
// not complete.
void freshness_tell(struct run *run);

#endif
