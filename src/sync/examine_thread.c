// SPDX-License-Identifier: Apache-2.0
//
// A thread that examines whenever that is due. Not before the outbox is empty: rows that are being
// written would have the engine build its graph anew.
#include <assert.h>

#include "base/alloc.h"
#include "base/background.h"
#include "base/check.h"
#include "base/inject.h"
#include "sync/examine.h"
#include "sync/projector.h"

enum {
    POLL_MS = 5000,     // while something is to be examined, or nobody knows
    SETTLED_MS = 60000, // where all is known: another process may have written since
};
static_assert((int)POLL_MS < (int)SETTLED_MS, "an idle home is asked little");

struct examiner {
    struct store *store;
    struct background *background;
};

int64_t examine_pause_ms(bool settled)
{
    int64_t pause_ms = settled ? SETTLED_MS : KNOB(EXAMINE_POLL_MS, POLL_MS);
    CHECK(pause_ms > 0); // nobody spins
    return pause_ms;
}

bool examine_is_settled(const struct examine_report *report)
{
    return report->outcome != EXAMINE_BUSY && report->outcome != EXAMINE_ELSEWHERE;
}

// Whether there is nothing more to do. What fails is tried again at the next look: searches are
// exact meanwhile.
static bool examine_if_idle(struct examiner *self, struct call *call)
{
    struct projector_backlog backlog;
    struct examine_report report;
    struct grove_error unused;
    CHECK(self->store);
    return INJECT(EXAMINER_AWAKE, &unused) == GROVE_OK &&
           store_refresh_model(self->store, call, &unused) == GROVE_OK &&
           projector_backlog(self->store, call, &backlog, &unused) == GROVE_OK &&
           backlog.pending == 0 && examine(self->store, call, NULL, &report, &unused) == GROVE_OK &&
           examine_is_settled(&report);
}

static int64_t step(void *state, struct call *call)
{
    return examine_pause_ms(examine_if_idle(state, call));
}

enum grove_code examiner_start(struct store *store, struct examiner **ret,
                               struct grove_error *error)
{
    CHECK(!*ret); // a thread there would never be stopped
    struct examiner *self = mem_zalloc(sizeof *self);
    if (!self)
        return error_no_memory(error, "the examiner's thread");
    self->store = store;
    enum grove_code code = background_start("the examiner", examine_pause_ms(false), step, self,
                                            &self->background, error);
    if (code == GROVE_OK)
        *ret = self;
    else
        mem_free(self);
    return code;
}

void examiner_stop(struct examiner *self)
{
    if (!self)
        return;
    background_stop(self->background);
    mem_free(self);
}
