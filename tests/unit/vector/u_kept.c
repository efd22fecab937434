// SPDX-License-Identifier: Apache-2.0
#include "../test.h"

#include <math.h>

#include "vector/kept.h"

static struct kept_points *points_of(int64_t list, size_t count)
{
    struct kept_points *points = kept_new(count);
    assert_non_null(points);
    points->list = list;
    for (size_t i = 0; i < count; i++) {
        float *direction = points->directions + i * VECTOR_DIMENSION;
        memset(direction, 0, VECTOR_DIMENSION * sizeof *direction);
        direction[i] = 0.6F; // each toward an axis of its own, and all toward the last
        direction[VECTOR_DIMENSION - 1] = 0.8F;
        points->ids[i] = (int32_t)(10 * i);
        points->revisions[i] = (int64_t)i;
    }
    points->count = count;
    return points;
}

static void cosines_are_told_from_the_least_on(void **state)
{
    enum { COUNT = 20, AXIS = 7 };
    struct arena arena;
    struct vector_hits hits;
    struct grove_error error;
    float vector[VECTOR_DIMENSION] = {0};
    struct kept_points *points = points_of(1, COUNT);
    (void)state;
    arena_init(&arena, 1 << 16);
    vector[AXIS] = 0.6F;
    vector[VECTOR_DIMENSION - 1] = 0.8F;
    assert_ok(kept_search(points, vector, -INFINITY, &arena, &hits, &error), error);
    assert_int_equal(hits.count, COUNT);
    assert_int_equal(hits.shown, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(hits.items[i].content_id, 10 * i);
        assert_int_equal(hits.items[i].revision, i);
        assert_float_equal(hits.items[i].score, i == (size_t)AXIS ? 1.0F : 0.64F, 1e-6F);
    }
    assert_ok(kept_search(points, vector, 0.65F, &arena, &hits, &error), error);
    assert_int_equal(hits.count, 1);
    assert_int_equal(hits.items[0].content_id, 10 * AXIS);
    // What is exactly as good as the least has a place.
    float best = hits.items[0].score;
    assert_ok(kept_search(points, vector, best, &arena, &hits, &error), error);
    assert_int_equal(hits.count, 1);
    assert_ok(kept_search(points, vector, nextafterf(best, 2), &arena, &hits, &error), error);
    assert_int_equal(hits.count, 0);
    kept_give(&points);
    assert_null(points);
    arena_release(&arena);
}

static void what_was_taken_stays_when_others_are_put(void **state)
{
    struct kept_slot slot;
    (void)state;
    kept_slot_init(&slot);
    assert_null(kept_take(&slot));
    kept_put(&slot, points_of(1, 3));
    struct kept_points *first = kept_take(&slot), *again = kept_take(&slot);
    assert_ptr_equal(first, again);
    kept_put(&slot, points_of(2, 5));
    assert_int_equal(first->list, 1);
    assert_int_equal(first->ids[2], 20);
    struct kept_points *second = kept_take(&slot);
    assert_int_equal(second->list, 2);
    kept_give(&again);
    assert_int_equal(first->directions[0] > 0, 1);
    kept_give(&first);
    kept_give(&second);
    kept_slot_release(&slot);
}

static void a_list_is_wanted_again_the_second_time(void **state)
{
    struct kept_slot slot;
    (void)state;
    kept_slot_init(&slot);
    assert_false(kept_is_wanted_again(&slot, 7));
    assert_true(kept_is_wanted_again(&slot, 7));
    assert_false(kept_is_wanted_again(&slot, 8));
    assert_false(kept_is_wanted_again(&slot, 7));
    kept_slot_release(&slot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cosines_are_told_from_the_least_on),
        cmocka_unit_test(what_was_taken_stays_when_others_are_put),
        cmocka_unit_test(a_list_is_wanted_again_the_second_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
