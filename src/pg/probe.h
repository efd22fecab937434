// SPDX-License-Identifier: Apache-2.0
//
// Asks the Unix socket of a PostgreSQL whether that takes connections, within a time that libpq has
// no way to tell it, and as long as a call may take.
//
// Threads: any.
#ifndef GROVE_PG_PROBE_H
#define GROVE_PG_PROBE_H

#include <stdbool.h>

#include "base/call.h"

enum pg_presence {
    PG_NOBODY,   // nothing listens there
    PG_READY,    // it lets somebody in, or says why not that one
    PG_STARTING, // it says that it is starting, or ending
    PG_SILENT,   // it accepted the connection and said nothing
};

// `limit_ms`: how long it has to answer.
enum pg_presence pg_probe(const char *socket_path, unsigned limit_ms, const struct call *call);

// Whether something listens there: of a process that is stopped the kernel does the accepting.
bool pg_listens(const char *socket_path);

#endif
