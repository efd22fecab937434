// SPDX-License-Identifier: Apache-2.0
#include "thread.h"

#include <pthread.h>
#include <time.h>

#include "base/check.h"

enum { GATE_TIMEOUT_S = 60 };

struct test_gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned long arrived;
    bool open;
};

struct test_thread {
    pthread_t thread;
    void (*work)(void *state);
    void *state;
    bool joined;
};

static struct timespec gate_deadline(void)
{
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += GATE_TIMEOUT_S;
    return deadline;
}

void gate_pass(struct test_gate *gate)
{
    struct timespec deadline = gate_deadline();
    pthread_mutex_lock(&gate->mutex);
    gate->arrived++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        CHECK(pthread_cond_timedwait(&gate->changed, &gate->mutex, &deadline) == 0); // forgotten
    pthread_mutex_unlock(&gate->mutex);
}

void gate_await(struct test_gate *gate)
{
    struct timespec deadline = gate_deadline();
    pthread_mutex_lock(&gate->mutex);
    while (gate->arrived == 0)
        CHECK(pthread_cond_timedwait(&gate->changed, &gate->mutex, &deadline) == 0); // nobody came
    pthread_mutex_unlock(&gate->mutex);
}

void gate_open(struct test_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}

static void open_at_end(void *state)
{
    gate_open(state);
}

static void free_gate(void *state)
{
    struct test_gate *gate = state;
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->mutex);
    free(gate);
}

struct test_gate *test_gate_new(struct test_stores *stores)
{
    struct test_gate *gate = calloc(1, sizeof *gate);
    assert_non_null(gate);
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_cond_init(&gate->changed, NULL);
    test_at_end(stores, TEST_FIRST, open_at_end, gate);
    test_at_end(stores, TEST_LAST, free_gate, gate);
    return gate;
}

static void *thread_main(void *argument)
{
    struct test_thread *thread = argument;
    thread->work(thread->state);
    return NULL;
}

void test_thread_join(struct test_thread *thread)
{
    if (!thread->joined)
        pthread_join(thread->thread, NULL);
    thread->joined = true;
}

static void end_thread(void *state)
{
    test_thread_join(state);
    free(state);
}

struct test_thread *test_thread_start(struct test_stores *stores, void (*work)(void *state),
                                      void *state)
{
    struct test_thread *thread = calloc(1, sizeof *thread);
    assert_non_null(thread);
    thread->work = work;
    thread->state = state;
    assert_int_equal(pthread_create(&thread->thread, NULL, thread_main, thread), 0);
    test_at_end(stores, TEST_SECOND, end_thread, thread);
    return thread;
}
