// SPDX-License-Identifier: Apache-2.0
#include "catalog/migrate_private.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/assets.h"

enum {
    PATIENCE_MS = 60000, // in all, for each migration
    PAUSE_MS = 400,      // between two attempts, and as much again by chance
};
static_assert((int)PATIENCE_MS > 10 * (int)PAUSE_MS, "it tries more than once");

// A deadlock is one of another session's that waits for the lock of migrations, as libraries did
// that did not know of ranges, and has a snapshot that an index waits for.
bool migrate_waited_in_vain(const struct grove_error *error)
{
    return strcmp(error->sqlstate, "55P03") == 0 || strcmp(error->sqlstate, "40P01") == 0;
}

static void pause_by_chance(void)
{
    unsigned char chance = 0; // as it is where there is none to be had
    (void)!getrandom(&chance, sizeof chance, GRND_NONBLOCK);
    clock_sleep_ms(PAUSE_MS + (unsigned)chance * PAUSE_MS / 255);
}

// Who has it may have gone meanwhile, or may not be shown to us: then nobody is named.
static void find_holder(struct migrating *self, bool migrates)
{
    struct pg_statement statement = {"", query_sql("migration_holders.sql")};
    struct pg_params params = {0};
    struct pg_rows rows;
    struct grove_error ignored;
    self->holder[0] = '\0';
    pg_add_bool(&params, migrates);
    if (pg_query(self->conn, &self->arena, &statement, &params, &rows, &ignored) != GROVE_OK ||
        rows.count != 1)
        return;
    text_format(self->holder, sizeof self->holder, "%.*s", TEXT_ARGS(pg_text(&rows, 0, 0)));
}

static void tell(struct migrating *self, const char *what, int64_t since_us)
{
    if (self->options->on_wait)
        self->options->on_wait(self->options->state, what, self->holder,
                               (double)(clock_monotonic_us() - since_us) / 1e6);
}

enum grove_code migrate_wait(struct migrating *self, struct grove_error *error)
{
    CHECK(migrate_waited_in_vain(error));
    find_holder(self, false);
    tell(self, "a lock on tables", self->begun_us);
    if (clock_monotonic_us() - self->begun_us < KNOB(MIGRATION_MS, PATIENCE_MS) * 1000) {
        pause_by_chance();
        return GROVE_OK;
    }
    if (self->holder[0])
        error_context(error, "waiting for a lock held by %s", self->holder);
    error_hint(error, "a long query or transaction uses what is to be changed: "
                      "see pg_stat_activity; try again when it has ended");
    return error->code;
}

// --- the lock of migrations ----------------------------------------------------------------------

static enum grove_code ask_for_lock(struct migrating *self, const char *sql, bool *ret_taken,
                                    struct grove_error *error)
{
    const struct pg_statement statement = {"", sql};
    struct pg_rows rows;
    enum grove_code code = pg_query(self->conn, &self->arena, &statement, NULL, &rows, error);
    if (code == GROVE_OK)
        *ret_taken = pg_bool(&rows, 0, 0);
    return code;
}

enum grove_code migrate_lock_transaction(struct migrating *self, bool *ret_taken,
                                         struct grove_error *error)
{
    static const char sql[] =
        "-- answers: boolean\nSELECT pg_try_advisory_xact_lock(" MIGRATE_LOCK_KEY ")";
    return ask_for_lock(self, sql, ret_taken, error);
}

enum grove_code migrate_wait_for_lock(struct migrating *self, struct grove_error *error)
{
    find_holder(self, true);
    self->asked_us = self->asked_us ? self->asked_us : clock_monotonic_us();
    tell(self, "the lock of migrations", self->asked_us);
    enum grove_code code = INJECT(MIGRATION_WAITS, error);
    if (code == GROVE_OK)
        pause_by_chance();
    self->begun_us = clock_monotonic_us(); // its own patience begins when it has the lock
    return code;
}

enum grove_code migrate_lock(struct migrating *self, struct grove_error *error)
{
    static const char sql[] =
        "-- answers: boolean\nSELECT pg_try_advisory_lock(" MIGRATE_LOCK_KEY ")";
    enum grove_code code = GROVE_OK;
    if (pg_is_pooled(self->conn))
        return GROVE_OK;
    while (code == GROVE_OK && !self->locked) {
        arena_clear(&self->arena);
        code = ask_for_lock(self, sql, &self->locked, error);
        if (code == GROVE_OK && !self->locked)
            code = migrate_wait_for_lock(self, error);
    }
    // Of a call that ended meanwhile.
    if (code != GROVE_OK && self->holder[0])
        error_context(error, "waiting for the lock of migrations, held by %s", self->holder);
    return code;
}

void migrate_unlock(struct migrating *self)
{
    struct grove_error ignored;
    if (!self->locked)
        return;
    self->locked = false;
    if (pg_exec(self->conn, "SELECT pg_advisory_unlock(" MIGRATE_LOCK_KEY ")", &ignored) !=
        GROVE_OK)
        pg_spoil(self->conn); // the lock goes with the session, also of a call that is over
}
