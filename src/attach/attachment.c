// SPDX-License-Identifier: Apache-2.0
#include "attach/attachment.h"

#include "base/check.h"
#include "catalog/store.h"
#include "pg/types.h"

// --- names ---------------------------------------------------------------------------------------

bool names_have(const struct names *names, struct text name)
{
    for (size_t i = 0; i < names->count; i++)
        if (text_equal(names->items[i], name))
            return true;
    return false;
}

void names_add(struct names *names, struct text name)
{
    if (names_have(names, name))
        return;
    CHECK(names->count < ATTACH_NAMES_MAX);
    names->items[names->count++] = name;
}

bool names_split(struct text joined, struct names *ret)
{
    struct text rest = joined, name;
    *ret = (struct names){0};
    while (rest.length > 0 && text_split(&rest, '\x1f', &name)) {
        if (ret->count == ATTACH_NAMES_MAX)
            return false;
        ret->items[ret->count++] = name;
    }
    return true;
}

// --- reading -------------------------------------------------------------------------------------

static enum grove_code take_row(const struct pg_rows *rows, int r, struct attachment *ret,
                                struct grove_error *error)
{
    *ret = (struct attachment){
        .id = pg_int4(rows, r, 0),
        .source = pg_text(rows, r, 1),
        .relation = pg_int8(rows, r, 2),
        .table = pg_text(rows, r, 3),
        .path = pg_text(rows, r, 6),
        .content_type = pg_text(rows, r, 7),
        .title = pg_text(rows, r, 8),
        .body = pg_text(rows, r, 9),
        .created = pg_text(rows, r, 10),
        .url = pg_text(rows, r, 11),
        .metadata = pg_text(rows, r, 12),
        .condition = pg_text(rows, r, 13),
        .filled_to = pg_text(rows, r, 14),
        .filled_rows = pg_int8(rows, r, 15),
        .rows_expected = pg_int8(rows, r, 16),
        .filled = pg_bool(rows, r, 17),
        .leaving = pg_bool(rows, r, 18),
        .problem = pg_text(rows, r, 19),
        .waiting = pg_int8(rows, r, 20),
        .refused = pg_int8(rows, r, 21),
        .documents = pg_int8(rows, r, 22),
        .attached_at_us = pg_timestamp(rows, r, 23),
        .vector = pg_text(rows, r, 24),
        .oldest_seconds = pg_is_null(rows, r, 25) ? GROVE_NULL : (int64_t)pg_float8(rows, r, 25),
        .failure = pg_text(rows, r, 26),
    };
    if (names_split(pg_text(rows, r, 4), &ret->key) && ret->key.count > 0 &&
        names_split(pg_text(rows, r, 5), &ret->watched))
        return GROVE_OK;
    return error_set(error, GROVE_CORRUPT, "grove.attached has too many columns in row %d",
                     (int)ret->id);
}

static enum grove_code query(struct pg_conn *conn, struct arena *arena, const int32_t *id,
                             struct pg_rows *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    if (id)
        pg_add_int4(&params, *id);
    else
        pg_add_null(&params, PG_INT4);
    return store_query_on(conn, arena, "attached.sql", &params, ret, error);
}

enum grove_code attachment_read(struct pg_conn *conn, struct arena *arena, int32_t id,
                                struct attachment *ret, struct grove_error *error)
{
    struct pg_rows rows;
    enum grove_code code = query(conn, arena, &id, &rows, error);
    if (code == GROVE_OK && rows.count == 0)
        code = error_set(error, GROVE_NOT_FOUND, "there is no attachment %d", (int)id);
    return code == GROVE_OK ? take_row(&rows, 0, ret, error) : code;
}

enum grove_code attachments_read(struct pg_conn *conn, struct arena *arena, struct attachment **ret,
                                 size_t *ret_count, struct grove_error *error)
{
    struct pg_rows rows;
    enum grove_code code = query(conn, arena, NULL, &rows, error);
    if (code != GROVE_OK)
        return code;
    struct attachment *items = arena_alloc_array(arena, (size_t)rows.count + 1, sizeof *items);
    if (!items)
        return error_no_memory(error, "the attached tables");
    for (int r = 0; code == GROVE_OK && r < rows.count; r++)
        code = take_row(&rows, r, &items[r], error);
    *ret = items;
    *ret_count = (size_t)rows.count;
    return code;
}

// --- what is told of it --------------------------------------------------------------------------

enum grove_attach_state attachment_state(const struct attachment *attachment)
{
    return attachment->leaving         ? GROVE_ATTACH_LEAVING
           : attachment->problem.data  ? GROVE_ATTACH_FAILING
           : attachment->relation == 0 ? GROVE_ATTACH_FAILING
           : attachment->filled        ? GROVE_ATTACH_KEPT
                                       : GROVE_ATTACH_FILLING;
}

struct text attachment_problem(const struct attachment *attachment)
{
    bool gone = !attachment->leaving && attachment->relation == 0;
    return gone ? text_of(ATTACH_GONE) : attachment->problem;
}

struct text attachment_failure(const struct attachment *attachment)
{
    struct text problem = attachment_problem(attachment);
    return problem.data ? problem : attachment->failure;
}

// --- what rows become ----------------------------------------------------------------------------

static const char *string_of(struct text text, struct arena *arena, bool *ret_failed)
{
    char *copy = text.data ? arena_copy(arena, text) : NULL;
    *ret_failed = *ret_failed || (text.data && !copy);
    return copy;
}

enum grove_code attachment_map(const struct attachment *attachment, struct arena *arena,
                               struct mapping *ret, struct grove_error *error)
{
    bool failed = false;
    int indexes[MAPPING_COLUMNS_MAX];
    const struct grove_import import = {
        .path = string_of(attachment->path, arena, &failed),
        .type = string_of(attachment->content_type, arena, &failed),
        .title = string_of(attachment->title, arena, &failed),
        .text = string_of(attachment->body, arena, &failed),
        .created_at = string_of(attachment->created, arena, &failed),
        .url = string_of(attachment->url, arena, &failed),
        .metadata = string_of(attachment->metadata, arena, &failed),
        .vector = string_of(attachment->vector, arena, &failed),
        .key = ATTACH_KEY,
        .source = string_of(attachment->source, arena, &failed),
    };
    if (failed)
        return error_no_memory(error, "the columns of a table");
    enum grove_code code = mapping_init(ret, &import, error);
    if (code != GROVE_OK)
        return code;
    // All that is to be found by its name was found when the table was attached.
    code = mapping_bind(ret, attachment->source.data, ret->columns, ret->column_count, true,
                        indexes, error);
    if (code != GROVE_OK)
        mapping_release(ret);
    return code;
}

// --- statements ----------------------------------------------------------------------------------

enum grove_code attachment_render(struct pg_conn *conn, struct arena *arena,
                                  const struct attachment *attachment,
                                  const struct mapping *mapping, struct attachment_sql *ret,
                                  struct grove_error *error)
{
    struct text columns[MAPPING_COLUMNS_MAX];
    struct pg_params params = {0};
    struct pg_rows rows;
    size_t count = 0;
    for (size_t i = 0; i < mapping->column_count; i++)
        if (!text_equal(mapping->columns[i], text_of(ATTACH_KEY)))
            columns[count++] = mapping->columns[i];
    CHECK(count <= ATTACH_COLUMNS_MAX);
    pg_add_int4(&params, attachment->id);
    pg_add_int8(&params, attachment->relation);
    pg_add_text_array(&params, arena, attachment->key.items, attachment->key.count);
    pg_add_text_array(&params, arena, columns, count);
    pg_add_text(&params, attachment->condition);
    pg_add_text_array(&params, arena, attachment->watched.items, attachment->watched.count);
    enum grove_code code = store_query_on(conn, arena, "attach_render.sql", &params, &rows, error);
    if (code == GROVE_OK && rows.count == 0)
        code = error_set(error, GROVE_NOT_FOUND, "the table is gone");
    if (code != GROVE_OK)
        return code;
    *ret = (struct attachment_sql){
        .function = pg_text(&rows, 0, 0),
        .triggers = pg_text(&rows, 0, 1),
        .read = pg_text(&rows, 0, 2),
        .next = pg_text(&rows, 0, 3),
        .gone = pg_text(&rows, 0, 4),
        .lacking = pg_text(&rows, 0, 5),
        .stale = !pg_is_null(&rows, 0, 6) && pg_bool(&rows, 0, 6),
    };
    return GROVE_OK;
}

const char *attachment_undo(struct arena *arena, int32_t id)
{
    return arena_printf(arena, "DROP FUNCTION IF EXISTS grove.attached_%d() CASCADE;\n", (int)id);
}
