// SPDX-License-Identifier: Apache-2.0
// No projector, refill or change of the model fails a writer, or has one wait, at any isolation
// level: whatever they do between the beginning of a writer's transaction and its writes.
#include "projecting.h"

#include "base/call.h"
#include "catalog/model_change.h"
#include "sync/lineage.h"

static const char *const levels[] = {"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"};

// What the writer does of the content: then, and whether it exists afterwards.
static const struct write {
    const char *sql; // all contents there are, one
    bool deletes;
} writes[] = {
    {"UPDATE content_metadata SET word_count = word_count + 1", false},
    {"UPDATE content_metadata SET title = title || '!'", false},
    {"INSERT INTO grove.body SELECT id, 'Body' FROM content_metadata", false},
    {"DELETE FROM content_metadata", true},
};

// --- what happens meanwhile ---------------------------------------------------------------------

static void nothing(struct test_stores *stores)
{
    (void)stores;
}

static void acknowledge(struct test_stores *stores)
{
    step(stores);
}

static void put_back(struct test_stores *stores)
{
    TEST_FAIL_AT(stores, PROJECTOR_WRITE, nothing);
    step_fails(stores, GROVE_UNAVAILABLE);
    test_at_forget(stores);
}

static void refuse(struct test_stores *stores)
{
    struct projector_report report = {0};
    struct grove_error error;
    bool idle;
    fake_engine_fault(stores->fake,
                      &(struct fake_fault){.call = ENGINE_UPSERT, .nth = 1, .code = GROVE_INVALID});
    (void)!projector_step(&stores->store, NULL, &report, &idle, &error);
    fake_engine_clear_faults(stores->fake);
}

static void lose_all_and_refill(struct test_stores *stores)
{
    struct grove_error error;
    step(stores);
    fake_engine_take(stores->fake, stores->id);
    assert_ok(projector_refill(&stores->store, NULL, &error), error);
    assert_true(test_outbox(stores, stores->id).present);
}

static void finish_late(struct test_stores *stores)
{
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.last_writer_wins = true});
    TEST_AT(stores, PROJECTOR_WRITE, change_and_finish);
    step(stores);
    test_at_forget(stores);
}

// Lets the time of the lease pass, and takes the row over.
static void lease_twice(struct test_stores *stores)
{
    lease_for_another(stores);
    let_time_pass(stores);
    put_back(stores);
}

static void change_model_and_project(struct test_stores *stores)
{
    change_model(stores);
    step(stores);
}

// What another content of the same leaf and type has added to the counts is folded.
static void fold_counts(struct test_stores *stores)
{
    test_sql(stores, "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
                     " content_summary, chunk_number) SELECT hierarchy_table, leaf_id,"
                     " content_type, 'b', 'c', chunk_number + 1 FROM content_metadata;"
                     "DELETE FROM content_metadata WHERE title = 'b'");
    atomic_store(&stores->store.counts_folded_at_us, 0);
    step(stores);
    assert_true(atomic_load(&stores->store.counts_folded_at_us) > 0);
}

static void number_points(struct test_stores *stores)
{
    step(stores);
    test_sql(stores, "UPDATE grove.setting SET value = '0' WHERE name = 'numbered_points'");
    step(stores);
    step(stores);
}

// Where there is doubt all is compared, and the row that differs is put in again.
static void take_the_collection(struct test_stores *stores)
{
    struct grove_error error;
    step(stores);
    fake_engine_take(stores->fake, stores->id);
    assert_ok(lineage_take(&stores->store, NULL, &error), error);
    step(stores);
    step(stores);
}

static const struct meanwhile {
    const char *name;
    test_function *act;
    bool changes; // the content, which is a writer's own business
} events[] = {
    {"it is projected", acknowledge, false},
    {"it is put back", put_back, false},
    {"the engine refuses it", refuse, false},
    {"it is leased by one after another", lease_twice, false},
    {"it is put in again by a refill", lose_all_and_refill, false},
    {"it is written late", finish_late, true},
    {"counts are folded", fold_counts, false},
    {"points are numbered", number_points, false},
    {"both stores are compared", take_the_collection, false},
    {"the model changes", change_model, false},
    {"the model changes, and it is projected", change_model_and_project, false},
};

// --- the writer ---------------------------------------------------------------------------------

static void write_beside(struct test_stores *stores, const char *level, const struct write *write,
                         const struct meanwhile *event)
{
    struct grove_error error = {0};
    struct pg_conn *writer = stores->sessions[1];
    test_stores_empty(stores);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.last_writer_wins = false});
    fake_engine_take(stores->fake, stores->id);
    stores->id = test_content(stores, &(struct test_content){.title = "a", .words = 1});
    test_session_sql(writer,
                     "BEGIN ISOLATION LEVEL %s; SET LOCAL lock_timeout = '1ms';"
                     "SELECT count(*) FROM content_metadata",
                     level);
    event->act(stores);
    if (pg_exec(writer, write->sql, &error) != GROVE_OK)
        fail_msg("%s, %s, while %s: %s %s", level, write->sql, event->name, error.sqlstate,
                 error.message);
    test_session_sql(writer, "COMMIT");
    drain(stores);
    assert_agreed(stores);
    assert_int_equal(fake_engine_points(stores->fake), !write->deletes);
}

static void whatever_projectors_did_a_writer_goes_on(struct test_stores *stores)
{
    test_session(stores);
    for (size_t e = 0; e < ARRAY_COUNT(events); e++)
        for (size_t w = 0; w < ARRAY_COUNT(writes); w++)
            for (size_t l = 0; l < ARRAY_COUNT(levels); l++)
                if (!events[e].changes || l == 0)
                    write_beside(stores, levels[l], &writes[w], &events[e]);
}

// The writer has written, and is not done: the change waits for nothing of it, and what it commits
// then is projected with the new model.
static void change_beside(struct test_stores *stores, const char *level, const struct write *write)
{
    struct grove_error error;
    struct pg_conn *writer = stores->sessions[1];
    struct call call;
    int64_t queued;
    test_stores_empty(stores);
    fake_engine_take(stores->fake, stores->id);
    stores->id = test_content(stores, &(struct test_content){.title = "a", .words = 1});
    drain(stores);
    test_session_sql(writer,
                     "BEGIN ISOLATION LEVEL %s; SET LOCAL lock_timeout = '1ms'; %s;"
                     "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type,"
                     " title, content_summary, chunk_number) SELECT 'subject1_hierarchy',"
                     " max(id), 'New', 'b', 'c', 7 FROM subject1_hierarchy",
                     level, write->sql);
    call_init(&call);
    call_within(&call, 2000);
    assert_ok(store_set_precision(&stores->store, &call, EMBED_REDUCED, &queued, &error), error);
    assert_int_equal(queued, 1);
    step(stores);
    test_session_sql(writer, "UPDATE content_metadata SET content_type = 'Newer'; COMMIT");
    drain(stores);
    assert_agreed(stores);
    assert_int_equal(fake_engine_points(stores->fake), write->deletes ? 1 : 2);
}

static void a_change_of_the_model_waits_for_no_writer(struct test_stores *stores)
{
    test_session(stores);
    for (size_t w = 0; w < ARRAY_COUNT(writes); w++)
        for (size_t l = 0; l < ARRAY_COUNT(levels); l++)
            change_beside(stores, levels[l], &writes[w]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(whatever_projectors_did_a_writer_goes_on),
        STORES_TEST(a_change_of_the_model_waits_for_no_writer),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
