// SPDX-License-Identifier: Apache-2.0
//
// How far a comparison is, and what it found, in grove.verification: for who goes on with one that
// was broken off, and for status. A role that may only read compares as well, and leaves no record.
#include "sync/verify_private.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "pg/types.h"

enum { RECORD_BYTES_MAX = 1 << 20 };

// Nor does a schema of before there was a record take one.
static bool cannot_note(const struct grove_error *error)
{
    return pg_has_denied(error) || strcmp(error->sqlstate, "42P01") == 0;
}

static void add_scope(const struct verifier *self, struct pg_params *params)
{
    const char *path = self->request->scope.path;
    pg_add_text(params, text_of(self->store->collection));
    pg_add_text(params, path ? text_of(path) : (struct text){NULL, 0});
    pg_add_bool(params, self->request->quick);
}

// "1,0,2": as many as there are kinds, or fewer, of a library that knew fewer.
static void read_kinds(struct text text, int64_t ret[static VERIFY_KINDS])
{
    struct text part;
    for (int kind = 0; kind < VERIFY_KINDS; kind++)
        if (!text_split(&text, ',', &part) || !text_to_int64(part, &ret[kind]))
            ret[kind] = 0;
}

static enum grove_code resume(struct verifier *self, struct arena *arena, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    add_scope(self, &params);
    enum grove_code code =
        store_query(self->store, self->call, arena, "verify_resume.sql", &params, &rows, error);
    if (code != GROVE_OK || rows.count == 0)
        return code;
    CHECK(rows.count == 1);
    // What no comparison wrote is not gone on with.
    if (pg_int8(&rows, 0, 1) < INT32_MIN || pg_int8(&rows, 0, 1) > (int64_t)INT32_MAX + 1)
        return GROVE_OK;
    self->record = pg_int8(&rows, 0, 0);
    self->next_id = pg_int8(&rows, 0, 1);
    self->report.contents = pg_int8(&rows, 0, 2);
    self->report.points = pg_int8(&rows, 0, 3);
    self->report.proven = pg_int8(&rows, 0, 4);
    read_kinds(pg_text(&rows, 0, 5), self->report.kinds);
    self->seconds_before = pg_float8(&rows, 0, 6);
    self->report.resumed = true;
    return GROVE_OK;
}

static enum grove_code begin(struct verifier *self, struct arena *arena, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    add_scope(self, &params);
    pg_add_int8(&params, self->next_id);
    pg_add_int8_array(&params, arena, self->report.kinds, VERIFY_KINDS);
    enum grove_code code =
        store_query(self->store, self->call, arena, "verify_begin.sql", &params, &rows, error);
    if (code == GROVE_OK)
        self->record = pg_int8(&rows, 0, 0);
    CHECK(code != GROVE_OK || self->record > 0);
    return code;
}

static enum grove_code read_span(struct verifier *self, struct arena *arena,
                                 struct grove_error *error)
{
    struct pg_rows rows;
    enum grove_code code =
        store_query(self->store, self->call, arena, "verify_span.sql", NULL, &rows, error);
    if (code == GROVE_OK && !pg_is_null(&rows, 0, 0)) {
        self->first_id = pg_int4(&rows, 0, 0);
        self->last_id = pg_int4(&rows, 0, 1);
        CHECK(self->first_id <= self->last_id);
    }
    return code;
}

enum grove_code verify_record_begin(struct verifier *self, struct grove_error *error)
{
    struct arena arena;
    struct grove_error refused;
    arena_init(&arena, RECORD_BYTES_MAX);
    enum grove_code code = read_span(self, &arena, error);
    if (code == GROVE_OK && self->request->resume)
        code = resume(self, &arena, error);
    if (code == GROVE_OK && self->record == 0 && !self->request->unnoted) {
        code = begin(self, &arena, &refused);
        if (code != GROVE_OK && cannot_note(&refused))
            code = GROVE_OK;
        else if (code != GROVE_OK)
            *error = refused;
    }
    self->report.noted = self->record != 0;
    arena_release(&arena);
    return code;
}

enum grove_code verify_record_note(struct verifier *self, bool ended, struct grove_error *error)
{
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    if (self->record == 0)
        return GROVE_OK;
    arena_init(&arena, RECORD_BYTES_MAX);
    CHECK(self->record > 0);
    CHECK(!ended || self->suspect_count == 0);
    self->noted_us = clock_monotonic_us();
    pg_add_int8(&params, self->record);
    pg_add_int8(&params, self->next_id);
    pg_add_int8(&params, self->report.contents);
    pg_add_int8(&params, self->report.points);
    pg_add_int8(&params, self->report.proven);
    pg_add_int8_array(&params, &arena, self->report.kinds, VERIFY_KINDS);
    pg_add_float8(&params, verify_seconds(self));
    pg_add_bool(&params, ended);
    enum grove_code code =
        store_query(self->store, self->call, &arena, "verify_note.sql", &params, &rows, error);
    arena_release(&arena);
    return code;
}

enum grove_code verify_read_last(struct store *store, struct call *call, struct verify_last *ret,
                                 struct grove_error *error)
{
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    arena_init(&arena, RECORD_BYTES_MAX);
    *ret = (struct verify_last){.known = false};
    pg_add_text(&params, text_of(store->collection));
    enum grove_code code =
        store_query(store, call, &arena, "verify_last.sql", &params, &rows, error);
    if (code == GROVE_OK && rows.count == 1) {
        ret->known = true;
        snprintf(ret->path, sizeof ret->path, "%.*s", TEXT_ARGS(pg_text(&rows, 0, 0)));
        ret->quick = pg_bool(&rows, 0, 1);
        ret->age_seconds = pg_float8(&rows, 0, 2);
        ret->ended = pg_bool(&rows, 0, 3);
        ret->contents = pg_int8(&rows, 0, 4);
        read_kinds(pg_text(&rows, 0, 5), ret->kinds);
        ret->differences = verify_differences(ret->kinds);
    }
    arena_release(&arena);
    return code;
}
