// SPDX-License-Identifier: Apache-2.0
//
// The sessions of an order. Each is a thread that runs only when it is told to, and then up to its
// next stop: a script's next step, or one of the points of base/inject.h that the spec names.
//
//     code = crew_open(&crew, &world, &error);
//     crew_begin(&crew);                       // all sessions stand before their first step
//     crew_step(&crew, session, &failure);     // it runs, until nothing moves any more
//     crew_release_all(&crew);                 // lets them run to their ends, unseen
//     crew_free(&crew);
//
// After a step every session stands at a stop, has ended, or waits for a lock of another that
// stands or waits. One that waits goes on as soon as it gets its lock, within somebody else's step.
//
// Threads: crew_* are called by one thread, the driver. What a session has done (changes, answer,
// error) is the driver's to read while the session does not run.
#ifndef GROVE_TESTS_SPECS_SESSION_H
#define GROVE_TESTS_SPECS_SESSION_H

#include <pthread.h>

#include "world.h"

enum session_state {
    SESSION_IDLE,   // there is no order
    SESSION_STANDS, // at the beginning or at a stop
    SESSION_RUNS,   // or waits for a lock
    SESSION_ENDED,
};

enum { ANSWER_ROWS_MAX = 2 * SPEC_CONTENTS_MAX };

// What a search returned.
struct session_answer {
    size_t count;
    struct {
        int32_t content_id;
        char title[32];
        int64_t words;
        double score;
    } rows[ANSWER_ROWS_MAX];
    bool complete, degraded;
    char reason[256]; // why it is not complete, or degraded
};

struct crew;

struct session {
    const struct spec_session *spec;
    struct crew *crew;
    struct store store;
    pthread_t thread;
    bool started;
    pthread_cond_t wake;
    // Guarded by the crew's mutex.
    enum session_state state;
    bool waits;              // for a lock, as last seen
    char at[SPEC_NAME_SIZE]; // its last stop
    unsigned stamp;          // order in which stops were reached
    // The session's while it runs.
    struct model_change open[MODEL_CHANGES_MAX]; // of a transaction that has not ended
    size_t open_count;
    bool in_transaction;
    struct model_change committed[MODEL_CHANGES_MAX]; // what the driver has not seen yet
    size_t committed_count;                           // guarded by the crew's mutex, too
    enum grove_code code;                             // of its call, or of a statement
    struct grove_error error;
    struct session_answer answer; // of a reader
    bool writing;                 // a projector: it writes, and has not acknowledged
    unsigned leased_at;           // the world's leases_over when it leased
    int64_t leased_skew_us;       // and its skew
    bool knows_late;              // it went on to write though its own clock forbids it
    // The driver's.
    size_t first_state; // of the model, when it began
    bool checked;       // its end was looked at
};

struct crew {
    struct world *world;
    struct session sessions[SPEC_SESSIONS_MAX];
    size_t count;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool released; // stops are passed by
    bool quit;
    unsigned stamps;
    char trace[8192]; // of the order: calls of the engine
    size_t trace_length;
};

enum { CREW_FAILURE_SIZE = 256 };

enum grove_code crew_open(struct crew *crew, struct world *world, struct grove_error *error);
void crew_free(struct crew *crew);

void crew_begin(struct crew *crew);

// Sessions that can take a step, a bit for each; and whether any has not ended.
unsigned crew_ready(struct crew *crew, bool *ret_unfinished);

// False where nothing comes to rest, or where somebody waits who should never: says why.
bool crew_step(struct crew *crew, struct session *session,
               char ret_failure[static CREW_FAILURE_SIZE]);

// Takes over into the model what has been committed since the last call: first what `first` has,
// which took the step, then what others have that went on when it let them.
void crew_take_changes(struct crew *crew, struct session *first, struct model *model);

// Waits until all have ended. Scripts end at once and roll back.
void crew_release_all(struct crew *crew);

// --- session_run.c ------------------------------------------------------------------------------

// Runs the session's steps, or its call, in its own thread.
void session_run(struct session *session);
// Stands at a stop until told to go on. False: the order is over.
bool session_stop(struct session *session, const char *name);
// Has grove's points and the engine's calls stop the thread's session, or be traced.
void session_set_hooks(struct crew *crew);
// The session whose thread this is; NULL: the driver's.
extern _Thread_local struct session *session_current;

void crew_trace(struct crew *crew, const char *format, ...) GROVE_PRINTF(2, 3);

#endif
