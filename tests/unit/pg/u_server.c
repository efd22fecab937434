// SPDX-License-Identifier: Apache-2.0
// Transactions and the pool on a real server.
#include "../../support/stores.h"
#include "../../support/thread.h"

#include "pg/pg.h"

static struct pg_pool *open_pool(struct test_stores *stores, unsigned connections_max,
                                 unsigned take_timeout_ms)
{
    char conninfo[CLUSTER_CONNINFO_SIZE];
    struct pg_pool *pool;
    struct grove_error error;
    test_database_conninfo(stores->database, conninfo);
    const struct pg_pool_options options = {.conninfo = conninfo,
                                            .connections_max = connections_max,
                                            .take_timeout_ms = take_timeout_ms};
    assert_ok(pg_pool_new(&options, &pool, &error), error);
    return pool;
}

// --- transactions -------------------------------------------------------------------------------

static void a_commit_that_rolls_back_is_an_error(struct test_stores *stores)
{
    struct pg_conn *conn = test_session(stores);
    struct grove_error error;
    assert_ok(pg_begin(conn, &error), error);
    test_session_sql(conn, "CREATE TABLE lost (a int)");
    assert_int_equal(pg_exec(conn, "SELECT 1 / 0", &error), GROVE_INVALID);
    assert_int_equal(pg_commit(conn, &error), GROVE_DATABASE); // the server says ROLLBACK, not no
    assert_null(test_sql_text(stores, "SELECT to_regclass('lost')"));
}

static void a_deferred_constraint_fails_the_commit(struct test_stores *stores)
{
    struct pg_conn *conn = test_session(stores);
    struct grove_error error;
    test_sql(stores, "CREATE TABLE one (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    assert_ok(pg_begin(conn, &error), error);
    test_session_sql(conn, "INSERT INTO one VALUES (1), (1)");
    assert_int_equal(pg_commit(conn, &error), GROVE_CONFLICT);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM one"), 0);
}

static void a_snapshot_shows_one_moment_and_writes_nothing(struct test_stores *stores)
{
    struct pg_conn *conn = test_session(stores);
    struct grove_error error;
    const struct pg_statement count = {"", "SELECT count(*) FROM one"};
    struct pg_rows rows;
    test_sql(stores, "CREATE TABLE one (a int)");
    assert_ok(pg_begin_snapshot(conn, &error), error);
    for (int i = 0; i < 2; i++) {
        assert_ok(pg_query(conn, &stores->arena, &count, NULL, &rows, &error), error);
        assert_int_equal(pg_int8(&rows, 0, 0), 0);
        test_sql(stores, "INSERT INTO one VALUES (1)");
    }
    assert_int_equal(pg_exec(conn, "INSERT INTO one VALUES (2)", &error), GROVE_DATABASE);
    assert_string_equal(error.sqlstate, "25006");
    pg_rollback(conn);
}

static void what_is_open_is_rolled_back_when_given_back(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores, 1, 0);
    struct pg_conn *conn = NULL;
    struct grove_error error;
    assert_ok(pg_take(pool, NULL, &conn, &error), error);
    assert_ok(pg_exec(conn, "BEGIN; CREATE TABLE lost (a int)", &error), error);
    pg_give(&conn);
    assert_null(conn);
    assert_ok(pg_take(pool, NULL, &conn, &error), error); // the same one
    assert_int_equal(pg_exec(conn, "SELECT FROM lost", &error), GROVE_NOT_FOUND);
    pg_give(&conn);
    pg_pool_free(pool);
}

// --- the pool -----------------------------------------------------------------------------------

static void a_pool_has_a_maximum(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores, 2, 20);
    struct pg_conn *held[2] = {NULL}, *third = NULL;
    struct grove_error error;
    assert_ok(pg_take(pool, NULL, &held[0], &error), error);
    assert_ok(pg_take(pool, NULL, &held[1], &error), error);
    assert_int_equal(pg_take(pool, NULL, &third, &error), GROVE_TIMEOUT);
    assert_int_equal(error.retry, GROVE_RETRY_LATER);
    assert_null(third);
    pg_give(&held[0]);
    assert_ok(pg_take(pool, NULL, &third, &error), error);
    pg_give(&third);
    pg_give(&held[1]);
    pg_pool_free(pool);
}

struct taker {
    struct pg_pool *pool;
    struct pg_conn *conn;
    enum grove_code code;
    struct grove_error error;
};

static void take(void *state)
{
    struct taker *taker = state;
    taker->code = pg_take(taker->pool, NULL, &taker->conn, &taker->error);
    pg_give(&taker->conn);
}

static void who_waits_gets_what_is_given_back(struct test_stores *stores)
{
    struct taker taker = {.pool = open_pool(stores, 1, 30000)};
    struct pg_conn *conn = NULL;
    struct grove_error error;
    assert_ok(pg_take(taker.pool, NULL, &conn, &error), error);
    struct test_thread *thread = test_thread_start(stores, take, &taker);
    pg_give(&conn);
    test_thread_join(thread);
    assert_ok(taker.code, taker.error);
    pg_pool_free(taker.pool);
}

static void a_place_is_not_lost_with_its_connection(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores, 1, 20);
    struct pg_conn *conn = NULL;
    struct grove_error error;
    for (int i = 0; i < 3; i++) {
        assert_ok(pg_take(pool, NULL, &conn, &error), error);
        assert_int_equal(pg_exec(conn, "SELECT pg_terminate_backend(pg_backend_pid())", &error),
                         GROVE_UNAVAILABLE);
        pg_give(&conn);
    }
    pg_pool_free(pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_commit_that_rolls_back_is_an_error),
        STORES_TEST(a_deferred_constraint_fails_the_commit),
        STORES_TEST(a_snapshot_shows_one_moment_and_writes_nothing),
        STORES_TEST(what_is_open_is_rolled_back_when_given_back),
        STORES_TEST(a_pool_has_a_maximum),
        STORES_TEST(who_waits_gets_what_is_given_back),
        STORES_TEST(a_place_is_not_lost_with_its_connection),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
