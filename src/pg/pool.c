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
#include <string.h>

#include "base/alloc.h"
#include "base/call.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "pg/url_form.h"

enum {
    CONNECTIONS_DEFAULT = 16,
    CONNECT_TIMEOUT_MS = 5000,
    TAKE_TIMEOUT_MS = 10000,
};

static_assert((int)CONNECTIONS_DEFAULT <= (int)PG_CONNECTIONS_MAX, "the usual pool has room");
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
    line_init(&pool->line, "connections to PostgreSQL", o->connections_max, o->take_timeout_ms);
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

enum grove_code pg_pool_beside(const struct pg_pool *pool, struct pg_pool **ret,
                               struct grove_error *error)
{
    CHECK(pool->conninfo);
    struct pg_pool_options options = pool->options;
    options.conninfo = pool->conninfo;
    options.application_name = pool->application_name;
    options.connections_max = 1;
    return pg_pool_new(&options, ret, error);
}

void pg_pool_free(struct pg_pool *pool)
{
    if (!pool)
        return;
    CHECK(pool->taken_count == 0);
    CHECK(pool->connecting_count == 0);
    CHECK(pool->idle_count == pool->open_count);
    for (unsigned i = 0; i < pool->idle_count; i++)
        pg_close(pool->idle[i]);
    CHECK(!pool->line.first);
    pthread_mutex_destroy(&pool->mutex);
    mem_free(pool->application_name);
    mem_free(pool->conninfo);
    mem_free(pool);
}

// --- taking and giving ---------------------------------------------------------------------------

static bool has_place(const void *owner)
{
    const struct pg_pool *pool = owner;
    return pool->idle_count > 0 || pool->open_count < pool->options.connections_max;
}

// An idle connection, or NULL with a place reserved for a new one.
static enum grove_code reserve(struct pg_pool *pool, struct call *call, struct pg_conn **ret_idle,
                               struct grove_error *error)
{
    pthread_mutex_lock(&pool->mutex);
    enum grove_code code = line_wait(&pool->line, &pool->mutex, call, has_place, pool, error);
    if (code == GROVE_OK && pool->idle_count > 0) {
        *ret_idle = pool->idle[--pool->idle_count];
        pool->taken_count++;
    } else if (code == GROVE_OK) {
        *ret_idle = NULL;
        CHECK(pool->open_count < pool->options.connections_max);
        pool->open_count++;
        pool->connecting_count++;
    }
    line_go_on(&pool->line, has_place(pool));
    DCHECK(pg_pool_check(pool) == NULL);
    pthread_mutex_unlock(&pool->mutex);
    return code;
}

enum grove_code pg_admits(struct pg_pool *pool, const struct call *call, struct grove_error *error)
{
    CHECK(pool);
    pthread_mutex_lock(&pool->mutex);
    enum grove_code code = line_admits(&pool->line, call, error);
    pthread_mutex_unlock(&pool->mutex);
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
    line_moved(&pool->line);
    pthread_mutex_unlock(&pool->mutex);
}

enum grove_code pg_take(struct pg_pool *pool, struct call *call, struct pg_conn **ret,
                        struct grove_error *error)
{
    CHECK(!*ret); // a connection there would never be given back
    struct pg_conn *conn;
    enum grove_code code = call_check(call, error);
    if (code == GROVE_OK)
        code = reserve(pool, call, &conn, error);
    if (code != GROVE_OK)
        return code;
    if (conn && pg_has_ended(conn)) {
        pg_close(conn);
        conn = NULL; // its place is ours
        move_place(pool, &pool->taken_count, &pool->connecting_count);
    }
    if (!conn) {
        code = pg_connect(pool, call, &conn, error);
        if (code != GROVE_OK) {
            give_up_place(pool, &pool->connecting_count);
            return code;
        }
        move_place(pool, &pool->connecting_count, &pool->taken_count);
    }
    CHECK(conn);
    CHECK(conn->pool == pool);
    CHECK(!conn->broken);
    conn->call = call;
    *ret = conn;
    return GROVE_OK;
}

// Who waits in the line comes first.
struct pg_conn *pg_take_idle(struct pg_pool *pool, struct call *call)
{
    struct pg_conn *conn = NULL;
    CHECK(call); // who may leave it does not wait for ever
    pthread_mutex_lock(&pool->mutex);
    if (!pool->line.first && pool->idle_count > 0) {
        conn = pool->idle[--pool->idle_count];
        pool->taken_count++;
    }
    DCHECK(pg_pool_check(pool) == NULL);
    pthread_mutex_unlock(&pool->mutex);
    if (!conn)
        return NULL;
    CHECK(conn->pool == pool);
    CHECK(!conn->broken);
    conn->call = call;
    if (pg_has_ended(conn)) {
        pg_spoil(conn);
        pg_give(&conn);
        return NULL;
    }
    conn->answered_us = clock_monotonic_us(); // its first statement does not look once more
    return conn;
}

void pg_give(struct pg_conn **conn_pointer)
{
    struct pg_conn *conn = *conn_pointer;
    *conn_pointer = NULL;
    if (!conn)
        return;
    struct pg_pool *pool = conn->pool;
    CHECK(pool);
    if (!conn->broken)
        pg_rollback(conn);
    conn->call = NULL;
    if (conn->broken || PQtransactionStatus(conn->link) != PQTRANS_IDLE) {
        pg_close(conn);
        give_up_place(pool, &pool->taken_count);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    CHECK(pool->idle_count < pool->open_count);
    CHECK(pool->taken_count > 0);
    pool->taken_count--;
    pool->idle[pool->idle_count++] = conn;
    DCHECK(pg_pool_check(pool) == NULL);
    line_moved(&pool->line);
    pthread_mutex_unlock(&pool->mutex);
}

void pg_spoil(struct pg_conn *conn)
{
    CHECK(conn->pool);
    conn->broken = true;
}

bool pg_is_pooled(const struct pg_conn *conn)
{
    CHECK(conn->ready);
    return conn->pooled;
}

int pg_server_version(const struct pg_conn *conn)
{
    return PQserverVersion(conn->link);
}

int pg_session_pid(const struct pg_conn *conn)
{
    return PQbackendPID(conn->link);
}

const char *pg_describe(const struct pg_conn *conn)
{
    return conn->description;
}
