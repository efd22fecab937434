// SPDX-License-Identifier: Apache-2.0
// Bytes that are to be a vector, as somebody may have left them: read, and made of length 1.
#include "../test.h"

#include <math.h>

#include "vector/direction.h"

static struct text bytes_of(const float *numbers)
{
    return (struct text){(const char *)numbers, VECTOR_DIMENSION * sizeof *numbers};
}

static void why_it_is_none_is_told_to_who_asks(void **state)
{
    float numbers[VECTOR_DIMENSION] = {0};
    const char *reason = NULL;
    struct text shorter = {(const char *)numbers, sizeof numbers - 1};
    (void)state;
    assert_null(direction_read(bytes_of(numbers), &reason));
    assert_string_equal(reason, "all zero");
    assert_null(direction_read(shorter, &reason));
    assert_string_equal(reason, "not 1536 bytes");
    numbers[3] = NAN;
    assert_null(direction_read(bytes_of(numbers), &reason));
    assert_string_equal(reason, "a number in it is not finite");
    numbers[3] = -2;
    assert_ptr_equal(direction_read(bytes_of(numbers), &reason), numbers);
}

static void who_asks_for_no_reason_gets_none(void **state)
{
    float numbers[VECTOR_DIMENSION] = {0};
    (void)state;
    assert_null(direction_read((struct text){NULL, 0}, NULL));
    assert_null(direction_read((struct text){"ab", 2}, NULL));
    assert_null(direction_read(bytes_of(numbers), NULL));
    numbers[0] = INFINITY;
    assert_null(direction_read(bytes_of(numbers), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(why_it_is_none_is_told_to_who_asks),
        cmocka_unit_test(who_asks_for_no_reason_gets_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
