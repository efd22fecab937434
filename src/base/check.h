// SPDX-License-Identifier: Apache-2.0
//
// Assertions. Errors are for the world, assertions for our own bugs.
//
// CHECK stays on in every build: it prints the condition and aborts, because going on would
// write wrong data. DCHECK is for conditions too dear to test in release builds.
#ifndef GROVE_BASE_CHECK_H
#define GROVE_BASE_CHECK_H

__attribute__((noreturn, cold)) void check_failed(const char *condition, const char *file,
                                                  int line);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            check_failed(#condition, __FILE__, __LINE__);                                          \
    } while (0)

#ifdef GROVE_DEBUG
#define DCHECK(condition) CHECK(condition)
#else
#define DCHECK(condition) ((void)sizeof(condition))
#endif

#endif
