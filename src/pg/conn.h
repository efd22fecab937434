// SPDX-License-Identifier: Apache-2.0
//
// What the files of src/pg share: a connection, and libpq's failures as grove's errors.
#ifndef GROVE_PG_CONN_H
#define GROVE_PG_CONN_H

#include <libpq-fe.h>
#include <stdatomic.h>

#include "pg/pg.h"

enum { PG_PREPARED_MAX = 128, PG_DESCRIPTION_SIZE = 256 };

struct pg_conn {
    PGconn *link;
    PGcancel *cancel;
    struct pg_pool *pool;
    struct call *call;            // of whom it was given to; NULL: it has no limits
    bool broken;                  // to be closed when it is given back
    atomic_bool cancel_requested; // tells a cancelled statement from one that timed out
    const char *prepared[PG_PREPARED_MAX];
    unsigned prepared_count;
    char description[PG_DESCRIPTION_SIZE];
};

// The class that an SQLSTATE belongs to, as the head of pg.h lists them.
enum grove_code pg_code_of_sqlstate(const char *sqlstate, bool cancel_requested);

// From a result that failed. NULL: from the connection itself, which is lost.
enum grove_code pg_set_error(struct pg_conn *conn, const PGresult *result,
                             struct grove_error *error);

// libpq's messages end in line feeds and may have several lines: all in one, as we print them.
void pg_one_line(const char *message, char *ret_text, size_t size_bytes);

// A failure to connect.
enum grove_code pg_set_connect_error(PGconn *link, const char *description,
                                     struct grove_error *error);

#endif
