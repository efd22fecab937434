// SPDX-License-Identifier: Apache-2.0
//
// Queries for measuring recall, drawn from the contents that there are.
//
//     struct recall_sample sample;
//     code = recall_sample_read(store, &call, 100, &arena, &sample, error);
//     code = recall_queries_make(store, &call, 100, &arena, &sample, error);
//     struct recall_filter filter;
//     code = recall_filter_make(&sample, shape, number, &arena, &filter, error);
//
// Everything lies in the arena. Threads: one at a time.
#ifndef GROVE_API_RECALL_H
#define GROVE_API_RECALL_H

#include "base/arena.h"
#include "base/error.h"
#include "catalog/store.h"
#include "grove/grove.h"

struct recall_row {
    int32_t content_id;
    struct text tree, branch, limb, leaf;
    const char *content_type;
    struct text title;
    int64_t word_count;    // or GROVE_NULL
    int64_t created_at_us; // or GROVE_NULL
    int64_t revision;
    int64_t leaf_number; // of the leaf that it was drawn with; 0: by itself
    const float *vector;
    double length; // of the vector
    bool gone;     // changed since it was read
};

struct recall_query {
    const struct recall_row *anchor; // filters let it through, where it has what they filter
    const char *text;                // searched for by itself; NULL: the vector is
    float vector[GROVE_DIMENSION];   // of length 1, but for rounding
    char words[256];                 // what it is
};

struct recall_sample {
    struct recall_row *rows;
    size_t row_count;
    size_t single_count; // the first ones: drawn by themselves
    struct recall_query *queries;
    size_t query_count;
    int64_t *times; // of the single rows that have one, ascending
    size_t time_count;
    int64_t *words; // the same
    size_t words_count;
};

// What a filter is made of.
struct recall_shape {
    const char *name;
    unsigned levels; // of the anchor's path
    bool type, dates, words;
};
extern const struct recall_shape recall_shapes[GROVE_RECALL_SHAPES_MAX];

struct recall_filter {
    struct grove_filter filter; // borrows from what follows: do not copy
    const struct recall_shape *shape;
    const struct recall_row *anchor;
    const char *type;
};

// GROVE_NOT_FOUND where no content has been projected.
enum grove_code recall_sample_read(struct store *store, struct call *call, unsigned queries,
                                   struct arena *arena, struct recall_sample *ret,
                                   struct grove_error *error);
enum grove_code recall_queries_make(struct store *store, struct call *call, unsigned queries,
                                    struct arena *arena, struct recall_sample *sample,
                                    struct grove_error *error);

// Whether rows of the sample differ in what the shape filters.
bool recall_shape_is_allowed(const struct recall_sample *sample, const struct recall_shape *shape);

enum grove_code recall_filter_make(const struct recall_sample *sample,
                                   const struct recall_shape *shape, size_t query_number,
                                   struct arena *arena, struct recall_filter *ret,
                                   struct grove_error *error);
// Decided from the row alone.
bool recall_filter_matches(const struct recall_filter *filter, const struct recall_row *row);

// The cosine of the query and the row.
double recall_score(const struct recall_query *query, const struct recall_row *row);

#endif
