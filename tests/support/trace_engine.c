// SPDX-License-Identifier: Apache-2.0
#include "trace_engine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"

struct trace_engine {
    struct vector_engine base; // first
    struct vector_engine *within;
    int64_t made_us;
    pthread_mutex_t mutex; // guards what follows
    unsigned long total;
    unsigned long counts[ENGINE_CALLS];
    struct trace_call calls[TRACE_CALLS_MAX]; // the nth at (n - 1) % TRACE_CALLS_MAX
};

static struct trace_engine *trace_of(const struct vector_engine *engine)
{
    return (struct trace_engine *)(uintptr_t)engine;
}

static struct trace_call begin(const struct trace_engine *trace, enum engine_call call,
                               size_t count)
{
    return (struct trace_call){
        .call = call, .count = count, .begin_us = clock_monotonic_us() - trace->made_us};
}

static enum grove_code keep(struct trace_engine *trace, struct trace_call *call,
                            enum grove_code code)
{
    call->code = code;
    call->duration_us = clock_monotonic_us() - trace->made_us - call->begin_us;
    pthread_mutex_lock(&trace->mutex);
    trace->calls[trace->total++ % TRACE_CALLS_MAX] = *call;
    trace->counts[call->call]++;
    pthread_mutex_unlock(&trace->mutex);
    return code;
}

static void keep_ids(struct trace_call *call, const int32_t *content_ids)
{
    for (size_t i = 0; i < call->count && i < TRACE_IDS_MAX; i++)
        call->content_ids[i] = content_ids[i];
}

static enum grove_code trace_ensure(struct vector_engine *engine, struct call *call,
                                    struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_ENSURE, 0);
    return keep(trace, &record, vector_ensure_collection(trace->within, call, error));
}

static enum grove_code trace_info(struct vector_engine *engine, struct call *call,
                                  struct vector_info *ret, struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_INFO, 0);
    enum grove_code code = vector_info(trace->within, call, ret, error);
    record.answer = code == GROVE_OK ? (int64_t)ret->points_count : 0;
    return keep(trace, &record, code);
}

static enum grove_code trace_upsert(struct vector_engine *engine, struct call *call,
                                    const struct vector_point *points, size_t count,
                                    struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_UPSERT, count);
    for (size_t i = 0; i < count && i < TRACE_IDS_MAX; i++)
        record.content_ids[i] = points[i].content_id;
    return keep(trace, &record, vector_upsert(trace->within, call, points, count, error));
}

static enum grove_code trace_remove(struct vector_engine *engine, struct call *call,
                                    const int32_t *content_ids, const int64_t *revisions,
                                    size_t count, struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_REMOVE, count);
    keep_ids(&record, content_ids);
    return keep(trace, &record,
                vector_remove(trace->within, call, content_ids, revisions, count, error));
}

static enum grove_code trace_evict(struct vector_engine *engine, struct call *call,
                                   const struct vector_state *seen, size_t count,
                                   struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_EVICT, count);
    for (size_t i = 0; i < count && i < TRACE_IDS_MAX; i++)
        record.content_ids[i] = seen[i].content_id;
    return keep(trace, &record, vector_evict(trace->within, call, seen, count, error));
}

static enum grove_code trace_search(struct vector_engine *engine, struct call *call,
                                    const struct vector_query *query, struct arena *arena,
                                    struct vector_hits *ret, struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_SEARCH, 0);
    record.exact = query->exact;
    record.limit = query->limit;
    record.also_count = query->also_count;
    enum grove_code code = vector_search(trace->within, call, query, arena, ret, error);
    record.count = code == GROVE_OK ? ret->count : 0;
    if (code == GROVE_OK)
        snprintf(record.graph, sizeof record.graph, "%s", ret->graph);
    for (size_t i = 0; i < record.count && i < TRACE_IDS_MAX; i++)
        record.content_ids[i] = ret->items[i].content_id;
    return keep(trace, &record, code);
}

static enum grove_code trace_graph(struct vector_engine *engine, struct call *call,
                                   char ret[static VECTOR_GRAPH_SIZE], struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_GRAPH, 0);
    enum grove_code code = vector_graph(trace->within, call, ret, error);
    if (code == GROVE_OK)
        snprintf(record.graph, sizeof record.graph, "%s", ret);
    return keep(trace, &record, code);
}

static enum grove_code trace_count(struct vector_engine *engine, struct call *call,
                                   const struct vector_filter *filter, uint64_t *ret,
                                   struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_COUNT, 0);
    enum grove_code code = vector_count(trace->within, call, filter, ret, error);
    record.answer = code == GROVE_OK ? (int64_t)*ret : 0;
    return keep(trace, &record, code);
}

static enum grove_code trace_states(struct vector_engine *engine, struct call *call,
                                    const int32_t *content_ids, size_t count,
                                    struct vector_state *ret, struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_STATES, count);
    keep_ids(&record, content_ids);
    return keep(trace, &record, vector_states(trace->within, call, content_ids, count, ret, error));
}

static enum grove_code trace_scan(struct vector_engine *engine, struct call *call, int64_t from_id,
                                  size_t limit, struct vector_page *ret, struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_SCAN, 0);
    return keep(trace, &record, vector_scan(trace->within, call, from_id, limit, ret, error));
}

static enum grove_code trace_marks(struct vector_engine *engine, struct call *call,
                                   struct vector_marks *ret, struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_MARKS, 0);
    return keep(trace, &record, vector_marks(trace->within, call, ret, error));
}

static enum grove_code trace_mark(struct vector_engine *engine, struct call *call,
                                  const struct vector_mark *mark, struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_MARK, 0);
    return keep(trace, &record, vector_mark(trace->within, call, mark, error));
}

static enum grove_code trace_unmark(struct vector_engine *engine, struct call *call,
                                    const struct vector_mark *mark, struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_UNMARK, 0);
    return keep(trace, &record, vector_unmark(trace->within, call, mark, error));
}

static enum grove_code trace_read(struct vector_engine *engine, struct call *call,
                                  const struct vector_range *range, size_t limit,
                                  struct arena *arena, struct vector_copies *ret,
                                  struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_READ, 0);
    return keep(trace, &record, vector_read(trace->within, call, range, limit, arena, ret, error));
}

static enum grove_code trace_read_ids(struct vector_engine *engine, struct call *call,
                                      const struct vector_choice *choice, struct arena *arena,
                                      struct vector_copy *ret, struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_READ_IDS, choice->count);
    keep_ids(&record, choice->content_ids);
    return keep(trace, &record, vector_read_ids(trace->within, call, choice, arena, ret, error));
}

static enum grove_code trace_digest(struct vector_engine *engine, struct call *call,
                                    const struct vector_range *range, struct vector_digest *ret,
                                    struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_DIGEST, 0);
    return keep(trace, &record, vector_digest(trace->within, call, range, ret, error));
}

static enum grove_code trace_strangers(struct vector_engine *engine, struct call *call,
                                       struct text from, struct arena *arena,
                                       struct vector_strangers *ret, struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_STRANGERS, 0);
    return keep(trace, &record, vector_strangers(trace->within, call, from, arena, ret, error));
}

static enum grove_code trace_erase(struct vector_engine *engine, struct call *call,
                                   const struct text *ids, size_t count, struct grove_error *error)
{
    struct trace_engine *trace = trace_of(engine);
    struct trace_call record = begin(trace, ENGINE_ERASE, 0);
    return keep(trace, &record, vector_erase(trace->within, call, ids, count, error));
}

static void trace_free(struct vector_engine *engine)
{
    struct trace_engine *trace = trace_of(engine);
    vector_engine_free(trace->within);
    pthread_mutex_destroy(&trace->mutex);
    free(trace);
}

static const char *trace_describe(const struct vector_engine *engine)
{
    return vector_describe(trace_of(engine)->within);
}

static const struct vector_engine_operations operations = {
    .name = "trace",
    .free = trace_free,
    .describe = trace_describe,
    .ensure_collection = trace_ensure,
    .info = trace_info,
    .upsert = trace_upsert,
    .remove = trace_remove,
    .evict = trace_evict,
    .search = trace_search,
    .graph = trace_graph,
    .count = trace_count,
    .states = trace_states,
    .scan = trace_scan,
    .marks = trace_marks,
    .mark = trace_mark,
    .unmark = trace_unmark,
    .read = trace_read,
    .read_ids = trace_read_ids,
    .digest = trace_digest,
    .strangers = trace_strangers,
    .erase = trace_erase,
};

struct vector_engine *trace_engine_new(struct vector_engine *within)
{
    struct trace_engine *trace = calloc(1, sizeof *trace);
    if (!trace)
        return NULL;
    trace->base.operations = &operations;
    trace->within = within;
    trace->made_us = clock_monotonic_us();
    pthread_mutex_init(&trace->mutex, NULL);
    return &trace->base;
}

// --- what was recorded ---------------------------------------------------------------------------

unsigned long trace_engine_count(struct vector_engine *engine, enum engine_call call)
{
    CHECK(engine->operations == &operations);
    struct trace_engine *trace = trace_of(engine);
    pthread_mutex_lock(&trace->mutex);
    unsigned long count = trace->counts[call];
    pthread_mutex_unlock(&trace->mutex);
    return count;
}

unsigned long trace_engine_total(struct vector_engine *engine)
{
    CHECK(engine->operations == &operations);
    struct trace_engine *trace = trace_of(engine);
    pthread_mutex_lock(&trace->mutex);
    unsigned long total = trace->total;
    pthread_mutex_unlock(&trace->mutex);
    return total;
}

bool trace_engine_get(struct vector_engine *engine, unsigned long nth, struct trace_call *ret)
{
    CHECK(engine->operations == &operations);
    struct trace_engine *trace = trace_of(engine);
    pthread_mutex_lock(&trace->mutex);
    bool kept = nth >= 1 && nth <= trace->total && trace->total - nth < TRACE_CALLS_MAX;
    if (kept)
        *ret = trace->calls[(nth - 1) % TRACE_CALLS_MAX];
    pthread_mutex_unlock(&trace->mutex);
    return kept;
}

static void print_call(unsigned long nth, const struct trace_call *call)
{
    fprintf(stderr, "%4lu %10.3f ms %8.3f ms %-7s %s", nth, (double)call->begin_us / 1000,
            (double)call->duration_us / 1000, engine_call_name(call->call),
            call->code == GROVE_OK ? "ok" : grove_code_info(call->code)->name);
    if (call->call == ENGINE_SEARCH)
        fprintf(stderr, " %s limit %zu, besides %zu, graph \"%s\", hits %zu:",
                call->exact ? "exact" : "index", call->limit, call->also_count, call->graph,
                call->count);
    else if (call->call == ENGINE_GRAPH)
        fprintf(stderr, " \"%s\"", call->graph);
    else if (call->call == ENGINE_COUNT || call->call == ENGINE_INFO)
        fprintf(stderr, " %lld points", (long long)call->answer);
    else if (call->count > 0)
        fprintf(stderr, " %zu points:", call->count);
    for (size_t i = 0; i < call->count && i < TRACE_IDS_MAX; i++)
        fprintf(stderr, " %d", call->content_ids[i]);
    fprintf(stderr, "%s\n", call->count > TRACE_IDS_MAX ? " ..." : "");
}

void trace_engine_print(struct vector_engine *engine)
{
    if (engine->operations != &operations)
        return;
    struct trace_call call;
    unsigned long total = trace_engine_total(engine);
    unsigned long first = total > TRACE_CALLS_MAX ? total - TRACE_CALLS_MAX + 1 : 1;
    fprintf(stderr, "calls of %s:\n", vector_describe(engine));
    for (unsigned long nth = first; nth <= total; nth++)
        if (trace_engine_get(engine, nth, &call))
            print_call(nth, &call);
}
