// SPDX-License-Identifier: Apache-2.0
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"

enum { STANDARD_COUNT = STDERR_FILENO + 1, OWN_MAX = 64 };

static struct {
    pthread_mutex_t mutex; // nobody forks while it is held
    unsigned holders;
    bool taken[STANDARD_COUNT];
    int own[OWN_MAX]; // what a child does not keep; 0: a free place
} standard = {.mutex = PTHREAD_MUTEX_INITIALIZER};

// The host may have closed it meanwhile and opened something of its own there.
static bool is_placeholder(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_PATH);
}

static void give_standard_back(void)
{
    for (int fd = 0; fd < STANDARD_COUNT; fd++) {
        if (standard.taken[fd] && is_placeholder(fd))
            close(fd);
        standard.taken[fd] = false;
    }
}

static void before_fork(void)
{
    pthread_mutex_lock(&standard.mutex);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&standard.mutex);
}

// The threads that held and opened all that are not here.
static void after_fork_in_child(void)
{
    standard.holders = 0;
    give_standard_back();
    for (size_t i = 0; i < OWN_MAX; i++) {
        if (standard.own[i] > 0)
            close(standard.own[i]);
        standard.own[i] = 0;
    }
    pthread_mutex_unlock(&standard.mutex);
}

static void watch_forks(void)
{
    (void)!pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

static void lock_standard(void)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;
    pthread_once(&watched, watch_forks);
    pthread_mutex_lock(&standard.mutex);
}

void descriptor_hold_standard(void)
{
    lock_standard();
    if (standard.holders++ == 0) {
        int fd;
        // Where nothing is closed the first one has another number, and is given back.
        while ((fd = open("/", O_PATH | O_CLOEXEC)) >= 0 && fd < STANDARD_COUNT)
            standard.taken[fd] = true;
        if (fd >= 0)
            close(fd);
    }
    pthread_mutex_unlock(&standard.mutex);
}

void descriptor_let_standard_go(void)
{
    int saved_errno = errno;
    lock_standard();
    CHECK(standard.holders > 0);
    standard.holders--;
    if (standard.holders == 0)
        give_standard_back();
    pthread_mutex_unlock(&standard.mutex);
    errno = saved_errno;
}

int descriptor_open(const char *path, int flags, mode_t mode)
{
    descriptor_hold_standard();
    int fd = open(path, flags | O_CLOEXEC, mode);
    descriptor_let_standard_go();
    return fd;
}

int descriptor_open_temporary(char *template)
{
    descriptor_hold_standard();
    int fd = mkostemp(template, O_CLOEXEC);
    descriptor_let_standard_go();
    return fd;
}

// Where all places are taken a child keeps it, as it does what others opened.
static void note_own(int fd)
{
    size_t i = 0;
    while (i < OWN_MAX && standard.own[i] != 0)
        i++;
    if (fd > 0 && i < OWN_MAX)
        standard.own[i] = fd;
}

int descriptor_open_own(const char *path, int flags, mode_t mode)
{
    descriptor_hold_standard();
    lock_standard();
    int fd = open(path, flags | O_CLOEXEC, mode);
    note_own(fd);
    pthread_mutex_unlock(&standard.mutex);
    descriptor_let_standard_go();
    return fd;
}

int descriptor_duplicate_own(int fd, int least)
{
    CHECK(least >= STANDARD_COUNT);
    lock_standard();
    int other = fcntl(fd, F_DUPFD_CLOEXEC, least);
    note_own(other);
    pthread_mutex_unlock(&standard.mutex);
    return other;
}

static void close_own(int *fd)
{
    int saved_errno = errno;
    for (size_t i = 0; i < OWN_MAX; i++)
        if (standard.own[i] == *fd)
            standard.own[i] = 0;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved_errno;
}

int descriptor_pipe_own(int ret_ends[static 2], int least)
{
    int low[2] = {-1, -1}, ends[2] = {-1, -1};
    CHECK(least >= STANDARD_COUNT);
    lock_standard();
    int failure = pipe2(low, O_CLOEXEC) != 0 ? errno : 0;
    for (int i = 0; i < 2 && !failure; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, least);
        failure = ends[i] < 0 ? errno : 0;
        note_own(ends[i]);
    }
    for (int i = 0; i < 2; i++) {
        close_own(&low[i]);
        if (failure)
            close_own(&ends[i]);
    }
    pthread_mutex_unlock(&standard.mutex);
    if (!failure)
        memcpy(ret_ends, ends, sizeof ends);
    return failure;
}

void descriptor_close_own(int *fd)
{
    lock_standard();
    close_own(fd);
    pthread_mutex_unlock(&standard.mutex);
}

DIR *descriptor_open_folder(const char *path)
{
    descriptor_hold_standard();
    DIR *folder = opendir(path);
    descriptor_let_standard_go();
    return folder;
}

bool descriptor_fill_standard(void)
{
    int fd;
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd < STANDARD_COUNT)
        continue;
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}
