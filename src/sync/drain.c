// SPDX-License-Identifier: Apache-2.0
//
// Who steps until nothing is left, and the thread that steps whenever there is something to do.
#include "sync/projector.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/background.h"
#include "base/check.h"
#include "base/clock.h"
#include "catalog/assets.h"
#include "sync/examine.h"

enum {
    POLL_MS = 200,        // between looks at an empty outbox
    ERROR_PAUSE_MS = 1000 // after a step that failed
};
static_assert(POLL_MS / 4 > 0, "waiting does not spin");
static_assert((int)POLL_MS < (int)ERROR_PAUSE_MS, "a server that failed is left alone for longer");

enum grove_code projector_backlog(struct store *store, struct call *call,
                                  struct projector_backlog *ret, struct grove_error *error)
{
    struct pg_statement statement = {"backlog.sql", query_sql("backlog.sql")};
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct pg_rows rows;
    enum grove_code code = pg_query_once(store->pool, call, &arena, &statement, NULL, &rows, error);
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

enum grove_code projector_drain(struct store *store, struct call *call, unsigned wait_ms,
                                struct projector_report *report, struct grove_error *error)
{
    CHECK(report);
    int64_t deadline_us = clock_monotonic_us() + (int64_t)wait_ms * 1000;
    for (;;) {
        bool idle = false;
        enum grove_code code = projector_step(store, call, report, &idle, error);
        if (code != GROVE_OK)
            return code;
        if (!idle)
            continue;
        struct projector_backlog backlog;
        code = projector_backlog(store, call, &backlog, error);
        if (code != GROVE_OK || backlog.pending == 0)
            return code;
        if (clock_monotonic_us() >= deadline_us)
            return GROVE_OK;
        (void)call_pause(call, POLL_MS / 4); // the next step tells
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
    struct projector_report report = {0};
    struct grove_error error;
    bool idle = false;
    enum grove_code code = projector_step(self->store, call, &report, &idle, &error);
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
