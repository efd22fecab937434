// SPDX-License-Identifier: Apache-2.0
#include "../test.h"

#include "attach/locked.h"
#include "base/clock.h"

// A call that is over, and whoever it has waited for before.
static struct locked waited_in(struct call *call, unsigned attempts)
{
    call_init(call);
    call_within(call, 1);
    clock_sleep_ms(5);
    return (struct locked){.call = call, .attempts = attempts, .holder = "process 7"};
}

// Whether a try or a pause was under way when the time was over.
static void a_call_that_ends_in_a_try_tells_what_it_waited_for(void **state)
{
    struct call call;
    struct grove_error error;
    struct locked locked = waited_in(&call, 3);
    enum grove_code code = call_check(&call, &error);
    (void)state;
    assert_int_equal(code, GROVE_TIMEOUT);
    assert_false(locked_again(&locked, &code, &error));
    assert_int_equal(code, GROVE_TIMEOUT);
    assert_string_equal(error.context, "waiting for a lock on the table held by process 7");
    assert_true(error.hint[0]);
}

static void who_has_waited_for_nobody_tells_of_nobody(void **state)
{
    struct call call;
    struct grove_error error;
    struct locked locked = waited_in(&call, 0);
    enum grove_code code = call_check(&call, &error);
    (void)state;
    assert_false(locked_again(&locked, &code, &error));
    assert_string_equal(error.context, "");
}

// What else failed is told, however late it is.
static void another_failure_stays_what_it_is(void **state)
{
    struct call call;
    struct grove_error error;
    struct locked locked = waited_in(&call, 3);
    enum grove_code code = error_set(&error, GROVE_DENIED, "not yours");
    (void)state;
    assert_false(locked_again(&locked, &code, &error));
    assert_int_equal(code, GROVE_DENIED);
    assert_string_equal(error.message, "not yours");
    assert_string_equal(error.context, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_ends_in_a_try_tells_what_it_waited_for),
        cmocka_unit_test(who_has_waited_for_nobody_tells_of_nobody),
        cmocka_unit_test(another_failure_stays_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
