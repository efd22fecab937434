// SPDX-License-Identifier: Apache-2.0
//
// The names of the graphs that a server searches (vector/engine.h), out of its answers. The private
// server tells a name, in each answer. For a Qdrant one is made, and asked for after the answer:
//
// From 1.18 on it is of the segments' UUIDs. A segment keeps its UUID and its graph; one that is
// built, merged or added has a new one. UUIDs come back only with a snapshot that is put back.
//
// Of other servers, and where that route is missing, it is of how many segments and indexed vectors
// there are. That is weaker: a graph may be built anew and leave both as they were, and removals
// change them though the graphs stay.
//
// So the graphs that are named are those that answered, or newer ones. Whoever saw a name, then
// searched, and got the same name, may take it that those graphs answered.
//
//     struct graph_server server = {client, "content_vectors", 3000, true};
//     char graph[VECTOR_GRAPH_SIZE];
//     code = graph_read(&server, call, graph, error);
#ifndef GROVE_VECTOR_GRAPH_H
#define GROVE_VECTOR_GRAPH_H

#include <yyjson.h>

#include "vector/engine.h"
#include "vector/http.h"

struct graph_server {
    struct http_client *client;
    const char *collection;
    unsigned timeout_ms;
    bool tells_segments; // 1.18 or newer
};

// The name that the private server tells in this result; false, and "", where there is none.
bool graph_told(yyjson_val *result, char ret[static VECTOR_GRAPH_SIZE]);

// Of a server that told none: the graphs that answer at this moment. "": it does not say.
enum grove_code graph_read(const struct graph_server *server, struct call *call,
                           char ret[static VECTOR_GRAPH_SIZE], struct grove_error *error);

// Of any server: the graphs that answer while nothing is being built, or is to be; else "".
enum grove_code graph_read_built(const struct graph_server *server, struct call *call,
                                 char ret[static VECTOR_GRAPH_SIZE], struct grove_error *error);

#endif
