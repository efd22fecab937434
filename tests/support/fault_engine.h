// SPDX-License-Identifier: Apache-2.0
//
// An engine around another that fails chosen calls, before the real call or after it.
//
//     struct vector_engine *engine = fault_engine_new(real);
//     fault_engine_arm(engine, &(struct engine_fault){.call = ENGINE_UPSERT, .nth = 2,
//                                                     .code = GROVE_TIMEOUT, .after = true});
//
// From the environment, for an engine that no test's code reaches:
//
//     GROVE_ENGINE_FAULTS='upsert@2=after:timeout,search=before:unavailable'
//
// A wrong setting there ends the program. Threads: as any engine; arm it before there are any.
#ifndef GROVE_TESTS_SUPPORT_FAULT_ENGINE_H
#define GROVE_TESTS_SUPPORT_FAULT_ENGINE_H

#include "engine_call.h"

enum { ENGINE_FAULTS_MAX = 16 };

struct engine_fault {
    enum engine_call call;
    unsigned long nth; // of its kind, since the engine was made; 0: every one
    bool after;        // the real call is made, and its answer lost
    enum grove_code code;
    int http_status; // 0: none
};

// Takes the engine within, and frees it with itself; reads the environment. NULL: out of memory.
struct vector_engine *fault_engine_new(struct vector_engine *within);
void fault_engine_arm(struct vector_engine *engine, const struct engine_fault *fault);
void fault_engine_disarm(struct vector_engine *engine);

// How many calls met a fault so far: a test that arms one sees that it was met.
unsigned long fault_engine_met(struct vector_engine *engine);

#endif
