// SPDX-License-Identifier: Apache-2.0
//
// Subjects: trees of one's own beside those of the specification, added to and taken from a
// database that is in use.
//
//     struct grove_error error;
//     struct grove_subject_request request = {.name = "science"};
//     if (grove_add_subject(grove, &request, NULL, &error) != GROVE_OK)
//         die(error.message);
//
// A change goes in phases, each a transaction of its own, and each of them so that readers and
// writers go on: a lock that they could wait for is asked for during 10 ms, given up, and asked for
// again, for as long as the call may take. One change is made at a time; others wait for it.
//
// Until its decisive phase a change can be seen by nobody. Whatever ends it, it can be finished by
// the same call, or taken back by the opposite one: grove_remove_subject also takes back an
// addition that was not finished, grove_add_subject a removal.
#ifndef GROVE_SUBJECT_H
#define GROVE_SUBJECT_H

#include <grove/grove.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GROVE_SUBJECT_NAME_MAX 40 // characters: lower-case letters, digits and "_"

enum grove_subject_state {
    GROVE_SUBJECT_READY = 0,
    GROVE_SUBJECT_ADDING,   // begun, and not finished
    GROVE_SUBJECT_REMOVING, // the same; it takes no new contents
};

struct grove_subject {
    char name[GROVE_SUBJECT_NAME_MAX * 4 + 1]; // what its paths begin with
    char hierarchy_table[256];
    enum grove_subject_state state;
    bool specified; // one of the specification's nine tables: it stays
    int64_t branches;
    int64_t limbs;
    int64_t leaves;
    int64_t contents;
    int64_t pending;     // of them: not in the vector engine yet
    int64_t bytes;       // of the table with its indexes
    int64_t added_at_us; // or GROVE_NULL
};

struct grove_subjects {
    const struct grove_subject *items; // in the order in which they were added
    size_t count;
};

// All of them, or the one of that name: then GROVE_NOT_FOUND where there is none. *ret is given
// back with grove_free.
GROVE_CHECKED enum grove_code grove_list_subjects(struct grove *grove, const char *name,
                                                  struct grove_subjects **ret,
                                                  struct grove_error *error);

// A step of a change. Its texts live as long as the callback that is told of it.
struct grove_subject_phase {
    const char *name;  // "table", "extend", "validate", "enter", "settle", ...
    const char *locks; // what it locks, and who could wait for how long
    const char *sql;   // all of its transaction
    bool done;         // false: it is only shown
    unsigned attempts; // more than one: others had what it locks
    double seconds;    // of the attempt that succeeded; of one that is shown: estimated
};

// A change waits for others.
struct grove_subject_wait {
    const char *what;   // "a lock on public.content_metadata"
    const char *holder; // who has it, since when, and what for; "" where that cannot be told
    double seconds;     // so far
};

// What a change means for this database, measured before anything is changed.
struct grove_subject_impact {
    int64_t rows;            // of content_metadata, which are validated; an estimate
    int64_t table_bytes;     // of it with its indexes
    int64_t database_bytes;  // what a backup reads
    double validate_seconds; // extrapolated from a part that was read
    int64_t subjects;        // that there are
    double planning_ms;      // of a path's lookup, which has all of them in it; NaN: not measured
    double discover_ms;      // a query across all subjects, median of 5; NaN: the engine is out
};

struct grove_subject_report {
    unsigned phases; // done
    bool has_impact; // of a dry run
    struct grove_subject_impact impact;
    double seconds;
    double seconds_waited;     // for locks of others
    double discover_ms_before; // a query across all subjects; NaN: not measured
    double discover_ms_after;
    int64_t contents;                         // deleted with it; of a dry run: that are there
    const struct grove_load_progress *sample; // what was loaded; NULL: nothing was to be
};

struct grove_subject_request {
    size_t size_bytes; // see struct grove_limits
    const char *name;
    const char *new_name; // of grove_rename_subject
    bool dry_run;         // tell the phases and the impact, change nothing
    bool with_contents;   // of grove_remove_subject: its contents go, too
    bool sample;          // of grove_add_subject: load the sample, which there is of "science"
    void (*on_phase)(void *state, const struct grove_subject_phase *phase);
    void (*on_wait)(void *state, const struct grove_subject_wait *wait);
    void *state; // of both
    struct grove_limits limits;
};

// Adds a subject, or goes on with adding it. GROVE_INVALID: the name cannot be one. GROVE_CONFLICT:
// it is taken, or the CHECK of content_metadata is not what grove made it. *ret is
// given back with grove_free; `ret` may be NULL.
GROVE_CHECKED enum grove_code grove_add_subject(struct grove *grove,
                                                const struct grove_subject_request *request,
                                                struct grove_subject_report **ret,
                                                struct grove_error *error);

// Removes a subject with its leaves. GROVE_CONFLICT: it has contents, and `with_contents` is not
// set. GROVE_INVALID: it is one of the specification's.
GROVE_CHECKED enum grove_code grove_remove_subject(struct grove *grove,
                                                   const struct grove_subject_request *request,
                                                   struct grove_subject_report **ret,
                                                   struct grove_error *error);

// Gives a subject another name. Its table keeps its own, so that ids, points and the pages of
// queries without a path stay as they are.
GROVE_CHECKED enum grove_code grove_rename_subject(struct grove *grove,
                                                   const struct grove_subject_request *request,
                                                   struct grove_subject_report **ret,
                                                   struct grove_error *error);

// Compares a subject with what it should be; calls back once a finding, whose texts live as long as
// the callback. GROVE_CONFLICT: some check failed. Changes nothing.
GROVE_CHECKED enum grove_code
grove_validate_subject(struct grove *grove, const char *name,
                       void (*on_finding)(void *state, const struct grove_finding *finding),
                       void *state, struct grove_error *error);

// The same as SQL for review, of a database with the specification's nine subjects and this one: no
// server is asked. *ret is given back with grove_free.
enum grove_subject_script {
    GROVE_SUBJECT_MIGRATION,
    GROVE_SUBJECT_ROLLBACK,
    GROVE_SUBJECT_VALIDATION,
    GROVE_SUBJECT_SAMPLE, // of "science" only
};
GROVE_CHECKED enum grove_code grove_write_subject_script(enum grove_subject_script script,
                                                         const char *name, char **ret,
                                                         struct grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
