// SPDX-License-Identifier: Apache-2.0
//
// What one step of a projector works on, and the check of it.
#ifndef GROVE_SYNC_PROJECTOR_PRIVATE_H
#define GROVE_SYNC_PROJECTOR_PRIVATE_H

#include "sync/projector.h"

enum { PROJECTOR_BATCH_ROWS = 128, PROJECTOR_OWNER_SIZE = 48 };

// All arrays have `count` entries unless said otherwise.
struct unusable {
    int32_t content_id;
    const char *reason; // why, in words
};

struct projector_batch {
    struct store *store;
    struct projector_report *report;
    struct call *call; // NULL: what was begun is finished
    struct arena arena;
    char owner[PROJECTOR_OWNER_SIZE];
    enum embed_precision precision;    // of the vectors that are written
    int64_t leased_at_us;              // monotonic
    char history[VECTOR_HISTORY_SIZE]; // whose projection the collection was seen to be before it
                                       // was written to
    int64_t generation; // of the database, as leased: what revisions of points have more than those
                        // of contents
    size_t count;
    int32_t *content_ids;
    int64_t *revisions; // as leased; then, for a row that lives, the content's, as read; -1: not
                        // acknowledged

    // Of what was read: all four arrays are there, or none.
    size_t point_count;          // rows that live
    struct vector_point *points; // at their revisions, which are those of points
    struct text *texts;          // by point: what to embed; {NULL, 0} where the vector is there

    // Rows whose vector nothing can be compared with, and which is not ours to replace.
    size_t unusable_count;
    struct unusable *unusable;

    struct vector_state *states; // by row: what the engine was seen to hold; NULL: not looked yet

    // What was written after another had finished its row, and is not what PostgreSQL has.
    size_t late_count;
    int32_t *late_ids;

    bool superseded; // the database has changed to vectors of another model since the lease

    size_t removed_count; // rows that do not
    int32_t *removed_ids;
    int64_t *removed_revisions; // those of points
};

// --- projector.c ---------------------------------------------------------------------------------

// Runs one statement on a connection of its own, so that none is held while others work.
enum grove_code projector_run(struct projector_batch *batch, const char *file,
                              const struct pg_params *params, struct pg_rows *ret_rows,
                              struct grove_error *error);
// Puts back those of these rows that are still leased by this batch.
enum grove_code projector_put_back(struct projector_batch *batch, const int32_t *content_ids,
                                   size_t count, bool counts, const char *reason,
                                   struct grove_error *error);
void projector_batch_init(struct projector_batch *batch, struct store *store, struct call *call,
                          struct projector_report *report);
// Splits the rows into those that live, with the vectors of the batch's model where there are any,
// and those that are to be removed.
enum grove_code projector_read_current(struct projector_batch *batch, struct grove_error *error);
// Takes a row that lives out of what the step goes on with.
void projector_forget_row(struct projector_batch *batch, int32_t content_id);
// A row that lives is not acknowledged: its revision is -1.
void projector_forbid(struct projector_batch *batch, int32_t content_id);
// Less than half of the lease is used up.
bool projector_has_time(const struct projector_batch *batch);

// projector_step and its like, but for the note of what they did.
enum grove_code projector_step_unnoted(struct store *store, struct call *call,
                                       struct projector_report *report, bool *ret_idle,
                                       struct grove_error *error);
enum grove_code projector_prepare_model_unnoted(struct store *store, struct call *call,
                                                struct projector_report *report, bool *ret_idle,
                                                struct grove_error *error);
enum grove_code projector_apply_unnoted(struct store *store, struct call *call,
                                        const int32_t *content_ids, size_t count,
                                        struct projector_report *report, struct grove_error *error);

// --- embed_missing.c -----------------------------------------------------------------------------

// Embeds and keeps what has no vector, of rows that were read. Those that are being changed are put
// back.
enum grove_code projector_embed_missing(struct projector_batch *batch, struct grove_error *error);

// --- settle.c ------------------------------------------------------------------------------------

// Nothing is written to another's collection. One that is not there is made when it is written to.
enum grove_code projector_check_collection(struct projector_batch *batch,
                                           struct grove_error *error);
// Where there is doubt, both stores are compared before anything is leased. *ret_settled: if not,
// another process compares.
enum grove_code projector_settle(struct store *store, struct call *call,
                                 struct projector_report *report, bool *ret_settled,
                                 struct grove_error *error);

// --- number.c ------------------------------------------------------------------------------------

// Of a batch that leased nothing: puts the next contents into the outbox whose points lack numbers.
// *ret_idle stays as it is where there is nothing to do.
enum grove_code projector_number(struct projector_batch *batch, bool *ret_idle,
                                 struct grove_error *error);

// --- long_texts.c --------------------------------------------------------------------------------

// Of a batch that leased nothing: looks which of the next texts of before are longer than the model
// reads. *ret_idle stays as it is where all were looked at.
enum grove_code projector_find_long(struct projector_batch *batch, bool *ret_idle,
                                    struct grove_error *error);

// --- fill.c --------------------------------------------------------------------------------------

// Of a batch that leased nothing: fills in the next chunk of what a migration left. *ret_idle stays
// as it is where there is nothing to do, or somebody else is at it.
enum grove_code projector_fill(struct projector_batch *batch, bool *ret_idle,
                               struct grove_error *error);

// Takes in what waits elsewhere to become contents. *ret_failure begins as GROVE_OK, and stays so
// where all went well.
void projector_take_in(struct store *store, struct call *call, bool *ret_took,
                       struct grove_error *ret_failure);

// How a step ends that has answered `code`: what failed of taking in is told when nothing else is
// left to do, and a step that took something in is not the last.
enum grove_code projector_end_step(enum grove_code code, bool took,
                                   const struct grove_error *failure, bool *ret_idle,
                                   struct grove_error *error);

// --- upsert.c ------------------------------------------------------------------------------------

// Writes the points of a batch that has some. Rows that the engine refuses, and that are at fault,
// are put back; with vector_refused it refuses whatever it is given.
enum grove_code projector_upsert(struct projector_batch *batch, struct grove_error *error);

// --- acknowledge.c -------------------------------------------------------------------------------

// Fills in what the engine holds of the batch, and mends points of nobody.
enum grove_code projector_look(struct projector_batch *batch, struct grove_error *error);
// Ends the rows that were seen to be done, hands back and puts back the others, notes what is late.
enum grove_code projector_acknowledge(struct projector_batch *batch, struct grove_error *error);
// Puts what is late into the outbox again.
enum grove_code projector_enqueue_late(struct projector_batch *batch, struct grove_error *error);
// What is due once in a while.
enum grove_code projector_upkeep(struct projector_batch *batch, struct grove_error *error);

// NULL where the batch is whole, from its lease until it is acknowledged; else the first rule that
// is broken, in words. Part of the library that the tests link, no other.
const char *projector_batch_check(const struct projector_batch *batch);

#endif
