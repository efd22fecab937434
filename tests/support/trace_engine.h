// SPDX-License-Identifier: Apache-2.0
//
// An engine around another that records its calls, and can print them when a test fails.
//
//     test_stores_use_engine(stores, trace_engine_new(engine));   // printed if the test fails
//
// It keeps the last TRACE_CALLS_MAX calls, each with its first ids. Threads: as any engine.
#ifndef GROVE_TESTS_SUPPORT_TRACE_ENGINE_H
#define GROVE_TESTS_SUPPORT_TRACE_ENGINE_H

#include "engine_call.h"

enum { TRACE_CALLS_MAX = 256, TRACE_IDS_MAX = 8 };

struct trace_call {
    enum engine_call call;
    enum grove_code code;
    size_t count; // of ids, or of hits
    int32_t content_ids[TRACE_IDS_MAX];
    bool exact;                    // of a search
    size_t limit;                  // of a search
    size_t also_count;             // of a search
    char graph[VECTOR_GRAPH_SIZE]; // of a search, and of graph
    int64_t answer;                // of count, and of info
    int64_t begin_us;              // since the engine was made
    int64_t duration_us;
};

// Takes the engine within, and frees it with itself. NULL: out of memory.
struct vector_engine *trace_engine_new(struct vector_engine *within);

// Calls since it was made, of one kind and of all kinds.
unsigned long trace_engine_count(struct vector_engine *engine, enum engine_call call);
unsigned long trace_engine_total(struct vector_engine *engine);
// The nth call from 1, of those that are kept.
bool trace_engine_get(struct vector_engine *engine, unsigned long nth, struct trace_call *ret);

// To stderr. An engine of another kind prints nothing.
void trace_engine_print(struct vector_engine *engine);

#endif
