// SPDX-License-Identifier: Apache-2.0
//
// JSON over HTTP to one server, with kept-alive connections.
//
//     struct http_client *client;
//     code = http_client_new(&options, &client, error);
//     struct http_request request = {"POST", "/collections/x/points/count", body, 3000};
//     struct http_reply reply;
//     code = http_send(client, call, &request, &reply, error);
//     yyjson_val *result = http_result(&reply);
//     http_reply_release(&reply);
//
// A reply of 4xx or 5xx is an error, with the server's own words. What the server did, or did not,
// has the origin GROVE_ORIGIN_QDRANT, whatever the code; that the call is over, or that all
// connections are busy, is grove's own.
//
// A call that is not patient does not wait for a server that is known not to answer (gate.h), nor
// for one that is starting, nor for a connection where none comes free. One that is patient waits
// for all that, and for as long as the server asks for by Retry-After.
//
// Threads: any number at once.
#ifndef GROVE_VECTOR_HTTP_H
#define GROVE_VECTOR_HTTP_H

#include <yyjson.h>

#include "base/call.h"
#include "base/error.h"
#include "base/text.h"
#include "vector/qdrant.h"

struct http_client;

struct http_request {
    const char *method;
    const char *path;    // starts with "/"
    struct text body;    // {NULL, 0}: none
    unsigned timeout_ms; // 0: the client's request_timeout_ms; the call's deadline where sooner
    bool takes_long; // it may, where the server is well: that others are not answered tells nothing
    size_t reply_bytes_max; // 0: CONNECTION_BODY_BYTES_MAX; a longer answer is GROVE_LIMIT
};

struct http_reply {
    yyjson_doc *document; // NULL: released
};

enum grove_code http_client_new(const struct qdrant_options *options, struct http_client **ret,
                                struct grove_error *error);
void http_client_free(struct http_client *client); // NULL is fine

// What is known without asking it.
void http_look(struct http_client *client, struct vector_outage *ret);

// Begins to start a private server that is not there, and waits so long for it; 0: not at all.
void http_wake(struct http_client *client, const struct call *call, unsigned wait_ms);

// Every request that grove makes is safe to repeat (writes are conditional on revisions), so one
// that was cut off is sent once more.
enum grove_code http_send(struct http_client *client, struct call *call,
                          const struct http_request *request, struct http_reply *ret,
                          struct grove_error *error);

// The "result" member, or NULL.
yyjson_val *http_result(const struct http_reply *reply);
void http_reply_release(struct http_reply *reply);

// The server without credentials: "http://127.0.0.1:6333" or the socket.
const char *http_describe(const struct http_client *client);

#endif
