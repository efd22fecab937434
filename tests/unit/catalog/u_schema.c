// SPDX-License-Identifier: Apache-2.0
// What the triggers keep of one writer: revisions, outbox, leaves, counts. u_triggers.c has those
// who write at the same time.
#include "../../support/stores.h"

#include "catalog/assets.h"
#include "catalog/migrate.h"
#include "catalog/model_change.h"
#include "pg/pg.h"

static bool refused(struct test_stores *stores, const char *sqlstate, const char *sql)
{
    struct grove_error error;
    return pg_exec(stores->sessions[0], sql, &error) != GROVE_OK &&
           strcmp(error.sqlstate, sqlstate) == 0;
}

// --- revisions -----------------------------------------------------------------------------------

static void every_change_that_is_projected_takes_a_revision(struct test_stores *stores)
{
    static const char *const changes[] = {
        "UPDATE content_metadata SET title = 'new'",
        "UPDATE content_metadata SET content_summary = 'new'",
        "UPDATE content_metadata SET content_type = 'New'",
        "UPDATE content_metadata SET chunk_number = 77",
        "UPDATE content_metadata SET word_count = 78",
        "UPDATE content_metadata SET created_at = '2001-01-01'",
        "UPDATE content_metadata SET leaf_id = (SELECT max(id) FROM subject1_hierarchy)",
        "INSERT INTO grove.body SELECT id, 'body' FROM content_metadata",
        "UPDATE grove.body SET body = 'another'",
        "DELETE FROM grove.body",
        "INSERT INTO grove.body SELECT id, 'body' FROM content_metadata",
        "TRUNCATE grove.body",
    };
    int32_t id = test_content(stores, &(struct test_content){.title = "a"});
    test_leaf(stores, "Other");
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        int64_t before = test_revision(stores, id);
        test_sql(stores, "DELETE FROM grove.outbox; %s", changes[i]);
        if (test_revision(stores, id) <= before)
            fail_msg("no new revision: %s", changes[i]);
        struct test_outbox row = test_outbox(stores, id);
        assert_true(row.present && !row.deleted);
        assert_int_equal(row.revision, test_revision(stores, id));
    }
    int64_t before = test_revision(stores, id);
    test_sql(stores, "DELETE FROM grove.outbox; UPDATE content_metadata SET title = title");
    assert_int_equal(test_revision(stores, id), before);
    assert_false(test_outbox(stores, id).present);
}

static void many_changes_of_a_content_are_one_that_waits(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.title = "a"});
    for (int i = 0; i < 20; i++)
        test_sql(stores, "UPDATE content_metadata SET word_count = %d", 100 + i);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.waiting"), 1);
    // A change leaves a lease to whoever has it, and gives a dead letter another chance.
    test_sql(stores, "UPDATE grove.outbox SET lease_owner = 'me', lease_until = now()");
    test_sql(stores, "UPDATE content_metadata SET word_count = 7");
    assert_string_equal(test_outbox(stores, id).owner, "me");
    test_sql(stores, "UPDATE grove.outbox SET attempts = 8, dead_since = now(), last_error = 'x',"
                     " lease_owner = NULL, lease_until = NULL");
    test_sql(stores, "UPDATE content_metadata SET word_count = 8");
    struct test_outbox row = test_outbox(stores, id);
    assert_true(row.present && !row.dead);
    assert_int_equal(row.attempts, 0);
}

static void what_is_deleted_leaves_an_outbox_row_only(struct test_stores *stores)
{
    int32_t first = test_content(stores, &(struct test_content){.title = "a", .body = "b"});
    int32_t second = test_content(stores, &(struct test_content){.title = "c"});
    int64_t before = test_revision(stores, first);
    test_sql(stores, "DELETE FROM grove.outbox; DELETE FROM content_metadata WHERE id = %d", first);
    assert_true(test_revision(stores, first) == VECTOR_NONE);
    struct test_outbox row = test_outbox(stores, first);
    assert_true(row.present && row.deleted && row.revision > before);
    assert_false(test_outbox(stores, second).present);
    test_sql(stores, "TRUNCATE content_metadata CASCADE");
    assert_true(test_revision(stores, second) == VECTOR_NONE);
    row = test_outbox(stores, second);
    assert_true(row.present && row.deleted);
    assert_true(refused(stores, "23000",
                        "INSERT INTO content_metadata (id, hierarchy_table,"
                        " leaf_id, content_type, title, content_summary)"
                        " SELECT 1, 'subject1_hierarchy', max(id), 't', 't', 's'"
                        " FROM subject1_hierarchy;"
                        "UPDATE content_metadata SET id = 2"));
}

// A vector of a text with a body is none of the text without. Who had no body stays the same.
static void bodies_that_are_truncated_are_no_texts(struct test_stores *stores)
{
    int32_t with = test_content(stores, &(struct test_content){.title = "a", .body = "b"});
    int32_t without = test_content(stores, &(struct test_content){.title = "c"});
    int64_t before = test_revision(stores, without);
    test_sql(stores, "DELETE FROM grove.outbox; TRUNCATE grove.body");
    assert_int_equal(
        test_sql_int(stores, "SELECT text_revision FROM grove.content_state WHERE content_id = %d",
                     with),
        test_revision(stores, with));
    assert_int_equal(test_outbox(stores, with).revision, test_revision(stores, with));
    assert_int_equal(test_revision(stores, without), before);
    assert_false(test_outbox(stores, without).present);
}

// What was committed since its snapshot goes with a TRUNCATE, too, and it does not see it.
static void an_old_snapshot_truncates_nothing(struct test_stores *stores)
{
    static const char *const levels[] = {"REPEATABLE READ", "SERIALIZABLE"};
    static const char *const tables[] = {"content_metadata CASCADE", "grove.body",
                                         "subject1_hierarchy", "grove.embedding",
                                         "grove.content_state"};
    int32_t id = 0;
    for (size_t i = 0; i < ARRAY_COUNT(levels) * ARRAY_COUNT(tables); i++) {
        struct pg_conn *old = test_session(stores);
        struct grove_error error;
        test_sql(stores, "DELETE FROM content_metadata");
        test_session_sql(old, "BEGIN ISOLATION LEVEL %s; SELECT FROM content_metadata",
                         levels[i % ARRAY_COUNT(levels)]);
        id = test_content(stores, &(struct test_content){.title = "a", .body = "b"});
        const char *sql =
            arena_printf(&stores->arena, "TRUNCATE %s", tables[i / ARRAY_COUNT(levels)]);
        assert_non_null(sql);
        assert_int_not_equal(pg_exec(old, sql, &error), GROVE_OK);
        assert_string_equal(error.sqlstate, "0A000");
        test_session_sql(old, "ROLLBACK");
    }
    test_sql(stores, "DELETE FROM grove.outbox; TRUNCATE content_metadata CASCADE");
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.content_state"), 0);
    assert_true(test_outbox(stores, id).present && test_outbox(stores, id).deleted);
}

// Nobody could tell afterwards what waited, or where a leaf was.
static void what_grove_keeps_is_not_truncated(struct test_stores *stores)
{
    static const char *const tables[] = {
        "outbox",  "leaf",          "limb",       "branch",      "setting",
        "subject", "content_count", "tree_count", "place_count", "subject CASCADE"};
    int32_t id = test_content(stores, &(struct test_content){.title = "a"});
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
        if (!refused(stores, "23000", arena_printf(&stores->arena, "TRUNCATE grove.%s", tables[i])))
            fail_msg("%s", tables[i]);
    assert_true(test_outbox(stores, id).present);
    test_sql(stores, "TRUNCATE content_metadata CASCADE"); // its counts go along
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.tree_count"), 0);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.place_count"), 0);
}

// A vector is of a text, and a state of a content: neither can be handed on.
static void rows_stay_with_their_contents(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.title = "a"});
    test_vector_give(stores, id, test_toward(0.5F, 1).numbers);
    assert_true(refused(stores, "23000", "UPDATE grove.embedding SET content_id = 77"));
    assert_true(refused(stores, "23000", "UPDATE grove.embedding SET model = 'another'"));
    assert_true(refused(stores, "23000", "UPDATE grove.content_state SET content_id = 77"));
    test_sql(stores, "UPDATE grove.embedding SET model = model, content_id = content_id");
}

// As a TRUNCATE left them that did not see them, before that was refused.
static void states_of_nothing_go_with_the_migration(struct test_stores *stores)
{
    unsigned applied;
    struct grove_error error;
    int32_t kept = test_content(stores, &(struct test_content){.title = "a"});
    int32_t gone = test_content(stores, &(struct test_content){.title = "b"});
    test_vector_give(stores, kept, test_toward(0.5F, 1).numbers); // without one it would wait
    test_sql(stores,
             "DELETE FROM grove.outbox; SET session_replication_role = replica;"
             "DELETE FROM content_metadata WHERE id = %d; RESET session_replication_role;"
             "DELETE FROM grove.migration WHERE version >= (SELECT version FROM grove.migration"
             " WHERE name LIKE '%%truncated_tables%%')",
             gone);
    assert_ok(migrate_up(test_session(stores), &applied, &error), error);
    assert_true(applied >= 1);
    assert_true(test_revision(stores, gone) == VECTOR_NONE);
    assert_true(test_outbox(stores, gone).present && test_outbox(stores, gone).deleted);
    assert_true(test_revision(stores, kept) != VECTOR_NONE);
    assert_false(test_outbox(stores, kept).present);
}

// The generation is what a projector that is still at work with the model of before lags behind.
static int64_t generation(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT value::bigint FROM grove.setting"
                                " WHERE name = 'generation'");
}

static void another_model_has_every_content_projected(struct test_stores *stores)
{
    struct grove_error error;
    int64_t queued = 0;
    int32_t id = test_content(stores, &(struct test_content){.title = "a"});
    test_content(stores, &(struct test_content){.title = "b"});
    int64_t revision = test_revision(stores, id);
    int64_t drawn = test_sql_int(stores, "SELECT last_value FROM grove.revision_seq");
    assert_int_equal(generation(stores), 0);
    test_sql(stores, "DELETE FROM grove.outbox");
    assert_ok(store_set_precision(&stores->store, NULL, EMBED_REDUCED, &queued, &error), error);
    assert_int_equal(queued, 2);
    assert_int_equal(test_revision(stores, id), revision); // the content did not change
    assert_true(test_outbox(stores, id).present);
    assert_true(test_outbox(stores, id).revision > drawn);
    int64_t first = generation(stores);
    assert_true(first > drawn); // so is the revision of each point than any of before
    assert_ok(store_set_precision(&stores->store, NULL, EMBED_REDUCED, &queued, &error), error);
    assert_int_equal(queued, 0);
    assert_int_equal(generation(stores), first);
    drawn = test_sql_int(stores, "SELECT last_value FROM grove.revision_seq");
    assert_ok(store_set_precision(&stores->store, NULL, EMBED_F32, &queued, &error), error);
    assert_int_equal(queued, 2);
    assert_true(generation(stores) > first + drawn);
}

// --- leaves --------------------------------------------------------------------------------------

static void contents_lie_on_leaves_that_are_there(struct test_stores *stores)
{
    test_content(stores, &(struct test_content){.title = "a"});
    assert_true(refused(stores, "23503", "UPDATE content_metadata SET leaf_id = 999999"));
    assert_true(refused(stores, "23503",
                        "UPDATE content_metadata SET"
                        " hierarchy_table = 'subject2_hierarchy'"));
    assert_true(refused(stores, "23503",
                        "INSERT INTO content_metadata (hierarchy_table, leaf_id,"
                        " content_type, title, content_summary)"
                        " VALUES ('subject1_hierarchy', 999999, 't', 't', 's')"));
    assert_true(refused(stores, "23503", "DELETE FROM subject1_hierarchy"));
    assert_true(refused(stores, "23503", "UPDATE subject1_hierarchy SET id = id + 100"));
    assert_true(refused(stores, "23503", "TRUNCATE subject1_hierarchy"));
    assert_true(refused(stores, "0A000",
                        "BEGIN ISOLATION LEVEL REPEATABLE READ;"
                        "DELETE FROM subject1_hierarchy"));
    test_sql(stores, "ROLLBACK; DELETE FROM content_metadata; DELETE FROM subject1_hierarchy");
}

// --- counts --------------------------------------------------------------------------------------

static void assert_counts(struct test_stores *stores)
{
    assert_int_equal(
        test_sql_int(
            stores, "SELECT count(*) FROM (SELECT hierarchy_table, leaf_id, content_type, count(*)"
                    " AS contents FROM content_metadata GROUP BY 1, 2, 3) AS here FULL JOIN"
                    " (SELECT hierarchy_table, leaf_id, content_type, sum(contents) AS contents"
                    "  FROM grove.content_count GROUP BY 1, 2, 3 HAVING sum(contents) <> 0) AS kept"
                    " USING (hierarchy_table, leaf_id, content_type, contents)"
                    " WHERE here IS NULL OR kept IS NULL"),
        0);
    assert_int_equal(
        test_sql_int(stores, "SELECT count(*) FROM (SELECT hierarchy_table, content_type, count(*)"
                             " AS contents FROM content_metadata GROUP BY 1, 2) AS here FULL JOIN"
                             " (SELECT hierarchy_table, content_type, sum(contents) AS contents"
                             "  FROM grove.tree_count GROUP BY 1, 2 HAVING sum(contents) <> 0)"
                             " AS kept USING (hierarchy_table, content_type, contents)"
                             " WHERE here IS NULL OR kept IS NULL"),
        0);
    assert_null(test_wrong_places(stores));
}

static void fold(struct test_stores *stores)
{
    test_sql(stores, "%s", query_sql("fold_counts.sql"));
}

static void counts_follow_every_change(struct test_stores *stores)
{
    for (int i = 0; i < 4; i++)
        test_content(stores, &(struct test_content){.type = i % 2 ? "Odd" : "Even"});
    test_leaf(stores, "Other");
    assert_counts(stores);
    test_sql(stores, "UPDATE content_metadata SET content_type = 'Odd'");
    assert_counts(stores);
    test_sql(stores, "UPDATE content_metadata SET leaf_id ="
                     " (SELECT max(id) FROM subject1_hierarchy) WHERE chunk_number = 1");
    assert_counts(stores);
    test_sql(stores, "DELETE FROM content_metadata WHERE chunk_number < 3");
    assert_counts(stores);
    fold(stores);
    assert_counts(stores);
    test_sql(stores, "UPDATE grove.tree_count SET contents = 7; UPDATE grove.place_count"
                     " SET contents = 7; SELECT grove.recount()");
    assert_counts(stores);
    test_sql(stores, "TRUNCATE content_metadata CASCADE");
    assert_counts(stores);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.content_count"), 0);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.tree_count"), 0);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.place_count"), 0);
}

// Rows that count one tree and type become one, but for those that the folding of leaves adds.
static void counts_of_trees_are_folded(struct test_stores *stores)
{
    for (int i = 0; i < 20; i++)
        test_content(stores, &(struct test_content){.type = "Even"});
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.tree_count"), 20);
    fold(stores);
    assert_counts(stores);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.tree_count"), 3);
    fold(stores);
    assert_counts(stores);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.tree_count"), 1);
}

// Those of a branch and its limbs become one each, and nothing where they add up to nothing.
static void counts_of_places_are_folded(struct test_stores *stores)
{
    for (int i = 0; i < 20; i++)
        test_content(stores, &(struct test_content){.type = i % 2 ? "Odd" : "Even"});
    test_sql(stores, "DELETE FROM content_metadata WHERE content_type = 'Odd'");
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.place_count"), 42);
    fold(stores);
    assert_counts(stores);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.place_count"), 2);
    assert_int_equal(test_sql_int(stores, "SELECT sum(contents) FROM grove.place_count"), 20);
}

// --- rights --------------------------------------------------------------------------------------

// As a role that may delete leaves, and what is granted besides.
static enum grove_code as_a_role(struct test_stores *stores, const char *grant, const char *sql,
                                 struct grove_error *error)
{
    char text[1024];
    snprintf(text, sizeof text,
             "BEGIN; CREATE ROLE u_schema_role; GRANT SELECT, DELETE ON subject1_hierarchy"
             " TO u_schema_role; %s; SET LOCAL ROLE u_schema_role; %s",
             grant, sql);
    enum grove_code code = pg_exec(stores->sessions[0], text, error);
    test_sql(stores, "ROLLBACK");
    return code;
}

static void a_session_deletes_what_it_may_delete(struct test_stores *stores)
{
    struct grove_error error = {0};
    const char *delete = "SET LOCAL grove.leaf_delete = 'cascade'; DELETE FROM subject1_hierarchy";
    test_content(stores, &(struct test_content){.title = "a"});
    assert_int_not_equal(as_a_role(stores, "", delete, &error), GROVE_OK);
    assert_string_equal(error.sqlstate, "42501");
    assert_ok(as_a_role(stores, "GRANT SELECT, DELETE ON content_metadata TO u_schema_role", delete,
                        &error),
              error);
    // Rows that it does not see stay, and so does their leaf.
    error = (struct grove_error){0};
    assert_int_not_equal(as_a_role(stores,
                                   "GRANT SELECT, DELETE ON content_metadata TO u_schema_role;"
                                   "ALTER TABLE content_metadata ENABLE ROW LEVEL SECURITY",
                                   delete, &error),
                         GROVE_OK);
    assert_string_equal(error.sqlstate, "23503");
}

static void no_function_does_what_its_caller_may_not(struct test_stores *stores)
{
    const char *const calls[] = {
        "SELECT grove.note_deleted(ARRAY[1])",
        "SELECT grove.note_changed(ARRAY[1])",
        "SELECT grove.note_text_changed(ARRAY[1])",
        "CREATE TEMP TABLE mine (id integer);"
        "CREATE TRIGGER t AFTER DELETE ON mine REFERENCING OLD TABLE AS old_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION grove.content_deleted()",
    };
    test_content(stores, &(struct test_content){.title = "a"});
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        struct grove_error error = {0};
        if (as_a_role(stores, "GRANT USAGE ON SCHEMA grove TO u_schema_role", calls[i], &error) ==
                GROVE_OK ||
            strcmp(error.sqlstate, "42501") != 0)
            fail_msg("%s: \"%s\"", calls[i], error.sqlstate);
    }
    // Who has the rights may: a load of another role than the owner calls it.
    struct grove_error error;
    assert_ok(as_a_role(stores,
                        "GRANT USAGE ON SCHEMA grove TO u_schema_role;"
                        "GRANT ALL ON ALL TABLES IN SCHEMA grove TO u_schema_role;"
                        "GRANT ALL ON ALL SEQUENCES IN SCHEMA grove TO u_schema_role",
                        "SELECT grove.note_changed(ARRAY[1])", &error),
              error);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM pg_proc"
                                          " WHERE pronamespace = 'grove'::regnamespace"
                                          " AND prosecdef AND (proacl IS NULL"
                                          "     OR EXISTS (SELECT FROM aclexplode(proacl)"
                                          "                WHERE grantee = 0))"),
                     0);
}

// Its rights are on the public tables only.
static void a_writer_needs_no_rights_of_grove(struct test_stores *stores)
{
    struct grove_error error;
    test_content(stores, &(struct test_content){.title = "a", .body = "b"});
    assert_ok(as_a_role(stores,
                        "GRANT ALL ON content_metadata TO u_schema_role;"
                        "GRANT ALL ON content_metadata_id_seq TO u_schema_role",
                        "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type,"
                        " title, content_summary, chunk_number) SELECT hierarchy_table, leaf_id,"
                        " content_type, title, content_summary, 77 FROM content_metadata;"
                        "UPDATE content_metadata SET title = 'b'; DELETE FROM content_metadata",
                        &error),
              error);
}

// --- columns -------------------------------------------------------------------------------------

static enum grove_code find_altered(struct test_stores *stores, struct pg_rows *ret,
                                    struct grove_error *error)
{
    const struct pg_statement statement = {"", query_sql("columns.sql")};
    return pg_query(stores->sessions[0], &stores->arena, &statement, NULL, ret, error);
}

// Whichever of them a hand takes away: so the list has each table and each column.
static void every_column_of_ours_is_missed(struct test_stores *stores)
{
    static const char columns[] =
        "FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
        " WHERE c.relnamespace::regnamespace::text IN ('grove', 'public') AND c.relkind = 'r'"
        " AND a.attnum > 0 AND NOT a.attisdropped";
    struct pg_rows rows;
    struct grove_error error;
    int64_t count = test_sql_int(stores, "SELECT count(*) %s", columns);
    assert_ok(find_altered(stores, &rows, &error), error);
    assert_int_equal(rows.count, 0);
    assert_true(count > 100);
    for (int64_t i = 0; i < count; i++) {
        const char *place =
            test_sql_text(stores,
                          "SELECT c.relnamespace::regnamespace || '.' || c.relname %s"
                          " ORDER BY a.attrelid, a.attnum OFFSET %d LIMIT 1",
                          columns, (int)i);
        const char *name = test_sql_text(
            stores, "SELECT a.attname::text %s ORDER BY a.attrelid, a.attnum OFFSET %d LIMIT 1",
            columns, (int)i);
        test_sql(stores, "BEGIN; ALTER TABLE %s RENAME COLUMN \"%s\" TO taken_away", place, name);
        enum grove_code code = find_altered(stores, &rows, &error);
        bool told = code == GROVE_OK ? rows.count == 1 && pg_is_null(&rows, 0, 2) &&
                                           text_equal(pg_text(&rows, 0, 0), text_of(place)) &&
                                           text_equal(pg_text(&rows, 0, 1), text_of(name))
                                     : strstr(error.message, name) != NULL; // it is asked for
        test_sql(stores, "ROLLBACK");
        if (!told)
            fail_msg("%s.%s: %s", place, name, code == GROVE_OK ? "not told" : error.message);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(every_column_of_ours_is_missed),
        STORES_TEST(every_change_that_is_projected_takes_a_revision),
        STORES_TEST(many_changes_of_a_content_are_one_that_waits),
        STORES_TEST(what_is_deleted_leaves_an_outbox_row_only),
        STORES_TEST(bodies_that_are_truncated_are_no_texts),
        STORES_TEST(an_old_snapshot_truncates_nothing),
        STORES_TEST(what_grove_keeps_is_not_truncated),
        STORES_TEST(rows_stay_with_their_contents),
        STORES_TEST(states_of_nothing_go_with_the_migration),
        STORES_TEST(another_model_has_every_content_projected),
        STORES_TEST(contents_lie_on_leaves_that_are_there),
        STORES_TEST(counts_follow_every_change),
        STORES_TEST(counts_of_trees_are_folded),
        STORES_TEST(counts_of_places_are_folded),
        STORES_TEST(a_session_deletes_what_it_may_delete),
        STORES_TEST(no_function_does_what_its_caller_may_not),
        STORES_TEST(a_writer_needs_no_rights_of_grove),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
