// SPDX-License-Identifier: Apache-2.0
//
// How a ranking is to be found: chosen once from facts, read only afterwards.
//
// The costs, in milliseconds of a search of the private engine for the best 10 (384 numbers, one
// core; the machine's speed cancels out of the choice):
//
//     exactly     0.065 for each 1,000 points that match
//     by graph    0.2 at 20,000 points, 0.6 at 60,000 (ef 128); twice that at ef 256
//
// Up to EXACT_ROWS an exact search costs what little is left to win, and needs no argument. Above,
// a graph is walked where it was examined (src/sync/examine.h). Where it was not, exactly again, up
// to EXACT_ROWS_MAX: slow, and whole. (Rows loaded a moment ago count three or four times, since
// each drew as many revisions.) Beyond that the graph answers, and is not believed.
//
// Under a filter all is compared up to examine_filtered_points(). Filters are more than a sample
// can stand for: of 100,000 clustered rows, whose graph the examination had found good under
// filters, searches of one content type had a recall of 0.985, and one of 53 queries of 0.6.
//
// Where most rows match (of a tree and of types the number is kept, of bounds and branches
// PostgreSQL's planner guesses it) the graph is asked for the best of all rows, as many as it was
// examined for, and those that match are taken: what holds of the best of all holds of them. Where
// too few of these match all that match are compared after all: so it is done where twice as many
// as are wanted can be expected. 100,000 rows, 90 % of them in the tree: 33 ms exactly.
#ifndef GROVE_QUERY_PLAN_H
#define GROVE_QUERY_PLAN_H

#include "grove/grove.h"
#include "query/moment.h"

enum {
    PLAN_EXACT_ROWS_MAX = 1000000,
    PLAN_EF_UNKNOWN = 512, // of a graph of which nothing is known
    // An outbox that may take longer to read than a count of a path's contents, and a row of it.
    PLAN_OUTBOX_BYTES_MANY = 1 << 20,
    PLAN_OUTBOX_ROW_BYTES = 100,
    // So many rows of it take longer, and of more its size is believed.
    PLAN_WAITING_MANY = 1000,
    // A row in the places is looked up in the outbox, and read where it waits: half of the one, or
    // where vectors are kept a sixteenth, costs as much as all of the other.
    PLAN_ROWS_PER_WAITING = 2,
    PLAN_ROWS_PER_KEPT = 16,
    PLAN_WAITING_COUNTED = 20000,
    // Rows that match what only PostgreSQL knows: so few it compares by itself; and so many are
    // counted, to tell how many the engine has to show.
    PLAN_FOUND_FEW = 5000,
    PLAN_FOUND_COUNTED = 20000,
};

struct plan_facts {
    enum grove_strategy asked;
    bool exact;          // asked for
    bool for_text;       // what is searched for is a text's vector
    bool filtered;       // the engine has a condition to check
    bool folds;          // several rows may be one document's
    size_t best_max;     // rows wanted
    int64_t rows_max;    // no more rows match
    int64_t rows_likely; // about so many match, as counted or guessed; 0: not known
    bool by_metadata;    // there is a condition that only PostgreSQL knows
    int64_t rows_found;  // with it: so many rows match, PLAN_FOUND_COUNTED + 1 at most
    const struct moment *moment;
};

enum plan_method { PLAN_RELATIONAL, PLAN_EXACT, PLAN_GRAPH };

struct plan {
    enum plan_method method;
    unsigned ef;                   // by graph
    size_t rows_max;               // by graph: so many rows of an answer are believed
    double plausible;              // by graph: a tenth score below this is looked at again, exactly
    bool through_all;              // by graph: those that match of the best `rows_max` of all
    bool among_places;             // where rows that wait are looked for
    size_t sparse;                 // by metadata: of so many rows that the engine shows one matches
    const char *reason;            // of the method, for explain
    char graph[VECTOR_GRAPH_SIZE]; // the one that was examined; "": none was
};

struct plan plan_make(const struct plan_facts *facts);

// Whether the rows that wait are sooner found among the contents of the predicate's places, which
// are so many, than by reading the outbox. Each row read is looked up in the other table.
// `rows_waiting` were counted, PLAN_WAITING_COUNTED at most. `kept`: their vectors are, so
// that most of them are not looked up.
bool plan_is_among_places(const struct moment *moment, int64_t rows_waiting, int64_t rows_in_places,
                          bool kept);

#endif
