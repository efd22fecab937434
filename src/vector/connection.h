// SPDX-License-Identifier: Apache-2.0
//
// One kept-alive connection to a server, and the request that is under way on it. The only module
// that speaks to libcurl's multi interface: a request is driven in slices, so that whoever waits
// for it can look up in between, and leave it (connection_leave).
//
//     struct connection *connection = connection_new();
//     struct connection_outcome outcome;
//     code = connection_begin(connection, &address, &request, timeout_ms, error);
//     while (!connection_drive(connection, slice_ms, &outcome))
//         ...
//     use(connection_body(connection));
//     connection_forget_body(connection);
//     connection_free(connection);
//
// Threads: one at a time.
#ifndef GROVE_VECTOR_CONNECTION_H
#define GROVE_VECTOR_CONNECTION_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "vector/address.h"
#include "vector/http.h"

struct connection;

enum { CONNECTION_BODY_BYTES_MAX = 64 << 20 };

enum connection_end {
    CONNECTION_ANSWERED,  // with the status below
    CONNECTION_LOST,      // nobody listens, or it was cut off: another attempt may succeed
    CONNECTION_SILENT,    // no answer within the limit
    CONNECTION_FAILED,    // it can not be spoken to: a name that is none, a certificate
    CONNECTION_TOO_LONG,  // the answer has more than the request allows
    CONNECTION_NO_MEMORY, //
};

struct connection_outcome {
    enum connection_end end;
    int status;             // HTTP
    unsigned retry_after_s; // what the server asks for; 0: nothing
    int64_t first_us;       // that it took, where a connection was made for it; else 0
    const char *reason;     // the transport's words; a constant
};

struct connection *connection_new(void);             // NULL: no memory
void connection_free(struct connection *connection); // NULL is fine

// The request and what it refers to are borrowed until it has ended, or was left.
enum grove_code connection_begin(struct connection *connection, const struct address *address,
                                 const struct http_request *request, unsigned timeout_ms,
                                 struct grove_error *error);

// Works on it for as long, at most. True: it has ended. Who works on it for 0 ms may let it rest.
bool connection_drive(struct connection *connection, unsigned slice_ms,
                      struct connection_outcome *ret);

// Ends it without an answer. The connection itself is closed, as its answer may still come.
void connection_leave(struct connection *connection);

// Of the answer, until it is forgotten, or the next request begins.
struct text connection_body(const struct connection *connection);
void connection_forget_body(struct connection *connection);

#endif
