// SPDX-License-Identifier: Apache-2.0
// What a batch of a load must be: before it is written, with its leaves, and with its ids.
#include "../test.h"

#include "content/batch.h"

static const struct record_tree trees[2];
static struct store *a_store;

static void fill(struct batch *batch)
{
    const struct text branch = text_of("a"), limb = text_of("b");
    memset(batch, 0, sizeof *batch);
    batch->store = a_store;
    batch->origin = "supplied";
    batch->count = batch->leaf_count = 2;
    for (size_t i = 0; i < 2; i++) {
        struct text leaf = text_of(i == 0 ? "c" : "d");
        batch->leaves[i] = (struct batch_leaf){&trees[0], branch, limb, leaf, {NULL, 0}, 0};
        batch->records[i] = (struct record){.tree = &trees[0],
                                            .branch = branch,
                                            .limb = limb,
                                            .leaf = leaf,
                                            .content_type = text_of("Note"),
                                            .title = text_of("A title"),
                                            .summary = text_of("A summary."),
                                            .chunk_number = 1};
        batch->leaf_of[i] = i;
        batch->content_ids[i] = (int32_t)i + 1;
    }
}

static void lose_the_store(struct batch *batch)
{
    batch->store = NULL;
}

static void lose_the_origin(struct batch *batch)
{
    batch->origin = NULL;
}

static void make_an_origin_up(struct batch *batch)
{
    batch->origin = "computed";
}

static void take_too_many(struct batch *batch)
{
    batch->count = BATCH_ROWS_MAX + 1;
}

static void take_too_many_leaves(struct batch *batch)
{
    batch->leaf_count = BATCH_ROWS_MAX + 1;
}

static void lose_a_limb(struct batch *batch)
{
    batch->leaves[1].limb = (struct text){NULL, 0};
}

static void have_a_leaf_twice(struct batch *batch)
{
    batch->leaves[1] = batch->leaves[0];
}

static void lose_a_tree(struct batch *batch)
{
    batch->records[1].tree = NULL;
}

static void lose_a_title(struct batch *batch)
{
    batch->records[0].title = (struct text){NULL, 0};
}

static void count_from_zero(struct batch *batch)
{
    batch->records[0].chunk_number = 0;
}

static void lie_on_no_leaf(struct batch *batch)
{
    batch->leaf_of[1] = 2;
}

static void lie_on_another_leaf(struct batch *batch)
{
    batch->leaf_of[1] = 0;
}

static void lie_in_another_tree(struct batch *batch)
{
    batch->records[1].tree = &trees[1];
}

static void be_one_content(struct batch *batch)
{
    batch->content_ids[1] = batch->content_ids[0];
}

static void every_broken_rule_is_told(void **state)
{
    (void)state;
    typedef const char *check(const struct batch *batch);
    static const struct {
        void (*breaks)(struct batch *batch);
        check *tells; // the first of the checks that does
        const char *rule;
    } rows[] = {
        {lose_the_store, batch_check, "the store"},
        {lose_the_origin, batch_check, "the origin"},
        {make_an_origin_up, batch_check, "the origin"},
        {take_too_many, batch_check, "than there is room for"},
        {take_too_many_leaves, batch_check, "than there is room for"},
        {lose_a_limb, batch_check, "a name is missing"},
        {have_a_leaf_twice, batch_check, "there twice"},
        {lose_a_tree, batch_check, "no place in a tree"},
        {lose_a_title, batch_check, "no type, title or summary"},
        {count_from_zero, batch_check, "out of their bounds"},
        {lie_on_no_leaf, batch_check_placed, "a leaf that is not there"},
        {lie_on_another_leaf, batch_check_placed, "another leaf than it names"},
        {lie_in_another_tree, batch_check_placed, "another leaf than it names"},
        {be_one_content, batch_check_written, "one content"},
    };
    check *const checks[] = {batch_check, batch_check_placed, batch_check_written};
    struct batch *batch = test_malloc(sizeof *batch);
    a_store = (struct store *)(void *)batch; // never looked into
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        fill(batch);
        for (size_t c = 0; c < ARRAY_COUNT(checks); c++)
            assert_null(checks[c](batch));
        rows[i].breaks(batch);
        bool told = false;
        for (size_t c = 0; c < ARRAY_COUNT(checks); c++) {
            const char *rule = checks[c](batch);
            told |= checks[c] == rows[i].tells;
            if (told != (rule != NULL) || (rule && !strstr(rule, rows[i].rule)))
                fail_msg("row %zu, check %zu: %s", i, c, rule ? rule : "nothing was told");
        }
    }
    test_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_broken_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
