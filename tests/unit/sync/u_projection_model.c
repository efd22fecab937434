// SPDX-License-Identifier: Apache-2.0
// A change of the database's model beside projectors: what is written and acknowledged in which
// generation, and what becomes of vectors that were supplied. u_writers.c has it beside writers.
#include "projecting.h"

#include <math.h>

#include "base/call.h"
#include "catalog/assets.h"
#include "catalog/model_change.h"
#include "sync/outbox_check.h"

// Written before the change, seen, and then not acknowledged: the point is of the old model.
static void nothing_of_another_model_is_acknowledged(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_SEEN, change_model);
    struct projector_report report = step(stores);
    assert_int_equal(report.upserted, 0);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_true(row.present && !row.leased); // at once: no lease is waited for
    assert_int_equal(row.attempts, 0);
    assert_true(row.due_in_seconds < 1);
    drain(stores);
    assert_agreed(stores);
}

// As a change of the model that looks for contents, or has done so, and is not committed.
static void hold_lock(struct test_stores *stores)
{
    stores->other = test_session(stores);
    test_session_sql(stores->other, "BEGIN; SELECT pg_advisory_xact_lock(7454108921)");
}

static void change_setting(struct test_stores *stores)
{
    test_session_sql(stores->other, "UPDATE grove.setting SET value = CASE name WHEN 'model' THEN"
                                    " 'all-MiniLM-L6-v2/int8' ELSE '1000' END"
                                    " WHERE name IN ('model', 'generation')");
}

static void hold_lock_and_setting(struct test_stores *stores)
{
    hold_lock(stores);
    change_setting(stores);
}

// A content that came too late for the change to see it, and is projected before the change is
// committed: nobody would project it with the new model.
static void nothing_is_acknowledged_while_the_model_changes(struct test_stores *stores)
{
    hold_lock(stores);
    stores->id = make_row(stores, 0.5F);
    assert_int_equal(step(stores).upserted, 0);
    assert_true(test_outbox(stores, stores->id).present);
    change_setting(stores);
    test_session_sql(stores->other, "COMMIT");
    pthread_mutex_lock(&stores->store.model_mutex);
    stores->store.model_read_at_us = 0; // as if a second had passed
    pthread_mutex_unlock(&stores->store.model_mutex);
    drain(stores);
    assert_agreed(stores);
}

// Else it would wait for this very thread.
static void acknowledging_waits_for_no_change(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_SEEN, hold_lock_and_setting);
    step(stores);
    assert_false(test_outbox(stores, stores->id).leased);
    test_session_sql(stores->other, "ROLLBACK");
    drain(stores);
    assert_agreed(stores);
}

// The change is committed between the beginning of the statement and its look at the generation.
// Here PostgreSQL refuses to lock a row that is newer than the snapshot; in read committed it gives
// the new one.
static void the_generation_is_that_of_the_row(struct test_stores *stores)
{
    struct pg_statement acknowledge = {"acknowledge.sql", query_sql("acknowledge.sql")};
    struct pg_conn *conn = test_session(stores);
    struct pg_params params = {0};
    struct pg_rows rows;
    struct grove_error error = {0};
    stores->id = make_row(stores, 0.5F);
    lease_for_another(stores);
    test_session_sql(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM grove.outbox");
    change_model(stores);
    int64_t revision = test_revision(stores, stores->id);
    pg_add_int4_array(&params, &stores->arena, &stores->id, 1);
    pg_add_int8_array(&params, &stores->arena, &revision, 1);
    pg_add_int4_array(&params, &stores->arena, (const int32_t[]){1}, 1);
    pg_add_text(&params, text_of("another"));
    pg_add_int8_array(&params, &stores->arena, &revision, 1);
    pg_add_int8(&params, 0);
    pg_add_text(&params, text_of(test_sql_text(stores, "SELECT history FROM grove.lineage")));
    if (pg_query(conn, &stores->arena, &acknowledge, &params, &rows, &error) == GROVE_OK)
        fail_msg("%d rows of another generation were acknowledged", rows.count);
    assert_string_equal(error.sqlstate, "40001");
}

// What was acknowledged before it looks for contents is committed by then: it waits for that.
static void a_change_waits_for_acknowledgments(struct test_stores *stores)
{
    struct grove_error error;
    struct call call;
    int64_t queued;
    call_init(&call);
    call_within(&call, 200);
    test_session_sql(test_session(stores),
                     "BEGIN; SELECT pg_advisory_xact_lock_shared(7454108921)");
    assert_int_equal(store_set_precision(&stores->store, &call, EMBED_REDUCED, &queued, &error),
                     GROVE_TIMEOUT);
    assert_int_equal(test_sql_int(stores, "SELECT value::bigint FROM grove.setting"
                                          " WHERE name = 'generation'"),
                     0);
}

// Its transaction ends with it, wherever it dies.
static void a_change_is_made_or_not(struct test_stores *stores)
{
    static const enum inject_point points[] = {INJECT_MODEL_LOCKED, INJECT_MODEL_CHANGED};
    for (size_t i = 0; i < ARRAY_COUNT(points); i++) {
        struct grove_error error;
        int64_t queued;
        test_stores_empty(stores);
        fake_engine_take(stores->fake, stores->id);
        stores->id = make_row(stores, 0.5F);
        drain(stores);
        test_at(stores, &(struct test_step){points[i], 1, NULL, GROVE_UNAVAILABLE});
        assert_int_equal(store_set_precision(&stores->store, NULL, EMBED_REDUCED, &queued, &error),
                         GROVE_UNAVAILABLE);
        test_at_forget(stores);
        assert_agreed(stores); // nothing waits
        change_model(stores);
        drain(stores);
        assert_agreed(stores);
    }
}

// Its old revision is that of the model of before: an engine that compares does not take it.
static void a_late_write_of_the_old_model_loses(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_WRITE, change_model_and_finish);
    step(stores);
    assert_agreed(stores);
    assert_int_equal(outbox_count(stores), 0);
}

// One that does not compare takes it, and the projector sees that it was late.
static void a_late_write_of_the_old_model_is_mended(struct test_stores *stores)
{
    write_late(stores, change_model_and_finish);
    assert_int_equal(fake_engine_revision(stores->fake, stores->id),
                     test_revision(stores, stores->id)); // that of a point of before
    assert_true(test_outbox(stores, stores->id).present);
    drain(stores);
    assert_agreed(stores);
}

// Though their revisions are beyond all that were drawn.
static void points_of_the_new_model_are_somebodys(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_WRITE, change_model_and_finish);
    step(stores);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_EVICT), 0);
    assert_agreed(stores);
}

static void what_is_deleted_goes_whatever_the_generation(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    change_model(stores);
    drain(stores);
    assert_agreed(stores);
    delete_content(stores);
    drain(stores);
    assert_agreed(stores);
    assert_int_equal(fake_engine_points(stores->fake), 0);
}

// The row that is drawn for the change comes after that of the deletion, which says so.
static void what_is_being_deleted_goes(struct test_stores *stores)
{
    struct grove_error error;
    struct pg_conn *writer = test_session(stores);
    stores->id = make_row(stores, 0.5F);
    drain(stores);
    test_session_sql(writer, "BEGIN; DELETE FROM content_metadata");
    change_model(stores);
    test_session_sql(writer, "COMMIT");
    assert_int_equal(outbox_count(stores), 2);
    assert_ok(outbox_check(&stores->store, &error), error);
    TEST_FAIL_AT(stores, PROJECTOR_WRITE, NULL);
    step_fails(stores, GROVE_UNAVAILABLE);
    assert_int_equal(outbox_count(stores), 1);
    assert_ok(outbox_check(&stores->store, &error), error);
    drain(stores);
    assert_agreed(stores);
    assert_int_equal(fake_engine_points(stores->fake), 0);
}

// --- vectors that were supplied -----------------------------------------------------------------

static bool points_toward(struct test_stores *stores, float cosine)
{
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, stores->id, &point));
    return fabsf(point.vector[0] - cosine) < 1e-4F;
}

static void supplied_vectors_go_with_the_model(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    drain(stores);
    change_model(stores);
    drain(stores);
    assert_agreed(stores);
    assert_true(points_toward(stores, 0.5F));
    // Another one, and the way back: the last word counts, not what was kept of before.
    test_sql(stores,
             "UPDATE grove.embedding AS e SET revision = s.revision FROM grove.content_state AS s"
             " WHERE s.content_id = e.content_id");
    change_words(stores);
    test_vector_give(stores, stores->id, test_toward(0.25F, 1).numbers);
    test_sql(stores,
             "UPDATE grove.embedding AS e SET revision = s.revision FROM grove.content_state AS s"
             " WHERE s.content_id = e.content_id AND e.model LIKE '%%int8'");
    drain(stores);
    set_model(stores, EMBED_F32);
    drain(stores);
    assert_agreed(stores);
    assert_true(points_toward(stores, 0.25F));
}

// Whoever supplies one while the model changes supplies it to the model of before.
static void what_was_supplied_meanwhile_is_taken_over(struct test_stores *stores)
{
    struct pg_conn *loader = test_session(stores);
    stores->id = make_row(stores, 0.5F);
    test_sql(stores, "CREATE TABLE spare AS SELECT vector FROM grove.embedding;"
                     "DELETE FROM grove.embedding");
    drain(stores); // computed
    assert_false(points_toward(stores, 0.5F));
    test_session_sql(loader,
                     "BEGIN; UPDATE grove.embedding SET origin = 'supplied', vector = spare.vector"
                     " FROM spare;"
                     "SELECT grove.note_changed(array_agg(id)) FROM content_metadata");
    change_model(stores);
    drain(stores); // computed, for as long as nothing else is known
    test_session_sql(loader, "COMMIT");
    drain(stores);
    assert_agreed(stores);
    assert_true(points_toward(stores, 0.5F));
    assert_string_equal(
        test_sql_text(stores, "SELECT string_agg(origin, ' ') FROM grove.embedding"),
        "supplied supplied");
}

static void what_cannot_be_compared_is_not_taken_over(struct test_stores *stores)
{
    stores->id = test_content(stores, &(struct test_content){.title = "a"});
    test_vector_give(stores, stores->id, test_toward(0, 1).numbers);
    test_sql(stores, "UPDATE grove.embedding SET"
                     " vector = decode(repeat('00000080', 384), 'hex')");
    change_model(stores);
    drain(stores);
    assert_agreed(stores);
    assert_string_equal(test_sql_text(stores, "SELECT origin FROM grove.embedding"
                                              " WHERE model LIKE '%%int8'"),
                        "computed");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(nothing_of_another_model_is_acknowledged),
        STORES_TEST(nothing_is_acknowledged_while_the_model_changes),
        STORES_TEST(acknowledging_waits_for_no_change),
        STORES_TEST(the_generation_is_that_of_the_row),
        STORES_TEST(a_change_waits_for_acknowledgments),
        STORES_TEST(a_change_is_made_or_not),
        STORES_TEST(a_late_write_of_the_old_model_loses),
        STORES_TEST(a_late_write_of_the_old_model_is_mended),
        STORES_TEST(points_of_the_new_model_are_somebodys),
        STORES_TEST(what_is_deleted_goes_whatever_the_generation),
        STORES_TEST(what_is_being_deleted_goes),
        STORES_TEST(supplied_vectors_go_with_the_model),
        STORES_TEST(what_was_supplied_meanwhile_is_taken_over),
        STORES_TEST(what_cannot_be_compared_is_not_taken_over),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
