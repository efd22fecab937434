// SPDX-License-Identifier: Apache-2.0
// What was found of a graph, where a doubt comes and goes: it is believed by nobody meanwhile, and
// holds on where the comparison of both stores found nothing that differs.
#include "histories.h"

#include "sync/examine.h"

// As the first command after it.
static void notice(struct test_stores *stores)
{
    struct grove_error error;
    check_well(stores);
    assert_ok(store_reread_model(&stores->store, NULL, &error), error);
}

static void cut_history(struct test_stores *stores)
{
    test_sql(stores,
             "INSERT INTO grove.examination (collection, graph, revision, points, ef, ef_filtered,"
             " plausible, unreached, queries, recall, recall_worst, seconds)"
             " VALUES ('%s', 'a graph', 1, 1, 128, 128, 0, '{}', 1, 1, 1, 1);"
             "UPDATE grove.lineage SET timeline = 'another', written = pg_current_xact_id()::xid",
             stores->store.collection);
    notice(stores);
    assert_true(is_doubted(stores));
}

static const char *graph_of(struct test_stores *stores)
{
    return test_sql_text(stores, "SELECT string_agg(graph, ' ') FROM grove.examination");
}

// Eight minutes of work at 100,000 rows: they are not done again for nothing.
static void what_was_found_holds_on_where_nothing_differs(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    cut_history(stores);
    assert_string_equal(graph_of(stores), "doubted:0:a graph"); // no search believes it
    drain(stores);
    assert_false(is_doubted(stores));
    assert_string_equal(graph_of(stores), "a graph");
    assert_agreed(stores);
}

static void what_was_found_goes_where_a_point_is_missing(struct test_stores *stores)
{
    int32_t id = make_projected(stores, 0.5F);
    cut_history(stores);
    fake_engine_take(stores->fake, id);
    drain(stores);
    assert_null(graph_of(stores));
    assert_agreed(stores);
}

static void what_was_found_goes_where_a_point_is_too_many(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    cut_history(stores);
    fake_engine_put(stores->fake, &(struct fake_point){.id = 9, .revision = 3, .vector = {1}});
    drain(stores);
    assert_null(graph_of(stores));
    assert_agreed(stores);
}

// A library that does not know what is set aside compared a part: what differed there is not known.
// Up to a number of as many digits as what is set aside has: so its name would come out whole.
static void what_was_found_goes_where_an_older_library_compared(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    cut_history(stores);
    test_sql(stores, "UPDATE grove.lineage SET compared_from = 2,"
                     " written = pg_current_xact_id()::xid");
    drain(stores);
    assert_false(is_doubted(stores));
    assert_null(graph_of(stores));
}

static void another_doubt_begins_anew(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    cut_history(stores);
    test_sql(stores, "UPDATE grove.examination SET graph = 'doubted:2147483648:a graph';"
                     "UPDATE grove.lineage SET timeline = 'a third',"
                     " written = pg_current_xact_id()::xid");
    notice(stores);
    assert_string_equal(graph_of(stores), "doubted:0:a graph");
    drain(stores);
    assert_string_equal(graph_of(stores), "a graph");
}

static void nothing_is_examined_in_doubt(struct test_stores *stores)
{
    struct examine_report report;
    struct grove_error error;
    make_projected(stores, 0.5F);
    cut_history(stores);
    assert_ok(examine(&stores->store, NULL, NULL, &report, &error), error);
    assert_int_equal(report.outcome, EXAMINE_ELSEWHERE);
    assert_string_equal(graph_of(stores), "doubted:0:a graph");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(what_was_found_holds_on_where_nothing_differs),
        STORES_TEST(what_was_found_goes_where_a_point_is_missing),
        STORES_TEST(what_was_found_goes_where_a_point_is_too_many),
        STORES_TEST(what_was_found_goes_where_an_older_library_compared),
        STORES_TEST(another_doubt_begins_anew),
        STORES_TEST(nothing_is_examined_in_doubt),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
