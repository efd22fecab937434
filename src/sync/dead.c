// SPDX-License-Identifier: Apache-2.0
#include "sync/dead.h"

#include <stdio.h>

#include "base/check.h"
#include "pg/types.h"

enum { ANSWER_BYTES_MAX = 16 << 20 };

static void take_letter(const struct pg_rows *rows, int r, struct dead_letter *ret)
{
    CHECK(rows->columns == 7);
    *ret = (struct dead_letter){
        .content_id = pg_int4(rows, r, 0),
        .deleted = pg_bool(rows, r, 1),
        .attempts = pg_int4(rows, r, 2),
        .since_us = pg_timestamp(rows, r, 4),
    };
    snprintf(ret->reason, sizeof ret->reason, "%.*s", TEXT_ARGS(pg_text(rows, r, 3)));
    snprintf(ret->content_type, sizeof ret->content_type, "%.*s", TEXT_ARGS(pg_text(rows, r, 5)));
    snprintf(ret->title, sizeof ret->title, "%.*s", TEXT_ARGS(pg_text(rows, r, 6)));
}

enum grove_code dead_list(struct store *store, struct call *call, int64_t after_id, size_t most,
                          struct dead_letter *ret, size_t *ret_count, struct grove_error *error)
{
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(most > 0 && most <= INT32_MAX);
    arena_init(&arena, ANSWER_BYTES_MAX);
    pg_add_int8(&params, after_id);
    pg_add_int4(&params, (int32_t)most);
    enum grove_code code = store_query(store, call, &arena, "dead_list.sql", &params, &rows, error);
    if (code == GROVE_OK) {
        CHECK((size_t)rows.count <= most);
        *ret_count = (size_t)rows.count;
        for (int r = 0; r < rows.count; r++)
            take_letter(&rows, r, &ret[r]);
    }
    arena_release(&arena);
    return code;
}

enum grove_code dead_retry(struct store *store, struct call *call, const int32_t *content_ids,
                           size_t count, size_t *ret_count, struct grove_error *error)
{
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(content_ids || count == 0);
    arena_init(&arena, ANSWER_BYTES_MAX);
    pg_add_int4_array(&params, &arena, content_ids, count);
    enum grove_code code =
        store_query(store, call, &arena, "dead_retry.sql", &params, &rows, error);
    if (code == GROVE_OK)
        *ret_count = (size_t)rows.count;
    arena_release(&arena);
    return code;
}

// Of contents that are gone those that the engine holds no point of.
static enum grove_code find_pointless(struct store *store, struct call *call, int32_t *ids,
                                      size_t *count, struct grove_error *error)
{
    struct vector_state states[VECTOR_BATCH_MAX];
    size_t left = 0;
    CHECK(*count <= VECTOR_BATCH_MAX);
    enum grove_code code = vector_states(store->engine, call, ids, *count, states, error);
    if (code != GROVE_OK)
        return code;
    for (size_t i = 0; i < *count; i++)
        if (!states[i].present)
            ids[left++] = ids[i];
    CHECK(left <= *count);
    *count = left;
    return GROVE_OK;
}

static enum grove_code forget(struct store *store, struct call *call, struct arena *arena,
                              int32_t *gone, size_t count, bool dry_run, struct dead_report *report,
                              struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {.count = 0};
    size_t pointless = count;
    if (count == 0)
        return GROVE_OK;
    enum grove_code code = find_pointless(store, call, gone, &pointless, error);
    pg_add_int4_array(&params, arena, gone, pointless);
    if (code == GROVE_OK && !dry_run)
        code = store_query(store, call, arena, "dead_forget.sql", &params, &rows, error);
    report->letters = dry_run ? (int64_t)pointless : (int64_t)rows.count;
    report->kept = (int64_t)count - report->letters;
    CHECK(code != GROVE_OK || report->kept >= 0);
    return code;
}

enum grove_code dead_drop(struct store *store, struct call *call, const struct dead_drop *drop,
                          struct dead_report *ret, struct grove_error *error)
{
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    int32_t gone[VECTOR_BATCH_MAX];
    size_t gone_count = 0;
    CHECK(drop->count <= VECTOR_BATCH_MAX);
    *ret = (struct dead_report){.contents = 0};
    arena_init(&arena, ANSWER_BYTES_MAX);
    pg_add_int4_array(&params, &arena, drop->content_ids, drop->count);
    pg_add_bool(&params, !drop->dry_run);
    enum grove_code code = store_query(store, call, &arena, "dead_drop.sql", &params, &rows, error);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++)
        if (pg_bool(&rows, r, 1))
            ret->contents++;
        else
            gone[gone_count++] = pg_int4(&rows, r, 0);
    CHECK(gone_count <= drop->count);
    if (code == GROVE_OK)
        code = forget(store, call, &arena, gone, gone_count, drop->dry_run, ret, error);
    arena_release(&arena);
    return code;
}
