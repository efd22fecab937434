// SPDX-License-Identifier: Apache-2.0
//
// Every row is looked up by its own vector: that tells most of what the graph does not reach.
//
//  - A row that does not find itself is not reached.
//  - A row that finds another, near enough to be among that one's neighbours, is not reached from
//    there when that one does not find it.
//  - Rows of an island that find themselves and none of each other look like loners. So the rows
//    whose nearest other row is farthest are looked up exactly. What one misses is listed, and
//    looked up exactly in its turn.
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/inject.h"
#include "sync/examine_private.h"
#include "vector/direction.h"

enum {
    PART_ROWS = 2000,
    PART_BYTES_MAX = 32 << 20,
    EXACT_ROWS = 64,   // looked up exactly at a time
    LONERS_MAX = 1024, // of the rows
    EXACT_MAX = 2048,  // rows looked up exactly, neighbours that were missed among them
    ROWS_MIN_ROOM = 1024,
};
static_assert((int)LONERS_MAX < (int)EXACT_MAX, "there is room for what loners miss");
static_assert((int)EXACT_ROWS <= (int)VECTOR_BATCH_MAX, "read at once");

#define SELF 0.9999F
// Of what a loner missed that counts whose distance is less than this part of the worst that it
// found: the rows of an island are nearer to each other than to anything else.
#define NEARER 0.9F

struct part {
    struct arena arena;
    size_t count;
    int32_t *ids;
    const float **vectors;
};

static bool alloc_part(struct part *part, size_t count)
{
    CHECK(!part->ids);
    part->ids = arena_alloc_array(&part->arena, count + 1, sizeof *part->ids);
    part->vectors = arena_alloc_array(&part->arena, count + 1, sizeof *part->vectors);
    return part->ids && part->vectors;
}

// Ids and vectors, in the order of the ids; a vector that cannot be searched for is left out.
static enum grove_code take_part(struct part *part, const struct pg_rows *rows,
                                 struct grove_error *error)
{
    CHECK(part->count == 0);
    CHECK(rows->columns >= 2);
    if (!alloc_part(part, (size_t)rows->count))
        return error_no_memory(error, "rows to examine");
    for (int r = 0; r < rows->count; r++) {
        const float *vector = direction_read(pg_bytea(rows, r, 1), NULL);
        if (!vector)
            continue;
        CHECK(part->count == 0 || pg_int4(rows, r, 0) > part->ids[part->count - 1]);
        part->ids[part->count] = pg_int4(rows, r, 0);
        part->vectors[part->count++] = vector;
    }
    return GROVE_OK;
}

// --- checks against PostgreSQL -------------------------------------------------------------------

static double length_of(const float *vector)
{
    double sum = 0;
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        sum += (double)vector[i] * (double)vector[i];
    return sqrt(sum);
}

static double product_of(const float *a, const float *b)
{
    double sum = 0;
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

// Between two rows of the first part each.
static void make_checks(struct examination *x, const struct part *part)
{
    CHECK(x->check_count == 0);
    for (size_t c = 0; c < EXAMINE_CHECKS && part->count > 0; c++) {
        struct examine_check *check = &x->checks[x->check_count];
        const float *a = part->vectors[examine_random_index(x, part->count)];
        const float *b = part->vectors[examine_random_index(x, part->count)];
        double length_a = length_of(a), length_b = length_of(b);
        *check = (struct examine_check){.found = {.count = 0}};
        for (size_t i = 0; i < VECTOR_DIMENSION; i++)
            check->vector[i] = (float)(a[i] / length_a + b[i] / length_b);
        double length = length_of(check->vector);
        if (length < 1e-3)
            continue; // they point in opposite ways
        for (size_t i = 0; i < VECTOR_DIMENSION; i++)
            check->vector[i] = (float)(check->vector[i] / length);
        x->check_count++;
    }
}

static void keep_best(struct examine_hits *hits, int32_t id, float score)
{
    CHECK(hits->count <= EXAMINE_NEAR);
    if (hits->count == EXAMINE_NEAR && score <= hits->items[EXAMINE_NEAR - 1].score)
        return;
    size_t place = hits->count < EXAMINE_NEAR ? hits->count++ : EXAMINE_NEAR - 1;
    for (; place > 0 && hits->items[place - 1].score < score; place--)
        hits->items[place] = hits->items[place - 1];
    hits->items[place] = (struct examine_near){id, score};
}

static void compare_with_checks(struct examination *x, const struct part *part)
{
    CHECK(x->check_count <= EXAMINE_CHECKS);
    for (size_t r = 0; r < part->count; r++) {
        double length = length_of(part->vectors[r]);
        CHECK(length > 0);
        for (size_t c = 0; c < x->check_count; c++)
            keep_best(&x->checks[c].found, part->ids[r],
                      (float)(product_of(x->checks[c].vector, part->vectors[r]) / length));
    }
}

// What changed meanwhile may differ: the caller knows whether anything did.
enum grove_code examine_compare_checks(struct examination *x, bool *ret_equal,
                                       struct grove_error *error)
{
    struct examine_hits hits[EXAMINE_CHECKS];
    struct examine_search searches[EXAMINE_CHECKS];
    CHECK(x->check_count <= EXAMINE_CHECKS);
    for (size_t c = 0; c < x->check_count; c++)
        searches[c] =
            (struct examine_search){.vector = x->checks[c].vector, .exact = true, .hits = &hits[c]};
    enum grove_code code = examine_search_all(x, searches, x->check_count, error);
    if (code != GROVE_OK)
        return code;
    *ret_equal = true;
    for (size_t c = 0; c < x->check_count; c++) {
        const struct examine_hits *found = &x->checks[c].found;
        for (size_t i = 0; i < found->count; i++)
            *ret_equal &= examine_has(&hits[c], found->items[i].id) ||
                          found->items[i].score <= examine_worst(&hits[c]) + EXAMINE_BETTER;
    }
    return GROVE_OK;
}

// --- looking up ----------------------------------------------------------------------------------

static enum grove_code make_room(struct examination *x, size_t count, struct grove_error *error)
{
    size_t wanted = x->row_count + count;
    CHECK(x->row_count <= x->row_room);
    if (wanted <= x->row_room)
        return GROVE_OK;
    size_t room = x->row_room ? x->row_room * 2 : (size_t)x->points + ROWS_MIN_ROOM;
    room = room < wanted ? wanted : room;
    struct examine_row *rows = mem_resize(x->rows, room * sizeof *rows);
    if (!rows)
        return error_no_memory(error, "rows to examine");
    x->rows = rows;
    x->row_room = room;
    return GROVE_OK;
}

static enum grove_code look_up_part(struct examination *x, struct part *part,
                                    struct grove_error *error)
{
    struct examine_search *searches =
        arena_alloc_array(&part->arena, part->count + 1, sizeof *searches);
    CHECK(part->count <= PART_ROWS);
    if (!searches)
        return error_no_memory(error, "rows to examine");
    enum grove_code code = make_room(x, part->count, error);
    if (code != GROVE_OK)
        return code;
    CHECK(part->count == 0 || x->row_count == 0 || part->ids[0] > x->rows[x->row_count - 1].id);
    for (size_t r = 0; r < part->count; r++) {
        x->rows[x->row_count + r] = (struct examine_row){.id = part->ids[r]};
        searches[r] = (struct examine_search){
            .vector = part->vectors[r], .ef = EXAMINE_EF, .hits = &x->rows[x->row_count + r].found};
    }
    code = examine_search_all(x, searches, part->count, error);
    if (code == GROVE_OK)
        x->row_count += part->count;
    return code;
}

static enum grove_code read_part(struct examination *x, int32_t *after, int *ret_rows,
                                 struct part *part, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(part->count == 0);
    pg_add_text(&params, text_of(embed_model_id(x->precision)));
    pg_add_int4(&params, *after);
    pg_add_int4(&params, PART_ROWS);
    enum grove_code code =
        examine_query(x, &part->arena, "examine_rows.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    *ret_rows = rows.count;
    if (rows.count > 0)
        *after = pg_int4(&rows, rows.count - 1, 0);
    return take_part(part, &rows, error);
}

enum grove_code examine_rows(struct examination *x, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    int32_t after = INT32_MIN;
    CHECK(x->row_count == 0);
    CHECK(x->list.count == 0);
    for (int rows = PART_ROWS; code == GROVE_OK && rows == PART_ROWS;) {
        struct part part = {.count = 0};
        arena_init(&part.arena, PART_BYTES_MAX);
        code = read_part(x, &after, &rows, &part, error);
        if (code == GROVE_OK && x->row_count + part.count > EXAMINE_POINTS_MAX)
            code = error_set(error, GROVE_LIMIT, "more than %d rows are not examined",
                             EXAMINE_POINTS_MAX);
        if (code == GROVE_OK && x->row_count == 0)
            make_checks(x, &part);
        if (code == GROVE_OK)
            code = look_up_part(x, &part, error);
        if (code == GROVE_OK)
            compare_with_checks(x, &part);
        arena_release(&part.arena);
    }
    return code;
}

static int compare_id(const void *key, const void *row)
{
    int32_t a = *(const int32_t *)key, b = ((const struct examine_row *)row)->id;
    return (a > b) - (a < b);
}

struct examine_row *examine_find_row(const struct examination *x, int32_t id)
{
    return x->row_count == 0 ? NULL
                             : bsearch(&id, x->rows, x->row_count, sizeof *x->rows, compare_id);
}

// --- what is not reached -------------------------------------------------------------------------

static bool finds_itself(const struct examine_row *row)
{
    CHECK(row->found.count <= EXAMINE_NEAR);
    return examine_has(&row->found, row->id) ||
           (row->found.count > 0 && row->found.items[0].score >= SELF);
}

// Whether the row should have found it: nearer than the worst that it found, by this part.
static bool is_missing(const struct examine_row *row, int32_t id, float score, float part)
{
    float worst = examine_worst(&row->found);
    CHECK(part > 0 && part <= 1);
    return !examine_has(&row->found, id) && score > worst + EXAMINE_BETTER &&
           1 - score < part * (1 - worst);
}

// Whether one of those that it finds, and that should find it, does not.
static bool is_missed(const struct examination *x, const struct examine_row *row)
{
    CHECK(row->found.count <= EXAMINE_NEAR);
    for (size_t i = 0; i < row->found.count; i++) {
        const struct examine_near *near = &row->found.items[i];
        const struct examine_row *other = examine_find_row(x, near->id);
        if (other && other != row && is_missing(other, row->id, near->score, 1))
            return true;
    }
    return false;
}

static float nearest_other(const struct examine_row *row)
{
    CHECK(row->found.count <= EXAMINE_NEAR);
    for (size_t i = 0; i < row->found.count; i++)
        if (row->found.items[i].id != row->id)
            return row->found.items[i].score;
    return -INFINITY;
}

static int compare_near(const void *a, const void *b)
{
    const struct examine_near *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

// Rows that are to be looked up exactly, each once: `done` of `count` were.
struct suspects {
    int32_t ids[EXACT_MAX];
    size_t count, done;
};

static void suspect(struct suspects *suspects, int32_t id)
{
    CHECK(suspects->done <= suspects->count);
    for (size_t i = 0; i < suspects->count; i++)
        if (suspects->ids[i] == id)
            return;
    if (suspects->count < EXACT_MAX)
        suspects->ids[suspects->count++] = id;
}

static enum grove_code suspect_loners(struct examination *x, struct suspects *suspects,
                                      struct grove_error *error)
{
    struct examine_near *loners = mem_alloc_array(x->row_count + 1, sizeof *loners);
    CHECK(suspects->count == 0);
    if (!loners)
        return error_no_memory(error, "rows to examine");
    for (size_t r = 0; r < x->row_count; r++)
        loners[r] = (struct examine_near){x->rows[r].id, nearest_other(&x->rows[r])};
    size_t loners_max = (size_t)KNOB(EXAMINE_LONERS, LONERS_MAX);
    qsort(loners, x->row_count, sizeof *loners, compare_near);
    for (size_t i = 0; i < x->row_count && i < loners_max; i++)
        suspect(suspects, loners[i].id);
    mem_free(loners);
    return GROVE_OK;
}

// What it misses may be of an island that it is on, and then misses it in its turn. Where it misses
// half of its neighbours or more it is on one itself.
static void judge_suspect(struct examination *x, struct suspects *suspects,
                          const struct examine_row *row, const struct examine_hits *truth)
{
    size_t missing = 0;
    CHECK(truth->count <= EXAMINE_NEAR);
    for (size_t i = 0; i < truth->count; i++) {
        const struct examine_near *near = &truth->items[i];
        if (!is_missing(row, near->id, near->score, NEARER))
            continue;
        missing++;
        examine_list_add(&x->list, near->id);
        suspect(suspects, near->id);
    }
    if (missing > 0 && 2 * missing >= truth->count)
        examine_list_add(&x->list, row->id);
}

static enum grove_code look_up_suspects(struct examination *x, struct suspects *suspects,
                                        struct grove_error *error)
{
    struct part part = {.count = 0};
    struct examine_hits hits[EXACT_ROWS];
    struct examine_search searches[EXACT_ROWS];
    struct pg_params params = {0};
    struct pg_rows rows;
    size_t count = suspects->count - suspects->done;
    CHECK(suspects->done < suspects->count);
    count = count < EXACT_ROWS ? count : EXACT_ROWS;
    arena_init(&part.arena, PART_BYTES_MAX);
    pg_add_text(&params, text_of(embed_model_id(x->precision)));
    pg_add_int4_array(&params, &part.arena, suspects->ids + suspects->done, count);
    enum grove_code code =
        examine_query(x, &part.arena, "examine_vectors.sql", &params, &rows, error);
    if (code == GROVE_OK)
        code = take_part(&part, &rows, error);
    CHECK(part.count <= count);
    for (size_t r = 0; code == GROVE_OK && r < part.count; r++)
        searches[r] =
            (struct examine_search){.vector = part.vectors[r], .exact = true, .hits = &hits[r]};
    if (code == GROVE_OK)
        code = examine_search_all(x, searches, part.count, error);
    suspects->done += count;
    for (size_t r = 0; code == GROVE_OK && r < part.count; r++) {
        const struct examine_row *row = examine_find_row(x, part.ids[r]);
        if (row)
            judge_suspect(x, suspects, row, &hits[r]);
    }
    arena_release(&part.arena);
    return code;
}

enum grove_code examine_list_unreached(struct examination *x, const char **ret_reason,
                                       struct grove_error *error)
{
    struct suspects suspects = {.count = 0};
    CHECK(x->list.count == 0);
    *ret_reason = NULL;
    for (size_t r = 0; r < x->row_count; r++)
        if (!finds_itself(&x->rows[r]) || is_missed(x, &x->rows[r]))
            examine_list_add(&x->list, x->rows[r].id);
    if (x->list.overflowed) {
        *ret_reason = "the graph does not reach too many contents";
        return GROVE_OK;
    }
    enum grove_code code = suspect_loners(x, &suspects, error);
    for (size_t i = 0; i < x->list.count; i++)
        suspect(&suspects, x->list.ids[i]);
    for (size_t expected = 0; code == GROVE_OK && suspects.done < suspects.count;) {
        examine_expect(x, 0, suspects.count - expected);
        expected = suspects.count;
        code = look_up_suspects(x, &suspects, error);
    }
    return code;
}
