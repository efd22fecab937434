// SPDX-License-Identifier: Apache-2.0
//
// As much of cmocka as u_kernels.c uses, for a processor that cmocka is not installed for: the
// first failure ends the program.
#ifndef GROVE_TESTS_UNIT_CROSS_CMOCKA_H
#define GROVE_TESTS_UNIT_CROSS_CMOCKA_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define fail_msg(...)                                                                              \
    do {                                                                                           \
        printf(__VA_ARGS__);                                                                       \
        printf("\n%s:%d: failed\n", __FILE__, __LINE__);                                           \
        exit(1);                                                                                   \
    } while (0)
#define assert_true(condition)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("not true: %s", #condition);                                                  \
    } while (0)
#define assert_null(pointer) assert_true((pointer) == NULL)
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_int_equal(a, b) assert_true((long long)(a) == (long long)(b))
#define assert_in_range(a, least, most)                                                            \
    assert_true((long long)(a) >= (long long)(least) && (long long)(a) <= (long long)(most))
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)
#define assert_string_equal(a, b) assert_true(strcmp(a, b) == 0)
#define print_message(...) printf(__VA_ARGS__)

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
};

#define cmocka_unit_test(function) {#function, function}
#define cmocka_run_group_tests(tests, set_up, tear_down)                                           \
    run_tests(tests, sizeof(tests) / sizeof(tests)[0], set_up)

static inline int run_tests(const struct CMUnitTest *tests, size_t count, int (*set_up)(void **))
{
    void *state = NULL;
    assert_true(set_up(&state) == 0);
    for (size_t i = 0; i < count; i++)
        tests[i].test(&state);
    printf("%zu tests passed\n", count);
    return 0;
}

#endif
