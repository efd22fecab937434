// SPDX-License-Identifier: Apache-2.0
//
// A Qdrant server (1.10 or later, or grove's private one) as a vector engine, by its REST API.
#ifndef GROVE_VECTOR_QDRANT_H
#define GROVE_VECTOR_QDRANT_H

#include "base/error.h"
#include "vector/engine.h"

// Called before each attempt at a request and when the server cannot be reached: for a private
// server, starts it if it is not running. May be called from several threads at once.
struct qdrant_starter {
    enum grove_code (*start)(void *state, struct grove_error *error);
    void *state;
};

struct qdrant_options {
    const char *url;               // "http://127.0.0.1:6333"; ignored with a socket
    const char *socket_path;       // Unix socket, or NULL
    const char *api_key;           // or NULL; never appears in an error
    const char *collection;        // NULL: "content_vectors"
    unsigned connections_max;      // 0: 16
    unsigned connect_timeout_ms;   // 0: 2000
    unsigned read_timeout_ms;      // of what somebody waits for: searches, info, counts; 0: 3000
    unsigned exact_timeout_ms;     // of a search that compares all points; 0: 10000
    unsigned request_timeout_ms;   // of everything else: writes, index work; 0: 30000
    struct qdrant_starter starter; // optional: called once when connecting failed, then tried again
};

// Connects to nothing yet.
enum grove_code qdrant_open(const struct qdrant_options *options, struct vector_engine **ret,
                            struct grove_error *error);

#endif
