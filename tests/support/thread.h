// SPDX-License-Identifier: Apache-2.0
//
// Threads of a test, and gates at which they meet.
//
//     struct test_gate *gate = test_gate_new(stores);
//     struct test_thread *thread = test_thread_start(stores, work, &state);
//     gate_await(gate);         // until somebody stands in gate_pass
//     ... the test does something meanwhile ...
//     gate_open(gate);
//     test_thread_join(thread);
//
// A test that ends, also by failing, opens its gates and then waits for its threads. Nothing here
// waits for ever: after a minute the program ends, naming the line that waited.
#ifndef GROVE_TESTS_SUPPORT_THREAD_H
#define GROVE_TESTS_SUPPORT_THREAD_H

#include "stores.h"

struct test_gate *test_gate_new(struct test_stores *stores);
void gate_pass(struct test_gate *gate);  // waits until it is open; any thread
void gate_await(struct test_gate *gate); // waits until one has arrived
void gate_open(struct test_gate *gate);  // for ever

// Asserts belong into the test's own thread: `work` leaves what it found in its state.
struct test_thread;
struct test_thread *test_thread_start(struct test_stores *stores, void (*work)(void *state),
                                      void *state);
void test_thread_join(struct test_thread *thread);

#endif
