// SPDX-License-Identifier: Apache-2.0
// Vectors that a search computed are kept, for the revision they were computed at and no other, and
// nobody waits.
#include "projecting.h"

#include "pg/pg.h"
#include "sync/keep.h"

static const char text_of_title[] = "Title\nSummary";

static int32_t make_content(struct test_stores *stores)
{
    return test_content(stores, &(struct test_content){.words = 3});
}

static struct computed_vector vector_of(struct test_stores *stores, int32_t id,
                                        const struct test_vector *vector)
{
    struct computed_vector computed = {
        .content_id = id, .revision = test_revision(stores, id), .vector = vector->numbers};
    sha256(text_of(text_of_title), computed.sha256);
    return computed;
}

static size_t keep(struct test_stores *stores, const struct computed_vector *vectors, size_t count)
{
    struct grove_error error;
    struct pg_conn *conn = test_session(stores);
    size_t kept = count + 1;
    test_session_sql(conn, "SET lock_timeout = '20s'; SET statement_timeout = '5s'");
    assert_ok(keep_vectors(conn, EMBED_F32, vectors, count, &kept, &error), error);
    // Its patience was its own.
    test_session_sql(conn, "DO $$ BEGIN ASSERT current_setting('lock_timeout') = '20s'; END $$");
    return kept;
}

static int64_t kept_rows(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT count(*) FROM grove.embedding WHERE origin = 'computed'");
}

static void what_was_computed_is_kept(struct test_stores *stores)
{
    struct test_vector vectors[] = {test_toward(0.5F, 1), test_toward(0.25F, 2)};
    int32_t first = make_content(stores), second = make_content(stores);
    struct computed_vector computed[] = {vector_of(stores, second, &vectors[1]),
                                         vector_of(stores, first, &vectors[0])};
    assert_int_equal(keep(stores, computed, 2), 2);
    assert_int_equal(kept_rows(stores), 2);
    // The projector finds them: nothing is embedded.
    struct projector_report report = step(stores);
    assert_int_equal(report.upserted, 2);
    assert_int_equal(report.embedded, 0);
    assert_agreed(stores);
    // Once more: the same.
    assert_int_equal(keep(stores, computed, 2), 2);
    assert_agreed(stores);
}

static void nothing_is_kept_of_nothing(struct test_stores *stores)
{
    assert_int_equal(keep(stores, NULL, 0), 0);
}

static void what_changed_meanwhile_is_not_kept(struct test_stores *stores)
{
    struct test_vector vector = test_toward(0.5F, 1);
    int32_t changed = make_content(stores), gone = make_content(stores);
    struct computed_vector computed[] = {vector_of(stores, changed, &vector),
                                         vector_of(stores, gone, &vector)};
    stores->id = changed;
    change_title(stores);
    stores->id = gone;
    delete_content(stores);
    assert_int_equal(keep(stores, computed, 2), 0);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.embedding"), 0);
}

static void a_vector_that_was_supplied_since_stays(struct test_stores *stores)
{
    struct test_vector vector = test_toward(0.5F, 1);
    int32_t id = make_content(stores);
    struct computed_vector computed = vector_of(stores, id, &vector);
    test_vector_give(stores, id, test_toward(0.25F, 2).numbers);
    test_sql(stores, "UPDATE grove.embedding SET origin = 'supplied';"
                     "SELECT grove.note_changed(array_agg(content_id)) FROM grove.embedding");
    assert_int_equal(keep(stores, &computed, 1), 0);
    assert_int_equal(kept_rows(stores), 0);
}

// Nobody locks what was read: the revision of the vector that is there tells.
static void a_supplied_vector_is_not_written_over(struct test_stores *stores)
{
    struct test_vector vector = test_toward(0.5F, 1);
    int32_t id = make_content(stores);
    struct computed_vector computed = vector_of(stores, id, &vector);
    test_vector_give(stores, id, test_toward(0.25F, 2).numbers);
    test_sql(stores, "UPDATE grove.embedding AS e SET origin = 'supplied', revision = s.revision"
                     " FROM grove.content_state AS s WHERE s.content_id = e.content_id");
    assert_int_equal(keep(stores, &computed, 1), 0);
    test_sql(stores, "UPDATE grove.embedding SET origin = 'placeholder'");
    assert_int_equal(keep(stores, &computed, 1), 1);
    assert_int_equal(keep(stores, &computed, 1), 1); // the same again
}

static void a_vector_of_a_later_text_is_not_written_over(struct test_stores *stores)
{
    struct test_vector vector = test_toward(0.5F, 1);
    int32_t id = make_content(stores);
    struct computed_vector computed = vector_of(stores, id, &vector);
    test_vector_give(stores, id, test_toward(0.25F, 2).numbers);
    test_sql(stores, "UPDATE grove.embedding AS e SET revision = s.revision + 1"
                     " FROM grove.content_state AS s WHERE s.content_id = e.content_id");
    assert_int_equal(keep(stores, &computed, 1), 0);
    test_sql(stores, "UPDATE grove.embedding SET revision = revision - 2");
    assert_int_equal(keep(stores, &computed, 1), 1);
}

// An open transaction of another session has the content locked in this way.
static void assert_not_waited_for(struct test_stores *stores,
                                  void (*lock)(struct pg_conn *holder, int32_t id), size_t wanted)
{
    struct test_vector vector = test_toward(0.5F, 1);
    int32_t locked = make_content(stores), other = make_content(stores);
    struct computed_vector computed[] = {vector_of(stores, locked, &vector),
                                         vector_of(stores, other, &vector)};
    struct pg_conn *holder = test_session(stores);
    test_session_sql(holder, "BEGIN");
    lock(holder, locked);
    assert_int_equal(keep(stores, computed, 2), wanted);
    test_session_sql(holder, "ROLLBACK");
    assert_int_equal(kept_rows(stores), wanted);
}

static void change(struct pg_conn *holder, int32_t id)
{
    test_session_sql(holder, "UPDATE content_metadata SET title = 'b' WHERE id = %d", id);
}

static void delete(struct pg_conn *holder, int32_t id)
{
    test_session_sql(holder, "DELETE FROM content_metadata WHERE id = %d", id);
}

static void keep_the_same(struct pg_conn *holder, int32_t id)
{
    test_session_sql(holder,
                     "INSERT INTO grove.embedding (content_id, model, text_sha256, vector)"
                     " SELECT %d, value, sha256(''), decode(repeat('00', 1536), 'hex')"
                     " FROM grove.setting WHERE name = 'model'",
                     id);
}

static void lock_the_table(struct pg_conn *holder, int32_t id)
{
    (void)id;
    test_session_sql(holder, "LOCK TABLE grove.embedding");
}

static void a_writer_is_not_waited_for(struct test_stores *stores)
{
    assert_not_waited_for(stores, change, 2);
}

static void one_who_deletes_is_not_waited_for(struct test_stores *stores)
{
    assert_not_waited_for(stores, delete, 2);
}

static void one_who_keeps_the_same_is_not_waited_for(struct test_stores *stores)
{
    assert_not_waited_for(stores, keep_the_same, 0);
}

static void a_table_that_is_altered_is_not_waited_for(struct test_stores *stores)
{
    assert_not_waited_for(stores, lock_the_table, 0);
}

static void a_failure_is_an_error(struct test_stores *stores)
{
    struct test_vector vector = test_toward(0.5F, 1);
    struct computed_vector computed = vector_of(stores, make_content(stores), &vector);
    struct grove_error error;
    size_t kept = 1;
    test_sql(stores, "ALTER TABLE grove.embedding RENAME TO embedding_gone");
    assert_int_equal(keep_vectors(test_session(stores), EMBED_F32, &computed, 1, &kept, &error),
                     GROVE_NOT_FOUND);
    assert_int_equal(kept, 0);
    test_sql(stores, "ALTER TABLE grove.embedding_gone RENAME TO embedding");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(what_was_computed_is_kept),
        STORES_TEST(nothing_is_kept_of_nothing),
        STORES_TEST(what_changed_meanwhile_is_not_kept),
        STORES_TEST(a_vector_that_was_supplied_since_stays),
        STORES_TEST(a_supplied_vector_is_not_written_over),
        STORES_TEST(a_vector_of_a_later_text_is_not_written_over),
        STORES_TEST(a_writer_is_not_waited_for),
        STORES_TEST(one_who_deletes_is_not_waited_for),
        STORES_TEST(one_who_keeps_the_same_is_not_waited_for),
        STORES_TEST(a_table_that_is_altered_is_not_waited_for),
        STORES_TEST(a_failure_is_an_error),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
