// SPDX-License-Identifier: Apache-2.0
//
// The end of a projector's step: looking what the engine holds of what it was told, and ending
// those rows of the outbox of which it was seen to hold what was applied.
//
//     the engine holds                              then
//     ------------------------------------------    ---------------------------------------------
//     what was applied                              done, unless the row has changed meanwhile
//     nothing, or a lower revision                  put back for a moment: it is late, or lost it
//     a higher revision that can have been          it stays: another projector's, who read a later
//       written from this database                    state; the row has that revision, or is gone
//     no revision, or one that cannot have been     a point of nobody: evicted, written again,
//                                                     looked at again
//
// Why a point may be taken for nobody's, and why nothing of another projector's is lost when it is
// evicted: README.md, "Points of nobody".
#include "sync/projector_private.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "catalog/assets.h"

static const char NOT_SHOWN[] = "the vector engine does not show what it was given";

enum { DONE = 1, HANDED_BACK = 2, LATE = 3, REFUSED = 4 }; // of acknowledge.sql
enum { SEEN_NO_REVISION = 0, SEEN_NO_POINT = -1 };

// A row that was put back is none of this step's any more.
static bool is_applied(const struct projector_batch *batch, size_t i)
{
    return batch->revisions[i] >= 0;
}

static bool is_removed(const struct projector_batch *batch, int32_t content_id)
{
    for (size_t i = 0; i < batch->removed_count; i++)
        if (batch->removed_ids[i] == content_id)
            return true;
    return false;
}

// That of the point, as the engine is told it and shows it.
static int64_t point_revision(const struct projector_batch *batch, size_t i)
{
    CHECK(is_applied(batch, i));
    return batch->revisions[i] + batch->generation;
}

static bool is_as_applied(const struct projector_batch *batch, size_t i)
{
    const struct vector_state *state = &batch->states[i];
    CHECK(state->content_id == batch->content_ids[i]);
    if (is_removed(batch, state->content_id))
        return !state->present;
    return state->present && is_applied(batch, i) && state->revision == point_revision(batch, i);
}

// --- points of nobody ---------------------------------------------------------------------------

// Whether it may be nobody's: no revision of ours, or a higher one than was applied.
static bool is_strange(const struct projector_batch *batch, size_t i)
{
    const struct vector_state *state = &batch->states[i];
    return is_applied(batch, i) && state->present && !is_as_applied(batch, i) &&
           (state->revision == VECTOR_NO_REVISION || state->revision > point_revision(batch, i));
}

// Of the strange points those that no projector of this database can have written. What they may
// have written is asked for after the points were seen.
static enum grove_code find_nobodys(struct projector_batch *batch, struct vector_state *ret,
                                    size_t *ret_count, struct grove_error *error)
{
    int32_t *ids = arena_alloc_array(&batch->arena, batch->count, sizeof *ids);
    struct vector_state *strange = arena_alloc_array(&batch->arena, batch->count, sizeof *strange);
    if (!ids || !strange)
        return error_no_memory(error, "a batch of the outbox");
    size_t count = 0, found = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (!is_strange(batch, i))
            continue;
        ids[count] = batch->content_ids[i];
        strange[count++] = batch->states[i];
    }
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    enum grove_code code = GROVE_OK;
    pg_add_int4_array(&params, &batch->arena, ids, count);
    if (count > 0)
        code = projector_run(batch, "drawn.sql", &params, &rows, error);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++)
        for (size_t i = 0; i < count; i++)
            if (strange[i].content_id == pg_int4(&rows, r, 0) &&
                (strange[i].revision == VECTOR_NO_REVISION ||
                 strange[i].revision > pg_int8(&rows, r, 1)))
                ret[found++] = strange[i];
    CHECK(found <= count);
    *ret_count = found;
    return code;
}

// Writes again what was not taken because of points that are gone by now.
static enum grove_code write_again(struct projector_batch *batch,
                                   const struct vector_state *evicted, size_t count,
                                   struct grove_error *error)
{
    struct vector_point *points = arena_alloc_array(&batch->arena, count, sizeof *points);
    size_t point_count = 0;
    if (!points)
        return error_no_memory(error, "a batch of the outbox");
    for (size_t p = 0; p < batch->point_count; p++)
        for (size_t i = 0; i < count; i++)
            if (evicted[i].content_id == batch->points[p].content_id)
                points[point_count++] = batch->points[p];
    CHECK(point_count <= count); // the rest is to be removed
    return vector_upsert(batch->store->engine, batch->call, points, point_count, error);
}

static enum grove_code look(struct projector_batch *batch, struct grove_error *error)
{
    return vector_states(batch->store->engine, batch->call, batch->content_ids, batch->count,
                         batch->states, error);
}

// Only with a lease that lasts: what is evicted is written again before another can have the row.
static enum grove_code mend(struct projector_batch *batch, struct grove_error *error)
{
    size_t count = 0;
    struct vector_state *nobodys = arena_alloc_array(&batch->arena, batch->count, sizeof *nobodys);
    if (!nobodys)
        return error_no_memory(error, "a batch of the outbox");
    enum grove_code code = find_nobodys(batch, nobodys, &count, error);
    if (code != GROVE_OK || count == 0 || !projector_has_time(batch))
        return code;
    code = vector_evict(batch->store->engine, batch->call, nobodys, count, error);
    if (code == GROVE_OK)
        code = write_again(batch, nobodys, count, error);
    if (code != GROVE_OK && vector_refused(error))
        return GROVE_OK; // refused, by a strict mode say: these rows wait, the others go on
    return code == GROVE_OK ? look(batch, error) : code;
}

enum grove_code projector_look(struct projector_batch *batch, struct grove_error *error)
{
    CHECK(batch->points); // it was read, and written
    int64_t start_us = clock_monotonic_us();
    if (!batch->states)
        batch->states = arena_alloc_array(&batch->arena, batch->count, sizeof *batch->states);
    if (!batch->states)
        return error_no_memory(error, "a batch of the outbox");
    enum grove_code code = look(batch, error);
    if (code == GROVE_OK)
        code = mend(batch, error);
    batch->report->seconds_vectors += (double)(clock_monotonic_us() - start_us) / 1e6;
    return code;
}

// --- the outbox ---------------------------------------------------------------------------------

// The rows of this step as acknowledge.sql takes them.
struct applied {
    size_t count;
    int32_t *content_ids;
    int64_t *revisions;
    int32_t *as_applied; // flags: pg.h has no array of booleans
    int64_t *seen;
};

static enum grove_code collect_applied(struct projector_batch *batch, struct applied *ret,
                                       struct grove_error *error)
{
    *ret = (struct applied){
        .content_ids = arena_alloc_array(&batch->arena, batch->count, sizeof(int32_t)),
        .revisions = arena_alloc_array(&batch->arena, batch->count, sizeof(int64_t)),
        .as_applied = arena_alloc_array(&batch->arena, batch->count, sizeof(int32_t)),
        .seen = arena_alloc_array(&batch->arena, batch->count, sizeof(int64_t)),
    };
    if (!ret->content_ids || !ret->revisions || !ret->as_applied || !ret->seen)
        return error_no_memory(error, "a batch of the outbox");
    for (size_t i = 0; i < batch->count; i++) {
        const struct vector_state *state = &batch->states[i];
        if (!is_applied(batch, i))
            continue;
        ret->content_ids[ret->count] = batch->content_ids[i];
        ret->revisions[ret->count] = batch->revisions[i];
        ret->as_applied[ret->count] = is_as_applied(batch, i);
        ret->seen[ret->count++] = !state->present                         ? SEEN_NO_POINT
                                  : state->revision == VECTOR_NO_REVISION ? SEEN_NO_REVISION
                                                                          : state->revision;
    }
    return GROVE_OK;
}

// What was handed back because the model has changed is done again, by whoever comes next.
static bool was_refused(const struct pg_rows *rows)
{
    for (int r = 0; r < rows->count; r++)
        if (pg_int4(rows, r, 0) == REFUSED)
            return true;
    return false;
}

static void count_applied(struct projector_batch *batch, const struct applied *applied)
{
    for (size_t i = 0; i < applied->count; i++) {
        bool removed = is_removed(batch, applied->content_ids[i]);
        batch->report->upserted += applied->as_applied[i] && !removed;
        batch->report->removed += applied->as_applied[i] && removed;
    }
    atomic_fetch_add(&batch->store->outbox_removed, applied->count);
}

static enum grove_code note_late(struct projector_batch *batch, const struct applied *applied,
                                 const struct pg_rows *rows, struct grove_error *error)
{
    batch->late_ids = arena_alloc_array(&batch->arena, applied->count, sizeof(int32_t));
    if (!batch->late_ids)
        return error_no_memory(error, "a batch of the outbox");
    for (int r = 0; r < rows->count; r++)
        if (pg_int4(rows, r, 0) == LATE)
            batch->late_ids[batch->late_count++] = pg_int4(rows, r, 1);
    CHECK(batch->late_count <= applied->count);
    return GROVE_OK;
}

// What the engine does not show waits a moment, uncounted: it is nobody's fault, and the engine may
// be late. Rows that were handed back are not ours any more, and stay as they are.
static enum grove_code put_back_unseen(struct projector_batch *batch, const struct applied *applied,
                                       struct grove_error *error)
{
    int32_t *unseen = arena_alloc_array(&batch->arena, applied->count, sizeof *unseen);
    size_t count = 0;
    if (!unseen)
        return error_no_memory(error, "a batch of the outbox");
    for (size_t i = 0; i < applied->count; i++)
        if (!applied->as_applied[i])
            unseen[count++] = applied->content_ids[i];
    if (count == 0)
        return GROVE_OK;
    batch->report->unseen += (int64_t)count;
    snprintf(batch->report->last_error, sizeof batch->report->last_error, "content %d: %s",
             unseen[0], NOT_SHOWN);
    return projector_put_back(batch, unseen, count, false, NOT_SHOWN, error);
}

// Before their rows go: a death in between leaves the rows, and it is done again.
static enum grove_code forget_vectors(struct projector_batch *batch, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    if (batch->removed_count == 0)
        return GROVE_OK;
    pg_add_int4_array(&params, &batch->arena, batch->removed_ids, batch->removed_count);
    return projector_run(batch, "forget_vectors.sql", &params, &rows, error);
}

enum grove_code projector_acknowledge(struct projector_batch *batch, struct grove_error *error)
{
    DCHECK(projector_batch_check(batch) == NULL);
    CHECK(batch->states);
    struct applied applied;
    enum grove_code code = collect_applied(batch, &applied, error);
    if (code == GROVE_OK)
        code = forget_vectors(batch, error);
    if (code != GROVE_OK)
        return code;
    struct pg_params params = {0};
    pg_add_int4_array(&params, &batch->arena, applied.content_ids, applied.count);
    pg_add_int8_array(&params, &batch->arena, applied.revisions, applied.count);
    pg_add_int4_array(&params, &batch->arena, applied.as_applied, applied.count);
    pg_add_text(&params, text_of(batch->owner));
    pg_add_int8_array(&params, &batch->arena, applied.seen, applied.count);
    pg_add_int8(&params, batch->generation);
    pg_add_text(&params, text_of(batch->history));
    struct pg_rows rows;
    code = projector_run(batch, "acknowledge.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK((size_t)rows.count <= 2 * applied.count); // done, handed back, both; or late, or none
    if (!was_refused(&rows))
        count_applied(batch, &applied);
    code = note_late(batch, &applied, &rows, error);
    return code == GROVE_OK ? put_back_unseen(batch, &applied, error) : code;
}

// --- late writes --------------------------------------------------------------------------------

enum grove_code projector_enqueue_late(struct projector_batch *batch, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    if (batch->late_count == 0)
        return GROVE_OK;
    pg_add_int4_array(&params, &batch->arena, batch->late_ids, batch->late_count);
    return projector_run(batch, "again.sql", &params, &rows, error);
}
