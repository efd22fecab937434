// SPDX-License-Identifier: Apache-2.0
//
// Where candidates come from. A source stands for all rows that satisfy the predicate: it hands out
// some, scored in the run's snapshot, and says what the best score of the others can be.
//
//     projection    the engine's hits and the rows of the outbox
//     relational    all rows, part by part
//
// Another source (words) needs these functions and no branch elsewhere.
#ifndef GROVE_QUERY_SOURCE_H
#define GROVE_QUERY_SOURCE_H

#include "query/run.h"

struct candidate_source {
    const struct source_operations *operations;
    double bound;            // no row that was not handed out scores more; -INFINITY: there is none
    size_t matched;          // rows handed out that were there and satisfied the predicate
    bool path_moved;         // the path leads to other leaves than those that were asked for
    struct vector_hits hits; // projection
    bool exact;              // projection: hits are of a search that compared all points
    size_t reach;            // projection: how many were asked for
};

struct source_operations {
    const char *name;
    // Asks whoever is not PostgreSQL for candidates; no snapshot is open. NULL: there is nobody.
    enum grove_code (*ask)(struct candidate_source *source, struct run *run,
                           struct grove_error *error);
    // Scores them in the snapshot that is open on run->ranking->conn; and anew in another where
    // texts had to be embedded.
    enum grove_code (*score)(struct candidate_source *source, struct run *run,
                             struct grove_error *error);
};

// PostgreSQL alone compares no more.
enum { SOURCE_RELATIONAL_ROWS_MAX = 50000 };

// What is read at a time is gone before the next is read.
enum { SOURCE_PART_BYTES_MAX = 16 << 20 };

// The engine's score of a point, and that of a kept vector, is its cosine up to this.
#define SOURCE_SCORE_TOLERANCE 1e-5

// The statement that reads the rows that wait.
const char *source_pending_file(const struct run *run);

// Those of score.sql: of contents with these ids, what satisfies the predicate.
void source_add_score_params(const struct predicate *predicate, enum embed_precision precision,
                             const int32_t *ids, size_t count, struct arena *arena,
                             struct pg_params *params);
// The same of a run's predicate and vectors; and those of the statement that reads what waits.
void source_add_hit_params(struct run *run, const int32_t *ids, size_t count, struct arena *arena,
                           struct pg_params *params);
void source_add_pending_params(struct run *run, struct arena *arena, struct pg_params *params);

extern const struct source_operations source_projection;
extern const struct source_operations source_relational;

#endif
