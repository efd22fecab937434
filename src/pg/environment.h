// SPDX-License-Identifier: Apache-2.0
//
// Keeping libpq's environment variables out of a connection. They are meant for servers that
// somebody runs; one of them can keep a private server from being reached (PGCHANNELBINDING), or
// change what a session does (PGOPTIONS).
//
//     strbuf_add(&conninfo, "host=/run/grove dbname=grove");
//     pg_add_deafness(&conninfo); // " options='' channel_binding='prefer'", where those are set
//
// Four cannot be kept out by a connection string: PGSERVICE, which names a server of its own, and
// PGTZ, PGDATESTYLE and PGGEQO, which libpq sends to every server. A valid one does no harm: each
// session sets its own. The command removes the three from its environment, and an empty PGSERVICE.
#ifndef GROVE_PG_ENVIRONMENT_H
#define GROVE_PG_ENVIRONMENT_H

#include <libpq-fe.h>

#include "base/strbuf.h"

enum { PG_DEAFNESS_BYTES_MAX = 2048 };

// Adds a value for each keyword whose variable is set, but for host, hostaddr, port, user, dbname
// and sslmode, which the string has, and the application's name, which is any.
void pg_add_deafness(struct strbuf *conninfo);

// What libpq takes where nothing is said, as PQconndefaults; NULL: out of memory. It asks for the
// account's name, for which the C library may open a socket.
PQconninfoOption *pg_defaults(void);

#endif
