// SPDX-License-Identifier: Apache-2.0
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/check.h"

enum { STANDARD_COUNT = STDERR_FILENO + 1 };

static struct {
    pthread_mutex_t mutex;
    unsigned holders;
    bool taken[STANDARD_COUNT];
} standard = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void descriptor_hold_standard(void)
{
    pthread_mutex_lock(&standard.mutex);
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

// The host may have closed it meanwhile and opened something of its own there.
static bool is_placeholder(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_PATH);
}

void descriptor_let_standard_go(void)
{
    int saved_errno = errno;
    pthread_mutex_lock(&standard.mutex);
    CHECK(standard.holders > 0);
    standard.holders--;
    for (int fd = 0; fd < STANDARD_COUNT && standard.holders == 0; fd++) {
        if (standard.taken[fd] && is_placeholder(fd))
            close(fd);
        standard.taken[fd] = false;
    }
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
