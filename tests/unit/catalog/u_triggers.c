// SPDX-License-Identifier: Apache-2.0
// What the triggers promise to writers that work at the same time: revisions that rise, leaves that
// exist, counts that add up.
#include "../../support/stores.h"
#include "../../support/thread.h"

// A statement that another session runs beside the test.
struct statement {
    struct pg_conn *conn;
    const char *sql;
    enum grove_code code;
    struct grove_error error;
};

static void run_statement(void *state)
{
    struct statement *statement = state;
    statement->code = pg_exec(statement->conn, statement->sql, &statement->error);
}

// Starts it in a session of its own, and returns when it waits for a lock.
static struct test_thread *start_waiting(struct test_stores *stores, struct statement *statement)
{
    statement->conn = test_session(stores);
    struct test_thread *thread = test_thread_start(stores, run_statement, statement);
    test_wait_for_lock(stores);
    return thread;
}

// "before 7 after"
static const char *with_id(struct test_stores *stores, const char *before, int32_t id,
                           const char *after)
{
    const char *sql = arena_printf(&stores->arena, "%s %d %s", before, id, after);
    assert_non_null(sql);
    return sql;
}

// --- revisions ----------------------------------------------------------------------------------

// The writer that waits commits last: its revision must be the highest, although it began to write
// before the other one's last change.
static void revisions_rise_in_the_order_of_commits(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.body = "a body"});
    struct pg_conn *first = test_session(stores);
    test_session_sql(first, "BEGIN; UPDATE content_metadata SET title = 'b' WHERE id = %d", id);
    struct statement body = {
        .sql = with_id(stores, "UPDATE grove.body SET body = 'c' WHERE content_id =", id, "")};
    struct test_thread *second = start_waiting(stores, &body);
    test_session_sql(first, "UPDATE content_metadata SET title = 'd' WHERE id = %d; COMMIT", id);
    test_thread_join(second);
    assert_ok(body.code, body.error);
    // Two by the first, one by the second, which is the last that was drawn.
    assert_int_equal(test_revision(stores, id),
                     test_sql_int(stores, "SELECT last_value FROM grove.revision_seq"));
    assert_int_equal(test_outbox(stores, id).revision, test_revision(stores, id));
}

static void two_contents_changed_in_opposite_order_lock_nobody_out(struct test_stores *stores)
{
    int32_t one = test_content(stores, &(struct test_content){.body = "a"});
    int32_t two = test_content(stores, &(struct test_content){.body = "b"});
    struct pg_conn *first = test_session(stores);
    test_session_sql(first, "BEGIN; UPDATE grove.body SET body = 'c' WHERE content_id = %d", one);
    // One statement takes the rows of the state by their ids, whatever order its rows have.
    struct statement both = {.sql =
                                 with_id(stores, "SELECT grove.note_changed(ARRAY[", two, ", 1])")};
    assert_int_equal(one, 1);
    struct test_thread *second = start_waiting(stores, &both);
    // Were `two` taken first, this would wait for who waits for us.
    test_session_sql(first, "UPDATE grove.body SET body = 'd' WHERE content_id = %d; COMMIT", two);
    test_thread_join(second);
    assert_ok(both.code, both.error);
}

static void what_no_engine_sees_takes_no_revision(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.words = 1});
    int64_t before = test_revision(stores, id);
    test_sql(stores, "UPDATE content_metadata SET title = title, updated_at = now()");
    assert_int_equal(test_revision(stores, id), before);
    static const char *const changes[] = {
        "title = 'x'",      "content_summary = 'x'", "content_type = 'x'", "word_count = 77",
        "chunk_number = 9", "created_at = 'epoch'",  "word_count = NULL",
    };
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        test_sql(stores, "UPDATE content_metadata SET %s", changes[i]);
        int64_t after = test_revision(stores, id);
        if (after <= before)
            fail_msg("%s took no revision", changes[i]);
        before = after;
    }
}

static void a_rollback_takes_its_notes_with_it(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.words = 1});
    int64_t before = test_revision(stores, id);
    test_sql(stores, "DELETE FROM grove.outbox");
    struct pg_conn *conn = test_session(stores);
    test_session_sql(conn, "BEGIN; UPDATE content_metadata SET word_count = 2; ROLLBACK");
    assert_int_equal(test_revision(stores, id), before);
    assert_false(test_outbox(stores, id).present);
}

static void a_delete_is_noted_above_all_before_it(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.body = "goes with it"});
    int64_t before = test_revision(stores, id);
    test_sql(stores, "DELETE FROM content_metadata");
    struct test_outbox row = test_outbox(stores, id);
    assert_true(row.present && row.deleted);
    assert_true(row.revision > before);
    assert_int_equal(test_revision(stores, id), VECTOR_NONE);
}

static int64_t outbox_rows(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT count(*) FROM grove.outbox");
}

// Nobody has seen the revision that a transaction has drawn: it stands for all that it does.
static void what_a_transaction_does_to_a_content_is_one_change(struct test_stores *stores)
{
    int32_t leaf = test_leaf(stores, "Leaf");
    struct pg_conn *conn = test_session(stores);
    test_session_sql(conn,
                     "BEGIN; INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type,"
                     " title, content_summary) VALUES ('subject1_hierarchy', %d, 'T', 't', 's');"
                     "INSERT INTO grove.body SELECT id, 'a body' FROM content_metadata;"
                     "UPDATE content_metadata SET title = 'another'; COMMIT",
                     leaf);
    assert_int_equal(outbox_rows(stores), 1);
    struct test_outbox row = test_outbox(stores, 1);
    assert_int_equal(row.revision, test_revision(stores, 1));
    assert_int_equal(test_sql_int(stores, "SELECT text_revision FROM grove.content_state"),
                     row.revision);
    test_session_sql(conn, "UPDATE content_metadata SET title = 'a third'");
    assert_int_equal(outbox_rows(stores), 2);
    assert_true(test_revision(stores, 1) > row.revision);
}

// In each a change must be told from what was there before it.
static void a_change_that_could_be_missed_is_noted_again(struct test_stores *stores)
{
    static const struct {
        const char *what, *sql;
    } rows[] = {
        {"a vector in between",
         "INSERT INTO grove.embedding (content_id, model, text_sha256, origin, vector, revision)"
         " SELECT 1, 'm', sha256('t'), 'computed', decode(repeat('0000803f', 384), 'hex'), revision"
         " FROM grove.content_state;"},
        {"a row that a hand put in",
         "DELETE FROM grove.outbox; INSERT INTO grove.outbox (content_id, revision, deleted)"
         " SELECT 1, revision, false FROM grove.content_state;"},
        {"a state that a hand wrote", "UPDATE grove.content_state SET text_revision = revision;"},
    };
    int32_t id = test_content(stores, &(struct test_content){.title = "t"});
    struct pg_conn *conn = test_session(stores);
    assert_int_equal(id, 1);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        // Of the first the revision is this transaction's, of the others an earlier one's.
        const char *own = i == 0 ? "UPDATE content_metadata SET title = 'own';" : "";
        test_session_sql(conn,
                         "BEGIN; %s %s CREATE TEMP TABLE before ON COMMIT DROP AS"
                         " SELECT revision FROM grove.content_state;"
                         "UPDATE content_metadata SET title = 'x%zu';"
                         "CREATE TEMP TABLE after AS SELECT s.revision > b.revision AS rose"
                         " FROM grove.content_state AS s, before AS b; COMMIT",
                         own, rows[i].sql, i);
        if (test_sql_int(stores, "SELECT count(*) FROM grove.outbox JOIN grove.content_state"
                                 " USING (content_id, revision)") != 1)
            fail_msg("%s: the revision does not wait", rows[i].what);
        test_session_sql(conn,
                         "DO $$ BEGIN ASSERT (SELECT rose FROM after), '%s'; END $$;"
                         "DROP TABLE after",
                         rows[i].what);
    }
}

// What a savepoint takes back was noted in it, and what comes after it is noted anew.
static void a_savepoint_takes_its_notes_with_it(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.title = "t"});
    struct pg_conn *conn = test_session(stores);
    test_sql(stores, "DELETE FROM grove.outbox");
    test_session_sql(conn, "BEGIN; SAVEPOINT s; UPDATE content_metadata SET title = 'x';"
                           "ROLLBACK TO s; UPDATE content_metadata SET title = 'y'; COMMIT");
    assert_int_equal(outbox_rows(stores), 1);
    assert_int_equal(test_outbox(stores, id).revision, test_revision(stores, id));
}

// --- leaves -------------------------------------------------------------------------------------

static void a_leaf_waits_for_contents_under_way(struct test_stores *stores)
{
    int32_t leaf = test_leaf(stores, "Leaf");
    struct pg_conn *writer = test_session(stores);
    test_session_sql(writer,
                     "BEGIN; INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type,"
                     " title, content_summary) VALUES ('subject1_hierarchy', %d, 'T', 't', 's')",
                     leaf);
    struct statement removal = {
        .sql = with_id(stores, "DELETE FROM subject1_hierarchy WHERE id =", leaf, "")};
    struct test_thread *thread = start_waiting(stores, &removal);
    test_session_sql(writer, "COMMIT");
    test_thread_join(thread);
    assert_int_equal(removal.code, GROVE_CONFLICT);
    assert_string_equal(removal.error.sqlstate, "23503");
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM subject1_hierarchy"), 1);
}

static void contents_wait_for_a_leaf_that_goes(struct test_stores *stores)
{
    int32_t leaf = test_leaf(stores, "Leaf");
    struct pg_conn *remover = test_session(stores);
    test_session_sql(remover, "BEGIN; DELETE FROM subject1_hierarchy WHERE id = %d", leaf);
    struct statement insert = {
        .sql = with_id(stores,
                       "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type,"
                       " title, content_summary) VALUES ('subject1_hierarchy',",
                       leaf, ", 'T', 't', 's')")};
    struct test_thread *thread = start_waiting(stores, &insert);
    test_session_sql(remover, "COMMIT");
    test_thread_join(thread);
    assert_int_equal(insert.code, GROVE_CONFLICT);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM content_metadata"), 0);
}

static void writers_of_one_leaf_do_not_wait(struct test_stores *stores)
{
    int32_t leaf = test_leaf(stores, "Leaf");
    for (int i = 1; i <= 2; i++) { // both transactions are open when the second one writes
        struct pg_conn *writer = test_session(stores);
        test_session_sql(writer,
                         "BEGIN; INSERT INTO content_metadata (hierarchy_table, leaf_id,"
                         " content_type, title, content_summary, chunk_number)"
                         " VALUES ('subject1_hierarchy', %d, 'T', 't', 's', %d)",
                         leaf, i);
    }
    test_session_sql(stores->sessions[1], "COMMIT");
    test_session_sql(stores->sessions[2], "COMMIT");
    assert_int_equal(test_sql_int(stores, "SELECT sum(contents) FROM grove.content_count"), 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(revisions_rise_in_the_order_of_commits),
        STORES_TEST(two_contents_changed_in_opposite_order_lock_nobody_out),
        STORES_TEST(what_no_engine_sees_takes_no_revision),
        STORES_TEST(a_rollback_takes_its_notes_with_it),
        STORES_TEST(a_delete_is_noted_above_all_before_it),
        STORES_TEST(what_a_transaction_does_to_a_content_is_one_change),
        STORES_TEST(a_change_that_could_be_missed_is_noted_again),
        STORES_TEST(a_savepoint_takes_its_notes_with_it),
        STORES_TEST(a_leaf_waits_for_contents_under_way),
        STORES_TEST(contents_wait_for_a_leaf_that_goes),
        STORES_TEST(writers_of_one_leaf_do_not_wait),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
