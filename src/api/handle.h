// SPDX-License-Identifier: Apache-2.0
//
// What a `struct grove` holds: the stores, and how to bring them up.
//
// The first call that needs a store prepares it (`handle_ready`): starts the private servers,
// brings a private database's schema up to date, and starts the background projector where one
// was asked for. Opening itself touches no server.
#ifndef GROVE_API_HANDLE_H
#define GROVE_API_HANDLE_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "attach/catch_up.h"
#include "catalog/store.h"
#include "grove/grove.h"
#include "home/home.h"
#include "sync/projector.h"

struct grove {
    struct store store;
    pid_t process;    // that opened it
    struct home home; // set where a private server or the assets need it
    bool has_home;
    bool looking;               // starts no server and changes no schema
    struct grove_error no_home; // where there is none, and none was needed so far
    bool database_private;
    bool engine_private;
    bool collection_open; // it is one of those of the database's own (handle_choose_collection)
    bool background_sync;
    bool projector_wanted;                   // the resident one
    bool is_projector;                       // this process is it
    char command[PATH_MAX];                  // the grove command; "": not found
    _Atomic int64_t projector_checked_at_us; // monotonic; 0: it may not run
    atomic_bool database_started;            // by a call of this handle, which had to wait for that
    enum embed_precision embed_precision;    // of grove_embed
    char *database_url;                      // NULL: the PG* variables
    char *engine_url;

    struct grove_limits limits; // of its calls
    struct call total;          // of all of them together
    atomic_uint cancel_round;   // one more each time that what is under way is cancelled

    pthread_mutex_t ready_mutex; // guards the following; not held while servers are started
    pthread_cond_t prepared;     // nobody prepares any more
    bool preparing;
    bool ready;
    struct projector_thread *projector;
};

// What may be meant by no limit.
enum handle_work {
    HANDLE_LOOK,  // ten seconds: it tells what does not answer
    HANDLE_QUERY, // is answered in a minute or not at all, and waits for nobody's connections
    HANDLE_TASK,  // takes as long as it takes
};

// The call of a public function without a handle.
void handle_begin_without(const struct grove_limits *limits, struct call *ret);

// grove_open, which also tells the doctor what failed: "home", "database", "vector engine", ...
enum grove_code handle_open(const struct grove_options *options, struct grove **ret,
                            const char **ret_part, struct grove_error *error);

// Begins a public function's call: its limits are those given (NULL: none), else the handle's; it
// ends with grove_cancel, with its token, and with the handle. GROVE_INVALID in a process that did
// not open the handle: after a fork its locks, its threads and its connections are its parent's.
enum grove_code handle_begin(struct grove *grove, enum handle_work work,
                             const struct grove_limits *limits, struct call *ret,
                             struct grove_error *error);

// Prepares what queries need. Cheap once it has succeeded. A server's database that grove has not
// been initialised in is GROVE_NOT_FOUND with what to run.
enum grove_code handle_ready(struct grove *grove, struct call *call, struct grove_error *error);

// Both: what most public functions begin with.
enum grove_code handle_enter(struct grove *grove, enum handle_work work,
                             const struct grove_limits *limits, struct call *ret,
                             struct grove_error *error);

// What a call that projects does once it has begun: both stores answer, the collection is there.
enum grove_code handle_reach(struct grove *grove, struct call *call, struct grove_error *error);
// Begins such a call: what was loaded is searchable when it ends.
enum grove_code handle_enter_to_load(struct grove *grove, const struct grove_limits *limits,
                                     struct call *ret, struct grove_error *error);

// And what was written to attached tables is there, or told.
enum grove_code handle_enter_to_read(struct grove *grove, enum handle_work work,
                                     const struct grove_limits *limits, struct call *ret_call,
                                     struct catch_up *ret, struct grove_error *error);

// False: there is none of that number.
bool handle_precision_of(enum grove_precision precision, enum embed_precision *ret);

// Names the collection where nobody did, and several databases may share the home's engine. Once it
// has, it costs nothing; the schema is one that this library works with.
enum grove_code handle_choose_collection(struct grove *grove, struct call *call,
                                         struct grove_error *error);

// The same of a query that asks the engine, too: one that is not there begins to start meanwhile.
// It is waited for where PostgreSQL had to start as well: for twice as long as that took.
enum grove_code handle_ready_for_engine(struct grove *grove, struct call *call,
                                        struct grove_error *error);

// How a call ends that a module answered with `code`. Where a statement did not know a table, a
// column or a function, another grove may have changed the schema since it was looked at: it is
// looked at again, and what that tells, an older or a newer schema, is the error.
enum grove_code handle_failed(struct grove *grove, struct call *call, enum grove_code code,
                              struct grove_error *error);

// Starts the resident projector where it does not run, unless that was looked at a moment ago. A
// favour to whoever writes: its failure is nobody's, and "grove status" tells whether it runs.
void handle_keep_projecting(struct grove *grove);

// The database only, whatever its schema.
enum grove_code handle_database(struct grove *grove, struct call *call, struct pg_conn **ret,
                                struct grove_error *error);

#endif
