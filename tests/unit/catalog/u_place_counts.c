// SPDX-License-Identifier: Apache-2.0
// What branches and limbs are counted to have follows contents and leaves, whoever changes either
// beside whom; and what a database had before is filled in while they change.
#include "../../support/stores.h"
#include "../../support/thread.h"

#include "catalog/assets.h"
#include "catalog/migration.h"

static const char *sql_of_place_counts(struct migration *migration)
{
    for (int version = 1; version <= migration_newest(); version++) {
        migration_find(version, migration);
        if (strstr(migration->file->name, "_place_counts"))
            return migration_chunk(migration).data;
    }
    fail_msg("no migration counts places");
    return NULL;
}

static void assert_counted(struct test_stores *stores, const char *after)
{
    const char *wrong = test_wrong_places(stores);
    if (wrong)
        fail_msg("%s: %s", after, wrong);
}

// Leaves 1 to 4: A/x, A/y, B/x, B/x. On each contents of its number, of two types; content n is on
// leaf (n - 1) % 4 + 1.
static void make_contents(struct test_stores *stores)
{
    test_sql(stores, "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                     " VALUES ('A', 'x', '1'), ('A', 'y', '2'), ('B', 'x', '3'), ('B', 'x', '4');"
                     "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
                     " content_summary, chunk_number)"
                     " SELECT 'subject1_hierarchy', (n - 1) %% 4 + 1,"
                     " CASE WHEN n > 8 THEN 'Odd' ELSE 'Even' END, 't', 's', n"
                     " FROM generate_series(1, 16) AS n");
    assert_counted(stores, "made");
}

// --- one at a time -------------------------------------------------------------------------------

static void places_follow_every_change(struct test_stores *stores)
{
    static const char *const changes[] = {
        "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
        " content_summary, chunk_number) SELECT 'subject1_hierarchy', n % 4 + 1, 'New', 't', 's', n"
        " FROM generate_series(101, 120) AS n",
        "UPDATE content_metadata SET title = 'another'",
        "UPDATE content_metadata SET content_type = 'Even' WHERE id % 3 = 0",
        "UPDATE content_metadata SET leaf_id = 5 - leaf_id, chunk_number = chunk_number + 1000",
        "UPDATE content_metadata SET leaf_id = 3, chunk_number = id, content_type = 'One'"
        " WHERE id IN (1, 2, 3)",
        "DELETE FROM content_metadata WHERE id IN (1, 4, 9)",
        // Moved, renamed, merged.
        "UPDATE subject1_hierarchy SET limb = 'y' WHERE id = 3",
        "UPDATE subject1_hierarchy SET branch = 'C' WHERE branch = 'A'",
        "UPDATE subject1_hierarchy SET branch = 'B' WHERE branch = 'C'",
        "UPDATE subject1_hierarchy SET limb = leaf",
        "UPDATE subject1_hierarchy SET leaf = leaf || '!', description = 'new'",
        "UPDATE grove.subject SET tree = 'gardens' WHERE tree = 'subject1'",
        "UPDATE grove.subject SET tree = 'subject1' WHERE tree = 'gardens'",
        "SELECT grove.recount()",
        "BEGIN; SET LOCAL grove.leaf_delete = 'cascade'; DELETE FROM subject1_hierarchy"
        " WHERE id = 2; COMMIT",
        "BEGIN; UPDATE subject1_hierarchy SET branch = 'D' WHERE id = 1; ROLLBACK",
        "INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('B', '1', '1!')"
        " ON CONFLICT (branch, limb, leaf) DO UPDATE SET branch = 'E'",
        "TRUNCATE content_metadata CASCADE",
        "TRUNCATE subject1_hierarchy",
    };
    make_contents(stores);
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        test_sql(stores, "%s", changes[i]);
        assert_counted(stores, changes[i]);
    }
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.place_count"), 0);
}

// An update of what is not counted, and a rename, add no rows.
static void what_moves_nothing_counts_nothing(struct test_stores *stores)
{
    make_contents(stores);
    int64_t rows = test_sql_int(stores, "SELECT count(*) FROM grove.place_count");
    test_sql(stores, "UPDATE content_metadata SET title = 'another';"
                     "UPDATE subject1_hierarchy SET branch = 'C' WHERE branch = 'A';"
                     "UPDATE subject1_hierarchy SET limb = 'z' WHERE limb = 'y';"
                     "UPDATE content_metadata SET leaf_id = 4, chunk_number = 100 + id"
                     " WHERE leaf_id = 3");
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.place_count"), rows);
    assert_counted(stores, "nothing moved");
}

// The plan of a session is made for its first statement, which may change many rows: those of one
// row that come later read no whole table.
static void leaves_are_looked_up_by_their_key(struct test_stores *stores)
{
    static const char one[] =
        "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
        " content_summary) VALUES ('subject1_hierarchy', 1, '%s', 't', 's')";
    test_sql(stores, "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                     " SELECT 'L', 'l', n::text FROM generate_series(1, 3000) AS n;"
                     "ANALYZE grove.leaf");
    test_sql(stores, one, "Before"); // the first row of an index discards plans, too
    test_sql(stores, "DISCARD PLANS;"
                     "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
                     " content_summary) SELECT 'subject1_hierarchy', id, 'T', 't', 's'"
                     " FROM subject1_hierarchy");
    int64_t scans[2];
    for (size_t i = 0; i < ARRAY_COUNT(scans); i++) {
        test_sql(stores, one, i ? "Second" : "First");
        test_sql(stores, "SELECT pg_stat_force_next_flush()");
        scans[i] = test_sql_int(stores, "SELECT seq_scan FROM pg_stat_user_tables"
                                        " WHERE relid = 'grove.leaf'::regclass");
    }
    assert_int_equal(scans[0], scans[1]);
    assert_counted(stores, "many");
}

// --- two at a time -------------------------------------------------------------------------------

struct beside {
    struct pg_conn *conn;
    const char *sql;
    enum grove_code code;
    struct grove_error error;
};

static void run_beside(void *state)
{
    struct beside *beside = state;
    beside->code = pg_exec(beside->conn, beside->sql, &beside->error);
}

// Two sessions, each of a transaction.
struct pair {
    struct pg_conn *first, *second;
};

static struct pair make_pair(struct test_stores *stores)
{
    return (struct pair){test_session(stores), test_session(stores)};
}

// Runs `second` while `first` is not committed, for which it waits. `begin` begins it.
static enum grove_code run_both(struct test_stores *stores, const struct pair *pair,
                                const char *first, const char *begin, const char *second,
                                char ret_sqlstate[static 6])
{
    struct beside beside = {.conn = pair->second, .sql = second};
    test_session_sql(beside.conn, "%s", begin);
    test_session_sql(pair->first, "BEGIN; %s", first);
    struct test_thread *thread = test_thread_start(stores, run_beside, &beside);
    test_wait_for_lock(stores);
    test_session_sql(pair->first, "COMMIT");
    test_thread_join(thread);
    if (beside.code != GROVE_OK)
        snprintf(ret_sqlstate, 6, "%s", beside.error.sqlstate);
    test_session_sql(beside.conn, beside.code == GROVE_OK ? "COMMIT" : "ROLLBACK");
    return beside.code;
}

static const char *const writes[] = {
    ("INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title, content_summary)"
     " VALUES ('subject1_hierarchy', 1, 'New', 't', 's')"),
    "UPDATE content_metadata SET content_type = 'New' WHERE id = 1",
    "UPDATE content_metadata SET leaf_id = 4, chunk_number = 99 WHERE id = 1", // from it
    "UPDATE content_metadata SET leaf_id = 1, chunk_number = 99 WHERE id = 4", // to it
    "DELETE FROM content_metadata WHERE id IN (1, 5)",
};
static const char move[] = "UPDATE subject1_hierarchy SET branch = 'B', limb = 'new' WHERE id = 1";

static void a_move_waits_for_writers(struct test_stores *stores)
{
    char sqlstate[6] = "";
    struct pair pair = make_pair(stores);
    for (size_t i = 0; i < ARRAY_COUNT(writes); i++) {
        test_stores_empty(stores);
        make_contents(stores);
        if (run_both(stores, &pair, writes[i], "BEGIN", move, sqlstate) != GROVE_OK)
            fail_msg("%s: %s", writes[i], sqlstate);
        assert_counted(stores, writes[i]);
    }
}

static void writers_wait_for_a_move(struct test_stores *stores)
{
    char sqlstate[6] = "";
    struct pair pair = make_pair(stores);
    for (size_t i = 0; i < ARRAY_COUNT(writes); i++) {
        test_stores_empty(stores);
        make_contents(stores);
        if (run_both(stores, &pair, move, "BEGIN", writes[i], sqlstate) != GROVE_OK)
            fail_msg("%s: %s", writes[i], sqlstate);
        assert_counted(stores, writes[i]);
    }
}

// One that sees the leaf where it was would count there.
static void an_old_snapshot_counts_nothing_where_the_leaf_was(struct test_stores *stores)
{
    static const char *const levels[] = {"REPEATABLE READ", "SERIALIZABLE"};
    struct pair pair = make_pair(stores);
    for (size_t i = 0; i < ARRAY_COUNT(writes); i++)
        for (size_t l = 0; l < ARRAY_COUNT(levels); l++) {
            char sqlstate[6] = "";
            test_stores_empty(stores);
            make_contents(stores);
            const char *begin = arena_printf(&stores->arena,
                                             "BEGIN ISOLATION LEVEL %s;"
                                             "SELECT FROM grove.leaf",
                                             levels[l]);
            if (run_both(stores, &pair, move, begin, writes[i], sqlstate) == GROVE_OK)
                fail_msg("%s, %s", levels[l], writes[i]);
            assert_string_equal(sqlstate, "40001");
            assert_counted(stores, writes[i]);
        }
}

// --- what there was before -----------------------------------------------------------------------

// As the migration leaves a database that has contents.
static void come_to_be_filled(struct test_stores *stores)
{
    make_contents(stores);
    test_sql(stores, "DELETE FROM grove.place_count;"
                     "UPDATE grove.setting SET value = 'some' WHERE name = 'counted_places'");
}

static bool are_counted(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT count(*) FROM grove.setting"
                                " WHERE name = 'counted_places' AND value = 'all'") == 1;
}

// The next chunk of `rows`; where it ended, INT64_MIN where nothing was left.
static int64_t fill_chunk(struct test_stores *stores, int64_t from, int32_t rows)
{
    struct migration migration;
    struct pg_statement chunk = {"", sql_of_place_counts(&migration)};
    struct pg_params params = {0};
    struct pg_rows answer;
    struct grove_error error;
    pg_add_int8(&params, from);
    pg_add_int4(&params, rows);
    assert_ok(pg_query(stores->sessions[0], &stores->arena, &chunk, &params, &answer, &error),
              error);
    assert_int_equal(answer.count, 1);
    return pg_is_null(&answer, 0, 0) ? INT64_MIN : pg_int8(&answer, 0, 0);
}

static void what_was_there_is_filled_in_by_branches(struct test_stores *stores)
{
    come_to_be_filled(stores);
    assert_int_equal(fill_chunk(stores, INT64_MIN, 1), 1);
    assert_int_equal(test_sql_int(stores, "SELECT count(DISTINCT branch_id)"
                                          " FROM grove.place_count"),
                     1);
    assert_int_equal(fill_chunk(stores, 1, 1), 2); // all leaves of the branch
    assert_counted(stores, "both branches");
    assert_false(are_counted(stores)); // somebody may have made another one
    assert_int_equal(fill_chunk(stores, 2, 1), INT64_MIN);
    assert_true(are_counted(stores));
    assert_counted(stores, "all");
    assert_int_equal(fill_chunk(stores, INT64_MIN, 1000), 2); // does no harm
    assert_counted(stores, "again");
}

// What is counted already is not filled in again; branches behind it, and those that lose all of
// their leaves, are made right as well.
static void what_changes_meanwhile_is_counted_once(struct test_stores *stores)
{
    come_to_be_filled(stores);
    test_sql(stores, "%s; %s", writes[0], writes[2]);
    assert_int_equal(fill_chunk(stores, INT64_MIN, 1), 1);
    // To a branch that is filled, from one that is not; and on to a new one.
    test_sql(stores, "UPDATE subject1_hierarchy SET branch = 'A', limb = 'x' WHERE branch = 'B'");
    test_sql(stores, "UPDATE subject1_hierarchy SET branch = 'C', limb = 'x' WHERE id = 4;"
                     "DELETE FROM content_metadata WHERE id = 3");
    int64_t at = 1;
    while (at != INT64_MIN)
        at = fill_chunk(stores, at, 1);
    assert_counted(stores, "all");
    assert_true(are_counted(stores));
}

// The last of all, behind which there is no branch that has leaves.
static void a_branch_that_loses_all_leaves_is_filled_in(struct test_stores *stores)
{
    come_to_be_filled(stores);
    test_sql(stores, "UPDATE subject1_hierarchy SET branch = 'A', limb = 'x' WHERE branch = 'B'");
    assert_int_equal(fill_chunk(stores, INT64_MIN, 1), 1);
    assert_int_equal(fill_chunk(stores, 1, 1), INT64_MIN);
    assert_counted(stores, "all");
}

// A snapshot in which a move or a writer is not committed has none of what they count.
static void who_is_under_way_is_counted_once(struct test_stores *stores)
{
    struct pg_conn *writer = test_session(stores), *mover = test_session(stores);
    come_to_be_filled(stores);
    test_session_sql(writer, "BEGIN; DELETE FROM content_metadata WHERE id IN (3, 4)");
    test_session_sql(mover, "BEGIN; %s", move);
    for (int64_t at = fill_chunk(stores, INT64_MIN, 1); at != INT64_MIN;)
        at = fill_chunk(stores, at, 1);
    assert_counted(stores, "before both");
    test_session_sql(writer, "COMMIT");
    assert_counted(stores, "the writer");
    test_session_sql(mover, "COMMIT");
    assert_counted(stores, "the mover");
}

// Whoever counts anew beside the other would add the same once more.
static void two_who_count_anew_wait_for_each_other(struct test_stores *stores)
{
    char sqlstate[6] = "";
    struct pair pair = make_pair(stores);
    come_to_be_filled(stores);
    if (run_both(stores, &pair, "SELECT grove.recount_places(0, NULL)", "BEGIN",
                 "SELECT grove.recount_places(0, 1)", sqlstate) != GROVE_OK)
        fail_msg("%s", sqlstate);
    assert_counted(stores, "both");
}

// The migration, once more, on what is there: as in a database that a version before has filled.
static void a_database_of_before_is_filled(struct test_stores *stores)
{
    struct migration migration;
    make_contents(stores);
    sql_of_place_counts(&migration);
    struct text setup = migration_setup(&migration);
    test_sql(stores, "DROP TABLE grove.place_count");
    test_sql(stores, "%.*s", (int)setup.length, setup.data);
    assert_false(are_counted(stores));
    test_sql(stores, "%s", writes[1]);
    int64_t at = INT64_MIN;
    do
        at = fill_chunk(stores, at, 1);
    while (at != INT64_MIN);
    assert_true(are_counted(stores));
    assert_counted(stores, "all");
}

// In an empty one there is nothing to fill in.
static void an_empty_database_is_counted(struct test_stores *stores)
{
    struct migration migration;
    sql_of_place_counts(&migration);
    struct text setup = migration_setup(&migration);
    test_sql(stores, "UPDATE grove.setting SET value = 'some' WHERE name = 'counted_places'");
    test_sql(stores, "%.*s", (int)setup.length, setup.data);
    assert_true(are_counted(stores));
}

// Whoever is at it would be counted by none.
static void the_migration_waits_for_whoever_moves_leaves(struct test_stores *stores)
{
    struct migration migration;
    struct grove_error error;
    make_contents(stores);
    sql_of_place_counts(&migration);
    struct text setup = migration_setup(&migration);
    static const char *const under_way[] = {"DELETE FROM content_metadata WHERE id = 1", move};
    for (size_t i = 0; i < ARRAY_COUNT(under_way); i++) {
        struct pg_conn *other = test_session(stores);
        test_session_sql(other, "BEGIN; %s", under_way[i]);
        test_sql(stores, "SET lock_timeout = 50");
        const char *sql = arena_printf(&stores->arena, "%.*s", (int)setup.length, setup.data);
        assert_int_not_equal(pg_exec(stores->sessions[0], sql, &error), GROVE_OK);
        assert_string_equal(error.sqlstate, "55P03");
        test_sql(stores, "SET lock_timeout = 0");
        test_session_sql(other, "ROLLBACK");
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(places_follow_every_change),
        STORES_TEST(what_moves_nothing_counts_nothing),
        STORES_TEST(leaves_are_looked_up_by_their_key),
        STORES_TEST(a_move_waits_for_writers),
        STORES_TEST(writers_wait_for_a_move),
        STORES_TEST(an_old_snapshot_counts_nothing_where_the_leaf_was),
        STORES_TEST(what_was_there_is_filled_in_by_branches),
        STORES_TEST(what_changes_meanwhile_is_counted_once),
        STORES_TEST(a_branch_that_loses_all_leaves_is_filled_in),
        STORES_TEST(who_is_under_way_is_counted_once),
        STORES_TEST(two_who_count_anew_wait_for_each_other),
        STORES_TEST(a_database_of_before_is_filled),
        STORES_TEST(an_empty_database_is_counted),
        STORES_TEST(the_migration_waits_for_whoever_moves_leaves),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
