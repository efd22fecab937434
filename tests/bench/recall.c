// SPDX-License-Identifier: Apache-2.0
//
// Whether searches find what comparing everything finds. The truth is computed here: cosines in
// double precision of the vectors that PostgreSQL holds, filters decided row by row. A row counts
// as found when it matches, is not there twice, and scores no worse than the last of the truth (but
// for rounding), so that rows of equal score may stand for each other.
#include "bench.h"

#include <math.h>
#include <string.h>

static const double TIE = 1e-6;

struct tally {
    size_t expected; // rows that should have come back, of all queries
    size_t found;
    size_t exact;      // queries with all of them
    size_t miscounted; // queries with too few rows, or too many
    size_t incomplete; // queries that said so
    size_t degraded;   // queries that the vector engine did not answer
    size_t fewer;      // queries that fewer rows match than are asked for
    size_t matching;   // rows, of all queries
};

static void score_all(const struct bench *bench, const float *query, double *ret_scores)
{
    double query_square = 0;
    for (size_t d = 0; d < GROVE_DIMENSION; d++)
        query_square += (double)query[d] * (double)query[d];
    for (size_t i = 0; i < bench->row_count; i++) {
        const float *vector = bench->rows[i].vector;
        double dot = 0, square = 0;
        for (size_t d = 0; d < GROVE_DIMENSION; d++) {
            dot += (double)query[d] * (double)vector[d];
            square += (double)vector[d] * (double)vector[d];
        }
        ret_scores[i] = dot / sqrt(square * query_square);
    }
}

// The best scores of the rows that match, best first. Returns how many rows match.
static size_t find_truth(const struct bench *bench, const struct bench_filter *filter,
                         const double *scores, double ret_best[static BENCH_LIMIT])
{
    size_t matching = 0, kept = 0;
    for (size_t i = 0; i < bench->row_count; i++) {
        if (!bench_filter_matches(filter, &bench->rows[i]))
            continue;
        matching++;
        if (kept == BENCH_LIMIT && scores[i] <= ret_best[kept - 1])
            continue;
        size_t at = kept < BENCH_LIMIT ? kept++ : kept - 1;
        for (; at > 0 && ret_best[at - 1] < scores[i]; at--)
            ret_best[at] = ret_best[at - 1];
        ret_best[at] = scores[i];
    }
    return matching;
}

bool bench_is_repeated(const struct grove_result *result, size_t i)
{
    for (size_t before = 0; before < i; before++)
        if (result->rows[before].content_id == result->rows[i].content_id)
            return true;
    return false;
}

static size_t count_found(const struct bench *bench, const struct bench_filter *filter,
                          const double *scores, double worst, const struct grove_result *result)
{
    size_t found = 0;
    for (size_t i = 0; i < result->row_count; i++) {
        const struct bench_row *row = bench_row_find(bench, result->rows[i].content_id);
        found += row && bench_filter_matches(filter, row) && !bench_is_repeated(result, i) &&
                 scores[row - bench->rows] >= worst - TIE;
    }
    return found;
}

static enum grove_code compare_one(struct bench *bench, enum bench_shape shape, size_t query,
                                   const float *vector, const double *scores, struct tally *tally,
                                   struct grove_error *error)
{
    struct bench_filter filter;
    struct grove_result *result;
    double best[BENCH_LIMIT];
    bench_filter_make(bench, shape, query, &filter);
    size_t matching = find_truth(bench, &filter, scores, best);
    size_t expected = matching < BENCH_LIMIT ? matching : BENCH_LIMIT;
    const struct grove_search_request request = {
        .vector = vector, .filter = filter.filter, .limit = BENCH_LIMIT};
    enum grove_code code = grove_search(bench->grove, &request, &result, error);
    if (code != GROVE_OK) {
        error_context(error, "searching with query %zu and %s", query, bench_shape_names[shape]);
        return code;
    }
    double worst = expected > 0 ? best[expected - 1] : 0;
    size_t found = count_found(bench, &filter, scores, worst, result);
    tally->expected += expected;
    tally->found += found;
    tally->exact += found == expected;
    tally->miscounted += result->row_count != expected;
    tally->incomplete += !result->complete;
    tally->degraded += result->degraded;
    tally->fewer += matching < BENCH_LIMIT;
    tally->matching += matching;
    grove_result_free(result);
    return GROVE_OK;
}

static void report_tally(struct report *report, const char *name, const struct tally *tally)
{
    report_begin(report, name);
    report_number(report, "recall",
                  tally->expected ? (double)tally->found / (double)tally->expected : 1);
    report_number(report, "queries", BENCH_QUERIES);
    report_number(report, "exact", (double)tally->exact);
    report_number(report, "wrong_row_counts", (double)tally->miscounted);
    report_number(report, "incomplete", (double)tally->incomplete);
    report_number(report, "degraded", (double)tally->degraded);
    report_number(report, "fewer_match", (double)tally->fewer);
    report_number(report, "rows_matching_mean", (double)tally->matching / (double)BENCH_QUERIES);
    report_end(report);
}

enum grove_code bench_recall(struct bench *bench, struct report *report, struct grove_error *error)
{
    struct tally tallies[SHAPE_COUNT] = {0};
    float *vectors =
        arena_alloc_array(&bench->arena, BENCH_QUERIES, GROVE_DIMENSION * sizeof *vectors);
    double *scores = arena_alloc_array(&bench->arena, bench->row_count, sizeof *scores);
    if (!vectors || !scores)
        return error_no_memory(error, "the truth");
    enum grove_code code = grove_embed(bench->grove, bench->queries, BENCH_QUERIES, vectors, error);
    for (size_t i = 0; code == GROVE_OK && i < BENCH_QUERIES; i++) {
        const float *vector = vectors + i * GROVE_DIMENSION;
        score_all(bench, vector, scores);
        for (enum bench_shape shape = 0; code == GROVE_OK && shape < SHAPE_COUNT; shape++)
            code = compare_one(bench, shape, i, vector, scores, &tallies[shape], error);
    }
    report_begin(report, "recall");
    for (enum bench_shape shape = 0; shape < SHAPE_COUNT; shape++)
        report_tally(report, bench_shape_names[shape], &tallies[shape]);
    report_end(report);
    return code;
}
