// SPDX-License-Identifier: Apache-2.0
// A database whose files were put back to an older copy, and which says nothing of it: the same
// server, the same timeline, rows that the transactions wrote which they name. The engine knows.
#include "histories.h"

// The copy, as it is made of the files: the rows that a dump has, from a server that ran before. Who
// bore witness then has not changed since.
static void copy_files(struct test_stores *stores)
{
    check_well(stores);
    test_sql(stores, "UPDATE grove.setting SET value = '1' WHERE name = 'server_began';"
                     "UPDATE grove.witness SET content_ids = '{}', revisions = '{}'");
    dump_database(stores);
}

static void put_back_files(struct test_stores *stores)
{
    restore_database(stores);
    test_sql(stores, "UPDATE grove.lineage SET written = pg_current_xact_id()::xid;"
                     "SELECT setval('grove.revision_seq', last_value + 32) FROM dump.seq");
    assert_null(test_sql_text(stores, "SELECT grove.lineage_break()"));
}

static void assert_mended(struct test_stores *stores, int32_t written)
{
    struct vector_mark before = own_mark(stores);
    check_well(stores);
    assert_true(is_doubted(stores));
    assert_non_null(strstr(test_sql_text(stores, "SELECT doubt FROM grove.lineage"),
                           "the database lacks what it has had"));
    assert_int_equal(points_written(stores), written);
    assert_agreed(stores);
    struct vector_mark after = own_mark(stores);
    assert_true(vector_mark_equal(&before, &after));
    check_well(stores);
    assert_false(is_doubted(stores));
}

static void a_change_that_was_lost_is_noticed(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    stores->id = make_projected(stores, 0.6F);
    copy_files(stores);
    change_title(stores);
    drain(stores);
    put_back_files(stores);
    assert_mended(stores, 1);
}

static void a_content_that_was_lost_is_noticed(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    copy_files(stores);
    int32_t id = make_projected(stores, 0.6F);
    put_back_files(stores);
    assert_mended(stores, 0);
    assert_int_equal(fake_engine_revision(stores->fake, id), FAKE_NO_POINT);
}

// Nothing was drawn since but what the removal drew, and that point is gone.
static void a_removal_that_was_lost_is_noticed(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    stores->id = make_projected(stores, 0.6F);
    copy_files(stores);
    delete_content(stores);
    drain(stores);
    put_back_files(stores);
    assert_mended(stores, 1);
}

// It was drawn before others, and committed after the copy was made.
static void a_change_under_way_that_was_lost_is_noticed(struct test_stores *stores)
{
    struct fake_point point;
    int32_t id = make_projected(stores, 0.5F);
    test_sql(stores, "SELECT nextval('grove.revision_seq')");
    make_projected(stores, 0.6F);
    copy_files(stores);
    assert_true(fake_engine_get(stores->fake, id, &point));
    point.revision++;
    fake_engine_put(stores->fake, &point);
    put_back_files(stores);
    assert_mended(stores, 1);
}

static void a_server_that_began_anew_is_believed(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    stores->id = make_projected(stores, 0.6F);
    delete_content(stores);
    drain(stores);
    copy_files(stores);
    make_row(stores, 0.7F); // waits
    check_well(stores);
    assert_false(is_doubted(stores));
    drain(stores);
    assert_agreed(stores);
}

// Once for each time that it begins to run.
static void it_is_asked_once(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    copy_files(stores);
    unsigned long before = fake_engine_calls(stores->fake, ENGINE_READ);
    check_well(stores);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_READ), before + 1);
    check_well(stores);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_READ), before + 1);
}

// What was not answered is asked again.
static void an_engine_that_is_out_is_asked_again(struct test_stores *stores)
{
    struct grove_error error;
    stores->id = make_projected(stores, 0.5F);
    copy_files(stores);
    change_title(stores);
    drain(stores);
    put_back_files(stores);
    fake_engine_fault(
        stores->fake,
        &(struct fake_fault){.call = ENGINE_READ, .kind = FAKE_REFUSE, .nth = 1, FAKE_UNREACHABLE});
    assert_int_equal(check_lineage(stores, &error), GROVE_UNAVAILABLE);
    assert_mended(stores, 1);
}

static void project_one_more(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call != ENGINE_READ || stores->id == 0)
        return;
    stores->id = 0;
    make_projected(stores, 0.7F);
}

// Between the look at the last revision and the look at the points.
static void what_is_projected_meanwhile_is_no_sign(struct test_stores *stores)
{
    stores->id = make_projected(stores, 0.5F);
    copy_files(stores);
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = project_one_more, .state = stores});
    check_well(stores);
    assert_int_equal(stores->id, 0);
    assert_false(is_doubted(stores));
    assert_agreed(stores);
}

// The engine lacks points: that is what the comparison is for.
static void a_refill_leaves_it_to_the_comparison(struct test_stores *stores)
{
    struct grove_error error;
    make_projected(stores, 0.5F);
    int32_t id = make_projected(stores, 0.6F);
    fake_engine_take(stores->fake, id);
    check_well(stores);
    assert_true(is_doubted(stores));
    assert_ok(projector_refill(&stores->store, NULL, &error), error);
    assert_int_equal(points_written(stores), 1);
    assert_agreed(stores);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_change_that_was_lost_is_noticed),
        STORES_TEST(a_content_that_was_lost_is_noticed),
        STORES_TEST(a_removal_that_was_lost_is_noticed),
        STORES_TEST(a_change_under_way_that_was_lost_is_noticed),
        STORES_TEST(a_server_that_began_anew_is_believed),
        STORES_TEST(it_is_asked_once),
        STORES_TEST(an_engine_that_is_out_is_asked_again),
        STORES_TEST(what_is_projected_meanwhile_is_no_sign),
        STORES_TEST(a_refill_leaves_it_to_the_comparison),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
