// SPDX-License-Identifier: Apache-2.0
#include "query/waiting.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/inject.h"
#include "catalog/store.h"
#include "query/scorer.h"
#include "query/source.h"
#include "vector/direction.h"

enum {
    // A shorter outbox is read as it is: 1,000 rows cost 6 ms.
    LISTED_BYTES = 128 << 10,
    LISTED_MAX = 16384,
    // So many that are not known are worth keeping. Fewer are read each time, in 2 ms.
    WORTH_KEEPING = 256,
    READ_EACH_TIME_MAX = 4096,
    FIRST_PORTION = 64,
    PORTION = 2048,
};
static_assert((int)LISTED_MAX <= (int)KEPT_MAX, "all that are listed can be kept");

enum knowledge {
    UNKNOWN,
    VECTORLESS, // it had no vector when it was read
    KEPT,
};

// A content that waits, and what is known of it.
struct waiting_row {
    int32_t id;
    int64_t revision;
    enum knowledge known;
    size_t kept_at;
};

// What is to be scored in a portion.
struct portion {
    int32_t ids[PORTION];
    size_t count;
};

bool waiting_is_listed(struct run *run)
{
    CHECK(run->before.outbox_bytes >= 0);
    bool is_long = run->before.outbox_bytes >= KNOB(WAITING_BYTES, LISTED_BYTES);
    if (!is_long)
        kept_forget(&run->store->waiting);
    return is_long && !run->plan.among_places;
}

static size_t listed_max(void)
{
    size_t most = (size_t)KNOB(WAITING_LISTED, LISTED_MAX);
    CHECK(most > 0);
    CHECK(most <= KEPT_MAX);
    return most;
}

bool waiting_are_kept(struct run *run, int64_t rows_waiting)
{
    enum { OF_THE_OUTBOX = 1 }; // the slot has no other list
    CHECK(rows_waiting >= 0);
    return rows_waiting <= (int64_t)listed_max() &&
           kept_is_wanted_again(&run->store->waiting, OF_THE_OUTBOX);
}

void waiting_add_params(struct pg_params *params)
{
    pg_add_int4(params, (int32_t)listed_max() + 1);
}

// --- the list ------------------------------------------------------------------------------------

static int compare_rows(const void *a, const void *b)
{
    const struct waiting_row *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->revision > y->revision) - (x->revision < y->revision);
}

// Of several rows of a content the last one counts.
static enum grove_code take_list(struct waiting *self, const int32_t *ids, const int64_t *revisions,
                                 size_t count, struct grove_error *error)
{
    size_t kept = 0;
    bool ascends = true;
    CHECK(count <= listed_max());
    CHECK(!self->items);
    self->items = arena_alloc_array(self->run->arena, count + 1, sizeof *self->items);
    if (!self->items)
        return error_no_memory(error, "rows that wait");
    for (size_t i = 0; i < count; i++) {
        self->items[i] = (struct waiting_row){.id = ids[i], .revision = revisions[i]};
        ascends = ascends && (i == 0 || self->items[i - 1].id < self->items[i].id);
    }
    if (!ascends)
        qsort(self->items, count, sizeof *self->items, compare_rows);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || self->items[i].id != self->items[i + 1].id)
            self->items[kept++] = self->items[i];
    CHECK(kept <= count);
    self->count = kept;
    return GROVE_OK;
}

static enum grove_code read_list(struct waiting *self, const struct pg_rows *list,
                                 struct arena *part, struct grove_error *error)
{
    const int32_t *ids = NULL;
    const int64_t *revisions = NULL;
    size_t count = 0, revision_count = 0;
    CHECK(list->count == 1);
    enum grove_code code = pg_int4_array(list, 0, 0, part, &ids, &count, error);
    if (code == GROVE_OK)
        code = pg_int8_array(list, 0, 1, part, &revisions, &revision_count, error);
    if (code != GROVE_OK)
        return code;
    CHECK(count == revision_count);
    self->too_many = count > listed_max();
    return self->too_many ? GROVE_OK : take_list(self, ids, revisions, count, error);
}

static size_t count_known(const struct waiting *self, enum knowledge known)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += self->items[i].known == known;
    return count;
}

static void recognize(struct waiting *self)
{
    const struct kept_points *kept = self->kept;
    size_t at = 0, rest_at = 0;
    for (size_t i = 0; i < self->count; i++) {
        struct waiting_row *row = &self->items[i];
        row->known = UNKNOWN;
        if (!kept)
            continue;
        while (at < kept->count && kept->ids[at] < row->id)
            at++;
        while (rest_at < kept->rest_count && kept->rest[rest_at] < row->id)
            rest_at++;
        row->kept_at = at;
        CHECK(at <= kept->count);
        CHECK(rest_at <= kept->rest_count);
        if (at < kept->count && kept->ids[at] == row->id && kept->revisions[at] == row->revision)
            row->known = KEPT;
        else if (rest_at < kept->rest_count && kept->rest[rest_at] == row->id)
            row->known = VECTORLESS;
    }
}

// --- keeping -------------------------------------------------------------------------------------

static int compare_id_with_row(const void *id, const void *row)
{
    const int32_t x = *(const int32_t *)id, y = ((const struct waiting_row *)row)->id;
    return (x > y) - (x < y);
}

static struct waiting_row *find_row(const struct waiting *self, int32_t id)
{
    struct waiting_row *row =
        bsearch(&id, self->items, self->count, sizeof *self->items, compare_id_with_row);
    CHECK(row);
    return row;
}

static enum grove_code read_by_ids(struct run *run, const struct predicate *predicate,
                                   const struct portion *portion, struct arena *part,
                                   struct pg_rows *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    CHECK(portion->count > 0);
    CHECK(portion->count <= PORTION);
    CHECK(run->ranking->conn); // in the snapshot of the list
    arena_clear(part);
    source_add_score_params(predicate, run->precision, portion->ids, portion->count, part, &params);
    return store_query_on(run->ranking->conn, part, "score.sql", &params, ret, error);
}

// Whatever the predicate asks for. What is not there is gone, and stays so while no other row of it
// comes: its direction is zeros.
static enum grove_code read_vectors(struct waiting *self, const struct portion *portion,
                                    struct arena *part, float *directions,
                                    struct grove_error *error)
{
    static const struct predicate any = PREDICATE_ANY;
    struct pg_rows rows;
    enum grove_code code = read_by_ids(self->run, &any, portion, part, &rows, error);
    for (size_t i = 0; code == GROVE_OK && i < portion->count; i++)
        find_row(self, portion->ids[i])->known = KEPT;
    for (int r = 0; code == GROVE_OK && r < rows.count; r++) {
        struct waiting_row *row = find_row(self, pg_int4(&rows, r, 0));
        float *to = directions + (size_t)(row - self->items) * VECTOR_DIMENSION;
        double direction[VECTOR_DIMENSION];
        const float *vector =
            pg_is_null(&rows, r, 1) ? NULL : direction_read(pg_bytea(&rows, r, 1), NULL);
        bool good = vector && direction_of(vector, direction) == DIRECTION_GOOD;
        CHECK(row->known == KEPT); // one of the portion
        row->known = good ? KEPT : VECTORLESS;
        for (size_t i = 0; good && i < VECTOR_DIMENSION; i++)
            to[i] = (float)direction[i];
    }
    return code == GROVE_OK ? call_check(self->run->call, error) : code;
}

static enum grove_code read_unknown(struct waiting *self, struct arena *part, float *directions,
                                    struct grove_error *error)
{
    struct portion portion;
    enum grove_code code = GROVE_OK;
    for (size_t at = 0; code == GROVE_OK && at < self->count;) {
        portion.count = 0;
        for (; at < self->count && portion.count < PORTION; at++)
            if (self->items[at].known == UNKNOWN)
                portion.ids[portion.count++] = self->items[at].id;
        if (portion.count > 0)
            code = read_vectors(self, &portion, part, directions, error);
    }
    return code;
}

// Of all rows, at the places that they have in the list.
static enum grove_code fill(struct waiting *self, struct arena *part, float *directions,
                            struct grove_error *error)
{
    CHECK(self->count > 0);
    memset(directions, 0, self->count * VECTOR_DIMENSION * sizeof *directions);
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i].known == KEPT)
            memcpy(directions + i * VECTOR_DIMENSION,
                   self->kept->directions + self->items[i].kept_at * VECTOR_DIMENSION,
                   VECTOR_DIMENSION * sizeof *directions);
    return read_unknown(self, part, directions, error);
}

// Rows without a vector leave no gap.
static void take_rows(struct kept_points *points, const struct waiting *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const struct waiting_row *row = &self->items[i];
        CHECK(row->known != UNKNOWN);
        if (row->known == VECTORLESS) {
            points->rest[points->rest_count++] = row->id;
            continue;
        }
        if (points->count < i)
            memcpy(points->directions + points->count * VECTOR_DIMENSION,
                   points->directions + i * VECTOR_DIMENSION, VECTOR_DIMENSION * sizeof(float));
        points->ids[points->count] = row->id;
        points->revisions[points->count++] = row->revision;
    }
    CHECK(points->count + points->rest_count == self->count);
}

// For this search, and for those that come.
static enum grove_code keep_anew(struct waiting *self, struct arena *part,
                                 struct grove_error *error)
{
    struct kept_points *points = kept_new(self->count);
    if (!points)
        return error_no_memory(error, "vectors to keep");
    enum grove_code code = fill(self, part, points->directions, error);
    if (code != GROVE_OK) {
        kept_give(&points);
        return code;
    }
    points->model = (int)self->run->precision;
    take_rows(points, self);
    kept_give(&self->kept);
    atomic_fetch_add(&points->users, 1);
    self->kept = points;
    kept_put(&self->run->store->waiting, points);
    recognize(self);
    CHECK(count_known(self, UNKNOWN) == 0);
    return GROVE_OK;
}

// What the handle keeps now.
static void take_kept(struct waiting *self)
{
    kept_give(&self->kept);
    self->kept = kept_take(&self->run->store->waiting);
    if (self->kept && self->kept->model != (int)self->run->precision)
        kept_give(&self->kept);
    recognize(self);
}

// Where many are unknown: by one search of a handle at a time, for all. A table may stay as long as
// it was when few of its rows are left.
static enum grove_code know(struct waiting *self, struct arena *part, struct grove_error *error)
{
    struct store *store = self->run->store;
    CHECK(!self->kept);
    if (self->count < WORTH_KEEPING)
        kept_forget(&store->waiting);
    take_kept(self);
    if (count_known(self, UNKNOWN) < WORTH_KEEPING)
        return GROVE_OK;
    enum grove_code code = long_lock_take(&store->waiting_lock, self->run->call, error);
    if (code != GROVE_OK)
        return code;
    take_kept(self);
    if (count_known(self, UNKNOWN) >= WORTH_KEEPING)
        code = keep_anew(self, part, error);
    long_lock_give(&store->waiting_lock);
    return code;
}

enum grove_code waiting_read(struct waiting *self, struct run *run, const struct pg_rows *list,
                             struct grove_error *error)
{
    struct arena part;
    *self = (struct waiting){.run = run};
    arena_init_counting(&part, SOURCE_PART_BYTES_MAX);
    enum grove_code code = read_list(self, list, &part, error);
    if (code == GROVE_OK && !self->too_many)
        code = know(self, &part, error);
    if (code == GROVE_OK && !self->too_many)
        self->too_many = self->count - count_known(self, KEPT) > READ_EACH_TIME_MAX;
    arena_release(&part);
    return code;
}

void waiting_release(struct waiting *self)
{
    kept_give(&self->kept);
}

// --- scores --------------------------------------------------------------------------------------

static int compare_ids(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static bool contains(const int32_t *ids, size_t count, int32_t id)
{
    return count > 0 && bsearch(&id, ids, count, sizeof *ids, compare_ids);
}

// Those that satisfy the predicate.
static enum grove_code score(struct run *run, const struct portion *portion, struct arena *part,
                             struct grove_error *error)
{
    struct pg_rows rows = {0};
    enum grove_code code = read_by_ids(run, run->predicate, portion, part, &rows, error);
    if (code == GROVE_OK)
        code = scorer_add(run, &rows, WAITING_ADDED, error);
    return code == GROVE_OK ? call_check(run->call, error) : code;
}

// Those whose vectors are not kept.
static enum grove_code score_others(const struct waiting *self, const int32_t *hits,
                                    size_t hit_count, struct arena *part, struct grove_error *error)
{
    struct portion portion;
    enum grove_code code = GROVE_OK;
    for (size_t at = 0; code == GROVE_OK && at < self->count;) {
        portion.count = 0;
        for (; at < self->count && portion.count < PORTION; at++)
            if (self->items[at].known != KEPT && !contains(hits, hit_count, self->items[at].id))
                portion.ids[portion.count++] = self->items[at].id;
        if (portion.count > 0)
            code = score(self->run, &portion, part, error);
    }
    return code;
}

static int compare_hits(const void *a, const void *b)
{
    const struct vector_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->content_id > y->content_id) - (x->content_id < y->content_id);
}

// Kept ones that were not scored: the number, and no more than this is the score of any.
struct left_out {
    size_t count;
    double best;
};

static void leave_out(struct left_out *left_out, float score)
{
    CHECK(isfinite(score));
    left_out->count++;
    left_out->best = fmax(left_out->best, (double)score + SOURCE_SCORE_TOLERANCE);
}

// Those of the kept that may score `least` or more, best first.
static enum grove_code find_near(const struct waiting *self, double least, const int32_t *hits,
                                 size_t hit_count, struct vector_hits *ret,
                                 struct left_out *ret_left_out, struct grove_error *error)
{
    struct run *run = self->run;
    struct vector_hit *near = arena_alloc_array(run->arena, self->count + 1, sizeof *near);
    if (!near)
        return error_no_memory(error, "rows that wait");
    *ret = (struct vector_hits){.items = near};
    for (size_t i = 0; i < self->count; i++) {
        const struct waiting_row *row = &self->items[i];
        if (row->known != KEPT || contains(hits, hit_count, row->id))
            continue;
        float score = kept_score(self->kept, row->kept_at, run->query_f32);
        if ((double)score + SOURCE_SCORE_TOLERANCE < least)
            leave_out(ret_left_out, score);
        else
            near[ret->count++] = (struct vector_hit){.content_id = row->id, .score = score};
    }
    CHECK(ret->count + ret_left_out->count <= self->count);
    qsort(near, ret->count, sizeof *near, compare_hits);
    return GROVE_OK;
}

// Best first, until the next one has no place among the best.
static enum grove_code score_near(struct run *run, const struct vector_hits *near,
                                  struct arena *part, struct left_out *ret_left_out,
                                  struct grove_error *error)
{
    struct portion portion;
    enum grove_code code = GROVE_OK;
    size_t at = 0, most = FIRST_PORTION;
    do {
        double least = best_floor(&run->best);
        portion.count = 0;
        for (; at < near->count && portion.count < most &&
               (double)near->items[at].score + SOURCE_SCORE_TOLERANCE >= least;
             at++)
            portion.ids[portion.count++] = near->items[at].content_id;
        if (portion.count > 0)
            code = score(run, &portion, part, error);
        most = most * 2 < PORTION ? most * 2 : PORTION;
    } while (code == GROVE_OK && portion.count > 0);
    CHECK(at <= near->count);
    for (; at < near->count; at++)
        leave_out(ret_left_out, near->items[at].score);
    return code;
}

enum grove_code waiting_score(const struct waiting *self, const int32_t *hits, size_t hit_count,
                              struct arena *part, double *ret_bound, struct grove_error *error)
{
    struct run *run = self->run;
    struct vector_hits near = {.count = 0};
    struct left_out left_out = {.best = -INFINITY};
    CHECK(!self->too_many);
    CHECK(run->by_list);
    enum grove_code code = score_others(self, hits, hit_count, part, error);
    if (code == GROVE_OK)
        code = find_near(self, best_floor(&run->best), hits, hit_count, &near, &left_out, error);
    if (code == GROVE_OK)
        code = score_near(run, &near, part, &left_out, error);
    CHECK((left_out.count > 0) == (left_out.best > -INFINITY));
    *ret_bound = left_out.best;
    run->result->explain.pending += (int64_t)left_out.count;
    run->best.more = run->best.more || left_out.count > 0;
    return code;
}
