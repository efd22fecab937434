// SPDX-License-Identifier: Apache-2.0
//
// A server of one thread that answers each connection's requests from a list.
//
//     static const struct canned_answer answers[] = {{"200 OK", "{}"}, {NULL, NULL}};
//     struct canned_server server;
//     canned_start(&server, answers, ARRAY_COUNT(answers));
//     struct vector_engine *engine = canned_engine(&server, NULL);
//     ... server.requests, server.served, once it was stopped ...
//     vector_engine_free(engine);
//     canned_stop(&server);
#ifndef GROVE_TESTS_UNIT_VECTOR_CANNED_H
#define GROVE_TESTS_UNIT_VECTOR_CANNED_H

#include "../test.h"

#include <pthread.h>

#include "vector/engine.h"

struct canned_answer {
    const char *status; // "200 OK", and more headers behind it
    const char *body;   // NULL: hang up without an answer
};

struct canned_server {
    int listener;
    unsigned short port;
    const struct canned_answer *answers;
    size_t count;
    char requests[16][8192]; // their beginnings
    _Atomic size_t served;
    bool serves;
    pthread_t thread;
};

void canned_start(struct canned_server *server, const struct canned_answer *answers, size_t count);
// The same in two steps: in between it hangs. It accepts connections, and says nothing.
void canned_listen(struct canned_server *server);
void canned_serve(struct canned_server *server, const struct canned_answer *answers, size_t count);
void canned_stop(struct canned_server *server);

// A client of it, with a password in its URL; `key` may be NULL.
struct vector_engine *canned_engine(const struct canned_server *server, const char *key);

#endif
