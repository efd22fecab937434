// SPDX-License-Identifier: Apache-2.0
#include "fake_engine_private.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "base/strbuf.h"

enum { AWAIT_TIMEOUT_S = 60, DIGEST_BYTES_MAX = 256 << 20 };

static void *must(void *block)
{
    CHECK(block);
    return block;
}

// --- points --------------------------------------------------------------------------------------

// Where the point is, or would have to be.
static size_t place_of(const struct fake_engine *fake, int64_t id)
{
    size_t low = 0, high = fake->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (fake->points[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct fake_point *fake_find(struct fake_engine *fake, int64_t id)
{
    size_t place = place_of(fake, id);
    return place < fake->count && fake->points[place].id == id ? &fake->points[place] : NULL;
}

static void put_point(struct fake_engine *fake, const struct fake_point *point)
{
    struct fake_point *old = fake_find(fake, point->id);
    if (old) {
        *old = *point;
        return;
    }
    if (fake->count == fake->room) {
        fake->room = fake->room ? fake->room * 2 : 16;
        fake->points = must(realloc(fake->points, fake->room * sizeof *fake->points));
    }
    size_t place = place_of(fake, point->id);
    memmove(fake->points + place + 1, fake->points + place,
            (fake->count - place) * sizeof *fake->points);
    fake->points[place] = *point;
    fake->count++;
}

static void take_point(struct fake_engine *fake, int64_t id)
{
    struct fake_point *point = fake_find(fake, id);
    if (!point)
        return;
    size_t place = (size_t)(point - fake->points);
    memmove(point, point + 1, (fake->count - place - 1) * sizeof *point);
    fake->count--;
}

void fake_normalise(const struct fake_engine *fake, float vector[static VECTOR_DIMENSION])
{
    float sum = 0;
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        sum += vector[i] * vector[i];
    if (sum < fake->ways.short_square_max || fabsf(sum - 1) <= 1e-6F)
        return; // it has that length, as the real engine says
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        vector[i] = (float)((double)vector[i] / sqrt((double)sum));
}

void fake_make_collection(struct fake_engine *fake)
{
    if (fake->collection)
        return;
    fake->collection = true;
    snprintf(fake->graph, sizeof fake->graph, "fake-%u", ++fake->collections);
}

// --- writes --------------------------------------------------------------------------------------

struct fake_write fake_write_new(enum engine_call call, size_t count)
{
    return (struct fake_write){
        .call = call, .count = count, .points = must(calloc(count, sizeof(struct fake_point)))};
}

void fake_write_release(struct fake_write *write)
{
    free(write->points);
    write->points = NULL;
}

// A point without a revision satisfies no condition on it.
static bool is_newer(const struct fake_point *there, int64_t revision)
{
    return there->revision == VECTOR_NONE || there->revision > revision;
}

int64_t fake_shown_revision(int64_t revision)
{
    return revision == VECTOR_NONE ? VECTOR_NO_REVISION : revision;
}

// Who was seen without a revision of ours, and has one by now, stays.
static bool is_as_seen(const struct fake_point *there, int64_t seen)
{
    return seen == VECTOR_NO_REVISION ? there->revision < 1 : there->revision == seen;
}

void fake_do_write(struct fake_engine *fake, const struct fake_write *write, size_t count)
{
    if (!fake->collection)
        return; // it came too late
    for (size_t i = 0; i < count; i++) {
        struct fake_point point = write->points[i];
        const struct fake_point *there = fake_find(fake, point.id);
        if (write->call == ENGINE_EVICT) {
            if (there && is_as_seen(there, point.revision))
                take_point(fake, point.id);
            continue;
        }
        if (there && !write->unconditional && is_newer(there, point.revision))
            continue;
        if (write->call == ENGINE_REMOVE) {
            take_point(fake, point.id);
            continue;
        }
        fake_normalise(fake, point.vector);
        put_point(fake, &point);
    }
}

void fake_keep_for_later(struct fake_engine *fake, const struct fake_write *write)
{
    CHECK(fake->later_count < FAKE_LATER_MAX);
    struct fake_write copy = fake_write_new(write->call, write->count);
    copy.unconditional = write->unconditional;
    memcpy(copy.points, write->points, write->count * sizeof *copy.points);
    fake->later[fake->later_count++] = copy;
}

// --- faults and ways -----------------------------------------------------------------------------

void fake_engine_fault(struct fake_engine *fake, const struct fake_fault *fault)
{
    pthread_mutex_lock(&fake->mutex);
    CHECK(fake->fault_count < FAKE_FAULTS_MAX);
    fake->faults[fake->fault_count++] = (struct fake_armed){.fault = *fault};
    pthread_mutex_unlock(&fake->mutex);
}

void fake_engine_clear_faults(struct fake_engine *fake)
{
    pthread_mutex_lock(&fake->mutex);
    fake->fault_count = 0;
    pthread_mutex_unlock(&fake->mutex);
}

size_t fake_engine_settle(struct fake_engine *fake)
{
    pthread_mutex_lock(&fake->mutex);
    size_t count = fake->later_count;
    for (size_t i = 0; i < count; i++) {
        fake_do_write(fake, &fake->later[i], fake->later[i].count);
        fake_write_release(&fake->later[i]);
    }
    fake->later_count = 0;
    pthread_mutex_unlock(&fake->mutex);
    return count;
}

void fake_engine_forget(struct fake_engine *fake)
{
    pthread_mutex_lock(&fake->mutex);
    for (size_t i = 0; i < fake->later_count; i++)
        fake_write_release(&fake->later[i]);
    fake->later_count = 0;
    pthread_mutex_unlock(&fake->mutex);
}

void fake_engine_await(struct fake_engine *fake, unsigned count)
{
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += AWAIT_TIMEOUT_S;
    pthread_mutex_lock(&fake->mutex);
    while (fake->waiting < count)
        CHECK(pthread_cond_timedwait(&fake->changed, &fake->mutex, &deadline) == 0); // none came
    pthread_mutex_unlock(&fake->mutex);
}

void fake_engine_release(struct fake_engine *fake)
{
    pthread_mutex_lock(&fake->mutex);
    fake->releases++;
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->mutex);
}

void fake_engine_let_go(struct fake_engine *fake)
{
    pthread_mutex_lock(&fake->mutex);
    fake->let_go = true;
    pthread_mutex_unlock(&fake->mutex);
    fake_engine_release(fake);
}

void fake_engine_set_ways(struct fake_engine *fake, const struct fake_ways *ways)
{
    pthread_mutex_lock(&fake->mutex);
    fake->ways = *ways;
    pthread_mutex_unlock(&fake->mutex);
}

void fake_engine_set_hooks(struct fake_engine *fake, const struct fake_hooks *hooks)
{
    pthread_mutex_lock(&fake->mutex);
    fake->hooks = hooks ? *hooks : (struct fake_hooks){.state = NULL};
    pthread_mutex_unlock(&fake->mutex);
}

static void add_ids(int32_t **ids, size_t *ids_count, const int32_t *added, size_t count)
{
    *ids = must(realloc(*ids, (*ids_count + count + 1) * sizeof **ids));
    for (size_t i = 0; i < count; i++)
        (*ids)[(*ids_count)++] = added[i];
}

void fake_engine_hide(struct fake_engine *fake, const int32_t *content_ids, size_t count)
{
    pthread_mutex_lock(&fake->mutex);
    add_ids(&fake->hidden, &fake->hidden_count, content_ids, count);
    pthread_mutex_unlock(&fake->mutex);
}

void fake_engine_isolate(struct fake_engine *fake, const int32_t *content_ids, size_t count)
{
    pthread_mutex_lock(&fake->mutex);
    add_ids(&fake->isolated, &fake->isolated_count, content_ids, count);
    pthread_mutex_unlock(&fake->mutex);
}

void fake_engine_show_all(struct fake_engine *fake)
{
    pthread_mutex_lock(&fake->mutex);
    fake->hidden_count = fake->isolated_count = 0;
    pthread_mutex_unlock(&fake->mutex);
}

void fake_engine_set_graph(struct fake_engine *fake, const char *name)
{
    pthread_mutex_lock(&fake->mutex);
    snprintf(fake->graph, sizeof fake->graph, "%s", name);
    pthread_mutex_unlock(&fake->mutex);
}

unsigned long fake_engine_calls(struct fake_engine *fake, enum engine_call call)
{
    pthread_mutex_lock(&fake->mutex);
    unsigned long calls = fake->calls[call];
    pthread_mutex_unlock(&fake->mutex);
    return calls;
}

// --- looking at its points -----------------------------------------------------------------------

bool fake_engine_get(struct fake_engine *fake, int64_t id, struct fake_point *ret)
{
    pthread_mutex_lock(&fake->mutex);
    const struct fake_point *point = fake_find(fake, id);
    if (point)
        *ret = *point;
    pthread_mutex_unlock(&fake->mutex);
    return point != NULL;
}

void fake_engine_put(struct fake_engine *fake, const struct fake_point *point)
{
    pthread_mutex_lock(&fake->mutex);
    put_point(fake, point);
    pthread_mutex_unlock(&fake->mutex);
}

void fake_engine_take(struct fake_engine *fake, int64_t id)
{
    pthread_mutex_lock(&fake->mutex);
    take_point(fake, id);
    pthread_mutex_unlock(&fake->mutex);
}

size_t fake_engine_points(struct fake_engine *fake)
{
    pthread_mutex_lock(&fake->mutex);
    size_t count = fake->count;
    pthread_mutex_unlock(&fake->mutex);
    return count;
}

int64_t fake_engine_revision(struct fake_engine *fake, int64_t id)
{
    struct fake_point point;
    return fake_engine_get(fake, id, &point) ? point.revision : FAKE_NO_POINT;
}

bool fake_engine_has_collection(struct fake_engine *fake)
{
    pthread_mutex_lock(&fake->mutex);
    bool collection = fake->collection;
    pthread_mutex_unlock(&fake->mutex);
    return collection;
}

void fake_engine_lose_collection(struct fake_engine *fake)
{
    pthread_mutex_lock(&fake->mutex);
    fake->collection = false;
    fake->count = 0;
    fake->marks.count = 0;
    pthread_mutex_unlock(&fake->mutex);
}

void fake_change_mark(struct fake_engine *fake, const struct vector_mark *mark, bool add)
{
    struct vector_marks *marks = &fake->marks;
    size_t at = 0;
    while (at < marks->count && !vector_mark_equal(&marks->items[at], mark))
        at++;
    if (at == marks->count && add) {
        CHECK(marks->count < VECTOR_MARKS_MAX);
        marks->items[marks->count++] = *mark;
    } else if (at < marks->count && !add) {
        marks->items[at] = marks->items[--marks->count];
    }
}

struct vector_marks fake_engine_marks(struct fake_engine *fake)
{
    pthread_mutex_lock(&fake->mutex);
    struct vector_marks marks = fake->marks;
    pthread_mutex_unlock(&fake->mutex);
    return marks;
}

void fake_engine_set_mark(struct fake_engine *fake, const struct vector_mark *mark, bool add)
{
    pthread_mutex_lock(&fake->mutex);
    fake_change_mark(fake, mark, add);
    pthread_mutex_unlock(&fake->mutex);
}

// Members one by one: what lies between them may differ.
static void describe_point(struct strbuf *whole, const struct fake_point *point)
{
    strbuf_addf(whole, "%lld %lld %s %d %d %d %s %lld %lld %lld\n", (long long)point->id,
                (long long)point->revision, point->hierarchy_table, point->leaf_id,
                point->branch_id, point->limb_id, point->content_type,
                (long long)point->chunk_number, (long long)point->word_count,
                (long long)point->created_at_us);
    strbuf_add_bytes(whole, point->vector, sizeof point->vector);
}

void fake_engine_digest(struct fake_engine *fake, char ret_hex[static SHA256_HEX_SIZE])
{
    struct strbuf whole;
    strbuf_init(&whole, DIGEST_BYTES_MAX);
    pthread_mutex_lock(&fake->mutex);
    strbuf_add(&whole, fake->collection ? "collection\n" : "");
    for (size_t i = 0; i < fake->count; i++)
        describe_point(&whole, &fake->points[i]);
    pthread_mutex_unlock(&fake->mutex);
    CHECK(!whole.failed);
    sha256_hex(strbuf_text(&whole), ret_hex);
    strbuf_release(&whole);
}

bool fake_engine_check(struct fake_engine *fake)
{
    pthread_mutex_lock(&fake->mutex);
    bool good = fake->collection || fake->count == 0;
    for (size_t i = 0; good && i < fake->count; i++) {
        good = i == 0 || fake->points[i - 1].id < fake->points[i].id;
        for (size_t k = 0; good && k < VECTOR_DIMENSION; k++)
            good = isfinite(fake->points[i].vector[k]);
    }
    pthread_mutex_unlock(&fake->mutex);
    return good;
}

// --- its life ------------------------------------------------------------------------------------

struct fake_engine *fake_engine_new(void)
{
    struct fake_engine *fake = must(calloc(1, sizeof *fake));
    fake->base.operations = &fake_operations;
    fake_make_collection(fake);
    fake->ways.short_square_max = FLT_EPSILON;
    pthread_mutex_init(&fake->mutex, NULL);
    pthread_cond_init(&fake->changed, NULL);
    return fake;
}

struct vector_engine *fake_engine_base(struct fake_engine *fake)
{
    return &fake->base;
}

void fake_engine_free(struct fake_engine *fake)
{
    CHECK(fake->waiting == 0);
    fake_engine_forget(fake);
    pthread_cond_destroy(&fake->changed);
    pthread_mutex_destroy(&fake->mutex);
    free(fake->hidden);
    free(fake->isolated);
    free(fake->points);
    free(fake);
}
