// SPDX-License-Identifier: Apache-2.0
#include "../../support/main.h"

#include "base/check.h"
#include "query/best.h"

static void take_pairs(struct best *best, const struct result_score *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        best_add(best, items[i]);
    best_finish(best);
}

static void one_order_whatever_comes_first(void **state)
{
    static const struct result_score orders[][5] = {
        {{1, 0.5}, {2, 0.5}, {3, 0.9}, {4, -0.5}, {5, 0.5}},
        {{5, 0.5}, {4, -0.5}, {3, 0.9}, {2, 0.5}, {1, 0.5}},
        {{2, 0.5}, {5, 0.5}, {1, 0.5}, {3, 0.9}, {4, -0.5}},
    };
    static const int32_t wanted[] = {3, 1, 2};
    (void)state;
    for (size_t o = 0; o < ARRAY_COUNT(orders); o++) {
        struct arena arena;
        struct best best;
        struct grove_error error;
        arena_init(&arena, 1 << 20);
        assert_int_equal(best_init(&best, &arena, 3, &error), GROVE_OK);
        take_pairs(&best, orders[o], 5);
        assert_int_equal(best.count, 3);
        assert_true(best.more);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(best.items[i].content_id, wanted[i]);
        arena_release(&arena);
    }
}

static void a_row_given_twice_is_one(void **state)
{
    static const struct result_score items[] = {{7, 0.25}, {8, 0.5}, {7, 0.25}, {8, 0.5}};
    struct arena arena;
    struct best best;
    struct grove_error error;
    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(best_init(&best, &arena, 2, &error), GROVE_OK);
    take_pairs(&best, items, ARRAY_COUNT(items));
    assert_int_equal(best.count, 2);
    assert_false(best.more); // there is no third
    assert_int_equal(best.items[0].content_id, 8);
    best_clear(&best);
    assert_int_equal(best.count, 0);
    arena_release(&arena);
}

// More rows than there is room for, the best of them last and first.
static void room_is_bounded(void **state)
{
    enum { ROWS = 3 * BEST_SPARE + 17 };
    struct arena arena;
    struct best best;
    struct grove_error error;
    (void)state;
    for (int upwards = 0; upwards < 2; upwards++) {
        arena_init(&arena, 1 << 20);
        assert_int_equal(best_init(&best, &arena, 10, &error), GROVE_OK);
        for (int i = 0; i < ROWS; i++) {
            int32_t id = upwards ? i : ROWS - 1 - i;
            best_add(&best, (struct result_score){id, (double)(id / 2) / (double)ROWS});
        }
        best_finish(&best);
        assert_int_equal(best.count, 10);
        assert_true(best.more);
        assert_int_equal(best.items[0].content_id, ROWS - 1);
        for (size_t i = 1; i + 1 < 10; i += 2) // two of one score, the lower id first
            assert_int_equal(best.items[i].content_id + 1, best.items[i + 1].content_id);
        arena_release(&arena);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_order_whatever_comes_first),
        cmocka_unit_test(a_row_given_twice_is_one),
        cmocka_unit_test(room_is_bounded),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
