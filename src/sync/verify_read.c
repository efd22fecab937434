// SPDX-License-Identifier: Apache-2.0
//
// What PostgreSQL has of contents, and how a content and its point differ.
#include "sync/verify_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "pg/types.h"
#include "vector/direction.h"
#include "vector/point.h"

enum { PAYLOAD_BYTES_MAX = 1 << 20, COMPARED_COLUMNS = 12, DRAWN_COLUMN = 12 };

// Of length 1 both are, but for rounding, which servers may do once more.
#define VECTOR_TOLERANCE 1e-6

// --- contents ------------------------------------------------------------------------------------

static int64_t int4_or_none(const struct pg_rows *rows, int r, int column)
{
    return pg_is_null(rows, r, column) ? VECTOR_NONE : pg_int4(rows, r, column);
}

static int32_t int4_or_zero(const struct pg_rows *rows, int r, int column)
{
    return pg_is_null(rows, r, column) ? 0 : pg_int4(rows, r, column);
}

// The columns of parts/compared.sql.
static void take_point(const struct pg_rows *rows, int r, struct vector_point *ret)
{
    CHECK(rows->columns >= COMPARED_COLUMNS);
    CHECK(ret->content_id == pg_int4(rows, r, 0));
    ret->hierarchy_table = pg_text(rows, r, 3);
    ret->leaf_id = int4_or_zero(rows, r, 4);
    ret->branch_id = int4_or_zero(rows, r, 5);
    ret->limb_id = int4_or_zero(rows, r, 6);
    ret->content_type = pg_text(rows, r, 7);
    ret->chunk_number = int4_or_none(rows, r, 8);
    ret->word_count = int4_or_none(rows, r, 9);
    ret->created_at_us = pg_timestamp(rows, r, 10);
    if (!pg_is_null(rows, r, 11))
        ret->vector = direction_read(pg_bytea(rows, r, 11), NULL);
}

static void take_content(const struct pg_rows *rows, int r, struct verify_content *ret)
{
    *ret = (struct verify_content){
        .id = pg_int4(rows, r, 0),
        .there = !pg_is_null(rows, r, 1),
        .waits = !pg_is_null(rows, r, 2),
        .dead = pg_bool(rows, r, 2),
        .drawn = VECTOR_NONE,
        .point = {.content_id = pg_int4(rows, r, 0), .revision = pg_int8(rows, r, 1)},
    };
    CHECK(!ret->dead || ret->waits);
    if (ret->there && rows->columns > 3)
        take_point(rows, r, &ret->point);
    if (rows->columns > DRAWN_COLUMN)
        ret->drawn = pg_int8(rows, r, DRAWN_COLUMN);
}

static enum grove_code take_contents(const struct pg_rows *rows, struct arena *arena,
                                     struct verify_contents *ret, struct grove_error *error)
{
    ret->count = (size_t)rows->count;
    ret->items = arena_alloc_array(arena, ret->count + 1, sizeof *ret->items);
    if (!ret->items)
        return error_no_memory(error, "contents to compare");
    for (int r = 0; r < rows->count; r++)
        take_content(rows, r, &ret->items[r]);
    return GROVE_OK;
}

enum grove_code verify_read_page(const struct verifier *self, struct call *call,
                                 struct arena *arena, int32_t from_id, size_t most,
                                 struct verify_contents *ret, struct grove_error *error)
{
    const struct verify_scope *scope = &self->request->scope;
    bool within = scope->hierarchy_table.data;
    CHECK(most > 0);
    CHECK(within || scope->place_depth == 0);
    CHECK(within == (scope->filter != NULL));
    const char *file = !self->request->quick ? "verify_whole.sql"
                       : within              ? "verify_revisions_in.sql"
                                             : "verify_revisions.sql";
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, from_id);
    pg_add_int4(&params, (int32_t)most);
    if (within || !self->request->quick) {
        pg_add_text(&params, scope->hierarchy_table);
        pg_add_int4_array(&params, arena, scope->place_depth > 0 ? scope->place : NULL,
                          scope->place_depth);
    }
    enum grove_code code = store_query(self->store, call, arena, file, &params, &rows, error);
    if (code == GROVE_OK)
        code = take_contents(&rows, arena, ret, error);
    for (size_t i = 1; code == GROVE_OK && i < ret->count; i++)
        CHECK(ret->items[i - 1].id < ret->items[i].id);
    return code;
}

// Answers come in any order.
static enum grove_code put_in_order(const int32_t *ids, size_t count, struct arena *arena,
                                    struct verify_contents *contents, struct grove_error *error)
{
    struct verify_content *ordered = arena_alloc_array(arena, count + 1, sizeof *ordered);
    if (!ordered)
        return error_no_memory(error, "contents to compare");
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < contents->count && contents->items[at].id != ids[i])
            at++;
        CHECK(at < contents->count); // of each id there is a row
        ordered[i] = contents->items[at];
    }
    CHECK(contents->count == count);
    *contents = (struct verify_contents){count, ordered};
    return GROVE_OK;
}

enum grove_code verify_read_ids(struct verifier *self, const int32_t *ids, size_t count,
                                struct verify_contents *ret, struct grove_error *error)
{
    CHECK(count > 0);
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4_array(&params, &self->looks, ids, count);
    enum grove_code code = store_query(self->store, self->call, &self->looks, "verify_again.sql",
                                       &params, &rows, error);
    if (code == GROVE_OK)
        code = take_contents(&rows, &self->looks, ret, error);
    return code == GROVE_OK ? put_in_order(ids, count, &self->looks, ret, error) : code;
}

// --- how they differ -----------------------------------------------------------------------------

static bool is_same_vector(const float *wanted, const float *there)
{
    float numbers[VECTOR_DIMENSION];
    if (!there)
        return false;
    CHECK(wanted);
    point_direction(wanted, numbers);
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        if (!(fabs((double)numbers[i] - (double)there[i]) <= VECTOR_TOLERANCE))
            return false;
    return true;
}

// Adds the fields of one side that the other lacks; of the first also those that it has otherwise.
static void add_fields(yyjson_val *side, yyjson_val *other, bool first, struct strbuf *names)
{
    size_t index, count;
    yyjson_val *key, *value;
    yyjson_obj_foreach (side, index, count, key, value) {
        yyjson_val *there = yyjson_obj_getn(other, yyjson_get_str(key), yyjson_get_len(key));
        if (there && (!first || yyjson_equals(value, there)))
            continue;
        strbuf_addf(names, "%s%.40s", names->length > 0 ? ", " : "", yyjson_get_str(key));
    }
}

// Names the fields that differ: "leaf_id, word_count". True: there are none.
static bool compare_fields(struct text wanted, struct text there,
                           char detail[static VERIFY_DETAIL_SIZE])
{
    struct strbuf names;
    yyjson_doc *a =
        yyjson_read_opts((char *)(uintptr_t)wanted.data, wanted.length, 0, json_allocator(), NULL);
    yyjson_doc *b =
        yyjson_read_opts((char *)(uintptr_t)there.data, there.length, 0, json_allocator(), NULL);
    yyjson_val *left = yyjson_doc_get_root(a), *right = yyjson_doc_get_root(b);
    strbuf_init(&names, PAYLOAD_BYTES_MAX);
    add_fields(left, right, true, &names);
    add_fields(right, left, false, &names);
    bool same = yyjson_is_obj(left) && yyjson_is_obj(right) && !names.failed && names.length == 0;
    snprintf(detail, VERIFY_DETAIL_SIZE, "%s", names.data);
    strbuf_release(&names);
    yyjson_doc_free(a);
    yyjson_doc_free(b);
    return same;
}

// Equal as texts, or as JSON.
static bool is_same_payload(const struct vector_point *point, struct text there,
                            char detail[static VERIFY_DETAIL_SIZE])
{
    struct strbuf wanted;
    strbuf_init(&wanted, PAYLOAD_BYTES_MAX);
    point_add_payload(&wanted, point);
    bool same = !wanted.failed && (text_equal(strbuf_text(&wanted), there) ||
                                   compare_fields(strbuf_text(&wanted), there, detail));
    strbuf_release(&wanted);
    return same;
}

static enum verify_kind judge_point(const struct verify_content *content,
                                    const struct vector_copy *copy, bool whole,
                                    char detail[static VERIFY_DETAIL_SIZE])
{
    int64_t revision = copy->state.revision;
    CHECK(content->there);
    CHECK(content->point.content_id == copy->state.content_id);
    if (!copy->state.present)
        return VERIFY_MISSING;
    if (revision == VECTOR_NO_REVISION || revision > content->point.revision)
        return VERIFY_STRANGE;
    if (revision < content->point.revision)
        return VERIFY_STALE;
    if (!whole)
        return VERIFY_EQUAL;
    if (!content->point.vector)
        return VERIFY_VECTORLESS;
    if (!is_same_payload(&content->point, copy->payload, detail))
        return VERIFY_PAYLOAD;
    return is_same_vector(content->point.vector, copy->vector) ? VERIFY_EQUAL : VERIFY_VECTOR;
}

// Of a content that is not there.
static enum verify_kind judge_rest(const struct verify_content *content,
                                   const struct vector_copy *copy)
{
    CHECK(!content->there);
    if (!copy->state.present)
        return VERIFY_EQUAL;
    bool drawn = copy->state.revision >= 1 &&
                 (content->drawn == VECTOR_NONE || copy->state.revision <= content->drawn);
    return drawn ? VERIFY_ORPHAN : VERIFY_ALIEN;
}

enum verify_kind verify_judge(const struct verify_content *content, const struct vector_copy *copy,
                              bool whole, char detail[static VERIFY_DETAIL_SIZE])
{
    CHECK(content->id == copy->state.content_id);
    detail[0] = '\0';
    enum verify_kind kind =
        content->there ? judge_point(content, copy, whole, detail) : judge_rest(content, copy);
    if (kind == VERIFY_EQUAL || !content->waits)
        return kind;
    return content->dead ? VERIFY_DEAD : VERIFY_WAITING;
}
