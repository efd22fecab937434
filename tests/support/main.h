// SPDX-License-Identifier: Apache-2.0
//
// How a test program begins and ends.
//
//     int main(int argc, char **argv)
//     {
//         const struct CMUnitTest tests[] = {STORES_TEST(rows_are_leased_once), ...};
//         return test_main(argc, argv, tests, ARRAY_COUNT(tests));
//     }
//
// `u_projection rows_are_leased_once` runs one test, `u_projection 'rows_*'` several;
// CMOCKA_TEST_FILTER does the same. `u_projection --list` prints their names.
#ifndef GROVE_TESTS_SUPPORT_MAIN_H
#define GROVE_TESTS_SUPPORT_MAIN_H

#include "../unit/test.h"

enum { TEST_SKIPPED = 77 }; // the exit status that meson counts as a skip

// Runs the tests, then ends the program's home and its servers (postgres.h). Where the assets are
// missing nothing runs: the exit status is TEST_SKIPPED, and the reason is printed.
int test_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count);

#endif
