// SPDX-License-Identifier: Apache-2.0
// A row is done when the engine was seen to hold it: an engine that says yes and means no, points
// that nobody here can have written, and what comes in between while they are mended.
#include "projecting.h"

enum { NEVER_DRAWN = 1000000 };

// --- yes, and nothing done ----------------------------------------------------------------------

static void fault_at(struct test_stores *stores, enum engine_call call, enum fake_fault_kind kind,
                     unsigned long nth)
{
    fake_engine_fault(stores->fake, &(struct fake_fault){.call = call, .kind = kind, .nth = nth});
}

// It waits a little, nobody's, and no attempt was counted.
static void assert_waits_unseen(struct test_stores *stores, int32_t id)
{
    struct test_outbox row = test_outbox(stores, id);
    assert_true(row.present && !row.leased && !row.dead);
    assert_int_equal(row.attempts, 0);
    assert_true(row.due_in_seconds > 0.2 && row.due_in_seconds <= 1);
    assert_string_equal(row.last_error, "the vector engine does not show what it was given");
}

static void a_lost_write_is_not_done(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    fault_at(stores, ENGINE_UPSERT, FAKE_LOSE, 1);
    struct projector_report report = step(stores);
    assert_int_equal(report.upserted, 0);
    assert_int_equal(report.failed, 0);
    assert_string_equal(report.last_error,
                        "content 1: the vector engine does not show what it was given");
    assert_waits_unseen(stores, stores->id);
    assert_true(is_idle(stores)); // not at once
    drain(stores);
    assert_agreed(stores);
}

static void a_write_that_comes_late_is_waited_for(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    fault_at(stores, ENGINE_UPSERT, FAKE_DELAY, 1);
    step(stores);
    assert_waits_unseen(stores, stores->id);
    assert_int_equal(fake_engine_settle(stores->fake), 1);
    drain(stores);
    assert_agreed(stores);
}

static void a_lost_removal_is_not_done(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    drain(stores);
    delete_content(stores);
    fault_at(stores, ENGINE_REMOVE, FAKE_LOSE, 1);
    assert_int_equal(step(stores).removed, 0);
    assert_waits_unseen(stores, stores->id);
    drain(stores);
    assert_agreed(stores);
}

static void lose_one(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call == ENGINE_UPSERT)
        fake_engine_take(stores->fake, stores->id);
}

static void only_what_is_not_shown_waits(struct test_stores *stores)
{
    int32_t first = make_row(stores, 0.5F);
    stores->id = make_row(stores, 0.25F);
    int32_t last = make_row(stores, 0.125F);
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){.after = lose_one, .state = stores});
    assert_int_equal(step(stores).upserted, 2);
    fake_engine_set_hooks(stores->fake, NULL);
    assert_projected(stores, first);
    assert_projected(stores, last);
    assert_waits_unseen(stores, stores->id);
    drain(stores);
    assert_agreed(stores);
}

// However long it goes on: the row is no dead letter, and it is not asked for all the time.
static void an_engine_that_loses_all_is_no_row_s_fault(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    fault_at(stores, ENGINE_UPSERT, FAKE_LOSE, 0);
    for (int i = 0; i < 12; i++) {
        step(stores);
        assert_waits_unseen(stores, stores->id);
        let_time_pass(stores);
    }
    fake_engine_clear_faults(stores->fake);
    drain(stores);
    assert_agreed(stores);
}

// Whoever waits for all of it hears soon that it does not come, how much of it, and what to do.
static void a_sync_with_an_engine_that_loses_ends_soon(struct test_stores *stores)
{
    static const struct projector_patience patience = {.wait_ms = 60000, .unseen_ms = 1};
    struct projector_report report = {0};
    struct grove_error error;
    int32_t before = make_row(stores, 0.25F);
    drain(stores);
    make_row(stores, 0.5F);
    make_row(stores, 0.75F);
    fault_at(stores, ENGINE_UPSERT, FAKE_LOSE, 0);
    assert_int_equal(projector_drain(&stores->store, NULL, &patience, &report, &error),
                     GROVE_UNAVAILABLE);
    assert_int_equal(report.upserted, 0);
    assert_true(report.unseen >= 2);
    assert_non_null(strstr(error.message, "2 contents did not arrive"));
    assert_non_null(strstr(error.detail, "does not show"));
    assert_non_null(strstr(error.hint, "grove sync"));
    assert_int_equal(error.origin, GROVE_ORIGIN_QDRANT);
    assert_int_equal(error.retry, GROVE_RETRY_LATER);
    fake_engine_clear_faults(stores->fake);
    assert_ok(projector_drain(&stores->store, NULL, &patience, &report, &error), error);
    assert_projected(stores, before);
    assert_agreed(stores);
}

// One that is late is waited for as long as others of them arrive.
static void a_sync_waits_for_what_is_late(struct test_stores *stores)
{
    static const struct projector_patience patience = {.wait_ms = 60000, .unseen_ms = 30000};
    struct projector_report report = {0};
    struct grove_error error;
    make_row(stores, 0.5F);
    fault_at(stores, ENGINE_UPSERT, FAKE_LOSE, 1);
    assert_ok(projector_drain(&stores->store, NULL, &patience, &report, &error), error);
    assert_int_equal(report.upserted, 1);
    assert_int_equal(report.unseen, 1);
    assert_agreed(stores);
}

// Nor does it say that all is well where others keep what it waits for.
static void a_sync_that_waits_in_vain_says_so(struct test_stores *stores)
{
    static const struct projector_patience patience = {.wait_ms = 1, .unseen_ms = 30000};
    struct projector_report report = {0};
    struct grove_error error;
    stores->id = make_row(stores, 0.5F);
    lease_for_another(stores);
    assert_int_equal(projector_drain(&stores->store, NULL, &patience, &report, &error),
                     GROVE_UNAVAILABLE);
    assert_non_null(strstr(error.message, "1 content did not arrive, and still waits"));
    assert_non_null(strstr(error.hint, "grove.outbox"));
    let_time_pass(stores);
    drain(stores);
    assert_agreed(stores);
}

static void a_look_that_fails_ends_nothing(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    fault_at(stores, ENGINE_STATES, FAKE_REFUSE, 1);
    step_fails(stores, GROVE_UNAVAILABLE);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_true(row.present && !row.leased);
    assert_int_equal(row.attempts, 0);
    drain(stores);
    assert_agreed(stores);
}

static void lose_collection(struct test_stores *stores)
{
    fake_engine_lose_collection(stores->fake);
}

static void a_collection_lost_before_the_look_is_made_again(struct test_stores *stores)
{
    int32_t before = make_row(stores, 0.25F);
    drain(stores);
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_WRITTEN, lose_collection);
    step(stores);
    assert_projected(stores, stores->id);
    assert_true(test_outbox(stores, before).present);
    drain(stores);
    assert_agreed(stores);
}

static void settle_engine(struct test_stores *stores)
{
    assert_int_equal(fake_engine_settle(stores->fake), 1);
}

static void look_after_a_late_copy(struct test_stores *stores, test_function *change)
{
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.last_writer_wins = true});
    stores->id = make_row(stores, 0.5F);
    fault_at(stores, ENGINE_UPSERT, FAKE_DUPLICATE, 1);
    step(stores);
    change(stores);
    TEST_AT(stores, PROJECTOR_WRITTEN, settle_engine);
    step(stores);
    assert_waits_unseen(stores, stores->id);
    drain(stores);
    assert_agreed(stores);
}

// A second copy of an earlier write, which replaces the later one.
static void a_late_copy_is_seen(struct test_stores *stores)
{
    look_after_a_late_copy(stores, change_words);
}

static void a_late_copy_of_what_is_gone_is_seen(struct test_stores *stores)
{
    look_after_a_late_copy(stores, delete_content);
}

// --- points of nobody ---------------------------------------------------------------------------

static void put_alien(struct test_stores *stores, int64_t revision)
{
    struct fake_point point = {.id = stores->id, .revision = revision};
    point.vector[7] = 1;
    fake_engine_put(stores->fake, &point);
}

static const int64_t alien_revisions[] = {VECTOR_NONE, NEVER_DRAWN, INT64_MAX - 1, 0, -5};

static void aliens_give_way(struct test_stores *stores, bool last_writer_wins)
{
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.last_writer_wins = last_writer_wins});
    for (size_t i = 0; i < ARRAY_COUNT(alien_revisions); i++) {
        stores->id = make_row(stores, 0.5F);
        int32_t other = make_row(stores, 0.5F);
        put_alien(stores, alien_revisions[i]);
        assert_int_equal(step(stores).upserted, 2);
        assert_projected(stores, stores->id);
        assert_projected(stores, other);
    }
    assert_agreed(stores);
}

static void a_point_of_nobody_gives_way(struct test_stores *stores)
{
    aliens_give_way(stores, false);
}

static void a_point_of_nobody_gives_way_to_the_last_writer(struct test_stores *stores)
{
    aliens_give_way(stores, true);
}

static void a_point_of_nobody_is_removed(struct test_stores *stores)
{
    for (size_t i = 0; i < ARRAY_COUNT(alien_revisions); i++) {
        stores->id = make_row(stores, 0.5F);
        drain(stores);
        delete_content(stores);
        put_alien(stores, alien_revisions[i]);
        assert_int_equal(step(stores).removed, 1);
        assert_agreed(stores);
    }
}

// Another content has drawn that number, or a higher one; this content never had it.
static void a_revision_of_another_content_gives_way(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    make_row(stores, 0.25F);
    drain(stores);
    change_words(stores);
    int64_t drawn = test_sql_int(stores, "SELECT nextval('grove.revision_seq')");
    put_alien(stores, drawn);
    assert_int_equal(step(stores).upserted, 1);
    assert_agreed(stores);
}

static void an_eviction_that_is_refused_holds_up_nobody_else(struct test_stores *stores)
{
    int32_t other = make_row(stores, 0.25F);
    stores->id = make_row(stores, 0.5F);
    put_alien(stores, VECTOR_NONE);
    fake_engine_fault(
        stores->fake,
        &(struct fake_fault){.call = ENGINE_EVICT, .kind = FAKE_REFUSE, FAKE_STRICT_MODE});
    assert_int_equal(step(stores).upserted, 1);
    assert_projected(stores, other);
    assert_waits_unseen(stores, stores->id);
    fake_engine_clear_faults(stores->fake);
    drain(stores);
    assert_agreed(stores);
}

// --- what comes in between ----------------------------------------------------------------------

static void act_before_evict(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call != ENGINE_EVICT)
        return;
    fake_engine_set_hooks(stores->fake, NULL);
    (*(test_function **)stores->other)(stores);
}

static void step_with_eviction(struct test_stores *stores, int64_t revision, test_function *act)
{
    put_alien(stores, revision);
    stores->other = &act;
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = act_before_evict, .state = stores});
    step(stores);
    assert_true(fake_engine_calls(stores->fake, ENGINE_EVICT) > 0);
}

// Our lease has run out by then: another projector mends the point, and writes a later state.
static void what_was_written_meanwhile_stays(struct test_stores *stores)
{
    static const int64_t revisions[] = {VECTOR_NONE, NEVER_DRAWN};
    for (size_t i = 0; i < ARRAY_COUNT(revisions); i++) {
        stores->id = make_row(stores, 0.5F);
        step_with_eviction(stores, revisions[i], change_and_finish);
        assert_agreed(stores);
    }
}

// The content comes to the very revision of the point of nobody, and another projector writes it:
// what is evicted then is not what was seen, and goes into the outbox again.
static void a_revision_that_is_drawn_meanwhile_comes_again(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    // A change draws two numbers, and takes the second.
    int64_t next = test_revision(stores, stores->id) + 2;
    step_with_eviction(stores, next, change_and_finish);
    assert_int_equal(test_revision(stores, stores->id), next);
    assert_true(test_outbox(stores, stores->id).present);
    drain(stores);
    assert_agreed(stores);
}

static void half_a_lease_is_too_late_to_evict(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    put_alien(stores, NEVER_DRAWN);
    TEST_AT(stores, PROJECTOR_WRITTEN, use_up_the_lease);
    step(stores);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_EVICT), 0);
    assert_waits_unseen(stores, stores->id);
    inject_set_knob(INJECT_KNOB_LEASE_MS, 0);
    drain(stores);
    assert_agreed(stores);
}

// A later state that another projector wrote is no point of nobody: it stays, and all is well.
static void a_later_state_stays(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_WRITE, change_and_finish);
    step(stores);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_EVICT), 0);
    assert_agreed(stores);
}

static void delete_finish_and_put(struct test_stores *stores)
{
    int64_t drawn = test_sql_int(stores, "SELECT nextval('grove.revision_seq')");
    delete_and_finish(stores);
    put_alien(stores, drawn);
}

// The same, and the content is gone by then: only what was drawn of any tells.
static void a_later_state_of_what_is_gone_stays(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_WRITE, delete_finish_and_put);
    step(stores);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_EVICT), 0);
    assert_int_equal(fake_engine_points(stores->fake), 1);
    assert_true(test_outbox(stores, stores->id).deleted); // and so it goes in the next step
    drain(stores);
    assert_agreed(stores);
}

// --- late, beside a writer ----------------------------------------------------------------------

static void change_finish_and_hold(struct test_stores *stores)
{
    change_and_finish(stores);
    test_session_sql(test_session(stores),
                     "BEGIN; UPDATE content_metadata SET word_count = 70 WHERE id = %d",
                     stores->id);
}

static void delete_finish_and_insert(struct test_stores *stores)
{
    int32_t leaf = test_leaf(stores, "Leaf");
    delete_and_finish(stores);
    test_session_sql(test_session(stores),
                     "BEGIN; INSERT INTO content_metadata (id, hierarchy_table, leaf_id,"
                     " content_type, title, content_summary)"
                     " VALUES (%d, 'subject1_hierarchy', %d, 'Article', 'T', 'S')",
                     stores->id, leaf);
}

// The writer has the content's state, and a row of the outbox, which nobody sees: a step that
// waited for it would never end here. The engine gets what is committed.
static void write_late_beside(struct test_stores *stores, test_function *writer)
{
    stores->id = make_row(stores, 0.5F);
    stores->other = &writer;
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.last_writer_wins = true});
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.looked = act_when_looked, .state = stores});
    step(stores);
    assert_true(test_outbox(stores, stores->id).present);
    drain(stores);
    assert_agreed(stores);
}

static void a_late_write_waits_for_no_writer(struct test_stores *stores)
{
    write_late_beside(stores, change_finish_and_hold);
    test_session_sql(stores->sessions[1], "COMMIT");
    assert_true(test_outbox(stores, stores->id).present);
    drain(stores);
    assert_agreed(stores);
}

static void a_late_write_waits_for_no_insert(struct test_stores *stores)
{
    write_late_beside(stores, delete_finish_and_insert);
    test_session_sql(stores->sessions[1], "COMMIT");
    assert_true(test_outbox(stores, stores->id).present);
    drain(stores);
    assert_agreed(stores);
}

static void lose_what_came_again(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call == ENGINE_REMOVE)
        fake_engine_take(stores->fake, stores->id);
}

static void insert_again_finish_and_lose(struct test_stores *stores)
{
    insert_again_and_finish(stores);
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.after = lose_what_came_again, .state = stores});
}

// However it was lost, we are the last to have looked.
static void a_late_look_that_misses_a_point_has_it_written(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    drain(stores);
    delete_content(stores);
    TEST_AT(stores, PROJECTOR_WRITE, insert_again_finish_and_lose);
    step(stores);
    fake_engine_set_hooks(stores->fake, NULL);
    assert_int_equal(fake_engine_revision(stores->fake, stores->id), FAKE_NO_POINT);
    assert_true(test_outbox(stores, stores->id).present);
    drain(stores);
    assert_agreed(stores);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_lost_write_is_not_done),
        STORES_TEST(a_write_that_comes_late_is_waited_for),
        STORES_TEST(a_lost_removal_is_not_done),
        STORES_TEST(only_what_is_not_shown_waits),
        STORES_TEST(an_engine_that_loses_all_is_no_row_s_fault),
        STORES_TEST(a_sync_with_an_engine_that_loses_ends_soon),
        STORES_TEST(a_sync_waits_for_what_is_late),
        STORES_TEST(a_sync_that_waits_in_vain_says_so),
        STORES_TEST(a_look_that_fails_ends_nothing),
        STORES_TEST(a_collection_lost_before_the_look_is_made_again),
        STORES_TEST(a_late_copy_is_seen),
        STORES_TEST(a_late_copy_of_what_is_gone_is_seen),
        STORES_TEST(a_point_of_nobody_gives_way),
        STORES_TEST(a_point_of_nobody_gives_way_to_the_last_writer),
        STORES_TEST(a_point_of_nobody_is_removed),
        STORES_TEST(a_revision_of_another_content_gives_way),
        STORES_TEST(an_eviction_that_is_refused_holds_up_nobody_else),
        STORES_TEST(what_was_written_meanwhile_stays),
        STORES_TEST(a_revision_that_is_drawn_meanwhile_comes_again),
        STORES_TEST(half_a_lease_is_too_late_to_evict),
        STORES_TEST(a_later_state_stays),
        STORES_TEST(a_later_state_of_what_is_gone_stays),
        STORES_TEST(a_late_write_waits_for_no_writer),
        STORES_TEST(a_late_write_waits_for_no_insert),
        STORES_TEST(a_late_look_that_misses_a_point_has_it_written),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
