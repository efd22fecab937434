// SPDX-License-Identifier: Apache-2.0
//
// PostgreSQL: a bounded pool of connections, statements with typed binary parameters, rows with
// typed reads. The only folder that knows libpq.
//
//     struct pg_pool *pool;
//     code = pg_pool_new(&(struct pg_pool_options){.conninfo = "..."}, &pool, error);
//
//     GROVE_CLEANUP(pg_give) struct pg_conn *conn = NULL;
//     code = pg_take(pool, &call, &conn, error);       // waits for a free one, or connects
//     struct pg_params params = {0};
//     pg_add_int4(&params, id);
//     struct pg_rows rows;
//     code = pg_query(conn, arena, &statement, &params, &rows, error);
//     for (int r = 0; r < rows.count; r++)
//         use(pg_int4(&rows, r, 0), pg_text(&rows, r, 1));
//
// Values are transferred in binary: a column read with the wrong pg_* function is a bug (CHECK).
// Rows live in the arena they were asked for, and count where it counts what hangs on it. A
// statement with a name is prepared once per connection; without one it is sent as it is. Its text
// tells what its rows are made of (pg/answer.h): a column that was altered by hand is
// GROVE_UNSUPPORTED.
//
// Errors carry the SQLSTATE: 23* is GROVE_CONFLICT (23502 and 22*: GROVE_INVALID), 42501 and 28*
// GROVE_DENIED, 57014 GROVE_TIMEOUT or GROVE_CANCELLED, 53100 GROVE_IO (disk full), 53*
// GROVE_LIMIT, 08* and a lost connection GROVE_UNAVAILABLE, 40001 and 40P01 retry LATER, a missing
// column or function GROVE_UNSUPPORTED, others GROVE_DATABASE. Passwords never appear in them.
//
// Threads: a pool may be used by any number of threads; a connection by one at a time.
#ifndef GROVE_PG_PG_H
#define GROVE_PG_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/call.h"
#include "base/error.h"
#include "base/text.h"

struct pg_pool;
struct pg_conn;

struct pg_starter {
    enum grove_code (*start)(void *state, struct call *call, struct grove_error *error);
    void *state;
};

struct pg_pool_options {
    const char *conninfo;         // libpq's keywords or URI; NULL or "": the PG* variables
    unsigned connections_max;     // 0: 16
    unsigned connect_timeout_ms;  // 0: 5000
    unsigned take_timeout_ms;     // 0: 10000; waiting for a free connection
    const char *application_name; // NULL: "grove"
    struct pg_starter starter;    // optional: called when nothing answers, then tried once more
    bool any_server; // also an older one, or of another encoding: what is sent is somebody's own
    const char *data_folder; // of a server here, not copied; how full its disk is, is told
};

// Connects to nothing yet.
enum grove_code pg_pool_new(const struct pg_pool_options *options, struct pg_pool **ret,
                            struct grove_error *error);
// Another one to the same database, for what is somebody's own and may take long: so that it keeps
// nobody's connection, and no call holds two of one pool.
enum grove_code pg_pool_beside(const struct pg_pool *pool, struct pg_pool **ret,
                               struct grove_error *error);
// Every connection must have been given back.
void pg_pool_free(struct pg_pool *pool);

// A connection in a known state: not in a transaction, timezone UTC, ISO dates, server at least
// 16 (an older one is GROVE_UNSUPPORTED with its version). One that broke while idle is replaced.
// *ret is NULL before the call: nobody's connection is overwritten.
//
// Until it is given back, everything on it obeys the call: a statement under way when the call is
// over is stopped at the server, and what comes later is refused. Where the server does not stop
// within a second, the connection is lost.
//
// When all are taken the call waits in a line (base/line.h), or is refused there: GROVE_LIMIT,
// retry LATER. NULL waits for take_timeout_ms.
enum grove_code pg_take(struct pg_pool *pool, struct call *call, struct pg_conn **ret,
                        struct grove_error *error);

// One that is idle, for what may as well be left: nobody is waited for, and nothing is connected
// to, neither now nor where it is lost by its first statement. NULL: there is none.
struct pg_conn *pg_take_idle(struct pg_pool *pool, struct call *call);

// Whether who came now would have a connection in time, before work that is for nothing else
// (line_admits).
enum grove_code pg_admits(struct pg_pool *pool, const struct call *call, struct grove_error *error);

// Rolls back what is open, closes what is broken; sets *conn to NULL. NULL is fine.
void pg_give(struct pg_conn **conn);

// It is closed when it is given back: what its session holds, an advisory lock say, goes with it.
void pg_spoil(struct pg_conn *conn);
// The session as it is when it is taken, after SET: RESET has the database's and the role's values.
enum grove_code pg_reset_session(struct pg_conn *conn, struct grove_error *error);
// Another program stands between us and the server, and each transaction may have another session.
bool pg_is_pooled(const struct pg_conn *conn);

// Whether PostgreSQL would not do it: for a role that may only read, or as a server that only
// answers.
bool pg_has_denied(const struct grove_error *error);

int pg_server_version(const struct pg_conn *conn); // 160014 for 16.14
// The number of the server's process, as the connection was told: behind a pooler it is none of the
// server's. Where pg_backend_pid() says the same, the session ends when the connection does.
int pg_session_pid(const struct pg_conn *conn);
// The socket or host, port and database, without credentials: for messages.
const char *pg_describe(const struct pg_conn *conn);

// --- parameters -----------------------------------------------------------------------------

enum { PG_PARAMS_MAX = 24 };

// Zero-initialise. Adding borrows what is pointed to until the statement has been sent; arrays
// are encoded into the arena given and stay there. Failures are sticky: pg_query reports them.
struct pg_params {
    int count;
    bool failed;
    unsigned types[PG_PARAMS_MAX]; // Oids
    const char *values[PG_PARAMS_MAX];
    int lengths[PG_PARAMS_MAX];
    char small[PG_PARAMS_MAX][8];
};

void pg_add_null(struct pg_params *params, unsigned type);
void pg_add_bool(struct pg_params *params, bool value);
void pg_add_int4(struct pg_params *params, int32_t value);
void pg_add_int8(struct pg_params *params, int64_t value);
void pg_add_float8(struct pg_params *params, double value);
// {NULL, 0} is null.
void pg_add_text(struct pg_params *params, struct text value);
void pg_add_bytea(struct pg_params *params, const void *bytes, size_t size_bytes);
// Microseconds since 1970; the _tz form is timestamptz, the other timestamp (read as UTC).
// INT64_MIN is null; base/clock.h has the two infinities. What comes before the server's first time
// becomes that one.
void pg_add_timestamp(struct pg_params *params, int64_t timestamp_us);
void pg_add_timestamptz(struct pg_params *params, int64_t timestamp_us);
// The other way, of what pg_timestamp_key read: exactly that timestamp.
void pg_add_timestamp_key(struct pg_params *params, int64_t key);
// Arrays: `items` NULL is null. An item text of {NULL, 0}, or an int64_t of INT64_MIN, is a null
// element. No int32_t is: any number may be an id.
void pg_add_int4_array(struct pg_params *params, struct arena *arena, const int32_t *items,
                       size_t count);
void pg_add_int8_array(struct pg_params *params, struct arena *arena, const int64_t *items,
                       size_t count);
void pg_add_float8_array(struct pg_params *params, struct arena *arena, const double *items,
                         size_t count);
void pg_add_text_array(struct pg_params *params, struct arena *arena, const struct text *items,
                       size_t count);
void pg_add_varchar_array(struct pg_params *params, struct arena *arena, const struct text *items,
                          size_t count);
void pg_add_bytea_array(struct pg_params *params, struct arena *arena, const struct text *items,
                        size_t count);
void pg_add_timestamp_array(struct pg_params *params, struct arena *arena, const int64_t *items,
                            size_t count);
// A value that was encoded for another statement, borrowed: an array, a text.
void pg_add_same(struct pg_params *params, const struct pg_params *other, int which);

// --- statements -----------------------------------------------------------------------------

struct pg_statement {
    const char *name; // "" : not prepared; else unique in the program
    const char *sql;
};

struct pg_rows {
    void *result; // PGresult, released with the arena
    int count;
    int columns;
    int64_t affected; // rows inserted, updated, deleted or selected
};

// Runs one statement. `params` may be NULL for none.
enum grove_code pg_query(struct pg_conn *conn, struct arena *arena,
                         const struct pg_statement *statement, const struct pg_params *params,
                         struct pg_rows *ret_rows, struct grove_error *error);

// The same on a connection of its own, which is given back before this returns.
enum grove_code pg_query_once(struct pg_pool *pool, struct call *call, struct arena *arena,
                              const struct pg_statement *statement, const struct pg_params *params,
                              struct pg_rows *ret_rows, struct grove_error *error);

// Runs statements without parameters, separated by ';', by the simple protocol; no rows.
enum grove_code pg_exec(struct pg_conn *conn, const char *sql, struct grove_error *error);

// Runs several statements in one round trip (pipeline mode), as one implicit transaction unless
// one is open. Stops at the first that fails.
enum { PG_REQUESTS_MAX = 16 };
struct pg_request {
    const struct pg_statement *statement;
    const struct pg_params *params;
};
enum grove_code pg_pipeline(struct pg_conn *conn, struct arena *arena,
                            const struct pg_request *requests, size_t count,
                            struct pg_rows *ret_rows, struct grove_error *error);

// The beginning is sent with the first statement, and a transaction without one is none.
enum grove_code pg_begin(struct pg_conn *conn, struct grove_error *error);
// Repeatable read, read only: the snapshot is that of the first statement.
enum grove_code pg_begin_snapshot(struct pg_conn *conn, struct grove_error *error);
// COMMIT, as the last request of a pipeline: ends a snapshot in the round trip of its last rows.
extern const struct pg_statement pg_end;
enum grove_code pg_commit(struct pg_conn *conn, struct grove_error *error);
// Nothing where no transaction is open. Never fails: a connection that cannot roll back is closed
// when it is given back.
void pg_rollback(struct pg_conn *conn);

// --- reading --------------------------------------------------------------------------------

bool pg_is_null(const struct pg_rows *rows, int row, int column);
// Of a null: false, 0, {NULL, 0}, INT64_MIN for timestamps.
bool pg_bool(const struct pg_rows *rows, int row, int column);
int32_t pg_int4(const struct pg_rows *rows, int row, int column);
int64_t pg_int8(const struct pg_rows *rows, int row, int column); // also reads int4 and int2
double pg_float8(const struct pg_rows *rows, int row, int column);
struct text pg_text(const struct pg_rows *rows, int row, int column);  // text, varchar, name
struct text pg_bytea(const struct pg_rows *rows, int row, int column); // bytes
// Both kinds, UTC µs; base/clock.h has the two infinities. The server's last 30 years, from
// 294247-01-10 on, are all CLOCK_INFINITY - 1.
int64_t pg_timestamp(const struct pg_rows *rows, int row, int column);
// The server's own number, for giving it back to pg_add_timestamp_key: no two timestamps have one.
// PG_NO_TIMESTAMP of a null.
#define PG_NO_TIMESTAMP (INT64_MIN + 1)
int64_t pg_timestamp_key(const struct pg_rows *rows, int row, int column);

// integer[] of one dimension without nulls, copied into the arena; of a null: none.
enum grove_code pg_int4_array(const struct pg_rows *rows, int row, int column, struct arena *arena,
                              const int32_t **ret, size_t *ret_count, struct grove_error *error);
// The same of bigint[].
enum grove_code pg_int8_array(const struct pg_rows *rows, int row, int column, struct arena *arena,
                              const int64_t **ret, size_t *ret_count, struct grove_error *error);

#endif
