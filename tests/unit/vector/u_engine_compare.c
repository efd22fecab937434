// SPDX-License-Identifier: Apache-2.0
// What vector/engine.h promises to who compares both stores: points as they stand there, and
// digests of them.
#include "contract.h"

#include <math.h>

#include "vector/fingerprint.h"
#include "vector/point.h"

enum { POINTS = 7 };

// Ids 1 to POINTS, with all that a payload can hold.
static void write_points(struct contract *contract, struct vector_point points[static POINTS])
{
    for (int32_t id = 1; id <= POINTS; id++) {
        points[id - 1] = make_point(contract, id, 100 + id, 0.1F * (float)id);
        points[id - 1].branch_id = id % 2 ? 11 : 0;
        points[id - 1].limb_id = id % 3 ? 12 : 0;
        points[id - 1].word_count = id % 2 ? 300 + id : VECTOR_NONE;
        points[id - 1].chunk_number = id % 3 ? id : VECTOR_NONE;
        points[id - 1].created_at_us = id % 2 ? 1700000000123456 + id : VECTOR_NONE;
        points[id - 1].content_type = text_of(id % 2 ? "Article" : "\"Ärger\" \\ Füße");
    }
    upsert(contract, points, POINTS);
}

static void assert_payload(struct text payload, const struct vector_point *point)
{
    struct strbuf wanted;
    strbuf_init(&wanted, 4096);
    point_add_payload(&wanted, point);
    assert_int_equal(payload.length, wanted.length);
    assert_memory_equal(payload.data, wanted.data, wanted.length);
    strbuf_release(&wanted);
}

static void assert_copy(const struct vector_copy *copy, const struct vector_point *point)
{
    float numbers[VECTOR_DIMENSION];
    assert_int_equal(copy->state.content_id, point->content_id);
    assert_true(copy->state.present);
    assert_int_equal(copy->state.revision, point->revision);
    assert_payload(copy->payload, point);
    point_direction(point->vector, numbers);
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        assert_true(fabsf(numbers[i] - copy->vector[i]) < 1e-6F);
}

static void points_are_read_as_they_stand_there(struct contract *contract)
{
    struct vector_point points[POINTS];
    struct vector_copies copies;
    struct grove_error error;
    int32_t expected = 2;
    write_points(contract, points);
    struct vector_range range = {.first_id = 2, .last_id = 6, .whole = true};
    for (; range.first_id != VECTOR_NONE; range.first_id = copies.next_id) {
        assert_ok(vector_read(contract->engine, NULL, &range, 2, &contract->arena, &copies, &error),
                  error);
        assert_in_range(copies.count, 1, 2);
        for (size_t i = 0; i < copies.count; i++, expected++)
            assert_copy(&copies.items[i], &points[expected - 1]);
    }
    assert_int_equal(expected, 7);
    range = (struct vector_range){.first_id = 0, .last_id = INT32_MAX};
    assert_ok(vector_read(contract->engine, NULL, &range, VECTOR_PAGE_MAX, &contract->arena,
                          &copies, &error),
              error);
    assert_int_equal(copies.count, POINTS);
    assert_null(copies.items[0].vector);
    assert_null(copies.items[0].payload.data);
    assert_int_equal(copies.items[6].state.revision, 107);
    assert_true(copies.next_id == VECTOR_NONE);
}

static void points_are_read_by_their_ids(struct contract *contract)
{
    struct vector_point points[POINTS];
    struct vector_copy copies[4];
    struct grove_error error;
    static const int32_t ids[] = {5, 99, -3, 1};
    struct vector_choice choice = {ids, 4, true};
    write_points(contract, points);
    assert_ok(vector_read_ids(contract->engine, NULL, &choice, &contract->arena, copies, &error),
              error);
    assert_copy(&copies[0], &points[4]);
    assert_copy(&copies[3], &points[0]);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(copies[i].state.content_id, ids[i]);
        assert_false(copies[i].state.present);
    }
}

static struct vector_digest digest_of(struct contract *contract, int64_t first_id, int64_t last_id,
                                      bool whole)
{
    struct vector_range range = {.first_id = first_id, .last_id = last_id, .whole = whole};
    struct vector_digest digest;
    struct grove_error error;
    assert_ok(vector_digest(contract->engine, NULL, &range, &digest, &error), error);
    assert_true(digest.known);
    return digest;
}

static struct vector_digest expect(const struct vector_point *points, size_t count, bool whole)
{
    struct strbuf bytes;
    struct vector_digest digest;
    strbuf_init(&bytes, 1 << 20);
    for (size_t i = 0; i < count; i++)
        if (whole)
            fingerprint_add_whole(&bytes, &points[i]);
        else
            fingerprint_add(&bytes, points[i].content_id, points[i].revision);
    assert_true(fingerprint_end(&bytes, count, &digest));
    strbuf_release(&bytes);
    return digest;
}

static void assert_digest(struct contract *contract, int64_t first_id, int64_t last_id,
                          const struct vector_point *points, size_t count)
{
    for (int whole = 0; whole < 2; whole++) {
        struct vector_digest there = digest_of(contract, first_id, last_id, whole);
        struct vector_digest wanted = expect(points, count, whole);
        assert_int_equal(there.points, count);
        assert_string_equal(there.hex, wanted.hex);
    }
}

static void a_digest_is_of_what_points_hold(struct contract *contract)
{
    struct vector_point points[POINTS];
    write_points(contract, points);
    assert_digest(contract, 0, INT32_MAX, points, POINTS);
    assert_digest(contract, 2, 4, points + 1, 3);
    assert_digest(contract, 7, 7, points + 6, 1);
    assert_digest(contract, 8, INT32_MAX, points, 0);
    // Whatever is changed changes it.
    struct vector_digest before = digest_of(contract, 0, INT32_MAX, true);
    points[3].word_count = 1;
    upsert(contract, &points[3], 1);
    assert_string_not_equal(digest_of(contract, 0, INT32_MAX, true).hex, before.hex);
    assert_digest(contract, 0, INT32_MAX, points, POINTS);
    points[2].vector = contract->vectors[40].numbers;
    contract->vectors[40] = test_toward(0.77F, 9);
    upsert(contract, &points[2], 1);
    assert_digest(contract, 0, INT32_MAX, points, POINTS);
}

static void a_digest_is_of_what_a_filter_leaves(struct contract *contract)
{
    struct vector_point points[POINTS], left[POINTS];
    struct vector_digest digest;
    struct grove_error error;
    size_t count = 0;
    struct vector_filter filter = VECTOR_FILTER_ANY;
    struct vector_range range = {.last_id = INT32_MAX, .filter = &filter, .whole = true};
    write_points(contract, points);
    filter.branch_id = 11;
    for (size_t i = 0; i < POINTS; i++)
        if (points[i].branch_id == 11)
            left[count++] = points[i];
    assert_ok(vector_digest(contract->engine, NULL, &range, &digest, &error), error);
    assert_int_equal(digest.points, count);
    assert_string_equal(digest.hex, expect(left, count, true).hex);
    filter = (struct vector_filter)VECTOR_FILTER_ANY;
    filter.by_leaf = true; // of no leaf at all
    assert_ok(vector_digest(contract->engine, NULL, &range, &digest, &error), error);
    assert_false(digest.known);
}

static void there_are_no_strangers(struct contract *contract)
{
    struct vector_strangers strangers;
    struct grove_error error;
    upsert_one(contract, 63, 10, 0.5F);
    assert_ok(vector_strangers(contract->engine, NULL, (struct text){NULL, 0}, &contract->arena,
                               &strangers, &error),
              error);
    assert_int_equal(strangers.count, 0);
    assert_null(strangers.next.data);
}

#define CASES(CASE)                                                                                \
    CASE(points_are_read_as_they_stand_there)                                                      \
    CASE(points_are_read_by_their_ids)                                                             \
    CASE(a_digest_is_of_what_points_hold)                                                          \
    CASE(a_digest_is_of_what_a_filter_leaves) CASE(there_are_no_strangers)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {CASES(CONTRACT_BOTH)};
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
