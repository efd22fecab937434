// SPDX-License-Identifier: Apache-2.0
#include "catalog/migrate.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/migrate_private.h"

static const char create_ledger_sql[] =
    "CREATE SCHEMA IF NOT EXISTS grove;"
    "CREATE TABLE IF NOT EXISTS grove.migration ("
    " version integer PRIMARY KEY,"
    " name text NOT NULL,"
    " checksum text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),"
    " duration_ms integer NOT NULL)";

int migrate_wanted(void)
{
    return migration_newest();
}

int migrate_demanded(void)
{
    return migration_demanded();
}

void migrate_checksum(const struct migration *migration, char ret_digest[static SHA256_HEX_SIZE])
{
    sha256_hex((struct text){migration->file->data, migration->file->size_bytes}, ret_digest);
}

// --- what a database has -------------------------------------------------------------------------

// Which of both ledgers there are, without an error where one is not.
struct ledgers {
    bool first, second; // grove.migration; grove.ledger, with its view
};

static enum grove_code find_ledgers(struct pg_conn *conn, struct arena *arena, struct ledgers *ret,
                                    struct grove_error *error)
{
    static const struct pg_statement statement = {
        "", "-- answers: boolean, boolean\n"
            "SELECT to_regclass('grove.migration') IS NOT NULL,"
            " to_regclass('grove.schema_version') IS NOT NULL"};
    struct pg_rows rows;
    enum grove_code code = pg_query(conn, arena, &statement, NULL, &rows, error);
    if (code == GROVE_OK)
        *ret = (struct ledgers){pg_bool(&rows, 0, 0), pg_bool(&rows, 0, 1)};
    return code;
}

static enum grove_code read_schema(struct pg_conn *conn, struct arena *arena,
                                   const struct ledgers *ledgers, struct migrate_schema *ret,
                                   struct grove_error *error)
{
    static const struct pg_statement
        both = {"", "-- answers: integer, integer\n"
                    "SELECT version, compatible_from FROM grove.schema_version"},
        first = {"", "-- answers: integer, integer\n"
                     "SELECT coalesce(max(version), 0), coalesce(max(version), 0)"
                     " FROM grove.migration"};
    struct pg_rows rows;
    if (!ledgers->first) {
        *ret = (struct migrate_schema){0};
        return GROVE_OK;
    }
    enum grove_code code =
        pg_query(conn, arena, ledgers->second ? &both : &first, NULL, &rows, error);
    if (code == GROVE_OK)
        *ret = (struct migrate_schema){pg_int4(&rows, 0, 0), pg_int4(&rows, 0, 1)};
    return code;
}

enum grove_code migrate_read(struct pg_conn *conn, struct migrate_schema *ret,
                             struct grove_error *error)
{
    struct arena arena;
    struct ledgers ledgers;
    arena_init(&arena, 1 << 20);
    enum grove_code code = find_ledgers(conn, &arena, &ledgers, error);
    if (code == GROVE_OK)
        code = read_schema(conn, &arena, &ledgers, ret, error);
    arena_release(&arena);
    return code;
}

// --- whether this library can work with it -------------------------------------------------------

static bool is_too_new(const struct migrate_schema *schema)
{
    return schema->compatible_from > migrate_wanted();
}

static enum grove_code refuse_newer(const struct migrate_schema *schema, struct grove_error *error)
{
    CHECK(is_too_new(schema));
    int version = schema->version > migrate_wanted() ? schema->version : schema->compatible_from;
    error_set(error, GROVE_UNSUPPORTED, "the database has migration %d, this grove knows %d",
              version, migrate_wanted());
    error_detail(error, "what works with it knows migration %d", schema->compatible_from);
    error_hint(error, "use the grove that wrote it, or a newer one");
    return GROVE_UNSUPPORTED;
}

enum grove_code migrate_judge(const struct migrate_schema *schema, const char *database,
                              struct grove_error *error)
{
    if (is_too_new(schema))
        return refuse_newer(schema, error);
    if (schema->version >= migrate_demanded())
        return GROVE_OK;
    error_set(error, GROVE_NOT_FOUND,
              schema->version == 0 ? "the database at %s has no grove in it"
                                   : "the database at %s has an older grove's schema",
              database);
    error_hint(error, "run \"grove init\"");
    return GROVE_NOT_FOUND;
}

bool migrate_is_suspected(const struct grove_error *error)
{
    return strncmp(error->sqlstate, "42", 2) == 0 && strcmp(error->sqlstate, "42501") != 0;
}

// --- what was applied ----------------------------------------------------------------------------

static enum grove_code refuse_other(const struct migration *migration, struct text applied,
                                    const char *checksum, struct grove_error *error)
{
    error_set(error, GROVE_CORRUPT, "migration %d (\"%s\") in the database is not this grove's",
              migration->version, migration->file->name);
    error_detail(error, "its checksum there is %.*s, here %s", TEXT_ARGS(applied), checksum);
    error_hint(error, "a released migration never changes: this database was made by a "
                      "different build; load its data into a new one");
    return GROVE_CORRUPT;
}

// Those that this library knows must be its own, also those that were only begun.
static enum grove_code check_applied(struct migrating *self, bool both, struct grove_error *error)
{
    static const struct pg_statement
        of_both = {"", "-- answers: integer, text\n"
                       "SELECT version, checksum FROM grove.ledger UNION ALL"
                       " SELECT version, checksum FROM grove.migration ORDER BY version"},
        of_first = {"", "-- answers: integer, text\n"
                        "SELECT version, checksum FROM grove.migration ORDER BY version"};
    struct pg_rows rows;
    enum grove_code code =
        pg_query(self->conn, &self->arena, both ? &of_both : &of_first, NULL, &rows, error);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++) {
        struct migration migration;
        char checksum[SHA256_HEX_SIZE];
        if (pg_int4(&rows, r, 0) > migrate_wanted())
            continue;
        migration_find(pg_int4(&rows, r, 0), &migration);
        migrate_checksum(&migration, checksum);
        if (!text_equal(pg_text(&rows, r, 1), text_of(checksum)))
            code = refuse_other(&migration, pg_text(&rows, r, 1), checksum, error);
    }
    return code;
}

// What libraries go by that do not know of ranges.
static enum grove_code record_exact(struct migrating *self, const struct migration *migration,
                                    const char *checksum, int64_t duration_ms,
                                    struct grove_error *error)
{
    static const struct pg_statement statement = {
        "", "INSERT INTO grove.migration (version, name, checksum, duration_ms)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT (version) DO NOTHING"};
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, migration->version);
    pg_add_text(&params, text_of(migration->file->name));
    pg_add_text(&params, text_of(checksum));
    pg_add_int4(&params, (int32_t)duration_ms);
    return pg_query(self->conn, &self->arena, &statement, &params, &rows, error);
}

// In the transaction that applies it, or that begins it: then nobody may work any more who could
// not work with what will be left.
static enum grove_code record(struct migrating *self, const struct migration *migration,
                              bool applied, int64_t duration_ms, struct grove_error *error)
{
    static const struct pg_statement statement = {
        "", "INSERT INTO grove.ledger AS l (version, name, checksum, kind, compatible_from,"
            " applied_at, duration_ms)"
            " SELECT $1, $2, $3, $4, $5, CASE WHEN $6 THEN clock_timestamp() END, $7"
            " ON CONFLICT (version) DO UPDATE"
            " SET applied_at = coalesce(l.applied_at, excluded.applied_at),"
            " duration_ms = excluded.duration_ms"};
    struct pg_params params = {0};
    struct pg_rows rows;
    char checksum[SHA256_HEX_SIZE];
    migrate_checksum(migration, checksum);
    enum grove_code code = GROVE_OK;
    if (migration->compatible_from > MIGRATION_LAST_EXACT ||
        migration->version <= MIGRATION_LAST_EXACT)
        code = record_exact(self, migration, checksum, duration_ms, error);
    if (code != GROVE_OK || migration->version <= MIGRATION_LAST_EXACT)
        return code;
    pg_add_int4(&params, migration->version);
    pg_add_text(&params, text_of(migration->file->name));
    pg_add_text(&params, text_of(checksum));
    pg_add_text(&params, text_of(migration_kind_name(migration->kind)));
    pg_add_int4(&params, migration->compatible_from);
    pg_add_bool(&params, applied);
    pg_add_int4(&params, (int32_t)duration_ms);
    return pg_query(self->conn, &self->arena, &statement, &params, &rows, error);
}

// --- applying ------------------------------------------------------------------------------------

static enum grove_code begin_online(struct migrating *self, const struct migration *migration,
                                    struct grove_error *error)
{
    if (!self->locked) {
        error_set(error, GROVE_UNSUPPORTED,
                  "migration %s is made outside of transactions, and a pooler stands between",
                  migration->file->name);
        error_hint(error, "run \"grove init\" with the address of PostgreSQL itself");
        return GROVE_UNSUPPORTED;
    }
    return record(self, migration, false, 0, error);
}

static enum grove_code apply_at_once(struct migrating *self, const struct migration *migration,
                                     struct grove_error *error)
{
    struct text setup = migration_setup(migration);
    const char *sql = arena_printf(&self->arena, "%.*s", TEXT_ARGS(setup));
    int64_t start_us = clock_monotonic_us();
    enum grove_code code = sql ? GROVE_OK : error_no_memory(error, "a migration");
    if (code == GROVE_OK)
        code = pg_exec(self->conn, "SET LOCAL lock_timeout = '" MIGRATE_LOCK_PATIENCE "'", error);
    if (code == GROVE_OK)
        code = pg_exec(self->conn, sql, error);
    if (code != GROVE_OK) {
        error_context(error, "applying migration %s", migration->file->name);
        return code;
    }
    return record(self, migration, true, (clock_monotonic_us() - start_us) / 1000, error);
}

// In its own transaction. ret_next->version is 0 where there was nothing left to apply.
static enum grove_code apply_next(struct migrating *self, struct migration *ret_next,
                                  struct grove_error *error)
{
    struct ledgers ledgers;
    struct migrate_schema schema;
    enum grove_code code = find_ledgers(self->conn, &self->arena, &ledgers, error);
    // Who may not create schemas may still look whether something is missing.
    if (code == GROVE_OK && !ledgers.first)
        code = pg_exec(self->conn, create_ledger_sql, error);
    ledgers.first = true;
    if (code == GROVE_OK)
        code = read_schema(self->conn, &self->arena, &ledgers, &schema, error);
    if (code == GROVE_OK && is_too_new(&schema))
        code = refuse_newer(&schema, error);
    if (code == GROVE_OK)
        code = check_applied(self, ledgers.second, error);
    if (code != GROVE_OK || schema.version >= self->to)
        return code;
    migration_find(schema.version + 1, ret_next);
    return ret_next->kind == MIGRATION_ONLINE ? begin_online(self, ret_next, error)
                                              : apply_at_once(self, ret_next, error);
}

static enum grove_code apply_in_transaction(struct migrating *self, struct migration *ret_next,
                                            bool *ret_taken, struct grove_error *error)
{
    arena_clear(&self->arena);
    enum grove_code code = pg_begin(self->conn, error);
    if (code == GROVE_OK)
        code = migrate_lock_transaction(self, ret_taken, error);
    if (code == GROVE_OK && *ret_taken)
        code = apply_next(self, ret_next, error);
    if (code == GROVE_OK && ret_next->version > 0 && ret_next->kind != MIGRATION_ONLINE)
        code = INJECT(MIGRATION_APPLIED, error);
    if (code == GROVE_OK)
        code = pg_commit(self->conn, error);
    else
        pg_rollback(self->conn);
    return code;
}

static enum grove_code finish_online(struct migrating *self, const struct migration *migration,
                                     struct grove_error *error)
{
    int64_t start_us = clock_monotonic_us();
    enum grove_code code = migrate_online(self, migration, error);
    arena_clear(&self->arena);
    if (code == GROVE_OK)
        code = record(self, migration, true, (clock_monotonic_us() - start_us) / 1000, error);
    if (code != GROVE_OK) {
        error_context(error, "applying migration %s", migration->file->name);
        error_hint(error, "what was done of it stays; \"grove init\" goes on from there");
    }
    return code;
}

static enum grove_code attempt(struct migrating *self, bool *ret_done, struct grove_error *error)
{
    struct migration next = {0};
    bool taken = false;
    enum grove_code code = apply_in_transaction(self, &next, &taken, error);
    if (code == GROVE_DENIED)
        error_hint(error, "run \"grove init\" as the owner of schema grove");
    if (code != GROVE_OK)
        return migrate_waited_in_vain(error) ? migrate_wait(self, error) : code;
    if (!taken)
        return migrate_wait_for_lock(self, error);
    if (next.version > 0 && next.kind == MIGRATION_ONLINE)
        code = finish_online(self, &next, error);
    *ret_done = next.version == 0;
    self->applied += code == GROVE_OK && !*ret_done;
    self->begun_us = clock_monotonic_us();
    return code;
}

enum grove_code migrate_up_to(struct pg_conn *conn, const struct migrate_options *options,
                              unsigned *ret_applied, struct grove_error *error)
{
    struct migrating self = {.conn = conn,
                             .to = options->version ? options->version : migrate_wanted(),
                             .options = options,
                             .begun_us = clock_monotonic_us()};
    CHECK(self.to > 0 && self.to <= migrate_wanted());
    arena_init(&self.arena, 4 << 20);
    enum grove_code code = migrate_lock(&self, error);
    for (bool done = false; code == GROVE_OK && !done;)
        code = attempt(&self, &done, error);
    migrate_unlock(&self);
    arena_release(&self.arena);
    *ret_applied = self.applied;
    return code;
}

enum grove_code migrate_up(struct pg_conn *conn, unsigned *ret_applied, struct grove_error *error)
{
    return migrate_up_to(conn, &(struct migrate_options){0}, ret_applied, error);
}
