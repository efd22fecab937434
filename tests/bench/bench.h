// SPDX-License-Identifier: Apache-2.0
//
// What the parts of grove_bench share: an opened home that holds a corpus, the queries taken from
// it, and the report that each mode prints as one JSON object.
//
//     struct bench bench;
//     code = bench_open(&bench, with_vectors, connections, &error);
//     code = bench_latencies(&bench, &report, &error);
//     bench_close(&bench);
//
// Queries are the titles and first sentences of rows at a fixed stride, so that every run over the
// same corpus asks the same. Ownership: all texts lie in bench.arena.
#ifndef GROVE_BENCH_BENCH_H
#define GROVE_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "grove/grove.h"

enum {
    BENCH_QUERIES = 500,
    BENCH_LIMIT = 10, // rows asked for by a search
    BENCH_TYPES_MAX = 64,
    BENCH_PATH_SIZE = 4096,
};

// --- the corpus ---------------------------------------------------------------------------------

struct bench_row {
    int32_t content_id;
    const char *tree;
    const char *branch;
    const char *limb;
    const char *leaf;
    const char *content_type;
    const char *title;
    const char *summary;
    int64_t word_count;    // or GROVE_NULL
    int64_t created_at_us; // or GROVE_NULL
    const float *vector;   // NULL where not asked for
};

struct bench {
    struct grove *grove; // embeds every query anew
    struct arena arena;
    struct bench_row *rows; // by content id
    size_t row_count;
    const char *types[BENCH_TYPES_MAX];
    size_t type_count;
    int64_t *created_sorted; // of rows that have one
    size_t created_count;
    int64_t *words_sorted;
    size_t words_count;
    const char *queries[BENCH_QUERIES];
    const float *vectors; // that are asked with in place of texts; NULL: none
    size_t vector_count;
};

enum grove_code bench_open(struct bench *bench, bool with_vectors, unsigned connections_max,
                           struct grove_error *error);
void bench_close(struct bench *bench);

// The vectors of a file, float32 side by side, for whoever asks with a vector at hand. They lie in
// the arena.
enum grove_code bench_vectors_read(struct arena *arena, const char *path, const float **ret,
                                   size_t *ret_count, struct grove_error *error);

// NULL: no row has that id.
const struct bench_row *bench_row_find(const struct bench *bench, int32_t content_id);
// Whether row i of a result was there before.
bool bench_is_repeated(const struct grove_result *result, size_t i);

// --- filters ------------------------------------------------------------------------------------

enum bench_shape {
    SHAPE_NONE,
    SHAPE_TREE,
    SHAPE_BRANCH,
    SHAPE_LIMB,
    SHAPE_LEAF,
    SHAPE_TYPE,
    SHAPE_DATES,
    SHAPE_WORDS,
    SHAPE_COMBINATION, // limb, type, since, words at least
    SHAPE_COUNT
};
extern const char *const bench_shape_names[SHAPE_COUNT];

// A filter of a shape, and what it means for a row. Points into itself: do not copy.
struct bench_filter {
    struct grove_filter filter;
    const struct bench_row *place; // the path's names
    unsigned levels;               // of them; 0: no path
    const char *type;              // NULL: any
    char path[BENCH_PATH_SIZE];
};

// The parts of a filter, which is all zeros at first: the row's path down to that many levels, a
// type, and bounds that both are inside. Borrowed.
void bench_filter_set_path(struct bench_filter *filter, const struct bench_row *row,
                           unsigned levels);
void bench_filter_set_type(struct bench_filter *filter, const char *type);
void bench_filter_set_dates(struct bench_filter *filter, int64_t first, int64_t last);
void bench_filter_set_words(struct bench_filter *filter, int64_t first, int64_t last);
// The filter that goes with the query of that number.
void bench_filter_make(const struct bench *bench, enum bench_shape shape, size_t query,
                       struct bench_filter *ret);
// Decided from the row alone, by other code than grove's.
bool bench_filter_matches(const struct bench_filter *filter, const struct bench_row *row);

// --- recall on many collections -----------------------------------------------------------------

enum recall_kind {
    RECALL_OWN,   // a row's own vector with some noise
    RECALL_TOPIC, // the mean of a group of rows
    RECALL_TEXT,  // a text from elsewhere
};

struct recall_query {
    enum recall_kind kind;
    const char *name;
    const struct bench_row *anchor; // filters are made so that they let this row through
    const char *text;               // searched for by itself; NULL: the vector is
    float vector[GROVE_DIMENSION];  // of length 1
};

// Reads the file of queries; they lie in bench.arena.
enum grove_code recall_queries_read(struct bench *bench, const char *path,
                                    struct recall_query **ret, size_t *ret_count,
                                    struct grove_error *error);

// --- the report ---------------------------------------------------------------------------------

// One JSON object in the making. Names are well-formed UTF-8.
struct report {
    struct strbuf text;
};

struct samples {
    double *milliseconds;
    size_t count;
};

void report_init(struct report *report);
void report_release(struct report *report);
void report_number(struct report *report, const char *name, double value);
void report_text(struct report *report, const char *name, const char *value);
void report_begin(struct report *report, const char *name); // an object within
void report_end(struct report *report);
// {"p50":..,"p95":..,"p99":..,"count":..}; sorts the samples.
void report_samples(struct report *report, const char *name, struct samples *samples);
// By the nearest rank, of sorted samples.
double samples_percentile(const struct samples *samples, double percent);
// VmHWM of this process in megabytes (2^20); 0 where it cannot be read.
double bench_peak_memory_mb(void);

// --- modes --------------------------------------------------------------------------------------

enum grove_code bench_latencies(struct bench *bench, struct report *report,
                                struct grove_error *error);
// Navigation, and discovery with the vectors of a file.
enum grove_code bench_reads(struct bench *bench, const char *vectors_path, struct report *report,
                            struct grove_error *error);
// Searches one after another until standard input ends, each noted by a line of standard output
// (stream.c).
enum grove_code bench_stream(const char *vectors_path, struct report *report,
                             struct grove_error *error);
enum grove_code bench_recall(struct bench *bench, struct report *report, struct grove_error *error);
// Recall on one collection after another, by filters of all widths: each line of standard input
// names a collection and says how many seconds it may take, and is answered by a line of JSON. The
// file has the queries (recall_queries.c).
enum grove_code bench_recall_table(struct bench *bench, const char *queries_path,
                                   struct report *report, struct grove_error *error);
// Searches by 50 threads at once, of the engine alone and of grove as a whole.
enum grove_code bench_clients(struct bench *bench, struct report *report,
                              struct grove_error *error);
// The engine's searches one by one, through its client. Writes the queries' vectors to a file, for
// whoever measures the engine without a server.
enum grove_code bench_engine(struct bench *bench, const char *vectors_path, struct report *report,
                             struct grove_error *error);
// Makes the collection named by GROVE_COLLECTION so that the engine always walks its graph instead
// of comparing all of a small collection.
enum grove_code bench_make_graph(struct grove_error *error);

#endif
