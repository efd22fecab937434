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
    assert_int_equal(pg_exec(conn, "INSERT INTO one VALUES (2)", &error), GROVE_DENIED);
    assert_string_equal(error.sqlstate, "25006");
    assert_non_null(strstr(error.hint, "default_transaction_read_only"));
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
    atomic_uint *served; // how many had a connection before; NULL: nobody counts
    unsigned turn;
    struct pg_conn *conn;
    enum grove_code code;
    struct grove_error error;
};

static void take(void *state)
{
    struct taker *taker = state;
    taker->code = pg_take(taker->pool, NULL, &taker->conn, &taker->error);
    if (taker->served)
        taker->turn = atomic_fetch_add(taker->served, 1);
    pg_give(&taker->conn);
}

static unsigned count_waiting(struct pg_pool *pool)
{
    unsigned count = 0;
    pthread_mutex_lock(&pool->mutex);
    for (struct turn *at = pool->line.first; at; at = at->next)
        count++;
    pthread_mutex_unlock(&pool->mutex);
    return count;
}

static void await_waiting(struct pg_pool *pool, unsigned wanted)
{
    while (count_waiting(pool) != wanted)
        clock_sleep_ms(1);
}

// One after the other, and who gives a connection back and asks for the next comes after them all.
static void places_go_to_who_came_first(struct test_stores *stores)
{
    enum { TAKERS = 4 };
    atomic_uint served = 0;
    struct pg_pool *pool = open_pool(stores, 1, 30000);
    struct taker takers[TAKERS];
    struct test_thread *threads[TAKERS];
    struct pg_conn *conn = NULL;
    struct grove_error error;
    assert_ok(pg_take(pool, NULL, &conn, &error), error);
    for (unsigned i = 0; i < TAKERS; i++) {
        takers[i] = (struct taker){.pool = pool, .served = &served};
        threads[i] = test_thread_start(stores, take, &takers[i]);
        await_waiting(pool, i + 1);
    }
    pg_give(&conn);
    assert_ok(pg_take(pool, NULL, &conn, &error), error);
    unsigned turn = atomic_fetch_add(&served, 1);
    pg_give(&conn);
    for (unsigned i = 0; i < TAKERS; i++)
        test_thread_join(threads[i]);
    pg_pool_free(pool);
    for (unsigned i = 0; i < TAKERS; i++) {
        assert_ok(takers[i].code, takers[i].error);
        assert_int_equal(takers[i].turn, i);
    }
    assert_int_equal(turn, TAKERS);
}

// Somebody who came before all others, and takes nothing when the turn comes.
struct idler {
    struct pg_pool *pool;
    struct turn turn;
    int failure; // of the wait for the turn
};

static void stand_first(void *state)
{
    enum { PATIENCE_S = 10 };
    struct idler *idler = state;
    struct pg_pool *pool = idler->pool;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_init(&idler->turn.signal, NULL);
    idler->turn.next = pool->line.first;
    pool->line.first = &idler->turn;
    pool->line.last = pool->line.last ? pool->line.last : &idler->turn;
    idler->failure = pthread_cond_timedwait(&idler->turn.signal, &pool->mutex, &until);
    pool->line.first = idler->turn.next;
    pool->line.last = pool->line.first ? pool->line.last : NULL;
    pthread_cond_destroy(&idler->turn.signal);
    pthread_mutex_unlock(&pool->mutex);
}

static void the_first_who_waits_is_woken(struct test_stores *stores)
{
    struct idler idler = {.pool = open_pool(stores, 1, 30000)};
    struct taker taker = {.pool = idler.pool};
    struct pg_conn *conn = NULL;
    struct grove_error error;
    assert_ok(pg_take(idler.pool, NULL, &conn, &error), error);
    struct test_thread *first = test_thread_start(stores, stand_first, &idler);
    await_waiting(idler.pool, 1);
    struct test_thread *last = test_thread_start(stores, take, &taker);
    await_waiting(idler.pool, 2);
    pg_give(&conn);
    test_thread_join(first);
    test_thread_join(last);
    pg_pool_free(idler.pool);
    assert_int_equal(idler.failure, 0);
    assert_ok(taker.code, taker.error);
}

// Though there are places, who comes later waits for their turn.
static void nobody_passes_who_came_first(struct test_stores *stores)
{
    struct idler idler = {.pool = open_pool(stores, 2, 30000)};
    struct pg_conn *conn = NULL;
    struct grove_error error;
    struct call call;
    struct test_thread *first = test_thread_start(stores, stand_first, &idler);
    await_waiting(idler.pool, 1);
    call_init(&call);
    call_within(&call, 100);
    call.patient = true;
    enum grove_code code = pg_take(idler.pool, &call, &conn, &error);
    pg_give(&conn);
    test_thread_join(first);
    pg_pool_free(idler.pool);
    assert_int_equal(code, GROVE_TIMEOUT);
    assert_int_equal(idler.failure, 0); // who gives up lets the first know of the place
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

// --- what the server says besides ----------------------------------------------------------------

// What comes out at the standard error meanwhile: it is the host's, and not for libpq to write to.
static void assert_silent(const char *conninfo)
{
    char said[400];
    struct pg_pool *pool;
    struct pg_conn *conn = NULL;
    struct grove_error error;
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    assert_true(file && kept >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    assert_ok(pg_pool_new(&(struct pg_pool_options){.conninfo = conninfo}, &pool, &error), error);
    enum grove_code code = pg_take(pool, NULL, &conn, &error);
    pg_give(&conn);
    pg_pool_free(pool);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    rewind(file);
    size_t length = fread(said, 1, sizeof said - 1, file);
    said[length] = '\0';
    fclose(file);
    assert_ok(code, error);
    assert_string_equal(said, "");
}

// PostgreSQL warns of a collation that has changed, for one, to whoever connects.
static void warnings_of_the_server_are_not_printed(struct test_stores *stores)
{
    char conninfo[2 * CLUSTER_CONNINFO_SIZE];
    const struct home *home;
    struct grove_error error;
    assert_ok(test_home(&home, &error), error);
    test_sql(stores, "UPDATE pg_database SET datcollversion = 'old' WHERE datname = '%s'",
             stores->database);
    test_database_conninfo(stores->database, conninfo);
    assert_silent(conninfo);
    snprintf(conninfo, sizeof conninfo, "host=%s,%s user=grove dbname=%s", home->run, home->run,
             stores->database);
    assert_silent(conninfo);
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
        STORES_TEST(the_first_who_waits_is_woken),
        STORES_TEST(nobody_passes_who_came_first),
        STORES_TEST(a_place_is_not_lost_with_its_connection),
        STORES_TEST(the_next_host_of_a_list_is_tried),
        STORES_TEST(warnings_of_the_server_are_not_printed),
        STORES_TEST(a_database_that_is_not_utf8_is_refused),
        STORES_TEST(the_private_server_is_deaf_to_the_environment),
        STORES_TEST(settings_of_the_environment_are_overruled),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
