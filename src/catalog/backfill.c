// SPDX-License-Identifier: Apache-2.0
#include "catalog/backfill.h"

#include "base/check.h"
#include "base/inject.h"
#include "catalog/store.h"
#include "catalog/migrate_private.h"
#include "pg/types.h"

enum { BACKFILL_ROWS = 1024, ARENA_BYTES_MAX = 1 << 20 };

struct chunk {
    struct pg_conn *conn;
    struct arena arena;
    int64_t left; // backfills that are not finished
    int version;  // 0: none, or others have it
    int64_t from; // INT64_MIN: from the beginning
};

static enum grove_code take(struct chunk *self, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, migrate_wanted());
    enum grove_code code =
        store_query_on(self->conn, &self->arena, "backfill_take.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == 1);
    self->left = pg_int8(&rows, 0, 0);
    self->version = pg_is_null(&rows, 0, 1) ? 0 : pg_int4(&rows, 0, 1);
    self->from = pg_is_null(&rows, 0, 2) ? INT64_MIN : pg_int8(&rows, 0, 2);
    return GROVE_OK;
}

// *ret_to: INT64_MIN where nothing was left to fill.
static enum grove_code fill(struct chunk *self, int64_t *ret_to, struct grove_error *error)
{
    struct migration migration;
    struct pg_params params = {0};
    struct pg_rows rows;
    migration_find(self->version, &migration);
    const struct pg_statement statement = {"", migration_chunk(&migration).data};
    CHECK(statement.sql);
    pg_add_int8(&params, self->from);
    pg_add_int4(&params, (int32_t)KNOB(BACKFILL_ROWS, BACKFILL_ROWS));
    enum grove_code code = pg_query(self->conn, &self->arena, &statement, &params, &rows, error);
    if (code != GROVE_OK) {
        error_context(error, "filling in what migration %s left", migration.file->name);
        return code;
    }
    CHECK(rows.count == 1);
    *ret_to = pg_is_null(&rows, 0, 0) ? INT64_MIN : pg_int8(&rows, 0, 0);
    CHECK(*ret_to == INT64_MIN || *ret_to > self->from); // it comes to an end
    return GROVE_OK;
}

static enum grove_code note(struct chunk *self, int64_t to, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, self->version);
    if (to == INT64_MIN)
        pg_add_null(&params, PG_INT8);
    else
        pg_add_int8(&params, to);
    return store_query_on(self->conn, &self->arena, "backfill_note.sql", &params, &rows, error);
}

static enum grove_code fill_and_note(struct chunk *self, struct grove_error *error)
{
    int64_t to = INT64_MIN;
    enum grove_code code = pg_begin(self->conn, error);
    if (code == GROVE_OK)
        code = pg_exec(self->conn, "SET LOCAL lock_timeout = '" MIGRATE_LOCK_PATIENCE "'", error);
    if (code == GROVE_OK)
        code = take(self, error);
    if (code == GROVE_OK && self->version > 0) {
        code = fill(self, &to, error);
        if (code == GROVE_OK)
            code = note(self, to, error);
        if (code == GROVE_OK)
            code = INJECT(BACKFILL_FILLED, error);
    }
    if (code == GROVE_OK)
        code = pg_commit(self->conn, error);
    else
        pg_rollback(self->conn);
    return code;
}

enum grove_code backfill_chunk(struct pg_conn *conn, bool *ret_filled, bool *ret_left,
                               struct grove_error *error)
{
    struct chunk self = {.conn = conn};
    arena_init(&self.arena, ARENA_BYTES_MAX);
    enum grove_code code = fill_and_note(&self, error);
    bool busy = code != GROVE_OK && migrate_waited_in_vain(error); // whoever comes next tries again
    if (code == GROVE_OK || busy) {
        *ret_filled = !busy && self.version > 0;
        *ret_left = busy || self.left > 0;
    }
    arena_release(&self.arena);
    return busy ? GROVE_OK : code;
}
