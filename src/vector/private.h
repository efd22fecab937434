// SPDX-License-Identifier: Apache-2.0
//
// The private vector server of a home: Qdrant's engine behind its REST API on a Unix socket
// (see embedded/README.md). Started on demand, left running; the counterpart of pg/cluster.h.
#ifndef GROVE_VECTOR_PRIVATE_H
#define GROVE_VECTOR_PRIVATE_H

#include <stdbool.h>

#include "base/call.h"
#include "base/error.h"
#include "home/home.h"

// Starts the server when none runs, and returns when it answers. Once the call is over nothing more
// is waited for, and the start goes on: GROVE_TIMEOUT or GROVE_CANCELLED. One that runs where it
// cannot be seen is GROVE_UNAVAILABLE.
enum grove_code vector_server_start(const struct home *home, const struct call *call,
                                    struct grove_error *error);

// Stops it and waits. Fine when it does not run. One that cannot be seen from here is
// GROVE_UNAVAILABLE.
enum grove_code vector_server_stop(const struct home *home, const struct call *call,
                                   struct grove_error *error);

struct vector_server_status {
    bool running;
    int pid; // 0 when not running, or not to be seen from here
};
enum grove_code vector_server_status(const struct home *home, struct vector_server_status *ret,
                                     struct grove_error *error);

// The path of its socket, NUL-terminated.
void vector_server_socket(const struct home *home, char ret_path[static PATH_MAX]);

#endif
