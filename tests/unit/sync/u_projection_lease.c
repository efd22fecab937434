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

static void what_was_embedded_for_too_long_is_written_by_the_next(struct test_stores *stores)
{
    stores->id = test_content(stores, &(struct test_content){.body = "A text."});
    TEST_AT(stores, PROJECTOR_STORED, use_up_the_lease);
    struct projector_report report = step(stores);
    assert_int_equal(report.embedded, 1);
    assert_int_equal(report.upserted, 0);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_UPSERT), 0);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_true(row.present && !row.leased);
    assert_int_equal(row.attempts, 0);
    inject_set_knob(INJECT_KNOB_LEASE_MS, 100000);
    let_time_pass(stores);
    report = step(stores);
    assert_int_equal(report.embedded, 0);
    assert_int_equal(report.upserted, 1);
    assert_agreed(stores);
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

// --- clocks and sessions ------------------------------------------------------------------------

// PostgreSQL's clock was set back by an hour: to the lease, and to the row, that hour is ahead.
static void a_clock_that_was_set_back_delays_nothing(struct test_stores *stores)
{
    struct projector_backlog backlog;
    struct grove_error error;
    stores->id = make_row(stores, 0.5F);
    lease_for_another(stores);
    test_sql(stores, "UPDATE grove.outbox SET lease_until = lease_until + interval '1 hour'");
    assert_int_equal(step(stores).upserted, 1);
    change_words(stores);
    test_sql(stores, "UPDATE grove.outbox SET not_before = not_before + interval '1 hour'");
    assert_ok(projector_backlog(&stores->store, NULL, &backlog, &error), error);
    assert_true(backlog.pending == 1 && backlog.due_in_seconds <= 0);
    assert_int_equal(step(stores).upserted, 1);
    // What failed waits as long as it would have without that, and no longer.
    change_words(stores);
    test_sql(stores, "UPDATE grove.outbox SET attempts = 4,"
                     " not_before = clock_timestamp() + interval '15 seconds'");
    assert_true(is_idle(stores));
    test_sql(stores, "UPDATE grove.outbox SET not_before = not_before + interval '2 seconds'");
    assert_int_equal(step(stores).upserted, 1);
    assert_agreed(stores);
}

static void lease_for_session(struct test_stores *stores, const char *pid, const char *since)
{
    lease_for_another(stores);
    test_sql(stores,
             "UPDATE grove.outbox SET lease_pid = a.pid + %s, lease_session = a.backend_start + %s"
             " FROM pg_stat_activity AS a WHERE a.application_name = 'holder'",
             pid, since);
}

static void the_leases_of_a_session_end_with_it(struct test_stores *stores)
{
    test_session_sql(test_session(stores), "SET application_name = 'holder'");
    stores->id = make_row(stores, 0.5F);
    lease_for_session(stores, "0", "'0'::interval");
    assert_true(is_idle(stores));
    lease_for_session(stores, "0", "NULL::interval"); // what cannot be seen is not gone
    assert_true(is_idle(stores));
    lease_for_session(stores, "0", "'1us'::interval"); // another process has its number
    assert_int_equal(step(stores).upserted, 1);
    change_words(stores);
    lease_for_session(stores, "100000000", "'0'::interval");
    assert_int_equal(step(stores).upserted, 1);
    assert_agreed(stores);
}

static void look_at_the_session(struct test_stores *stores)
{
    stores->id = (int32_t)test_sql_int(
        stores, "SELECT count(*) FROM grove.outbox AS o JOIN pg_stat_activity AS a"
                " ON a.pid = o.lease_pid AND a.backend_start = o.lease_session"
                " WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()");
}

static void a_lease_names_its_session(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_LEASED, look_at_the_session);
    step(stores);
    assert_int_equal(stores->id, 1);
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
    assert_ok(projector_apply(&stores->store, NULL, ids, count, &report, &error), error);
    return report;
}

static void what_is_asked_for_need_not_be_due(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    int32_t other = make_row(stores, 0.25F), third = make_row(stores, 0.125F);
    const int32_t ids[] = {stores->id, other};
    test_sql(stores, "UPDATE grove.outbox SET attempts = 8,"
                     " not_before = clock_timestamp() + interval '4 minutes'");
    lease_for_another(stores);
    assert_true(is_idle(stores));
    assert_int_equal(apply(stores, ids, 2).upserted, 1);
    assert_projected(stores, other);
    assert_string_equal(test_outbox(stores, stores->id).owner, "another");
    assert_true(test_outbox(stores, third).present); // nobody asked for it
}

// The other row came after the lease, and is as good as leased.
static void a_content_with_one_row_leased_is_left(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    lease_for_another(stores);
    change_words(stores);
    assert_int_equal(apply(stores, &stores->id, 1).upserted, 0);
    assert_true(is_idle(stores));
    assert_int_equal(test_sql_int(stores, "SELECT count(lease_owner) FROM grove.outbox"), 1);
    let_time_pass(stores);
    assert_int_equal(apply(stores, &stores->id, 1).upserted, 1);
    assert_agreed(stores);
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

// --- flushing ------------------------------------------------------------------------------------

// What a commit of a lease is told to wait for: a deferred trigger runs last in the transaction.
static void note_commits(struct test_stores *stores)
{
    test_sql(stores, "CREATE TABLE commits (waits_for text);"
                     "CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                     " INSERT INTO public.commits VALUES (current_setting('synchronous_commit'));"
                     " RETURN NULL; END $$;"
                     "CREATE CONSTRAINT TRIGGER note_commit AFTER UPDATE ON grove.outbox"
                     " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
                     " WHEN (OLD.lease_owner IS NULL AND NEW.lease_owner IS NOT NULL)"
                     " EXECUTE FUNCTION note_commit()");
}

// Every session of the projector begins anew, with this setting.
static void begin_sessions_with(struct test_stores *stores, const char *setting)
{
    test_sql(stores,
             "DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET synchronous_commit = %s',"
             " current_database()); END $$",
             setting);
    test_sql(stores, "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
                     " WHERE datname = current_database() AND pid <> pg_backend_pid()");
}

// A change that its writer did not flush is flushed with the lease, before anybody projects it.
// Otherwise the engine would have what a crash of PostgreSQL takes back.
static void a_lease_is_flushed_where_commits_are_not(struct test_stores *stores)
{
    static const struct {
        const char *setting, *wanted;
    } rows[] = {{"off", "on"}, {"local", "local"}, {"remote_write", "remote_write"}, {"on", "on"}};
    note_commits(stores);
    stores->id = make_row(stores, 0.5F);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        begin_sessions_with(stores, rows[i].setting);
        change_words(stores);
        assert_int_equal(step(stores).upserted, 1);
        change_words(stores);
        assert_int_equal(apply(stores, &stores->id, 1).upserted, 1);
        assert_int_equal(test_sql_int(stores,
                                      "SELECT count(*) FILTER (WHERE waits_for = '%s') * 10"
                                      " + count(*) FROM commits",
                                      rows[i].wanted),
                         22);
        test_sql(stores, "TRUNCATE commits");
    }
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
    test_content(stores, &(struct test_content){.title = "free"});
    TEST_AT(stores, PROJECTOR_EMBEDDED, writer);
    step(stores);
    assert_agreed(stores);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.embedding"), 2);
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
        STORES_TEST(what_was_embedded_for_too_long_is_written_by_the_next),
        STORES_TEST(a_lease_has_an_owner_and_an_end),
        STORES_TEST(a_lease_is_taken_over_when_it_ends),
        STORES_TEST(what_is_leased_is_not_leased_again),
        STORES_TEST(a_change_does_not_end_a_lease),
        STORES_TEST(a_content_with_one_row_leased_is_left),
        STORES_TEST(a_clock_that_was_set_back_delays_nothing),
        STORES_TEST(the_leases_of_a_session_end_with_it),
        STORES_TEST(a_lease_names_its_session),
        STORES_TEST(a_batch_has_a_maximum),
        STORES_TEST(what_is_asked_for_need_not_be_due),
        STORES_TEST(asking_waits_for_no_writer),
        STORES_TEST(a_lease_is_flushed_where_commits_are_not),
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
