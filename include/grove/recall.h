// SPDX-License-Identifier: Apache-2.0
//
// What searches find of one's own data. grove/grove.h includes it.
#ifndef GROVE_RECALL_H
#define GROVE_RECALL_H

#include "grove/grove.h"

#ifdef __cplusplus
extern "C" {
#endif

// How much of what is most similar the searches find, measured with the caller's own data: the
// best GROVE_RECALL_LIMIT rows as they are found usually, beside those that are found with `exact`.
// A row that queries were made from belongs to them as well, so that rows which the engine has lost
// are missed, too. Queries are rows' vectors with some noise, the means of leaves, and words from
// titles; each is asked under every shape of filter that the data allow.

#define GROVE_RECALL_LIMIT 10 // rows that each search is asked for
#define GROVE_RECALL_QUERIES_MAX 1000
#define GROVE_RECALL_SHAPES_MAX 10 // shapes of filters that there are

struct grove_recall_request {
    size_t size_bytes;
    unsigned queries;     // at most GROVE_RECALL_QUERIES_MAX; 0: 100
    unsigned seconds_max; // after that no other query is begun; 0: 120
    void (*on_progress)(void *state, unsigned done, unsigned wanted); // after each query; or NULL
    void *state;
    struct grove_limits limits;
};

// What one shape of filter gave. Its two texts are of the query that found least, cut where they
// are too long.
struct grove_recall_shape {
    const char *name;        // "none", "leaf", "type and dates", ...; lives as long as the program
    unsigned queries;        // that were asked
    unsigned whole;          // of them: had all rows that they should
    unsigned false_complete; // said to be complete, and were not whole
    unsigned exact_false;    // the same, of the searches with `exact`
    unsigned incomplete;     // said so
    unsigned degraded;       // said so
    double recall;           // the mean share of the rows that should have been found
    double worst;            // the smallest share
    char worst_query[256];   // in words
    char worst_filter[512];  // as options of `grove search`; "" without a filter
    double milliseconds;     // the median of a search
    double exact_milliseconds;
};

// About 9 KB, without pointers to memory of its own.
struct grove_recall {
    struct grove_recall_shape shapes[GROVE_RECALL_SHAPES_MAX]; // the worst first
    size_t shape_count;
    unsigned queries;        // that were asked of each shape
    unsigned queries_wanted; // that could be made of the data; more than `queries`: time was up
    int64_t contents;
    int64_t pending;          // contents that wait to be written to the engine
    int64_t points;           // that the engine has
    struct grove_index index; // at the end: where it is not examined no search relied on it
    double seconds;
};

// Changes no data. Embeds words from titles; GROVE_NOT_FOUND where no content has been projected,
// GROVE_UNAVAILABLE where the engine does not answer. Rows that others change meanwhile are
// left out of account, but one that comes between two searches may count as missed.
GROVE_CHECKED enum grove_code grove_measure_recall(struct grove *grove,
                                                   const struct grove_recall_request *request,
                                                   struct grove_recall *ret,
                                                   struct grove_error *error);
GROVE_CHECKED enum grove_code grove_measure_recall_sized(size_t size_bytes, struct grove *grove,
                                                         const struct grove_recall_request *request,
                                                         struct grove_recall *ret,
                                                         struct grove_error *error);
#define grove_measure_recall(...)                                                                  \
    grove_measure_recall_sized(sizeof(struct grove_recall), __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
