// SPDX-License-Identifier: Apache-2.0
// What an examination lists, what it chooses, when it is due, and what it does not believe. The
// rows are in groups: of a group's rows each two have a cosine of 0.81, of two groups' rows 0.
#include "projecting.h"

#include "../../support/thread.h"

#include "base/clock.h"

#include <math.h>

#include "base/strbuf.h"
#include "sync/examine.h"

enum { GROUP = 12, GROUPS = 5, ROWS = GROUP * GROUPS, EXACT_ROWS = 20, FEW = 15 };

static struct test_vector member(int group, int row, float cosine)
{
    struct test_vector vector = {{0}};
    vector.numbers[group] = cosine;
    vector.numbers[100 + row] = sqrtf(1 - cosine * cosine);
    return vector;
}

static void let_exact_rows_be(int64_t rows)
{
    inject_set_knob(INJECT_KNOB_EXACT_ROWS, rows);
}

// Ids 1 to `rows`, all in the engine. Every second row is of another type.
static void fill(struct test_stores *stores, int rows)
{
    let_exact_rows_be(EXACT_ROWS);
    int32_t leaf = test_leaf(stores, "Leaf");
    test_sql(stores,
             "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
             " content_summary, chunk_number, word_count)"
             " SELECT 'subject1_hierarchy', %d, CASE n %% 3 WHEN 0 THEN 'Note' ELSE 'Article' END,"
             " 'Title of ' || n, 'Summary', n, n FROM generate_series(1, %d) AS n ORDER BY n",
             leaf, rows);
    for (int i = 0; i < rows; i++)
        test_vector_give(stores, i + 1, member(i / GROUP, i, 0.9F).numbers);
    drain(stores);
    assert_int_equal(fake_engine_points(stores->fake), rows);
}

static struct examine_report examine_all(struct test_stores *stores)
{
    struct examine_report report;
    struct grove_error error;
    assert_ok(examine(&stores->store, NULL, NULL, &report, &error), error);
    return report;
}

static struct examine_report look(struct test_stores *stores)
{
    struct examine_report report;
    struct grove_error error;
    assert_ok(examine_look(&stores->store, NULL, &report, &error), error);
    return report;
}

static int64_t count_rows(struct test_stores *stores, const char *condition)
{
    return test_sql_int(stores, "SELECT count(*) FROM grove.examination WHERE %s", condition);
}

static const char *listed(struct test_stores *stores)
{
    return test_sql_text(stores, "SELECT unreached::text FROM grove.examination");
}

static void change_many(struct test_stores *stores, int64_t changes)
{
    test_sql(stores,
             "SELECT setval('grove.revision_seq', (SELECT last_value FROM grove.revision_seq)"
             " + %lld)",
             (long long)changes);
}

// --- whether it is due --------------------------------------------------------------------------

static void few_contents_are_noted(struct test_stores *stores)
{
    fill(stores, FEW);
    assert_int_equal(examine_all(stores).outcome, EXAMINE_NEEDLESS);
    assert_int_equal(count_rows(stores, "graph = '' AND points = 15 AND ef = 0"), 1);
    const char *first = test_sql_text(stores, "SELECT examined_at FROM grove.examination");
    examine_all(stores);
    assert_string_equal(test_sql_text(stores, "SELECT examined_at FROM grove.examination"), first);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_SEARCH), 0);
    assert_int_equal(look(stores).outcome, EXAMINE_NEEDLESS);
}

// Readers add the changes since to what is noted, and there are few contents still.
static void few_contents_are_noted_again_after_changes(struct test_stores *stores)
{
    fill(stores, FEW);
    examine_all(stores);
    change_many(stores, EXACT_ROWS - FEW);
    examine_all(stores);
    int64_t revision = test_sql_int(stores, "SELECT last_value FROM grove.revision_seq");
    assert_true(test_sql_int(stores, "SELECT revision FROM grove.examination") < revision);
    change_many(stores, 1);
    examine_all(stores);
    assert_int_equal(test_sql_int(stores, "SELECT revision FROM grove.examination"), revision + 1);
}

static void what_holds_is_not_examined_again(struct test_stores *stores)
{
    fill(stores, ROWS);
    assert_int_equal(look(stores).outcome, EXAMINE_DUE);
    assert_int_equal(examine_all(stores).outcome, EXAMINE_DONE);
    unsigned long searches = fake_engine_calls(stores->fake, ENGINE_SEARCH);
    change_many(stores, 1000);
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.outcome, EXAMINE_CURRENT);
    assert_int_equal(report.ef, 128);
    assert_int_equal(look(stores).outcome, EXAMINE_CURRENT);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_SEARCH), searches);
    change_many(stores, 1);
    assert_int_equal(look(stores).outcome, EXAMINE_DUE);
    assert_int_equal(examine_all(stores).outcome, EXAMINE_DONE);
}

static void another_graph_is_examined_anew(struct test_stores *stores)
{
    fill(stores, ROWS);
    examine_all(stores);
    fake_engine_set_graph(stores->fake, "another");
    assert_int_equal(look(stores).outcome, EXAMINE_DUE);
    assert_int_equal(examine_all(stores).outcome, EXAMINE_DONE);
    assert_int_equal(count_rows(stores, "graph = 'another'"), 1);
}

static void an_engine_that_builds_is_left_alone(struct test_stores *stores)
{
    fill(stores, ROWS);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.status = "yellow"});
    assert_int_equal(examine_all(stores).outcome, EXAMINE_BUSY);
    assert_int_equal(look(stores).outcome, EXAMINE_BUSY);
    assert_int_equal(count_rows(stores, "true"), 0);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_SEARCH), 0);
}

static void build_anew(struct test_stores *stores)
{
    fake_engine_set_graph(stores->fake, "another");
}

// What was asked of two graphs is told of neither.
static void a_graph_that_changes_meanwhile_is_not_believed(struct test_stores *stores)
{
    fill(stores, ROWS);
    TEST_AT(stores, EXAMINE_JUDGED, build_anew);
    assert_int_equal(examine_all(stores).outcome, EXAMINE_BUSY);
    assert_int_equal(count_rows(stores, "graph = '' AND ef = 0 AND claimed_until IS NULL"), 1);
    assert_int_equal(examine_all(stores).outcome, EXAMINE_DONE);
}

// And it is noticed before all was asked in vain.
static void a_graph_that_changes_is_noticed_early(struct test_stores *stores)
{
    fill(stores, ROWS);
    TEST_AT(stores, EXAMINE_LOOKED_UP, build_anew);
    assert_int_equal(examine_all(stores).outcome, EXAMINE_BUSY);
    assert_int_equal(stores->reached[INJECT_EXAMINE_JUDGED], 0);
}

// --- who does it --------------------------------------------------------------------------------

static void what_another_examines_is_left_to_it(struct test_stores *stores)
{
    fill(stores, ROWS);
    TEST_AT(stores, EXAMINE_CLAIMED, NULL);
    test_sql(stores, "INSERT INTO grove.examination VALUES ('content_vectors', '', 0, 0, 0, 0, 0,"
                     " '{}', 0, 0, 0, 0, 'not yet', now(), now() + interval '1 min')");
    assert_int_equal(examine_all(stores).outcome, EXAMINE_ELSEWHERE);
    assert_int_equal(look(stores).outcome, EXAMINE_ELSEWHERE);
    assert_int_equal(stores->reached[INJECT_EXAMINE_CLAIMED], 0);
    test_sql(stores, "UPDATE grove.examination SET claimed_until = now() - interval '1 ms'");
    assert_int_equal(examine_all(stores).outcome, EXAMINE_DONE);
}

static bool stop_at_once(void *state, int64_t done, int64_t of)
{
    int64_t *seen = state;
    seen[0] = done;
    seen[1] = of;
    return false;
}

static void it_stops_where_it_is_told_to(struct test_stores *stores)
{
    int64_t seen[2] = {0, 0};
    struct examine_request request = {.go_on = stop_at_once, .state = seen};
    struct examine_report report;
    struct grove_error error;
    fill(stores, ROWS);
    assert_int_equal(examine(&stores->store, NULL, &request, &report, &error), GROVE_CANCELLED);
    assert_int_equal(seen[0], ROWS); // a walk for each
    assert_true(seen[1] > ROWS);     // and that is not all
    assert_int_equal(count_rows(stores, "graph = '' AND claimed_until IS NULL"), 1);
}

struct told {
    int calls;
    int64_t done, of;
    double largest_step; // of the whole
};

static bool note_progress(void *state, int64_t done, int64_t of)
{
    struct told *told = state;
    assert_true(done > told->done);
    assert_true(done < of); // it still has to judge
    double step =
        (double)done / (double)of - (told->calls > 0 ? (double)told->done / (double)told->of : 0);
    told->largest_step = fmax(told->largest_step, step);
    told->calls++;
    told->done = done;
    told->of = of;
    return true;
}

// What comes after the rows is most of the work here, and is part of what is told.
static void progress_counts_all_of_it(struct test_stores *stores)
{
    struct told told = {0};
    struct examine_request request = {.go_on = note_progress, .state = &told};
    struct examine_report report;
    struct grove_error error;
    fill(stores, ROWS);
    assert_ok(examine(&stores->store, NULL, &request, &report, &error), error);
    assert_int_equal(report.outcome, EXAMINE_DONE);
    assert_true(told.calls > 10);
    assert_true(told.largest_step < 0.2);
    assert_true((double)told.done > 0.8 * (double)told.of);
    assert_true(told.done > 600);
}

static atomic_bool is_cancelled;

static void cancel(struct test_stores *stores)
{
    (void)stores;
    atomic_store(&is_cancelled, true);
}

static void it_is_cancelled(struct test_stores *stores)
{
    struct examine_report report;
    struct grove_error error;
    fill(stores, ROWS);
    TEST_AT(stores, EXAMINE_CLAIMED, cancel);
    struct call call;
    call_init(&call);
    call_obey(&call, &is_cancelled);
    unsigned long searches = fake_engine_calls(stores->fake, ENGINE_SEARCH);
    assert_int_equal(examine(&stores->store, &call, NULL, &report, &error), GROVE_CANCELLED);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_SEARCH), searches);
    assert_int_equal(count_rows(stores, "graph = '' AND claimed_until IS NULL"), 1);
}

// One that a busy engine answers too late is asked again; more than two in a row are a failure.
static void a_late_answer_is_asked_for_again(struct test_stores *stores)
{
    fill(stores, ROWS);
    for (unsigned long nth = 7; nth <= 8; nth++)
        fake_engine_fault(stores->fake,
                          &(struct fake_fault){.call = ENGINE_SEARCH, .nth = nth, FAKE_SILENT});
    examine_all(stores);
    assert_int_equal(count_rows(stores, "graph = 'fake-1' AND ef = 128"), 1);
}

static void fail_searches(struct test_stores *stores)
{
    fake_engine_fault(stores->fake, &(struct fake_fault){.call = ENGINE_SEARCH});
}

static void a_failure_leaves_what_was_known(struct test_stores *stores)
{
    struct examine_report report;
    struct grove_error error;
    fill(stores, ROWS);
    examine_all(stores);
    fake_engine_set_graph(stores->fake, "another");
    TEST_AT(stores, EXAMINE_LOOKED_UP, fail_searches);
    assert_int_equal(examine(&stores->store, NULL, NULL, &report, &error), GROVE_UNAVAILABLE);
    assert_int_equal(count_rows(stores, "graph = 'fake-1' AND ef = 128 AND claimed_until IS NULL"),
                     1);
}

// --- what it lists ------------------------------------------------------------------------------

static void a_whole_graph_lists_nothing(struct test_stores *stores)
{
    fill(stores, ROWS);
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.rows, ROWS);
    assert_int_equal(report.listed, 0);
    assert_int_equal(report.ef, 128);
    assert_float_equal(report.recall, 1, 1e-9);
    assert_float_equal(report.plausible, -1, 1e-9);
    assert_true(report.queries > 500);
    assert_int_equal(count_rows(stores, "graph = 'fake-1' AND points = 60 AND reason IS NULL"), 1);
}

static void rows_that_do_not_find_themselves_are_listed(struct test_stores *stores)
{
    const int32_t hidden[] = {7, 20, 21};
    fill(stores, ROWS);
    inject_set_knob(INJECT_KNOB_EXAMINE_LONERS, 1);
    fake_engine_hide(stores->fake, hidden, 3);
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.ef, 128);
    assert_int_equal(report.rounds, 1); // by looking up, not by what a sample missed
    assert_non_null(strstr(listed(stores), "7,"));
    assert_true(test_sql_int(stores, "SELECT count(*) FROM grove.examination"
                                     " WHERE unreached @> '{7,20,21}'") == 1);
}

// Row 5 is nearer to its group than they are to each other, and they do not find it. Row 60 is the
// only loner, and finds all that it should.
static void a_row_that_its_neighbours_miss_is_listed(struct test_stores *stores)
{
    const int32_t missed[] = {5};
    fill(stores, ROWS);
    test_vector_give(stores, 5, member(0, 4, 0.97F).numbers);
    test_vector_give(stores, ROWS, member(GROUPS - 1, ROWS - 1, 0.5F).numbers);
    test_sql(stores, "UPDATE content_metadata SET word_count = 77 WHERE id IN (5, %d)", ROWS);
    drain(stores);
    inject_set_knob(INJECT_KNOB_EXAMINE_LONERS, 1);
    fake_engine_isolate(stores->fake, missed, 1);
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.ef, 128);
    assert_int_equal(report.rounds, 1);
    assert_string_equal(listed(stores), "{5}");
}

// The graph is right for whatever is near a row, its title's words too, and lost elsewhere.
static void what_no_row_is_about_is_asked_too(struct test_stores *stores)
{
    let_exact_rows_be(EXACT_ROWS);
    test_sql(stores,
             "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
             " content_summary, chunk_number, word_count)"
             " SELECT 'subject1_hierarchy', %d, 'Note', word, word, n, 1 FROM unnest(ARRAY["
             "'granite', 'sparrow', 'teapot', 'monsoon', 'tariff', 'cathedral', 'sonata',"
             " 'scalpel', 'tractor', 'emerald', 'gospel', 'turbine', 'lagoon', 'violinist',"
             " 'mushroom', 'parliament', 'hexagon', 'blanket', 'comet', 'referee', 'cinnamon',"
             " 'harbour', 'proverb', 'lizard']) WITH ORDINALITY AS words (word, n) ORDER BY n",
             test_leaf(stores, "Leaf"));
    drain(stores);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.lost_below = 0.4F});
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.ef, 128);
    assert_true(report.plausible > 0);
}

// A group whose rows find themselves and no other row of it, as loners would.
static void an_island_of_loners_is_listed(struct test_stores *stores)
{
    int32_t island[GROUP];
    for (int i = 0; i < GROUP; i++)
        island[i] = GROUP + i + 1;
    fill(stores, ROWS);
    fake_engine_isolate(stores->fake, island, GROUP);
    assert_int_equal(examine_all(stores).rounds, 1);
    assert_string_equal(listed(stores), "{13,14,15,16,17,18,19,20,21,22,23,24}");
}

// Rows 13 to 24 stand in an arc, ten degrees apart. Only the first is looked up exactly for being a
// loner; those at the other end are none of its neighbours.
static void what_a_loner_misses_is_followed(struct test_stores *stores)
{
    int32_t island[GROUP];
    fill(stores, ROWS);
    for (int i = 0; i < GROUP; i++) {
        struct test_vector vector = {{0}};
        float angle = (float)i * 0.17453F;
        vector.numbers[GROUPS + 1] = cosf(angle);
        vector.numbers[GROUPS + 2] = sinf(angle);
        island[i] = GROUP + i + 1;
        test_vector_give(stores, island[i], vector.numbers);
    }
    test_sql(stores, "UPDATE content_metadata SET word_count = 77 WHERE id BETWEEN 13 AND 24");
    drain(stores);
    inject_set_knob(INJECT_KNOB_EXAMINE_LONERS, 1);
    fake_engine_isolate(stores->fake, island, GROUP);
    assert_int_equal(examine_all(stores).rounds, 1);
    assert_string_equal(listed(stores), "{13,14,15,16,17,18,19,20,21,22,23,24}");
}

// --- what it chooses ----------------------------------------------------------------------------

static void too_many_unreached_rows_are_no_graph(struct test_stores *stores)
{
    const int32_t hidden[] = {1, 2, 3, 4};
    fill(stores, ROWS);
    inject_set_knob(INJECT_KNOB_EXAMINE_LISTED, 3);
    fake_engine_hide(stores->fake, hidden, 4);
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.outcome, EXAMINE_DONE);
    assert_int_equal(report.ef, 0);
    assert_int_equal(count_rows(stores, "ef = 0 AND ef_filtered = 0 AND cardinality(unreached) = 0"
                                        " AND reason LIKE '%too many%'"),
                     1);
}

static void a_graph_that_misses_most_is_not_trusted(struct test_stores *stores)
{
    int32_t all[ROWS];
    for (int i = 0; i < ROWS; i++)
        all[i] = i + 1;
    fill(stores, ROWS);
    inject_set_knob(INJECT_KNOB_EXAMINE_LISTED, 3);
    fake_engine_isolate(stores->fake, all, ROWS);
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.ef, 0);
    assert_int_equal(report.rounds, 3);
    assert_non_null(strstr(report.reason, "miss more than a tenth"));
}

// A search by it may go so far down, and no further.
static void a_graph_is_as_deep_as_it_is_good(struct test_stores *stores)
{
    fill(stores, ROWS);
    assert_int_equal(examine_all(stores).depth, 40);
    fake_engine_set_graph(stores->fake, "shallow");
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.walk_whole = 20});
    assert_int_equal(examine_all(stores).depth, 20);
    assert_int_equal(count_rows(stores, "depth = 20 AND depth_of = graph || ' ' || revision"), 1);
}

// However seldom: those may be among the ten that a filter leaves.
static void a_graph_is_not_as_deep_as_three_rows_are_missed(struct test_stores *stores)
{
    fill(stores, ROWS);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.walk_whole = 34, .walks_thinned = 50});
    struct examine_report report = examine_all(stores);
    assert_true(report.recall == 1 && report.ef > 0);
    assert_int_equal(report.depth, 32);
    fake_engine_set_graph(stores->fake, "two rows");
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.walk_whole = 36, .walks_thinned = 50});
    assert_int_equal(examine_all(stores).depth, 40);
}

// Walks of queries with no row within a cosine of 0.5 go wrong, and end far from all.
static void a_low_best_score_is_not_plausible(struct test_stores *stores)
{
    fill(stores, ROWS);
    let_exact_rows_be(ROWS - 1);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.lost_below = 0.5F});
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.ef, 128);
    assert_true(report.plausible > -0.5); // -1: none went wrong
    assert_true(report.plausible < 0.55);
    assert_int_equal(report.rounds, 1);
    assert_true(report.recall >= 0.995);
    assert_true(report.recall_worst >= 0.9);
    assert_true(report.plausible_vectors >= report.plausible);
    assert_int_equal(count_rows(stores, "plausible > -0.5 AND plausible < 0.55"), 1);
    assert_int_equal(count_rows(stores, "plausible_vectors BETWEEN plausible AND 1"), 1);
}

// What a longer walk costs all searches is weighed against those that need not compare all.
static void a_longer_walk_is_taken_where_it_saves_more(struct test_stores *stores)
{
    fill(stores, ROWS);
    let_exact_rows_be(ROWS - 1);
    fake_engine_set_ways(stores->fake,
                         &(struct fake_ways){.lost_below = 0.5F, .wrong_ef_max = 128});
    assert_int_equal(examine_all(stores).ef, 128);
    fake_engine_set_graph(stores->fake, "another");
    inject_set_knob(INJECT_KNOB_EXAMINE_EF_ROWS, 1);
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.ef, 160);
    assert_int_equal(report.rounds, 1);
    assert_true(report.plausible == -1 && report.depth == 40);
}

// Where less is, what was missed is listed first.
static void half_of_the_sample_is_wanted_to_be_plausible(struct test_stores *stores)
{
    fill(stores, ROWS);
    let_exact_rows_be(ROWS - 1);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.lost_below = 0.6F});
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.rounds, 2);
    assert_int_equal(report.ef, 128);
    assert_string_equal(report.reason, "");
    assert_true(report.listed > 0);
}

// Not before listing has not helped; and what is told is told of it.
static void the_longest_walk_is_the_last_resort(struct test_stores *stores)
{
    fill(stores, ROWS);
    let_exact_rows_be(ROWS - 1);
    inject_set_knob(INJECT_KNOB_EXAMINE_EF_ROWS, 1);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.walk_whole = 5, .wrong_ef_max = 256});
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.ef, 512);
    assert_int_equal(report.rounds, 3);
    assert_int_equal(report.depth, 40);
}

// The engine lost rows that no row of the outbox tells of.
static void an_engine_that_lacks_rows_is_not_trusted(struct test_stores *stores)
{
    fill(stores, ROWS);
    for (int32_t id = 1; id <= ROWS; id += 2)
        fake_engine_take(stores->fake, id);
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.ef, 0);
    assert_non_null(strstr(report.reason, "lacks rows"));
}

static void note_filter(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    const struct vector_query *query = event->query;
    if (event->call == ENGINE_SEARCH && !query->exact && query->filter->content_type_count > 0)
        atomic_fetch_add((_Atomic int *)stores->other, 1);
}

static void let_filtered_rows_be(int64_t rows)
{
    inject_set_knob(INJECT_KNOB_EXACT_FILTERED_ROWS, rows);
}

static void filters_are_asked_too(struct test_stores *stores)
{
    _Atomic int filtered = 0;
    fill(stores, ROWS);
    let_filtered_rows_be(ROWS + 999); // with the changes after which it still holds they are more
    stores->other = &filtered;
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = note_filter, .state = stores});
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.ef_filtered, 128);
    assert_true(report.queries > 700);
    assert_true(filtered > 0);
}

// Where no filter leaves so many rows, none is asked.
static void narrow_filters_are_not_asked(struct test_stores *stores)
{
    fill(stores, ROWS);
    let_filtered_rows_be(1);
    let_exact_rows_be(ROWS - 1);
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.ef, 128);
    assert_int_equal(report.ef_filtered, 128);
    assert_true(report.queries <= 600);
}

// Nor where a search under any filter compares all, also after all changes that an examination
// bears.
static void filters_that_no_search_asks_the_graph_under_are_not_asked(struct test_stores *stores)
{
    fill(stores, ROWS);
    let_filtered_rows_be(ROWS + 1000);
    unsigned long counts = fake_engine_calls(stores->fake, ENGINE_COUNT);
    struct examine_report report = examine_all(stores);
    assert_int_equal(report.ef, 128);
    assert_int_equal(report.ef_filtered, 128);
    assert_true(report.queries <= 600);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_COUNT), counts);
}

// --- the thread ---------------------------------------------------------------------------------

static void open_gate(struct test_stores *stores)
{
    gate_open(stores->other);
}

static void the_thread_examines_by_itself(struct test_stores *stores)
{
    struct examiner *examiner = NULL;
    struct grove_error error;
    fill(stores, ROWS);
    inject_set_knob(INJECT_KNOB_EXAMINE_POLL_MS, 1);
    assert_ok(examiner_start(&stores->store, &examiner, &error), error);
    while (count_rows(stores, "graph = 'fake-1' AND ef = 128") == 0)
        clock_sleep_ms(1);
    examiner_stop(examiner); // what it is at is given up
    examiner_stop(NULL);
}

// Rows that wait would change what it looks at.
static void the_thread_waits_for_the_outbox(struct test_stores *stores)
{
    struct examiner *examiner = NULL;
    struct grove_error error;
    fill(stores, ROWS);
    stores->id = 1;
    change_words(stores);
    inject_set_knob(INJECT_KNOB_EXAMINE_POLL_MS, 1);
    stores->other = test_gate_new(stores);
    test_at(stores, &(struct test_step){INJECT_EXAMINER_AWAKE, 2, open_gate, GROVE_OK});
    TEST_AT(stores, EXAMINE_CLAIMED, open_gate); // it did not wait
    assert_ok(examiner_start(&stores->store, &examiner, &error), error);
    gate_pass(stores->other); // it looks again: it has looked
    examiner_stop(examiner);
    assert_int_equal(stores->reached[INJECT_EXAMINE_CLAIMED], 0);
    assert_int_equal(count_rows(stores, "true"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(few_contents_are_noted),
        STORES_TEST(few_contents_are_noted_again_after_changes),
        STORES_TEST(what_holds_is_not_examined_again),
        STORES_TEST(another_graph_is_examined_anew),
        STORES_TEST(an_engine_that_builds_is_left_alone),
        STORES_TEST(a_graph_that_changes_meanwhile_is_not_believed),
        STORES_TEST(a_graph_that_changes_is_noticed_early),
        STORES_TEST(what_another_examines_is_left_to_it),
        STORES_TEST(it_stops_where_it_is_told_to),
        STORES_TEST(progress_counts_all_of_it),
        STORES_TEST(it_is_cancelled),
        STORES_TEST(a_late_answer_is_asked_for_again),
        STORES_TEST(a_failure_leaves_what_was_known),
        STORES_TEST(a_whole_graph_lists_nothing),
        STORES_TEST(rows_that_do_not_find_themselves_are_listed),
        STORES_TEST(a_row_that_its_neighbours_miss_is_listed),
        STORES_TEST(what_no_row_is_about_is_asked_too),
        STORES_TEST(an_island_of_loners_is_listed),
        STORES_TEST(what_a_loner_misses_is_followed),
        STORES_TEST(too_many_unreached_rows_are_no_graph),
        STORES_TEST(a_graph_that_misses_most_is_not_trusted),
        STORES_TEST(a_graph_is_as_deep_as_it_is_good),
        STORES_TEST(a_graph_is_not_as_deep_as_three_rows_are_missed),
        STORES_TEST(a_low_best_score_is_not_plausible),
        STORES_TEST(a_longer_walk_is_taken_where_it_saves_more),
        STORES_TEST(half_of_the_sample_is_wanted_to_be_plausible),
        STORES_TEST(the_longest_walk_is_the_last_resort),
        STORES_TEST(an_engine_that_lacks_rows_is_not_trusted),
        STORES_TEST(filters_are_asked_too),
        STORES_TEST(narrow_filters_are_not_asked),
        STORES_TEST(filters_that_no_search_asks_the_graph_under_are_not_asked),
        STORES_TEST(the_thread_examines_by_itself),
        STORES_TEST(the_thread_waits_for_the_outbox),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
