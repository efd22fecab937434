// SPDX-License-Identifier: Apache-2.0
#include "query/listed.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "catalog/store.h"
#include "vector/direction.h"
#include "vector/hits.h"

static bool is_of(const struct kept_points *points, const struct run *run)
{
    return points->list == run->before.examination.examined_at_us &&
           points->model == (int)run->precision;
}

static void add_point(struct kept_points *points, int32_t id, int64_t revision,
                      const double direction[VECTOR_DIMENSION])
{
    float *to = points->directions + points->count * VECTOR_DIMENSION;
    CHECK(points->count == 0 || points->ids[points->count - 1] < id);
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        to[i] = (float)direction[i];
    points->ids[points->count] = id;
    points->revisions[points->count++] = revision;
}

static enum grove_code load(struct run *run, struct pg_conn *conn, struct kept_points *points,
                            struct grove_error *error)
{
    const struct examined_graph *examination = &run->before.examination;
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, text_of(embed_model_id(run->precision)));
    pg_add_int4_array(&params, run->arena, examination->unreached, examination->unreached_count);
    enum grove_code code = store_query_on(conn, run->arena, "listed.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK((size_t)rows.count <= examination->unreached_count);
    for (int r = 0; r < rows.count; r++) {
        double direction[VECTOR_DIMENSION];
        const float *vector = direction_read(pg_bytea(&rows, r, 2), NULL);
        if (vector && direction_of(vector, direction) == DIRECTION_GOOD)
            add_point(points, pg_int4(&rows, r, 0), pg_int8(&rows, r, 1), direction);
    }
    return GROVE_OK;
}

// Those of the list that are not among the ids, which are ascending as the list is.
static void set_rest(struct kept_points *points, const int32_t *list, size_t count)
{
    size_t kept = 0;
    points->rest_count = 0;
    for (size_t i = 0; i < count; i++) {
        while (kept < points->count && points->ids[kept] < list[i])
            kept++;
        if (kept == points->count || points->ids[kept] != list[i])
            points->rest[points->rest_count++] = list[i];
    }
}

// For this search, and for those that come, what was seen to be current just now.
static void keep(struct run *run, struct kept_points *points)
{
    const struct examined_graph *examination = &run->before.examination;
    CHECK(!run->listed);
    points->list = examination->examined_at_us;
    points->model = (int)run->precision;
    atomic_init(&points->checked, run->before.acknowledged);
    set_rest(points, examination->unreached, examination->unreached_count);
    atomic_fetch_add(&points->users, 1);
    run->listed = points;
    kept_put(&run->store->kept, points);
}

static enum grove_code keep_anew(struct run *run, struct pg_conn *conn, struct grove_error *error)
{
    struct kept_points *points = kept_new(run->before.examination.unreached_count);
    if (!points)
        return error_no_memory(error, "vectors to keep");
    enum grove_code code = load(run, conn, points, error);
    if (code != GROVE_OK) {
        kept_give(&points);
        return code;
    }
    keep(run, points);
    return GROVE_OK;
}

// All but those that changed.
static enum grove_code keep_fewer(struct run *run, const struct pg_rows *changed,
                                  struct grove_error *error)
{
    const struct kept_points *all = run->listed;
    struct kept_points *points = kept_new(run->before.examination.unreached_count);
    int r = 0;
    if (!points)
        return error_no_memory(error, "vectors to keep");
    for (size_t i = 0; i < all->count; i++) {
        if (r < changed->count && pg_int4(changed, r, 0) == all->ids[i]) {
            r++;
            continue;
        }
        memcpy(points->directions + points->count * VECTOR_DIMENSION,
               all->directions + i * VECTOR_DIMENSION, VECTOR_DIMENSION * sizeof(float));
        points->ids[points->count] = all->ids[i];
        points->revisions[points->count++] = all->revisions[i];
    }
    CHECK(r == changed->count);
    kept_give(&run->listed);
    keep(run, points);
    return GROVE_OK;
}

static enum grove_code look_at_revisions(struct run *run, struct pg_conn *conn,
                                         struct grove_error *error)
{
    struct kept_points *points = run->listed;
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4_array(&params, run->arena, points->ids, points->count);
    pg_add_int8_array(&params, run->arena, points->revisions, points->count);
    enum grove_code code =
        store_query_on(conn, run->arena, "listed_changed.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    if (rows.count > 0)
        return keep_fewer(run, &rows, error);
    // Another search may have come further.
    long long checked = atomic_load(&points->checked);
    while (checked < run->before.acknowledged &&
           !atomic_compare_exchange_weak(&points->checked, &checked, run->before.acknowledged))
        ;
    return GROVE_OK;
}

enum grove_code listed_prepare(struct run *run, struct pg_conn *conn, struct grove_error *error)
{
    const struct examined_graph *examination = &run->before.examination;
    CHECK(!run->listed);
    if (run->plan.method != PLAN_GRAPH || !run->plan.graph[0] ||
        (predicate_is_filter(run->predicate) && !run->plan.through_all) ||
        examination->unreached_count == 0)
        return GROVE_OK;
    run->listed = kept_take(&run->store->kept);
    if (run->listed && is_of(run->listed, run))
        return atomic_load(&run->listed->checked) == run->before.acknowledged
                   ? GROVE_OK
                   : look_at_revisions(run, conn, error);
    kept_give(&run->listed);
    return kept_is_wanted_again(&run->store->kept, examination->examined_at_us)
               ? keep_anew(run, conn, error)
               : GROVE_OK;
}

void listed_for_engine(const struct run *run, struct vector_query *query)
{
    const struct examined_graph *examination = &run->before.examination;
    query->also_ids = run->listed ? run->listed->rest : examination->unreached;
    query->also_count = run->listed ? run->listed->rest_count : examination->unreached_count;
}

enum grove_code listed_add(const struct run *run, size_t reach, struct vector_hits *hits,
                           struct grove_error *error)
{
    struct vector_hits kept;
    if (!run->listed)
        return GROVE_OK;
    // Where there is no place left, what is worse than the worst has none.
    float least = hits->count < reach ? -INFINITY : hits->items[hits->count - 1].score;
    enum grove_code code =
        kept_search(run->listed, run->query_f32, least, run->arena, &kept, error);
    if (code != GROVE_OK || kept.count == 0)
        return code;
    return hits_merge(hits, &kept, reach, run->arena, hits, error);
}
