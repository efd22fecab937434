// SPDX-License-Identifier: Apache-2.0
//
// How much the searches find of what they should.
//
// What a search should find is the best of three together: what it found itself, what the same
// search finds with `exact`, and the rows that the queries were made from. The last are known from
// PostgreSQL: where the engine has lost a point, both searches miss it, and the sample does not.
// A row of the sample that somebody changed meanwhile is left out from then on.
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/handle.h"
#include "api/recall.h"
#include "api/request.h"
#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/strbuf.h"

enum {
    QUERIES_DEFAULT = 100,
    SECONDS_DEFAULT = 120,
    ARENA_BYTES_MAX = 128 << 20,
    QUERY_ARENA_BYTES_MAX = 4 << 20,
    FOUND_MAX = 2 * GROVE_RECALL_LIMIT,      // rows of two answers
    TIMES_MAX = 2 * GROVE_RECALL_SHAPES_MAX, // of a query
    FILTER_BYTES_MAX = 1 << 16,
};
static const double TIE = 1e-6; // scores that rounding may have made different

static_assert((int)QUERIES_DEFAULT <= GROVE_RECALL_QUERIES_MAX, "what is usual may be asked for");

// A row that may belong to the best.
struct candidate {
    int32_t content_id;
    double score;
    struct recall_row *row; // of the sample; NULL: a search found it
};

struct measure {
    struct grove *grove;
    const struct grove_limits *limits; // of the searches, too
    struct call call;
    struct recall_sample sample;
    struct candidate *candidates; // room for the sample and two results
    struct grove_recall ret;
    const struct recall_shape *shapes[GROVE_RECALL_SHAPES_MAX]; // of ret.shapes, until it is sorted
    double *milliseconds[GROVE_RECALL_SHAPES_MAX];              // [query] of each
    double *exact_milliseconds[GROVE_RECALL_SHAPES_MAX];
};

// --- what is right -------------------------------------------------------------------------------

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->content_id > y->content_id) - (x->content_id < y->content_id);
}

static bool has(const struct grove_result *result, int32_t content_id)
{
    for (size_t i = 0; i < result->row_count; i++)
        if (result->rows[i].content_id == content_id)
            return true;
    return false;
}

// Each row once: rows of the sample that a search found count as found. Returns how many.
static size_t collect(struct measure *measure, const struct recall_query *query,
                      const struct recall_filter *filter, const struct grove_result *usual,
                      const struct grove_result *exact)
{
    struct candidate *items = measure->candidates;
    size_t count = 0;
    for (size_t i = 0; i < usual->row_count; i++)
        items[count++] = (struct candidate){usual->rows[i].content_id, usual->rows[i].score, NULL};
    for (size_t i = 0; i < exact->row_count; i++)
        if (!has(usual, exact->rows[i].content_id))
            items[count++] =
                (struct candidate){exact->rows[i].content_id, exact->rows[i].score, NULL};
    for (size_t i = 0; i < measure->sample.row_count; i++) {
        struct recall_row *row = &measure->sample.rows[i];
        bool repeated = false; // a row may have been drawn by itself and with its leaf
        if (row->gone || has(usual, row->content_id) || has(exact, row->content_id) ||
            !recall_filter_matches(filter, row))
            continue;
        for (size_t j = usual->row_count; j < count && !repeated; j++)
            repeated = items[j].content_id == row->content_id;
        if (!repeated)
            items[count++] = (struct candidate){row->content_id, recall_score(query, row), row};
    }
    qsort(items, count, sizeof *items, compare_candidates);
    return count;
}

static enum grove_code look_again(struct measure *measure, struct recall_row *row,
                                  struct grove_error *error)
{
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    arena_init(&arena, QUERY_ARENA_BYTES_MAX);
    pg_add_int4(&params, row->content_id);
    enum grove_code code = store_query(&measure->grove->store, &measure->call, &arena,
                                       "recall_revision.sql", &params, &rows, error);
    if (code == GROVE_OK)
        row->gone = rows.count == 0 || pg_int8(&rows, 0, 0) != row->revision;
    arena_release(&arena);
    return code;
}

// The best rows, in measure->candidates. Those of them that only the sample knows are looked at
// once more; where one has changed, all is done anew without it.
static enum grove_code find_best(struct measure *measure, const struct recall_query *query,
                                 const struct recall_filter *filter,
                                 const struct grove_result *usual, const struct grove_result *exact,
                                 size_t *ret_count, struct grove_error *error)
{
    for (bool changed = true; changed;) {
        size_t count = collect(measure, query, filter, usual, exact);
        count = count < GROVE_RECALL_LIMIT ? count : GROVE_RECALL_LIMIT;
        changed = false;
        for (size_t i = 0; i < count; i++) {
            struct recall_row *row = measure->candidates[i].row;
            enum grove_code code = row ? look_again(measure, row, error) : GROVE_OK;
            if (code != GROVE_OK)
                return code;
            changed = changed || (row && row->gone);
        }
        *ret_count = count;
    }
    return GROVE_OK;
}

static size_t count_found(const struct grove_result *result, double last)
{
    size_t found = 0;
    for (size_t i = 0; i < result->row_count; i++)
        found += result->rows[i].score >= last - TIE;
    return found;
}

// --- one query under one shape -------------------------------------------------------------------

static void describe_filter(const struct recall_filter *filter, char *ret, size_t size_bytes)
{
    struct strbuf out;
    char time[CLOCK_RFC3339_SIZE];
    const struct grove_filter *f = &filter->filter;
    strbuf_init(&out, FILTER_BYTES_MAX);
    if (f->path)
        strbuf_addf(&out, " --path \"%s\"", f->path);
    if (filter->type)
        strbuf_addf(&out, " --type \"%s\"", filter->type);
    if (filter->shape->dates) {
        clock_format_rfc3339(f->created_since_us == GROVE_1970 ? 0 : f->created_since_us, time);
        strbuf_addf(&out, " --since %s", time);
        clock_format_rfc3339(f->created_until_us == GROVE_1970 ? 0 : f->created_until_us, time);
        strbuf_addf(&out, " --until %s", time);
    }
    if (filter->shape->words)
        strbuf_addf(&out, " --min-words %lld --max-words %lld", (long long)f->words_min,
                    (long long)f->words_max);
    snprintf(ret, size_bytes, "%s", out.length > 0 ? out.data + 1 : "");
    ret[text_utf8_error(text_of(ret))] = '\0'; // cut at a whole character
    strbuf_release(&out);
}

static enum grove_code judge(struct measure *measure, size_t shape_number, size_t query_number,
                             const struct recall_filter *filter, const struct grove_result *usual,
                             const struct grove_result *exact, struct grove_error *error)
{
    size_t expected;
    struct grove_recall_shape *shape = &measure->ret.shapes[shape_number];
    const struct recall_query *query = &measure->sample.queries[query_number];
    enum grove_code code = find_best(measure, query, filter, usual, exact, &expected, error);
    if (code != GROVE_OK)
        return code;
    double last = expected > 0 ? measure->candidates[expected - 1].score : 0;
    size_t found = count_found(usual, last), exact_found = count_found(exact, last);
    double recall = expected > 0 && found < expected ? (double)found / (double)expected : 1;
    measure->milliseconds[shape_number][shape->queries] = usual->milliseconds;
    measure->exact_milliseconds[shape_number][shape->queries] = exact->milliseconds;
    if (shape->queries == 0 || recall < shape->worst) {
        shape->worst = recall;
        snprintf(shape->worst_query, sizeof shape->worst_query, "%s", query->words);
        describe_filter(filter, shape->worst_filter, sizeof shape->worst_filter);
    }
    shape->queries++;
    shape->recall += recall; // the mean, at the end
    shape->whole += found >= expected;
    shape->false_complete += usual->complete && found < expected;
    shape->exact_false += exact->complete && exact_found < expected;
    shape->incomplete += !usual->complete;
    shape->degraded += usual->degraded;
    return GROVE_OK;
}

// PostgreSQL's answers say nothing about the engine. An engine that lacks rows is what is measured.
static enum grove_code check_engine(struct measure *measure, const struct grove_result *first,
                                    struct grove_error *error)
{
    struct grove_status *status = mem_zalloc(sizeof *status);
    if (!status)
        return error_no_memory(error, "the status");
    enum grove_code code = grove_get_status(measure->grove, status, error);
    if (code == GROVE_OK && !status->engine_ok) {
        code = error_set(error, GROVE_UNAVAILABLE,
                         "there is no recall to measure without the "
                         "vector engine: %s",
                         status->engine_error);
        error_hint(error, "PostgreSQL answers the searches meanwhile: %s", first->degraded_reason);
    }
    mem_free(status);
    return code;
}

static enum grove_code ask(struct measure *measure, size_t shape_number, size_t query_number,
                           struct grove_error *error)
{
    struct arena arena;
    struct recall_filter filter;
    struct grove_result *usual = NULL, *exact = NULL;
    const struct recall_query *query = &measure->sample.queries[query_number];
    arena_init(&arena, QUERY_ARENA_BYTES_MAX);
    enum grove_code code = recall_filter_make(&measure->sample, measure->shapes[shape_number],
                                              query_number, &arena, &filter, error);
    struct grove_search_request request = {.limits = *measure->limits,
                                           .chunks = true, // recall is of rows
                                           .text = query->text,
                                           .vector = query->vector,
                                           .filter = filter.filter,
                                           .limit = GROVE_RECALL_LIMIT};
    if (code == GROVE_OK)
        code = grove_search(measure->grove, &request, &usual, error);
    if (code == GROVE_OK && usual->degraded && measure->ret.shapes[shape_number].degraded == 0)
        code = check_engine(measure, usual, error);
    request.exact = true;
    if (code == GROVE_OK)
        code = grove_search(measure->grove, &request, &exact, error);
    if (code == GROVE_OK)
        code = judge(measure, shape_number, query_number, &filter, usual, exact, error);
    if (code != GROVE_OK)
        error_context(error, "while measuring the recall of %s",
                      measure->shapes[shape_number]->name);
    grove_result_free(exact);
    grove_result_free(usual);
    arena_release(&arena);
    return code;
}

// --- all of it -----------------------------------------------------------------------------------

static enum grove_code prepare(struct measure *measure, unsigned queries, struct arena *arena,
                               struct grove_error *error)
{
    struct recall_sample *sample = &measure->sample;
    enum grove_code code =
        recall_sample_read(&measure->grove->store, &measure->call, queries, arena, sample, error);
    if (code == GROVE_OK)
        code = recall_queries_make(&measure->grove->store, &measure->call, queries, arena, sample,
                                   error);
    if (code != GROVE_OK)
        return code;
    measure->candidates =
        arena_alloc_array(arena, sample->row_count + FOUND_MAX, sizeof *measure->candidates);
    double *times = arena_alloc_array(arena, sample->query_count, TIMES_MAX * sizeof *times);
    if (!measure->candidates || !times)
        return error_no_memory(error, "figures");
    measure->ret.queries_wanted = (unsigned)sample->query_count;
    for (size_t i = 0; i < GROVE_RECALL_SHAPES_MAX; i++) {
        if (!recall_shape_is_allowed(sample, &recall_shapes[i]))
            continue;
        size_t shape = measure->ret.shape_count++;
        measure->shapes[shape] = &recall_shapes[i];
        measure->ret.shapes[shape].name = recall_shapes[i].name;
        measure->milliseconds[shape] = times + 2 * shape * sample->query_count;
        measure->exact_milliseconds[shape] = times + (2 * shape + 1) * sample->query_count;
    }
    CHECK(measure->ret.shape_count > 0); // none of the filters is always there
    return GROVE_OK;
}

// Each query under all shapes: where time runs out all shapes have had the same queries.
static enum grove_code ask_all(struct measure *measure, const struct grove_recall_request *request,
                               struct grove_error *error)
{
    unsigned seconds_max = request->seconds_max ? request->seconds_max : SECONDS_DEFAULT;
    int64_t began_us = clock_monotonic_us();
    enum grove_code code = GROVE_OK;
    for (unsigned q = 0; code == GROVE_OK && q < measure->ret.queries_wanted; q++) {
        if (clock_monotonic_us() - began_us > (int64_t)seconds_max * 1000000 && q > 0)
            break;
        code = call_check(&measure->call, error);
        if (code != GROVE_OK)
            return code;
        for (size_t s = 0; code == GROVE_OK && s < measure->ret.shape_count; s++)
            code = ask(measure, s, q, error);
        measure->ret.queries += code == GROVE_OK;
        if (code == GROVE_OK && request->on_progress)
            request->on_progress(request->state, q + 1, measure->ret.queries_wanted);
    }
    return code;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return count > 0 ? values[count / 2] : 0;
}

static int compare_worst_first(const void *a, const void *b)
{
    const struct grove_recall_shape *x = a, *y = b;
    if (x->recall != y->recall)
        return x->recall < y->recall ? -1 : 1;
    return (x->worst > y->worst) - (x->worst < y->worst);
}

static enum grove_code sum_up(struct measure *measure, struct grove_error *error)
{
    struct grove_status *status = mem_zalloc(sizeof *status);
    if (!status)
        return error_no_memory(error, "the status");
    enum grove_code code = grove_get_status(measure->grove, status, error);
    measure->ret.contents = status->contents;
    measure->ret.pending = status->pending + status->dead;
    measure->ret.points = status->points;
    measure->ret.index = status->index;
    mem_free(status);
    for (size_t s = 0; s < measure->ret.shape_count; s++) {
        struct grove_recall_shape *shape = &measure->ret.shapes[s];
        shape->recall = shape->queries > 0 ? shape->recall / shape->queries : 1;
        shape->milliseconds = median(measure->milliseconds[s], shape->queries);
        shape->exact_milliseconds = median(measure->exact_milliseconds[s], shape->queries);
    }
    qsort(measure->ret.shapes, measure->ret.shape_count, sizeof measure->ret.shapes[0],
          compare_worst_first);
    return code;
}

GROVE_API enum grove_code grove_measure_recall_sized(size_t size_bytes, struct grove *grove,
                                                     const struct grove_recall_request *request,
                                                     struct grove_recall *ret,
                                                     struct grove_error *error)
{
    int64_t began_us = clock_monotonic_us();
    struct arena arena;
    struct grove_recall_request copy;
    enum grove_code code = OPTIONAL_REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    unsigned queries = copy.queries ? copy.queries : QUERIES_DEFAULT;
    if (queries > GROVE_RECALL_QUERIES_MAX)
        return error_set(error, GROVE_INVALID, "%u queries are too many, at most %d", queries,
                         GROVE_RECALL_QUERIES_MAX);
    struct measure *measure = mem_zalloc(sizeof *measure);
    if (!measure)
        return error_no_memory(error, "figures");
    measure->grove = grove;
    measure->limits = &copy.limits;
    arena_init(&arena, ARENA_BYTES_MAX);
    code = handle_enter(grove, HANDLE_TASK, &copy.limits, &measure->call, error);
    if (code == GROVE_OK)
        code = prepare(measure, queries, &arena, error);
    if (code == GROVE_OK)
        code = ask_all(measure, &copy, error);
    if (code == GROVE_OK)
        code = sum_up(measure, error);
    if (code == GROVE_OK) {
        measure->ret.seconds = (double)(clock_monotonic_us() - began_us) / 1e6;
        report_give(ret, size_bytes, &measure->ret, sizeof measure->ret);
    }
    arena_release(&arena);
    code = handle_failed(grove, &measure->call, code, error);
    mem_free(measure);
    return code;
}
