// SPDX-License-Identifier: Apache-2.0
//
// Exact scores: cosines in double precision of the vectors in PostgreSQL, whoever found the row.
//
// A row without a usable vector is embedded, up to RANKING_COMPUTED_MAX in one ranking, and none
// beside hundreds; what was computed is kept for the next search (sync/keep.h). Only the texts of
// these are read, and of each only what a model can read. The model works while no snapshot is
// open, so that nobody who wants a table waits for it: scorer_restart in a snapshot, scorer_add for
// all rows; where texts are wanted its end, scorer_embed, and the same in another one. There a
// computed vector counts only if its content has the revision, or a text of the hash, that it was
// computed of. Where the other one shows the same rows scorer_add_embedded is enough.
#ifndef GROVE_QUERY_SCORER_H
#define GROVE_QUERY_SCORER_H

#include "query/run.h"

// Of score.sql, score_pending.sql and score_all.sql: id, vector, whether it waits in the outbox,
// and, where there is no vector, its revision.
enum { SCORE_COLUMNS = 4 };

enum { SCORER_TEXTS_BYTES_MAX = 4 << 20 }; // of run->texts

// What becomes of rows that wait in the outbox.
enum scorer_waiting {
    WAITING_PASSED_OVER, // all were added before
    WAITING_ADDED,
    WAITING_AGAIN, // some were: they are not counted
};

// Adds the scores of a statement's rows to run->best, and counts what could not be compared. Reads
// texts that are to be embedded, but of rows that wait none in a fast search.
enum grove_code scorer_add(struct run *run, const struct pg_rows *rows, enum scorer_waiting waiting,
                           struct grove_error *error);

// Before the rows of another snapshot: nothing is scored yet. No texts are wanted.
void scorer_restart(struct run *run);

// Whether texts were read that are to be embedded: what was compared is not all.
bool scorer_wants_texts(const struct run *run);
enum grove_code scorer_embed(struct run *run, struct grove_error *error);
// In a snapshot that shows what the one before it did: no row needs to be read again.
void scorer_add_embedded(struct run *run);

// Of a ranking that is done: what is to be kept.
void scorer_hand_over(const struct run *run, struct ranking *ranking);

#endif
