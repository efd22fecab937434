// SPDX-License-Identifier: Apache-2.0
//
// Exact scores: cosines in double precision of the vectors in PostgreSQL, whoever found the row. A
// row without a usable vector is embedded here, up to RANKING_COMPUTED_MAX in one ranking; what was
// computed is kept for the next search (sync/keep.h). Only the texts of these are read, and of each
// only what a model can read.
#ifndef GROVE_QUERY_SCORER_H
#define GROVE_QUERY_SCORER_H

#include "query/run.h"

// Of score.sql, score_pending.sql and score_all.sql: id, vector, whether it waits in the outbox,
// its revision there.
enum { SCORE_COLUMNS = 4 };

// Adds the scores of a statement's rows to run->best, and counts what could not be compared.
// Without `pending_too` rows that wait in the outbox are passed over: they were added before.
enum grove_code scorer_add(struct run *run, const struct pg_rows *rows, bool pending_too,
                           struct grove_error *error);

// Before the rows of another snapshot: nothing is scored yet.
void scorer_restart(struct run *run);

#endif
