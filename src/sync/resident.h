// SPDX-License-Identifier: Apache-2.0
//
// The resident projector of a home: a process that projects whatever any program writes into the
// private database, so that nobody need run "grove sync". One for each home, started by any grove
// process that uses the home's database, left running; the counterpart of pg/cluster.h and
// vector/private.h.
//
//     struct resident_options options = {.program = program, .collection = "content_vectors"};
//     code = resident_start(&home, &options, error); // returns at once, whether one runs or not
//     code = resident_stop(&home, &call, error);
//
// The program is the grove command ("grove sync --be-resident"), whoever starts it; it calls
// resident_run. Both private servers are the home's own: the projector of servers that are somebody
// else's would have to keep their passwords, and is theirs to run ("grove sync --watch").
#ifndef GROVE_SYNC_RESIDENT_H
#define GROVE_SYNC_RESIDENT_H

#include <stdbool.h>

#include "base/error.h"
#include "catalog/store.h"
#include "home/home.h"

struct resident_options {
    const char *program;    // absolute path of the grove command
    const char *collection; // that the home's points are in
};

// Starts the projector where none runs, and does not wait for it. It runs as the owner of the home.
// Two that are started at once are one soon. GROVE_DENIED: the caller is neither the owner nor
// root, or the owner cannot run the program.
enum grove_code resident_start(const struct home *home, const struct resident_options *options,
                               struct grove_error *error);

// Stops it and waits. Fine when it does not run, and when it runs where this process cannot see it
// (in another container): it ends by itself with the home's PostgreSQL. Not waited for once the
// call is over (NULL: never).
enum grove_code resident_stop(const struct home *home, const struct call *call,
                              struct grove_error *error);

struct resident_status {
    bool running;
    int pid;              // 0 when not running, or not visible
    char last_error[256]; // that it has not got over, or that it ended by; "": none
};
enum grove_code resident_status(const struct home *home, struct resident_status *ret,
                                struct grove_error *error);

// Is the resident projector of the home, in a process of its own: until the call is cancelled,
// until the home is gone from its place, until its PostgreSQL does not run any more, or until the
// schema is another version's. Returns at once when the home has one. Standard error becomes the
// log. The store is used by nobody else, and its pool starts no PostgreSQL.
enum grove_code resident_run(const struct home *home, struct store *store, struct call *call,
                             struct grove_error *error);

#endif
