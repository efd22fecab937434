// SPDX-License-Identifier: Apache-2.0
//
// Who has projected the database, as they noted it (src/sync/notes.md).
#include <math.h>

#include "api/handle.h"
#include "attach/block.h"
#include "grove/stores.h"
#include "sync/notes.h"

enum {
    LIST_BYTES_MAX = 1 << 20,
    COLUMNS = 24, // of projectors.sql
    SHARE_NOW = 20,
};

// Which of the columns are texts.
static const int texts[] = {0, 1, 2, 4, 5, 21};

static struct grove_projector read_item(const struct pg_rows *rows, int r, struct block *block)
{
    bool failed = !pg_is_null(rows, r, 22);
    CHECK(pg_int4(rows, r, 6) >= GROVE_PROJECTOR_UNKNOWN);
    CHECK(pg_int4(rows, r, 6) <= GROVE_PROJECTOR_LOST);
    return (struct grove_projector){
        .name = block_copy(block, pg_text(rows, r, 0)),
        .kind = block_copy(block, pg_text(rows, r, 1)),
        .host = block_copy(block, pg_text(rows, r, 2)),
        .process = pg_int4(rows, r, 3),
        .application = block_copy(block, pg_text(rows, r, 4)),
        .version = block_copy(block, pg_text(rows, r, 5)),
        .state = (enum grove_projector_state)pg_int4(rows, r, 6),
        .began_at_us = pg_timestamp(rows, r, 7),
        .worked_at_us = pg_timestamp(rows, r, 8),
        .ended_at_us = pg_timestamp(rows, r, 9),
        .age_seconds = pg_float8(rows, r, 10),
        .written = pg_int8(rows, r, 11),
        .removed = pg_int8(rows, r, 12),
        .embedded = pg_int8(rows, r, 13),
        .refused = pg_int8(rows, r, 14),
        .failures = pg_int8(rows, r, 15),
        .seconds_database = pg_float8(rows, r, 16),
        .seconds_embedding = pg_float8(rows, r, 17),
        .seconds_vectors = pg_float8(rows, r, 18),
        .rows_per_second = pg_float8(rows, r, 19),
        .failure = block_copy(block, pg_text(rows, r, 21)),
        .failed_at_us = pg_timestamp(rows, r, 22),
        .failure_age_seconds = failed ? pg_float8(rows, r, 23) : NAN,
    };
}

static enum grove_code copy_all(const struct pg_rows *rows, struct grove_projectors **ret,
                                struct grove_error *error)
{
    struct block block = {0};
    size_t count = (size_t)rows->count;
    for (int r = 0; r < rows->count; r++)
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
            block_count(&block, pg_text(rows, r, texts[i]));
    struct grove_projectors *made =
        block_begin(&block, sizeof *made + count * sizeof(struct grove_projector));
    if (!made)
        return error_no_memory(error, "the projectors");
    struct grove_projector *items = (struct grove_projector *)(made + 1);
    for (int r = 0; r < rows->count; r++) {
        items[r] = read_item(rows, r, &block);
        made->rows_per_second += pg_float8(rows, r, SHARE_NOW);
    }
    made->items = items;
    made->count = count;
    *ret = made;
    return GROVE_OK;
}

// A schema of before they were noted has no such table, and is no reason to look for another one.
static enum grove_code check_schema(const struct store *store, struct grove_error *error)
{
    int version = atomic_load(&store->schema_version);
    if (version >= NOTES_FIRST_SCHEMA)
        return GROVE_OK;
    error_set(error, GROVE_UNSUPPORTED, "the schema, version %d, does not note projectors",
              version);
    error_hint(error, "run \"grove init\": version %d does", NOTES_FIRST_SCHEMA);
    return GROVE_UNSUPPORTED;
}

GROVE_API enum grove_code grove_list_projectors(struct grove *grove,
                                                const struct grove_limits *limits,
                                                struct grove_projectors **ret,
                                                struct grove_error *error)
{
    struct call call;
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    arena_init(&arena, LIST_BYTES_MAX);
    pg_add_float8(&params, NOTES_RATE_SECONDS);
    enum grove_code code = handle_enter(grove, HANDLE_QUERY, limits, &call, error);
    if (code == GROVE_OK)
        code = store_refresh_schema(&grove->store, &call, error);
    if (code == GROVE_OK)
        code = check_schema(&grove->store, error);
    if (code == GROVE_OK)
        code = store_query(&grove->store, &call, &arena, "projectors.sql", &params, &rows, error);
    CHECK(code != GROVE_OK || rows.columns == COLUMNS);
    if (code == GROVE_OK)
        code = copy_all(&rows, ret, error);
    arena_release(&arena);
    return handle_failed(grove, &call, code, error);
}
