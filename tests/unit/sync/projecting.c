// SPDX-License-Identifier: Apache-2.0
#include "projecting.h"

#include "base/clock.h"
#include "base/inject.h"
#include "catalog/model_change.h"

int32_t make_row(struct test_stores *stores, float cosine)
{
    int32_t id = test_content(stores, &(struct test_content){.words = 3});
    test_vector_give(stores, id, test_toward(cosine, (unsigned)id).numbers);
    return id;
}

struct projector_report step(struct test_stores *stores)
{
    struct projector_report report = {0};
    struct grove_error error;
    bool idle;
    assert_ok(projector_step(&stores->store, NULL, &report, &idle, &error), error);
    return report;
}

struct grove_error step_fails(struct test_stores *stores, enum grove_code wanted)
{
    struct projector_report report = {0};
    struct grove_error error = {0};
    bool idle;
    assert_int_equal(projector_step(&stores->store, NULL, &report, &idle, &error), wanted);
    return error;
}

bool is_idle(struct test_stores *stores)
{
    struct projector_report report = {0};
    struct grove_error error;
    bool idle;
    assert_ok(projector_step(&stores->store, NULL, &report, &idle, &error), error);
    return idle;
}

void let_time_pass(struct test_stores *stores)
{
    test_sql(stores, "UPDATE grove.outbox SET not_before = clock_timestamp(), lease_until ="
                     " CASE WHEN lease_owner IS NOT NULL"
                     " THEN clock_timestamp() - interval '1 ms' END"
                     " WHERE dead_since IS NULL");
}

void drain(struct test_stores *stores)
{
    for (int rounds = 0; rounds < 20; rounds++) {
        let_time_pass(stores);
        if (is_idle(stores))
            return;
    }
    fail_msg("there is no end of rows to project");
}

int64_t outbox_count(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT count(*) FROM grove.outbox");
}

// Of the point that the engine should have; VECTOR_NONE: none.
static int64_t point_revision(struct test_stores *stores, int32_t id)
{
    return test_sql_int(stores,
                        "SELECT s.revision + g.value::bigint FROM grove.content_state AS s"
                        " JOIN grove.setting AS g ON g.name = 'generation'"
                        " WHERE s.content_id = %d",
                        id);
}

void assert_projected(struct test_stores *stores, int32_t id)
{
    assert_false(test_outbox(stores, id).present);
    assert_int_equal(fake_engine_revision(stores->fake, id), point_revision(stores, id));
}

void assert_vectors_current(struct test_stores *stores)
{
    assert_int_equal(test_sql_int(stores,
                                  "SELECT count(*) FROM content_metadata AS m"
                                  " JOIN grove.setting AS g ON g.name = 'model'"
                                  " LEFT JOIN grove.body AS b ON b.content_id = m.id"
                                  " LEFT JOIN grove.embedding AS e"
                                  " ON e.content_id = m.id AND e.model = g.value"
                                  " WHERE NOT EXISTS (SELECT FROM grove.outbox AS o"
                                  "                   WHERE o.content_id = m.id)"
                                  " AND e.text_sha256 IS DISTINCT FROM sha256(convert_to(m.title ||"
                                  " E'\\n' || coalesce(b.body, m.content_summary), 'UTF8'))"),
                     0);
}

void assert_agreed(struct test_stores *stores)
{
    assert_int_equal(outbox_count(stores), 0);
    int64_t contents = test_sql_int(stores, "SELECT count(*) FROM grove.content_state");
    int64_t last = test_sql_int(stores, "SELECT coalesce(max(content_id), 0)"
                                        " FROM grove.content_state");
    assert_int_equal(fake_engine_points(stores->fake), contents);
    for (int32_t id = 1; id <= last; id++) {
        int64_t revision = point_revision(stores, id);
        if (revision != VECTOR_NONE)
            assert_int_equal(fake_engine_revision(stores->fake, id), revision);
    }
    assert_vectors_current(stores);
    assert_true(fake_engine_check(stores->fake));
}

void change_words(struct test_stores *stores)
{
    test_sql(stores, "UPDATE content_metadata SET word_count = word_count + 1 WHERE id = %d",
             stores->id);
}

void change_title(struct test_stores *stores)
{
    test_sql(stores, "UPDATE content_metadata SET title = title || '!' WHERE id = %d", stores->id);
}

void delete_content(struct test_stores *stores)
{
    test_sql(stores, "DELETE FROM content_metadata WHERE id = %d", stores->id);
}

void lock_row(struct test_stores *stores)
{
    test_session_sql(test_session(stores),
                     "BEGIN; SELECT FROM grove.outbox WHERE content_id = %d FOR UPDATE",
                     stores->id);
}

void lease_for_another(struct test_stores *stores)
{
    test_sql(stores,
             "UPDATE grove.outbox SET lease_owner = 'another',"
             " lease_until = clock_timestamp() + interval '100 seconds' WHERE content_id = %d",
             stores->id);
}

void finish_by_another(struct test_stores *stores)
{
    let_time_pass(stores);
    step(stores);
    assert_false(test_outbox(stores, stores->id).present);
}

void change_and_finish(struct test_stores *stores)
{
    change_title(stores);
    finish_by_another(stores);
}

void delete_and_finish(struct test_stores *stores)
{
    delete_content(stores);
    finish_by_another(stores);
}

void insert_again_and_finish(struct test_stores *stores)
{
    test_sql(stores,
             "INSERT INTO content_metadata (id, hierarchy_table, leaf_id, content_type, title,"
             " content_summary) VALUES (%d, 'subject1_hierarchy', %d, 'Article', 'T', 'S')",
             stores->id, test_leaf(stores, "Leaf"));
    test_vector_give(stores, stores->id, test_toward(0.5F, 1).numbers);
    finish_by_another(stores);
}

void set_model(struct test_stores *stores, enum embed_precision precision)
{
    struct grove_error error;
    int64_t queued;
    assert_ok(store_set_precision(&stores->store, NULL, precision, &queued, &error), error);
    assert_int_equal(queued, 1);
}

void change_model(struct test_stores *stores)
{
    set_model(stores, EMBED_REDUCED);
}

void change_model_and_finish(struct test_stores *stores)
{
    change_model(stores);
    finish_by_another(stores);
}

void use_up_the_lease(struct test_stores *stores)
{
    (void)stores;
    inject_set_knob(INJECT_KNOB_LEASE_MS, 1);
    int64_t until_us = clock_monotonic_us() + 2000;
    while (clock_monotonic_us() < until_us)
        ;
}

void act_when_looked(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    (void)event;
    fake_engine_set_hooks(stores->fake, NULL);
    (*(test_function **)stores->other)(stores);
}

void write_late(struct test_stores *stores, test_function *meanwhile)
{
    stores->id = make_row(stores, 0.5F);
    stores->other = &meanwhile;
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.last_writer_wins = true});
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.looked = act_when_looked, .state = stores});
    step(stores);
}
