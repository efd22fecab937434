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
    test_sql(stores, "UPDATE grove.embedding SET model = 'another', origin = 'computed'");
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
        STORES_TEST(points_of_older_versions_are_written_anew),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
