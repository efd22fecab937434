// SPDX-License-Identifier: Apache-2.0
//
// The best k rows that satisfy a predicate, compared exactly.
//
// Scores always come from the vectors in PostgreSQL, in double precision: the vector engine only
// says where to look. So the order is the same whichever strategy found the rows, and a row's
// score does not change when it moves from the outbox into the engine.
//
//     struct ranking ranking;
//     code = ranking_run(store, &call, &request, &predicate, result, arena, &ranking, error);
//     for (size_t i = 0; code == GROVE_OK && i < ranking.count; i++)
//         use(ranking.items[i].content_id, ranking.items[i].score);   // best first, ties by id
//     code = ranking_hydrate(&ranking, 0, ranking.count, context, result, arena, error);
//     ranking_end(&ranking);
//
// The connection that ranking_run used keeps its snapshot open in ranking.conn, so that the rows
// can be read as they were compared.
#ifndef GROVE_QUERY_RANKING_H
#define GROVE_QUERY_RANKING_H

#include "catalog/store.h"
#include "query/fold.h"
#include "query/predicate.h"
#include "query/result.h"
#include "sync/keep.h"

struct ranking_request {
    const char *text;    // or, when NULL:
    const float *vector; // EMBED_DIMENSION numbers
    size_t best_max;     // k
    bool fold;           // each document once: k is of documents
    int32_t except;      // folding: a content whose document, one of the k, is left out; 0: none
    double score_min;    // folding: rows that score less are not there
    bool exact;
    enum grove_strategy strategy;
    enum grove_freshness freshness;
    bool explain;
};

enum { RANKING_COMPUTED_MAX = 16 }; // texts embedded in one ranking

struct ranking {
    struct pg_conn *conn;
    struct result_score *items; // in the arena given
    size_t count;
    size_t best_max; // k: count is at most this
    bool more;       // the predicate is known to match more than these; then count is best_max
    bool chunked;    // some may be chunks of documents

    const struct fold_document *documents; // beside the items; NULL: nothing was folded

    // Vectors that had to be computed: in the arena.
    enum embed_precision precision;
    struct computed_vector computed[RANKING_COMPUTED_MAX];
    size_t computed_count;
};

enum grove_code ranking_run(struct store *store, struct call *call,
                            const struct ranking_request *request, struct predicate *predicate,
                            struct result *result, struct arena *arena, struct ranking *ret,
                            struct grove_error *error);

// Leaves out the rows that score less.
void ranking_drop_below(struct ranking *ranking, double score_min);

// Reads items[first, first + count) of a ranking, in its snapshot, into the result: of chunks also
// which passage of which document they are, with the text of `context` chunks before and after. The
// snapshot ends with it.
enum grove_code ranking_hydrate(const struct ranking *ranking, size_t first, size_t count,
                                unsigned context, struct result *result, struct arena *arena,
                                struct grove_error *error);

// Ends the snapshot, keeps what vectors were computed, and gives the connection back. Fine after a
// failure. The arena is still there.
void ranking_end(struct ranking *ranking);

// NULL where a ranking that ranking_run returned is whole, else the first rule that is broken, in
// words. Part of the library that the tests link, no other.
const char *ranking_check(const struct ranking *ranking);

#endif
