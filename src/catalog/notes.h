// SPDX-License-Identifier: Apache-2.0
//
// What the projectors of one store have done so far. Only src/sync/notes.c reads and writes it.
#ifndef GROVE_CATALOG_NOTES_H
#define GROVE_CATALOG_NOTES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

// What a projector is. One store may have one of each.
enum projector_kind {
    PROJECTOR_CALL, // of a program that says no more of it
    PROJECTOR_RESIDENT,
    PROJECTOR_SYNC,
    PROJECTOR_WATCH,
    PROJECTOR_THREAD, // of a handle with `background_sync`
    PROJECTOR_LOAD,
    PROJECTOR_ATTACH,
    PROJECTOR_REPAIR,
    PROJECTOR_KINDS,
};

struct store_note {
    bool worked;  // else nothing else is set
    bool unsaved; // the database does not have all of it
    // Monotonic.
    int64_t began_us, worked_us;
    int64_t failed_us; // 0: it never failed
    int64_t written, removed, embedded, refused, failures;
    double seconds_database, seconds_embedding, seconds_vectors;
    double recent; // points, each with the weight that it had when the last was written
    char failure[512];
};

struct store_notes {
    pthread_mutex_t mutex; // guards the rest; not held while PostgreSQL is asked
    char name[128];        // host/process/random number; "": nothing was saved yet
    bool saving;           // somebody is at it
    bool has_row;          // the table has a row of this store
    // Monotonic.
    int64_t next_us;  // nothing is saved before by who has time
    int64_t retry_us; // the same by anybody: it failed
    struct store_note of[PROJECTOR_KINDS];
};

#endif
