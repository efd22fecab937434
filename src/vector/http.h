// SPDX-License-Identifier: Apache-2.0
//
// JSON over HTTP to one server, with kept-alive connections. The only module that knows libcurl.
//
//     struct http_client *client;
//     code = http_client_new(&options, &client, error);
//     struct http_request request = {"POST", "/collections/x/points/count", body, 3000};
//     struct http_reply reply;
//     code = http_send(client, &request, &reply, error);
//     yyjson_val *result = http_result(&reply);
//     http_reply_release(&reply);
//
// A reply of 4xx or 5xx is an error, with the server's own words. Threads: any number at once.
#ifndef GROVE_VECTOR_HTTP_H
#define GROVE_VECTOR_HTTP_H

#include <yyjson.h>

#include "base/error.h"
#include "base/text.h"
#include "vector/qdrant.h"

struct http_client;

struct http_request {
    const char *method;
    const char *path;    // starts with "/"
    struct text body;    // {NULL, 0}: none
    unsigned timeout_ms; // 0: the client's request_timeout_ms
};

struct http_reply {
    yyjson_doc *document; // NULL: released
};

enum grove_code http_client_new(const struct qdrant_options *options, struct http_client **ret,
                                struct grove_error *error);
void http_client_free(struct http_client *client); // NULL is fine

// Every request that grove makes is safe to repeat (writes are conditional on revisions), so one
// that was cut off is sent once more.
enum grove_code http_send(struct http_client *client, const struct http_request *request,
                          struct http_reply *ret, struct grove_error *error);

// The same with the client's time limit.
enum grove_code http_call(struct http_client *client, const char *method, const char *path,
                          struct text body, struct http_reply *ret, struct grove_error *error);

// The "result" member, or NULL.
yyjson_val *http_result(const struct http_reply *reply);
void http_reply_release(struct http_reply *reply);

// The server without credentials: "http://127.0.0.1:6333" or the socket.
const char *http_describe(const struct http_client *client);

#endif
