// SPDX-License-Identifier: Apache-2.0
//
// How far a subject is there, read from the catalogue: nothing is remembered elsewhere, so nothing
// can disagree with it. And what is to be done next.
//
//     struct state state;
//     code = state_read(conn, arena, "science", &state, error);
//     if (code == GROVE_OK)
//         code = state_next_of_add(&state, &progress, &phase, error);   // pure: asks nobody
//     if (code == GROVE_OK && phase == PHASE_NONE)
//         return code;
#ifndef GROVE_SUBJECT_STATE_H
#define GROVE_SUBJECT_STATE_H

#include "pg/pg.h"
#include "subject/phase.h"

// Texts are in the arena that it was read into.
struct state {
    const char *name;  // of the subject, as it was asked for
    const char *table; // the subject's; of one that is not there: to be
    bool registered;
    bool table_there;
    bool table_ours;       // an addition of grove's made it
    const char *alike;     // a relation that differs from the table in case only; NULL: none
    const char *owner;     // the subject that has this table under another name; NULL: none
    const char *taken;     // a relation or a type called as a part of the table; NULL: none
    bool check_sound;      // valid_hierarchy_table: the registered tables, no others, and validated
    const char *check;     // what it does else
    bool next_there;       // valid_hierarchy_table_next
    bool next_valid;       // it is validated
    bool next_with;        // it allows the registered tables and this one
    bool next_without;     // it allows the registered tables but this one
    bool next_same;        // it allows the registered tables: it changes nothing
    bool next_change;      // it is a change of one subject
    const char *differs;   // the tables by which it differs from those registered; NULL: none
    int64_t contents;      // by the counts that are kept
    const char *including; // the tables of the CHECK with this one, as literals
    const char *excluding; // without it
    bool may_use_table;    // its table is ours to change, if it is there
    bool may_alter;        // we may change content_metadata
    bool may_create;       // we may make a table, and register it
    bool reserved;         // the name is a key word of SQL's
    const char *dependent; // what does not let the table go; NULL: nothing
    const char *attached;  // a table whose rows are contents of the subject; NULL: none
};

// What this call has done so far.
struct state_progress {
    bool looked;  // it was decided before: what is there now may be its own doing
    bool entered; // the decisive phase of an addition was this call's
    bool settled;
    bool emptied;
    bool renamed;
    bool with_contents; // contents may go, too
    bool may_exist;     // that it is there already is fine
};

enum grove_code state_read(struct pg_conn *conn, struct arena *arena, const char *name,
                           struct state *ret, struct grove_error *error);

// The next phase of an addition, of a removal; PHASE_NONE: it is done. An error: it cannot be, and
// nothing was changed.
enum grove_code state_next_of_add(const struct state *state, const struct state_progress *progress,
                                  enum phase *ret, struct grove_error *error);
enum grove_code state_next_of_remove(const struct state *state,
                                     const struct state_progress *progress, enum phase *ret,
                                     struct grove_error *error);
// `other` is the state of the new name.
enum grove_code state_next_of_rename(const struct state *state, const struct state *other,
                                     const struct state_progress *progress, enum phase *ret,
                                     struct grove_error *error);

// What the templates are given; `table` must be a plain name.
struct phase_names state_names(const struct state *state, enum phase phase);

#endif
