// SPDX-License-Identifier: Apache-2.0
//
// What the files of src/pg share: a connection, waiting on it, and libpq's failures as grove's
// errors.
#ifndef GROVE_PG_CONN_H
#define GROVE_PG_CONN_H

#include <libpq-fe.h>

#include "pg/answer.h"
#include "pg/pg.h"

enum { PG_PREPARED_MAX = 128, PG_DESCRIPTION_SIZE = 256 };

// A statement that the server has prepared for us, or had.
struct pg_prepared {
    const char *name;
    // Counts up when the server has forgotten it, or must: each time it gets another name there.
    unsigned generation;
    bool usable;
    bool checked; // its answer is of the types that its text says
};

// Why and since when the statement under way is being stopped.
struct pg_stop {
    enum grove_code code;     // GROVE_OK: nobody stops it
    struct pg_cancel *cancel; // the request; NULL: it could not be made
    int64_t until_us;         // for so long we wait for the server to stop
};

struct pg_conn {
    PGconn *link;
    struct pg_pool *pool;
    struct call *call; // of whom it was given to; NULL: of nobody
    bool ready;        // connected, its session set
    bool broken;       // to be closed when it is given back
    bool ended;        // the server has said unasked that it ends the connection
    // Another program stands between us and the server, and may give each transaction another of
    // its own connections: what a session sets there would be met by strangers.
    bool pooled;
    bool levelled; // and its sessions are of another isolation level than ours
    bool unnamed;  // statements are sent whole each time: that program does not keep them apart
    int64_t answered_us; // when the last answer was complete; monotonic
    const char *begin;   // a transaction that is begun with the next statement; NULL: none
    struct pg_stop stop;
    struct pg_prepared prepared[PG_PREPARED_MAX];
    unsigned prepared_count;
    char description[PG_DESCRIPTION_SIZE];
};

// --- connecting (connect.c) ----------------------------------------------------------------------

// A new connection for a place in the pool, within what the call allows. Brings the server up where
// the pool has a starter.
enum grove_code pg_connect(struct pg_pool *pool, struct call *call, struct pg_conn **ret,
                           struct grove_error *error);
// Puts a new connection into the place of one that is lost.
enum grove_code pg_reconnect(struct pg_conn *conn, struct grove_error *error);
void pg_close(struct pg_conn *conn);

// --- waiting (await.c) ---------------------------------------------------------------------------

// Whether the server has ended the connection, or says anything else that it was not asked.
bool pg_has_ended(struct pg_conn *conn);

// Before something is sent: the call is not over. Counts one round trip.
enum grove_code pg_start(struct pg_conn *conn, struct grove_error *error);

// Asks the server to stop what was sent, whose results are awaited a second more; once, where it is
// asked already.
void pg_stop(struct pg_conn *conn);

// The next result of what was sent; NULL: the last was there, or the connection is broken. When the
// call is over, the server is asked to stop, and has a second for it.
PGresult *pg_next_result(struct pg_conn *conn);

// After the last result: whatever was asked of the server to stop the statement has been done, so
// that it cannot hit the next one.
void pg_settle(struct pg_conn *conn);

// --- errors (error.c) ----------------------------------------------------------------------------

// The class that an SQLSTATE belongs to, as the head of pg.h lists them. `stopped` is why we had
// the statement stopped.
enum grove_code pg_code_of_sqlstate(const char *sqlstate, enum grove_code stopped);

// From a result that failed. NULL: from the connection itself, which is lost.
enum grove_code pg_set_error(struct pg_conn *conn, const PGresult *result,
                             struct grove_error *error);

// What call_check says, of a wait for PostgreSQL.
enum grove_code pg_check_call(const struct call *call, struct grove_error *error);

// libpq's messages end in line feeds and may have several lines: all in one, as we print them.
void pg_one_line(const char *message, char *ret_text, size_t size_bytes);

// A failure to connect.
enum grove_code pg_set_connect_error(PGconn *link, const char *description,
                                     struct grove_error *error);

#endif
