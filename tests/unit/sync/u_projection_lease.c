// SPDX-License-Identifier: Apache-2.0
// Who may take a row, for how long, and that nobody waits for anybody.
#include "projecting.h"

#include "base/clock.h"

// --- leases -------------------------------------------------------------------------------------

static void half_a_lease_is_too_late_to_write(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_READ, use_up_the_lease);
    step_fails(stores, GROVE_TIMEOUT);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_UPSERT), 0);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_true(row.present && !row.leased);
    assert_int_equal(row.attempts, 0);
}

static void look_at_the_lease(struct test_stores *stores)
{
    struct test_outbox *seen = stores->other;
    *seen = test_outbox(stores, stores->id);
    assert_in_range(test_sql_int(stores, "SELECT extract(epoch FROM lease_until -"
                                         " clock_timestamp()) FROM grove.outbox"),
                    100, 120);
}

static void a_lease_has_an_owner_and_an_end(struct test_stores *stores)
{
    struct test_outbox seen;
    stores->id = make_row(stores, 0.5F);
    stores->other = &seen;
    TEST_AT(stores, PROJECTOR_LEASED, look_at_the_lease);
    step(stores);
    assert_true(seen.leased && seen.owner[0]);
}

static void a_lease_is_taken_over_when_it_ends(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    lease_for_another(stores);
    assert_true(is_idle(stores));
    assert_int_equal(fake_engine_points(stores->fake), 0);
    let_time_pass(stores);
    assert_false(is_idle(stores));
    assert_agreed(stores);
}

static void step_as_another(struct test_stores *stores)
{
    assert_true(is_idle(stores)); // all is leased
}

static void what_is_leased_is_not_leased_again(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    make_row(stores, 0.25F);
    TEST_AT(stores, PROJECTOR_LEASED, step_as_another);
    assert_int_equal(step(stores).upserted, 2);
    assert_int_equal(stores->reached[INJECT_PROJECTOR_LEASE], 2);
    assert_agreed(stores);
}

static void a_change_does_not_end_a_lease(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    lease_for_another(stores);
    change_words(stores);
    assert_string_equal(test_outbox(stores, stores->id).owner, "another");
    assert_true(is_idle(stores));
}

static void a_batch_has_a_maximum(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    test_sql(stores, "INSERT INTO grove.outbox (content_id, revision, deleted)"
                     " SELECT 1000 + i, nextval('grove.revision_seq'), true"
                     " FROM generate_series(1, 200) AS i");
    struct projector_report report = step(stores);
    assert_int_equal(report.upserted + report.removed, 128);
    assert_projected(stores, 1); // due first
    report = step(stores);
    assert_int_equal(report.removed, 73);
    assert_agreed(stores);
}

// --- asked for by id ----------------------------------------------------------------------------

static struct projector_report apply(struct test_stores *stores, const int32_t *ids, size_t count)
{
    struct projector_report report = {0};
    struct grove_error error;
    assert_ok(projector_apply(&stores->store, ids, count, &report, &error), error);
    return report;
}

static void what_is_asked_for_need_not_be_due(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    int32_t other = make_row(stores, 0.25F), third = make_row(stores, 0.125F);
    const int32_t ids[] = {stores->id, other};
    test_sql(stores, "UPDATE grove.outbox SET not_before = clock_timestamp() + interval '1 hour'");
    lease_for_another(stores);
    assert_true(is_idle(stores));
    assert_int_equal(apply(stores, ids, 2).upserted, 1);
    assert_projected(stores, other);
    assert_string_equal(test_outbox(stores, stores->id).owner, "another");
    assert_true(test_outbox(stores, third).present); // nobody asked for it
}

static void asking_waits_for_no_writer(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    int32_t other = make_row(stores, 0.25F);
    const int32_t ids[] = {stores->id, other};
    lock_row(stores);
    assert_int_equal(apply(stores, ids, 2).upserted, 1);
    assert_projected(stores, other);
}

// --- locks of others ----------------------------------------------------------------------------

static void leasing_waits_for_no_writer(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    int32_t other = make_row(stores, 0.25F);
    lock_row(stores);
    step(stores);
    assert_projected(stores, other);
    assert_true(test_outbox(stores, stores->id).present);
    assert_int_equal(fake_engine_revision(stores->fake, stores->id), FAKE_NO_POINT);
}

static void acknowledging_waits_for_no_writer(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    int32_t other = make_row(stores, 0.25F);
    TEST_AT(stores, PROJECTOR_WRITTEN, lock_row);
    step(stores);
    assert_projected(stores, other);
    assert_true(test_outbox(stores, stores->id).present);
}

static void putting_back_waits_for_no_writer(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    int32_t other = make_row(stores, 0.25F);
    TEST_FAIL_AT(stores, PROJECTOR_WRITE, lock_row);
    step_fails(stores, GROVE_UNAVAILABLE);
    assert_false(test_outbox(stores, other).leased);
    assert_true(test_outbox(stores, stores->id).leased);
}

static void lock_content(struct test_stores *stores)
{
    test_session_sql(test_session(stores),
                     "BEGIN; SELECT FROM content_metadata WHERE id = %d FOR UPDATE", stores->id);
}

static void lock_state(struct test_stores *stores)
{
    test_session_sql(test_session(stores),
                     "BEGIN; SELECT FROM grove.content_state WHERE content_id = %d FOR UPDATE",
                     stores->id);
}

static void keep_vectors_beside(struct test_stores *stores, test_function *writer)
{
    stores->id = test_content(stores, &(struct test_content){.title = "held"});
    int32_t other = test_content(stores, &(struct test_content){.title = "free"});
    TEST_AT(stores, PROJECTOR_EMBEDDED, writer);
    step(stores);
    assert_projected(stores, other);
    assert_true(test_outbox(stores, stores->id).present);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.embedding"), 1);
}

static void keeping_vectors_waits_for_no_content(struct test_stores *stores)
{
    keep_vectors_beside(stores, lock_content);
}

static void keeping_vectors_waits_for_no_state(struct test_stores *stores)
{
    keep_vectors_beside(stores, lock_state);
}

// --- models -------------------------------------------------------------------------------------

static void change_model(struct test_stores *stores)
{
    struct grove_error error;
    int64_t queued;
    assert_ok(store_set_precision(&stores->store, NULL, EMBED_REDUCED, &queued, &error), error);
    assert_int_equal(queued, 1);
}

static void another_model_s_rows_are_put_back(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_LEASED, change_model);
    step(stores);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_UPSERT), 0);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_true(row.present && !row.leased);
    assert_int_equal(row.attempts, 0);
    drain(stores);
    assert_agreed(stores);
}

static void another_model_s_rows_are_not_leased(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_LEASE, change_model); // after this projector asked for the model
    assert_true(is_idle(stores));
    drain(stores);
    assert_agreed(stores);
}

static void another_model_s_rows_are_not_leased_by_id(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_LEASE, change_model);
    assert_int_equal(apply(stores, &stores->id, 1).upserted, 0);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_string_equal(row.last_error, ""); // not even taken and put back
    drain(stores);
    assert_agreed(stores);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(half_a_lease_is_too_late_to_write),
        STORES_TEST(a_lease_has_an_owner_and_an_end),
        STORES_TEST(a_lease_is_taken_over_when_it_ends),
        STORES_TEST(what_is_leased_is_not_leased_again),
        STORES_TEST(a_change_does_not_end_a_lease),
        STORES_TEST(a_batch_has_a_maximum),
        STORES_TEST(what_is_asked_for_need_not_be_due),
        STORES_TEST(asking_waits_for_no_writer),
        STORES_TEST(leasing_waits_for_no_writer),
        STORES_TEST(acknowledging_waits_for_no_writer),
        STORES_TEST(putting_back_waits_for_no_writer),
        STORES_TEST(keeping_vectors_waits_for_no_content),
        STORES_TEST(keeping_vectors_waits_for_no_state),
        STORES_TEST(another_model_s_rows_are_put_back),
        STORES_TEST(another_model_s_rows_are_not_leased),
        STORES_TEST(another_model_s_rows_are_not_leased_by_id),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
