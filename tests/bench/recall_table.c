// SPDX-License-Identifier: Apache-2.0
//
// Recall on one collection after another, each another build of the same rows.
//
// An engine's graph differs from build to build, and what it loses with it: one build proves
// little. The rows are read once, and the truth is found once: for each query and each shape of
// filter how many rows match and what the last of the best k scores, by cosines in double
// precision of the vectors that PostgreSQL holds. Then each line of standard input,
//
//     COLLECTION SECONDS
//
// is a build to measure, and a line of JSON on standard output is its answer. Filters let through
// from a ten-thousandth to nine tenths of the rows: those of times and words by themselves, those
// of places and types as far as the corpus does.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "bench.h"

enum {
    LINE_SIZE = 512,
    STRATEGIES_MAX = 16,
    STRATEGY_SIZE = 160,
    EXPLAIN_EVERY = 4, // queries, since an explanation costs as much as a search
    SAY_EVERY_US = 10000000,
    SPREAD = 7919,
};
static const double TIE = 1e-6, LOW = 0.8;

// What a filter is made of.
static const struct shape {
    const char *name;
    unsigned levels; // of the path
    bool type, dates, words;
} shapes[] = {
    {.name = "none"},
    {.name = "tree", .levels = 1},
    {.name = "branch", .levels = 2},
    {.name = "limb", .levels = 3},
    {.name = "leaf", .levels = 4},
    {.name = "type", .type = true},
    {.name = "dates", .dates = true},
    {.name = "words", .words = true},
    {.name = "tree, words", .levels = 1, .words = true},
    {.name = "limb, type", .levels = 3, .type = true},
    {.name = "leaf, dates", .levels = 4, .dates = true},
    {.name = "type, dates", .type = true, .dates = true},
};
enum { SHAPES = ARRAY_COUNT(shapes) };

// What is right for a query under a filter.
struct truth {
    size_t matching;
    size_t expected; // rows that should come back
    double last;     // the score of the last of them
};

struct strategy {
    char name[STRATEGY_SIZE];
    size_t count;
};

struct tally {
    size_t queries;
    size_t expected, found;
    double recall_sum, worst;
    const char *worst_query;
    size_t topics, topics_lost; // queries for a group: of those that have rows, none was found
    size_t low;                 // queries below LOW
    size_t false_complete;      // not whole, and said to be complete
    const char *false_query;
    size_t incomplete, degraded;
    double matching_sum;
    struct strategy strategies[STRATEGIES_MAX];
    size_t strategy_count;
    double *milliseconds; // [queries]
};

struct table {
    struct bench *bench;
    struct recall_query *queries;
    size_t query_count;
    double *lengths;     // of the rows' vectors
    struct truth *truth; // [query][shape]
};

// --- the truth ----------------------------------------------------------------------------------

// Four sums side by side: the compiler may not reorder additions of doubles by itself.
static double dot(const float *a, const float *b)
{
    double sums[4] = {0};
    for (size_t d = 0; d < GROVE_DIMENSION; d += 4)
        for (size_t i = 0; i < 4; i++)
            sums[i] += (double)a[d + i] * (double)b[d + i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// The query's own length is 1 but for rounding, the same for all rows.
static double score(const struct table *table, const struct recall_query *query, size_t row)
{
    const float *vector = table->bench->rows[row].vector;
    return dot(query->vector, vector) / table->lengths[row];
}

static size_t rank_of(const int64_t *sorted, size_t count, int64_t value)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// A window of values: of one query it lets the anchor through, of the next it stands anywhere.
static void take_window(const int64_t *sorted, size_t count, size_t query, int64_t anchor,
                        int64_t *ret_first, int64_t *ret_last)
{
    static const double shares[] = {0.0001, 0.001, 0.01, 0.1, 0.5, 0.9};
    size_t width = (size_t)((double)count * shares[query % ARRAY_COUNT(shares)]);
    width = width > 0 ? width : 1;
    size_t rank = rank_of(sorted, count, anchor);
    size_t before = query * SPREAD % width;
    size_t start = rank > before ? rank - before : 0;
    if (anchor == GROVE_NULL || query / ARRAY_COUNT(shares) % 2 == 1)
        start = query * SPREAD % count;
    start = start <= count - width ? start : count - width;
    *ret_first = sorted[start];
    *ret_last = sorted[start + width - 1];
}

static void make_filter(const struct table *table, size_t shape_number, size_t query_number,
                        struct bench_filter *ret)
{
    int64_t first, last;
    const struct bench *bench = table->bench;
    const struct shape *shape = &shapes[shape_number];
    const struct bench_row *anchor = table->queries[query_number].anchor;
    memset(ret, 0, sizeof *ret);
    if (shape->levels > 0)
        bench_filter_set_path(ret, anchor, shape->levels);
    if (shape->type)
        bench_filter_set_type(ret, anchor->content_type);
    // The number is moved on from shape to shape, so that a pair is not always of two wide ones.
    if (shape->dates) {
        take_window(bench->created_sorted, bench->created_count, query_number + shape_number,
                    anchor->created_at_us, &first, &last);
        bench_filter_set_dates(ret, first, last);
    }
    if (shape->words) {
        take_window(bench->words_sorted, bench->words_count, query_number + shape_number,
                    anchor->word_count, &first, &last);
        bench_filter_set_words(ret, first > 0 ? first : 1, last > 0 ? last : 1);
    }
}

static struct truth find_truth(const struct table *table, const struct bench_filter *filter,
                               const double *scores)
{
    const struct bench *bench = table->bench;
    struct truth truth = {0};
    double best[BENCH_LIMIT];
    size_t kept = 0;
    for (size_t i = 0; i < bench->row_count; i++) {
        if (!bench_filter_matches(filter, &bench->rows[i]))
            continue;
        truth.matching++;
        if (kept == BENCH_LIMIT && scores[i] <= best[kept - 1])
            continue;
        size_t at = kept < BENCH_LIMIT ? kept++ : kept - 1;
        for (; at > 0 && best[at - 1] < scores[i]; at--)
            best[at] = best[at - 1];
        best[at] = scores[i];
    }
    truth.expected = kept;
    truth.last = kept > 0 ? best[kept - 1] : 0;
    return truth;
}

static enum grove_code find_truths(struct table *table, struct grove_error *error)
{
    struct bench *bench = table->bench;
    struct bench_filter filter;
    double *scores = arena_alloc_array(&bench->arena, bench->row_count, sizeof *scores);
    table->lengths = arena_alloc_array(&bench->arena, bench->row_count, sizeof *table->lengths);
    table->truth =
        arena_alloc_array(&bench->arena, table->query_count, SHAPES * sizeof *table->truth);
    if (!scores || !table->lengths || !table->truth)
        return error_no_memory(error, "the truth");
    for (size_t i = 0; i < bench->row_count; i++)
        table->lengths[i] = sqrt(dot(bench->rows[i].vector, bench->rows[i].vector));
    for (size_t q = 0; q < table->query_count; q++) {
        for (size_t i = 0; i < bench->row_count; i++)
            scores[i] = score(table, &table->queries[q], i);
        for (size_t s = 0; s < SHAPES; s++) {
            make_filter(table, s, q, &filter);
            table->truth[q * SHAPES + s] = find_truth(table, &filter, scores);
        }
    }
    return GROVE_OK;
}

// --- one search ---------------------------------------------------------------------------------

static size_t count_found(const struct table *table, const struct recall_query *query,
                          const struct bench_filter *filter, const struct truth *truth,
                          const struct grove_result *result)
{
    const struct bench *bench = table->bench;
    size_t found = 0;
    for (size_t i = 0; i < result->row_count; i++) {
        const struct bench_row *row = bench_row_find(bench, result->rows[i].content_id);
        found += row && bench_filter_matches(filter, row) && !bench_is_repeated(result, i) &&
                 score(table, query, (size_t)(row - bench->rows)) >= truth->last - TIE;
    }
    return found;
}

static void judge(const struct table *table, const struct recall_query *query,
                  const struct bench_filter *filter, const struct truth *truth,
                  const struct grove_result *result, struct tally *tally)
{
    size_t found = count_found(table, query, filter, truth, result);
    bool whole = found == truth->expected && result->row_count == truth->expected;
    double recall = truth->expected > 0 ? (double)found / (double)truth->expected : 1;
    tally->queries++;
    tally->expected += truth->expected;
    tally->found += found;
    tally->recall_sum += recall;
    tally->matching_sum += (double)truth->matching;
    if (!tally->worst_query || recall < tally->worst) {
        tally->worst = recall;
        tally->worst_query = query->name;
    }
    tally->low += recall < LOW;
    tally->incomplete += !result->complete;
    tally->degraded += result->degraded;
    if (query->kind == RECALL_TOPIC && truth->expected > 0) {
        tally->topics++;
        tally->topics_lost += found == 0;
    }
    if (result->complete && !whole) {
        tally->false_complete++;
        tally->false_query = query->name;
    }
}

// The reason with its numbers taken out, so that equal arguments are counted together.
static void name_strategy(const struct grove_explain *explain, char ret[static STRATEGY_SIZE])
{
    char full[STRATEGY_SIZE * 2];
    size_t length = 0;
    snprintf(full, sizeof full, "%s: %s", explain->strategy, explain->reason);
    for (const char *at = full; *at && length < STRATEGY_SIZE - 1; at++) {
        bool digit = *at >= '0' && *at <= '9';
        if (digit && length > 0 && ret[length - 1] == '#')
            continue;
        ret[length++] = digit ? '#' : *at;
    }
    ret[length] = '\0';
    ret[text_utf8_error(text_of(ret))] = '\0'; // cut at a whole character
}

static void count_strategy(const struct grove_explain *explain, struct tally *tally)
{
    char name[STRATEGY_SIZE];
    size_t i = 0;
    name_strategy(explain, name);
    while (i < tally->strategy_count && strcmp(tally->strategies[i].name, name) != 0)
        i++;
    if (i == STRATEGIES_MAX)
        return;
    if (i == tally->strategy_count) {
        memcpy(tally->strategies[i].name, name, sizeof name);
        tally->strategy_count++;
    }
    tally->strategies[i].count++;
}

static enum grove_code measure_one(const struct table *table, struct grove *grove, size_t q,
                                   size_t s, struct tally *tally, struct grove_error *error)
{
    struct bench_filter filter;
    struct grove_result *result;
    const struct recall_query *query = &table->queries[q];
    make_filter(table, s, q, &filter);
    struct grove_search_request request = {.text = query->text,
                                           .vector = query->vector,
                                           .filter = filter.filter,
                                           .limit = BENCH_LIMIT};
    int64_t began = clock_monotonic_us();
    enum grove_code code = grove_search(grove, &request, &result, error);
    double milliseconds = (double)(clock_monotonic_us() - began) / 1e3;
    if (code == GROVE_OK) {
        tally->milliseconds[tally->queries] = milliseconds;
        judge(table, query, &filter, &table->truth[q * SHAPES + s], result, tally);
        grove_result_free(result);
    }
    if (code == GROVE_OK && q % EXPLAIN_EVERY == 0) {
        request.explain = true;
        code = grove_search(grove, &request, &result, error);
        if (code == GROVE_OK) {
            count_strategy(result->explain, tally);
            grove_result_free(result);
        }
    }
    if (code != GROVE_OK)
        error_context(error, "searching with \"%s\" and %s", query->name, shapes[s].name);
    return code;
}

// --- one build ----------------------------------------------------------------------------------

static void report_tally(struct report *report, const char *name, struct tally *tally)
{
    struct samples samples = {tally->milliseconds, tally->queries};
    double queries = tally->queries > 0 ? (double)tally->queries : 1;
    report_begin(report, name);
    report_number(report, "queries", (double)tally->queries);
    report_number(report, "expected", (double)tally->expected);
    report_number(report, "found", (double)tally->found);
    report_number(report, "recall", tally->recall_sum / queries);
    report_number(report, "worst", tally->worst);
    report_text(report, "worst_query", tally->worst_query ? tally->worst_query : "");
    report_number(report, "topics", (double)tally->topics);
    report_number(report, "topics_lost", (double)tally->topics_lost);
    report_number(report, "low", (double)tally->low);
    report_number(report, "false_complete", (double)tally->false_complete);
    report_text(report, "false_query", tally->false_query ? tally->false_query : "");
    report_number(report, "incomplete", (double)tally->incomplete);
    report_number(report, "degraded", (double)tally->degraded);
    report_number(report, "rows_matching_mean", tally->matching_sum / queries);
    report_samples(report, "milliseconds", &samples);
    report_begin(report, "strategies");
    for (size_t i = 0; i < tally->strategy_count; i++)
        report_number(report, tally->strategies[i].name, (double)tally->strategies[i].count);
    report_end(report);
    report_end(report);
}

// Query by query, each under all shapes: where time runs out all shapes have had the same ones.
static enum grove_code measure(const struct table *table, const char *collection, int64_t seconds,
                               struct tally *tallies, struct grove_error *error)
{
    const struct grove_options options = {.collection = collection};
    struct grove *grove;
    enum grove_code code = grove_open(&options, &grove, error);
    if (code != GROVE_OK)
        return code;
    int64_t end_us = clock_monotonic_us() + seconds * 1000000;
    int64_t said_us = clock_monotonic_us();
    for (size_t q = 0; code == GROVE_OK && q < table->query_count; q++) {
        int64_t now_us = clock_monotonic_us();
        if (now_us > end_us && q > 0)
            break;
        if (now_us - said_us > SAY_EVERY_US) {
            fprintf(stderr, "grove bench-recall: %s: %zu of %zu queries\n", collection, q,
                    table->query_count);
            said_us = now_us;
        }
        for (size_t s = 0; code == GROVE_OK && s < SHAPES; s++)
            code = measure_one(table, grove, q, s, &tallies[s], error);
    }
    grove_close(grove);
    return code;
}

static enum grove_code print_build(const char *collection, struct tally *tallies,
                                   struct grove_error *error)
{
    struct report report;
    enum grove_code code = GROVE_OK;
    report_init(&report);
    report_text(&report, "collection", collection);
    report_begin(&report, "shapes");
    for (size_t s = 0; s < SHAPES; s++)
        report_tally(&report, shapes[s].name, &tallies[s]);
    report_end(&report);
    report_end(&report);
    if (report.text.failed)
        code = error_no_memory(error, "the report");
    else
        puts(report.text.data);
    fflush(stdout);
    report_release(&report);
    return code;
}

static enum grove_code measure_build(const struct table *table, const char *collection,
                                     int64_t seconds, struct grove_error *error)
{
    struct tally tallies[SHAPES] = {0};
    double *milliseconds = calloc(SHAPES * table->query_count, sizeof *milliseconds);
    if (!milliseconds)
        return error_no_memory(error, "figures");
    for (size_t s = 0; s < SHAPES; s++)
        tallies[s].milliseconds = milliseconds + s * table->query_count;
    enum grove_code code = measure(table, collection, seconds, tallies, error);
    if (code == GROVE_OK)
        code = print_build(collection, tallies, error);
    free(milliseconds);
    return code;
}

enum grove_code bench_recall_table(struct bench *bench, const char *queries_path,
                                   struct report *report, struct grove_error *error)
{
    struct table table = {.bench = bench};
    char line[LINE_SIZE];
    enum grove_code code =
        recall_queries_read(bench, queries_path, &table.queries, &table.query_count, error);
    if (code == GROVE_OK)
        code = find_truths(&table, error);
    while (code == GROVE_OK && fgets(line, sizeof line, stdin)) {
        struct text rest = text_trim(text_of(line)), name;
        int64_t seconds;
        if (!text_split(&rest, ' ', &name) || !text_to_int64(rest, &seconds))
            return error_set(error, GROVE_INVALID, "a build is COLLECTION SECONDS");
        const char *collection = arena_copy(&bench->arena, name);
        if (!collection)
            return error_no_memory(error, "the name of a collection");
        code = measure_build(&table, collection, seconds, error);
    }
    report_number(report, "rows", (double)bench->row_count);
    report_number(report, "queries", (double)table.query_count);
    return code;
}
