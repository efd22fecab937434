// SPDX-License-Identifier: Apache-2.0
//
// The first message of a connection names a user and a database. What comes back is R, the server
// wants to know more or is content; or E, an error with fields, of which C is the SQLSTATE:
//
//     R ....  or  E <length> S FATAL \0 V FATAL \0 C 57P03 \0 M ... \0 \0
//
// 57P03 is "cannot connect now": it is starting, or recovering, or ending.
#include "pg/probe.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"

enum { ANSWER_BYTES_MAX = 512, HEAD_BYTES = 5 };

// A connection that does not block, or -1.
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CHECK(path[0] == '/');
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    descriptor_hold_standard();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    descriptor_let_standard_go();
    // EAGAIN: as many wait to be accepted as may. Somebody is there, who does not get to it.
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
        errno != EAGAIN)
        file_close_descriptor(&fd);
    return fd;
}

bool pg_listens(const char *socket_path)
{
    GROVE_CLEANUP(file_close_descriptor) int fd = connect_to(socket_path);
    return fd >= 0;
}

// Whether the fields of an error have this SQLSTATE.
static bool has_state(const char *fields, size_t length, const char *state)
{
    CHECK(strlen(state) == 5);
    for (size_t at = 0; at < length && fields[at];) {
        size_t rest = length - at, size = strnlen(fields + at, rest);
        if (fields[at] == 'C' && size == strlen(state) + 1 &&
            memcmp(fields + at + 1, state, strlen(state)) == 0)
            return true;
        at += size + 1;
    }
    return false;
}

// What it has said so far. PG_SILENT: not enough to tell.
static enum pg_presence read_answer(const char *bytes, size_t length, bool at_end)
{
    CHECK(length <= ANSWER_BYTES_MAX);
    if (length > 0 && bytes[0] != 'E')
        return PG_READY;
    if (length > HEAD_BYTES && has_state(bytes + HEAD_BYTES, length - HEAD_BYTES, "57P03"))
        return PG_STARTING;
    if (!at_end)
        return PG_SILENT;
    return length > 0 ? PG_READY : PG_STARTING; // it closed at once: it is on its way
}

enum pg_presence pg_probe(const char *socket_path, unsigned limit_ms, const struct call *call)
{
    static const char hello[] = "\0\0\0\x26\0\3\0\0user\0grove\0database\0postgres\0";
    static_assert(sizeof hello == 0x26, "the message begins with its length");
    CHECK(limit_ms > 0);
    GROVE_CLEANUP(file_close_descriptor) int fd = connect_to(socket_path);
    if (fd < 0)
        return PG_NOBODY;
    ssize_t sent = send(fd, hello, sizeof hello, MSG_NOSIGNAL);
    if (sent != (ssize_t)sizeof hello)
        return sent < 0 && errno == EPIPE ? PG_STARTING : PG_SILENT;
    int64_t deadline_us = clock_monotonic_us() + (int64_t)limit_ms * 1000;
    char answer[ANSWER_BYTES_MAX];
    size_t length = 0;
    while (length < sizeof answer && clock_monotonic_us() < deadline_us) {
        unsigned slice_ms = call_left_ms(call, CALL_SLICE_MS);
        struct pollfd wait_for = {.fd = fd, .events = POLLIN};
        if (slice_ms == 0)
            break;
        if (poll(&wait_for, 1, (int)slice_ms) <= 0)
            continue;
        ssize_t got = recv(fd, answer + length, sizeof answer - length, 0);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        length += got > 0 ? (size_t)got : 0;
        CHECK(length <= sizeof answer);
        enum pg_presence said = read_answer(answer, length, got <= 0);
        if (said != PG_SILENT)
            return said;
    }
    return length > 0 ? PG_READY : PG_SILENT;
}
