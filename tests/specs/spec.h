// SPDX-License-Identifier: Apache-2.0
//
// A spec: what is there at first, and the sessions whose steps are run in all orders. README.md
// tells the language; spec.c reads it.
//
//     struct spec spec;
//     code = spec_read("writer_reader.spec", &spec, error);   // error: "FILE:LINE: reason"
//
// A spec owns nothing.
#ifndef GROVE_TESTS_SPECS_SPEC_H
#define GROVE_TESTS_SPECS_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../support/fake_engine.h"
#include "base/error.h"
#include "base/inject.h"

enum {
    SPEC_NAME_SIZE = 24,
    SPEC_LINE_SIZE = 200,
    SPEC_CONTENTS_MAX = 4,
    SPEC_SESSIONS_MAX = 6,
    SPEC_STEPS_MAX = 8,
    SPEC_FAULTS_MAX = 4,
    SPEC_UNSET = -1,
};

// A content's fields. Vectors are known by numbers: number 0 is what readers search for, the
// higher the number the less similar a vector is to it.
struct spec_fields {
    int title;   // its title is "Title <n>"
    int words;   // word_count
    int vector;  // SPEC_UNSET: none comes along, the text is embedded
    int reduced; // the vector of the reduced model; SPEC_UNSET: both models have the same one
};

struct spec_content {
    char name[SPEC_NAME_SIZE];
    bool absent;  // there is none at first
    bool pending; // there is one, and the engine has nothing of it yet
    bool lost;    // there is one, and the engine has lost its point
    int attempts; // of its outbox row, where it is pending
    struct spec_fields fields;
};

enum spec_kind {
    SPEC_WRITER,
    SPEC_CLOCK,
    SPEC_ENGINE,
    SPEC_PROJECTOR, // projector_step; with `only`: projector_apply
    SPEC_READER,    // query_search
    SPEC_LOADER,    // load_files
    SPEC_PREPARE,   // projector_prepare
    SPEC_REFILL,    // projector_refill
    SPEC_REVIVE,    // projector_revive
    SPEC_SET_MODEL, // store_set_precision: to the reduced model
    SPEC_KINDS,
};

enum spec_verb {
    SPEC_BEGIN,
    SPEC_COMMIT,
    SPEC_ROLLBACK,
    SPEC_INSERT,
    SPEC_UPDATE,
    SPEC_DELETE,
    SPEC_VECTOR,      // gives it another vector, as loading does: its row is not touched
    SPEC_LEASES_OVER, // every lease has run out, and no projector knows of it
    SPEC_LATE,        // so much time has passed that every lease has run out
    SPEC_FAULT,
    SPEC_MEND,
    SPEC_LOSE_COLLECTION,
    SPEC_SETTLE,
    SPEC_VERBS,
};

struct spec_step {
    char name[SPEC_NAME_SIZE];
    bool begins; // a transaction, before its verb
    enum spec_verb verb;
    int content; // index
    struct spec_fields fields;
    struct fake_fault fault; // its content_id is an index plus 1; 0: any
};

struct spec_session {
    char name[SPEC_NAME_SIZE];
    enum spec_kind kind;
    // Of writers, clocks and engines.
    struct spec_step steps[SPEC_STEPS_MAX];
    size_t step_count;
    // Of the others, which are one call of grove that stops at points.
    bool stops[INJECT_POINT_COUNT];
    bool stops_at_look;        // between looking at the engine's revisions and writing
    int rounds;                // of a projector: steps of it
    unsigned contents;         // a bit for each content: those of `only` and `load`
    struct spec_fields fields; // of a loader: what all its contents get
    int limit;                 // of a reader
    int words_min;             // of a reader; SPEC_UNSET: any
    bool push_down;            // of a reader: PostgreSQL does not stand in
    bool may_wait;             // for a lock
    bool may_degrade;          // of a reader: PostgreSQL may stand in
    bool may_fail;             // the call may fail: the engine is down
};

struct spec {
    char name[SPEC_NAME_SIZE * 2]; // of the file, without folder and ending
    char about[SPEC_LINE_SIZE];
    char defect[SPEC_LINE_SIZE];     // not "": grove is known to fail it, for this reason
    char shows[SPEC_LINE_SIZE];      // and then this is part of what is reported
    bool conditional, unconditional; // engines it is run with
    bool embeds;                     // needs the model
    int orders_max;
    struct spec_content contents[SPEC_CONTENTS_MAX];
    size_t content_count;
    struct spec_session sessions[SPEC_SESSIONS_MAX];
    size_t session_count;
    struct fake_fault faults[SPEC_FAULTS_MAX]; // of the engine, from the beginning
    size_t fault_count;
};

enum grove_code spec_read(const char *path, struct spec *ret, struct grove_error *error);

// Whether a session's steps are written out in the spec.
bool spec_is_script(enum spec_kind kind);

// As a step that ends at this point is called: "leased" for a projector's PROJECTOR_LEASED.
void spec_point_name(enum spec_kind kind, enum inject_point point,
                     char ret_name[static SPEC_NAME_SIZE]);

#endif
