// SPDX-License-Identifier: Apache-2.0
//
// The projector brings the vector engine to the state of PostgreSQL, row by row, as the outbox
// (sql/README.md) says. Any number of them may run at once, in any processes, and any may die at
// any point.
//
//     struct projector_report report = {0};
//     do
//         code = projector_step(store, &call, &report, &idle, error);   // one batch
//     while (code == GROVE_OK && !idle);
//
// Threads: each call is one projector of its own; call from as many threads as wished.
#ifndef GROVE_SYNC_PROJECTOR_H
#define GROVE_SYNC_PROJECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "catalog/store.h"
#include "sync/lineage.h"

// Sums over steps; zero-initialise once, but for the kind.
struct projector_report {
    enum projector_kind kind; // under which status tells what was done
    int64_t upserted;
    int64_t removed;
    int64_t embedded;
    int64_t cut;    // of those, longer than the model reads
    int64_t failed; // put back for a later attempt
    int64_t dead;   // given up on in these steps
    int64_t unseen; // put back since the engine said yes to them and does not show them
    double seconds_database;
    double seconds_embedding;
    double seconds_vectors;
    char last_error[512];                 // of a row that failed, or ""
    struct lineage_comparison comparison; // the last one that a step was to make first
};

// Makes the vector collection where it is missing, and then has every row projected anew.
enum grove_code projector_prepare(struct store *store, struct call *call,
                                  struct grove_error *error);

// Whether the engine holds fewer points than contents wait for nothing; was so, whatever has been
// acknowledged meanwhile.
enum grove_code projector_lacks_points(struct store *store, struct call *call, bool *ret,
                                       struct grove_error *error);

// Has every row projected anew when the engine holds fewer points than it was given: a restored
// backup of the engine, say. (Which points, and points with old contents, this does not see.)
enum grove_code projector_refill(struct store *store, struct call *call, struct grove_error *error);

// How long after the migration that brought the numbers of branches and limbs a projector of before
// it may still write points without them.
int32_t projector_number_delay_ms(void);

// Leases, embeds, writes and acknowledges one batch of what is due. *ret_idle: nothing was due.
// A row that fails is put back with its reason and a later time, and the step goes on; the call
// fails only when PostgreSQL, the vector engine or the model cannot be used at all, or with
// GROVE_CANCELLED.
enum grove_code projector_step(struct store *store, struct call *call,
                               struct projector_report *report, bool *ret_idle,
                               struct grove_error *error);

// Goes on with a change of the model (sql/model_change.md): embeds the next few contents that lack
// a vector of the next one, or makes it the database's where none does. It leases nothing, and
// nobody waits for it. *ret_idle: no change is under way.
enum grove_code projector_prepare_model(struct store *store, struct call *call,
                                        struct projector_report *report, bool *ret_idle,
                                        struct grove_error *error);

// Of a step that found something due: whether that is to be done next all the same. It is now and
// then.
bool projector_turns(struct store *store);

// A step; and, where nothing was due, or now and then, the same. What is written comes first.
enum grove_code projector_advance(struct store *store, struct call *call,
                                  struct projector_report *report, bool *ret_idle,
                                  struct grove_error *error);

// The same as a step for just these contents, at once, whatever their time; rows leased by another
// projector are left to it. At most VECTOR_BATCH_MAX ids.
enum grove_code projector_apply(struct store *store, struct call *call, const int32_t *content_ids,
                                size_t count, struct projector_report *report,
                                struct grove_error *error);

struct projector_patience {
    unsigned wait_ms, unseen_ms;
    bool prepares_model; // a change of the model is waited for as well, and worked at
};
// Of whoever waits for all: a lease of the dead ends after two minutes.
extern const struct projector_patience projector_patient;

// Steps until nothing is due or pending any more. GROVE_UNAVAILABLE, telling how many rows wait and
// why: after waiting for `wait_ms` in all for rows that others have leased, or that were put back
// for later; or when the engine has said yes to rows for `unseen_ms`, and has shown none of them.
enum grove_code projector_drain(struct store *store, struct call *call,
                                const struct projector_patience *patience,
                                struct projector_report *report, struct grove_error *error);

struct projector_backlog {
    int64_t pending;
    int64_t dead;
    double due_in_seconds; // until the first of the pending may be taken; 0 when none is
};
enum grove_code projector_backlog(struct store *store, struct call *call,
                                  struct projector_backlog *ret, struct grove_error *error);

// Makes the dead letters due again.
enum grove_code projector_revive(struct store *store, struct call *call, struct grove_error *error);

// A thread that steps whenever there is something to do, until stopped. *ret is NULL before.
struct projector_thread;
enum grove_code projector_thread_start(struct store *store, struct projector_thread **ret,
                                       struct grove_error *error);
void projector_thread_stop(struct projector_thread *thread); // waits; NULL is fine

#endif
