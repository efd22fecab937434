// SPDX-License-Identifier: Apache-2.0
//
// Steps are noted when they are done. One that was done and not noted is done once more, which does
// no harm; an index that nobody finished making is dropped first.
#include "catalog/migrate_private.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"

static enum grove_code steps_done(struct migrating *self, int version, int *ret,
                                  struct grove_error *error)
{
    static const struct pg_statement statement = {
        "", "-- answers: integer\nSELECT steps_done FROM grove.ledger WHERE version = $1"};
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, version);
    enum grove_code code = pg_query(self->conn, &self->arena, &statement, &params, &rows, error);
    CHECK(code != GROVE_OK || rows.count == 1); // it was begun, and we have the lock
    if (code == GROVE_OK)
        *ret = pg_int4(&rows, 0, 0);
    return code;
}

static enum grove_code note_step(struct migrating *self, int version, int done,
                                 struct grove_error *error)
{
    static const struct pg_statement statement = {
        "", "UPDATE grove.ledger SET steps_done = $2 WHERE version = $1"};
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, version);
    pg_add_int4(&params, done);
    return pg_query(self->conn, &self->arena, &statement, &params, &rows, error);
}

// --- indexes -------------------------------------------------------------------------------------

enum index_state { INDEX_ABSENT, INDEX_INVALID, INDEX_VALID };

static enum grove_code look_at_index(struct migrating *self, struct text name,
                                     enum index_state *ret, struct grove_error *error)
{
    static const struct pg_statement statement = {
        "", "-- answers: boolean\n"
            "SELECT indisvalid FROM pg_catalog.pg_index WHERE indexrelid = to_regclass($1)"};
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, name);
    enum grove_code code = pg_query(self->conn, &self->arena, &statement, &params, &rows, error);
    if (code == GROVE_OK)
        *ret = rows.count == 0 ? INDEX_ABSENT : pg_bool(&rows, 0, 0) ? INDEX_VALID : INDEX_INVALID;
    return code;
}

static enum grove_code drop_invalid(struct migrating *self, struct text name,
                                    struct grove_error *error)
{
    enum index_state state;
    enum grove_code code = look_at_index(self, name, &state, error);
    if (code != GROVE_OK || state != INDEX_INVALID)
        return code;
    const char *sql =
        arena_printf(&self->arena, "DROP INDEX CONCURRENTLY IF EXISTS %.*s", TEXT_ARGS(name));
    return sql ? pg_exec(self->conn, sql, error) : error_no_memory(error, "a migration");
}

static enum grove_code check_valid(struct migrating *self, struct text name,
                                   struct grove_error *error)
{
    enum index_state state;
    enum grove_code code = look_at_index(self, name, &state, error);
    if (code == GROVE_OK && state != INDEX_VALID)
        code = error_set(error, GROVE_DATABASE, "the index %.*s was not finished", TEXT_ARGS(name));
    return code;
}

// --- steps ---------------------------------------------------------------------------------------

// Patient ones keep neither readers nor writers waiting while they wait.
static enum grove_code run_step(struct migrating *self, const struct migration_step *step,
                                struct grove_error *error)
{
    struct grove_error ignored;
    const char *sql = arena_printf(&self->arena, "%.*s", TEXT_ARGS(step->sql));
    enum grove_code code = sql ? GROVE_OK : error_no_memory(error, "a migration");
    if (code == GROVE_OK && step->index.length > 0)
        code = drop_invalid(self, step->index, error);
    if (code == GROVE_OK)
        code = pg_exec(self->conn,
                       step->brief ? "SET lock_timeout = '" MIGRATE_LOCK_PATIENCE "'"
                                   : "SET lock_timeout = 0",
                       error);
    if (code != GROVE_OK)
        return code;
    code = pg_exec(self->conn, sql, error);
    if (pg_reset_session(self->conn, &ignored) != GROVE_OK)
        pg_spoil(self->conn);
    if (code == GROVE_OK && step->index.length > 0)
        code = check_valid(self, step->index, error);
    return code;
}

// Again where others have what it locks.
static enum grove_code do_step(struct migrating *self, const struct migration_step *step,
                               struct grove_error *error)
{
    self->begun_us = clock_monotonic_us();
    for (;;) {
        enum grove_code code = run_step(self, step, error);
        if (code != GROVE_OK && migrate_waited_in_vain(error)) {
            code = migrate_wait(self, error);
            if (code == GROVE_OK)
                continue;
        }
        return code;
    }
}

enum grove_code migrate_online(struct migrating *self, const struct migration *migration,
                               struct grove_error *error)
{
    struct text rest = {migration->file->data, migration->file->size_bytes};
    struct migration_step step;
    int done = 0;
    CHECK(migration->kind == MIGRATION_ONLINE && self->locked);
    enum grove_code code = steps_done(self, migration->version, &done, error);
    if (code == GROVE_OK)
        code = INJECT(MIGRATION_BEGUN, error);
    for (int i = 1; code == GROVE_OK && migration_next_step(&rest, &step); i++) {
        if (i <= done)
            continue;
        arena_clear(&self->arena);
        code = do_step(self, &step, error);
        if (code == GROVE_OK)
            code = INJECT(MIGRATION_STEP, error);
        if (code == GROVE_OK)
            code = note_step(self, migration->version, i, error);
        if (code != GROVE_OK)
            error_context(error, "in step %d of it", i);
    }
    return code;
}
