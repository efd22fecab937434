// SPDX-License-Identifier: Apache-2.0
//
// The vectors of the model that the database is to have next are computed beside those that it has:
//
//     read how far it is ──► look at the next contents ──► move on ──► embed what they lack
//                                      │
//                                      └─ every content has a vector: the model is set
//
// Whoever moves on has those contents; another projector looks at the ones beyond. Died after that,
// they are found by the next pass, which begins again at the first content. The model is set after
// a pass that found nothing: each content was seen to have a vector, or waits in the outbox.
#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/model_change.h"
#include "sync/projector_private.h"

// What is written comes first, but a writer who goes on and on does not keep it from its end.
enum { TURN_STEPS = 4 };

// A batch that nobody has leased: what is being changed meanwhile is left to the next pass.
static enum grove_code embed_lacking(struct projector_batch *batch, const struct model_look *look,
                                     struct grove_error *error)
{
    CHECK(batch->count == 0);
    CHECK(look->count > 0 && look->count <= MODEL_LACKING_MAX);
    batch->content_ids = arena_alloc_array(&batch->arena, look->count, sizeof(int32_t));
    batch->revisions = arena_alloc_array(&batch->arena, look->count, sizeof(int64_t));
    if (!batch->content_ids || !batch->revisions)
        return error_no_memory(error, "contents to embed");
    batch->leased_at_us = clock_monotonic_us();
    batch->count = look->count;
    for (size_t i = 0; i < look->count; i++) {
        batch->content_ids[i] = look->lacking[i];
        batch->revisions[i] = 0;
    }
    enum grove_code code = projector_read_current(batch, error);
    return code == GROVE_OK ? projector_embed_missing(batch, error) : code;
}

static enum grove_code prepare(struct projector_batch *batch, bool *ret_idle,
                               struct grove_error *error)
{
    struct store *store = batch->store;
    struct model_progress at, after;
    struct model_look look;
    bool due = false, moved = false;
    CHECK(*ret_idle);
    CHECK(batch->count == 0);
    enum grove_code code =
        model_change_read(store, batch->call, &batch->arena, batch->precision, &at, &due, error);
    if (code != GROVE_OK || !due)
        return code;
    *ret_idle = false;
    code =
        model_change_look(store, batch->call, &batch->arena, batch->precision, at.at, &look, error);
    if (code != GROVE_OK)
        return code;
    bool whole = model_progress_after(&at, &look, &after);
    if (look.count > 0 || !whole)
        code = model_change_move(store, batch->call, &batch->arena, batch->precision, &at, &after,
                                 &moved, error);
    if (code == GROVE_OK && moved)
        code = INJECT(NEXT_MODEL_MOVED, error);
    if (code == GROVE_OK && moved && look.count > 0)
        code = embed_lacking(batch, &look, error);
    if (code == GROVE_OK && whole && (moved || look.count == 0))
        code = model_change_finish(store, batch->call, batch->precision, error);
    return code;
}

enum grove_code projector_prepare_model_unnoted(struct store *store, struct call *call,
                                                struct projector_report *report, bool *ret_idle,
                                                struct grove_error *error)
{
    struct projector_batch batch;
    enum embed_precision next;
    bool settled = false;
    *ret_idle = true;
    enum grove_code code = projector_settle(store, call, report, &settled, error);
    if (code != GROVE_OK || !settled || !store_next_precision(store, &next))
        return code;
    projector_batch_init(&batch, store, call, report);
    batch.precision = next;
    code = prepare(&batch, ret_idle, error);
    arena_release(&batch.arena);
    if (code != GROVE_OK)
        error_context(error, "preparing the vectors of the model \"%s\"", embed_model_id(next));
    return code;
}

bool projector_turns(struct store *store)
{
    enum embed_precision ignored;
    return store_next_precision(store, &ignored) &&
           atomic_fetch_add(&store->steps, 1) % TURN_STEPS == TURN_STEPS - 1;
}

enum grove_code projector_advance(struct store *store, struct call *call,
                                  struct projector_report *report, bool *ret_idle,
                                  struct grove_error *error)
{
    bool none = true;
    CHECK(ret_idle);
    enum grove_code code = projector_step(store, call, report, ret_idle, error);
    if (code == GROVE_OK && (*ret_idle || projector_turns(store)))
        code = projector_prepare_model(store, call, report, &none, error);
    if (code == GROVE_OK)
        *ret_idle = *ret_idle && none;
    return code;
}
