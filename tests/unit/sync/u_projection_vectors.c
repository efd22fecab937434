// SPDX-License-Identifier: Apache-2.0
// Vectors that somebody put into grove.embedding by hand and that nothing can be compared with: a
// computed one is computed anew, a supplied one is given up on with the reason, and no other row
// waits for either.
#include "projecting.h"

#include "catalog/migrate.h"

// As bytes in SQL; `loose`: the table has to lose its own checks first.
static const struct {
    const char *vector;
    const char *reason; // of a dead letter
    bool loose;
} bad[] = {
    {"overlay(vector placing '\\x0000c07f' from 1)", "not finite", false},    // NaN
    {"overlay(vector placing '\\x010080ff' from 1533)", "not finite", false}, // another NaN
    {"overlay(vector placing '\\x0000807f' from 5)", "not finite", false},    // infinity
    {"overlay(vector placing '\\x000080ff' from 5)", "not finite", false},    // -infinity
    {"decode(repeat('00', 1536), 'hex')", "all zero", false},
    {"decode(repeat('00000080', 384), 'hex')", "all zero", false}, // -0.0
    {"decode(repeat('00000080', 383), 'hex')", "1536 bytes", true},
    {"vector || vector", "1536 bytes", true},
    {"''", "1536 bytes", true},
    {"NULL", "1536 bytes", true},
};

static void loosen(struct test_stores *stores)
{
    test_sql(stores, "ALTER TABLE grove.embedding DROP CONSTRAINT embedding_vector_check,"
                     " ALTER COLUMN vector DROP NOT NULL");
}

static void spoil(struct test_stores *stores, int32_t id, const char *origin, const char *vector)
{
    test_sql(stores, "UPDATE grove.embedding SET vector = %s, origin = '%s' WHERE content_id = %d",
             vector, origin, id);
}

static bool is_good(struct test_stores *stores, int32_t id)
{
    return test_sql_int(stores,
                        "SELECT count(*) FROM grove.embedding"
                        " WHERE content_id = %d AND grove.is_direction(vector)",
                        id) == 1;
}

static void compute_anew(struct test_stores *stores, const char *origin)
{
    loosen(stores);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        int32_t id = make_row(stores, 0.5F), other = make_row(stores, 0.25F);
        spoil(stores, id, origin, bad[i].vector);
        struct projector_report report = step(stores);
        if (report.embedded != 1 || report.upserted != 2 || report.failed != 0)
            fail_msg("vector %zu: %lld embedded", i, (long long)report.embedded);
        assert_projected(stores, id);
        assert_projected(stores, other);
        assert_true(is_good(stores, id));
    }
    assert_agreed(stores);
}

static void a_computed_vector_is_computed_anew(struct test_stores *stores)
{
    compute_anew(stores, "computed");
}

static void a_placeholder_is_computed_anew(struct test_stores *stores)
{
    compute_anew(stores, "placeholder");
}

static void a_supplied_vector_is_given_up_on(struct test_stores *stores)
{
    struct grove_error error;
    loosen(stores);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        int32_t id = make_row(stores, 0.5F), other = make_row(stores, 0.25F);
        spoil(stores, id, "supplied", bad[i].vector);
        struct projector_report report = step(stores);
        struct test_outbox row = test_outbox(stores, id);
        if (!row.dead || !strstr(row.last_error, bad[i].reason) || report.dead != 1)
            fail_msg("vector %zu: %d \"%s\"", i, (int)row.dead, row.last_error);
        assert_int_equal(report.embedded, 0);
        assert_string_equal(report.last_error,
                            arena_printf(&stores->arena, "content %d: %s", id, row.last_error));
        assert_projected(stores, other);
        // Once it is mended the row can be tried again.
        test_vector_give(stores, id, test_toward(0.5F, 1).numbers);
        assert_ok(projector_revive(&stores->store, NULL, &error), error);
        assert_int_equal(step(stores).upserted, 1);
        assert_projected(stores, id);
    }
    assert_agreed(stores);
}

static void a_vector_of_another_model_is_none(struct test_stores *stores)
{
    int32_t id = make_row(stores, 0.5F);
    test_sql(stores, "INSERT INTO grove.embedding (content_id, model, text_sha256, origin, vector)"
                     " SELECT content_id, 'another', text_sha256, 'computed', vector"
                     " FROM grove.embedding;"
                     "DELETE FROM grove.embedding WHERE model <> 'another'");
    assert_int_equal(step(stores).embedded, 1);
    assert_projected(stores, id);
}

// A row that waits for nothing, too.
static void a_spoilt_vector_is_noticed(struct test_stores *stores)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (bad[i].loose)
            continue;
        int32_t id = make_row(stores, 0.5F), other = make_row(stores, 0.25F);
        drain(stores);
        spoil(stores, id, "computed", bad[i].vector);
        if (!test_outbox(stores, id).present || is_good(stores, id))
            fail_msg("vector %zu", i);
        assert_false(test_outbox(stores, other).present);
        assert_int_equal(step(stores).embedded, 1);
        assert_projected(stores, id);
    }
    assert_agreed(stores);
}

// --- rows that a hand took away ------------------------------------------------------------------

static void a_vector_that_is_taken_is_missed(struct test_stores *stores)
{
    static const char *const hands[] = {"DELETE FROM grove.embedding WHERE content_id = 1",
                                        "TRUNCATE grove.embedding"};
    int32_t id = make_row(stores, 0.5F);
    assert_int_equal(id, 1);
    for (size_t i = 0; i < ARRAY_COUNT(hands); i++) {
        drain(stores);
        int64_t before = test_revision(stores, id);
        test_sql(stores, "%s", hands[i]);
        if (!test_outbox(stores, id).present)
            fail_msg("nothing waits: %s", hands[i]);
        assert_int_equal(test_revision(stores, id), before); // it did not change
        assert_int_equal(step(stores).embedded, 1);
        assert_projected(stores, id);
        assert_agreed(stores);
    }
}

// Nothing is compared with that one.
static void a_vector_of_another_model_is_not_missed(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    drain(stores);
    test_sql(stores, "INSERT INTO grove.embedding (content_id, model, text_sha256, origin, vector)"
                     " SELECT content_id, 'another', text_sha256, 'computed', vector"
                     " FROM grove.embedding;"
                     "DELETE FROM grove.embedding WHERE model = 'another'");
    assert_int_equal(outbox_count(stores), 0);
    assert_agreed(stores);
}

// Nor is that of a content that is gone, whoever takes it.
static void vectors_of_what_is_gone_are_not_missed(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    drain(stores);
    delete_content(stores);
    drain(stores);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.embedding"), 0);
    assert_int_equal(outbox_count(stores), 0);
    assert_agreed(stores);
}

// What was read of its text by then is not known any more, and it may have been another.
static void a_state_that_is_taken_comes_back(struct test_stores *stores)
{
    static const char *const hands[] = {"DELETE FROM grove.content_state WHERE content_id = 1",
                                        "DELETE FROM grove.content_state",
                                        "TRUNCATE grove.content_state"};
    int32_t id = make_row(stores, 0.5F), other = make_row(stores, 0.25F);
    assert_int_equal(id, 1);
    for (size_t i = 0; i < ARRAY_COUNT(hands); i++) {
        drain(stores);
        int64_t before = test_revision(stores, id), untouched = test_revision(stores, other);
        test_sql(stores, "UPDATE content_metadata SET title = title || '!' WHERE id = %d", id);
        test_sql(stores, "DELETE FROM grove.outbox; %s", hands[i]);
        if (test_revision(stores, id) <= before || !test_outbox(stores, id).present)
            fail_msg("%s", hands[i]);
        assert_int_equal(test_revision(stores, other) == untouched, i == 0);
        assert_int_equal(
            test_sql_int(stores,
                         "SELECT text_revision FROM grove.content_state WHERE content_id = %d", id),
            test_revision(stores, id));
        drain(stores);
        assert_agreed(stores);
        assert_vectors_current(stores);
    }
}

// As they were taken before anybody noticed.
static void what_was_taken_before_is_missed_by_the_migration(struct test_stores *stores)
{
    struct grove_error error;
    unsigned applied;
    int32_t vector = make_row(stores, 0.5F), state = make_row(stores, 0.25F),
            whole = make_row(stores, 0.1F);
    drain(stores);
    test_sql(stores,
             "BEGIN; SET LOCAL session_replication_role = replica;"
             "DELETE FROM grove.embedding WHERE content_id = %d;",
             vector);
    test_sql(stores, "DELETE FROM grove.content_state WHERE content_id = %d; COMMIT", state);
    test_sql(stores, "DELETE FROM grove.ledger WHERE version >= (SELECT min(version)"
                     " FROM grove.ledger WHERE name LIKE '%%rows_that_hands_take%%')");
    assert_ok(migrate_up(test_session(stores), &applied, &error), error);
    assert_true(applied >= 1);
    assert_true(test_outbox(stores, vector).present && test_outbox(stores, state).present);
    assert_false(test_outbox(stores, whole).present);
    drain(stores);
    assert_agreed(stores);
}

// --- what older versions of grove left behind ---------------------------------------------------

static void set_time(struct test_stores *stores, int32_t id, const char *time)
{
    test_sql(stores, "UPDATE content_metadata SET created_at = %s WHERE id = %d", time, id);
}

// The engine's point as it was written then: no time, and a length of its own.
static void points_of_older_versions_are_written_anew(struct test_stores *stores)
{
    struct grove_error error;
    unsigned applied;
    const char *const times[] = {"'10000-01-01'", "'infinity'", "'-infinity'",
                                 "'0001-12-31 23:59:59.999999 BC'"};
    const float lengths[] = {0x1p-149F, 1e-10F, 3.4e-4F, 1e30F};
    int32_t stale = 0, before = 0;
    for (size_t i = 0; i < ARRAY_COUNT(times); i++, stale++)
        set_time(stores, make_row(stores, 0.5F), times[i]);
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++, stale++) {
        struct test_vector vector = test_toward(1, 0);
        vector.numbers[0] = lengths[i];
        test_vector_give(stores, test_content(stores, &(struct test_content){.words = 1}),
                         vector.numbers);
    }
    before = stale;
    set_time(stores, make_row(stores, 0.5F), "'9999-12-31 23:59:59.999999'");
    set_time(stores, make_row(stores, 0.5F), "'0001-01-01'");
    set_time(stores, make_row(stores, 0.5F), "NULL");
    drain(stores);
    test_sql(stores, "DROP FUNCTION grove.is_direction CASCADE;"
                     "DROP FUNCTION grove.embedding_updated CASCADE;"
                     "DROP TABLE grove.examination; DROP SEQUENCE grove.acknowledged_seq;"
                     "DROP FUNCTION grove.content_text_updated, grove.body_text_inserted,"
                     " grove.body_text_updated, grove.body_text_deleted, grove.note_text_changed,"
                     " grove.forget_revision CASCADE;"
                     "DROP FUNCTION grove.note_changed;"
                     "CREATE FUNCTION grove.note_changed(content_ids integer[]) RETURNS void"
                     " LANGUAGE sql AS 'WITH c AS (UPDATE grove.content_state"
                     " SET revision = nextval(''grove.revision_seq'')"
                     " WHERE content_id = ANY (content_ids) RETURNING content_id, revision)"
                     " INSERT INTO grove.outbox (content_id, revision, deleted)"
                     " SELECT content_id, revision, false FROM c';"
                     "ALTER TABLE grove.content_state DROP COLUMN text_revision;"
                     "ALTER TABLE grove.embedding DROP COLUMN revision;"
                     "DELETE FROM grove.migration WHERE version >= 7");
    assert_ok(migrate_up(test_session(stores), &applied, &error), error);
    assert_int_equal(applied, migrate_wanted() - 6);
    for (int32_t id = 1; id <= before; id++)
        if (!test_outbox(stores, id).present)
            fail_msg("content %d", id);
    assert_int_equal(outbox_count(stores), before);
    drain(stores);
    assert_agreed(stores);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_computed_vector_is_computed_anew),
        STORES_TEST(a_placeholder_is_computed_anew),
        STORES_TEST(a_supplied_vector_is_given_up_on),
        STORES_TEST(a_vector_of_another_model_is_none),
        STORES_TEST(a_spoilt_vector_is_noticed),
        STORES_TEST(a_vector_that_is_taken_is_missed),
        STORES_TEST(a_vector_of_another_model_is_not_missed),
        STORES_TEST(vectors_of_what_is_gone_are_not_missed),
        STORES_TEST(a_state_that_is_taken_comes_back),
        STORES_TEST(what_was_taken_before_is_missed_by_the_migration),
        STORES_TEST(points_of_older_versions_are_written_anew),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
