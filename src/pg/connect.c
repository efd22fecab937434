// SPDX-License-Identifier: Apache-2.0
//
// Making a connection, and what a session needs.
//
// libpq connects in steps, so that between them the call is looked at. Only the look-up of a host's
// name cannot be interrupted, and a list of several hosts: from one that is silent to the next
// libpq goes by itself, or not at all.
//
// What a session needs: the server is new enough, the database is UTF-8; time zone, date style,
// search path and isolation are ours. Where we speak to the server itself they are set for the
// session. Where a pooler stands between (PgBouncer and its like), each transaction may meet
// another session, and a setting would be met by strangers: there nothing is set but within
// transactions (query.c). Statements outside of them depend on none of it: all SQL here names its
// schemas; and where a database's or a role's sessions are of another isolation level, each gets a
// transaction of its own, or grove's statements would have writers in serializable fail. A pooler
// is known by its process number, which is not that of the session.
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/call.h"
#include "base/check.h"
#include "base/inject.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "pg/cancel.h"
#include "pg/pool_private.h"

enum { OLDEST_VERSION = 160000 };
static_assert(OLDEST_VERSION % 10000 == 0, "messages name the oldest server by its major version");

void pg_close(struct pg_conn *conn)
{
    CHECK(conn);
    CHECK(conn->prepared_count <= PG_PREPARED_MAX);
    pg_cancel_free(conn->stop.cancel);
    PQfinish(conn->link);
    mem_free(conn);
}

static void describe(PGconn *link, char ret_text[static PG_DESCRIPTION_SIZE])
{
    const char *host = link ? PQhost(link) : NULL, *port = link ? PQport(link) : NULL;
    const char *database = link ? PQdb(link) : NULL;
    snprintf(ret_text, PG_DESCRIPTION_SIZE, "%s%s%s, database \"%s\"",
             host && *host ? host : "the local socket", host && host[0] != '/' && port ? ":" : "",
             host && host[0] != '/' && port ? port : "", database ? database : "");
}

// While no statement is under way libpq knows no errors: what a server says then is a notice.
static void receive_notice(void *state, const PGresult *result)
{
    static const char *const farewells[] = {"FATAL", "PANIC", "ERROR"};
    struct pg_conn *conn = state;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (!severity) // older poolers do not tell
        severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
    for (size_t i = 0; severity && i < ARRAY_COUNT(farewells); i++)
        conn->ended = conn->ended || strcmp(severity, farewells[i]) == 0;
}

static bool has_several_hosts(PGconn *link)
{
    PQconninfoOption *options = PQconninfo(link);
    bool several = false;
    for (const PQconninfoOption *o = options; o && o->keyword; o++)
        if (strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "hostaddr") == 0)
            several = several || (o->val && strchr(o->val, ','));
    PQconninfoFree(options);
    return several;
}

static enum grove_code set_too_slow(struct pg_conn *conn, struct grove_error *error)
{
    error_set(error, GROVE_UNAVAILABLE, "could not connect to PostgreSQL at %s", conn->description);
    error_detail(error, "timeout expired");
    error_hint(error, "check that the server runs there and lets you in, and that nothing in "
                      "between swallows what is sent to it");
    error->origin = GROVE_ORIGIN_POSTGRES;
    return GROVE_UNAVAILABLE;
}

// May open another socket, for the next of several addresses.
static PostgresPollingStatusType next_step(PGconn *link)
{
    descriptor_hold_standard();
    PostgresPollingStatusType step = PQconnectPoll(link);
    descriptor_let_standard_go();
    return step;
}

// From PQconnectStartParams until the server has let us in, or not.
static enum grove_code finish_connecting(struct pg_conn *conn, const struct call *call,
                                         unsigned timeout_ms, struct grove_error *error)
{
    struct call limit;
    call_init(&limit);
    call_within(&limit, timeout_ms);
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    while (step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED) {
        enum grove_code code = pg_check_call(call, error);
        if (code != GROVE_OK)
            return error_context(error, "connecting to PostgreSQL"), code;
        unsigned wait_ms = call_left_ms(call, call_slice_ms(&limit));
        if (call_left_ms(&limit, 1) == 0)
            return set_too_slow(conn, error);
        struct pollfd socket = {.fd = PQsocket(conn->link),
                                .events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int ready = poll(&socket, 1, (int)wait_ms);
        if (ready > 0)
            step = next_step(conn->link);
        else if (ready < 0 && errno != EINTR)
            return error_set_errno(error, errno, "could not wait for PostgreSQL");
    }
    return step == PGRES_POLLING_OK ? GROVE_OK
                                    : pg_set_connect_error(conn->link, conn->description, error);
}

static enum grove_code open_link(struct pg_conn *conn, const struct call *call,
                                 struct grove_error *error)
{
    const struct pg_pool *pool = conn->pool;
    CHECK(!conn->link);
    CHECK(pool->options.connect_timeout_ms > 0);
    char timeout_s[16];
    snprintf(timeout_s, sizeof timeout_s, "%u", (pool->options.connect_timeout_ms + 999) / 1000);
    const char *const names[] = {"dbname", "fallback_application_name", "client_encoding",
                                 "connect_timeout", NULL};
    const char *const values[] = {pool->conninfo, pool->application_name, "UTF8", timeout_s, NULL};
    descriptor_hold_standard();
    conn->link = PQconnectStartParams(names, values, 1);
    // Before anything is heard: by itself libpq would print it.
    PQsetNoticeReceiver(conn->link, receive_notice, conn);
    if (conn->link && PQstatus(conn->link) != CONNECTION_BAD && has_several_hosts(conn->link))
        PQreset(conn->link); // all of them, until one lets us in
    descriptor_let_standard_go();
    describe(conn->link, conn->description);
    if (PQstatus(conn->link) == CONNECTION_BAD)
        return pg_set_connect_error(conn->link, conn->description, error);
    enum grove_code code = GROVE_OK;
    if (PQstatus(conn->link) != CONNECTION_OK)
        code = finish_connecting(conn, call, pool->options.connect_timeout_ms, error);
    describe(conn->link, conn->description); // which of its addresses it was
    if (code == GROVE_OK && PQsetnonblocking(conn->link, 1) != 0)
        code = error_no_memory(error, "a connection");
    return code;
}

static enum grove_code check_server(const struct pg_conn *conn, struct grove_error *error)
{
    int version = PQserverVersion(conn->link);
    const char *encoding = PQparameterStatus(conn->link, "server_encoding");
    if (version < OLDEST_VERSION) {
        error_set(error, GROVE_UNSUPPORTED,
                  "the server at %s is PostgreSQL %d, grove needs 16 or newer", conn->description,
                  version / 10000);
        error_hint(error, "upgrade it, or unset DATABASE_URL and the PG* variables to use grove's "
                          "own PostgreSQL");
        return GROVE_UNSUPPORTED;
    }
    if (encoding && strcmp(encoding, "UTF8") != 0) {
        error_set(error, GROVE_UNSUPPORTED,
                  "the texts of %s are in the encoding %s, grove needs UTF8", conn->description,
                  encoding);
        error_hint(error, "make another database with createdb --template=template0 "
                          "--encoding=UTF8, run \"grove init\" there, and copy the rows");
        return GROVE_UNSUPPORTED;
    }
    return GROVE_OK;
}

// Whether the pooler keeps prepared statements apart: PgBouncer 1.21 and later do, where
// max_prepared_statements is not 0, by giving them other names at the server. Where ours is found
// there, the next transaction may miss it, and another program meet it.
static enum grove_code look_at_pooler(struct pg_conn *conn, struct grove_error *error)
{
    static const struct pg_statement probe = {
        "grove_probe", "-- answers: bigint\n"
                       "SELECT count(*) FROM pg_catalog.pg_prepared_statements "
                       "WHERE name = 'grove_probe'"};
    static const struct pg_statement removal = {
        "", "DO $$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_prepared_statements "
            "WHERE name = 'grove_probe') THEN EXECUTE 'DEALLOCATE grove_probe'; END IF; END $$"};
    const struct pg_request requests[] = {{&probe, NULL}, {&removal, NULL}};
    struct pg_rows rows[2];
    struct arena arena;
    arena_init(&arena, 1 << 12);
    enum grove_code code = pg_pipeline(conn, &arena, requests, ARRAY_COUNT(requests), rows, error);
    // Of any other failure: sent whole, statements work with every pooler.
    conn->unnamed = conn->unnamed || code != GROVE_OK || pg_int8(&rows[0], 0, 0) > 0;
    arena_release(&arena);
    return conn->broken ? code : GROVE_OK;
}

// One round trip: tells whether a pooler stands between, and sets the session's settings where
// none does. How long a statement may take is the call's to say, not the database's or the role's:
// nobody who gives a call ten minutes expects it to end after a lock_timeout that he does not know.
static enum grove_code set_session(struct pg_conn *conn, struct grove_error *error)
{
    static const struct pg_statement set = {
        "",
        "SELECT CASE WHEN pg_backend_pid() = $1 THEN set_config('timezone', 'UTC', false)"
        " || set_config('datestyle', 'ISO', false) || set_config('search_path', 'public', false)"
        " || set_config('statement_timeout', '0', false)"
        " || set_config('lock_timeout', $2, false)"
        " || set_config('default_transaction_isolation', 'read committed', false) END,"
        " current_setting('default_transaction_isolation') = 'read committed'"};
    struct arena arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    char lock_ms[24];
    snprintf(lock_ms, sizeof lock_ms, "%lld", (long long)KNOB(PG_LOCK_MS, 0)); // 0: no limit
    arena_init(&arena, 1 << 12);
    pg_add_int4(&params, PQbackendPID(conn->link));
    pg_add_text(&params, text_of(lock_ms));
    enum grove_code code = pg_query(conn, &arena, &set, &params, &rows, error);
    if (code == GROVE_OK)
        conn->pooled = rows.count != 1 || pg_is_null(&rows, 0, 0);
    if (code == GROVE_OK)
        conn->levelled = conn->pooled && (rows.count != 1 || !pg_bool(&rows, 0, 1));
    arena_release(&arena);
    return code;
}

enum grove_code pg_reset_session(struct pg_conn *conn, struct grove_error *error)
{
    return set_session(conn, error);
}

static enum grove_code connect_once(struct pg_pool *pool, struct call *call, struct pg_conn **ret,
                                    struct grove_error *error)
{
    struct pg_conn *conn = mem_zalloc(sizeof *conn);
    if (!conn)
        return error_no_memory(error, "a connection");
    conn->pool = pool;
    conn->call = call;
    CHECK(conn->prepared_count == 0);
    enum grove_code code = open_link(conn, call, error);
    if (code == GROVE_OK)
        code = pool->options.any_server ? GROVE_OK : check_server(conn, error);
    if (code == GROVE_OK)
        code = set_session(conn, error);
    if (code == GROVE_OK && conn->pooled)
        code = look_at_pooler(conn, error);
    conn->ready = code == GROVE_OK;
    CHECK(!conn->ready || !conn->broken);
    DCHECK(!conn->ready || PQtransactionStatus(conn->link) == PQTRANS_IDLE);
    if (code == GROVE_OK)
        *ret = conn;
    else
        pg_close(conn);
    return code;
}

enum grove_code pg_connect(struct pg_pool *pool, struct call *call, struct pg_conn **ret,
                           struct grove_error *error)
{
    enum grove_code code = connect_once(pool, call, ret, error);
    const struct pg_starter *starter = &pool->options.starter;
    if (code != GROVE_UNAVAILABLE || !starter->start)
        return code;
    code = starter->start(starter->state, call, error);
    if (code != GROVE_OK)
        return code;
    code = connect_once(pool, call, ret, error);
    if (code == GROVE_UNAVAILABLE) // the hint is about servers that somebody named
        error_hint(error, "run the same command again; if this happens again, \"grove stop\" "
                          "first");
    return code;
}

enum grove_code pg_reconnect(struct pg_conn *conn, struct grove_error *error)
{
    struct pg_conn *fresh = NULL;
    CHECK(!conn->broken);
    enum grove_code code = pg_connect(conn->pool, conn->call, &fresh, error);
    if (code != GROVE_OK) {
        conn->broken = true;
        return code;
    }
    CHECK(fresh);
    fresh->begin = conn->begin; // nothing was sent of it
    PQfinish(conn->link);
    *conn = *fresh;
    PQsetNoticeReceiver(conn->link, receive_notice, conn); // its state has moved
    mem_free(fresh);
    return GROVE_OK;
}
