// SPDX-License-Identifier: Apache-2.0
//
// The pool: at most connections_max connections, made when needed, kept when given back.
//
// A place for a connection is idle in `idle`, being connected, or in a caller's hands:
//
//     nowhere ── reserve ──► connecting ── pg_take ──► taken ── pg_give ──► idle
//        ▲                       │                     │  ▲                  │
//        └──── give_up_place ────┴─────────────────────┘  └──── reserve ─────┘
//
// `open_count` counts the three. The mutex is never held while connecting or waiting for the
// server.
#include "pg/pool_private.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/inject.h"
#include "pg/conn.h"
#include "pg/url_form.h"

enum {
    CONNECTIONS_DEFAULT = 16,
    CONNECT_TIMEOUT_MS = 5000,
    TAKE_TIMEOUT_MS = 10000,
    OLDEST_VERSION = 160000,
};

static_assert((int)CONNECTIONS_DEFAULT <= (int)PG_CONNECTIONS_MAX, "the usual pool has room");
static_assert(OLDEST_VERSION % 10000 == 0, "messages name the oldest server by its major version");
static_assert(CONNECT_TIMEOUT_MS % 1000 == 0, "libpq counts its timeout in seconds");

// A password with a bare "@" or "/" shifts the parts of a URL: libpq would take its end for a host
// or a database, and messages would tell it.
static bool has_stray_at(const char *conninfo)
{
    const char *start = strncmp(conninfo, "postgres", 8) == 0 ? strstr(conninfo, "://") : NULL;
    if (!start)
        return false;
    start += 3;
    size_t whole = strcspn(start, "?"), authority = strcspn(start, "/?");
    const char *at = memchr(start, '@', whole);
    return at && (at >= start + authority ||
                  memchr(at + 1, '@', whole - (size_t)(at + 1 - start)) != NULL);
}

static enum grove_code check_conninfo(const char *conninfo, struct grove_error *error)
{
    char *reason = NULL;
    PQconninfoOption *options = has_stray_at(conninfo) ? NULL : PQconninfoParse(conninfo, &reason);
    // libpq's reason may quote the string, password and all.
    PQfreemem(reason);
    if (!options) {
        error_set(error, GROVE_INVALID, "the database's connection string cannot be read");
        if (url_form_hint(conninfo, error))
            return GROVE_INVALID;
        error_hint(error, "it looks like postgresql://user:password@host:5432/database; special "
                          "characters in a password are written as %%XX");
        return GROVE_INVALID;
    }
    PQconninfoFree(options);
    return GROVE_OK;
}

enum grove_code pg_pool_new(const struct pg_pool_options *options, struct pg_pool **ret,
                            struct grove_error *error)
{
    enum grove_code code = check_conninfo(options->conninfo ? options->conninfo : "", error);
    if (code != GROVE_OK)
        return code;
    if (options->connections_max > PG_CONNECTIONS_MAX)
        return error_set(error, GROVE_INVALID, "%u connections are more than %d",
                         options->connections_max, PG_CONNECTIONS_MAX);
    struct pg_pool *pool = mem_zalloc(sizeof *pool);
    if (!pool)
        return error_no_memory(error, "a connection pool");
    pool->options = *options;
    struct pg_pool_options *o = &pool->options;
    o->connections_max = o->connections_max ? o->connections_max : CONNECTIONS_DEFAULT;
    if (o->connect_timeout_ms == 0)
        o->connect_timeout_ms = (unsigned)KNOB(PG_CONNECT_MS, CONNECT_TIMEOUT_MS);
    o->take_timeout_ms = o->take_timeout_ms ? o->take_timeout_ms : TAKE_TIMEOUT_MS;
    pool->conninfo = mem_strdup(options->conninfo ? options->conninfo : "");
    pool->application_name =
        mem_strdup(options->application_name ? options->application_name : "grove");
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->returned, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&pool->mutex, NULL);
    if (!pool->conninfo || !pool->application_name) {
        pg_pool_free(pool);
        return error_no_memory(error, "a connection pool");
    }
    CHECK(o->connections_max > 0);
    CHECK(o->take_timeout_ms > 0);
    DCHECK(pg_pool_check(pool) == NULL);
    *ret = pool;
    return GROVE_OK;
}

static void close_connection(struct pg_conn *conn)
{
    CHECK(conn);
    CHECK(conn->prepared_count <= PG_PREPARED_MAX);
    PQfreeCancel(conn->cancel);
    PQfinish(conn->link);
    mem_free(conn);
}

void pg_pool_free(struct pg_pool *pool)
{
    if (!pool)
        return;
    CHECK(pool->taken_count == 0);
    CHECK(pool->connecting_count == 0);
    CHECK(pool->idle_count == pool->open_count);
    for (unsigned i = 0; i < pool->idle_count; i++)
        close_connection(pool->idle[i]);
    pthread_cond_destroy(&pool->returned);
    pthread_mutex_destroy(&pool->mutex);
    mem_free(pool->application_name);
    mem_free(pool->conninfo);
    mem_free(pool);
}

// --- connecting ----------------------------------------------------------------------------------

static void describe(PGconn *link, char ret_text[static PG_DESCRIPTION_SIZE])
{
    const char *host = link ? PQhost(link) : NULL, *port = link ? PQport(link) : NULL;
    const char *database = link ? PQdb(link) : NULL;
    snprintf(ret_text, PG_DESCRIPTION_SIZE, "%s%s%s, database \"%s\"",
             host && *host ? host : "the local socket", host && host[0] != '/' && port ? ":" : "",
             host && host[0] != '/' && port ? port : "", database ? database : "");
}

static void ignore_notice(void *state, const PGresult *result)
{
    (void)state;
    (void)result;
}

static enum grove_code open_link(struct pg_pool *pool, struct pg_conn *conn,
                                 struct grove_error *error)
{
    CHECK(!conn->link);
    CHECK(pool->options.connect_timeout_ms > 0);
    char timeout_s[16];
    snprintf(timeout_s, sizeof timeout_s, "%u", (pool->options.connect_timeout_ms + 999) / 1000);
    const char *const names[] = {"dbname", "fallback_application_name", "client_encoding",
                                 "connect_timeout", NULL};
    const char *const values[] = {pool->conninfo, pool->application_name, "UTF8", timeout_s, NULL};
    descriptor_hold_standard();
    conn->link = PQconnectdbParams(names, values, 1);
    descriptor_let_standard_go();
    describe(conn->link, conn->description);
    if (PQstatus(conn->link) != CONNECTION_OK)
        return pg_set_connect_error(conn->link, conn->description, error);
    PQsetNoticeReceiver(conn->link, ignore_notice, NULL);
    conn->cancel = PQgetCancel(conn->link);
    return conn->cancel ? GROVE_OK : error_no_memory(error, "a connection");
}

static enum grove_code set_session(struct pg_pool *pool, struct pg_conn *conn,
                                   struct grove_error *error)
{
    int version = PQserverVersion(conn->link);
    if (version < OLDEST_VERSION) {
        error_set(error, GROVE_UNSUPPORTED,
                  "the server at %s is PostgreSQL %d, grove needs 16 or newer", conn->description,
                  version / 10000);
        error_hint(error, "upgrade it, or unset DATABASE_URL and the PG* variables to use grove's "
                          "own PostgreSQL");
        return GROVE_UNSUPPORTED;
    }
    char sql[256];
    int length =
        snprintf(sql, sizeof sql,
                 "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET statement_timeout = %u;"
                 "SET search_path = public; SET default_transaction_isolation = 'read committed'",
                 pool->options.statement_timeout_ms);
    CHECK(length > 0);
    CHECK((size_t)length < sizeof sql);
    return pg_exec(conn, sql, error);
}

static enum grove_code connect_once(struct pg_pool *pool, struct pg_conn **ret,
                                    struct grove_error *error)
{
    struct pg_conn *conn = mem_zalloc(sizeof *conn);
    if (!conn)
        return error_no_memory(error, "a connection");
    conn->pool = pool;
    CHECK(conn->prepared_count == 0);
    enum grove_code code = open_link(pool, conn, error);
    if (code == GROVE_OK)
        code = set_session(pool, conn, error);
    CHECK(code != GROVE_OK || !conn->broken);
    DCHECK(code != GROVE_OK || PQtransactionStatus(conn->link) == PQTRANS_IDLE);
    if (code == GROVE_OK)
        *ret = conn;
    else
        close_connection(conn);
    return code;
}

static enum grove_code open_connection(struct pg_pool *pool, struct call *call,
                                       struct pg_conn **ret, struct grove_error *error)
{
    enum grove_code code = connect_once(pool, ret, error);
    const struct pg_starter *starter = &pool->options.starter;
    if (code != GROVE_UNAVAILABLE || !starter->start)
        return code;
    code = starter->start(starter->state, call, error);
    if (code != GROVE_OK)
        return code;
    code = connect_once(pool, ret, error);
    if (code == GROVE_UNAVAILABLE) // the hint is about servers that somebody named
        error_hint(error, "run the same command again; if this happens again, \"grove stop\" "
                          "first");
    return code;
}

// --- taking and giving ---------------------------------------------------------------------------

// A server that went away leaves an end of file to be read.
static bool still_open(struct pg_conn *conn)
{
    CHECK(conn->link);
    CHECK(!conn->broken);
    struct pollfd socket = {.fd = PQsocket(conn->link), .events = POLLIN};
    if (socket.fd < 0 || poll(&socket, 1, 0) < 0)
        return false;
    return socket.revents == 0 ||
           (PQconsumeInput(conn->link) && PQstatus(conn->link) == CONNECTION_OK);
}

static struct timespec deadline_in(unsigned milliseconds)
{
    int64_t at_us = clock_monotonic_us() + (int64_t)milliseconds * 1000;
    CHECK(at_us >= 0);
    return (struct timespec){.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
}

// An idle connection, or NULL with a place reserved for a new one.
static enum grove_code reserve(struct pg_pool *pool, struct pg_conn **ret_idle,
                               struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    struct timespec deadline = deadline_in(pool->options.take_timeout_ms);
    pthread_mutex_lock(&pool->mutex);
    while (code == GROVE_OK && pool->idle_count == 0 &&
           pool->open_count == pool->options.connections_max)
        if (pthread_cond_timedwait(&pool->returned, &pool->mutex, &deadline) == ETIMEDOUT)
            code = GROVE_TIMEOUT;
    if (code == GROVE_OK && pool->idle_count > 0) {
        *ret_idle = pool->idle[--pool->idle_count];
        pool->taken_count++;
    } else if (code == GROVE_OK) {
        *ret_idle = NULL;
        CHECK(pool->open_count < pool->options.connections_max);
        pool->open_count++;
        pool->connecting_count++;
    }
    DCHECK(pg_pool_check(pool) == NULL);
    pthread_mutex_unlock(&pool->mutex);
    if (code != GROVE_OK)
        error_set(error, code, "all %u connections to PostgreSQL were busy for %u ms",
                  pool->options.connections_max, pool->options.take_timeout_ms);
    return code;
}

// `from` and `to` are counts of the pool.
static void move_place(struct pg_pool *pool, unsigned *from, unsigned *to)
{
    pthread_mutex_lock(&pool->mutex);
    CHECK(*from > 0);
    --*from;
    ++*to;
    DCHECK(pg_pool_check(pool) == NULL);
    pthread_mutex_unlock(&pool->mutex);
}

static void give_up_place(struct pg_pool *pool, unsigned *from)
{
    pthread_mutex_lock(&pool->mutex);
    CHECK(pool->open_count > pool->idle_count);
    CHECK(*from > 0);
    --*from;
    pool->open_count--;
    DCHECK(pg_pool_check(pool) == NULL);
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->mutex);
}

enum grove_code pg_take(struct pg_pool *pool, struct call *call, struct pg_conn **ret,
                        struct grove_error *error)
{
    CHECK(!*ret); // a connection there would never be given back
    struct pg_conn *conn;
    enum grove_code code = call_check(call, error);
    if (code == GROVE_OK)
        code = reserve(pool, &conn, error);
    if (code != GROVE_OK)
        return code;
    if (conn && !still_open(conn)) {
        close_connection(conn);
        conn = NULL; // its place is ours
        move_place(pool, &pool->taken_count, &pool->connecting_count);
    }
    if (!conn) {
        code = open_connection(pool, call, &conn, error);
        if (code != GROVE_OK) {
            give_up_place(pool, &pool->connecting_count);
            return code;
        }
        move_place(pool, &pool->connecting_count, &pool->taken_count);
    }
    CHECK(conn);
    CHECK(conn->pool == pool);
    CHECK(!conn->broken);
    atomic_store(&conn->cancel_requested, false);
    conn->call = call;
    *ret = conn;
    return GROVE_OK;
}

void pg_give(struct pg_conn **conn_pointer)
{
    struct pg_conn *conn = *conn_pointer;
    *conn_pointer = NULL;
    if (!conn)
        return;
    struct pg_pool *pool = conn->pool;
    CHECK(pool);
    conn->call = NULL;
    if (!conn->broken && PQtransactionStatus(conn->link) != PQTRANS_IDLE)
        pg_rollback(conn);
    if (conn->broken || PQtransactionStatus(conn->link) != PQTRANS_IDLE) {
        close_connection(conn);
        give_up_place(pool, &pool->taken_count);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    CHECK(pool->idle_count < pool->open_count);
    CHECK(pool->taken_count > 0);
    pool->taken_count--;
    pool->idle[pool->idle_count++] = conn;
    DCHECK(pg_pool_check(pool) == NULL);
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->mutex);
}

int pg_server_version(const struct pg_conn *conn)
{
    return PQserverVersion(conn->link);
}

const char *pg_describe(const struct pg_conn *conn)
{
    return conn->description;
}

void pg_cancel(struct pg_conn *conn)
{
    CHECK(conn->cancel);
    char ignored[256];
    atomic_store(&conn->cancel_requested, true);
    PQcancel(conn->cancel, ignored, sizeof ignored);
}
