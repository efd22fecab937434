// SPDX-License-Identifier: Apache-2.0
//
// The vector engine through its client, and many clients at once.
#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "home/home.h"
#include "vector/http.h"
#include "vector/private.h"
#include "vector/qdrant.h"

enum {
    CLIENTS = 50,
    ENGINE_SEARCHES = 60, // of each client
    GROVE_SEARCHES = 12,
    WARM_UP = 20,
    // What a search for 10 rows asks of the engine.
    REACH = 18,
    HNSW_EF = 128,
};

// --- the engine ---------------------------------------------------------------------------------

static enum grove_code engine_options(char ret_socket[static PATH_MAX], unsigned connections_max,
                                      struct qdrant_options *ret, struct grove_error *error)
{
    struct home home;
    enum grove_code code = home_find(NULL, &home, error);
    if (code != GROVE_OK)
        return code;
    vector_server_socket(&home, ret_socket);
    *ret = (struct qdrant_options){.socket_path = ret_socket,
                                   .collection = getenv("GROVE_COLLECTION"),
                                   .connections_max = connections_max};
    return GROVE_OK;
}

static enum grove_code open_engine(unsigned connections_max, struct vector_engine **ret,
                                   struct grove_error *error)
{
    char socket_path[PATH_MAX];
    struct qdrant_options options;
    enum grove_code code = engine_options(socket_path, connections_max, &options, error);
    return code == GROVE_OK ? qdrant_open(&options, ret, error) : code;
}

static enum grove_code search_engine(struct vector_engine *engine, const float *vector,
                                     struct grove_error *error)
{
    struct arena arena;
    struct vector_hits hits;
    arena_init(&arena, 1 << 20);
    struct vector_filter any = VECTOR_FILTER_ANY;
    const struct vector_query query = {
        .vector = vector, .filter = &any, .limit = REACH, .hnsw_ef = HNSW_EF};
    enum grove_code code = vector_search(engine, NULL, &query, &arena, &hits, error);
    if (code == GROVE_OK && hits.count != REACH)
        code =
            error_set(error, GROVE_ENGINE, "the engine gave %zu rows, not %d", hits.count, REACH);
    arena_release(&arena);
    return code;
}

static enum grove_code embed_queries(struct bench *bench, float **ret, struct grove_error *error)
{
    *ret = arena_alloc_array(&bench->arena, BENCH_QUERIES, GROVE_DIMENSION * sizeof **ret);
    return *ret ? grove_embed(bench->grove, bench->queries, BENCH_QUERIES, *ret, error)
                : error_no_memory(error, "the queries' vectors");
}

static enum grove_code write_vectors(const char *path, const float *vectors,
                                     struct grove_error *error)
{
    size_t count = (size_t)BENCH_QUERIES * GROVE_DIMENSION;
    FILE *file = fopen(path, "wbe");
    bool written = file && fwrite(vectors, sizeof *vectors, count, file) == count;
    if (file && fclose(file) != 0)
        written = false;
    return written ? GROVE_OK : error_set(error, GROVE_IO, "could not write \"%s\"", path);
}

enum grove_code bench_engine(struct bench *bench, const char *vectors_path, struct report *report,
                             struct grove_error *error)
{
    double milliseconds[BENCH_QUERIES];
    struct samples samples = {milliseconds, 0};
    struct vector_engine *engine = NULL;
    float *vectors;
    enum grove_code code = embed_queries(bench, &vectors, error);
    if (code == GROVE_OK)
        code = write_vectors(vectors_path, vectors, error);
    if (code == GROVE_OK)
        code = open_engine(1, &engine, error);
    for (size_t i = 0; code == GROVE_OK && i < WARM_UP; i++)
        code = search_engine(engine, vectors, error);
    for (size_t i = 0; code == GROVE_OK && i < BENCH_QUERIES; i++) {
        int64_t began = clock_monotonic_us();
        code = search_engine(engine, vectors + i * GROVE_DIMENSION, error);
        milliseconds[samples.count++] = (double)(clock_monotonic_us() - began) / 1e3;
    }
    vector_engine_free(engine);
    report_samples(report, "engine search", &samples);
    return code;
}

enum grove_code bench_make_graph(struct grove_error *error)
{
    static const char body[] = "{\"vectors\":{\"size\":384,\"distance\":\"Cosine\"},"
                               "\"hnsw_config\":{\"m\":16,\"ef_construct\":200,"
                               "\"full_scan_threshold\":10}}";
    char socket_path[PATH_MAX], path[256];
    struct qdrant_options options;
    struct http_client *client = NULL;
    struct http_reply reply = {NULL};
    enum grove_code code = engine_options(socket_path, 1, &options, error);
    if (code == GROVE_OK && !options.collection)
        code = error_set(error, GROVE_INVALID, "GROVE_COLLECTION does not name the collection");
    if (code != GROVE_OK)
        return code;
    snprintf(path, sizeof path, "/collections/%s", options.collection);
    code = http_client_new(&options, &client, error);
    const struct http_request request = {.method = "PUT", .path = path, .body = text_of(body)};
    if (code == GROVE_OK)
        code = http_send(client, NULL, &request, &reply, error);
    http_reply_release(&reply);
    http_client_free(client);
    return code;
}

// --- many at once -------------------------------------------------------------------------------

struct crowd {
    struct bench *bench;
    struct vector_engine *engine; // NULL: searches of grove as a whole
    const float *vectors;
    size_t searches; // of each
    pthread_barrier_t start;
    double *milliseconds; // [CLIENTS][searches]
    atomic_size_t errors;
    pthread_mutex_t mutex; // guards what follows
    struct grove_error first_error;
};

struct client {
    pthread_t thread;
    struct crowd *crowd;
    size_t number;
};

static enum grove_code search_once(struct crowd *crowd, size_t query, struct grove_error *error)
{
    struct grove_result *result;
    if (crowd->engine)
        return search_engine(crowd->engine, crowd->vectors + query * GROVE_DIMENSION, error);
    const struct grove_search_request request = {.text = crowd->bench->queries[query],
                                                 .limit = BENCH_LIMIT};
    enum grove_code code = grove_search(crowd->bench->grove, &request, &result, error);
    if (code != GROVE_OK)
        return code;
    bool whole = result->complete && !result->degraded && result->row_count == BENCH_LIMIT;
    if (!whole)
        code = error_set(error, GROVE_ENGINE, "a search gave %zu rows%s%s", result->row_count,
                         result->complete ? "" : ", and not all",
                         result->degraded ? ", without the engine" : "");
    grove_result_free(result);
    return code;
}

static void *run_client(void *state)
{
    struct client *client = state;
    struct crowd *crowd = client->crowd;
    struct grove_error error;
    pthread_barrier_wait(&crowd->start);
    for (size_t i = 0; i < crowd->searches; i++) {
        size_t query = (client->number * crowd->searches + i) % BENCH_QUERIES;
        int64_t began = clock_monotonic_us();
        enum grove_code code = search_once(crowd, query, &error);
        crowd->milliseconds[client->number * crowd->searches + i] =
            (double)(clock_monotonic_us() - began) / 1e3;
        if (code == GROVE_OK)
            continue;
        pthread_mutex_lock(&crowd->mutex);
        if (atomic_fetch_add(&crowd->errors, 1) == 0)
            crowd->first_error = error;
        pthread_mutex_unlock(&crowd->mutex);
    }
    return NULL;
}

static enum grove_code run_crowd(struct crowd *crowd, const char *name, struct report *report,
                                 struct grove_error *error)
{
    struct client clients[CLIENTS];
    struct samples samples = {.count = CLIENTS * crowd->searches};
    crowd->milliseconds = samples.milliseconds =
        arena_alloc_array(&crowd->bench->arena, samples.count, sizeof(double));
    if (!samples.milliseconds)
        return error_no_memory(error, "samples");
    pthread_barrier_init(&crowd->start, NULL, CLIENTS + 1);
    pthread_mutex_init(&crowd->mutex, NULL);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.crowd = crowd, .number = i};
        int failure = pthread_create(&clients[i].thread, NULL, run_client, &clients[i]);
        if (failure != 0) { // those that run wait at the barrier for ever
            error_set_errno(error, failure, "could not start thread %zu", i);
            fprintf(stderr, "grove_bench: %s\n", error->message);
            abort();
        }
    }
    pthread_barrier_wait(&crowd->start);
    int64_t began = clock_monotonic_us();
    for (size_t i = 0; i < CLIENTS; i++)
        pthread_join(clients[i].thread, NULL);
    double seconds = (double)(clock_monotonic_us() - began) / 1e6;
    pthread_mutex_destroy(&crowd->mutex);
    pthread_barrier_destroy(&crowd->start);
    if (atomic_load(&crowd->errors) > 0)
        fprintf(stderr, "grove_bench: %s: %zu errors, the first: %s\n", name,
                atomic_load(&crowd->errors), crowd->first_error.message);
    report_begin(report, name);
    report_number(report, "clients", CLIENTS);
    report_number(report, "per_second", (double)samples.count / seconds);
    report_number(report, "errors", (double)atomic_load(&crowd->errors));
    report_samples(report, "latency", &samples);
    report_end(report);
    return GROVE_OK;
}

enum grove_code bench_clients(struct bench *bench, struct report *report, struct grove_error *error)
{
    struct crowd whole = {.bench = bench, .searches = GROVE_SEARCHES};
    struct crowd engine = {.bench = bench, .searches = ENGINE_SEARCHES};
    float *vectors;
    enum grove_code code = embed_queries(bench, &vectors, error);
    engine.vectors = vectors;
    if (code == GROVE_OK)
        code = open_engine(CLIENTS, &engine.engine, error);
    if (code == GROVE_OK)
        code = search_engine(engine.engine, vectors, error);
    if (code == GROVE_OK)
        code = run_crowd(&engine, "vector server", report, error);
    vector_engine_free(engine.engine);
    if (code == GROVE_OK)
        code = run_crowd(&whole, "search", report, error);
    return code;
}
