// SPDX-License-Identifier: Apache-2.0
//
// Where a server is, and what each request to it carries.
//
//     struct address address = {0};
//     code = address_init(&address, &options, error);
//     say("%s", address_describe(&address));
//     address_release(&address);
#ifndef GROVE_VECTOR_ADDRESS_H
#define GROVE_VECTOR_ADDRESS_H

#include <stdbool.h>

#include "base/error.h"
#include "vector/qdrant.h"

enum { ADDRESS_SIZE = 2048 };

struct curl_slist;

struct address {
    char base[ADDRESS_SIZE]; // where requests go, without credentials: for messages, too
    char *user, *password;   // from the URL, or NULL
    char *socket_path;       // or NULL
    // It is this machine's: no proxy stands before it.
    bool is_local;
    struct curl_slist *headers;
    unsigned connect_timeout_ms;
};

// Of a URL without a port: 443 for https, Qdrant's own for http.
enum grove_code address_init(struct address *address, const struct qdrant_options *options,
                             struct grove_error *error);
void address_release(struct address *address);

// Without credentials: "http://127.0.0.1:6333" or the socket.
const char *address_describe(const struct address *address);

#endif
