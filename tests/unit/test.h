// SPDX-License-Identifier: Apache-2.0
//
// What every unit test includes: cmocka, and the loop that fails the nth allocation.
#ifndef GROVE_TESTS_UNIT_TEST_H
#define GROVE_TESTS_UNIT_TEST_H

// cmocka wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"

#define assert_ok(call, error)                                                                     \
    do {                                                                                           \
        if ((call) != GROVE_OK)                                                                    \
            fail_msg("%s: %s", #call, (error).message);                                            \
    } while (0)

// Whether run(state) ends the program by a failed CHECK: in a process of its own.
static inline bool test_fails_a_check(void (*run)(void *state), void *state)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        (void)!freopen("/dev/null", "w", stderr);
        run(state);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

// CMOCKA_TEST_FILTER=name runs the tests of that name alone; "*" and "?" are wildcards.
__attribute__((constructor)) static void test_choose(void)
{
    cmocka_set_test_filter(getenv("CMOCKA_TEST_FILTER"));
}

struct test_faults {
    unsigned long countdown; // the allocation that fails: 1 is the next
    bool forever;            // and all after it
    unsigned long failed;
};

static inline bool test_faults_hook(void *state, size_t size_bytes)
{
    struct test_faults *faults = state;
    (void)size_bytes;
    if (faults->countdown > 1) {
        faults->countdown--;
        return true;
    }
    if (faults->countdown == 0 && !faults->forever)
        return true;
    faults->countdown = 0;
    faults->failed++;
    return false;
}

// Calls `run(state)` with the 1st, 2nd, ... allocation failing, once and for ever after, until a
// run has no failure left to meet. `run` returns true for a right answer, false for a clean
// error, and fails the test by itself for anything else. Threads of a run must not allocate.
static inline void test_every_fault(bool (*run)(void *state), void *state)
{
    enum { ALLOCATIONS_MAX = 20000 };
    for (int forever = 0; forever <= 1; forever++) {
        for (unsigned long n = 1;; n++) {
            struct test_faults faults = {.countdown = n, .forever = forever != 0};
            mem_set_hook(test_faults_hook, &faults);
            bool right = run(state);
            mem_set_hook(NULL, NULL);
            if (faults.failed == 0) {
                assert_true(right);
                break;
            }
            assert_true(n < ALLOCATIONS_MAX);
        }
    }
}

#endif
