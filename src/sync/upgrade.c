// SPDX-License-Identifier: Apache-2.0
#include "sync/upgrade.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/background.h"
#include "base/check.h"
#include "catalog/migrate.h"

enum { PAUSE_MS = 60000, POLL_MS = 200 };

struct upgrade {
    struct store *store;
    struct background *background;
    atomic_bool ended;              // whose the outcome is: ours where it is set, else the thread's
    struct upgrade_outcome outcome; // of the last attempt
};

static void bring_up(struct upgrade *self, struct pg_conn *conn)
{
    struct upgrade_outcome outcome = {0};
    outcome.code = migrate_up(conn, &outcome.applied, &outcome.error);
    if (outcome.applied == 0 && outcome.code == GROVE_OK)
        return;
    self->outcome = outcome;
    atomic_store(&self->ended, true);
}

static int64_t step(void *state, struct call *call)
{
    struct upgrade *self = state;
    struct grove_error ignored; // whoever looks what is due meets the same
    struct pg_conn *conn = NULL;
    struct migrate_schema schema;
    if (atomic_load(&self->ended))
        return POLL_MS;
    enum grove_code code = pg_take(self->store->pool, call, &conn, &ignored);
    if (code == GROVE_OK)
        code = migrate_read(conn, &schema, &ignored);
    if (code == GROVE_OK && schema.version < migrate_wanted())
        bring_up(self, conn);
    pg_give(&conn);
    return PAUSE_MS;
}

enum grove_code upgrade_start(struct store *store, struct upgrade **ret, struct grove_error *error)
{
    CHECK(store && !*ret);
    struct upgrade *self = mem_zalloc(sizeof *self);
    if (!self)
        return error_no_memory(error, "a thread that migrates");
    self->store = store;
    enum grove_code code =
        background_start("the migrations", 0, step, self, &self->background, error);
    if (code != GROVE_OK) {
        mem_free(self);
        return code;
    }
    *ret = self;
    return GROVE_OK;
}

bool upgrade_told(struct upgrade *self, struct upgrade_outcome *ret)
{
    CHECK(self);
    if (!atomic_load(&self->ended))
        return false;
    *ret = self->outcome;
    atomic_store(&self->ended, false);
    return true;
}

void upgrade_stop(struct upgrade *self)
{
    if (!self)
        return;
    background_stop(self->background);
    mem_free(self);
}
