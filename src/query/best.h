// SPDX-License-Identifier: Apache-2.0
//
// The best k rows of those that it is given, in one order whatever the order in which they come: by
// score, highest first, then by id. A row that is given twice is kept once.
//
//     struct best best;
//     code = best_init(&best, arena, k, error);
//     best_add(&best, (struct result_score){content_id, score});
//     best_finish(&best);          // best.items[0 .. best.count): sorted
//
// Memory: room for k rows and BEST_SPARE others, whatever the number of rows given.
#ifndef GROVE_QUERY_BEST_H
#define GROVE_QUERY_BEST_H

#include "query/result.h"

enum { BEST_SPARE = 4096 };

struct best {
    struct result_score *items;
    size_t count;
    size_t max;
    bool more; // another row than these was given
};

enum grove_code best_init(struct best *best, struct arena *arena, size_t max,
                          struct grove_error *error);
void best_clear(struct best *best);

// The score is finite. A content has one score: in one snapshot its vector is one.
void best_add(struct best *best, struct result_score item);
void best_finish(struct best *best);
// The score above which a row has a place among the best; -INFINITY: there is room for any.
double best_floor(struct best *best);

#endif
