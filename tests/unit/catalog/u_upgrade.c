// SPDX-License-Identifier: Apache-2.0
// Migrations of each kind, and libraries of several versions on one database. Those that come are
// of tests/support/migrations: a table, an index made online, a backfill, and one that no library
// of before can work with.
#include "../../support/stores.h"
#include "../../support/thread.h"

#include "base/clock.h"
#include "catalog/assets.h"
#include "catalog/migrate.h"
#include "catalog/migration.h"
#include "sync/projector.h"

enum { COLUMN = 1, INDEX, BACKFILL, RENAMED }; // later than the newest of sql/ by so many

static void know_what_there_is(void *state)
{
    (void)state;
    inject_set_knob(INJECT_KNOB_SCHEMA_KNOWN, 0);
}

// From now on the library knows so many migrations more than there are; its newest one.
static int know(struct test_stores *stores, int later)
{
    know_what_there_is(NULL);
    int newest = migrate_wanted() + later;
    inject_set_knob(INJECT_KNOB_SCHEMA_KNOWN, newest);
    if (!stores->other)
        test_at_end(stores, TEST_LAST, know_what_there_is, NULL);
    stores->other = stores;
    stores->store.model_read_at_us = 0; // it is read anew
    return newest;
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

static void upgrade(struct test_stores *stores, unsigned applied)
{
    struct migrating migrating = {.conn = test_session(stores)};
    migrate(&migrating);
    assert_ok(migrating.code, migrating.error);
    assert_int_equal(migrating.applied, applied);
}

static enum grove_code judge(struct test_stores *stores, struct grove_error *error)
{
    struct migrate_schema schema;
    assert_ok(migrate_read(stores->sessions[0], &schema, error), *error);
    return migrate_judge(&schema, "here", error);
}

static int64_t version(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT version FROM grove.schema_version");
}

// --- which library works with which schema -------------------------------------------------------

static void an_older_library_goes_on_where_the_schema_lets_it(struct test_stores *stores)
{
    struct grove_error error = {0};
    (void)test_session(stores);
    int newer = know(stores, BACKFILL);
    upgrade(stores, BACKFILL);
    know(stores, 0);
    assert_int_equal(version(stores), newer);
    assert_ok(judge(stores, &error), error);
    assert_ok(store_refresh_model(&stores->store, NULL, &error), error);
    upgrade(stores, 0); // nothing is its to do
    assert_int_equal(version(stores), newer);
}

static void an_older_library_ends_where_it_cannot_work(struct test_stores *stores)
{
    struct grove_error error = {0};
    (void)test_session(stores);
    int newest = know(stores, RENAMED);
    upgrade(stores, RENAMED);
    know(stores, BACKFILL);
    assert_int_equal(judge(stores, &error), GROVE_UNSUPPORTED);
    assert_non_null(strstr(error.message, arena_printf(&stores->arena, "migration %d,", newest)));
    assert_int_equal(store_refresh_model(&stores->store, NULL, &error), GROVE_UNSUPPORTED);
    assert_true(atomic_load(&stores->store.schema_doubted));
    struct migrating migrating = {.conn = test_session(stores)};
    migrate(&migrating);
    assert_int_equal(migrating.code, GROVE_UNSUPPORTED);
}

static void a_newer_library_works_without_what_it_does_not_demand(struct test_stores *stores)
{
    struct grove_error error = {0};
    (void)test_session(stores);
    know(stores, BACKFILL);
    assert_ok(judge(stores, &error), error);
    assert_ok(store_refresh_model(&stores->store, NULL, &error), error);
    know(stores, RENAMED);
    assert_int_equal(judge(stores, &error), GROVE_NOT_FOUND);
    assert_string_equal(error.hint, "run \"grove init\"");
}

// Those from before there were ranges know grove.migration alone.
static void libraries_without_ranges_are_told_as_they_ask(struct test_stores *stores)
{
    static const char newest[] = "SELECT max(version) FROM grove.migration";
    (void)test_session(stores);
    know(stores, BACKFILL);
    upgrade(stores, BACKFILL);
    assert_int_equal(test_sql_int(stores, newest), MIGRATION_LAST_EXACT);
    know(stores, RENAMED);
    upgrade(stores, 1);
    assert_int_equal(test_sql_int(stores, newest), migrate_wanted());
}

static void what_a_migration_says_is_known(struct test_stores *stores)
{
    struct migration migration;
    know(stores, RENAMED);
    migration_find(MIGRATION_LAST_EXACT, &migration);
    assert_int_equal(migration.compatible_from, MIGRATION_LAST_EXACT);
    assert_true(migration.demanded && migration.kind == MIGRATION_TRANSACTIONAL);
    migration_find(migrate_wanted() - RENAMED + INDEX, &migration);
    assert_true(!migration.demanded && migration.kind == MIGRATION_ONLINE);
    assert_int_equal(migrate_demanded(), migrate_wanted());
    know(stores, BACKFILL);
    // Of the others the newest that is, which need not be the newest.
    for (int version = migrate_wanted(); version >= migrate_demanded(); version--) {
        migration_find(version, &migration);
        assert_true(migration.demanded == (version == migrate_demanded()));
    }
    assert_true(migrate_demanded() <= migrate_wanted() - BACKFILL);
}

static void who_lacks_the_rights_is_told_whose_they_are(struct test_stores *stores)
{
    struct migrating migrating = {.conn = test_session(stores)};
    struct grove_error error = {0};
    know(stores, COLUMN);
    test_session_sql(migrating.conn,
                     "CREATE ROLE u_upgrade_guest; GRANT USAGE ON SCHEMA grove TO u_upgrade_guest;"
                     "GRANT SELECT ON ALL TABLES IN SCHEMA grove TO u_upgrade_guest;"
                     "SET ROLE u_upgrade_guest");
    migrate(&migrating);
    enum grove_code code = judge(stores, &error); // it may go on without
    test_session_sql(migrating.conn, "RESET ROLE; DROP OWNED BY u_upgrade_guest;"
                                     "DROP ROLE u_upgrade_guest");
    assert_int_equal(migrating.code, GROVE_DENIED);
    assert_non_null(strstr(migrating.error.hint, "owner of schema grove"));
    assert_ok(code, error);
}

// --- online --------------------------------------------------------------------------------------

static void assert_made(struct test_stores *stores)
{
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM pg_index WHERE indisvalid AND"
                                          " indexrelid = to_regclass('public.idx_content_words')"),
                     1);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM pg_constraint WHERE convalidated"
                                          " AND conname = 'words_are_counted'"),
                     1);
}

// Each step is killed when it is done and not noted, and done once more.
static void an_online_migration_goes_on_where_it_ended(struct test_stores *stores)
{
    enum { STEPS = 3 };
    int newest = know(stores, INDEX);
    for (int i = 0; i <= STEPS; i++) {
        struct migrating migrating = {.conn = test_session(stores)};
        test_at_forget(stores);
        test_at(stores, &(struct test_step){i == 0 ? INJECT_MIGRATION_BEGUN : INJECT_MIGRATION_STEP,
                                            i == 0 ? 1 : 2 - (i == 1), NULL, GROVE_UNAVAILABLE});
        migrate(&migrating);
        assert_int_equal(migrating.code, GROVE_UNAVAILABLE);
        assert_int_equal(version(stores), newest - 1);
        assert_int_equal(
            test_sql_int(stores, "SELECT steps_done FROM grove.ledger WHERE version = %d", newest),
            i == 0 ? 0 : i - 1);
    }
    test_at_forget(stores);
    upgrade(stores, 1);
    assert_int_equal(version(stores), newest);
    assert_made(stores);
}

// Whoever knows one that was only begun may be needed to work with what it has done so far.
static void what_was_begun_counts_for_who_may_work(struct test_stores *stores)
{
    struct migrating migrating = {.conn = test_session(stores)};
    struct grove_error error = {0};
    int newest = know(stores, INDEX);
    TEST_FAIL_AT(stores, MIGRATION_BEGUN, NULL);
    migrate(&migrating);
    test_sql(stores, "UPDATE grove.ledger SET compatible_from = %d WHERE version = %d", newest,
             newest);
    know(stores, COLUMN);
    assert_int_equal(judge(stores, &error), GROVE_UNSUPPORTED);
}

static void an_index_that_nobody_finished_is_made_anew(struct test_stores *stores)
{
    struct migrating migrating = {.conn = test_session(stores)};
    know(stores, INDEX);
    test_at(stores, &(struct test_step){INJECT_MIGRATION_STEP, 3, NULL, GROVE_UNAVAILABLE});
    migrate(&migrating);
    assert_int_equal(migrating.code, GROVE_UNAVAILABLE);
    test_sql(stores, "UPDATE pg_index SET indisvalid = false"
                     " WHERE indexrelid = 'public.idx_content_words'::regclass");
    test_at_forget(stores);
    upgrade(stores, 1);
    assert_made(stores);
}

// An index is made beside a transaction that has written: it waits for that one, nobody for it.
static void writers_go_on_while_an_index_is_made(struct test_stores *stores)
{
    struct grove_error error = {0};
    struct pg_conn *writer = test_session(stores), *other = test_session(stores);
    struct migrating migrating = {.conn = test_session(stores)};
    int32_t id = test_content(stores, &(struct test_content){.title = "a"});
    know(stores, COLUMN);
    upgrade(stores, 1);
    know(stores, INDEX);
    test_at(stores, &(struct test_step){INJECT_MIGRATION_STEP, 2, NULL, GROVE_UNAVAILABLE});
    migrate(&migrating);
    test_at_forget(stores);
    test_session_sql(writer, "BEGIN; UPDATE content_metadata SET word_count = 1 WHERE id = %d", id);
    struct test_thread *thread = test_thread_start(stores, migrate, &migrating);
    test_wait_for_lock(stores);
    test_session_sql(other, "SET lock_timeout = '5s'");
    enum grove_code code = pg_exec(other,
                                   "UPDATE content_metadata SET chunk_number = 7 WHERE title = 'b';"
                                   "INSERT INTO grove.setting VALUES ('x', 'y')",
                                   &error);
    int64_t held = test_sql_int(stores, "SELECT count(*) FROM pg_locks WHERE NOT granted"
                                        " AND locktype = 'relation'");
    test_session_sql(writer, "COMMIT");
    test_thread_join(thread);
    assert_ok(code, error);
    assert_int_equal(held, 0); // it stands in no queue
    assert_ok(migrating.code, migrating.error);
    assert_made(stores);
}

static void a_brief_step_keeps_nobody_waiting(struct test_stores *stores)
{
    struct grove_error error = {0};
    struct pg_conn *writer = test_session(stores), *other = test_session(stores);
    struct migrating migrating = {.conn = test_session(stores)};
    int32_t id = test_content(stores, &(struct test_content){.title = "a"});
    know(stores, INDEX);
    test_session_sql(writer, "BEGIN; UPDATE content_metadata SET word_count = 1 WHERE id = %d", id);
    struct test_thread *thread = test_thread_start(stores, migrate, &migrating);
    test_wait_for_lock(stores);
    test_session_sql(other, "SET lock_timeout = '5s'");
    enum grove_code code = pg_exec(other, "SELECT FROM content_metadata", &error);
    test_session_sql(writer, "COMMIT");
    test_thread_join(thread);
    assert_ok(code, error);
    assert_ok(migrating.code, migrating.error);
    assert_made(stores);
}

struct told {
    struct pg_conn *writer;
    unsigned times;
    char holder[200];
};

static void hear(void *state, const char *what, const char *holder, double seconds)
{
    struct told *told = state;
    assert_string_equal(what, "a lock on tables");
    assert_true(seconds > 0);
    text_format(told->holder, sizeof told->holder, "%s", holder);
    if (told->times++ == 0)
        test_session_sql(told->writer, "COMMIT");
}

static void who_is_waited_for_is_told_meanwhile(struct test_stores *stores)
{
    struct pg_conn *conn = test_session(stores);
    struct told told = {.writer = test_session(stores)};
    struct grove_error error;
    unsigned applied;
    int32_t id = test_content(stores, &(struct test_content){.title = "a"});
    know(stores, INDEX);
    test_session_sql(told.writer, "BEGIN; UPDATE content_metadata SET word_count = 1 WHERE id = %d",
                     id);
    assert_ok(migrate_up_to(conn, &(struct migrate_options){.on_wait = hear, .state = &told},
                            &applied, &error),
              error);
    assert_true(told.times >= 1);
    assert_non_null(strstr(told.holder, "word_count = 1"));
    assert_made(stores);
}

static void a_brief_step_is_not_tried_for_ever(struct test_stores *stores)
{
    struct pg_conn *writer = test_session(stores);
    struct migrating migrating = {.conn = test_session(stores)};
    int32_t id = test_content(stores, &(struct test_content){.title = "a"});
    know(stores, INDEX);
    test_session_sql(writer, "BEGIN; UPDATE content_metadata SET word_count = 1 WHERE id = %d", id);
    inject_set_knob(INJECT_KNOB_MIGRATION_MS, 1);
    migrate(&migrating);
    inject_set_knob(INJECT_KNOB_MIGRATION_MS, 0);
    test_session_sql(writer, "COMMIT");
    assert_int_not_equal(migrating.code, GROVE_OK);
    assert_non_null(strstr(migrating.error.context, "waiting for a lock held by process "));
    assert_non_null(strstr(migrating.error.context, "word_count = 1"));
    upgrade(stores, 1);
    assert_made(stores);
}

static void migrate_beside(struct test_stores *stores)
{
    struct migrating *other = stores->other;
    inject_set_knob(INJECT_KNOB_MIGRATION_MS, 1);
    migrate(other);
    inject_set_knob(INJECT_KNOB_MIGRATION_MS, 0);
}

// While one has begun, and until it is done.
static void who_migrates_online_keeps_others_out(struct test_stores *stores)
{
    struct migrating migrating = {.conn = test_session(stores)};
    struct migrating other = {.conn = test_session(stores)};
    know(stores, INDEX);
    test_at(stores, &(struct test_step){INJECT_MIGRATION_STEP, 1, migrate_beside, GROVE_OK});
    test_at(stores, &(struct test_step){INJECT_MIGRATION_WAITS, 1, NULL, GROVE_UNAVAILABLE});
    stores->other = &other;
    migrate(&migrating);
    assert_ok(migrating.code, migrating.error);
    assert_int_equal(stores->reached[INJECT_MIGRATION_WAITS], 1);
    assert_int_equal(other.code, GROVE_UNAVAILABLE);
    assert_int_equal(other.applied, 0);
}

static void an_online_migration_leaves_nothing_in_its_session(struct test_stores *stores)
{
    // That of each session of the tests, which is not the database's.
    static const char as_it_was[] = "SELECT 1 / (setting = '15000')::integer FROM pg_settings"
                                    " WHERE name = 'lock_timeout'";
    struct migrating migrating = {.conn = test_session(stores)};
    test_session_sql(migrating.conn, "%s", as_it_was);
    know(stores, INDEX);
    migrate(&migrating);
    assert_ok(migrating.code, migrating.error);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM pg_locks"
                                          " WHERE locktype = 'advisory' AND granted"
                                          " AND objid = 3159141623::oid"),
                     0);
    test_session_sql(migrating.conn, "%s", as_it_was);
    // Nor where it fails in a step.
    struct migrating failing = {.conn = test_session(stores)};
    test_sql(stores,
             "DELETE FROM grove.ledger WHERE version = %d; DROP INDEX idx_content_words;"
             "CREATE TABLE idx_content_words ()",
             migrate_wanted());
    migrate(&failing);
    test_sql(stores, "DROP TABLE idx_content_words");
    assert_int_not_equal(failing.code, GROVE_OK);
    assert_non_null(strstr(failing.error.context, "in step 3 of it"));
    test_session_sql(failing.conn, "%s", as_it_was);
}

// --- backfills -----------------------------------------------------------------------------------

static bool fill(struct test_stores *stores)
{
    struct projector_report report = {0};
    struct grove_error error;
    bool idle = false;
    stores->store.model_read_at_us = 0;
    assert_ok(projector_step(&stores->store, NULL, &report, &idle, &error), error);
    return !idle;
}

static int64_t lacking(struct test_stores *stores)
{
    return test_sql_int(stores,
                        "SELECT count(*) FROM content_metadata AS m WHERE length(m.title)"
                        " IS DISTINCT FROM (SELECT t.characters FROM grove.title_length AS t"
                        " WHERE t.content_id = m.id)");
}

// Five contents, each in the engine already, of which two are a chunk.
static void come_to_a_backfill(struct test_stores *stores)
{
    for (int i = 0; i < 5; i++) {
        int32_t id = test_content(stores, &(struct test_content){.title = "title"});
        test_sql(stores, "DELETE FROM grove.outbox WHERE content_id = %d", id);
    }
    test_sql(stores, "UPDATE grove.setting SET value = 'all' WHERE name = 'numbered_points'");
    inject_set_knob(INJECT_KNOB_BACKFILL_ROWS, 2);
    know(stores, BACKFILL);
    upgrade(stores, BACKFILL);
    assert_int_equal(lacking(stores), 5);
}

static bool is_filled(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT count(*) FROM grove.ledger WHERE kind = 'backfill'"
                                " AND filled_at IS NULL") == 0;
}

static void a_backfill_is_done_in_chunks(struct test_stores *stores)
{
    come_to_a_backfill(stores);
    assert_true(fill(stores));
    assert_int_equal(lacking(stores), 3);
    test_sql(stores, "UPDATE content_metadata SET title = 'another'"
                     " WHERE id = (SELECT max(id) FROM content_metadata);"
                     "DELETE FROM grove.outbox");
    assert_int_equal(lacking(stores), 2); // whoever writes fills it in
    assert_true(fill(stores) && fill(stores) && !is_filled(stores));
    assert_int_equal(lacking(stores), 0);
    assert_true(fill(stores) && is_filled(stores)); // it finds that there is none left
    assert_false(fill(stores));
    assert_int_equal(lacking(stores), 0);
    inject_set_knob(INJECT_KNOB_BACKFILL_ROWS, 0);
}

static void a_chunk_that_is_killed_is_done_again(struct test_stores *stores)
{
    struct projector_report report = {0};
    struct grove_error error;
    bool idle;
    come_to_a_backfill(stores);
    assert_true(fill(stores));
    TEST_FAIL_AT(stores, BACKFILL_FILLED, NULL);
    assert_int_equal(projector_step(&stores->store, NULL, &report, &idle, &error),
                     GROVE_UNAVAILABLE);
    assert_int_equal(lacking(stores), 3);
    while (fill(stores))
        ;
    assert_int_equal(lacking(stores), 0);
    assert_true(is_filled(stores));
    inject_set_knob(INJECT_KNOB_BACKFILL_ROWS, 0);
}

static void a_chunk_is_of_one_projector(struct test_stores *stores)
{
    struct pg_conn *other = test_session(stores);
    come_to_a_backfill(stores);
    test_sql(stores, "CREATE SEQUENCE tried; ALTER TABLE grove.title_length"
                     " ADD COLUMN tried bigint DEFAULT nextval('tried')");
    test_session_sql(other, "BEGIN; SELECT FROM grove.ledger WHERE kind = 'backfill' FOR UPDATE");
    assert_false(fill(stores));
    // It did not even try: a sequence remembers what was rolled back.
    assert_int_equal(test_sql_int(stores, "SELECT is_called::integer FROM tried"), 0);
    test_session_sql(other, "ROLLBACK");
    while (fill(stores)) // it has not taken that for the end
        ;
    assert_int_equal(lacking(stores), 0);
    inject_set_knob(INJECT_KNOB_BACKFILL_ROWS, 0);
}

static void an_older_library_leaves_a_backfill_alone(struct test_stores *stores)
{
    come_to_a_backfill(stores);
    know(stores, 0);
    assert_false(fill(stores));
    know(stores, BACKFILL);
    atomic_store(&stores->store.schema_filled, 0); // another process
    assert_true(fill(stores));
    inject_set_knob(INJECT_KNOB_BACKFILL_ROWS, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(an_older_library_goes_on_where_the_schema_lets_it),
        STORES_TEST(an_older_library_ends_where_it_cannot_work),
        STORES_TEST(a_newer_library_works_without_what_it_does_not_demand),
        STORES_TEST(libraries_without_ranges_are_told_as_they_ask),
        STORES_TEST(what_a_migration_says_is_known),
        STORES_TEST(who_lacks_the_rights_is_told_whose_they_are),
        STORES_TEST(an_online_migration_goes_on_where_it_ended),
        STORES_TEST(what_was_begun_counts_for_who_may_work),
        STORES_TEST(an_index_that_nobody_finished_is_made_anew),
        STORES_TEST(writers_go_on_while_an_index_is_made),
        STORES_TEST(a_brief_step_keeps_nobody_waiting),
        STORES_TEST(who_is_waited_for_is_told_meanwhile),
        STORES_TEST(a_brief_step_is_not_tried_for_ever),
        STORES_TEST(who_migrates_online_keeps_others_out),
        STORES_TEST(an_online_migration_leaves_nothing_in_its_session),
        STORES_TEST(a_backfill_is_done_in_chunks),
        STORES_TEST(a_chunk_that_is_killed_is_done_again),
        STORES_TEST(a_chunk_is_of_one_projector),
        STORES_TEST(an_older_library_leaves_a_backfill_alone),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
