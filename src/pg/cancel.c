// SPDX-License-Identifier: Apache-2.0
#include "pg/cancel.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/background.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"

// Belongs to the thread and to whoever started it: the last of the two frees it.
struct pg_cancel {
    PGcancel *request;
    pthread_mutex_t mutex; // guards what follows
    pthread_cond_t changed;
    bool done;
    unsigned owners;
};

static void give_up_share(struct pg_cancel *cancel)
{
    pthread_mutex_lock(&cancel->mutex);
    CHECK(cancel->owners > 0);
    bool last = --cancel->owners == 0;
    pthread_mutex_unlock(&cancel->mutex);
    if (!last)
        return;
    pthread_cond_destroy(&cancel->changed);
    pthread_mutex_destroy(&cancel->mutex);
    PQfreeCancel(cancel->request);
    mem_free(cancel);
}

static void *cancel_main(void *state)
{
    struct pg_cancel *cancel = state;
    char ignored[256];
    // Where it fails, the statement goes on, and whoever waits for it gives its connection up.
    descriptor_hold_standard();
    (void)PQcancel(cancel->request, ignored, sizeof ignored);
    descriptor_let_standard_go();
    pthread_mutex_lock(&cancel->mutex);
    CHECK(!cancel->done);
    cancel->done = true;
    pthread_cond_signal(&cancel->changed);
    pthread_mutex_unlock(&cancel->mutex);
    give_up_share(cancel);
    return NULL;
}

static bool start_thread(struct pg_cancel *cancel)
{
    pthread_t thread;
    return background_create_thread(&thread, true, cancel_main, cancel) == 0;
}

struct pg_cancel *pg_cancel_start(PGconn *link)
{
    CHECK(link);
    struct pg_cancel *cancel = mem_zalloc(sizeof *cancel);
    if (!cancel)
        return NULL;
    clock_condition_init(&cancel->changed);
    pthread_mutex_init(&cancel->mutex, NULL);
    cancel->request = PQgetCancel(link);
    cancel->owners = 2;
    if (cancel->request && start_thread(cancel))
        return cancel;
    cancel->owners = 1;
    give_up_share(cancel);
    return NULL;
}

bool pg_cancel_wait(struct pg_cancel *cancel, unsigned milliseconds)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)milliseconds * 1000;
    CHECK(cancel);
    pthread_mutex_lock(&cancel->mutex);
    while (!cancel->done && clock_wait(&cancel->changed, &cancel->mutex, until_us))
        ;
    bool done = cancel->done;
    pthread_mutex_unlock(&cancel->mutex);
    return done;
}

void pg_cancel_free(struct pg_cancel *cancel)
{
    if (cancel)
        give_up_share(cancel);
}
