// SPDX-License-Identifier: Apache-2.0
// Connections that the server ended, and statements that it has forgotten: replaced and prepared
// anew, unseen, where nothing can have been done twice.
#include "../../support/stores.h"
#include "../../support/thread.h"

#include <signal.h>

#include "base/clock.h"
#include "pg/pool_private.h"

enum { CONNECTIONS = 3 };

static const struct pg_statement one = {"one", "-- answers: integer\nSELECT 1"};
static const struct pg_statement words = {"words", "SELECT a FROM words"};

static struct pg_pool *open_pool(struct test_stores *stores)
{
    char conninfo[CLUSTER_CONNINFO_SIZE];
    struct pg_pool *pool;
    struct grove_error error;
    test_database_conninfo(stores->database, conninfo);
    const struct pg_pool_options options = {.conninfo = conninfo, .connections_max = CONNECTIONS};
    assert_ok(pg_pool_new(&options, &pool, &error), error);
    return pool;
}

static struct pg_conn *taken(struct pg_pool *pool)
{
    struct pg_conn *conn = NULL;
    struct grove_error error;
    assert_ok(pg_take(pool, NULL, &conn, &error), error);
    return conn;
}

// All connections of the pool, idle and used before.
static void fill(struct test_stores *stores, struct pg_pool *pool)
{
    struct pg_conn *conns[CONNECTIONS];
    struct pg_rows rows;
    struct grove_error error;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        conns[i] = taken(pool);
        assert_ok(pg_query(conns[i], &stores->arena, &one, NULL, &rows, &error), error);
    }
    for (size_t i = 0; i < CONNECTIONS; i++)
        pg_give(&conns[i]);
}

static void assert_one(struct test_stores *stores, struct pg_conn *conn)
{
    struct pg_rows rows;
    struct grove_error error;
    assert_ok(pg_query(conn, &stores->arena, &one, NULL, &rows, &error), error);
    assert_int_equal(pg_int4(&rows, 0, 0), 1);
}

static void await_gone(struct test_stores *stores, int pid)
{
    while (test_sql_int(stores, "SELECT count(*) FROM pg_stat_activity WHERE pid = %d", pid) > 0)
        clock_sleep_ms(2);
}

static void terminate(struct test_stores *stores, const struct pg_conn *conn)
{
    int pid = PQbackendPID(conn->link);
    test_sql(stores, "SELECT pg_terminate_backend(%d)", pid);
    await_gone(stores, pid);
}

static void assert_all_usable(struct test_stores *stores, struct pg_pool *pool)
{
    struct pg_conn *conns[CONNECTIONS];
    for (size_t i = 0; i < CONNECTIONS; i++) {
        conns[i] = taken(pool);
        assert_one(stores, conns[i]);
    }
    for (size_t i = 0; i < CONNECTIONS; i++)
        pg_give(&conns[i]);
    assert_null(pg_pool_check(pool));
}

// --- connections --------------------------------------------------------------------------------

static void idle_connections_that_were_ended_are_replaced(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores);
    fill(stores, pool);
    for (size_t i = 0; i < CONNECTIONS; i++)
        terminate(stores, pool->idle[i]);
    assert_all_usable(stores, pool);
    pg_pool_free(pool);
}

static void an_idle_session_timeout_is_not_noticed(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores);
    struct grove_error error;
    fill(stores, pool);
    int pids[CONNECTIONS];
    for (size_t i = 0; i < CONNECTIONS; i++) {
        pids[i] = PQbackendPID(pool->idle[i]->link);
        PQclear(PQexec(pool->idle[i]->link, "SET idle_session_timeout = '10ms'"));
    }
    for (size_t i = 0; i < CONNECTIONS; i++)
        await_gone(stores, pids[i]);
    // Also when it is the first statement of a transaction.
    struct pg_conn *conn = taken(pool);
    assert_ok(pg_begin(conn, &error), error);
    assert_ok(pg_commit(conn, &error), error);
    pg_give(&conn);
    assert_all_usable(stores, pool);
    pg_pool_free(pool);
}

static void a_connection_that_is_held_is_replaced_between_statements(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores);
    struct pg_conn *conn = taken(pool), *const same = conn;
    const struct pg_request requests[] = {{&one, NULL}, {&one, NULL}};
    struct pg_rows rows[2];
    struct grove_error error;
    assert_one(stores, conn);
    terminate(stores, conn);
    assert_one(stores, conn); // prepared anew
    terminate(stores, conn);
    assert_ok(pg_pipeline(conn, &stores->arena, requests, 2, rows, &error), error);
    terminate(stores, conn);
    assert_ok(pg_exec(conn, "SELECT 1", &error), error);
    terminate(stores, conn);
    assert_ok(pg_begin(conn, &error), error);
    assert_ok(pg_commit(conn, &error), error);
    assert_ptr_equal(conn, same);
    pg_give(&conn);
    assert_int_equal(pool->open_count, 1);
    assert_null(pg_pool_check(pool));
    pg_pool_free(pool);
}

static void a_transaction_is_not_begun_anew(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores);
    struct pg_conn *conn = taken(pool);
    struct pg_rows rows;
    struct grove_error error;
    assert_ok(pg_begin(conn, &error), error);
    assert_ok(pg_exec(conn, "CREATE TABLE lost (a int)", &error), error);
    terminate(stores, conn);
    assert_int_equal(pg_query(conn, &stores->arena, &one, NULL, &rows, &error), GROVE_UNAVAILABLE);
    assert_int_equal(pg_query(conn, &stores->arena, &one, NULL, &rows, &error), GROVE_UNAVAILABLE);
    assert_int_equal(pg_commit(conn, &error), GROVE_UNAVAILABLE);
    pg_give(&conn);
    pg_pool_free(pool);
}

// What was to begin with the first statement begins on the connection that replaces the lost one.
static void a_transaction_begins_on_the_connection_in_its_place(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores);
    struct pg_conn *conn = taken(pool);
    struct grove_error error;
    assert_one(stores, conn);
    assert_ok(pg_begin_snapshot(conn, &error), error);
    terminate(stores, conn);
    assert_one(stores, conn);
    assert_int_equal(PQtransactionStatus(conn->link), PQTRANS_INTRANS);
    pg_rollback(conn);
    assert_ok(pg_begin(conn, &error), error);
    terminate(stores, conn);
    assert_ok(pg_exec(conn, "CREATE TABLE begun (a int)", &error), error);
    pg_rollback(conn);
    assert_null(test_sql_text(stores, "SELECT to_regclass('begun')"));
    pg_give(&conn);
    pg_pool_free(pool);
}

struct writer {
    struct pg_conn *conn;
    enum grove_code code;
    struct grove_error error;
};

static void write_slowly(void *state)
{
    struct writer *writer = state;
    writer->code =
        pg_exec(writer->conn, "INSERT INTO words SELECT 1 FROM pg_sleep(60)", &writer->error);
}

static void a_statement_under_way_is_not_repeated(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores);
    struct writer writer = {.conn = taken(pool)};
    test_sql(stores, "CREATE TABLE words (a int)");
    struct test_thread *thread = test_thread_start(stores, write_slowly, &writer);
    while (test_sql_int(stores, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                "WHERE state = 'active' AND query LIKE 'INSERT INTO words%%'") == 0)
        clock_sleep_ms(2);
    test_thread_join(thread);
    assert_int_equal(writer.code, GROVE_UNAVAILABLE);
    assert_int_equal(writer.error.retry, GROVE_RETRY_LATER);
    pg_give(&writer.conn);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM words"), 0);
    pg_pool_free(pool);
}

// The test's own connections are lost with it, and replaced like any other.
static void a_restart_of_the_server_is_not_noticed(struct test_stores *stores)
{
    const struct home *home;
    struct pg_pool *pool = open_pool(stores);
    struct pg_conn *held = taken(pool);
    struct grove_error error;
    bool forced;
    assert_one(stores, held);
    struct pg_conn *given = taken(pool);
    assert_one(stores, given);
    pg_give(&given);
    assert_ok(test_home(&home, &error), error);
    assert_ok(cluster_stop(home, NULL, &forced, &error), error);
    assert_ok(cluster_start(home, NULL, &error), error);
    assert_one(stores, held);
    pg_give(&held);
    assert_all_usable(stores, pool);
    pg_pool_free(pool);
}

static void kill_server(struct test_stores *stores)
{
    const struct home *home;
    struct cluster_status status;
    struct grove_error error;
    (void)stores;
    assert_ok(test_home(&home, &error), error);
    assert_ok(cluster_status(home, &status, &error), error);
    assert_true(status.pid > 1);
    assert_int_equal(kill(status.pid, SIGKILL), 0);
}

// Whoever looks while a server dies finds that it runs, and that nobody answers.
static void a_server_that_dies_once_it_was_found_is_started(struct test_stores *stores)
{
    const struct home *home;
    struct grove_error error;
    test_sql(stores, "SELECT 1");
    assert_ok(test_home(&home, &error), error);
    TEST_AT(stores, CLUSTER_FOUND, kill_server);
    assert_ok(cluster_start(home, NULL, &error), error);
    assert_int_equal(stores->reached[INJECT_CLUSTER_FOUND], 2);
    assert_int_equal(test_sql_int(stores, "SELECT 1"), 1);
}

// --- prepared statements ------------------------------------------------------------------------

static void forget_all(struct test_stores *stores, struct pg_conn *conn)
{
    (void)stores;
    test_session_sql(conn, "DEALLOCATE ALL");
}

static void alter(struct test_stores *stores, struct pg_conn *conn)
{
    (void)conn;
    test_sql(stores, "ALTER TABLE words ALTER COLUMN a TYPE text");
}

static void be_prepared_already(struct test_stores *stores, struct pg_conn *conn)
{
    struct grove_error error;
    forget_all(stores, conn);
    test_session_sql(conn, "PREPARE words AS SELECT 2");
    conn->prepared_count = 0; // as if by somebody else
    (void)error;
}

static void a_statement_that_is_lost_is_prepared_anew(struct test_stores *stores)
{
    static void (*const losses[])(struct test_stores *stores,
                                  struct pg_conn *conn) = {forget_all, be_prepared_already, alter};
    struct pg_pool *pool = open_pool(stores);
    const struct pg_request request = {&words, NULL};
    struct pg_rows rows;
    struct grove_error error;
    for (size_t i = 0; i < 2 * ARRAY_COUNT(losses); i++) {
        test_sql(stores, "CREATE TABLE words AS SELECT 1 AS a");
        struct pg_conn *conn = taken(pool);
        assert_ok(pg_query(conn, &stores->arena, &words, NULL, &rows, &error), error);
        losses[i / 2](stores, conn);
        if (i % 2)
            assert_ok(pg_pipeline(conn, &stores->arena, &request, 1, &rows, &error), error);
        else
            assert_ok(pg_query(conn, &stores->arena, &words, NULL, &rows, &error), error);
        assert_int_equal(rows.count, 1);
        // Within a transaction it costs that transaction, once.
        test_sql(stores, "DROP TABLE words; CREATE TABLE words AS SELECT 1 AS a");
        assert_ok(pg_query(conn, &stores->arena, &words, NULL, &rows, &error), error);
        losses[i / 2](stores, conn);
        assert_ok(pg_begin(conn, &error), error);
        assert_int_equal(pg_query(conn, &stores->arena, &words, NULL, &rows, &error),
                         GROVE_DATABASE);
        assert_int_equal(error.retry, GROVE_RETRY_LATER);
        pg_rollback(conn);
        assert_ok(pg_begin(conn, &error), error);
        assert_ok(pg_query(conn, &stores->arena, &words, NULL, &rows, &error), error);
        pg_give(&conn);
        test_sql(stores, "DROP TABLE words");
    }
    pg_pool_free(pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(idle_connections_that_were_ended_are_replaced),
        STORES_TEST(an_idle_session_timeout_is_not_noticed),
        STORES_TEST(a_connection_that_is_held_is_replaced_between_statements),
        STORES_TEST(a_transaction_begins_on_the_connection_in_its_place),
        STORES_TEST(a_transaction_is_not_begun_anew),
        STORES_TEST(a_statement_under_way_is_not_repeated),
        STORES_TEST(a_statement_that_is_lost_is_prepared_anew),
        STORES_TEST(a_restart_of_the_server_is_not_noticed),
        STORES_TEST(a_server_that_dies_once_it_was_found_is_started),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
