// SPDX-License-Identifier: Apache-2.0
#include "../test.h"

#include "sync/backoff.h"

static void it_doubles_up_to_a_bound(void **state)
{
    (void)state;
    static const unsigned wanted[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
    struct backoff backoff = {0};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_int_equal(backoff_fail(&backoff), wanted[i]);
}

static void what_worked_begins_anew(void **state)
{
    (void)state;
    struct backoff backoff = {0};
    for (int i = 0; i < 5; i++)
        (void)backoff_fail(&backoff);
    backoff_clear(&backoff);
    assert_int_equal(backoff.pause_ms, 0);
    assert_int_equal(backoff_fail(&backoff), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_doubles_up_to_a_bound),
        cmocka_unit_test(what_worked_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
