// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/inject.h"
#include "sync/examine_private.h"

enum {
    SEARCHES_OF_STEP = 8,
    WORKERS_MAX = 16,
    SEARCH_BYTES_MAX = 1 << 20,
    PART_WALKS = 448, // asked before whoever waits is
    TRIES_MAX = 3,
    TRY_PAUSE_MS = 500, // the second time twice that
};

static_assert(EXAMINE_NEAR > 1, "a row's neighbours are more than itself");
static_assert(WORKERS_MAX >= 2, "two searchers have an arena each");

struct searching {
    struct examination *x;
    const struct examine_search *searches;
    size_t count;
    struct arena arenas[WORKERS_MAX]; // by worker, of one search
    atomic_bool graph_changed;
    atomic_bool failed;
    pthread_mutex_t mutex;
    enum grove_code code; // of the first that failed, with its error
    struct grove_error error;
};

static void note_failure(struct searching *all, enum grove_code code,
                         const struct grove_error *error)
{
    CHECK(error->code == code);
    CHECK(code != GROVE_OK);
    pthread_mutex_lock(&all->mutex);
    if (all->code == GROVE_OK) {
        all->code = code;
        all->error = *error;
    }
    pthread_mutex_unlock(&all->mutex);
    atomic_store(&all->failed, true);
}

static void take_hits(const struct vector_hits *hits, const struct examine_search *search)
{
    struct examine_hits *near = search->hits;
    struct examine_deep_hits *deep = search->deep;
    CHECK(hits->count <= (deep ? EXAMINE_DEEP : EXAMINE_NEAR));
    CHECK(near);
    near->count = (uint32_t)(hits->count < EXAMINE_NEAR ? hits->count : EXAMINE_NEAR);
    for (size_t i = 0; i < hits->count; i++) {
        struct examine_near hit = {hits->items[i].content_id, hits->items[i].score};
        if (i < EXAMINE_NEAR)
            near->items[i] = hit;
        if (deep)
            deep->items[i] = hit;
    }
    if (deep)
        deep->count = (uint32_t)hits->count;
}

// Of many thousands a busy engine answers one too late now and then, and all others would be lost
// with it. A search changes nothing, so it may be asked again.
static enum grove_code ask(struct searching *all, const struct vector_query *query,
                           struct arena *arena, struct vector_hits *ret, struct grove_error *error)
{
    struct vector_engine *engine = all->x->store->engine;
    struct call call = call_part(all->x->call); // other threads count in theirs
    for (unsigned attempt = 1;; attempt++) {
        enum grove_code code = vector_search(engine, &call, query, arena, ret, error);
        CHECK(attempt <= TRIES_MAX);
        if (code == GROVE_OK || error->retry == GROVE_RETRY_NEVER || attempt == TRIES_MAX ||
            !call_pause(&call, attempt * TRY_PAUSE_MS))
            return code;
    }
}

// The first of many asks which graph answers: what is asked of another one is in vain. Whether one
// graph answered all is seen at the end, since no name comes back.
static enum grove_code search_one(struct searching *all, const struct examine_search *search,
                                  bool first, struct arena *arena, struct grove_error *error)
{
    static const struct vector_filter any = VECTOR_FILTER_ANY;
    const struct examine_list *list = &all->x->list;
    const struct vector_query query = {
        .vector = search->vector,
        .filter = search->filter ? search->filter : &any,
        .limit = search->deep ? EXAMINE_DEEP : EXAMINE_NEAR,
        .exact = search->exact,
        .many = true,
        .hnsw_ef = search->ef,
        .also_ids = search->with_list ? list->ids : NULL,
        .also_count = search->with_list ? list->count : 0,
        .name_graph = first,
    };
    struct vector_hits hits = {.count = 0};
    enum grove_code code = ask(all, &query, arena, &hits, error);
    CHECK(search->vector);
    CHECK(!search->exact || !search->with_list);
    CHECK(search->exact || search->ef > 0);
    if (code == GROVE_OK && hits.graph[0] && strcmp(hits.graph, all->x->graph) != 0) {
        atomic_store(&all->graph_changed, true);
        code = error_set(error, GROVE_CONFLICT, "the vector engine searches another graph now");
    }
    if (code == GROVE_OK)
        take_hits(&hits, search);
    return code;
}

static void search_some(void *state, size_t index, unsigned worker)
{
    struct searching *all = state;
    size_t end = (index + 1) * SEARCHES_OF_STEP;
    CHECK(index * SEARCHES_OF_STEP < all->count);
    CHECK(worker < WORKERS_MAX);
    for (size_t i = index * SEARCHES_OF_STEP; i < end && i < all->count; i++) {
        struct grove_error error;
        if (atomic_load(&all->failed))
            return;
        enum grove_code code = call_check(all->x->call, &error);
        if (code == GROVE_OK)
            code = search_one(all, &all->searches[i], i == 0, &all->arenas[worker], &error);
        arena_clear(&all->arenas[worker]);
        if (code != GROVE_OK)
            note_failure(all, code, &error);
    }
}

static enum grove_code search_part(struct examination *x, const struct examine_search *searches,
                                   size_t count, struct grove_error *error)
{
    struct searching *all = mem_zalloc(sizeof *all);
    if (!all)
        return error_no_memory(error, "an examination");
    CHECK(workers_count(x->workers) <= WORKERS_MAX);
    all->x = x;
    all->searches = searches;
    all->count = count;
    pthread_mutex_init(&all->mutex, NULL);
    for (size_t i = 0; i < WORKERS_MAX; i++)
        arena_init(&all->arenas[i], SEARCH_BYTES_MAX);
    workers_run(x->workers, (count + SEARCHES_OF_STEP - 1) / SEARCHES_OF_STEP, search_some, all);
    enum grove_code code = all->code;
    if (code != GROVE_OK)
        *error = all->error;
    x->graph_changed |= atomic_load(&all->graph_changed);
    for (size_t i = 0; i < WORKERS_MAX; i++)
        arena_release(&all->arenas[i]);
    pthread_mutex_destroy(&all->mutex);
    mem_free(all);
    return code;
}

static_assert((int)PART_WALKS % (int)EXAMINE_EXACT_WALKS == 0,
              "a part of exact ones takes as long");

enum grove_code examine_search_all(struct examination *x, const struct examine_search *searches,
                                   size_t count, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    CHECK(count == 0 || searches);
    for (size_t at = 0; code == GROVE_OK && at < count;) {
        bool exact = searches[at].exact;
        size_t most = exact ? PART_WALKS / EXAMINE_EXACT_WALKS : PART_WALKS;
        size_t part = count - at < most ? count - at : most;
        int64_t walks = (int64_t)(exact ? part * EXAMINE_EXACT_WALKS : part);
        code = search_part(x, searches + at, part, error);
        at += part;
        x->done += walks;
        x->left = x->left > walks ? x->left - walks : 1;
        if (code == GROVE_OK)
            code = examine_go_on(x, error);
    }
    return code;
}

bool examine_has(const struct examine_hits *hits, int32_t id)
{
    CHECK(hits->count <= EXAMINE_NEAR);
    for (size_t i = 0; i < hits->count; i++)
        if (hits->items[i].id == id)
            return true;
    return false;
}

float examine_worst(const struct examine_hits *hits)
{
    CHECK(hits->count <= EXAMINE_NEAR);
    return hits->count < EXAMINE_NEAR ? -INFINITY : hits->items[EXAMINE_NEAR - 1].score;
}

// --- the list ------------------------------------------------------------------------------------

// Where the id is, or would be.
static size_t place_of(const struct examine_list *list, int32_t id)
{
    size_t low = 0, high = list->count;
    CHECK(list->count <= VECTOR_ALSO_MAX);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (list->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool examine_list_has(const struct examine_list *list, int32_t id)
{
    size_t place = place_of(list, id);
    CHECK(list->count <= VECTOR_ALSO_MAX);
    return place < list->count && list->ids[place] == id;
}

void examine_list_add(struct examine_list *list, int32_t id)
{
    size_t place = place_of(list, id);
    CHECK(list->count <= VECTOR_ALSO_MAX);
    if (place < list->count && list->ids[place] == id)
        return;
    if (list->count >= (size_t)KNOB(EXAMINE_LISTED, VECTOR_ALSO_MAX)) {
        list->overflowed = true;
        return;
    }
    memmove(list->ids + place + 1, list->ids + place, (list->count - place) * sizeof *list->ids);
    list->ids[place] = id;
    list->count++;
}

// --- chance --------------------------------------------------------------------------------------

// SplitMix64: the same examination asks the same queries.
static uint64_t next_number(struct examination *x)
{
    uint64_t z = x->random += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

double examine_random(struct examination *x)
{
    return (double)(next_number(x) >> 11) * 0x1p-53;
}

size_t examine_random_index(struct examination *x, size_t below)
{
    CHECK(below > 0);
    return (size_t)(next_number(x) % below);
}

double examine_random_normal(struct examination *x)
{
    double radius = sqrt(-2 * log(1 - examine_random(x)));
    return radius * cos(6.283185307179586 * examine_random(x));
}
