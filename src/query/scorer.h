// SPDX-License-Identifier: Apache-2.0
//
// Exact scores: cosines in double precision of the vectors in PostgreSQL, whoever found the row. A
// row without a usable vector is embedded here, up to RANKING_COMPUTED_MAX in one ranking; what was
// computed is kept for the next search (sync/keep.h).
#ifndef GROVE_QUERY_SCORER_H
#define GROVE_QUERY_SCORER_H

#include "query/run.h"

// Of score.sql and score_all.sql: id, vector, text, whether it waits in the outbox, its revision.
enum { SCORE_COLUMNS = 5 };

// Adds the scores of a statement's rows to run->best, and counts what could not be compared.
enum grove_code scorer_add(struct run *run, const struct pg_rows *rows, struct grove_error *error);

// Before the rows of another snapshot: nothing is scored yet.
void scorer_restart(struct run *run);

#endif
