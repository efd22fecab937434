// SPDX-License-Identifier: Apache-2.0
//
// The private PostgreSQL of a home: created on first use, started on demand, left running.
//
//     code = cluster_start(&home, &call, error); // returns at once when it already runs
//     cluster_conninfo(&home, buffer);         // "host=... user=grove dbname=grove"
//     code = cluster_stop(&home, &call, &forced, error);
//
// It listens on a Unix socket in the home's run folder and nowhere else; only the owner of the
// home may connect. Any number of processes may call these at once: the home's lock lets one of
// them act.
#ifndef GROVE_PG_CLUSTER_H
#define GROVE_PG_CLUSTER_H

#include <stdbool.h>

#include "base/call.h"
#include "base/error.h"
#include "home/home.h"
#include "pg/environment.h"

enum { CLUSTER_CONNINFO_SIZE = PATH_MAX + 128 + PG_DEAFNESS_BYTES_MAX };

// Creates the cluster when there is none, starts the server when none runs, and returns when it
// accepts connections. After a crash the server recovers from its log; that may take a while.
// One that accepts connections and says nothing for a while is GROVE_TIMEOUT. Once the call is over
// nothing more is waited for, and the start goes on: GROVE_TIMEOUT or GROVE_CANCELLED. (A creation
// is given up instead.) One that runs where it cannot be seen is GROVE_UNAVAILABLE.
enum grove_code cluster_start(const struct home *home, struct call *call,
                              struct grove_error *error);

// Stops it (fast: open transactions are rolled back) and waits. Fine when it does not run. One that
// does not answer is ended by force, *ret_forced, and recovers from its log at the next start. One
// that cannot be seen from here is GROVE_UNAVAILABLE. Not waited for once the call is over (NULL:
// never).
enum grove_code cluster_stop(const struct home *home, const struct call *call, bool *ret_forced,
                             struct grove_error *error);

struct cluster_status {
    bool created;
    bool running;
    int pid; // 0 when not running, or not to be seen from here
};
enum grove_code cluster_status(const struct home *home, struct cluster_status *ret,
                               struct grove_error *error);

void cluster_conninfo(const struct home *home, char ret_text[static CLUSTER_CONNINFO_SIZE]);

#endif
