// SPDX-License-Identifier: Apache-2.0
// Transactions and the pool on a real server.
#include "../../support/stores.h"
#include "../../support/thread.h"

#include <libpq-fe.h>

#include "base/clock.h"
#include "pg/pool_private.h"

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
    assert_int_equal(pg_take(pool, NULL, &third, &error), GROVE_LIMIT);
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
    atomic_bool had_it;
    struct grove_error error;
};

static void take(void *state)
{
    struct taker *taker = state;
    taker->code = pg_take(taker->pool, NULL, &taker->conn, &taker->error);
    atomic_store(&taker->had_it, true);
    pg_give(&taker->conn);
}

static bool somebody_waits(struct pg_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    bool waits = pool->first != NULL;
    pthread_mutex_unlock(&pool->mutex);
    return waits;
}

// Who gives a connection back and asks for the next one comes after those who wait.
static void places_go_to_who_came_first(struct test_stores *stores)
{
    struct taker taker = {.pool = open_pool(stores, 1, 30000)};
    struct pg_conn *conn = NULL;
    struct grove_error error;
    assert_ok(pg_take(taker.pool, NULL, &conn, &error), error);
    struct test_thread *thread = test_thread_start(stores, take, &taker);
    while (!somebody_waits(taker.pool))
        clock_sleep_ms(1);
    pg_give(&conn);
    assert_ok(pg_take(taker.pool, NULL, &conn, &error), error);
    bool had_it = atomic_load(&taker.had_it);
    pg_give(&conn);
    test_thread_join(thread);
    pg_pool_free(taker.pool);
    assert_true(had_it);
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

// libpq goes through a list of hosts by itself.
static void the_next_host_of_a_list_is_tried(struct test_stores *stores)
{
    char conninfo[2 * CLUSTER_CONNINFO_SIZE];
    const struct home *home;
    struct pg_pool *pool;
    struct pg_conn *conn = NULL;
    struct grove_error error;
    assert_ok(test_home(&home, &error), error);
    snprintf(conninfo, sizeof conninfo, "host=/nonexistent,%s user=grove dbname=%s", home->run,
             stores->database);
    assert_ok(pg_pool_new(&(struct pg_pool_options){.conninfo = conninfo}, &pool, &error), error);
    assert_ok(pg_take(pool, NULL, &conn, &error), error);
    assert_non_null(strstr(pg_describe(conn), home->run));
    pg_give(&conn);
    pg_pool_free(pool);
}

// --- databases that will not do -----------------------------------------------------------------

// Refused before anything is written there: the first emoji would end a load in its middle.
static void a_database_that_is_not_utf8_is_refused(struct test_stores *stores)
{
    static const char *const encodings[] = {"LATIN1", "SQL_ASCII", "EUC_JP"};
    for (size_t i = 0; i < ARRAY_COUNT(encodings); i++) {
        char conninfo[CLUSTER_CONNINFO_SIZE];
        struct pg_pool *pool;
        struct pg_conn *conn = NULL;
        struct grove_error error;
        test_sql(stores, "CREATE DATABASE other TEMPLATE template0 ENCODING '%s' LOCALE 'C'",
                 encodings[i]);
        test_database_conninfo("other", conninfo);
        assert_ok(pg_pool_new(&(struct pg_pool_options){.conninfo = conninfo}, &pool, &error),
                  error);
        assert_int_equal(pg_take(pool, NULL, &conn, &error), GROVE_UNSUPPORTED);
        assert_non_null(strstr(error.message, encodings[i]));
        assert_non_null(strstr(error.hint, "--encoding=UTF8"));
        pg_pool_free(pool);
        test_sql(stores, "DROP DATABASE other");
    }
}

// --- the environment ----------------------------------------------------------------------------

// Works with a variable of libpq set to this.
static void assert_deaf(struct test_stores *stores, const char *variable, const char *value)
{
    struct pg_conn *conn = NULL;
    struct grove_error error;
    setenv(variable, value, 1);
    struct pg_pool *pool = open_pool(stores, 1, 0);
    enum grove_code code = pg_take(pool, NULL, &conn, &error);
    unsetenv(variable);
    if (code != GROVE_OK)
        fail_msg("%s=%s: %s: %s", variable, value, error.message, error.detail);
    pg_give(&conn);
    pg_pool_free(pool);
}

static void the_private_server_is_deaf_to_the_environment(struct test_stores *stores)
{
    PQconninfoOption *options = PQconndefaults();
    unsigned variables = 0;
    assert_non_null(options);
    for (const PQconninfoOption *o = options; o->keyword; o++) {
        // With these the user names a server that is not ours.
        static const char *const names[] = {"host", "hostaddr", "dbname", "service"};
        bool named = !o->envvar;
        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
            named = named || strcmp(o->keyword, names[i]) == 0;
        if (named)
            continue;
        assert_deaf(stores, o->envvar, "nonsense");
        assert_deaf(stores, o->envvar, "");
        variables++;
    }
    PQconninfoFree(options);
    assert_true(variables > 20);
    assert_deaf(stores, "PGOPTIONS", "-c search_path=nowhere -c default_transaction_read_only=on");
}

// libpq sends these whatever it is told: sessions have our settings nevertheless, and one that
// makes no sense is named.
static void settings_of_the_environment_are_overruled(struct test_stores *stores)
{
    struct pg_conn *conn = NULL;
    struct grove_error error;
    setenv("PGTZ", "Asia/Tokyo", 1);
    setenv("PGDATESTYLE", "German", 1);
    struct pg_pool *pool = open_pool(stores, 1, 0);
    assert_ok(pg_take(pool, NULL, &conn, &error), error);
    assert_ok(pg_exec(conn,
                      "SELECT 1 / (current_setting('timezone') = 'UTC' AND "
                      "current_setting('datestyle') LIKE 'ISO%')::int",
                      &error),
              error);
    pg_give(&conn);
    pg_pool_free(pool);
    setenv("PGTZ", "nonsense", 1);
    pool = open_pool(stores, 1, 0);
    assert_int_equal(pg_take(pool, NULL, &conn, &error), GROVE_UNAVAILABLE);
    assert_non_null(strstr(error.hint, "PGTZ"));
    unsetenv("PGTZ");
    unsetenv("PGDATESTYLE");
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
        STORES_TEST(places_go_to_who_came_first),
        STORES_TEST(a_place_is_not_lost_with_its_connection),
        STORES_TEST(the_next_host_of_a_list_is_tried),
        STORES_TEST(a_database_that_is_not_utf8_is_refused),
        STORES_TEST(the_private_server_is_deaf_to_the_environment),
        STORES_TEST(settings_of_the_environment_are_overruled),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
