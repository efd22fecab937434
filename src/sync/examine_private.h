// SPDX-License-Identifier: Apache-2.0
//
// What one examination works on. examine.c decides and writes, examine_search.c asks the engine
// many things at a time, examine_rows.c looks all rows up and lists those that are not reached,
// examine_sample.c makes up queries, examine_filters.c filters, examine_judge.c compares answers.
#ifndef GROVE_SYNC_EXAMINE_PRIVATE_H
#define GROVE_SYNC_EXAMINE_PRIVATE_H

#include "base/workers.h"
#include "sync/examine.h"

enum {
    EXAMINE_NEAR = 10,     // neighbours of a row, hits of a query
    EXAMINE_DEEP = 40,     // hits of a query that tell how deep an answer is good
    EXAMINE_EF = 128,      // with which rows are looked up
    EXAMINE_QUERIES = 600, // of a sample without a filter
    EXAMINE_QUERIES_FILTERED = 200,
    EXAMINE_FILTERS_MAX = 32,
    EXAMINE_CHECKS = 8, // queries whose neighbours are computed from PostgreSQL's vectors
    // So many walks take as long as an exact search: 0.065 ms for each 1,000 points, where a walk
    // takes some 0.01.
    EXAMINE_EXACT_WALKS = 7,
};

// Scores of the engine differ by this much between two ways to the same point.
#define EXAMINE_SAME 1e-5F
// And this much is a difference.
#define EXAMINE_BETTER 1e-4F

struct examine_near {
    int32_t id;
    float score;
};

// Best first.
struct examine_hits {
    uint32_t count;
    struct examine_near items[EXAMINE_NEAR];
};

// The same, further down.
struct examine_deep_hits {
    uint32_t count;
    struct examine_near items[EXAMINE_DEEP];
};

struct examine_row {
    int32_t id;
    struct examine_hits found; // by the row's own vector
};

// Contents to be compared beside the graph: ascending, each once.
struct examine_list {
    int32_t ids[VECTOR_ALSO_MAX];
    size_t count;
    bool overflowed; // some had no place
};

// The neighbours of a vector by PostgreSQL's vectors.
struct examine_check {
    float vector[VECTOR_DIMENSION];
    struct examine_hits found;
};

struct examine_query {
    float vector[VECTOR_DIMENSION];
    const struct vector_filter *filter; // NULL: none
    bool between;                       // no text points there
    struct examine_hits truth, answer;
    struct examine_deep_hits deep_truth, deep_answer;
};

struct examine_sample {
    struct examine_query *queries;
    size_t count;
};

struct examine_filters {
    struct vector_filter items[EXAMINE_FILTERS_MAX];
    size_t count;
};

struct examination {
    struct store *store;
    struct call *call;
    const struct examine_request *request;
    const char *collection;
    struct workers *workers;
    struct arena arena; // filters, samples
    enum embed_precision precision;
    uint64_t random; // state
    char graph[VECTOR_GRAPH_SIZE];
    bool graph_changed;
    int64_t revision, points, points_min;
    int64_t claimed_at_us;
    int64_t done, left; // in walks: what was asked, and what is expected to be

    struct examine_row *rows; // by id
    size_t row_count, row_room;
    struct examine_check checks[EXAMINE_CHECKS];
    size_t check_count;
    struct examine_list list;
    struct examine_filters filters;
    struct examine_report *report;
};

// --- examine.c -----------------------------------------------------------------------------------

// One statement, on a connection of its own.
enum grove_code examine_query(struct examination *x, struct arena *arena, const char *file,
                              const struct pg_params *params, struct pg_rows *ret,
                              struct grove_error *error);

// Keeps the claim, and asks whether to go on.
enum grove_code examine_go_on(struct examination *x, struct grove_error *error);

// So many more searches are to be expected.
void examine_expect(struct examination *x, size_t walks, size_t exact);

// Whether a search under a filter may ask this graph.
bool examine_needs_filters(const struct examination *x);

// --- examine_search.c ----------------------------------------------------------------------------

struct examine_search {
    const float *vector;
    const struct vector_filter *filter; // NULL: none
    bool exact;
    unsigned ef;
    bool with_list;
    struct examine_hits *hits;
    struct examine_deep_hits *deep; // NULL: no more than these are asked for
};

// All of them, several at a time; in between whoever waits is asked whether to go on. They are all
// exact, or none. GROVE_CONFLICT with x->graph_changed: another graph answers now.
enum grove_code examine_search_all(struct examination *x, const struct examine_search *searches,
                                   size_t count, struct grove_error *error);

bool examine_has(const struct examine_hits *hits, int32_t id);
// Of hits that are fewer than EXAMINE_NEAR anything would have found a place.
float examine_worst(const struct examine_hits *hits);

void examine_list_add(struct examine_list *list, int32_t id);
bool examine_list_has(const struct examine_list *list, int32_t id);

// Uniform in [0, below); in [0, 1); normal.
size_t examine_random_index(struct examination *x, size_t below);
double examine_random(struct examination *x);
double examine_random_normal(struct examination *x);

// --- examine_rows.c ------------------------------------------------------------------------------

// Looks up every row by its own vector.
enum grove_code examine_rows(struct examination *x, struct grove_error *error);
struct examine_row *examine_find_row(const struct examination *x, int32_t id);

// Fills the list. *ret_reason: NULL, or why the graph is not to be trusted at all.
enum grove_code examine_list_unreached(struct examination *x, const char **ret_reason,
                                       struct grove_error *error);

// Whether exact answers of the engine are those of PostgreSQL's vectors.
enum grove_code examine_compare_checks(struct examination *x, bool *ret_equal,
                                       struct grove_error *error);

// --- examine_elsewhere.c -------------------------------------------------------------------------

// Texts that no row is about.
size_t examine_elsewhere_count(void);
struct text examine_elsewhere(size_t i);

// --- examine_sample.c ----------------------------------------------------------------------------

// `count` queries, with their true answers; filters in turn where `filters` has some.
enum grove_code examine_make_sample(struct examination *x, const struct examine_filters *filters,
                                    size_t count, struct examine_sample *ret,
                                    struct grove_error *error);

// --- examine_filters.c ---------------------------------------------------------------------------

// Filters that leave so many rows that a search under them goes by the graph; none where no search
// under a filter does.
enum grove_code examine_make_filters(struct examination *x, struct grove_error *error);

// --- examine_judge.c -----------------------------------------------------------------------------

// A sample, and one under filters: what is asked of them.
void examine_expect_round(struct examination *x);

// Chooses ef, and what is plausible; adds to the list where none is good enough. Ends with
// x->report filled.
enum grove_code examine_judge(struct examination *x, struct grove_error *error);

#endif
