// SPDX-License-Identifier: Apache-2.0
#include "../../support/main.h"

#include "base/check.h"
#include "query/plan.h"
#include "sync/examine.h"

// An examined graph of 100,000 points, and nothing changed since.
static struct moment examined(void)
{
    return (struct moment){
        .revision = 100000,
        .examination = {.examined_at_us = 1,
                        .depth = 10,
                        .graph = "a",
                        .revision = 100000,
                        .points = 100000,
                        .ef = 256,
                        .ef_filtered = 512,
                        .plausible = 0.4,
                        .plausible_vectors = 0.7},
    };
}

static const int64_t many = 100000, very_many = EXAMINE_FILTERED_POINTS + 1,
                     too_many = PLAN_EXACT_ROWS_MAX + 1;

struct row {
    const char *what;
    struct plan_facts facts;
    struct moment moment;
    enum plan_method method;
    unsigned ef; // 0: not asked
    bool trusted;
};

static void assert_plans(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct plan_facts facts = rows[i].facts;
        facts.best_max = facts.best_max ? facts.best_max : 10;
        facts.moment = &rows[i].moment;
        struct plan plan = plan_make(&facts);
        if (plan.method != rows[i].method || plan.ef != rows[i].ef ||
            (plan.graph[0] != '\0') != rows[i].trusted || !plan.reason)
            fail_msg("%s: method %d, ef %u, %s", rows[i].what, (int)plan.method, plan.ef,
                     plan.reason ? plan.reason : "no reason");
    }
}

static void every_fact_counts(void **state)
{
    struct moment none = {.revision = 100000, .examination.examined_at_us = INT64_MIN};
    struct moment nameless = examined(), changed = examined(), restored = examined(),
                  within = examined();
    struct moment useless = examined(), small = examined(), half = examined();
    (void)state;
    nameless.examination.graph[0] = '\0';
    changed.revision += 5001;
    restored.revision -= 1;
    within.revision += 5000;
    useless.examination.ef = useless.examination.ef_filtered = 0;
    half.examination.ef_filtered = 0;
    small.examination.points = 2000;
    small.revision += 1000; // half of its points, yet few
    const struct row rows[] = {
        {"asked for",
         {.asked = GROVE_STRATEGY_RELATIONAL, .exact = true},
         none,
         PLAN_RELATIONAL,
         0,
         0},
        {"exactly", {.exact = true, .rows_max = too_many}, examined(), PLAN_EXACT, 0, 0},
        {"few rows", {.rows_max = VECTOR_EXACT_POINTS}, examined(), PLAN_EXACT, 0, 0},
        {"no rows", {.rows_max = 0}, none, PLAN_EXACT, 0, 0},
        {"one more", {.rows_max = VECTOR_EXACT_POINTS + 1}, examined(), PLAN_GRAPH, 256, true},
        {"filtered", {.rows_max = many, .filtered = true}, examined(), PLAN_EXACT, 0, 0},
        {"filtered, very many",
         {.rows_max = very_many, .filtered = true},
         examined(),
         PLAN_GRAPH,
         512,
         true},
        {"never examined", {.rows_max = many}, none, PLAN_EXACT, 0, 0},
        {"nothing to examine", {.rows_max = many}, nameless, PLAN_EXACT, 0, 0},
        {"more rows than it was examined for",
         {.rows_max = many, .best_max = 11},
         examined(),
         PLAN_EXACT,
         0,
         0},
        {"much has changed", {.rows_max = many}, changed, PLAN_EXACT, 0, 0},
        {"older than its examination", {.rows_max = many}, restored, PLAN_EXACT, 0, 0},
        {"just not much", {.rows_max = many}, within, PLAN_GRAPH, 256, true},
        {"few changes of few points", {.rows_max = many}, small, PLAN_GRAPH, 256, true},
        {"a graph that misses rows", {.rows_max = many}, useless, PLAN_EXACT, 0, 0},
        {"one that does under filters",
         {.rows_max = very_many, .filtered = true},
         half,
         PLAN_EXACT,
         0,
         0},
        {"it without one", {.rows_max = many}, half, PLAN_GRAPH, 256, true},
        {"too many rows", {.rows_max = too_many}, none, PLAN_GRAPH, PLAN_EF_UNKNOWN, false},
        {"too many rows, examined", {.rows_max = too_many}, examined(), PLAN_GRAPH, 256, true},
    };
    assert_plans(rows, ARRAY_COUNT(rows));
}

// As many can be expected among the best 40 as twice the rows wanted.
static void where_most_rows_match_the_graph_is_asked_under_a_filter(void **state)
{
    struct moment none = {.revision = 100000, .examination.examined_at_us = INT64_MIN};
    struct moment deep = examined(), useless = examined();
    (void)state;
    deep.examination.depth = useless.examination.depth = 40;
    useless.examination.ef = 0;
    const struct plan_facts half = {.rows_max = many, .filtered = true, .rows_likely = 50000};
    struct plan_facts fewer = half, more = half, folded = half;
    fewer.rows_likely--;
    more.best_max = 11;
    folded.folds = true;
    const struct row rows[] = {{"half of them match", half, deep, PLAN_GRAPH, 256, true},
                               {"fewer match", fewer, deep, PLAN_EXACT, 0, 0},
                               {"more are wanted", more, deep, PLAN_EXACT, 0, 0},
                               {"documents are folded", folded, deep, PLAN_EXACT, 0, 0},
                               {"a graph that misses rows", half, useless, PLAN_EXACT, 0, 0},
                               {"never examined", half, none, PLAN_EXACT, 0, 0}};
    assert_plans(rows, ARRAY_COUNT(rows));
}

static void what_is_asked_for_exactly_is_pushed_down_so(void **state)
{
    struct moment moment = examined();
    struct plan_facts facts = {.asked = GROVE_STRATEGY_PUSH_DOWN,
                               .exact = true,
                               .rows_max = many,
                               .best_max = 10,
                               .moment = &moment};
    (void)state;
    assert_int_equal(plan_make(&facts).method, PLAN_EXACT);
}

static void a_vector_is_believed_from_a_score_of_its_own(void **state)
{
    struct moment moment = examined();
    struct plan_facts facts = {.rows_max = many, .best_max = 10, .moment = &moment};
    (void)state;
    assert_float_equal(plan_make(&facts).plausible, 0.7, 0);
    facts.for_text = true;
    assert_float_equal(plan_make(&facts).plausible, 0.4, 0);
}

static void no_more_rows_than_revisions(void **state)
{
    struct moment moment = {.revision = 70, .examination.examined_at_us = INT64_MIN};
    (void)state;
    assert_int_equal(moment_rows_max(&moment), 70);
    moment = (struct moment){.revision = 70,
                             .examination = {.examined_at_us = 1, .revision = 60, .points = 12}};
    assert_int_equal(moment_rows_max(&moment), 22);
    moment.examination.revision = 71; // of another history: it says nothing here
    assert_int_equal(moment_rows_max(&moment), 70);
}

static void what_waits_is_sooner_found_among_few(void **state)
{
    struct moment moment = {.outbox_bytes = (int64_t)100000 * PLAN_OUTBOX_ROW_BYTES};
    (void)state;
    assert_true(plan_is_among_places(&moment, 4000, 1999, false));
    assert_false(plan_is_among_places(&moment, 4000, 2000, false));
    assert_false(plan_is_among_places(&moment, PLAN_WAITING_MANY - 1, 0, false));
    assert_true(plan_is_among_places(&moment, 4000, 249, true));
    assert_false(plan_is_among_places(&moment, 4000, 250, true));
    // Its size tells how many there are where they were not all counted, and only there.
    assert_true(plan_is_among_places(&moment, PLAN_WAITING_COUNTED, 49999, false));
    assert_false(plan_is_among_places(&moment, PLAN_WAITING_COUNTED, 50000, false));
    assert_false(plan_is_among_places(&moment, PLAN_WAITING_COUNTED - 1, 49999, false));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fact_counts),
        cmocka_unit_test(where_most_rows_match_the_graph_is_asked_under_a_filter),
        cmocka_unit_test(what_is_asked_for_exactly_is_pushed_down_so),
        cmocka_unit_test(a_vector_is_believed_from_a_score_of_its_own),
        cmocka_unit_test(no_more_rows_than_revisions),
        cmocka_unit_test(what_waits_is_sooner_found_among_few),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
