// SPDX-License-Identifier: Apache-2.0
//
// Asking a server to stop the statement of a connection, without waiting for a server that does not
// answer.
//
//     struct pg_cancel *cancel = pg_cancel_start(link);    // NULL: it cannot be asked
//     bool done = cancel && pg_cancel_wait(cancel, 1000);
//     pg_cancel_free(cancel);                              // also before it is done
//
// libpq's PQcancel connects, writes, and waits for the server to hang up, for ever if need be. So a
// thread of its own calls it, with all signals blocked. One that is given up goes on by itself and
// ends when the server answers, or the process does.
//
// A request that is under way may yet stop whatever runs on its connection then: until it is done,
// nothing else is to be run there.
#ifndef GROVE_PG_CANCEL_H
#define GROVE_PG_CANCEL_H

#include <libpq-fe.h>
#include <stdbool.h>

struct pg_cancel;

struct pg_cancel *pg_cancel_start(PGconn *link);
// True when the server has been asked, or could not be.
bool pg_cancel_wait(struct pg_cancel *cancel, unsigned milliseconds);
void pg_cancel_free(struct pg_cancel *cancel);

#endif
