// SPDX-License-Identifier: Apache-2.0
//
// A clock that is set all the time, for a program that is started with this in LD_PRELOAD: each
// look at the clock that can be set finds it an hour ahead, or an hour behind. Who waits by
// it waits for hours or not at all; so the program ends there, with SIGABRT and a word.
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

enum { STEP_S = 3600, BOOT_S_MAX = 1000000000 }; // no machine has been up for 30 years

static time_t step(void)
{
    static atomic_uint looks;
    return atomic_fetch_add(&looks, 1) % 2 == 0 ? STEP_S : -STEP_S;
}

static _Noreturn void die(const char *words, size_t length)
{
    (void)!write(STDERR_FILENO, words, length);
    abort();
}

#define REFUSE(function)                                                                           \
    die(function ": waits by the clock that can be set\n",                                         \
        sizeof function ": waits by the clock that can be set\n" - 1)

static void *find(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

EXPORTED int clock_gettime(clockid_t clock, struct timespec *ret)
{
    static int (*_Atomic real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))find("clock_gettime");
    int failure = real(clock, ret);
    if (failure == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        ret->tv_sec += step();
    return failure;
}

EXPORTED time_t time(time_t *ret)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}

EXPORTED int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

// A condition of the monotonic clock is told by the moment that is waited for.
EXPORTED int pthread_cond_timedwait(pthread_cond_t *restrict condition,
                                    pthread_mutex_t *restrict mutex,
                                    const struct timespec *restrict until)
{
    static int (*_Atomic real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (until->tv_sec > BOOT_S_MAX)
        REFUSE("pthread_cond_timedwait");
    if (!real)
        real = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))find(
            "pthread_cond_timedwait");
    return real(condition, mutex, until);
}

EXPORTED int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex,
                                     const struct timespec *restrict until)
{
    (void)mutex;
    (void)until;
    REFUSE("pthread_mutex_timedlock");
}

EXPORTED int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until)
{
    (void)semaphore;
    (void)until;
    REFUSE("sem_timedwait");
}

EXPORTED int clock_nanosleep(clockid_t clock, int flags, const struct timespec *request,
                             struct timespec *remain)
{
    static int (*_Atomic real)(clockid_t, int, const struct timespec *, struct timespec *);
    if (clock == CLOCK_REALTIME && flags == TIMER_ABSTIME)
        REFUSE("clock_nanosleep");
    if (!real)
        real = (int (*)(clockid_t, int, const struct timespec *, struct timespec *))find(
            "clock_nanosleep");
    return real(clock, flags, request, remain);
}
