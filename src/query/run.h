// SPDX-License-Identifier: Apache-2.0
//
// What the parts of a ranking share while it runs. Each part writes what is its own:
//
//     ranking.c    request ... engine_call; query, precision
//     moment.c     before, now
//     planner.c    plan, made by plan.c of facts
//     listed.c     listed
//     source_projection.c   by_list
//     freshness.c  waiting
//     scorer.c     best ... texts
#ifndef GROVE_QUERY_RUN_H
#define GROVE_QUERY_RUN_H

#include "base/call.h"
#include "query/best.h"
#include "query/fold.h"
#include "query/moment.h"
#include "query/plan.h"
#include "query/ranking.h"
#include "sync/keep.h"

// A row that had no vector to compare by, and what is known of its text. One a content.
struct lacking {
    struct computed_vector of; // its vector NULL: not computed, or not yet; in the run's arena
    bool computed;             // it is; else it was found after all
    unsigned left_out;         // how often this snapshot counted it as one without a vector
    bool pending;              // it is one of waiting.vectorless
    bool waits;                // to be embedded:
    struct text text;          // in `texts`
    bool whole;
};

// Rows that wait in the outbox of the snapshot, beside explain.pending: those that match and were
// given to the scorer, or are known to score too little.
struct waiting_told {
    bool fast;         // nobody looked for them
    int64_t counted;   // where not all were read: so many wait; 0: all were
    bool more;         // more than that may
    bool projected;    // some left the outbox since the engine was asked, and may be missing
    size_t vectorless; // of explain.pending: not compared (scorer.c counts them)
};

struct run {
    struct store *store;
    const struct ranking_request *request;
    struct predicate *predicate;
    struct result *result;
    struct arena *arena;
    struct ranking *ranking;
    struct call *call;       // of the search; may be NULL
    struct call engine_call; // what it may spend in the engine (engine_time.h)

    enum embed_precision precision; // of the vectors compared
    double query[EMBED_DIMENSION];  // of length 1
    float query_f32[EMBED_DIMENSION];

    struct moment before; // when the engine was asked
    struct moment now;    // in the snapshot
    struct plan plan;
    struct kept_points *listed; // of the plan's graph; NULL: the engine compares them
    bool exactly;               // from now on, whatever the plan says: a graph was not believed

    struct best best;
    struct folding folding; // of the round; nothing was folded where ranking->documents is NULL
    bool by_list;           // rows that wait are listed, and compared by what is kept of them
    struct waiting_told waiting;
    bool shown_all;    // the source that settled it has handed out all rows
    size_t unembedded; // rows without a usable vector, left out in this snapshot
    size_t scored;     // rows that the snapshot had to compare

    struct lacking lacking[RANKING_COMPUTED_MAX];
    size_t lacking_count;
    size_t beyond;       // rows without a vector in this snapshot that are too many to be read
    unsigned embeddings; // how often texts were embedded
    struct arena texts;  // those that wait
};

#endif
