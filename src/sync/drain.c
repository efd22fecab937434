// SPDX-License-Identifier: Apache-2.0
//
// Who steps until nothing is left, and the thread that steps whenever there is something to do.
#include "sync/projector.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/background.h"
#include "base/check.h"
#include "base/clock.h"
#include "sync/examine.h"

enum {
    POLL_MS = 200,        // between looks at an empty outbox
    ERROR_PAUSE_MS = 1000 // after a step that failed
};
static_assert(POLL_MS / 4 > 0, "waiting does not spin");
static_assert((int)POLL_MS < (int)ERROR_PAUSE_MS, "a server that failed is left alone for longer");

// What an engine was given it shows within moments.
const struct projector_patience projector_patient = {.wait_ms = 130000, .unseen_ms = 5000};

enum grove_code projector_backlog(struct store *store, struct call *call,
                                  struct projector_backlog *ret, struct grove_error *error)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct pg_rows rows;
    enum grove_code code = store_query(store, call, &arena, "backlog.sql", NULL, &rows, error);
    if (code == GROVE_OK) {
        CHECK(rows.count == 1);
        *ret = (struct projector_backlog){
            .pending = pg_int8(&rows, 0, 0),
            .dead = pg_int8(&rows, 0, 1),
            .due_in_seconds = pg_float8(&rows, 0, 2),
        };
        CHECK(ret->pending >= 0);
        CHECK(ret->dead >= 0);
    }
    arena_release(&arena);
    return code;
}

// Rows that the engine has taken and does not show, as long as nothing else comes of the steps.
struct vain {
    int64_t done, unseen; // of the report, when it was looked at last
    int64_t since_us;     // 0: the last steps were not in vain
};

static void look_at_step(struct vain *vain, const struct projector_report *report)
{
    int64_t done = report->upserted + report->removed;
    CHECK(done >= vain->done);
    CHECK(report->unseen >= vain->unseen);
    if (done > vain->done)
        vain->since_us = 0;
    else if (report->unseen > vain->unseen && vain->since_us == 0)
        vain->since_us = clock_monotonic_us();
    vain->done = done;
    vain->unseen = report->unseen;
}

static enum grove_code set_unseen(const struct projector_backlog *backlog,
                                  const struct projector_report *report, struct grove_error *error)
{
    CHECK(report->last_error[0]); // of what was put back
    error_set(
        error, GROVE_UNAVAILABLE,
        "%lld %s did not arrive: the vector engine says yes to what it is given, and does not "
        "show it",
        (long long)backlog->pending, backlog->pending == 1 ? "content" : "contents");
    error_detail(error, "%s", report->last_error);
    error_hint(error, "see the engine's log and disk; nothing is lost, and searches take from "
                      "PostgreSQL what it lacks: when it is well, run \"grove sync\" again");
    error->origin = GROVE_ORIGIN_QDRANT;
    return GROVE_UNAVAILABLE;
}

static enum grove_code set_left(const struct projector_backlog *backlog,
                                const struct projector_report *report, struct grove_error *error)
{
    error_set(error, GROVE_UNAVAILABLE, "%lld %s did not arrive, and still %s",
              (long long)backlog->pending, backlog->pending == 1 ? "content" : "contents",
              backlog->pending == 1 ? "waits" : "wait");
    if (report->last_error[0])
        error_detail(error, "%s", report->last_error);
    error_hint(error,
               "others have leased them, or the vector engine refuses them: grove.outbox has "
               "the reasons (grove psql); then run \"grove sync\" again");
    return GROVE_UNAVAILABLE;
}

// After a step that found nothing due, while rows wait. GROVE_OK: they are worth waiting for.
static enum grove_code judge_backlog(const struct projector_backlog *backlog,
                                     const struct vain *vain, int64_t waited_us,
                                     const struct projector_patience *patience,
                                     const struct projector_report *report,
                                     struct grove_error *error)
{
    int64_t vain_us = vain->since_us > 0 ? clock_monotonic_us() - vain->since_us : 0;
    CHECK(backlog->pending > 0);
    CHECK(waited_us >= 0);
    if (vain_us > 0 && vain_us >= (int64_t)patience->unseen_ms * 1000)
        return set_unseen(backlog, report, error);
    if (waited_us >= (int64_t)patience->wait_ms * 1000)
        return set_left(backlog, report, error);
    return GROVE_OK;
}

enum grove_code projector_drain(struct store *store, struct call *call,
                                const struct projector_patience *patience,
                                struct projector_report *report, struct grove_error *error)
{
    struct vain vain = {.done = report->upserted + report->removed, .unseen = report->unseen};
    int64_t waited_us = 0; // work does not count: it may take as long as it takes
    CHECK(patience);
    CHECK(report);
    for (;;) {
        bool idle = false;
        int64_t began_us = clock_monotonic_us();
        enum grove_code code = patience->prepares_model
                                   ? projector_advance(store, call, report, &idle, error)
                                   : projector_step(store, call, report, &idle, error);
        if (code != GROVE_OK)
            return code;
        look_at_step(&vain, report);
        if (!idle)
            continue;
        struct projector_backlog backlog;
        code = projector_backlog(store, call, &backlog, error);
        if (code != GROVE_OK || backlog.pending == 0)
            return code;
        code = judge_backlog(&backlog, &vain, waited_us, patience, report, error);
        if (code != GROVE_OK)
            return code;
        (void)call_pause(call, POLL_MS / 4); // the next step tells
        waited_us += clock_monotonic_us() - began_us;
    }
}

// --- the background thread ----------------------------------------------------------------------

struct projector_thread {
    struct store *store;
    struct background *background;
    struct examiner *examiner;
};

static int64_t step(void *state, struct call *call)
{
    struct projector_thread *self = state;
    struct projector_report report = {.kind = PROJECTOR_THREAD};
    struct grove_error error;
    bool idle = false;
    enum grove_code code = projector_advance(self->store, call, &report, &idle, &error);
    CHECK(self->store);
    return code != GROVE_OK ? ERROR_PAUSE_MS : idle ? POLL_MS : 0;
}

enum grove_code projector_thread_start(struct store *store, struct projector_thread **ret,
                                       struct grove_error *error)
{
    CHECK(!*ret); // a thread there would never be stopped
    struct projector_thread *self = mem_zalloc(sizeof *self);
    if (!self)
        return error_no_memory(error, "the projector's thread");
    self->store = store;
    enum grove_code code =
        background_start("the projector", 0, step, self, &self->background, error);
    if (code != GROVE_OK) {
        mem_free(self);
        return code;
    }
    *ret = self;
    struct grove_error unused; // without it searches compare all rows
    (void)!examiner_start(store, &self->examiner, &unused);
    return GROVE_OK;
}

void projector_thread_stop(struct projector_thread *self)
{
    if (!self)
        return;
    examiner_stop(self->examiner);
    background_stop(self->background);
    mem_free(self);
}
