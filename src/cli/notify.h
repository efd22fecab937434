// SPDX-License-Identifier: Apache-2.0
//
// What a service tells whoever manages it, by the protocol of systemd's sd_notify(3): datagrams to
// $NOTIFY_SOCKET. Where nobody is to be told, nothing is sent.
//
//     struct notify notify;
//     code = notify_init(&notify, error);                    // of $NOTIFY_SOCKET, $WATCHDOG_USEC
//     notify_status(&notify, "reaching the servers");
//     notify_ready(&notify, "up to date");
//     notify_alive(&notify);                                 // as often as wanted: it sends seldom
//     notify_stopping(&notify, "stopped on request");
//     notify_release(&notify);
//
// Nothing waits for the manager: what its socket does not take at once is sent the next time that
// it is told.
// Threads: one at a time.
#ifndef GROVE_CLI_NOTIFY_H
#define GROVE_CLI_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"

enum { NOTIFY_STATUS_SIZE = 256 };

struct notify {
    int socket; // -1: nobody is told
    struct sockaddr_un address;
    socklen_t address_bytes;
    bool ready;                      // was told
    char status[NOTIFY_STATUS_SIZE]; // was told last
    int64_t ping_every_us;           // 0: no watchdog waits for us
    int64_t pinged_at_us;            // monotonic; 0: never
};

// GROVE_INVALID: the variables make no sense; nobody is told then, which is no reason to end.
enum grove_code notify_init(struct notify *notify, struct grove_error *error) GROVE_MUST_CHECK;
void notify_release(struct notify *notify);

// What is done just now, on one line. Sent where it is another than before.
void notify_status(struct notify *notify, const char *status);
// The service does its work from now on. Sent once.
void notify_ready(struct notify *notify, const char *status);
// It gets on: the watchdog need not end it. Sent when half of its time is over.
void notify_alive(struct notify *notify);
// It is about to end, and why.
void notify_stopping(struct notify *notify, const char *status);

#endif
