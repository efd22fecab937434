// SPDX-License-Identifier: Apache-2.0
#include "catalog/migrate.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

#include "base/asset.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/inject.h"
#include "catalog/assets.h"

// "grove" as a number: the same in every grove process, and unlikely in anyone else's.
#define LOCK_KEY "7454108919"

// A migration takes locks that nobody else's statements go beside. While it waits for one, behind a
// long query say, all others wait behind it: so it waits for a moment only, lets them go on, and
// tries again.
#define LOCK_PATIENCE "500ms"
enum {
    PATIENCE_MS = 60000, // in all, for each migration
    PAUSE_MS = 400,      // between two attempts, and as much again by chance
};
static_assert((int)PATIENCE_MS > 10 * (int)PAUSE_MS, "it tries more than once");

static const char create_ledger_sql[] =
    "CREATE SCHEMA IF NOT EXISTS grove;"
    "CREATE TABLE IF NOT EXISTS grove.migration ("
    " version integer PRIMARY KEY,"
    " name text NOT NULL,"
    " checksum text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),"
    " duration_ms integer NOT NULL)";

// Files are named "0001_what.sql" and embedded in order.
static int version_of(const struct asset *file)
{
    int version = 0;
    for (const char *c = file->name; *c >= '0' && *c <= '9'; c++)
        version = version * 10 + (*c - '0');
    CHECK(version > 0);
    return version;
}

int migrate_wanted(void)
{
    int newest = 0;
    for (const struct asset *file = migration_files; file->name; file++) {
        CHECK(version_of(file) == newest + 1);
        newest = version_of(file);
    }
    return newest;
}

// Whether the table exists, without an error where it does not.
static enum grove_code ledger_exists(struct pg_conn *conn, struct arena *arena, bool *ret_exists,
                                     struct grove_error *error)
{
    static const struct pg_statement statement = {
        "", "-- answers: boolean\nSELECT to_regclass('grove.migration') IS NOT NULL"};
    struct pg_rows rows;
    enum grove_code code = pg_query(conn, arena, &statement, NULL, &rows, error);
    if (code == GROVE_OK)
        *ret_exists = pg_bool(&rows, 0, 0);
    return code;
}

static enum grove_code read_version(struct pg_conn *conn, struct arena *arena, int *ret_version,
                                    struct grove_error *error)
{
    bool exists;
    enum grove_code code = ledger_exists(conn, arena, &exists, error);
    if (code != GROVE_OK)
        return code;
    if (!exists) {
        *ret_version = 0;
        return GROVE_OK;
    }
    static const struct pg_statement statement = {
        "", "-- answers: integer\nSELECT coalesce(max(version), 0) FROM grove.migration"};
    struct pg_rows rows;
    code = pg_query(conn, arena, &statement, NULL, &rows, error);
    if (code == GROVE_OK)
        *ret_version = pg_int4(&rows, 0, 0);
    return code;
}

enum grove_code migrate_version(struct pg_conn *conn, int *ret_version, struct grove_error *error)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    enum grove_code code = read_version(conn, &arena, ret_version, error);
    arena_release(&arena);
    return code;
}

static enum grove_code refuse_newer(int version, struct grove_error *error)
{
    CHECK(version > migrate_wanted());
    error_set(error, GROVE_UNSUPPORTED, "the database has migration %d, this grove knows %d",
              version, migrate_wanted());
    error_hint(error, "use the grove that wrote it, or a newer one");
    return GROVE_UNSUPPORTED;
}

enum grove_code migrate_judge(int version, const char *database, struct grove_error *error)
{
    if (version == migrate_wanted())
        return GROVE_OK;
    if (version > migrate_wanted())
        return refuse_newer(version, error);
    error_set(error, GROVE_NOT_FOUND,
              version == 0 ? "the database at %s has no grove in it"
                           : "the database at %s has an older grove's schema",
              database);
    error_hint(error, "run \"grove init\"");
    return GROVE_NOT_FOUND;
}

bool migrate_is_suspected(const struct grove_error *error)
{
    return strncmp(error->sqlstate, "42", 2) == 0 && strcmp(error->sqlstate, "42501") != 0;
}

static enum grove_code check_applied(struct pg_conn *conn, struct arena *arena,
                                     struct grove_error *error)
{
    static const struct pg_statement statement = {
        "", "-- answers: integer, text, text\n"
            "SELECT version, name, checksum FROM grove.migration ORDER BY version"};
    struct pg_rows rows;
    enum grove_code code = pg_query(conn, arena, &statement, NULL, &rows, error);
    if (code != GROVE_OK)
        return code;
    for (int r = 0; r < rows.count; r++) {
        int version = pg_int4(&rows, r, 0);
        if (version > migrate_wanted())
            return refuse_newer(version, error);
        const struct asset *file = &migration_files[version - 1];
        char checksum[SHA256_HEX_SIZE];
        sha256_hex((struct text){file->data, file->size_bytes}, checksum);
        struct text applied = pg_text(&rows, r, 2);
        if (text_equal(applied, text_of(checksum)))
            continue;
        error_set(error, GROVE_CORRUPT, "migration %d (\"%s\") in the database is not this grove's",
                  version, file->name);
        error_detail(error, "its checksum there is %.*s, here %s", TEXT_ARGS(applied), checksum);
        error_hint(error, "a released migration never changes: this database was made by a "
                          "different build; load its data into a new one");
        return GROVE_CORRUPT;
    }
    return GROVE_OK;
}

// In its own transaction; *ret_done when there was nothing left to apply.
static enum grove_code apply_next(struct pg_conn *conn, struct arena *arena, bool *ret_done,
                                  struct grove_error *error)
{
    enum grove_code code = pg_exec(conn, "SELECT pg_advisory_xact_lock(" LOCK_KEY ")", error);
    if (code == GROVE_OK)
        code = pg_exec(conn, create_ledger_sql, error);
    if (code == GROVE_OK)
        code = check_applied(conn, arena, error);
    int version = 0;
    if (code == GROVE_OK)
        code = read_version(conn, arena, &version, error);
    if (code != GROVE_OK)
        return code;
    *ret_done = version == migrate_wanted();
    if (*ret_done)
        return GROVE_OK;

    const struct asset *file = &migration_files[version];
    int64_t start_us = clock_monotonic_us();
    code = pg_exec(conn, "SET LOCAL lock_timeout = '" LOCK_PATIENCE "'", error);
    if (code == GROVE_OK)
        code = pg_exec(conn, file->data, error);
    if (code != GROVE_OK) {
        error_context(error, "applying migration %s", file->name);
        return code;
    }
    char checksum[SHA256_HEX_SIZE];
    sha256_hex((struct text){file->data, file->size_bytes}, checksum);
    static const struct pg_statement record = {
        "", "INSERT INTO grove.migration (version, name, checksum, duration_ms)"
            " VALUES ($1, $2, $3, $4)"};
    struct pg_params params = {0};
    pg_add_int4(&params, version + 1);
    pg_add_text(&params, text_of(file->name));
    pg_add_text(&params, text_of(checksum));
    pg_add_int4(&params, (int32_t)((clock_monotonic_us() - start_us) / 1000));
    struct pg_rows rows;
    return pg_query(conn, arena, &record, &params, &rows, error);
}

static enum grove_code apply_in_transaction(struct pg_conn *conn, struct arena *arena,
                                            bool *ret_done, struct grove_error *error)
{
    arena_clear(arena);
    enum grove_code code = pg_begin(conn, error);
    if (code == GROVE_OK)
        code = apply_next(conn, arena, ret_done, error);
    if (code == GROVE_OK && !*ret_done)
        code = INJECT(MIGRATION_APPLIED, error);
    if (code == GROVE_OK)
        code = pg_commit(conn, error);
    else
        pg_rollback(conn);
    return code;
}

static bool waited_for_a_lock(const struct grove_error *error)
{
    return strcmp(error->sqlstate, "55P03") == 0;
}

static void pause_by_chance(void)
{
    unsigned char chance = 0; // as it is where there is none to be had
    (void)!getrandom(&chance, sizeof chance, GRND_NONBLOCK);
    clock_sleep_ms(PAUSE_MS + (unsigned)chance * PAUSE_MS / 255);
}

enum grove_code migrate_up(struct pg_conn *conn, unsigned *ret_applied, struct grove_error *error)
{
    unsigned applied = 0;
    struct arena arena;
    arena_init(&arena, 4 << 20);
    enum grove_code code = GROVE_OK;
    int64_t begun_us = clock_monotonic_us();
    for (bool done = false; code == GROVE_OK && !done;) {
        code = apply_in_transaction(conn, &arena, &done, error);
        if (code == GROVE_OK) {
            applied += !done;
            begun_us = clock_monotonic_us();
        } else if (waited_for_a_lock(error)) {
            if (clock_monotonic_us() - begun_us < KNOB(MIGRATION_MS, PATIENCE_MS) * 1000) {
                pause_by_chance();
                code = GROVE_OK;
                continue;
            }
            error_hint(error, "a long query or transaction uses what is to be changed: "
                              "see pg_stat_activity; try again when it has ended");
        }
    }
    arena_release(&arena);
    *ret_applied = applied;
    return code;
}
