// SPDX-License-Identifier: Apache-2.0
//
// Writing a batch's points to the engine, and telling a refusal of a row from one of everything.
//
// An engine refuses a request as a whole, and does not say for which point. So a batch that is
// refused is halved, and its halves again:
//
//     some points are taken, some are refused alone    those are at fault; each has cost a request
//                                                      or two for each time that the batch can be
//                                                      halved
//     REFUSALS_MAX are refused alone, none is taken    it is not these rows: a strict mode, a full
//                                                      disk, a server that only reads. No more is
//                                                      asked; all go back, and the step fails
//     a row or two are refused alone, all there are    nobody can tell: it counts as theirs. So a
//                                                      row that is always alone ends as a dead
//                                                      letter, with the reason
#include "sync/projector_private.h"

#include <stdio.h>

#include "base/check.h"

enum { REFUSALS_MAX = 3 };

// The client itself refuses a point that no engine takes, and no request is sent.
static bool is_refused_point(const struct grove_error *error)
{
    return error->code == GROVE_INVALID && error->origin == GROVE_ORIGIN_GROVE;
}

// Rows that the engine refused while they were alone in a request.
struct refusals {
    bool takes_others; // that it refuses these is their fault
    size_t count;
    size_t in_a_row; // since it last took some
    struct refusal {
        size_t point; // index into batch->points
        const char *reason;
    } *items;
};

static enum grove_code note_refusal(struct projector_batch *batch, struct refusals *refusals,
                                    size_t point, const struct grove_error *refusal,
                                    struct grove_error *error)
{
    const char *reason = arena_copy(&batch->arena, text_of(refusal->message));
    if (!reason)
        return error_no_memory(error, "a batch of the outbox");
    CHECK(refusals->count < batch->point_count);
    refusals->items[refusals->count++] = (struct refusal){point, reason};
    refusals->in_a_row++;
    refusals->takes_others |= is_refused_point(refusal);
    if (refusals->takes_others || refusals->in_a_row < REFUSALS_MAX)
        return GROVE_OK;
    *error = *refusal; // it is not these rows that it refuses
    return refusal->code;
}

// Writes points[first, first + count), and notes those that the engine refuses.
static enum grove_code write_points(struct projector_batch *batch, size_t first, size_t count,
                                    struct refusals *refusals, struct grove_error *error)
{
    CHECK(count > 0);
    CHECK(first + count <= batch->point_count);
    for (size_t p = first; p < first + count; p++)
        CHECK(batch->points[p].vector);
    struct grove_error refusal;
    enum grove_code code =
        vector_upsert(batch->store->engine, batch->call, batch->points + first, count, &refusal);
    if (code == GROVE_OK) {
        refusals->takes_others = true;
        refusals->in_a_row = 0;
        return GROVE_OK;
    }
    if (!vector_refused(&refusal) && !is_refused_point(&refusal)) {
        *error = refusal;
        return code;
    }
    if (count == 1)
        return note_refusal(batch, refusals, first, &refusal, error);
    code = write_points(batch, first, count / 2, refusals, error);
    return code == GROVE_OK
               ? write_points(batch, first + count / 2, count - count / 2, refusals, error)
               : code;
}

// The refused rows wait for another attempt, which counts; nothing of them is acknowledged.
static enum grove_code put_back_refused(struct projector_batch *batch,
                                        const struct refusals *refusals, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; code == GROVE_OK && i < refusals->count; i++) {
        int32_t content_id = batch->points[refusals->items[i].point].content_id;
        const char *reason = refusals->items[i].reason;
        snprintf(batch->report->last_error, sizeof batch->report->last_error, "content %d: %s",
                 content_id, reason);
        projector_forbid(batch, content_id);
        code = projector_put_back(batch, &content_id, 1, true, reason, error);
    }
    return code;
}

enum grove_code projector_upsert(struct projector_batch *batch, struct grove_error *error)
{
    struct refusals refusals = {.count = 0};
    CHECK(batch->point_count > 0);
    refusals.items = arena_alloc_array(&batch->arena, batch->point_count, sizeof *refusals.items);
    if (!refusals.items)
        return error_no_memory(error, "a batch of the outbox");
    enum grove_code code = write_points(batch, 0, batch->point_count, &refusals, error);
    return code == GROVE_OK ? put_back_refused(batch, &refusals, error) : code;
}
