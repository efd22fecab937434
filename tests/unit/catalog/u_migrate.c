// SPDX-License-Identifier: Apache-2.0
// Migrations, from an empty database on.
#include "../../support/stores.h"
#include "../../support/thread.h"

#include "base/inject.h"
#include "catalog/assets.h"
#include "catalog/migrate.h"
#include "catalog/migration.h"

// The test's database as one in which grove never was.
static struct pg_conn *without_grove(struct test_stores *stores)
{
    struct pg_conn *conn = test_session(stores);
    test_session_sql(conn, "DROP SCHEMA grove CASCADE; DROP SCHEMA public CASCADE;"
                           "CREATE SCHEMA public");
    return conn;
}

static void assert_schema(struct pg_conn *conn, int version, int compatible_from)
{
    struct grove_error error;
    struct migrate_schema schema;
    assert_ok(migrate_read(conn, &schema, &error), error);
    assert_int_equal(schema.version, version);
    assert_int_equal(schema.compatible_from, compatible_from);
}

static enum grove_code fail_second(void *state, enum inject_point point, struct grove_error *error)
{
    unsigned *passed = state;
    if (point != INJECT_MIGRATION_APPLIED || ++*passed != 2)
        return GROVE_OK;
    return error_set(error, GROVE_UNAVAILABLE, "the second one dies");
}

static void a_migration_and_its_row_are_committed_together(struct test_stores *stores)
{
    struct grove_error error;
    struct pg_conn *conn = without_grove(stores);
    unsigned passed = 0, applied = 0;
    assert_schema(conn, 0, 0);
    inject_set_hook(fail_second, &passed);
    assert_int_equal(migrate_up(conn, &applied, &error), GROVE_UNAVAILABLE);
    pg_rollback(conn);
    assert_schema(conn, 1, 1);
    assert_int_equal(test_sql_int(stores,
                                  "SELECT count(*) FROM pg_tables WHERE schemaname = 'grove'"
                                  " AND tablename = 'outbox'"),
                     0);
    inject_set_hook(NULL, NULL);
    assert_ok(migrate_up(conn, &applied, &error), error);
    assert_int_equal(applied, migrate_wanted() - 1);
    assert_ok(migrate_up(conn, &applied, &error), error);
    assert_int_equal(applied, 0);
}

struct migrating {
    struct pg_conn *conn;
    unsigned applied;
    enum grove_code code;
    struct grove_error error;
};

static void migrate(void *state)
{
    struct migrating *migrating = state;
    migrating->code = migrate_up(migrating->conn, &migrating->applied, &migrating->error);
}

// The key is said here once more: processes of several versions must agree on it.
static void give_the_lock_back(struct test_stores *stores)
{
    test_session_sql(stores->other, "COMMIT");
}

static void one_process_migrates_at_a_time(struct test_stores *stores)
{
    struct migrating migrating = {.conn = test_session(stores)};
    stores->other = test_session(stores);
    test_session_sql(stores->other, "BEGIN; SELECT pg_advisory_xact_lock(7454108919)");
    TEST_AT(stores, MIGRATION_WAITS, give_the_lock_back);
    migrate(&migrating);
    assert_ok(migrating.code, migrating.error);
    assert_int_equal(migrating.applied, 0);
    assert_int_equal(stores->reached[INJECT_MIGRATION_WAITS], 1);
}

// Who waits within PostgreSQL for the lock has a snapshot, and an index waits for all of those.
static void who_waits_has_no_snapshot(struct test_stores *stores)
{
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM pg_stat_activity"
                                          " WHERE datname = current_database()"
                                          " AND pid <> pg_backend_pid()"
                                          " AND (state = 'active' OR backend_xmin IS NOT NULL)"),
                     0);
    give_the_lock_back(stores);
}

static void who_waits_for_the_lock_keeps_no_index_waiting(struct test_stores *stores)
{
    struct migrating migrating = {.conn = test_session(stores)};
    stores->other = test_session(stores);
    test_session_sql(stores->other, "BEGIN; SELECT pg_advisory_xact_lock(7454108919)");
    TEST_AT(stores, MIGRATION_WAITS, who_waits_has_no_snapshot);
    migrate(&migrating);
    assert_ok(migrating.code, migrating.error);
    assert_int_equal(stores->reached[INJECT_MIGRATION_WAITS], 1);
}

// Migrations from this one on are applied again: it wants tables for itself, to put triggers on
// them. Not all do.
enum { LOCKING_VERSION = 15 };

// As a statement does that writes to all of grove's tables: whichever that migration wants.
static const char write_all_sql[] =
    "DO $$ BEGIN EXECUTE (SELECT 'LOCK TABLE ' || string_agg(oid::regclass::text, ', ')"
    "                            || ' IN ROW EXCLUSIVE MODE'"
    "                     FROM pg_class WHERE relnamespace = 'grove'::regnamespace"
    "                     AND relkind = 'r' AND relname <> 'migration'); END $$";

// What others ask of the table while a migration wants it, behind a statement that takes long.
static void a_migration_keeps_nobody_waiting(struct test_stores *stores)
{
    struct grove_error error = {0};
    struct pg_conn *query = test_session(stores), *other = test_session(stores);
    struct migrating migrating = {.conn = test_session(stores)};
    test_sql(stores, "DELETE FROM grove.migration WHERE version >= %d", LOCKING_VERSION);
    test_session_sql(query, "BEGIN; %s", write_all_sql);
    struct test_thread *thread = test_thread_start(stores, migrate, &migrating);
    test_wait_for_lock(stores);
    test_session_sql(other, "SET lock_timeout = '5s'");
    enum grove_code code = pg_exec(other, write_all_sql, &error);
    test_session_sql(query, "COMMIT"); // whatever came of it: the migration waits for that
    test_thread_join(thread);
    assert_ok(code, error);
    assert_ok(migrating.code, migrating.error);
    assert_int_equal(migrating.applied, migrate_wanted() - LOCKING_VERSION + 1);
}

static void a_migration_does_not_try_for_ever(struct test_stores *stores)
{
    struct pg_conn *query = test_session(stores);
    struct migrating migrating = {.conn = test_session(stores)};
    test_sql(stores, "DELETE FROM grove.migration WHERE version >= %d", LOCKING_VERSION);
    test_session_sql(query, "BEGIN; %s", write_all_sql);
    inject_set_knob(INJECT_KNOB_MIGRATION_MS, 1);
    migrate(&migrating);
    inject_set_knob(INJECT_KNOB_MIGRATION_MS, 0);
    assert_int_not_equal(migrating.code, GROVE_OK);
    assert_non_null(strstr(migrating.error.hint, "long query"));
    assert_non_null(strstr(migrating.error.context, "waiting for a lock held by process "));
    test_session_sql(query, "COMMIT");
    migrate(&migrating);
    assert_ok(migrating.code, migrating.error);
}

static void a_changed_migration_is_told(struct test_stores *stores)
{
    struct grove_error error;
    unsigned applied;
    struct pg_conn *conn = test_session(stores);
    test_sql(stores, "UPDATE grove.migration SET checksum = 'another' WHERE version = 2");
    assert_int_equal(migrate_up(conn, &applied, &error), GROVE_CORRUPT);
    pg_rollback(conn);
    assert_non_null(strstr(error.message, "migration 2"));
}

static void a_newer_database_is_refused(struct test_stores *stores)
{
    struct grove_error error;
    unsigned applied;
    struct pg_conn *conn = test_session(stores);
    test_sql(stores, "INSERT INTO grove.migration (version, name, checksum, duration_ms)"
                     " VALUES (9999, 'of the future', '', 0)");
    assert_int_equal(migrate_up(conn, &applied, &error), GROVE_UNSUPPORTED);
    pg_rollback(conn);
}

static void ask_for_nothing(void *state)
{
    (void)state;
    (void)!query_sql("nowhere.sql");
}

static void a_statement_that_is_not_there_is_a_bug(struct test_stores *stores)
{
    (void)stores;
    assert_non_null(query_sql("score.sql"));
    assert_true(test_fails_a_check(ask_for_nothing, NULL));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_migration_and_its_row_are_committed_together),
        STORES_TEST(one_process_migrates_at_a_time),
        STORES_TEST(who_waits_for_the_lock_keeps_no_index_waiting),
        STORES_TEST(a_migration_keeps_nobody_waiting),
        STORES_TEST(a_migration_does_not_try_for_ever),
        STORES_TEST(a_changed_migration_is_told),
        STORES_TEST(a_newer_database_is_refused),
        STORES_TEST(a_statement_that_is_not_there_is_a_bug),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
