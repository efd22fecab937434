// SPDX-License-Identifier: Apache-2.0
#include "base/background.h"

#include <signal.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"

enum { STACK_BYTES_MIN = 1 << 20 };

struct background {
    background_step *step;
    void *state;
    int64_t after_ms;
    pthread_t thread;
    pthread_mutex_t mutex; // held to raise `stopping`, and to wait for it
    pthread_cond_t wake;
    atomic_bool stopping;
};

static void wait_ms(struct background *self, int64_t milliseconds)
{
    int64_t until_us = clock_monotonic_us() + milliseconds * 1000;
    CHECK(milliseconds >= 0);
    pthread_mutex_lock(&self->mutex);
    while (!atomic_load(&self->stopping))
        if (!clock_wait(&self->wake, &self->mutex, until_us))
            break;
    pthread_mutex_unlock(&self->mutex);
}

static void *background_main(void *argument)
{
    struct background *self = argument;
    int64_t pause_ms = self->after_ms;
    for (;;) {
        struct call call;
        if (pause_ms > 0)
            wait_ms(self, pause_ms);
        if (atomic_load(&self->stopping))
            return NULL;
        call_init(&call);
        call.patient = true;
        call_obey(&call, &self->stopping);
        pause_ms = self->step(self->state, &call);
    }
}

int background_create_thread(pthread_t *ret, bool detached, void *(*start)(void *argument),
                             void *argument)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    size_t stack_bytes = 0;
    int failed = pthread_attr_init(&attributes);
    if (failed)
        return failed;
    if (detached)
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    // The default is the limit of whoever started the host (ulimit -s), or the host's own choice.
    if (pthread_attr_getstacksize(&attributes, &stack_bytes) != 0 || stack_bytes < STACK_BYTES_MIN)
        pthread_attr_setstacksize(&attributes, STACK_BYTES_MIN);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(ret, &attributes, start, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failed;
}

static void release(struct background *self)
{
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->mutex);
    mem_free(self);
}

enum grove_code background_start(const char *name, int64_t after_ms, background_step *step,
                                 void *state, struct background **ret, struct grove_error *error)
{
    CHECK(!*ret); // a thread there would never be stopped
    struct background *self = mem_zalloc(sizeof *self);
    if (!self)
        return error_no_memory(error, "a thread");
    self->step = step;
    self->state = state;
    self->after_ms = after_ms;
    pthread_mutex_init(&self->mutex, NULL);
    clock_condition_init(&self->wake);
    if (background_create_thread(&self->thread, false, background_main, self) != 0) {
        release(self);
        return error_set(error, GROVE_LIMIT, "could not start %s's thread", name);
    }
    *ret = self;
    return GROVE_OK;
}

void background_stop(struct background *self)
{
    if (!self)
        return;
    pthread_mutex_lock(&self->mutex);
    CHECK(!atomic_load(&self->stopping)); // once
    atomic_store(&self->stopping, true);
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
    pthread_join(self->thread, NULL);
    release(self);
}
