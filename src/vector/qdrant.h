// SPDX-License-Identifier: Apache-2.0
//
// A Qdrant server (1.10 or later, or grove's private one) as a vector engine, by its REST API.
#ifndef GROVE_VECTOR_QDRANT_H
#define GROVE_VECTOR_QDRANT_H

#include "base/call.h"
#include "base/error.h"
#include "vector/engine.h"

// Called when nobody listens, or the server hung up: for a private server, starts it if it is not
// running. It obeys the call, and a server that it has begun to start goes on by itself: the call
// of who does not wait for a server ends after a moment. May be called from several threads at
// once.
struct qdrant_starter {
    enum grove_code (*start)(void *state, struct call *call, struct grove_error *error);
    void *state;
};

struct qdrant_options {
    // "http://127.0.0.1:6333"; ignored with a socket. Without a port: 443 for https, 6333 for http.
    const char *url;
    const char *socket_path;       // Unix socket, or NULL
    const char *api_key;           // or NULL; never appears in an error
    const char *collection;        // NULL: "content_vectors"
    unsigned connections_max;      // 0: 16
    unsigned connect_timeout_ms;   // 0: 2000
    unsigned read_timeout_ms;      // of what somebody waits for: searches, info, counts; 0: 3000
    unsigned exact_timeout_ms;     // of a search that compares many points; 0: 10000
    unsigned request_timeout_ms;   // of everything else: writes, index work; 0: 30000
    struct qdrant_starter starter; // optional: called once when connecting failed, then tried again
    // A file by which processes tell each other that an engine does not answer (see vector/gate.h),
    // or NULL. One that only looks does not make it.
    const char *outage_path;
    bool only_looks;
};

// Connects to nothing yet.
enum grove_code qdrant_open(const struct qdrant_options *options, struct vector_engine **ret,
                            struct grove_error *error);

// Another collection than the one that it was opened with; before it is asked for anything that is
// of one.
void qdrant_set_collection(struct vector_engine *engine, const char *name);

#endif
