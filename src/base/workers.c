// SPDX-License-Identifier: Apache-2.0
//
// One job at a time lies in the set; threads wait for its number to change. Steps are handed out
// by an atomic counter, so uneven steps balance themselves. When none is left the job is closed: a
// thread that wakes up only then is not waited for.
#include "base/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/background.h"
#include "base/check.h"
#include "base/long_lock.h"

enum { WORKERS_MAX = 256 };

struct job {
    void (*step)(void *state, size_t index, unsigned worker);
    void *state;
    size_t steps;
    size_t next; // atomic: the next step nobody has taken
};

struct worker {
    struct workers *set;
    unsigned number;
    pthread_t thread;
};

struct workers {
    unsigned count;
    unsigned threads;          // started: count - 1, fewer while being built
    struct long_lock turn;     // held by the caller of workers_run; taken before `mutex`
    pthread_mutex_t mutex;     // guards what follows
    pthread_cond_t job_posted; // job_number changed, or stopping
    pthread_cond_t job_left;   // busy reached 0
    uint64_t job_number;
    bool open;     // the current job takes threads
    unsigned busy; // threads in it
    bool stopping;
    struct job job;
    struct worker workers[]; // number 0 is the caller
};

unsigned workers_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? (unsigned)count : 1;
}

static void work(struct job *job, unsigned worker)
{
    for (;;) {
        size_t index = __atomic_fetch_add(&job->next, 1, __ATOMIC_RELAXED);
        if (index >= job->steps)
            return;
        job->step(job->state, index, worker);
    }
}

static void *worker_main(void *argument)
{
    struct worker *self = argument;
    struct workers *set = self->set;
    uint64_t seen = 0;
    pthread_mutex_lock(&set->mutex);
    for (;;) {
        while (set->job_number == seen && !set->stopping)
            pthread_cond_wait(&set->job_posted, &set->mutex);
        if (set->stopping)
            break;
        seen = set->job_number;
        if (!set->open)
            continue; // it was done without this thread
        set->busy++;
        pthread_mutex_unlock(&set->mutex);
        work(&set->job, self->number);
        pthread_mutex_lock(&set->mutex);
        if (--set->busy == 0)
            pthread_cond_signal(&set->job_left);
    }
    pthread_mutex_unlock(&set->mutex);
    return NULL;
}

static bool start_thread(struct workers *set, unsigned number)
{
    struct worker *worker = &set->workers[number];
    *worker = (struct worker){.set = set, .number = number};
    if (background_create_thread(&worker->thread, false, worker_main, worker) != 0)
        return false;
    set->threads++;
    return true;
}

enum grove_code workers_new(unsigned count, struct workers **ret_workers, struct grove_error *error)
{
    if (count == 0)
        count = workers_processors();
    if (count > WORKERS_MAX)
        count = WORKERS_MAX;
    struct workers *set = mem_zalloc(sizeof *set + count * sizeof set->workers[0]);
    if (!set)
        return error_no_memory(error, "worker threads");
    set->count = count;
    long_lock_init(&set->turn);
    pthread_mutex_init(&set->mutex, NULL);
    pthread_cond_init(&set->job_posted, NULL);
    pthread_cond_init(&set->job_left, NULL);
    for (unsigned number = 1; number < count; number++) {
        if (!start_thread(set, number)) {
            workers_free(set);
            return error_set(error, GROVE_LIMIT, "could not start worker thread %u of %u", number,
                             count - 1);
        }
    }
    *ret_workers = set;
    return GROVE_OK;
}

void workers_free(struct workers *set)
{
    if (!set)
        return;
    pthread_mutex_lock(&set->mutex);
    set->stopping = true;
    pthread_cond_broadcast(&set->job_posted);
    pthread_mutex_unlock(&set->mutex);
    for (unsigned number = 1; number <= set->threads; number++)
        pthread_join(set->workers[number].thread, NULL);
    pthread_cond_destroy(&set->job_posted);
    pthread_cond_destroy(&set->job_left);
    long_lock_release(&set->turn);
    pthread_mutex_destroy(&set->mutex);
    mem_free(set);
}

unsigned workers_count(const struct workers *set)
{
    return set->count;
}

// With `turn` held, which it gives back.
static void run_in_turn(struct workers *set, size_t steps,
                        void (*step)(void *state, size_t index, unsigned worker), void *state)
{
    bool alone = set->threads == 0 || steps <= 1;
    pthread_mutex_lock(&set->mutex);
    CHECK(set->busy == 0);
    set->job = (struct job){step, state, steps, 0};
    if (!alone) {
        set->open = true;
        set->job_number++;
        pthread_cond_broadcast(&set->job_posted);
    }
    pthread_mutex_unlock(&set->mutex);
    work(&set->job, 0);
    pthread_mutex_lock(&set->mutex);
    set->open = false;
    while (set->busy > 0)
        pthread_cond_wait(&set->job_left, &set->mutex);
    pthread_mutex_unlock(&set->mutex);
    long_lock_give(&set->turn);
}

void workers_run(struct workers *set, size_t steps,
                 void (*step)(void *state, size_t index, unsigned worker), void *state)
{
    struct grove_error never; // nothing ends the wait
    enum grove_code code = long_lock_take(&set->turn, NULL, &never);
    CHECK(code == GROVE_OK);
    run_in_turn(set, steps, step, state);
}

enum grove_code workers_run_within(struct workers *set, const struct call *call, size_t steps,
                                   void (*step)(void *state, size_t index, unsigned worker),
                                   void *state, struct grove_error *error)
{
    enum grove_code code = long_lock_take(&set->turn, call, error);
    if (code == GROVE_OK)
        run_in_turn(set, steps, step, state);
    return code;
}

bool workers_try_run(struct workers *set, size_t steps,
                     void (*step)(void *state, size_t index, unsigned worker), void *state)
{
    if (!long_lock_try(&set->turn))
        return false;
    run_in_turn(set, steps, step, state);
    return true;
}
