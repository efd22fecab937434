// SPDX-License-Identifier: Apache-2.0
// What vector/engine.h promises of a collection's marks, and of its points page by page.
#include "contract.h"

static struct vector_marks marks_of(struct contract *contract)
{
    struct vector_marks marks = {.count = 99};
    struct grove_error error;
    assert_ok(vector_marks(contract->engine, NULL, &marks, &error), error);
    return marks;
}

static void marks_are_no_points(struct contract *contract)
{
    static const struct vector_mark first = {"00112233445566778899aabbccddeeff", 1,
                                             "0123456789abcdef", "1111111111111111"},
                                    second = {"00112233445566778899aabbccddeeff", 12345678901,
                                              "fedcba9876543210", "2222222222222222"};
    struct grove_error error;
    upsert_one(contract, 1, 10, 0.5F);
    assert_int_equal(marks_of(contract).count, 0);
    for (int i = 0; i < 2; i++)
        assert_ok(vector_mark(contract->engine, NULL, &first, &error), error);
    struct vector_marks marks = marks_of(contract);
    assert_int_equal(marks.count, 1);
    assert_true(vector_mark_equal(&marks.items[0], &first));
    assert_ok(vector_mark(contract->engine, NULL, &second, &error), error);
    assert_int_equal(marks_of(contract).count, 2);
    for (int i = 0; i < 2; i++)
        assert_ok(vector_unmark(contract->engine, NULL, &first, &error), error);
    marks = marks_of(contract);
    assert_int_equal(marks.count, 1);
    assert_true(vector_mark_equal(&marks.items[0], &second));
    assert_int_equal(count_points(contract, NULL), 1);
    assert_string_equal(found(contract, &(struct vector_filter)VECTOR_FILTER_ANY), "1");
    assert_ok(vector_ensure_collection(contract->engine, NULL, &error), error);
    assert_int_equal(marks_of(contract).count, 1);
    assert_ok(vector_unmark(contract->engine, NULL, &second, &error), error);
}

static void pages_have_all_points(struct contract *contract)
{
    struct vector_page page;
    struct grove_error error;
    for (int32_t id = 1; id <= 7; id++)
        upsert_one(contract, 8 - id, 10 + id, 0.5F);
    int32_t expected = 1;
    for (int64_t from = 0; from != VECTOR_NONE; from = page.next_id) {
        assert_ok(vector_scan(contract->engine, NULL, from, 3, &page, &error), error);
        assert_true(page.count <= 3);
        for (size_t i = 0; i < page.count; i++, expected++) {
            assert_int_equal(page.states[i].content_id, expected);
            assert_int_equal(page.states[i].revision, 18 - expected);
            assert_true(page.states[i].present);
        }
    }
    assert_int_equal(expected, 8);
    assert_ok(vector_scan(contract->engine, NULL, 6, 10, &page, &error), error);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.states[0].content_id, 6);
    assert_ok(vector_scan(contract->engine, NULL, 8, 10, &page, &error), error);
    assert_int_equal(page.count, 0);
    assert_true(page.next_id == VECTOR_NONE);
}

#define CASES(CASE) CASE(marks_are_no_points) CASE(pages_have_all_points)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {CASES(CONTRACT_BOTH)};
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
