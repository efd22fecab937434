// SPDX-License-Identifier: Apache-2.0
//
// The best rows of a round: how many are kept while a source hands them out, and what they are once
// it has. Where there are documents, each is folded into its best row (fold.h).
//
//     code = round_make_room(run, source, error);     // before the source scores
//     code = round_take_best(run, source, error);     // in the snapshot in which it has
#ifndef GROVE_QUERY_ROUND_H
#define GROVE_QUERY_ROUND_H

#include "query/run.h"

struct candidate_source;

enum grove_code round_make_room(struct run *run, const struct candidate_source *source,
                                struct grove_error *error);
enum grove_code round_take_best(struct run *run, const struct candidate_source *source,
                                struct grove_error *error);

// Of the rows that were taken, so many documents at most.
enum grove_code round_fold(struct run *run, size_t documents, struct grove_error *error);

#endif
