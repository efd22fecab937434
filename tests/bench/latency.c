// SPDX-License-Identifier: Apache-2.0
//
// One call after another in one process, warm: what each takes from call to result.
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
    WARM_UP = 20,
    SEARCHES = 250, // of each shape
    DISCOVERIES = 100,
    STAGE_QUERIES = 100,
    STAGES_MAX = 16,
};

typedef enum grove_code measured_call(struct bench *bench, size_t i, enum bench_shape shape,
                                      struct grove_error *error);

static enum grove_code measure(struct bench *bench, struct report *report, const char *name,
                               size_t count, measured_call *call, enum bench_shape shape,
                               struct grove_error *error)
{
    double milliseconds[BENCH_QUERIES];
    struct samples samples = {milliseconds, 0};
    for (size_t i = 0; i < WARM_UP + count; i++) {
        // Warmed up with the last queries, measured with the first.
        size_t query = i < WARM_UP ? BENCH_QUERIES - 1 - i : i - WARM_UP;
        int64_t began = clock_monotonic_us();
        enum grove_code code = call(bench, query, shape, error);
        if (code != GROVE_OK) {
            error_context(error, "measuring %s with query %zu", name, query);
            return code;
        }
        if (i >= WARM_UP)
            milliseconds[samples.count++] = (double)(clock_monotonic_us() - began) / 1e3;
    }
    report_samples(report, name, &samples);
    return GROVE_OK;
}

// --- the calls ----------------------------------------------------------------------------------

static enum grove_code embed_one(struct bench *bench, size_t i, enum bench_shape shape,
                                 struct grove_error *error)
{
    float vector[GROVE_DIMENSION];
    (void)shape;
    return grove_embed(bench->grove, &bench->queries[i], 1, vector, error);
}

static enum grove_code browse_one(struct bench *bench, size_t i, enum bench_shape shape,
                                  struct grove_error *error)
{
    struct bench_filter filter;
    struct grove_result *result;
    bench_filter_make(bench, shape, i, &filter);
    const struct grove_browse_request request = {.filter = filter.filter};
    enum grove_code code = grove_browse(bench->grove, &request, &result, error);
    if (code == GROVE_OK)
        grove_result_free(result);
    return code;
}

static enum grove_code search_one(struct bench *bench, size_t i, enum bench_shape shape,
                                  struct grove_error *error)
{
    struct bench_filter filter;
    struct grove_result *result;
    bench_filter_make(bench, shape, i, &filter);
    const struct grove_search_request request = {
        .text = bench->queries[i], .filter = filter.filter, .limit = BENCH_LIMIT};
    enum grove_code code = grove_search(bench->grove, &request, &result, error);
    if (code == GROVE_OK)
        grove_result_free(result);
    return code;
}

static enum grove_code discover_one(struct bench *bench, size_t i, enum bench_shape shape,
                                    struct grove_error *error)
{
    struct grove_result *result;
    (void)shape;
    struct grove_discover_request request = {.text = bench->queries[i]};
    if (bench->vectors) {
        request.text = NULL;
        request.vector = bench->vectors + i % bench->vector_count * GROVE_DIMENSION;
    }
    enum grove_code code = grove_discover(bench->grove, &request, &result, error);
    if (code == GROVE_OK)
        grove_result_free(result);
    return code;
}

// --- stages -------------------------------------------------------------------------------------

struct stage_times {
    char name[32];
    double milliseconds[STAGE_QUERIES]; // of each query, over its rounds
};

struct stages {
    struct stage_times items[STAGES_MAX];
    size_t count;
};

static void add_stage(struct stages *stages, const struct grove_stage *stage, size_t query)
{
    size_t i = 0;
    while (i < stages->count && strcmp(stages->items[i].name, stage->name) != 0)
        i++;
    if (i == STAGES_MAX)
        return;
    if (i == stages->count) {
        struct stage_times *item = &stages->items[stages->count++];
        memset(item, 0, sizeof *item);
        strncpy(item->name, stage->name, sizeof item->name - 1);
    }
    stages->items[i].milliseconds[query] += stage->milliseconds;
}

// Where a search and a discovery spend their time, as they tell it themselves.
static enum grove_code measure_stages(struct bench *bench, struct report *report, bool discover,
                                      struct grove_error *error)
{
    static struct stages stages;
    stages.count = 0;
    for (size_t i = 0; i < STAGE_QUERIES; i++) {
        struct grove_result *result;
        const struct grove_search_request search = {
            .text = bench->queries[i], .limit = BENCH_LIMIT, .explain = true};
        const struct grove_discover_request discovery = {.text = bench->queries[i],
                                                         .explain = true};
        enum grove_code code = discover ? grove_discover(bench->grove, &discovery, &result, error)
                                        : grove_search(bench->grove, &search, &result, error);
        if (code != GROVE_OK)
            return code;
        for (size_t s = 0; result->explain && s < result->explain->stage_count; s++)
            add_stage(&stages, &result->explain->stages[s], i);
        grove_result_free(result);
    }
    report_begin(report, discover ? "discovery stages" : "search stages");
    for (size_t s = 0; s < stages.count; s++) {
        struct samples samples = {stages.items[s].milliseconds, STAGE_QUERIES};
        report_samples(report, stages.items[s].name, &samples);
    }
    report_end(report);
    return GROVE_OK;
}

// Asked again, with the cache of query vectors that a handle has by default.
static enum grove_code measure_cached(struct bench *bench, struct report *report,
                                      struct grove_error *error)
{
    struct grove *plain = bench->grove, *caching = NULL;
    enum grove_code code = grove_open(NULL, &caching, error);
    bench->grove = caching;
    for (size_t i = 0; code == GROVE_OK && i < SEARCHES; i++)
        code = search_one(bench, i, SHAPE_NONE, error);
    if (code == GROVE_OK)
        code =
            measure(bench, report, "search asked before", SEARCHES, search_one, SHAPE_NONE, error);
    bench->grove = plain;
    grove_close(caching);
    return code;
}

static enum grove_code measure_navigation(struct bench *bench, struct report *report,
                                          struct grove_error *error)
{
    static const enum bench_shape browsed[] = {SHAPE_LEAF, SHAPE_LIMB, SHAPE_TREE};
    enum grove_code code = GROVE_OK;
    report_begin(report, "navigation");
    for (size_t i = 0; code == GROVE_OK && i < ARRAY_COUNT(browsed); i++)
        code = measure(bench, report, bench_shape_names[browsed[i]], BENCH_QUERIES, browse_one,
                       browsed[i], error);
    report_end(report);
    return code;
}

enum grove_code bench_reads(struct bench *bench, const char *vectors_path, struct report *report,
                            struct grove_error *error)
{
    enum grove_code code = bench_vectors_read(&bench->arena, vectors_path, &bench->vectors,
                                              &bench->vector_count, error);
    if (code == GROVE_OK)
        code = measure_navigation(bench, report, error);
    if (code == GROVE_OK)
        code = measure(bench, report, "discovery", DISCOVERIES, discover_one, SHAPE_NONE, error);
    return code;
}

enum grove_code bench_latencies(struct bench *bench, struct report *report,
                                struct grove_error *error)
{
    enum grove_code code =
        measure(bench, report, "query embedding", BENCH_QUERIES, embed_one, SHAPE_NONE, error);
    if (code == GROVE_OK)
        code = measure_navigation(bench, report, error);
    report_begin(report, "search");
    for (enum bench_shape shape = 0; code == GROVE_OK && shape < SHAPE_COUNT; shape++)
        code = measure(bench, report, bench_shape_names[shape], SEARCHES, search_one, shape, error);
    report_end(report);
    if (code == GROVE_OK)
        code = measure_cached(bench, report, error);
    if (code == GROVE_OK)
        code = measure(bench, report, "discovery", DISCOVERIES, discover_one, SHAPE_NONE, error);
    if (code == GROVE_OK)
        code = measure_stages(bench, report, false, error);
    if (code == GROVE_OK)
        code = measure_stages(bench, report, true, error);
    return code;
}
