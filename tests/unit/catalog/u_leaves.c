// SPDX-License-Identifier: Apache-2.0
// What the triggers keep of leaves: grove.leaf as the tables of the trees have them, numbers of
// branches and limbs that stay, contents that move.
#include "../../support/stores.h"
#include "../../support/thread.h"

#include "base/digest.h"
#include "catalog/assets.h"
#include "catalog/migrate.h"

// "subject1 Branch/Limb/Leaf 1 1; ...": all leaves, with their numbers.
static const char *leaves(struct test_stores *stores)
{
    const char *text =
        test_sql_text(stores, "SELECT string_agg(concat_ws(' ', tree, branch || '/' || limb || '/'"
                              " || leaf, branch_id, limb_id), '; ' ORDER BY tree, branch, limb,"
                              " leaf) FROM grove.leaf");
    return text ? text : "";
}

static void assert_kept(struct test_stores *stores)
{
    const char *wrong = test_sql_text(stores, "SELECT string_agg(w::text, '; ')"
                                              " FROM grove.wrong_leaves() AS w");
    if (wrong)
        fail_msg("%s", wrong);
    wrong = test_wrong_places(stores);
    if (wrong)
        fail_msg("counts of places: %s", wrong);
}

static void assert_leaves(struct test_stores *stores, const char *expected)
{
    assert_string_equal(leaves(stores), expected);
    assert_kept(stores);
}

// Leaves of two branches: 1 and 2 in A, 3 in B; the limbs are 1 (A/x), 2 (A/y), 3 (B/x).
static void make_leaves(struct test_stores *stores)
{
    test_sql(stores, "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                     " VALUES ('A', 'x', '1'), ('A', 'y', '2'), ('B', 'x', '3')");
    assert_leaves(stores, "subject1 A/x/1 1 1; subject1 A/y/2 1 2; subject1 B/x/3 2 3");
}

// Contents, one on each leaf, none of which waits.
static void make_contents(struct test_stores *stores)
{
    make_leaves(stores);
    test_sql(stores, "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
                     " content_summary) SELECT 'subject1_hierarchy', id, 'T', leaf, 's'"
                     " FROM subject1_hierarchy ORDER BY id;"
                     "DELETE FROM grove.outbox");
}

// The contents that wait: those whose point will change.
static const char *waiting(struct test_stores *stores)
{
    const char *ids = test_sql_text(stores, "SELECT string_agg(content_id::text, ' '"
                                            " ORDER BY content_id) FROM grove.waiting");
    return ids ? ids : "";
}

static bool refused(struct test_stores *stores, const char *sqlstate, const char *sql)
{
    struct grove_error error;
    bool was = pg_exec(stores->sessions[0], sql, &error) != GROVE_OK &&
               strcmp(error.sqlstate, sqlstate) == 0;
    test_sql(stores, "ROLLBACK");
    return was;
}

// --- one writer ----------------------------------------------------------------------------------

static void leaves_are_as_their_trees_have_them(struct test_stores *stores)
{
    static const char *const changes[] = {
        "UPDATE subject1_hierarchy SET description = 'new', created_at = NULL WHERE id = 1",
        "UPDATE subject1_hierarchy SET leaf = leaf || '!'",
        "UPDATE subject1_hierarchy SET id = id + 100",
        "UPDATE subject1_hierarchy SET id = id + 1000, branch = 'C'",
        "UPDATE subject1_hierarchy SET branch = limb, limb = branch",
        "INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('A', 'x', '1')"
        " ON CONFLICT (branch, limb, leaf) DO UPDATE SET leaf = 'other'",
        "INSERT INTO subject2_hierarchy (branch, limb, leaf) SELECT branch, limb, leaf"
        " FROM subject1_hierarchy",
        "DELETE FROM subject1_hierarchy WHERE leaf LIKE '1%'",
        "TRUNCATE subject1_hierarchy",
        "INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('A', 'x', '1')",
    };
    make_leaves(stores);
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        test_sql(stores, "%s", changes[i]);
        assert_kept(stores);
        assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.leaf"),
                         test_sql_int(stores, "SELECT (SELECT count(*) FROM subject1_hierarchy)"
                                              " + (SELECT count(*) FROM subject2_hierarchy)"));
    }
}

static void a_name_keeps_its_number(struct test_stores *stores)
{
    make_leaves(stores);
    test_sql(stores, "DELETE FROM subject1_hierarchy WHERE branch = 'A'");
    test_sql(stores, "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                     " VALUES ('A', 'y', 'new'), ('A', 'z', '2')");
    assert_leaves(stores, "subject1 A/y/new 1 2; subject1 A/z/2 1 4; subject1 B/x/3 2 3");
    // Another tree's branch of that name is another one.
    test_sql(stores, "INSERT INTO subject2_hierarchy (branch, limb, leaf) VALUES ('B', 'x', '3')");
    assert_leaves(stores, "subject1 A/y/new 1 2; subject1 A/z/2 1 4; subject1 B/x/3 2 3;"
                          " subject2 B/x/3 3 5");
}

// How all leaves are after an update, and which contents' points change.
static const struct {
    const char *set, *leaves, *waiting;
} renames[] = {
    {"branch = 'C' WHERE branch = 'A'", "C/x/1 1 1; C/y/2 1 2; B/x/3 2 3", ""},
    {"limb = 'z' WHERE limb = 'x' AND branch = 'A'", "A/z/1 1 1; A/y/2 1 2; B/x/3 2 3", ""},
    {"limb = 'z' WHERE limb = 'x'", "A/z/1 1 1; A/y/2 1 2; B/z/3 2 3", ""},
    {"branch = 'C', limb = limb || '!' WHERE branch = 'A'", "C/x!/1 1 1; C/y!/2 1 2; B/x/3 2 3",
     ""},
    {"branch = branch || '!'", "A!/x/1 1 1; A!/y/2 1 2; B!/x/3 2 3", ""},
    {"leaf = leaf || '!'", "A/x/1! 1 1; A/y/2! 1 2; B/x/3! 2 3", ""},
    // Not all of it; into one that is there; two into one that is new, of which one is renamed.
    {"branch = 'C' WHERE leaf = '1'", "C/x/1 3 4; A/y/2 1 2; B/x/3 2 3", "1"},
    {"branch = 'B' WHERE branch = 'A'", "B/x/1 2 3; B/y/2 2 4; B/x/3 2 3", "1 2"},
    {"branch = 'C'", "C/x/1 1 1; C/y/2 1 2; C/x/3 1 1", "3"},
    {"limb = 'x' WHERE leaf = '2'", "A/x/1 1 1; A/x/2 1 1; B/x/3 2 3", "2"},
    {"limb = 'z' WHERE branch = 'A'", "A/z/1 1 1; A/z/2 1 1; B/x/3 2 3", "2"},
    {"branch = CASE branch WHEN 'A' THEN 'B' ELSE 'A' END", "B/x/1 2 3; B/y/2 2 4; A/x/3 1 1",
     "1 2 3"},
    // A limb that goes to another branch is another one.
    {"branch = 'B', limb = 'y' WHERE leaf = '2'", "A/x/1 1 1; B/y/2 2 4; B/x/3 2 3", "2"},
};

static void what_is_renamed_keeps_its_number_and_what_moves_is_projected(struct test_stores *stores)
{
    make_contents(stores);
    for (size_t i = 0; i < ARRAY_COUNT(renames); i++) {
        test_sql(stores, "BEGIN; UPDATE subject1_hierarchy SET %s", renames[i].set);
        assert_kept(stores);
        const char *text =
            test_sql_text(stores, "SELECT string_agg(concat_ws(' ', branch || '/' || limb || '/'"
                                  " || leaf, branch_id, limb_id), '; ' ORDER BY leaf)"
                                  " FROM grove.leaf");
        if (strcmp(text, renames[i].leaves) != 0 ||
            strcmp(waiting(stores), renames[i].waiting) != 0)
            fail_msg("%s: \"%s\", waiting \"%s\"", renames[i].set, text, waiting(stores));
        test_sql(stores, "ROLLBACK; ALTER TABLE grove.branch ALTER branch_id RESTART WITH 3;"
                         "ALTER TABLE grove.limb ALTER limb_id RESTART WITH 4");
    }
}

static void contents_that_move_take_a_revision(struct test_stores *stores)
{
    make_contents(stores);
    int64_t first = test_revision(stores, 1), second = test_revision(stores, 2);
    test_sql(stores, "UPDATE subject1_hierarchy SET branch = 'B' WHERE leaf = '1'");
    assert_true(test_revision(stores, 1) > first);
    assert_int_equal(test_outbox(stores, 1).revision, test_revision(stores, 1));
    assert_int_equal(test_revision(stores, 2), second);
    assert_int_equal(
        test_sql_int(stores, "SELECT text_revision FROM grove.content_state WHERE content_id = 1"),
        first);
}

static void a_tree_is_renamed(struct test_stores *stores)
{
    make_contents(stores);
    test_sql(stores, "UPDATE grove.subject SET tree = 'gardens' WHERE tree = 'subject1'");
    assert_leaves(stores, "gardens A/x/1 1 1; gardens A/y/2 1 2; gardens B/x/3 2 3");
    assert_string_equal(waiting(stores), "");
}

static void an_old_snapshot_moves_nothing(struct test_stores *stores)
{
    make_leaves(stores);
    assert_true(refused(stores, "0A000",
                        "BEGIN ISOLATION LEVEL REPEATABLE READ;"
                        "UPDATE subject1_hierarchy SET branch = 'C'"));
    assert_true(refused(stores, "0A000",
                        "BEGIN ISOLATION LEVEL SERIALIZABLE;"
                        "UPDATE subject1_hierarchy SET limb = 'z' WHERE leaf = '1'"));
    assert_true(refused(stores, "0A000",
                        "BEGIN ISOLATION LEVEL REPEATABLE READ;"
                        "TRUNCATE subject1_hierarchy"));
    test_sql(stores, "BEGIN ISOLATION LEVEL REPEATABLE READ;"
                     "UPDATE subject1_hierarchy SET leaf = leaf || '!';"
                     "INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('C', 'x', '4');"
                     "COMMIT");
    assert_leaves(stores, "subject1 A/x/1! 1 1; subject1 A/y/2! 1 2; subject1 B/x/3! 2 3;"
                          " subject1 C/x/4 3 4");
}

// Its rights are on the table of a tree only.
static void a_writer_of_leaves_needs_no_rights_of_grove(struct test_stores *stores)
{
    make_contents(stores);
    test_sql(stores, "BEGIN; CREATE ROLE u_leaves_writer;"
                     "GRANT ALL ON subject1_hierarchy, subject1_hierarchy_id_seq"
                     " TO u_leaves_writer; SET LOCAL ROLE u_leaves_writer;"
                     "INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('C', 'x', '4');"
                     "UPDATE subject1_hierarchy SET branch = 'D' WHERE branch = 'C';"
                     "UPDATE subject1_hierarchy SET branch = 'D' WHERE leaf = '1';"
                     "DELETE FROM subject1_hierarchy WHERE leaf = '4'; RESET ROLE");
    assert_kept(stores);
    assert_string_equal(waiting(stores), "1");
    test_sql(stores, "ROLLBACK");
}

// --- writers beside each other -------------------------------------------------------------------

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

// Runs `second` while `first` is not committed, for which it must wait.
static void run_both(struct test_stores *stores, const char *first, const char *second)
{
    struct pg_conn *conn = test_session(stores);
    struct beside beside = {.conn = test_session(stores), .sql = second};
    test_session_sql(conn, "BEGIN; %s", first);
    struct test_thread *thread = test_thread_start(stores, run_beside, &beside);
    test_wait_for_lock(stores);
    test_session_sql(conn, "COMMIT");
    test_thread_join(thread);
    assert_ok(beside.code, beside.error);
    assert_kept(stores);
}

static const char *const add_to_a = "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                                    " VALUES ('A', 'x', '4')";

static void a_leaf_that_comes_meanwhile_makes_a_rename_a_move(struct test_stores *stores)
{
    make_contents(stores);
    run_both(stores, add_to_a, "UPDATE subject1_hierarchy SET branch = 'C' WHERE id IN (1, 2)");
    assert_string_equal(leaves(stores), "subject1 A/x/4 1 1; subject1 B/x/3 2 3;"
                                        " subject1 C/x/1 3 4; subject1 C/y/2 3 5");
    assert_string_equal(waiting(stores), "1 2");
}

static void a_leaf_that_comes_meanwhile_makes_the_same_of_a_limb(struct test_stores *stores)
{
    make_contents(stores);
    run_both(stores, add_to_a, "UPDATE subject1_hierarchy SET limb = 'z' WHERE id = 1");
    assert_string_equal(leaves(stores), "subject1 A/x/4 1 1; subject1 A/y/2 1 2;"
                                        " subject1 A/z/1 1 4; subject1 B/x/3 2 3");
    assert_string_equal(waiting(stores), "1");
}

static void a_leaf_waits_for_a_rename_and_gets_a_new_branch(struct test_stores *stores)
{
    make_contents(stores);
    run_both(stores, "UPDATE subject1_hierarchy SET branch = 'C' WHERE branch = 'A'", add_to_a);
    assert_string_equal(leaves(stores), "subject1 A/x/4 4 4; subject1 B/x/3 2 3;"
                                        " subject1 C/x/1 1 1; subject1 C/y/2 1 2");
    assert_string_equal(waiting(stores), "");
}

static void a_leaf_waits_for_a_rename_and_gets_a_new_limb(struct test_stores *stores)
{
    make_contents(stores);
    run_both(stores, "UPDATE subject1_hierarchy SET limb = 'z' WHERE id = 1", add_to_a);
    assert_string_equal(leaves(stores), "subject1 A/x/4 1 5; subject1 A/y/2 1 2;"
                                        " subject1 A/z/1 1 1; subject1 B/x/3 2 3");
}

static void two_who_make_a_branch_make_one(struct test_stores *stores)
{
    make_leaves(stores);
    run_both(stores, "INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('C', 'x', '4')",
             "INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('C', 'x', '5')");
    assert_int_equal(test_sql_int(stores, "SELECT count(DISTINCT (branch_id, limb_id))"
                                          " FROM grove.leaf WHERE branch = 'C'"),
                     1);
}

// Somebody takes the name just then.
static void a_rename_to_a_name_that_comes_is_a_move(struct test_stores *stores)
{
    make_contents(stores);
    run_both(stores, "INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('C', 'x', '4')",
             "UPDATE subject1_hierarchy SET branch = 'C' WHERE branch = 'A'");
    assert_string_equal(leaves(stores), "subject1 B/x/3 2 3; subject1 C/x/1 3 4;"
                                        " subject1 C/x/4 3 4; subject1 C/y/2 3 5");
    assert_string_equal(waiting(stores), "1 2");
}

// The content commits after the move began, and is projected as it was before: it must move, too.
static void contents_that_come_to_a_leaf_that_moves_are_noted(struct test_stores *stores)
{
    make_contents(stores);
    run_both(stores,
             "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
             " content_summary) VALUES ('subject1_hierarchy', 1, 'Other', 't', 's');"
             "DELETE FROM grove.outbox",
             "UPDATE subject1_hierarchy SET branch = 'B' WHERE id = 1");
    assert_string_equal(waiting(stores), "1 4");
}

static void a_leaf_that_comes_has_the_name_of_its_renamed_tree(struct test_stores *stores)
{
    make_leaves(stores);
    run_both(stores, add_to_a, "UPDATE grove.subject SET tree = 'gardens' WHERE tree = 'subject1'");
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.leaf"
                                          " WHERE tree = 'gardens'"),
                     4);
}

// --- subjects ------------------------------------------------------------------------------------

static void a_tree_is_watched_and_left_alone(struct test_stores *stores)
{
    make_leaves(stores);
    const char *before = leaves(stores);
    test_sql(stores, "SELECT grove.watch_leaves('subject1_hierarchy')");
    assert_leaves(stores, before);
    test_sql(stores, "SELECT grove.unwatch_leaves('subject1_hierarchy')");
    assert_string_equal(leaves(stores), "");
    test_sql(stores, "%s", add_to_a);
    assert_string_equal(leaves(stores), "");
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.wrong_leaves()"), 4);
    test_sql(stores, "SELECT grove.watch_leaves('subject1_hierarchy');"
                     "INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('D', 'x', '5')");
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.leaf"), 5);
    assert_kept(stores);
    test_sql(stores, "CREATE TABLE other_hierarchy (LIKE subject1_hierarchy INCLUDING ALL)");
    assert_true(refused(stores, "23503", "SELECT grove.watch_leaves('other_hierarchy')"));
    test_sql(stores, "SELECT grove.unwatch_leaves('nowhere_hierarchy')");
}

static void a_new_subject_has_its_leaves(struct test_stores *stores)
{
    test_sql(stores, "CREATE TABLE \"Odd name_hierarchy\" (LIKE subject1_hierarchy INCLUDING ALL);"
                     "INSERT INTO \"Odd name_hierarchy\" (branch, limb, leaf)"
                     " VALUES ('A', 'x', '1');"
                     "SELECT grove.attach_subject('Odd name');"
                     "INSERT INTO \"Odd name_hierarchy\" (branch, limb, leaf)"
                     " VALUES ('A', 'x', '2')");
    assert_leaves(stores, "Odd name A/x/1 1 1; Odd name A/x/2 1 1");
}

// What a session without triggers left is told, and mended.
static void wrong_leaves_are_told(struct test_stores *stores)
{
    static const char *const breaks[] = {
        "INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('A', 'x', '4')",
        "UPDATE subject1_hierarchy SET leaf = 'other' WHERE id = 1",
        "DELETE FROM subject1_hierarchy WHERE id = 3",
        "UPDATE subject1_hierarchy SET branch = 'B' WHERE id = 1",
        "UPDATE grove.leaf SET branch_id = 2 WHERE leaf_id = 1",
        "UPDATE grove.leaf SET limb_id = 3 WHERE leaf_id = 1",
    };
    make_leaves(stores);
    for (size_t i = 0; i < ARRAY_COUNT(breaks); i++) {
        test_sql(stores,
                 "BEGIN; SET LOCAL session_replication_role = replica; %s;"
                 "SET LOCAL session_replication_role = origin",
                 breaks[i]);
        if (test_sql_int(stores, "SELECT count(*) FROM grove.wrong_leaves()") != 1)
            fail_msg("%s is not told", breaks[i]);
        test_sql(stores, "SELECT grove.watch_leaves('subject1_hierarchy')");
        assert_kept(stores);
        test_sql(stores, "ROLLBACK");
    }
    test_sql(stores,
             "INSERT INTO grove.leaf SELECT 'nowhere_hierarchy', 'nowhere', leaf_id, branch,"
             " limb, leaf, description, created_at, branch_id, limb_id FROM grove.leaf"
             " WHERE leaf_id = 1");
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.wrong_leaves()"), 1);
}

// --- a database of the version before ------------------------------------------------------------

enum { BEFORE = 12 }; // the last version in which grove.leaf was a view

static struct pg_conn *make_database_of_before(struct test_stores *stores)
{
    struct grove_error error;
    struct pg_conn *conn = test_session(stores);
    test_session_sql(conn, "DROP SCHEMA grove CASCADE; DROP SCHEMA public CASCADE;"
                           "CREATE SCHEMA public; CREATE SCHEMA grove;"
                           "CREATE TABLE grove.migration (version integer PRIMARY KEY,"
                           " name text NOT NULL, checksum text NOT NULL,"
                           " applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),"
                           " duration_ms integer NOT NULL)");
    for (int i = 0; i < BEFORE; i++) {
        const struct asset *file = &migration_files[i];
        char checksum[SHA256_HEX_SIZE];
        sha256_hex((struct text){file->data, file->size_bytes}, checksum);
        assert_ok(pg_exec(conn, file->data, &error), error);
        test_session_sql(conn, "INSERT INTO grove.migration VALUES (%d, '%s', '%s', now(), 0)",
                         i + 1, file->name, checksum);
    }
    return conn;
}

static void a_view_becomes_a_table(struct test_stores *stores)
{
    struct grove_error error;
    unsigned applied;
    struct pg_conn *conn = make_database_of_before(stores);
    test_session_sql(conn, "DROP ROLE IF EXISTS u_leaves_reader; CREATE ROLE u_leaves_reader;"
                           "GRANT USAGE ON SCHEMA grove TO u_leaves_reader;"
                           "GRANT SELECT ON grove.leaf, grove.outbox TO u_leaves_reader;"
                           "INSERT INTO subject1_hierarchy (branch, limb, leaf, description)"
                           " VALUES ('A', 'x', '1', 'd'), ('A', 'y', '2', NULL);"
                           "INSERT INTO religion_hierarchy (branch, limb, leaf)"
                           " VALUES ('A', 'x', '1')");
    assert_ok(migrate_up(conn, &applied, &error), error);
    assert_int_equal(applied, migrate_wanted() - BEFORE);
    assert_leaves(stores, "religion A/x/1 1 1; subject1 A/x/1 2 2; subject1 A/y/2 2 3");
    test_sql(stores, "SET ROLE u_leaves_reader; SELECT * FROM grove.leaf;"
                     "SELECT grove.is_settled() FROM grove.lineage, grove.witness; RESET ROLE");
    test_sql(stores, "DROP OWNED BY u_leaves_reader; DROP ROLE u_leaves_reader");
    test_sql(stores, "INSERT INTO subject8_hierarchy (branch, limb, leaf) VALUES ('A', 'x', '1')");
    assert_kept(stores);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(leaves_are_as_their_trees_have_them),
        STORES_TEST(a_name_keeps_its_number),
        STORES_TEST(what_is_renamed_keeps_its_number_and_what_moves_is_projected),
        STORES_TEST(contents_that_move_take_a_revision),
        STORES_TEST(a_tree_is_renamed),
        STORES_TEST(an_old_snapshot_moves_nothing),
        STORES_TEST(a_writer_of_leaves_needs_no_rights_of_grove),
        STORES_TEST(a_leaf_that_comes_meanwhile_makes_a_rename_a_move),
        STORES_TEST(a_leaf_that_comes_meanwhile_makes_the_same_of_a_limb),
        STORES_TEST(a_leaf_waits_for_a_rename_and_gets_a_new_branch),
        STORES_TEST(a_leaf_waits_for_a_rename_and_gets_a_new_limb),
        STORES_TEST(two_who_make_a_branch_make_one),
        STORES_TEST(a_rename_to_a_name_that_comes_is_a_move),
        STORES_TEST(contents_that_come_to_a_leaf_that_moves_are_noted),
        STORES_TEST(a_leaf_that_comes_has_the_name_of_its_renamed_tree),
        STORES_TEST(a_tree_is_watched_and_left_alone),
        STORES_TEST(a_new_subject_has_its_leaves),
        STORES_TEST(wrong_leaves_are_told),
        STORES_TEST(a_view_becomes_a_table),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
