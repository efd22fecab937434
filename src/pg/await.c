// SPDX-License-Identifier: Apache-2.0
//
// Waiting for the server on behalf of a call.
//
// A statement is sent, and its answer awaited in slices: between two of them the call is looked at.
//
//     sent ── answer ──► done
//       │
//       └── call over ──► stopping ── answer within STOP_MS ──► done, the connection lives
//                             │
//                             └── none ──► broken: the connection will be closed
//
// A request to stop is made beside the connection (cancel.h), so it may come late. Until it is done
// nothing else runs there (pg_settle): it would be stopped in place of what was meant.
#include <assert.h>
#include <errno.h>
#include <poll.h>

#include "base/call.h"
#include "base/check.h"
#include "base/clock.h"
#include "pg/cancel.h"
#include "pg/conn.h"

enum {
    STOP_MS = 1000,
    // With TLS a part of the answer may wait inside of libpq, where poll(2) does not see it.
    TLS_SLICE_MS = 5,
};
static_assert((int)TLS_SLICE_MS < CALL_SLICE_MS, "it is looked for more often than the call is");

bool pg_has_ended(struct pg_conn *conn)
{
    CHECK(conn->link);
    CHECK(!conn->broken);
    for (;;) {
        struct pollfd socket = {.fd = PQsocket(conn->link), .events = POLLIN};
        int ready = socket.fd < 0 ? -1 : poll(&socket, 1, 0);
        if (ready == 0 || (ready < 0 && socket.fd >= 0 && errno == EINTR))
            return conn->ended;
        // libpq takes a farewell for a notice: the receiver of notices notes it.
        if (ready < 0 || !PQconsumeInput(conn->link) || PQisBusy(conn->link) || conn->ended)
            return true;
    }
}

enum grove_code pg_check_call(const struct call *call, struct grove_error *error)
{
    enum grove_code code = call_check(call, error);
    if (code != GROVE_OK)
        error->origin = GROVE_ORIGIN_POSTGRES;
    return code;
}

enum grove_code pg_start(struct pg_conn *conn, struct grove_error *error)
{
    CHECK(conn->stop.code == GROVE_OK); // the statement before was settled
    CHECK(!conn->stop.cancel);
    enum grove_code code = call_check(conn->call, error);
    if (code == GROVE_OK && conn->call)
        conn->call->counters.statements++;
    return code;
}

void pg_stop(struct pg_conn *conn)
{
    struct grove_error why;
    if (conn->broken || conn->stop.code != GROVE_OK)
        return;
    enum grove_code code = call_check(conn->call, &why);
    conn->stop = (struct pg_stop){
        .code = code == GROVE_OK ? GROVE_CANCELLED : code, // the flag was lowered again
        .cancel = pg_cancel_start(conn->link),
        .until_us = clock_monotonic_us(),
    };
    if (conn->stop.cancel)
        conn->stop.until_us += (int64_t)STOP_MS * 1000;
}

static unsigned left_to_stop_ms(const struct pg_conn *conn)
{
    CHECK(conn->stop.code != GROVE_OK);
    int64_t left_us = conn->stop.until_us - clock_monotonic_us();
    return left_us <= 0 ? 0 : (unsigned)((left_us + 999) / 1000);
}

// How long to wait before the next look; 0: the statement was to stop, and has not.
static unsigned slice_ms(struct pg_conn *conn)
{
    unsigned slice_ms = conn->stop.code == GROVE_OK ? call_slice_ms(conn->call) : 0;
    if (slice_ms == 0) {
        if (conn->stop.code == GROVE_OK)
            pg_stop(conn);
        slice_ms = left_to_stop_ms(conn);
    }
    unsigned most_ms = PQsslInUse(conn->link) ? TLS_SLICE_MS : CALL_SLICE_MS;
    return slice_ms < most_ms ? slice_ms : most_ms;
}

// True when PQgetResult does not wait. It tells what is wrong where the connection is lost.
static bool await_answer(struct pg_conn *conn)
{
    for (;;) {
        int unsent = PQflush(conn->link);
        if (!PQisBusy(conn->link))
            return true;
        unsigned wait_ms = slice_ms(conn);
        if (wait_ms == 0)
            return false;
        struct pollfd socket = {.fd = PQsocket(conn->link),
                                .events = (short)(POLLIN | (unsent > 0 ? POLLOUT : 0))};
        if (socket.fd < 0)
            return true;
        int ready = poll(&socket, 1, (int)wait_ms);
        if (ready < 0 && errno != EINTR)
            return false;
        bool readable = ready > 0 ? (socket.revents & ~POLLOUT) != 0 : PQsslInUse(conn->link);
        if (readable && !PQconsumeInput(conn->link))
            return true;
    }
}

PGresult *pg_next_result(struct pg_conn *conn)
{
    CHECK(conn->link);
    if (conn->broken)
        return NULL;
    if (!await_answer(conn)) {
        conn->broken = true;
        return NULL;
    }
    return PQgetResult(conn->link);
}

void pg_settle(struct pg_conn *conn)
{
    if (conn->stop.code == GROVE_OK)
        return;
    if (!conn->broken && !pg_cancel_wait(conn->stop.cancel, left_to_stop_ms(conn)))
        conn->broken = true;
    pg_cancel_free(conn->stop.cancel);
    conn->stop = (struct pg_stop){.code = GROVE_OK};
}
