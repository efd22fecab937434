// SPDX-License-Identifier: Apache-2.0
// Points of the version before, which lack the numbers of branch and limb: they get them, some at a
// time, and searches are right before, while and after they do.
#include "searching.h"

#include "catalog/assets.h"
#include "catalog/migrate.h"

enum { ROWS = 3, BEFORE = 13 }; // the last version whose points had no numbers

struct asked {
    size_t leaves;
    int32_t branch_id, limb_id;
    size_t tables;
};

static void note_filter(void *state, const struct engine_event *event)
{
    struct asked *asked = state;
    if (event->call != ENGINE_SEARCH)
        return;
    const struct vector_filter *filter = event->query->filter;
    *asked = (struct asked){filter->by_leaf ? filter->leaf_id_count : 0, filter->branch_id,
                            filter->limb_id, filter->hierarchy_table_count};
}

// What the engine is asked for: "2 leaves", "branch 1", "limb 1", "table".
static const char *asked_for(struct test_stores *stores, const char *path, const char *ids)
{
    struct asked asked = {0};
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = note_filter, .state = &asked});
    const struct grove_result *result =
        search_as(stores, (struct grove_search_request){.limit = 10, .filter = {.path = path}});
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){0});
    assert_ids(stores, result, ids);
    assert_true(result->complete && !result->degraded);
    const char *said = asked.leaves ? arena_printf(&stores->arena, "%zu leaves", asked.leaves)
                       : asked.branch_id
                           ? arena_printf(&stores->arena, "branch %d", asked.branch_id)
                       : asked.limb_id ? arena_printf(&stores->arena, "limb %d", asked.limb_id)
                       : asked.tables  ? "table"
                                       : "nothing";
    assert_non_null(said);
    return said;
}

static void a_path_is_a_number_for_the_engine(struct test_stores *stores)
{
    for (int i = 0; i < ROWS; i++)
        make_row(stores, 0.9F - 0.1F * (float)i);
    int32_t other = test_content(stores, &(struct test_content){.leaf = "Other"});
    test_vector_give(stores, other, test_toward(0.2F, 9).numbers);
    project(stores);
    assert_string_equal(asked_for(stores, "subject1", "1 2 3 4"), "table");
    assert_string_equal(asked_for(stores, "subject1/Branch", "1 2 3 4"), "branch 1");
    assert_string_equal(asked_for(stores, "subject1/Branch/Limb", "1 2 3 4"), "limb 1");
    assert_string_equal(asked_for(stores, "subject1/Branch/Limb/Other", "4"), "1 leaves");
}

static void strip_point(struct test_stores *stores, int32_t id)
{
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, id, &point));
    point.branch_id = point.limb_id = 0;
    fake_engine_put(stores->fake, &point);
}

static bool is_numbered(struct test_stores *stores, int32_t id)
{
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, id, &point));
    return point.branch_id == 1 && point.limb_id == 1;
}

// As the version before left both stores; `at_work` is done just before the migration.
static void come_from_before(struct test_stores *stores, const char *at_work)
{
    struct grove_error error;
    unsigned applied;
    for (int i = 0; i < ROWS; i++)
        make_row(stores, 0.9F - 0.1F * (float)i);
    project(stores);
    for (int32_t id = 1; id <= ROWS; id++)
        strip_point(stores, id);
    test_sql(stores,
             "ALTER TABLE grove.outbox DROP CONSTRAINT outbox_lease_of_now;"
             "DELETE FROM grove.setting WHERE name = 'numbered_points';"
             "DELETE FROM grove.migration WHERE version > %d; %s",
             BEFORE, at_work);
    assert_ok(migrate_up(test_session(stores), &applied, &error), error);
    assert_int_equal(applied, migrate_wanted() - BEFORE);
    atomic_store(&stores->store.points_numbered, false);
}

static struct projector_report step(struct test_stores *stores, bool *ret_idle)
{
    struct projector_report report = {0};
    struct grove_error error;
    assert_ok(projector_step(&stores->store, NULL, &report, ret_idle, &error), error);
    return report;
}

static void points_of_before_get_numbers(struct test_stores *stores)
{
    bool idle = true;
    come_from_before(stores, "");
    assert_string_equal(asked_for(stores, "subject1/Branch", "1 2 3"), "1 leaves");
    assert_string_equal(asked_for(stores, "subject1/Branch/Limb", "1 2 3"), "1 leaves");
    assert_string_equal(asked_for(stores, "subject1", "1 2 3"), "table");
    // Somebody of before may still write.
    step(stores, &idle);
    assert_true(idle);
    assert_string_equal(asked_for(stores, "subject1/Branch", "1 2 3"), "1 leaves");
    inject_set_knob(INJECT_KNOB_NUMBER_DELAY_MS, 1);
    int64_t revision = test_revision(stores, 1);
    step(stores, &idle);
    assert_false(idle);
    // All of them wait, so that nothing is missed though no point has a number.
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.waiting"), ROWS);
    assert_false(is_numbered(stores, 1));
    assert_string_equal(asked_for(stores, "subject1/Branch", "1 2 3"), "branch 1");
    struct projector_report report = step(stores, &idle);
    assert_int_equal(report.upserted, ROWS);
    assert_int_equal(report.embedded, 0);
    assert_int_equal(test_revision(stores, 1), revision);
    for (int32_t id = 1; id <= ROWS; id++)
        assert_true(is_numbered(stores, id));
    assert_string_equal(asked_for(stores, "subject1/Branch", "1 2 3"), "branch 1");
    step(stores, &idle);
    assert_true(idle && atomic_load(&stores->store.points_numbered));
    inject_set_knob(INJECT_KNOB_NUMBER_DELAY_MS, 0);
}

// Some at a time: until the last are in, the engine is asked for leaves.
static void points_get_numbers_some_at_a_time(struct test_stores *stores)
{
    come_from_before(stores, "");
    struct pg_conn *conn = test_session(stores);
    for (int at = 1; at <= ROWS + 1; at++) {
        char sql[4096];
        snprintf(sql, sizeof sql, "DEALLOCATE ALL; PREPARE chunk (integer) AS %s",
                 query_sql("number_points.sql"));
        assert_string_equal(asked_for(stores, "subject1/Branch", "1 2 3"), "1 leaves");
        test_session_sql(conn, "%s", sql);
        test_session_sql(conn, "EXECUTE chunk (1)");
        assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.waiting"),
                         at <= ROWS ? at : ROWS);
    }
    assert_string_equal(asked_for(stores, "subject1/Branch", "1 2 3"), "branch 1");
    project(stores);
    assert_string_equal(asked_for(stores, "subject1/Branch", "1 2 3"), "branch 1");
}

// A projector of before has leased content 2 and is about to write.
static void a_projector_of_before_ends_nothing(struct test_stores *stores)
{
    struct grove_error error;
    come_from_before(stores, "INSERT INTO grove.outbox (content_id, revision, deleted, lease_owner,"
                             " lease_until) SELECT 2, revision, false, '123-0123456789abcdef',"
                             " clock_timestamp() + interval '100 s'"
                             " FROM grove.content_state WHERE content_id = 2");
    // What it writes is of an older revision than what comes, and its lease is gone.
    struct test_outbox row = test_outbox(stores, 2);
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, 2, &point));
    assert_true(row.present && !row.leased && row.revision > point.revision);
    assert_int_equal(test_revision(stores, 2), row.revision);
    assert_int_not_equal(pg_exec(stores->sessions[0],
                                 "UPDATE grove.outbox SET lease_until = clock_timestamp(),"
                                 " lease_owner = '123-0123456789abcdef'",
                                 &error),
                         GROVE_OK);
    assert_string_equal(error.sqlstate, "23514");
    project(stores);
    assert_true(is_numbered(stores, 2));
}

// --- moves, seen by searches --------------------------------------------------------------------

static void make_branches(struct test_stores *stores)
{
    make_row(stores, 0.9F);
    test_sql(stores, "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                     " VALUES ('Other', 'Limb', 'Leaf')");
    project(stores);
}

static void move_leaf(struct test_stores *stores)
{
    test_sql(stores, "UPDATE subject1_hierarchy SET branch = 'Other', leaf = 'Moved'"
                     " WHERE branch = 'Branch'");
}

static void move_leaf_and_project(struct test_stores *stores)
{
    move_leaf(stores);
    project(stores);
}

static void a_leaf_that_moves_takes_its_contents_along(struct test_stores *stores)
{
    make_branches(stores);
    assert_string_equal(asked_for(stores, "subject1/Branch", "1"), "branch 1");
    move_leaf(stores);
    assert_string_equal(asked_for(stores, "subject1/Other", "1"), "branch 2");
    project(stores);
    assert_string_equal(asked_for(stores, "subject1/Other", "1"), "branch 2");
    assert_string_equal(asked_for(stores, "subject1/Other/Limb/Moved", "1"), "1 leaves");
}

// The engine has it where it was when it is asked.
static void a_leaf_may_move_while_the_engine_is_asked(struct test_stores *stores)
{
    static test_function *const moves[] = {move_leaf, move_leaf_and_project};
    static const enum inject_point points[] = {INJECT_SEARCH_RESOLVED, INJECT_SEARCH_PLANNED,
                                               INJECT_SEARCH_HITS};
    make_branches(stores);
    for (size_t m = 0; m < ARRAY_COUNT(moves); m++)
        for (size_t p = 0; p < ARRAY_COUNT(points); p++) {
            test_at(stores, &(struct test_step){points[p], 1, moves[m], GROVE_OK});
            assert_string_equal(asked_for(stores, "subject1/Other", "1"), "branch 2");
            test_at_forget(stores);
            test_sql(stores, "UPDATE subject1_hierarchy SET branch = 'Branch', leaf = 'Leaf'"
                             " WHERE leaf = 'Moved'");
            project(stores);
        }
}

static void move_first_leaf(struct test_stores *stores)
{
    test_sql(stores, "UPDATE subject1_hierarchy SET branch = 'Other', leaf = 'Moved'"
                     " WHERE branch = 'Branch' AND leaf = 'Leaf'");
}

// The engine shows what was under the path when it was asked.
static void what_has_moved_away_is_not_shown(struct test_stores *stores)
{
    make_branches(stores);
    int32_t stays = test_content(stores, &(struct test_content){.leaf = "Stays"});
    test_vector_give(stores, stays, test_toward(0.5F, 9).numbers);
    project(stores);
    assert_string_equal(asked_for(stores, "subject1/Branch", "1 2"), "branch 1");
    TEST_AT(stores, SEARCH_HITS, move_first_leaf);
    assert_string_equal(asked_for(stores, "subject1/Branch", "2"), "branch 1");
}

static void rename_branch(struct test_stores *stores)
{
    test_sql(stores, "UPDATE subject1_hierarchy SET branch = 'New' WHERE branch = 'Branch';"
                     "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                     " VALUES ('Branch', 'Limb', 'Leaf')");
}

// The name is another branch's when rows are compared.
static void a_path_may_come_to_name_another_place(struct test_stores *stores)
{
    make_branches(stores);
    TEST_AT(stores, SEARCH_PLANNED, rename_branch);
    asked_for(stores, "subject1/Branch", "");
    assert_string_equal(asked_for(stores, "subject1/New", "1"), "branch 1");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_path_is_a_number_for_the_engine),
        STORES_TEST(points_of_before_get_numbers),
        STORES_TEST(points_get_numbers_some_at_a_time),
        STORES_TEST(a_projector_of_before_ends_nothing),
        STORES_TEST(a_leaf_that_moves_takes_its_contents_along),
        STORES_TEST(a_leaf_may_move_while_the_engine_is_asked),
        STORES_TEST(what_has_moved_away_is_not_shown),
        STORES_TEST(a_path_may_come_to_name_another_place),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
