// SPDX-License-Identifier: Apache-2.0
// What a batch of a projector must be, from its lease until it is acknowledged.
#include "../test.h"

#include "sync/projector_private.h"

enum { ROWS = 4 };

// Contents 1 and 3 live, 2 is gone, 4 was being changed by somebody and was put back.
struct leased {
    struct projector_batch batch;
    struct store store;
    struct projector_report report;
    int32_t content_ids[ROWS];
    int64_t revisions[ROWS];
    struct vector_point points[ROWS];
    struct text texts[ROWS];
    int32_t removed_ids[ROWS];
    int64_t removed_revisions[ROWS];
    float vector[VECTOR_DIMENSION];
};

static void fill(struct leased *all)
{
    *all = (struct leased){
        .content_ids = {3, 1, 2, 4},
        .revisions = {30, 10, 20, -1},
        .points = {{.content_id = 1, .revision = 10}, {.content_id = 3, .revision = 30}},
        .texts = {{NULL, 0}, {"a text", 6}},
        .removed_ids = {2},
        .removed_revisions = {20},
    };
    all->points[0].vector = all->vector;
    all->batch = (struct projector_batch){
        .store = &all->store,
        .report = &all->report,
        .owner = "1-abc",
        .leased_at_us = 1,
        .count = ROWS,
        .content_ids = all->content_ids,
        .revisions = all->revisions,
        .point_count = 2,
        .points = all->points,
        .texts = all->texts,
        .removed_count = 1,
        .removed_ids = all->removed_ids,
        .removed_revisions = all->removed_revisions,
    };
}

static void lose_what_was_read(struct leased *all)
{
    all->batch.points = NULL;
    all->batch.texts = NULL;
    all->batch.removed_ids = NULL;
    all->batch.removed_revisions = NULL;
}

static void whole_batches(void **state)
{
    (void)state;
    struct leased all;
    fill(&all);
    assert_null(projector_batch_check(&all.batch));
    all.revisions[0] = -1; // the engine refused it
    assert_null(projector_batch_check(&all.batch));
    lose_what_was_read(&all); // nothing was read yet
    all.batch.point_count = all.batch.removed_count = 0;
    assert_null(projector_batch_check(&all.batch));
}

static void lose_the_store(struct leased *all)
{
    all->batch.store = NULL;
}

static void lease_none(struct leased *all)
{
    all->batch.count = 0;
}

static void lease_too_many(struct leased *all)
{
    all->batch.count = VECTOR_BATCH_MAX + 1;
}

static void lose_the_revisions(struct leased *all)
{
    all->batch.revisions = NULL;
}

static void lose_the_owner(struct leased *all)
{
    all->batch.owner[0] = '\0';
}

static void lose_the_time(struct leased *all)
{
    all->batch.leased_at_us = 0;
}

static void lease_a_row_twice(struct leased *all)
{
    all->content_ids[3] = 1;
}

static void lose_the_texts(struct leased *all)
{
    all->batch.texts = NULL;
}

static void read_too_many(struct leased *all)
{
    all->batch.removed_count = ROWS - 1;
}

static void let_a_stranger_live(struct leased *all)
{
    all->points[1].content_id = 5;
}

static void let_a_row_live_twice(struct leased *all)
{
    all->points[1] = all->points[0];
}

static void acknowledge_another_revision(struct leased *all)
{
    all->points[1].revision = 31;
}

static void lose_a_vector(struct leased *all)
{
    all->points[0].vector = NULL;
}

static void remove_a_stranger(struct leased *all)
{
    all->removed_ids[0] = 5;
}

static void remove_a_row_twice(struct leased *all)
{
    all->batch.removed_count = 2;
    all->removed_ids[1] = 2;
    all->removed_revisions[1] = 20;
}

static void remove_what_lives(struct leased *all)
{
    all->removed_ids[0] = 1;
}

static void remove_at_another_revision(struct leased *all)
{
    all->removed_revisions[0] = 21;
}

static void acknowledge_what_was_put_back(struct leased *all)
{
    all->revisions[3] = 40;
}

static void every_broken_rule_is_told(void **state)
{
    (void)state;
    static const struct {
        void (*breaks)(struct leased *all);
        const char *rule;
    } rows[] = {
        {lose_the_store, "the store or the report"},
        {lease_none, "the leased rows are none"},
        {lease_too_many, "more than the engine takes"},
        {lose_the_revisions, "the leased rows are not there"},
        {lose_the_owner, "no owner"},
        {lose_the_time, "when the rows were leased"},
        {lease_a_row_twice, "leased twice"},
        {lose_what_was_read, "more rows were read"},
        {lose_the_texts, "some of what was read"},
        {read_too_many, "more rows were read"},
        {let_a_stranger_live, "that was not leased lives"},
        {let_a_row_live_twice, "lives twice"},
        {acknowledge_another_revision, "than it was read at"},
        {lose_a_vector, "neither a vector nor a text"},
        {remove_a_stranger, "that was not leased is to be removed"},
        {remove_a_row_twice, "removed twice"},
        {remove_what_lives, "lives and is to be removed"},
        {remove_at_another_revision, "than it is removed at"},
        {acknowledge_what_was_put_back, "neither lives nor is removed"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct leased all;
        fill(&all);
        rows[i].breaks(&all);
        const char *rule = projector_batch_check(&all.batch);
        if (!rule || !strstr(rule, rows[i].rule))
            fail_msg("row %zu: %s", i, rule ? rule : "nothing was told");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_batches),
        cmocka_unit_test(every_broken_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
