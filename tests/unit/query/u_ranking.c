// SPDX-License-Identifier: Apache-2.0
// What a ranking must be: sorted, each row once, no more than were asked for.
#include "../test.h"

#include <math.h>

#include "query/ranking.h"

enum { ROWS = 4 };

static char connection; // stands for one: the check asks only whether it is there

static void fill(struct ranking *ranking, struct result_score items[static ROWS])
{
    static const struct result_score rows[ROWS] = {{9, 1.0}, {2, 0.5}, {7, 0.5}, {1, -1.0}};
    memcpy(items, rows, sizeof rows);
    *ranking = (struct ranking){.conn = (struct pg_conn *)(void *)&connection,
                                .items = items,
                                .count = ROWS,
                                .best_max = ROWS,
                                .more = true};
}

static void whole_rankings(void **state)
{
    (void)state;
    struct ranking ranking;
    struct result_score items[ROWS];
    fill(&ranking, items);
    assert_null(ranking_check(&ranking));
    ranking.best_max = GROVE_DEPTH_MAX; // all that match
    ranking.more = false;
    assert_null(ranking_check(&ranking));
    ranking.count = 0;
    ranking.items = NULL;
    assert_null(ranking_check(&ranking));
    fill(&ranking, items);
    items[0].score = 1 + 1e-12; // as rounding has it
    assert_null(ranking_check(&ranking));
}

static void lose_the_snapshot(struct ranking *ranking)
{
    ranking->conn = NULL;
}

static void want_none(struct ranking *ranking)
{
    ranking->best_max = 0;
}

static void want_too_many(struct ranking *ranking)
{
    ranking->best_max = GROVE_DEPTH_MAX + 1;
}

static void rank_too_many(struct ranking *ranking)
{
    ranking->best_max = ROWS - 1;
}

static void have_more_and_too_few(struct ranking *ranking)
{
    ranking->count = ROWS - 1;
}

static void lose_the_rows(struct ranking *ranking)
{
    ranking->items = NULL;
}

static void score_nothing(struct ranking *ranking)
{
    ranking->items[1].score = NAN;
}

static void score_without_end(struct ranking *ranking)
{
    ranking->items[0].score = INFINITY;
}

static void score_above_one(struct ranking *ranking)
{
    ranking->items[0].score = 1.001;
}

static void score_below_minus_one(struct ranking *ranking)
{
    ranking->items[ROWS - 1].score = -1.001;
}

static void put_the_worst_first(struct ranking *ranking)
{
    struct result_score first = ranking->items[0];
    ranking->items[0] = ranking->items[ROWS - 1];
    ranking->items[ROWS - 1] = first;
}

static void turn_a_tie_round(struct ranking *ranking)
{
    ranking->items[1].content_id = 7;
    ranking->items[2].content_id = 2;
}

static void rank_a_row_twice(struct ranking *ranking)
{
    ranking->items[ROWS - 1].content_id = ranking->items[0].content_id;
}

static void every_broken_rule_is_told(void **state)
{
    (void)state;
    static const struct {
        void (*breaks)(struct ranking *ranking);
        const char *rule;
    } rows[] = {
        {lose_the_snapshot, "the snapshot"},
        {want_none, "the most rows"},
        {want_too_many, "the most rows"},
        {rank_too_many, "than were asked for"},
        {have_more_and_too_few, "yet fewer are ranked"},
        {lose_the_rows, "are not there"},
        {score_nothing, "not finite"},
        {score_without_end, "not finite"},
        {score_above_one, "between -1 and 1"},
        {score_below_minus_one, "between -1 and 1"},
        {put_the_worst_first, "behind a worse one"},
        {turn_a_tie_round, "order of their ids"},
        {rank_a_row_twice, "ranked twice"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct ranking ranking;
        struct result_score items[ROWS];
        fill(&ranking, items);
        rows[i].breaks(&ranking);
        const char *rule = ranking_check(&ranking);
        if (!rule || !strstr(rule, rows[i].rule))
            fail_msg("row %zu: %s", i, rule ? rule : "nothing was told");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_rankings),
        cmocka_unit_test(every_broken_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
