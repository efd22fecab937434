// SPDX-License-Identifier: Apache-2.0
//
// A call goes: hook before, fault chosen, done or not, kept for later or not, hook after, answered
// now or late. A write is copied first (struct fake_write), so that it can be done now, later, or
// twice.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "fake_engine_private.h"
#include "vector/direction.h"
#include "vector/filter.h"

enum { WAIT_TIMEOUT_S = 60 };

static struct fake_engine *fake_of(struct vector_engine *engine)
{
    return (struct fake_engine *)engine;
}

static void copy_text(struct text text, char ret[static FAKE_TEXT_SIZE])
{
    CHECK(text.length < FAKE_TEXT_SIZE);
    memcpy(ret, text.data, text.length);
    ret[text.length] = '\0';
}

// As the client sends it.
static struct fake_point point_of(const struct vector_point *point)
{
    struct fake_point made = {.id = point->content_id,
                              .revision = point->revision,
                              .leaf_id = point->leaf_id,
                              .branch_id = point->branch_id,
                              .limb_id = point->limb_id,
                              .chunk_number = point->chunk_number,
                              .word_count = point->word_count,
                              .created_at_us = VECTOR_NONE};
    double direction[VECTOR_DIMENSION];
    if (point->created_at_us != VECTOR_NONE)
        made.created_at_us = filter_clamp_time(point->created_at_us);
    copy_text(point->hierarchy_table, made.hierarchy_table);
    copy_text(point->content_type, made.content_type);
    CHECK(direction_of(point->vector, direction) == DIRECTION_GOOD);
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        made.vector[i] = (float)direction[i];
    return made;
}

// What grove does with a server that does not compare: it leaves out what it sees to be older.
static void leave_out_older(struct fake_engine *fake, struct fake_write *write)
{
    size_t kept = 0;
    for (size_t i = 0; i < write->count; i++) {
        const struct fake_point *there = fake_find(fake, write->points[i].id);
        if (!there || there->revision == VECTOR_NONE ||
            there->revision <= write->points[i].revision)
            write->points[kept++] = write->points[i];
    }
    write->count = kept;
    write->unconditional = true;
}

// --- a call --------------------------------------------------------------------------------------

static bool fault_fits(const struct fake_armed *armed, const struct engine_event *event)
{
    const struct fake_fault *fault = &armed->fault;
    bool touches = fault->content_id == 0;
    for (size_t i = 0; event->content_ids && i < event->count && !touches; i++)
        touches = event->content_ids[i] == fault->content_id;
    return touches && (fault->nth == 0 || fault->nth == armed->calls);
}

// Counts the call; *ret is the fault that it meets, if any.
bool fake_begin_call(struct fake_engine *fake, struct call *call, struct engine_event *event,
                     struct fake_fault *ret)
{
    if (call)
        call->counters.requests++;
    pthread_mutex_lock(&fake->mutex);
    struct fake_hooks hooks = fake->hooks;
    event->nth = ++fake->calls[event->call];
    pthread_mutex_unlock(&fake->mutex);
    if (hooks.before)
        hooks.before(hooks.state, event);
    pthread_mutex_lock(&fake->mutex);
    bool met = false;
    for (size_t i = 0; i < fake->fault_count; i++) {
        struct fake_armed *armed = &fake->faults[i];
        if (armed->fault.call != event->call)
            continue;
        armed->calls++;
        if (fault_fits(armed, event)) {
            *ret = armed->fault;
            met = true;
        }
    }
    pthread_mutex_unlock(&fake->mutex);
    if (met && call && ret->in_line)
        call->ended_in_line = true;
    return met;
}

static enum grove_code set_fault_error(const struct fake_fault *fault, struct grove_error *error)
{
    static const char *const names[] = {[FAKE_REFUSE] = "a test's refusal",
                                        [FAKE_LOSE] = "a loss",
                                        [FAKE_DELAY] = "a delay",
                                        [FAKE_HALF] = "a test's half of a write",
                                        [FAKE_DUPLICATE] = "a duplicate",
                                        [FAKE_ANSWER_LATE] = "a late answer",
                                        [FAKE_ANSWER_LOST] = "a test's lost answer",
                                        [FAKE_HANG] = "a test's silence"};
    error_set(error, fault->code ? fault->code : GROVE_UNAVAILABLE, "%s",
              fault->message ? fault->message : names[fault->kind]);
    error->origin = fault->ours ? GROVE_ORIGIN_GROVE : GROVE_ORIGIN_QDRANT;
    error->http_status = fault->http_status;
    return error->code;
}

static enum grove_code fake_no_collection(struct grove_error *error)
{
    error_set(error, GROVE_NOT_FOUND, "the vector engine refused: there is no such collection");
    error->origin = GROVE_ORIGIN_QDRANT;
    error->http_status = 404;
    return GROVE_NOT_FOUND;
}

static struct timespec after_ms(unsigned milliseconds)
{
    struct timespec moment;
    clock_gettime(CLOCK_REALTIME, &moment);
    int64_t ns = moment.tv_nsec + (int64_t)milliseconds * 1000000;
    return (struct timespec){moment.tv_sec + ns / 1000000000, ns % 1000000000};
}

// Until it is released, or the call is over.
static void hold_answer(struct fake_engine *fake, const struct call *call)
{
    unsigned slices_left = WAIT_TIMEOUT_S * 1000 / CALL_SLICE_MS, slice_ms;
    pthread_mutex_lock(&fake->mutex);
    unsigned long releases = fake->releases;
    fake->waiting++;
    pthread_cond_broadcast(&fake->changed);
    while (fake->releases == releases && !fake->let_go && (slice_ms = call_slice_ms(call)) > 0) {
        struct timespec slice_end = after_ms(slice_ms);
        CHECK(slices_left-- > 0); // forgotten
        pthread_cond_timedwait(&fake->changed, &fake->mutex, &slice_end);
    }
    fake->waiting--;
    pthread_mutex_unlock(&fake->mutex);
}

// The answer of a call that has done what it should, or what its fault left of it.
enum grove_code fake_end_call(struct fake_engine *fake, struct call *call,
                              struct engine_event *event, const struct fake_fault *fault,
                              enum grove_code code, struct grove_error *error)
{
    if (fault && (fault->kind == FAKE_HANG || fault->kind == FAKE_ANSWER_LATE))
        hold_answer(fake, call);
    if (code == GROVE_OK)
        code = call_check(call, error);
    if (fault && code == GROVE_OK &&
        (fault->kind == FAKE_REFUSE || fault->kind == FAKE_HALF || fault->kind == FAKE_HANG ||
         fault->kind == FAKE_ANSWER_LOST))
        code = set_fault_error(fault, error);
    pthread_mutex_lock(&fake->mutex);
    struct fake_hooks hooks = fake->hooks;
    pthread_mutex_unlock(&fake->mutex);
    event->code = code;
    if (hooks.after)
        hooks.after(hooks.state, event);
    return code;
}

// Whether a call with this fault does anything at all.
bool fake_does_nothing(const struct fake_fault *fault)
{
    return fault && (fault->kind == FAKE_REFUSE || fault->kind == FAKE_HANG);
}

// For calls that only read, or that write no points.
bool fake_is_lost(const struct fake_fault *fault)
{
    CHECK(!fault || (fault->kind != FAKE_DELAY && fault->kind != FAKE_HALF &&
                     fault->kind != FAKE_DUPLICATE)); // faults of writes
    return fault && fault->kind == FAKE_LOSE;
}

bool fake_enter(struct fake_call *self, struct vector_engine *engine, struct call *call,
                struct engine_event *event, struct grove_error *error)
{
    *self = (struct fake_call){.fake = fake_of(engine), .call = call, .event = event};
    if (fake_begin_call(self->fake, call, event, &self->met))
        self->fault = &self->met;
    if (fake_does_nothing(self->fault))
        return false;
    self->lost = fake_is_lost(self->fault);
    pthread_mutex_lock(&self->fake->mutex);
    self->inside = true;
    if (!self->fake->collection)
        self->code = fake_no_collection(error);
    return self->code == GROVE_OK;
}

enum grove_code fake_leave(struct fake_call *self, struct grove_error *error)
{
    if (self->inside)
        pthread_mutex_unlock(&self->fake->mutex);
    return fake_end_call(self->fake, self->call, self->event, self->fault, self->code, error);
}

static void write_as_told(struct fake_engine *fake, struct fake_write *write,
                          const struct fake_fault *fault)
{
    pthread_mutex_lock(&fake->mutex);
    enum fake_fault_kind kind = fault ? fault->kind : FAKE_ANSWER_LATE;
    size_t half = fault && fault->half < write->count ? fault->half : write->count;
    if (kind == FAKE_DELAY || kind == FAKE_DUPLICATE)
        fake_keep_for_later(fake, write);
    if (kind != FAKE_DELAY && kind != FAKE_LOSE)
        fake_do_write(fake, write, kind == FAKE_HALF ? half : write->count);
    pthread_mutex_unlock(&fake->mutex);
}

// Frees the write.
static enum grove_code perform_write(struct fake_engine *fake, struct call *call,
                                     struct fake_write *write, struct engine_event *event,
                                     struct grove_error *error)
{
    struct fake_fault met;
    const struct fake_fault *fault = fake_begin_call(fake, call, event, &met) ? &met : NULL;
    enum grove_code code = GROVE_OK;
    if (!fake_does_nothing(fault)) {
        pthread_mutex_lock(&fake->mutex);
        bool look = fake->ways.last_writer_wins && write->call == ENGINE_UPSERT;
        struct fake_hooks hooks = fake->hooks;
        if (!fake->collection)
            code = fake_no_collection(error);
        else if (look)
            leave_out_older(fake, write);
        pthread_mutex_unlock(&fake->mutex);
        if (code == GROVE_OK && look && hooks.looked)
            hooks.looked(hooks.state, event);
        if (code == GROVE_OK)
            write_as_told(fake, write, fault);
    }
    fake_write_release(write);
    return fake_end_call(fake, call, event, fault, code, error);
}

// --- the operations ------------------------------------------------------------------------------

static enum grove_code check_vector(const struct vector_point *point, struct grove_error *error)
{
    return direction_check(point->vector, NULL) == DIRECTION_GOOD
               ? GROVE_OK
               : error_set(error, GROVE_INVALID, "the vector of content %d has no direction",
                           point->content_id);
}

static enum grove_code fake_upsert(struct vector_engine *engine, struct call *call,
                                   const struct vector_point *points, size_t count,
                                   struct grove_error *error)
{
    int32_t ids[VECTOR_BATCH_MAX];
    int64_t revisions[VECTOR_BATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        enum grove_code code = check_vector(&points[i], error);
        if (code != GROVE_OK)
            return code; // as the client does, without a request
        ids[i] = points[i].content_id;
        revisions[i] = points[i].revision;
    }
    struct fake_write write = fake_write_new(ENGINE_UPSERT, count);
    for (size_t i = 0; i < count; i++)
        write.points[i] = point_of(&points[i]);
    struct engine_event event = {
        .call = ENGINE_UPSERT, .content_ids = ids, .revisions = revisions, .count = count};
    return perform_write(fake_of(engine), call, &write, &event, error);
}

static enum grove_code fake_remove(struct vector_engine *engine, struct call *call,
                                   const int32_t *content_ids, const int64_t *revisions,
                                   size_t count, struct grove_error *error)
{
    struct fake_write write = fake_write_new(ENGINE_REMOVE, count);
    for (size_t i = 0; i < count; i++)
        write.points[i] = (struct fake_point){.id = content_ids[i], .revision = revisions[i]};
    struct engine_event event = {
        .call = ENGINE_REMOVE, .content_ids = content_ids, .revisions = revisions, .count = count};
    return perform_write(fake_of(engine), call, &write, &event, error);
}

static enum grove_code fake_evict(struct vector_engine *engine, struct call *call,
                                  const struct vector_state *seen, size_t count,
                                  struct grove_error *error)
{
    int32_t ids[VECTOR_BATCH_MAX];
    int64_t revisions[VECTOR_BATCH_MAX];
    struct fake_write write = fake_write_new(ENGINE_EVICT, count);
    for (size_t i = 0; i < count; i++) {
        ids[i] = seen[i].content_id;
        revisions[i] = seen[i].revision;
        write.points[i] = (struct fake_point){.id = ids[i], .revision = revisions[i]};
    }
    struct engine_event event = {
        .call = ENGINE_EVICT, .content_ids = ids, .revisions = revisions, .count = count};
    return perform_write(fake_of(engine), call, &write, &event, error);
}

static enum grove_code fake_ensure(struct vector_engine *engine, struct call *call,
                                   struct grove_error *error)
{
    struct fake_engine *fake = fake_of(engine);
    struct engine_event event = {.call = ENGINE_ENSURE};
    struct fake_fault met;
    const struct fake_fault *fault = fake_begin_call(fake, call, &event, &met) ? &met : NULL;
    if (!fake_does_nothing(fault) && !fake_is_lost(fault)) {
        pthread_mutex_lock(&fake->mutex);
        fake_make_collection(fake);
        pthread_mutex_unlock(&fake->mutex);
    }
    return fake_end_call(fake, call, &event, fault, GROVE_OK, error);
}

static enum grove_code fake_info(struct vector_engine *engine, struct call *call,
                                 struct vector_info *ret, struct grove_error *error)
{
    struct engine_event event = {.call = ENGINE_INFO};
    struct fake_call self;
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        uint64_t points = (uint64_t)((int64_t)fake->count + fake->ways.count_off_by);
        struct vector_info info = {.points_count = points,
                                   .indexed_vectors_count = points,
                                   .conditional_writes = !fake->ways.last_writer_wins};
        snprintf(info.status, sizeof info.status, "%s",
                 fake->ways.status[0] ? fake->ways.status : "green");
        snprintf(info.version, sizeof info.version, "%s",
                 fake->ways.last_writer_wins ? "1.15.0" : "1.16.0");
        *ret = info;
    }
    return fake_leave(&self, error);
}

// --- reading -------------------------------------------------------------------------------------

static bool is_among(const char *word, const struct text *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(text_of(word), items[i]))
            return true;
    return count == 0;
}

static bool is_of_leaves(const struct fake_point *point, const struct vector_filter *filter)
{
    for (size_t i = 0; i < filter->leaf_id_count; i++)
        if (filter->leaf_ids[i] == point->leaf_id)
            return true;
    return false;
}

static bool is_within(int64_t value, int64_t low, int64_t high)
{
    if (low == VECTOR_NONE && high == VECTOR_NONE)
        return true;
    return value != VECTOR_NONE && (low == VECTOR_NONE || value >= low) &&
           (high == VECTOR_NONE || value <= high);
}

bool fake_matches(const struct fake_point *point, const struct vector_filter *filter)
{
    if (!filter)
        return true;
    CHECK(!filter->by_leaf || filter->leaf_id_count == 0 || filter->hierarchy_table_count == 1);
    int64_t first_us, last_us;
    bool timed = filter_times(filter, &first_us, &last_us);
    return is_among(point->hierarchy_table, filter->hierarchy_tables,
                    filter->hierarchy_table_count) &&
           (filter->branch_id == 0 || filter->branch_id == point->branch_id) &&
           (filter->limb_id == 0 || filter->limb_id == point->limb_id) &&
           (!filter->by_leaf || is_of_leaves(point, filter)) &&
           is_among(point->content_type, filter->content_types, filter->content_type_count) &&
           (!timed || is_within(point->created_at_us, first_us, last_us)) &&
           is_within(point->word_count, filter->words_min, filter->words_max) &&
           (filter->revision_above == 0 || point->revision > filter->revision_above);
}

static bool is_id_among(int64_t id, const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

// Whether a search shows the point at all, if it is near enough.
static bool is_reached(const struct fake_engine *fake, const struct vector_query *query, int64_t id,
                       float score)
{
    bool isolated = is_id_among(id, fake->isolated, fake->isolated_count) && score < 0.9999F;
    return query->exact || is_id_among(id, query->also_ids, query->also_count) ||
           (!isolated && !is_id_among(id, fake->hidden, fake->hidden_count));
}

struct scored {
    float score;
    int64_t id, revision;
    bool backwards;
};

static int compare_scored(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    int by_id = (x->id > y->id) - (x->id < y->id);
    return x->backwards ? -by_id : by_id;
}

// What a walk shows that has ended in a wrong place.
static size_t keep_farther(const struct vector_query *query, struct scored *scored, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (i >= count / 2 || is_id_among(scored[i].id, query->also_ids, query->also_count))
            scored[kept++] = scored[i];
    return kept;
}

static float score_of(const float *query, const float *vector)
{
    double dot = 0;
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        dot += (double)query[i] * (double)vector[i];
    return (float)dot;
}

// Keeps the first `whole`, and of the others every second.
static size_t thin_out(struct scored *scored, size_t count, size_t whole)
{
    size_t kept = whole < count ? whole : count;
    for (size_t i = whole + 1; i < count; i += 2)
        scored[kept++] = scored[i];
    return kept;
}

// All points that the query may show, best first. The caller frees.
static struct scored *score_points(const struct fake_engine *fake, const struct vector_query *query,
                                   size_t *ret_count)
{
    struct scored *scored = calloc(fake->count + 1, sizeof *scored);
    CHECK(scored);
    float direction[VECTOR_DIMENSION];
    double exact[VECTOR_DIMENSION];
    CHECK(direction_of(query->vector, exact) == DIRECTION_GOOD);
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        direction[i] = (float)exact[i];
    fake_normalise(fake, direction);
    size_t count = 0;
    for (size_t i = 0; i < fake->count; i++) {
        const struct fake_point *point = &fake->points[i];
        float score = score_of(direction, point->vector);
        if (fake_matches(point, query->filter) && is_reached(fake, query, point->id, score))
            scored[count++] =
                (struct scored){score, point->id, point->revision, fake->ways.ties_backwards};
    }
    qsort(scored, count, sizeof *scored, compare_scored);
    const struct fake_ways *ways = &fake->ways;
    bool wrong = !query->exact && count > 0 &&
                 (ways->wrong_ef_max == 0 || query->hnsw_ef <= ways->wrong_ef_max);
    if (wrong && ways->walk_whole > 0 &&
        (ways->walks_thinned == 0 || scored[0].id % ways->walks_thinned == 0))
        count = thin_out(scored, count, ways->walk_whole);
    bool lost = wrong && ways->lost_below > 0 && scored[0].score < ways->lost_below;
    *ret_count = lost ? keep_farther(query, scored, count) : count;
    return scored;
}

// A stranger's point takes its place among the hits, and is not shown.
static enum grove_code search_points(const struct fake_engine *fake,
                                     const struct vector_query *query, struct arena *arena,
                                     struct vector_hits *ret, struct grove_error *error)
{
    size_t count;
    struct scored *scored = score_points(fake, query, &count);
    size_t end = query->limit < count ? query->limit : count;
    struct vector_hits hits = {.items =
                                   arena_alloc_array(arena, query->limit + 1, sizeof *hits.items)};
    for (size_t i = 0; hits.items && i < end; i++)
        if (scored[i].id >= 0 && scored[i].id <= INT32_MAX)
            hits.items[hits.count++] = (struct vector_hit){(int32_t)scored[i].id, scored[i].score,
                                                           fake_shown_revision(scored[i].revision)};
    hits.shown = end;
    for (size_t i = 0; i < count && hits.found < query->limit; i++)
        hits.found += !is_id_among(scored[i].id, query->also_ids, query->also_count);
    free(scored);
    if (!hits.items)
        return error_no_memory(error, "hits");
    bool asked = query->limit > 0 && !filter_matches_nothing(query->filter);
    if (asked && query->name_graph && !query->exact)
        snprintf(hits.graph, sizeof hits.graph, "%s", fake->graph);
    *ret = hits;
    return GROVE_OK;
}

static enum grove_code fake_search(struct vector_engine *engine, struct call *call,
                                   const struct vector_query *query, struct arena *arena,
                                   struct vector_hits *ret, struct grove_error *error)
{
    struct engine_event event = {.call = ENGINE_SEARCH, .query = query};
    struct fake_call self;
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        struct vector_query asked = *query;
        if (self.lost)
            asked.limit = 0;
        self.code = search_points(fake, &asked, arena, ret, error);
    }
    return fake_leave(&self, error);
}

static enum grove_code fake_graph(struct vector_engine *engine, struct call *call,
                                  char ret[static VECTOR_GRAPH_SIZE], struct grove_error *error)
{
    struct engine_event event = {.call = ENGINE_GRAPH};
    struct fake_call self;
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        const char *status = fake->ways.status;
        bool built = !self.lost && (status[0] == '\0' || strcmp(status, "green") == 0);
        snprintf(ret, VECTOR_GRAPH_SIZE, "%s", built ? fake->graph : "");
    }
    return fake_leave(&self, error);
}

static enum grove_code fake_count(struct vector_engine *engine, struct call *call,
                                  const struct vector_filter *filter, uint64_t *ret,
                                  struct grove_error *error)
{
    struct engine_event event = {.call = ENGINE_COUNT};
    struct fake_call self;
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        int64_t count = self.lost ? 0 : fake->ways.count_off_by;
        for (size_t i = 0; i < fake->count && !self.lost; i++)
            count += fake_matches(&fake->points[i], filter);
        *ret = (uint64_t)count;
    }
    return fake_leave(&self, error);
}

static enum grove_code fake_states(struct vector_engine *engine, struct call *call,
                                   const int32_t *content_ids, size_t count,
                                   struct vector_state *ret, struct grove_error *error)
{
    struct engine_event event = {.call = ENGINE_STATES, .content_ids = content_ids, .count = count};
    struct fake_call self;
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        for (size_t i = 0; self.code == GROVE_OK && i < count; i++) {
            const struct fake_point *point = self.lost ? NULL : fake_find(fake, content_ids[i]);
            ret[i] = (struct vector_state){.content_id = content_ids[i], .present = point != NULL};
            if (point)
                ret[i].revision = fake_shown_revision(point->revision);
        }
    }
    return fake_leave(&self, error);
}

// --- lineage -------------------------------------------------------------------------------------

static enum grove_code fake_scan(struct vector_engine *engine, struct call *call, int64_t from_id,
                                 size_t limit, struct vector_page *ret, struct grove_error *error)
{
    struct engine_event event = {.call = ENGINE_SCAN};
    struct fake_call self;
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        *ret = (struct vector_page){.next_id = VECTOR_NONE};
        for (size_t i = 0; self.code == GROVE_OK && !self.lost && i < fake->count; i++) {
            const struct fake_point *point = &fake->points[i];
            if (point->id < from_id || point->id > INT32_MAX)
                continue;
            if (ret->count == limit) {
                ret->next_id = point->id;
                break;
            }
            ret->states[ret->count++] =
                (struct vector_state){.content_id = (int32_t)point->id,
                                      .present = true,
                                      .revision = fake_shown_revision(point->revision)};
        }
    }
    return fake_leave(&self, error);
}

static enum grove_code fake_marks(struct vector_engine *engine, struct call *call,
                                  struct vector_marks *ret, struct grove_error *error)
{
    struct engine_event event = {.call = ENGINE_MARKS};
    struct fake_call self;
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        *ret = self.lost ? (struct vector_marks){.count = 0} : fake->marks;
    }
    return fake_leave(&self, error);
}

static enum grove_code change_mark(struct vector_engine *engine, struct call *call,
                                   enum engine_call kind, const struct vector_mark *mark,
                                   struct grove_error *error)
{
    struct engine_event event = {.call = kind};
    struct fake_call self;
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        if (!self.lost)
            fake_change_mark(fake, mark, kind == ENGINE_MARK);
    }
    return fake_leave(&self, error);
}

static enum grove_code fake_mark(struct vector_engine *engine, struct call *call,
                                 const struct vector_mark *mark, struct grove_error *error)
{
    return change_mark(engine, call, ENGINE_MARK, mark, error);
}

static enum grove_code fake_unmark(struct vector_engine *engine, struct call *call,
                                   const struct vector_mark *mark, struct grove_error *error)
{
    return change_mark(engine, call, ENGINE_UNMARK, mark, error);
}

static void fake_free(struct vector_engine *engine)
{
    fake_engine_free(fake_of(engine));
}

static const char *fake_describe(const struct vector_engine *engine)
{
    (void)engine;
    return "the fake engine of a test";
}

const struct vector_engine_operations fake_operations = {
    .name = "fake",
    .free = fake_free,
    .describe = fake_describe,
    .ensure_collection = fake_ensure,
    .info = fake_info,
    .upsert = fake_upsert,
    .remove = fake_remove,
    .evict = fake_evict,
    .search = fake_search,
    .graph = fake_graph,
    .count = fake_count,
    .states = fake_states,
    .scan = fake_scan,
    .marks = fake_marks,
    .mark = fake_mark,
    .unmark = fake_unmark,
    .read = fake_read,
    .read_ids = fake_read_ids,
    .digest = fake_digest,
    .strangers = fake_strangers,
    .erase = fake_erase,
};
