// SPDX-License-Identifier: Apache-2.0
#include "vector/engine.h"

#include <string.h>

#include "base/check.h"
#include "base/inject.h"
#include "vector/filter.h"

int64_t vector_exact_points(void)
{
    int64_t points = KNOB(EXACT_ROWS, VECTOR_EXACT_POINTS);
    CHECK(points > 0);
    return points;
}

void vector_engine_free(struct vector_engine *engine)
{
    if (engine)
        engine->operations->free(engine);
}

const char *vector_describe(const struct vector_engine *engine)
{
    return engine->operations->describe(engine);
}

bool vector_lacks_collection(const struct grove_error *error)
{
    return error->code == GROVE_NOT_FOUND && error->origin == GROVE_ORIGIN_QDRANT &&
           error->http_status == 404;
}

bool vector_refused(const struct grove_error *error)
{
    return error->origin == GROVE_ORIGIN_QDRANT &&
           (error->http_status == 400 || error->http_status == 413 || error->http_status == 422);
}

bool vector_failed(const struct grove_error *error)
{
    return error->code != GROVE_OK && error->origin == GROVE_ORIGIN_QDRANT;
}

void vector_look(struct vector_engine *engine, struct vector_outage *ret)
{
    *ret = (struct vector_outage){.out = false};
    if (engine->operations->outage)
        engine->operations->outage(engine, ret);
}

void vector_wake(struct vector_engine *engine, const struct call *call, unsigned wait_ms)
{
    if (engine->operations->wake)
        engine->operations->wake(engine, call, wait_ms);
}

enum grove_code vector_ensure_collection(struct vector_engine *engine, struct call *call,
                                         struct grove_error *error)
{
    return engine->operations->ensure_collection(engine, call, error);
}

enum grove_code vector_info(struct vector_engine *engine, struct call *call,
                            struct vector_info *ret, struct grove_error *error)
{
    return engine->operations->info(engine, call, ret, error);
}

enum grove_code vector_upsert(struct vector_engine *engine, struct call *call,
                              const struct vector_point *points, size_t count,
                              struct grove_error *error)
{
    CHECK(count <= VECTOR_BATCH_MAX);
    return count == 0 ? GROVE_OK : engine->operations->upsert(engine, call, points, count, error);
}

enum grove_code vector_remove(struct vector_engine *engine, struct call *call,
                              const int32_t *content_ids, const int64_t *revisions, size_t count,
                              struct grove_error *error)
{
    CHECK(count <= VECTOR_BATCH_MAX);
    return count == 0
               ? GROVE_OK
               : engine->operations->remove(engine, call, content_ids, revisions, count, error);
}

enum grove_code vector_evict(struct vector_engine *engine, struct call *call,
                             const struct vector_state *seen, size_t count,
                             struct grove_error *error)
{
    CHECK(count <= VECTOR_BATCH_MAX);
    for (size_t i = 0; i < count; i++)
        CHECK(seen[i].present);
    return count == 0 ? GROVE_OK : engine->operations->evict(engine, call, seen, count, error);
}

enum grove_code vector_search(struct vector_engine *engine, struct call *call,
                              const struct vector_query *query, struct arena *arena,
                              struct vector_hits *ret, struct grove_error *error)
{
    CHECK(query->also_count <= VECTOR_ALSO_MAX);
    return engine->operations->search(engine, call, query, arena, ret, error);
}

enum grove_code vector_graph(struct vector_engine *engine, struct call *call,
                             char ret[static VECTOR_GRAPH_SIZE], struct grove_error *error)
{
    return engine->operations->graph(engine, call, ret, error);
}

enum grove_code vector_count(struct vector_engine *engine, struct call *call,
                             const struct vector_filter *filter, uint64_t *ret,
                             struct grove_error *error)
{
    return engine->operations->count(engine, call, filter, ret, error);
}

enum grove_code vector_states(struct vector_engine *engine, struct call *call,
                              const int32_t *content_ids, size_t count, struct vector_state *ret,
                              struct grove_error *error)
{
    CHECK(count <= VECTOR_BATCH_MAX);
    return count == 0 ? GROVE_OK
                      : engine->operations->states(engine, call, content_ids, count, ret, error);
}

enum grove_code vector_scan(struct vector_engine *engine, struct call *call, int64_t from_id,
                            size_t limit, struct vector_page *ret, struct grove_error *error)
{
    CHECK(from_id >= 0);
    CHECK(limit > 0 && limit <= VECTOR_PAGE_MAX);
    return engine->operations->scan(engine, call, from_id, limit, ret, error);
}

enum grove_code vector_read(struct vector_engine *engine, struct call *call,
                            const struct vector_range *range, size_t limit, struct arena *arena,
                            struct vector_copies *ret, struct grove_error *error)
{
    CHECK(range->first_id >= 0 && range->last_id <= INT32_MAX);
    CHECK(limit > 0 && limit <= VECTOR_PAGE_MAX);
    *ret = (struct vector_copies){.next_id = VECTOR_NONE};
    return range->filter && filter_matches_nothing(range->filter)
               ? GROVE_OK
               : engine->operations->read(engine, call, range, limit, arena, ret, error);
}

enum grove_code vector_read_ids(struct vector_engine *engine, struct call *call,
                                const struct vector_choice *choice, struct arena *arena,
                                struct vector_copy *ret, struct grove_error *error)
{
    CHECK(choice->count <= VECTOR_BATCH_MAX);
    return choice->count == 0
               ? GROVE_OK
               : engine->operations->read_ids(engine, call, choice, arena, ret, error);
}

enum grove_code vector_digest(struct vector_engine *engine, struct call *call,
                              const struct vector_range *range, struct vector_digest *ret,
                              struct grove_error *error)
{
    CHECK(range->first_id >= 0 && range->last_id <= INT32_MAX);
    *ret = (struct vector_digest){.known = false};
    return range->filter && filter_matches_nothing(range->filter)
               ? GROVE_OK
               : engine->operations->digest(engine, call, range, ret, error);
}

enum grove_code vector_strangers(struct vector_engine *engine, struct call *call, struct text from,
                                 struct arena *arena, struct vector_strangers *ret,
                                 struct grove_error *error)
{
    return engine->operations->strangers(engine, call, from, arena, ret, error);
}

enum grove_code vector_erase(struct vector_engine *engine, struct call *call,
                             const struct text *ids, size_t count, struct grove_error *error)
{
    CHECK(count <= VECTOR_PAGE_MAX);
    return count == 0 ? GROVE_OK : engine->operations->erase(engine, call, ids, count, error);
}

bool vector_mark_equal(const struct vector_mark *a, const struct vector_mark *b)
{
    return a->epoch == b->epoch && strcmp(a->identity, b->identity) == 0 &&
           strcmp(a->history, b->history) == 0 && strcmp(a->place, b->place) == 0;
}

enum grove_code vector_marks(struct vector_engine *engine, struct call *call,
                             struct vector_marks *ret, struct grove_error *error)
{
    return engine->operations->marks(engine, call, ret, error);
}

enum grove_code vector_mark(struct vector_engine *engine, struct call *call,
                            const struct vector_mark *mark, struct grove_error *error)
{
    CHECK(mark->epoch > 0);
    return engine->operations->mark(engine, call, mark, error);
}

enum grove_code vector_unmark(struct vector_engine *engine, struct call *call,
                              const struct vector_mark *mark, struct grove_error *error)
{
    CHECK(mark->epoch > 0);
    return engine->operations->unmark(engine, call, mark, error);
}
