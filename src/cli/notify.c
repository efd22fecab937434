// SPDX-License-Identifier: Apache-2.0
#include "cli/notify.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"

enum { MESSAGE_SIZE = NOTIFY_STATUS_SIZE + 64 };

// "/run/systemd/notify", or "@name" of an abstract socket, whose first byte is a zero.
static enum grove_code read_address(const char *path, struct notify *notify,
                                    struct grove_error *error)
{
    size_t length = strlen(path);
    bool abstract = path[0] == '@';
    if (!abstract && path[0] != '/')
        return error_set(error, GROVE_INVALID, "NOTIFY_SOCKET is neither a path nor an @name");
    if (length < 2 || length >= sizeof notify->address.sun_path)
        return error_set(error, GROVE_INVALID, "NOTIFY_SOCKET has %zu bytes, not 2 to %zu", length,
                         sizeof notify->address.sun_path - 1);
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, path, length);
    if (abstract)
        notify->address.sun_path[0] = '\0';
    // The name of an abstract socket ends with the address, a path with a zero.
    notify->address_bytes =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + !abstract);
    return GROVE_OK;
}

static enum grove_code read_number(const char *name, int64_t *ret, struct grove_error *error)
{
    const char *value = getenv(name);
    *ret = 0;
    if (!value || !value[0])
        return GROVE_OK;
    if (!text_to_int64(text_of(value), ret) || *ret <= 0)
        return error_set(error, GROVE_INVALID, "%s is \"%.100s\", no number above zero", name,
                         value);
    return GROVE_OK;
}

// The watchdog may be that of a process which started this one.
static enum grove_code read_watchdog(struct notify *notify, struct grove_error *error)
{
    int64_t time_us, pid;
    enum grove_code code = read_number("WATCHDOG_USEC", &time_us, error);
    if (code == GROVE_OK)
        code = read_number("WATCHDOG_PID", &pid, error);
    if (code == GROVE_OK && (pid == 0 || pid == getpid()))
        notify->ping_every_us = time_us / 2;
    return code;
}

enum grove_code notify_init(struct notify *notify, struct grove_error *error)
{
    const char *path = getenv("NOTIFY_SOCKET");
    *notify = (struct notify){.socket = -1};
    if (!path || !path[0])
        return GROVE_OK;
    enum grove_code code = read_address(path, notify, error);
    if (code == GROVE_OK)
        code = read_watchdog(notify, error);
    if (code != GROVE_OK)
        return code;
    notify->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return notify->socket >= 0 ? GROVE_OK
                               : error_set_errno(error, errno, "could not make a socket");
}

void notify_release(struct notify *notify)
{
    if (notify->socket >= 0)
        close(notify->socket);
    notify->socket = -1;
}

static bool send_message(const struct notify *notify, const char *message)
{
    size_t length = strlen(message);
    CHECK(notify->socket >= 0);
    CHECK(length > 0 && length < MESSAGE_SIZE);
    return sendto(notify->socket, message, length, MSG_NOSIGNAL,
                  (const struct sockaddr *)&notify->address,
                  notify->address_bytes) == (ssize_t)length;
}

// With `state` before it ("READY=1\n"). A line feed in it would begin another assignment.
static bool send_status(struct notify *notify, const char *state, const char *status)
{
    char line[NOTIFY_STATUS_SIZE], message[MESSAGE_SIZE];
    static_assert(MESSAGE_SIZE >= NOTIFY_STATUS_SIZE + sizeof "STOPPING=1\nSTATUS=", "it fits");
    snprintf(line, sizeof line, "%s", status);
    line[text_utf8_error(text_of(line))] = '\0'; // it may have been cut inside a character
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    if (!state[0] && strcmp(line, notify->status) == 0)
        return true;
    snprintf(message, sizeof message, "%sSTATUS=%s", state, line);
    if (!send_message(notify, message))
        return false;
    memcpy(notify->status, line, sizeof line);
    return true;
}

void notify_status(struct notify *notify, const char *status)
{
    if (notify->socket >= 0)
        (void)send_status(notify, "", status);
}

void notify_ready(struct notify *notify, const char *status)
{
    if (notify->socket >= 0 && !notify->ready)
        notify->ready = send_status(notify, "READY=1\n", status);
}

void notify_alive(struct notify *notify)
{
    int64_t now_us = clock_monotonic_us();
    bool waits = notify->socket >= 0 && notify->ping_every_us > 0;
    if (!waits || (notify->pinged_at_us && now_us - notify->pinged_at_us < notify->ping_every_us))
        return;
    if (send_message(notify, "WATCHDOG=1"))
        notify->pinged_at_us = now_us;
}

void notify_stopping(struct notify *notify, const char *status)
{
    if (notify->socket >= 0)
        (void)send_status(notify, "STOPPING=1\n", status);
}
