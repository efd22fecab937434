// SPDX-License-Identifier: Apache-2.0
//
// A thread that examines whenever that is due. Not before the outbox is empty: rows that are being
// written would have the engine build its graph anew.
#include <assert.h>
#include <signal.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
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
    pthread_t thread;
    pthread_mutex_t mutex; // guards `stopping`
    pthread_cond_t wake;
    bool stopping;
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

static bool is_stopping(struct examiner *self)
{
    CHECK(self->store);
    pthread_mutex_lock(&self->mutex);
    bool stopping = self->stopping;
    pthread_mutex_unlock(&self->mutex);
    return stopping;
}

// Returns true when it is time to stop.
static bool pause_or_stop(struct examiner *self, int64_t milliseconds)
{
    CHECK(milliseconds > 0);
    int64_t until_us = clock_now_us() + milliseconds * 1000;
    struct timespec until = {until_us / 1000000, (long)(until_us % 1000000) * 1000};
    pthread_mutex_lock(&self->mutex);
    while (!self->stopping)
        if (pthread_cond_timedwait(&self->wake, &self->mutex, &until) != 0)
            break;
    bool stopping = self->stopping;
    pthread_mutex_unlock(&self->mutex);
    return stopping;
}

static bool go_on(void *state, int64_t rows, int64_t rows_of)
{
    CHECK(rows >= 0 && rows_of >= 0);
    (void)rows;
    (void)rows_of;
    return !is_stopping(state);
}

// Whether there is nothing more to do. What fails is tried again at the next look: searches are
// exact meanwhile.
static bool examine_if_idle(struct examiner *self)
{
    const struct examine_request request = {.go_on = go_on, .state = self};
    struct projector_backlog backlog;
    struct examine_report report;
    struct grove_error unused;
    CHECK(self->store);
    return INJECT(EXAMINER_AWAKE, &unused) == GROVE_OK &&
           projector_backlog(self->store, &backlog, &unused) == GROVE_OK && backlog.pending == 0 &&
           examine(self->store, &request, &report, &unused) == GROVE_OK &&
           examine_is_settled(&report);
}

static void *examiner_main(void *argument)
{
    struct examiner *self = argument;
    bool settled = false;
    while (!pause_or_stop(self, examine_pause_ms(settled)))
        settled = examine_if_idle(self);
    return NULL;
}

enum grove_code examiner_start(struct store *store, struct examiner **ret,
                               struct grove_error *error)
{
    CHECK(!*ret); // a thread there would never be stopped
    struct examiner *self = mem_zalloc(sizeof *self);
    if (!self)
        return error_no_memory(error, "the examiner's thread");
    self->store = store;
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->wake, NULL);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // signals are for the threads that wait for them
    int failed = pthread_create(&self->thread, NULL, examiner_main, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        pthread_cond_destroy(&self->wake);
        pthread_mutex_destroy(&self->mutex);
        mem_free(self);
        return error_set(error, GROVE_LIMIT, "could not start the examiner's thread");
    }
    *ret = self;
    return GROVE_OK;
}

void examiner_stop(struct examiner *self)
{
    if (!self)
        return;
    pthread_mutex_lock(&self->mutex);
    CHECK(!self->stopping); // once
    self->stopping = true;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
    pthread_join(self->thread, NULL);
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->mutex);
    mem_free(self);
}
