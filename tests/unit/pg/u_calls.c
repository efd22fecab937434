// SPDX-License-Identifier: Apache-2.0
// What a connection does for a call: it ends with it, and the server's work with it.
#include "../../support/stores.h"
#include "../../support/thread.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "pg/pool_private.h"

enum { SOON_MS = 150 };

// Far longer than any limit here: who is told of a timeout did not wait for the statement.
static const struct pg_statement nap = {"", "SELECT pg_sleep(60)::text"};
static const struct pg_statement one = {"one", "-- answers: integer\nSELECT 1"};

static struct pg_pool *open_pool(struct test_stores *stores, unsigned connections_max)
{
    char conninfo[CLUSTER_CONNINFO_SIZE];
    struct pg_pool *pool;
    struct grove_error error;
    test_database_conninfo(stores->database, conninfo);
    const struct pg_pool_options options = {.conninfo = conninfo,
                                            .connections_max = connections_max};
    assert_ok(pg_pool_new(&options, &pool, &error), error);
    return pool;
}

static struct call call_of(unsigned limit_ms)
{
    struct call call;
    call_init(&call);
    call_within(&call, limit_ms);
    return call;
}

static struct pg_conn *taken(struct pg_pool *pool, struct call *call)
{
    struct pg_conn *conn = NULL;
    struct grove_error error;
    assert_ok(pg_take(pool, call, &conn, &error), error);
    return conn;
}

static int64_t naps(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                                "AND query LIKE '%%pg_sleep(60)%%' AND pid <> pg_backend_pid()");
}

static void await_naps(struct test_stores *stores, int64_t wanted)
{
    while (naps(stores) != wanted)
        clock_sleep_ms(5);
}

static void assert_one(struct test_stores *stores, struct pg_conn *conn)
{
    struct pg_rows rows;
    struct grove_error error;
    assert_ok(pg_query(conn, &stores->arena, &one, NULL, &rows, &error), error);
    assert_int_equal(pg_int4(&rows, 0, 0), 1);
}

// --- statements ---------------------------------------------------------------------------------

static void a_deadline_stops_the_statement_at_the_server(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores, 1);
    struct call call = call_of(SOON_MS), later = call_of(0);
    struct pg_rows rows;
    struct grove_error error;
    struct pg_conn *conn = taken(pool, &call);
    int pid = PQbackendPID(conn->link);
    assert_int_equal(pg_query(conn, &stores->arena, &nap, NULL, &rows, &error), GROVE_TIMEOUT);
    assert_int_equal(error.origin, GROVE_ORIGIN_POSTGRES);
    assert_non_null(strstr(error.message, "0.15 s"));
    assert_int_equal(naps(stores), 0);
    // Nothing more is sent for this call.
    unsigned statements = call.counters.statements;
    assert_int_equal(pg_query(conn, &stores->arena, &one, NULL, &rows, &error), GROVE_TIMEOUT);
    assert_int_equal(pg_exec(conn, "SELECT 1", &error), GROVE_TIMEOUT);
    assert_int_equal(call.counters.statements, statements);
    pg_give(&conn);
    conn = taken(pool, &later); // the connection has lived through it
    assert_int_equal(PQbackendPID(conn->link), pid);
    assert_one(stores, conn);
    pg_give(&conn);
    pg_pool_free(pool);
}

struct sleeper {
    struct test_stores *stores;
    struct pg_pool *pool;
    struct call call;
    struct arena arena;
    enum grove_code code;
    struct grove_error error;
    bool in_pipeline;
};

static void sleep_long(void *state)
{
    struct sleeper *sleeper = state;
    const struct pg_request requests[] = {{&one, NULL}, {&nap, NULL}, {&one, NULL}};
    struct pg_conn *conn = NULL;
    struct pg_rows rows[3];
    arena_init(&sleeper->arena, 1 << 20);
    sleeper->code = pg_take(sleeper->pool, &sleeper->call, &conn, &sleeper->error);
    if (sleeper->code == GROVE_OK && sleeper->in_pipeline)
        sleeper->code = pg_pipeline(conn, &sleeper->arena, requests, 3, rows, &sleeper->error);
    else if (sleeper->code == GROVE_OK)
        sleeper->code = pg_query(conn, &sleeper->arena, &nap, NULL, rows, &sleeper->error);
    pg_give(&conn);
    arena_release(&sleeper->arena);
}

static void cancel_asleep(struct test_stores *stores, bool in_pipeline)
{
    atomic_bool stopping = false;
    struct sleeper sleeper = {.stores = stores, .in_pipeline = in_pipeline};
    sleeper.pool = open_pool(stores, 1);
    sleeper.call = call_of(0);
    call_obey(&sleeper.call, &stopping);
    struct test_thread *thread = test_thread_start(stores, sleep_long, &sleeper);
    await_naps(stores, 1);
    atomic_store(&stopping, true);
    test_thread_join(thread);
    assert_int_equal(sleeper.code, GROVE_CANCELLED);
    assert_int_equal(sleeper.error.origin, GROVE_ORIGIN_POSTGRES);
    assert_int_equal(naps(stores), 0);
    struct pg_conn *conn = taken(sleeper.pool, NULL);
    assert_one(stores, conn);
    pg_give(&conn);
    pg_pool_free(sleeper.pool);
}

static void a_cancelled_statement_is_stopped_at_the_server(struct test_stores *stores)
{
    cancel_asleep(stores, false);
}

static void a_cancelled_pipeline_is_stopped_at_the_server(struct test_stores *stores)
{
    cancel_asleep(stores, true);
}

// The server's own limit is for the case that we die: ours comes first.
static void the_server_knows_the_deadline_of_a_transaction(struct test_stores *stores)
{
    static const char is_set[] = "SELECT 1 / (current_setting('statement_timeout') NOT IN "
                                 "('0', '1min'))::int";
    struct pg_pool *pool = open_pool(stores, 1);
    struct call call = call_of(20000), endless = call_of(0);
    struct grove_error error;
    struct pg_conn *conn = taken(pool, &call);
    unsigned before = call.counters.statements;
    assert_ok(pg_begin_snapshot(conn, &error), error);
    assert_int_equal(call.counters.statements, before); // it goes with the first statement
    assert_ok(pg_exec(conn, is_set, &error), error);
    pg_rollback(conn);
    assert_int_equal(pg_exec(conn, is_set, &error), GROVE_INVALID); // the transaction's alone
    pg_give(&conn);
    conn = taken(pool, &endless);
    assert_ok(pg_begin(conn, &error), error);
    assert_int_equal(pg_exec(conn, is_set, &error), GROVE_INVALID);
    pg_give(&conn);
    pg_pool_free(pool);
}

struct locking {
    struct pg_conn *conn;
    enum grove_code code;
    struct grove_error error;
    atomic_bool done;
};

static void lock_contents(void *state)
{
    struct locking *locking = state;
    locking->code =
        pg_exec(locking->conn, "SELECT FROM content_metadata FOR UPDATE", &locking->error);
    atomic_store(&locking->done, true);
}

// What the database says of its sessions is for programs that have no limit of their own.
static void a_lock_is_waited_for_as_long_as_the_call_may(struct test_stores *stores)
{
    static const char waits_long[] =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database() AND clock_timestamp() - query_start > interval '200ms'";
    test_content(stores, &(struct test_content){.title = "Held"});
    test_sql(stores, "ALTER DATABASE %s SET lock_timeout = '20ms'", stores->database);
    struct pg_pool *pool = open_pool(stores, 1);
    struct call call = call_of(600000);
    struct locking locking = {.conn = taken(pool, &call)};
    test_sql(stores, "BEGIN; SELECT FROM content_metadata FOR UPDATE");
    struct test_thread *thread = test_thread_start(stores, lock_contents, &locking);
    while (!atomic_load(&locking.done) && test_sql_int(stores, "%s", waits_long) == 0)
        clock_sleep_ms(5);
    bool waits = !atomic_load(&locking.done);
    test_sql(stores, "ROLLBACK");
    test_thread_join(thread);
    pg_give(&locking.conn);
    pg_pool_free(pool);
    assert_ok(locking.code, locking.error);
    assert_true(waits);
}

// What was open is rolled back, though the call is over.
static void a_transaction_ends_with_its_call(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores, 1);
    struct call call = call_of(SOON_MS), later = call_of(0);
    struct pg_rows rows;
    struct grove_error error;
    struct pg_conn *conn = taken(pool, &call);
    int pid = PQbackendPID(conn->link);
    assert_ok(pg_begin(conn, &error), error);
    assert_ok(pg_exec(conn, "CREATE TABLE lost (a int)", &error), error);
    assert_int_equal(pg_query(conn, &stores->arena, &nap, NULL, &rows, &error), GROVE_TIMEOUT);
    assert_int_equal(pg_commit(conn, &error), GROVE_TIMEOUT);
    pg_give(&conn);
    assert_null(test_sql_text(stores, "SELECT to_regclass('lost')"));
    conn = taken(pool, &later);
    assert_int_equal(PQbackendPID(conn->link), pid);
    pg_give(&conn);
    pg_pool_free(pool);
}

static void what_a_call_cost_is_counted(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores, 1);
    struct call call = call_of(0);
    struct grove_error error;
    const struct pg_request requests[] = {{&one, NULL}, {&one, NULL}},
                            with_end[] = {{&one, NULL}, {&pg_end, NULL}};
    struct pg_rows rows[2];
    struct pg_conn *conn = taken(pool, &call);
    unsigned before = call.counters.statements;
    assert_one(stores, conn); // prepared and executed at once
    assert_int_equal(call.counters.statements, before + 1);
    assert_one(stores, conn);
    assert_int_equal(call.counters.statements, before + 2);
    assert_ok(pg_pipeline(conn, &stores->arena, requests, 2, rows, &error), error);
    assert_int_equal(call.counters.statements, before + 3);
    assert_ok(pg_begin(conn, &error), error);
    pg_give(&conn); // nothing was done in it
    assert_int_equal(call.counters.statements, before + 3);
    conn = taken(pool, &call);
    assert_ok(pg_begin_snapshot(conn, &error), error);
    assert_ok(pg_pipeline(conn, &stores->arena, with_end, 2, rows, &error), error);
    assert_int_equal(PQtransactionStatus(conn->link), PQTRANS_IDLE);
    pg_give(&conn); // nothing is left to roll back
    assert_int_equal(call.counters.statements, before + 4);
    conn = taken(pool, &call);
    assert_ok(pg_begin_snapshot(conn, &error), error);
    assert_one(stores, conn);
    assert_int_equal(PQtransactionStatus(conn->link), PQTRANS_INTRANS);
    pg_give(&conn); // rolls back
    assert_int_equal(call.counters.statements, before + 6);
    assert_int_equal(call.counters.waited_us, 0);
    pg_pool_free(pool);
}

// --- a server that does not answer --------------------------------------------------------------

struct stopped {
    pid_t pid;
};

static void let_go_on(void *state)
{
    kill(((struct stopped *)state)->pid, SIGCONT);
}

// Neither what it is sent is read, 64 MB that no socket holds, nor the wish to stop obeyed.
static void a_server_that_hangs_costs_the_connection(struct test_stores *stores)
{
    enum { BIG = 64 << 20 };
    static const struct pg_statement length = {"", "SELECT length($1)"};
    static struct stopped stopped;
    struct pg_pool *pool = open_pool(stores, 1);
    struct call call = call_of(SOON_MS), later = call_of(0);
    struct pg_params params = {0};
    struct pg_rows rows;
    struct grove_error error;
    char *bytes = mem_zalloc(BIG);
    assert_non_null(bytes);
    for (int big = 0; big < 2; big++) {
        struct pg_conn *conn = taken(pool, &later);
        stopped.pid = PQbackendPID(conn->link);
        pg_give(&conn);
        test_at_end(stores, TEST_FIRST, let_go_on, &stopped);
        call = call_of(SOON_MS);
        conn = taken(pool, &call);
        assert_int_equal(kill(stopped.pid, SIGSTOP), 0);
        params = (struct pg_params){0};
        pg_add_bytea(&params, bytes, big ? BIG : 1);
        assert_int_equal(pg_query(conn, &stores->arena, &length, &params, &rows, &error),
                         GROVE_TIMEOUT);
        assert_int_equal(error.origin, GROVE_ORIGIN_POSTGRES);
        assert_non_null(strstr(error.detail, "did not stop"));
        assert_true(conn->broken);
        pg_give(&conn);
        assert_int_equal(pool->open_count, 0);
        kill(stopped.pid, SIGCONT);
    }
    mem_free(bytes);
    struct pg_conn *conn = taken(pool, &later);
    assert_one(stores, conn);
    pg_give(&conn);
    pg_pool_free(pool);
}

// The kernel accepts connections for it.
struct deaf {
    char folder[32];
    struct sockaddr_un address;
    int listener;
};

static void deaf_close(void *state)
{
    struct deaf *deaf = state;
    close(deaf->listener);
    unlink(deaf->address.sun_path);
    rmdir(deaf->folder);
}

static struct pg_pool *open_deaf(struct test_stores *stores, struct deaf *deaf)
{
    char conninfo[128];
    struct pg_pool *pool;
    struct grove_error error;
    snprintf(deaf->folder, sizeof deaf->folder, "/tmp/grove-deaf-XXXXXX");
    assert_non_null(mkdtemp(deaf->folder));
    deaf->address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(deaf->address.sun_path, sizeof deaf->address.sun_path, "%s/.s.PGSQL.5432",
             deaf->folder);
    deaf->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(deaf->listener, (struct sockaddr *)&deaf->address, sizeof deaf->address),
                     0);
    assert_int_equal(listen(deaf->listener, 8), 0);
    test_at_end(stores, TEST_LAST, deaf_close, deaf);
    snprintf(conninfo, sizeof conninfo, "host=%s port=5432 user=x dbname=x", deaf->folder);
    const struct pg_pool_options options = {.conninfo = conninfo, .connect_timeout_ms = 60000};
    assert_ok(pg_pool_new(&options, &pool, &error), error);
    return pool;
}

static enum grove_code start_nothing(void *state, struct call *call, struct grove_error *error)
{
    (void)state;
    (void)call;
    return error_set(error, GROVE_INTERNAL, "a call that is over starts no server");
}

static void connecting_ends_with_the_call(struct test_stores *stores)
{
    static struct deaf deaf;
    atomic_bool stopping = true;
    struct pg_pool *pool = open_deaf(stores, &deaf);
    struct call call = call_of(SOON_MS), cancelled = call_of(0);
    struct pg_conn *conn = NULL;
    struct grove_error error;
    pool->options.starter.start = start_nothing;
    assert_int_equal(pg_take(pool, &call, &conn, &error), GROVE_TIMEOUT);
    assert_int_equal(error.origin, GROVE_ORIGIN_POSTGRES);
    assert_int_equal(pool->open_count, 0);
    call_obey(&cancelled, &stopping);
    assert_int_equal(pg_take(pool, &cancelled, &conn, &error), GROVE_CANCELLED);
    assert_null(conn);
    pg_pool_free(pool);
}

// Without a call, or where it has time, the pool's own limit holds.
static void connecting_has_a_limit_of_its_own(struct test_stores *stores)
{
    static struct deaf deaf;
    struct pg_pool *pool = open_deaf(stores, &deaf);
    struct pg_conn *conn = NULL;
    struct grove_error error;
    pool->options.connect_timeout_ms = SOON_MS;
    assert_int_equal(pg_take(pool, NULL, &conn, &error), GROVE_UNAVAILABLE);
    assert_string_equal(error.detail, "timeout expired");
    pg_pool_free(pool);
}

// --- waiting for a place ------------------------------------------------------------------------

static void overload_is_told_when_the_pool_does_not_move(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores, 1);
    struct call call = call_of(0);
    struct pg_conn *held = taken(pool, NULL), *conn = NULL;
    struct grove_error error;
    pool->options.connections_max = 1;
    assert_int_equal(pg_take(pool, &call, &conn, &error), GROVE_LIMIT);
    assert_int_equal(error.retry, GROVE_RETRY_LATER);
    assert_int_equal(error.origin, GROVE_ORIGIN_GROVE);
    assert_non_null(strstr(error.message, "all 1 connections"));
    assert_true(error.hint[0]);
    assert_true(call.counters.waited_us >= 1000000); // one place comes free seldom
    assert_int_equal(call.counters.statements, 0);
    pg_give(&held);
    pg_pool_free(pool);
}

static void overload_is_told_soon_where_places_are_many(struct test_stores *stores)
{
    enum { MANY = 16 };
    struct pg_pool *pool = open_pool(stores, MANY);
    struct call call = call_of(0);
    struct pg_conn *held[MANY] = {NULL}, *conn = NULL;
    struct grove_error error;
    for (size_t i = 0; i < MANY; i++)
        held[i] = taken(pool, NULL);
    assert_int_equal(pg_take(pool, &call, &conn, &error), GROVE_LIMIT);
    assert_true(call.counters.waited_us >= 100000);
    assert_true(call.counters.waited_us < 5000000); // half of what a patient one waits
    for (size_t i = 0; i < MANY; i++)
        pg_give(&held[i]);
    pg_pool_free(pool);
}

// Who comes when the pool moves waits as long as the call may.
static void a_pool_that_moves_is_waited_for(struct test_stores *stores)
{
    struct pg_pool *pool = open_pool(stores, 16);
    struct pg_conn *conn = NULL;
    struct grove_error error;
    struct pg_conn *held[16] = {NULL};
    for (size_t i = 0; i < 16; i++)
        held[i] = taken(pool, NULL);
    struct call patient = call_of(300);
    patient.patient = true;
    assert_int_equal(pg_take(pool, &patient, &conn, &error), GROVE_TIMEOUT);
    assert_int_equal(error.origin, GROVE_ORIGIN_GROVE);
    assert_true(patient.counters.waited_us >= 200000);
    pool->line.moved_us = clock_monotonic_us() + 60000000; // a place comes free all the time
    struct call call = call_of(300);
    assert_int_equal(pg_take(pool, &call, &conn, &error), GROVE_TIMEOUT);
    for (size_t i = 0; i < 16; i++)
        pg_give(&held[i]);
    pg_pool_free(pool);
}

static void waiting_for_a_place_ends_with_the_call(struct test_stores *stores)
{
    atomic_bool stopping = false;
    struct sleeper sleeper = {.stores = stores};
    sleeper.pool = open_pool(stores, 1);
    sleeper.call = call_of(0);
    sleeper.call.patient = true;
    call_obey(&sleeper.call, &stopping);
    struct pg_conn *held = taken(sleeper.pool, NULL);
    struct test_thread *thread = test_thread_start(stores, sleep_long, &sleeper);
    atomic_store(&stopping, true);
    test_thread_join(thread);
    assert_int_equal(sleeper.code, GROVE_CANCELLED);
    pg_give(&held);
    pg_pool_free(sleeper.pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_deadline_stops_the_statement_at_the_server),
        STORES_TEST(a_cancelled_statement_is_stopped_at_the_server),
        STORES_TEST(a_cancelled_pipeline_is_stopped_at_the_server),
        STORES_TEST(the_server_knows_the_deadline_of_a_transaction),
        STORES_TEST(a_lock_is_waited_for_as_long_as_the_call_may),
        STORES_TEST(a_transaction_ends_with_its_call),
        STORES_TEST(what_a_call_cost_is_counted),
        STORES_TEST(a_server_that_hangs_costs_the_connection),
        STORES_TEST(connecting_ends_with_the_call),
        STORES_TEST(connecting_has_a_limit_of_its_own),
        STORES_TEST(overload_is_told_when_the_pool_does_not_move),
        STORES_TEST(overload_is_told_soon_where_places_are_many),
        STORES_TEST(a_pool_that_moves_is_waited_for),
        STORES_TEST(waiting_for_a_place_ends_with_the_call),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
