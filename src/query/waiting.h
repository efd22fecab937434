// SPDX-License-Identifier: Apache-2.0
//
// Rows that wait in the outbox, where thousands do. A search reads which they are, and of each the
// revision; their vectors it keeps for those that come, and compares them by itself. Of these only
// rows that may be among the best are read, under the predicate, and scored exactly.
//
// Why what was kept is still right: a content does not change without a row of the outbox, whose
// revision is higher than those of its rows before, and a row leaves the outbox no sooner than
// those before it (sql/README.md, invariant 4). So a content is, in any snapshot in which revision
// N is its last row's, what it is in all others. Its vector may be computed meanwhile: a content
// that had none is read each time.
//
//     code = waiting_read(&waiting, run, &list, error); // waiting_rows.sql, in this snapshot
//     if (code == GROVE_OK && !waiting.too_many)        // run->best has the engine's hits
//         code = waiting_score(&waiting, ids, count, part, &bound, error);
//     waiting_release(&waiting);
#ifndef GROVE_QUERY_WAITING_H
#define GROVE_QUERY_WAITING_H

#include "query/run.h"

struct waiting_row;

struct waiting {
    struct run *run;
    struct waiting_row *items; // by ascending id, each content once; in the run's arena
    size_t count;
    struct kept_points *kept; // NULL: none
    bool too_many;            // to be listed, or without a vector: they are to be read as they are
};

// Whether the outbox is so long that its rows are listed; of a short one nothing is kept.
bool waiting_is_listed(struct run *run);

// Whether vectors of so many rows that wait are worth keeping: they can be listed, and this was
// asked before.
bool waiting_are_kept(struct run *run, int64_t rows_waiting);

// $1 of waiting_rows.sql.
void waiting_add_params(struct pg_params *params);

// Of the rows of waiting_rows.sql in the snapshot that is open. Where many are not known their
// vectors are read, and kept in the store.
enum grove_code waiting_read(struct waiting *self, struct run *run, const struct pg_rows *list,
                             struct grove_error *error);

// Scores those that may be among the best of run->best, but for the hits, whose ids are ascending:
// they were scored before. `part` is cleared for each portion that is read. *ret_bound: no other
// row that waits scores more; -INFINITY: there is none.
enum grove_code waiting_score(const struct waiting *self, const int32_t *hits, size_t hit_count,
                              struct arena *part, double *ret_bound, struct grove_error *error);

// All zeros is fine.
void waiting_release(struct waiting *self);

#endif
