// SPDX-License-Identifier: Apache-2.0
// What becomes of a row that changes, or that another projector finishes, between any two steps of
// a projector.
#include "projecting.h"

// --- a row's way --------------------------------------------------------------------------------

static void a_row_is_projected(struct test_stores *stores)
{
    int32_t id = make_row(stores, 0.5F);
    struct projector_report report = step(stores);
    assert_int_equal(report.upserted, 1);
    assert_int_equal(report.embedded, 0);
    assert_projected(stores, id);
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, id, &point));
    assert_string_equal(point.hierarchy_table, "subject1_hierarchy");
    assert_string_equal(point.content_type, "Article");
    assert_int_equal(point.word_count, 3);
    assert_float_equal(point.vector[0], 0.5F, 1e-6F);
    assert_true(is_idle(stores));
}

static void a_text_is_embedded_and_kept(struct test_stores *stores)
{
    stores->id =
        test_content(stores, &(struct test_content){.title = "a", .words = 1, .body = "a body"});
    assert_int_equal(step(stores).embedded, 1);
    assert_agreed(stores);
    change_words(stores); // the text is what it was
    assert_int_equal(step(stores).embedded, 0);
    assert_agreed(stores);
}

static void note_revision(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call == ENGINE_REMOVE && event->count == 1 && event->content_ids[0] == stores->id)
        *(int64_t *)stores->other = event->revisions[0];
}

static void a_changed_text_is_embedded_again(struct test_stores *stores)
{
    stores->id = test_content(stores, &(struct test_content){.title = "first"});
    assert_int_equal(step(stores).embedded, 1);
    change_title(stores);
    assert_int_equal(step(stores).embedded, 1);
    change_words(stores);
    assert_int_equal(step(stores).embedded, 0); // the text is the same
    assert_agreed(stores);
}

static void a_delete_is_projected(struct test_stores *stores)
{
    int64_t removed_at = 0;
    stores->id = make_row(stores, 0.5F);
    stores->other = &removed_at;
    step(stores);
    delete_content(stores);
    int64_t leased = test_outbox(stores, stores->id).revision;
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = note_revision, .state = stores});
    assert_int_equal(step(stores).removed, 1);
    assert_int_equal(removed_at, leased); // so that it loses to whatever is newer
    assert_agreed(stores);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.embedding"), 0);
}

// --- changes meanwhile --------------------------------------------------------------------------

static void a_change_before_the_end_is_kept(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_WRITTEN, change_words);
    step(stores);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_true(row.present);
    assert_int_equal(row.revision, test_revision(stores, stores->id));
    assert_true(fake_engine_revision(stores->fake, stores->id) < row.revision);
    assert_false(row.leased); // handed back
    assert_true(row.due_in_seconds <= 0);
    assert_false(is_idle(stores));
    assert_agreed(stores);
}

static void a_delete_before_the_end_is_kept(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_WRITTEN, delete_content);
    step(stores);
    assert_true(test_outbox(stores, stores->id).deleted);
    step(stores);
    assert_agreed(stores);
}

static void what_is_read_is_of_after_the_lease(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_LEASED, change_words);
    step(stores);
    assert_agreed(stores); // at the revision of after the lease, in one step
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, stores->id, &point));
    assert_int_equal(point.word_count, 4);
}

static void a_change_after_the_read_comes_again(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_READ, change_words);
    step(stores);
    assert_true(test_outbox(stores, stores->id).present);
    step(stores);
    assert_agreed(stores);
}

// It may have written before we did, and must not take the row for done.
static void a_late_write_takes_the_row_from_another(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_WRITTEN, change_words);
    TEST_AT(stores, PROJECTOR_WRITTEN, lease_for_another);
    step(stores);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_true(row.present && !row.leased);
    assert_true(row.due_in_seconds <= 0);
    drain(stores);
    assert_agreed(stores);
}

// The same where the content did not change, so that only the lease tells.
static void a_row_leased_again_is_not_done(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_WRITTEN, lease_for_another);
    step(stores);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_true(row.present && !row.leased);
    assert_true(row.due_in_seconds <= 0);
    drain(stores);
    assert_agreed(stores);
}

// Whoever put it in, and however clumsily: what is written was read after it was there.
static void a_row_of_any_revision_is_done(struct test_stores *stores)
{
    const char *const revisions[] = {"1", "currval('grove.revision_seq') + 1", "1000000000000"};
    stores->id = make_row(stores, 0.5F);
    change_words(stores);
    for (size_t i = 0; i < ARRAY_COUNT(revisions); i++) {
        test_sql(stores,
                 "DELETE FROM grove.outbox; INSERT INTO grove.outbox (content_id, revision,"
                 " deleted) SELECT content_id, %s, false FROM grove.content_state",
                 revisions[i]);
        assert_int_equal(step(stores).upserted, 1);
        assert_agreed(stores);
    }
}

// All that was there when it was leased is one, and so is what came before it was read.
static void a_thousand_changes_are_projected_as_one(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    for (int i = 0; i < 1000; i++)
        change_words(stores);
    assert_int_equal(outbox_count(stores), 1001);
    TEST_AT(stores, PROJECTOR_LEASED, change_words);
    assert_int_equal(step(stores).upserted, 1);
    assert_agreed(stores);
}

static void another_s_row_is_not_put_back(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_FAIL_AT(stores, PROJECTOR_WRITE, lease_for_another);
    step_fails(stores, GROVE_UNAVAILABLE);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_string_equal(row.owner, "another");
    assert_string_equal(row.last_error, "");
}

// --- vectors of texts that changed --------------------------------------------------------------

static void vectors_of_a_changed_text_are_not_kept(struct test_stores *stores)
{
    stores->id = test_content(stores, &(struct test_content){.title = "first"});
    TEST_AT(stores, PROJECTOR_EMBEDDED, change_title);
    step(stores);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.embedding"), 0);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_UPSERT), 0);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_true(row.present && !row.leased);
    assert_int_equal(row.attempts, 0);
    assert_string_equal(test_sql_text(stores, "SELECT max(last_error) FROM grove.outbox"),
                        "it was being changed");
    drain(stores);
    assert_agreed(stores);
}

// The worst of it: an old vector over the newer one, of a content that nobody looks at any more.
static void late_vectors_are_not_kept(struct test_stores *stores)
{
    stores->id = test_content(stores, &(struct test_content){.title = "first"});
    TEST_AT(stores, PROJECTOR_EMBEDDED, change_and_finish);
    // At the other one's first time, at ours the second.
    test_at(stores,
            &(struct test_step){INJECT_PROJECTOR_STORED, 2, assert_vectors_current, GROVE_OK});
    step(stores);
    assert_int_equal(stores->reached[INJECT_PROJECTOR_STORED], 2);
    drain(stores);
    assert_agreed(stores);
}

static void only_the_changed_text_is_put_back(struct test_stores *stores)
{
    stores->id = test_content(stores, &(struct test_content){.title = "changed"});
    int32_t other = test_content(stores, &(struct test_content){.title = "kept"});
    TEST_AT(stores, PROJECTOR_EMBEDDED, change_title);
    step(stores);
    assert_projected(stores, other);
    assert_true(test_outbox(stores, stores->id).present);
    drain(stores);
    assert_agreed(stores);
}

// --- late writes --------------------------------------------------------------------------------

// A server before 1.16 compares nothing: what the other one wrote meanwhile is overwritten.
static void a_late_write_that_wins_is_mended(struct test_stores *stores)
{
    write_late(stores, change_and_finish);
    assert_true(fake_engine_revision(stores->fake, stores->id) < test_revision(stores, stores->id));
    assert_true(test_outbox(stores, stores->id).present);
    drain(stores);
    assert_agreed(stores);
}

static void a_late_write_of_a_deleted_row_is_mended(struct test_stores *stores)
{
    write_late(stores, delete_and_finish);
    assert_true(fake_engine_revision(stores->fake, stores->id) != FAKE_NO_POINT);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_true(row.present && row.deleted);
    drain(stores);
    assert_agreed(stores);
}

static void a_late_write_that_loses_ends_well(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_WRITE, change_and_finish);
    step(stores);
    assert_int_equal(fake_engine_revision(stores->fake, stores->id),
                     test_revision(stores, stores->id));
    drain(stores);
    assert_agreed(stores);
}

static void a_late_removal_spares_what_came_again(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    step(stores);
    delete_content(stores);
    TEST_AT(stores, PROJECTOR_WRITE, insert_again_and_finish);
    step(stores);
    assert_agreed(stores);
}

static void a_late_copy_of_a_write_loses(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    fake_engine_fault(stores->fake, &(struct fake_fault){
                                        .call = ENGINE_UPSERT, .kind = FAKE_DUPLICATE, .nth = 1});
    step(stores);
    change_words(stores);
    step(stores);
    assert_int_equal(fake_engine_settle(stores->fake), 1);
    assert_agreed(stores);
}

// Two projectors that wrote the same: nothing is left to do.
static void the_same_written_twice_is_done(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_WRITE, finish_by_another);
    step(stores);
    assert_agreed(stores);
}

// --- dead rows ----------------------------------------------------------------------------------

static int64_t vacuums(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT pg_stat_get_vacuum_count('grove.outbox'::regclass)");
}

static void dead_rows_are_taken_out_by_thousands(struct test_stores *stores)
{
    int64_t before = vacuums(stores);
    make_row(stores, 0.5F);
    step(stores);
    assert_int_equal(vacuums(stores), before);
    atomic_store(&stores->store.outbox_removed, 4095);
    make_row(stores, 0.4F);
    step(stores);
    assert_int_equal(vacuums(stores), before + 1);
    assert_int_equal(atomic_load(&stores->store.outbox_removed), 0);
    make_row(stores, 0.3F);
    step(stores);
    assert_int_equal(vacuums(stores), before + 1);
    assert_agreed(stores);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_row_is_projected),
        STORES_TEST(a_text_is_embedded_and_kept),
        STORES_TEST(a_changed_text_is_embedded_again),
        STORES_TEST(a_delete_is_projected),
        STORES_TEST(a_change_before_the_end_is_kept),
        STORES_TEST(a_delete_before_the_end_is_kept),
        STORES_TEST(what_is_read_is_of_after_the_lease),
        STORES_TEST(a_change_after_the_read_comes_again),
        STORES_TEST(a_late_write_takes_the_row_from_another),
        STORES_TEST(a_row_leased_again_is_not_done),
        STORES_TEST(a_row_of_any_revision_is_done),
        STORES_TEST(a_thousand_changes_are_projected_as_one),
        STORES_TEST(another_s_row_is_not_put_back),
        STORES_TEST(vectors_of_a_changed_text_are_not_kept),
        STORES_TEST(late_vectors_are_not_kept),
        STORES_TEST(only_the_changed_text_is_put_back),
        STORES_TEST(a_late_write_that_wins_is_mended),
        STORES_TEST(a_late_write_of_a_deleted_row_is_mended),
        STORES_TEST(a_late_write_that_loses_ends_well),
        STORES_TEST(a_late_removal_spares_what_came_again),
        STORES_TEST(a_late_copy_of_a_write_loses),
        STORES_TEST(the_same_written_twice_is_done),
        STORES_TEST(dead_rows_are_taken_out_by_thousands),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
