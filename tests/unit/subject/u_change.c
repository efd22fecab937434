// SPDX-License-Identifier: Apache-2.0
// Changes of subjects on a real PostgreSQL: what is made, what is refused, and what is left where a
// change ends at any point. u_change_waits.c has those that meet others.
#include "changing.h"

#include "subject/name.h"
#include "subject/phase.h"
#include "subject/state.h"

enum { PHASES_MOST = 8 };

// --- what is made --------------------------------------------------------------------------------

struct verdicts {
    unsigned count, failed;
    char failures[1024], warnings[1024];
};

static void on_finding(void *state, const struct grove_finding *finding)
{
    struct verdicts *verdicts = state;
    bool failed = finding->verdict == GROVE_FINDING_FAILED;
    char *texts = failed ? verdicts->failures : verdicts->warnings;
    verdicts->count++;
    verdicts->failed += failed;
    if (finding->verdict == GROVE_FINDING_OK)
        return;
    size_t length = strlen(texts);
    snprintf(texts + length, sizeof verdicts->failures - length, "%s: %s\n", finding->name,
             finding->text);
}

static struct verdicts validate(struct test_stores *stores, const char *name)
{
    struct grove_error error;
    struct call call;
    struct verdicts verdicts = {.count = 0};
    call_init(&call);
    enum grove_code code =
        subject_validate(&stores->store, &call, name, on_finding, &verdicts, &error);
    assert_int_equal(code, verdicts.failed ? GROVE_CONFLICT : GROVE_OK);
    return verdicts;
}

static void an_addition_is_as_the_template(struct test_stores *stores)
{
    struct grove_error error;
    assert_int_not_equal(write_content(stores, "science_hierarchy", &error), GROVE_OK);
    assert_ok(add(stores, "science", &error), error);
    struct verdicts verdicts = validate(stores, "science");
    if (verdicts.failed)
        fail_msg("%s", verdicts.failures);
    assert_true(verdicts.count >= 10);
    assert_null(broken_rule(stores));
    assert_ok(write_content(stores, "science_hierarchy", &error), error);
    assert_int_equal(validate(stores, "science").failed, 0);
    assert_string_equal(
        test_sql_text(stores, "SELECT string_agg(indexdef, '; ' ORDER BY indexname) FROM pg_indexes"
                              " WHERE tablename = 'science_hierarchy'"),
        "CREATE INDEX idx_science_branch ON public.science_hierarchy USING btree (branch); "
        "CREATE INDEX idx_science_limb ON public.science_hierarchy USING btree (branch, limb); "
        "CREATE UNIQUE INDEX science_hierarchy_pkey ON public.science_hierarchy USING btree (id); "
        "CREATE UNIQUE INDEX unique_science_path ON public.science_hierarchy USING btree (branch,"
        " limb, leaf)");
    // Its leaves are kept as those of the others are.
    assert_int_not_equal(pg_exec(stores->sessions[0], "DELETE FROM science_hierarchy", &error),
                         GROVE_OK);
    assert_string_equal(error.sqlstate, "23503");
}

static void the_specified_are_valid(struct test_stores *stores)
{
    static const char *const names[] = {"religion", "subject1", "subject8"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct verdicts verdicts = validate(stores, names[i]);
        if (verdicts.failed)
            fail_msg("%s: %s", names[i], verdicts.failures);
    }
}

// Whoever may do the owner's work does it for the owner.
static void a_table_belongs_to_the_owner_of_contents(struct test_stores *stores)
{
    struct pg_conn *member = test_session(stores);
    struct strbuf sql;
    const struct phase_names names = {.stem = text_of("science"),
                                      .table = text_of("science_hierarchy")};
    strbuf_init(&sql, PHASE_SQL_MAX);
    phase_add_sql(&sql, PHASE_TABLE, &names);
    assert_false(sql.failed);
    test_session_sql(member,
                     "BEGIN; CREATE ROLE u_change_owner; GRANT CREATE ON SCHEMA public"
                     " TO u_change_owner; CREATE ROLE u_change_member IN ROLE u_change_owner;"
                     "ALTER TABLE content_metadata OWNER TO u_change_owner;"
                     "SET LOCAL ROLE u_change_member; %s"
                     "DO $$ BEGIN ASSERT (SELECT count(*) = 5 AND bool_and(relowner ="
                     " 'u_change_owner'::regrole) FROM pg_class WHERE relname IN"
                     " ('science_hierarchy', 'science_hierarchy_id_seq', 'science_hierarchy_pkey',"
                     " 'idx_science_branch', 'unique_science_path')); END $$",
                     sql.data);
    strbuf_release(&sql);
    pg_rollback(member);
}

// A new table is its owner's alone: whoever may use the others is named.
static void missing_rights_are_told(struct test_stores *stores)
{
    struct grove_error error;
    struct verdicts verdicts;
    assert_ok(add(stores, "science", &error), error);
    assert_null(strstr(validate(stores, "science").warnings, "rights"));
    test_sql(stores, "CREATE ROLE u_change_writer; GRANT SELECT, INSERT ON religion_hierarchy"
                     " TO u_change_writer; GRANT USAGE ON SEQUENCE religion_hierarchy_id_seq"
                     " TO u_change_writer; GRANT SELECT ON religion_hierarchy TO PUBLIC");
    verdicts = validate(stores, "science");
    assert_int_equal(verdicts.failed, 0);
    assert_non_null(strstr(verdicts.warnings,
                           "rights: not as on religion_hierarchy: PUBLIC has no SELECT; "
                           "u_change_writer has no INSERT, SELECT, USAGE on its sequence\n"));
    test_sql(stores, "GRANT SELECT, INSERT ON science_hierarchy TO u_change_writer;"
                     "GRANT USAGE ON SEQUENCE science_hierarchy_id_seq TO u_change_writer;"
                     "GRANT SELECT ON science_hierarchy TO PUBLIC");
    verdicts = validate(stores, "science");
    test_sql(stores, "DROP OWNED BY u_change_writer; DROP ROLE u_change_writer;"
                     "REVOKE ALL ON religion_hierarchy FROM PUBLIC");
    assert_null(strstr(verdicts.warnings, "rights"));
}

static void differences_are_named(struct test_stores *stores)
{
    struct grove_error error;
    assert_ok(add(stores, "science", &error), error);
    test_sql(stores, "DROP TRIGGER grove_keep_leaf ON science_hierarchy;"
                     "DROP TRIGGER grove_leaf_updated ON science_hierarchy;"
                     "DROP INDEX idx_science_limb;"
                     "ALTER TABLE science_hierarchy ALTER COLUMN branch DROP NOT NULL,"
                     " ADD COLUMN other integer");
    assert_string_equal(
        validate(stores, "science").failures,
        "structure: has besides column other; lacks index idx_science_limb; lacks trigger"
        " grove_keep_leaf, grove_leaf_updated; other than in religion_hierarchy: column branch,"
        " now character varying(100)\n");
    reset_schema(stores);
    test_sql(stores,
             "ALTER TABLE content_metadata DROP CONSTRAINT valid_hierarchy_table, ADD CONSTRAINT"
             " valid_hierarchy_table CHECK (hierarchy_table IN ('religion_hierarchy',"
             " 'subject1_hierarchy', 'subject3_hierarchy', 'subject4_hierarchy',"
             " 'subject5_hierarchy', 'subject6_hierarchy', 'subject7_hierarchy',"
             " 'subject8_hierarchy', 'odd')) NOT VALID");
    assert_string_equal(
        validate(stores, "subject1").failures,
        "check: valid_hierarchy_table allows besides odd; lacks subject2_hierarchy; is not"
        " validated\n");
}

static void an_altered_table_is_found(struct test_stores *stores)
{
    static const char *const alterations[] = {
        "ALTER TABLE science_hierarchy ADD CONSTRAINT odd CHECK (branch <> 'x')",
        "ALTER TABLE science_hierarchy ALTER COLUMN branch DROP NOT NULL",
        "ALTER TABLE science_hierarchy ALTER COLUMN created_at DROP DEFAULT",
        "ALTER TABLE science_hierarchy ADD COLUMN other integer",
        "ALTER TABLE science_hierarchy DROP CONSTRAINT unique_science_path",
        "DROP INDEX idx_science_branch",
        "DROP TRIGGER grove_keep_leaf ON science_hierarchy",
        "ALTER TABLE science_hierarchy DISABLE TRIGGER grove_keep_leaves",
        "ALTER TABLE content_metadata DROP CONSTRAINT valid_hierarchy_table",
        "ALTER TABLE content_metadata DROP CONSTRAINT valid_hierarchy_table, ADD CONSTRAINT"
        " valid_hierarchy_table CHECK (hierarchy_table IN (" NAME_SPECIFIED_TABLES
        ", 'science_hierarchy', 'odd'))",
        "ALTER TABLE content_metadata DROP CONSTRAINT valid_hierarchy_table, ADD CONSTRAINT"
        " valid_hierarchy_table CHECK (hierarchy_table IN ('religion_hierarchy',"
        " 'science_hierarchy'))",
        "DELETE FROM grove.subject WHERE tree = 'science'",
        "ALTER TABLE content_metadata DISABLE TRIGGER ALL; INSERT INTO content_metadata"
        " (hierarchy_table, leaf_id, content_type, title, content_summary)"
        " VALUES ('science_hierarchy', 4711, 't', 't', 's');"
        "ALTER TABLE content_metadata ENABLE TRIGGER ALL",
    };
    for (size_t i = 0; i < ARRAY_COUNT(alterations); i++) {
        struct grove_error error;
        reset_schema(stores);
        assert_ok(add(stores, "science", &error), error);
        test_sql(stores, "%s", alterations[i]);
        if (validate(stores, "science").failed == 0)
            fail_msg("not found: %s", alterations[i]);
    }
}

// What pg_dump writes, PostgreSQL reads into other words: it casts each name, not the list.
static void the_check_of_a_dump_is_known(struct test_stores *stores)
{
    static const char definition[] = "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                                     " WHERE conname = 'valid_hierarchy_table'";
    struct grove_error error;
    const char *made = test_sql_text(stores, definition);
    test_sql(stores,
             "ALTER TABLE content_metadata DROP CONSTRAINT valid_hierarchy_table,"
             " ADD CONSTRAINT valid_hierarchy_table %s",
             made);
    assert_string_not_equal(test_sql_text(stores, definition), made);
    assert_ok(add(stores, "science", &error), error);
    assert_int_equal(validate(stores, "science").failed, 0);
    assert_ok(take(stores, "science", false, &error), error);
}

static void a_removal_leaves_nothing(struct test_stores *stores)
{
    struct grove_error error;
    const char *before = schema_digest(stores);
    assert_ok(add(stores, "science", &error), error);
    assert_ok(write_content(stores, "science_hierarchy", &error), error);
    const char *there = schema_digest(stores);
    assert_int_equal(take(stores, "science", false, &error), GROVE_CONFLICT);
    assert_non_null(strstr(error.message, "1 content"));
    assert_string_equal(schema_digest(stores), there);
    assert_ok(take(stores, "science", true, &error), error);
    assert_string_equal(schema_digest(stores), before);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM content_metadata"), 0);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.outbox WHERE deleted"), 1);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.setting"
                                          " WHERE starts_with(name, 'subject.')"),
                     0);
    assert_int_equal(take(stores, "science", true, &error), GROVE_NOT_FOUND);
}

static void a_rename_touches_no_content(struct test_stores *stores)
{
    struct grove_error error;
    struct call call;
    struct subject_report report;
    struct grove_subject_request request = {.name = "science", .new_name = "natural_science"};
    call_init(&call);
    assert_ok(add(stores, "science", &error), error);
    assert_ok(write_content(stores, "science_hierarchy", &error), error);
    test_sql(stores, "DELETE FROM grove.outbox");
    const char *contents = test_database_digest(stores);
    assert_ok(subject_rename(&stores->store, &call, &request, &report, &error), error);
    assert_string_equal(test_database_digest(stores), contents);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.outbox"), 0);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.leaf"
                                          " WHERE tree = 'natural_science'"),
                     1);
    assert_int_equal(validate(stores, "natural_science").failed, 0);
    // Its old name is not free: the table has it.
    assert_int_equal(add(stores, "science", &error), GROVE_CONFLICT);
    assert_non_null(strstr(error.message, "natural_science"));
    request = (struct grove_subject_request){.name = "natural_science", .new_name = "science"};
    assert_ok(subject_rename(&stores->store, &call, &request, &report, &error), error);
    request = (struct grove_subject_request){.name = "science", .new_name = "religion"};
    assert_int_equal(subject_rename(&stores->store, &call, &request, &report, &error),
                     GROVE_CONFLICT);
}

// --- what is refused -----------------------------------------------------------------------------

static const struct {
    const char *sql; // before
    const char *name;
    enum grove_code code;
    const char *words;
} bad_input[] = {
    {"", "", GROVE_INVALID, "needs a name"},
    {"", "Science", GROVE_INVALID, "cannot be"},
    {"", "1science", GROVE_INVALID, "cannot be"},
    {"", "natural science", GROVE_INVALID, "cannot be"},
    {"", "science\"; DROP TABLE x; --", GROVE_INVALID, "cannot be"},
    {"",
     "wissensch\xc3\xa4"
     "ft",
     GROVE_INVALID, "cannot be"},
    {"", "\xff", GROVE_INVALID, "not UTF-8"},
    {"", "a23456789b23456789c23456789d23456789e2345", GROVE_INVALID, "41 bytes"},
    {"", "pg_science", GROVE_INVALID, "reserved"},
    {"", "grove", GROVE_INVALID, "reserved"},
    {"", "select", GROVE_INVALID, "key word"},
    {"", "religion", GROVE_CONFLICT, "already"},
    {"", "subject8", GROVE_CONFLICT, "already"},
    {"CREATE TABLE science_hierarchy (id integer)", "science", GROVE_CONFLICT, "not grove's"},
    {"CREATE TABLE \"Science_Hierarchy\" (id integer)", "science", GROVE_CONFLICT,
     "Science_Hierarchy"},
    {"CREATE VIEW science_hierarchy AS SELECT 1 AS id", "science", GROVE_CONFLICT, "not grove's"},
    {"ALTER TABLE content_metadata DROP CONSTRAINT valid_hierarchy_table", "science",
     GROVE_CONFLICT, "not as grove made it"},
    {"ALTER TABLE content_metadata DROP CONSTRAINT valid_hierarchy_table, ADD CONSTRAINT"
     " valid_hierarchy_table CHECK (hierarchy_table LIKE '%_hierarchy')",
     "science", GROVE_CONFLICT, "not as grove made it"},
    {"ALTER TABLE content_metadata DROP CONSTRAINT valid_hierarchy_table, ADD CONSTRAINT"
     " valid_hierarchy_table CHECK (hierarchy_table IN ('religion_hierarchy',"
     " 'subject1_hierarchy'))",
     "science", GROVE_CONFLICT, "not as grove made it"},
    {"ALTER TABLE content_metadata DROP CONSTRAINT valid_hierarchy_table, ADD CONSTRAINT"
     " valid_hierarchy_table CHECK (hierarchy_table IN ('religion_hierarchy',"
     " 'subject1_hierarchy', 'subject2_hierarchy', 'subject3_hierarchy', 'subject4_hierarchy',"
     " 'subject5_hierarchy', 'subject6_hierarchy', 'subject7_hierarchy', 'odd')) NOT VALID",
     "science", GROVE_CONFLICT,
     "it allows besides odd; lacks subject8_hierarchy; is not validated"},
    {"ALTER TABLE content_metadata ADD CONSTRAINT valid_hierarchy_table_next"
     " CHECK (hierarchy_table <> 'x') NOT VALID",
     "science", GROVE_CONFLICT, "DROP CONSTRAINT valid_hierarchy_table_next"},
    {"ALTER TABLE content_metadata ADD CONSTRAINT valid_hierarchy_table_next"
     " CHECK (hierarchy_table IN ('religion_hierarchy', 'subject1_hierarchy')) NOT VALID",
     "science", GROVE_CONFLICT, "DROP CONSTRAINT valid_hierarchy_table_next"},
    // Names that the table's parts would have.
    {"CREATE SEQUENCE science_hierarchy_id_seq", "science", GROVE_CONFLICT,
     "\"science_hierarchy_id_seq\" already"},
    {"CREATE TABLE science_hierarchy_pkey (id integer)", "science", GROVE_CONFLICT,
     "\"science_hierarchy_pkey\" already"},
    {"CREATE TABLE unique_science_path (id integer)", "science", GROVE_CONFLICT,
     "\"unique_science_path\" already"},
    {"CREATE VIEW idx_science_branch AS SELECT 1 AS id", "science", GROVE_CONFLICT,
     "\"idx_science_branch\" already"},
    {"CREATE SEQUENCE idx_science_limb", "science", GROVE_CONFLICT, "\"idx_science_limb\" already"},
    {"CREATE TYPE science_hierarchy AS ENUM ()", "science", GROVE_CONFLICT,
     "\"science_hierarchy\" already"},
};

static void bad_input_changes_nothing(struct test_stores *stores)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad_input); i++) {
        struct grove_error error = {0};
        reset_schema(stores);
        test_sql(stores, "%s", bad_input[i].sql[0] ? bad_input[i].sql : "SELECT 1");
        const char *before = schema_digest(stores);
        enum grove_code code = add(stores, bad_input[i].name, &error);
        if (code != bad_input[i].code ||
            (!strstr(error.message, bad_input[i].words) &&
             !strstr(error.detail, bad_input[i].words) && !strstr(error.hint, bad_input[i].words)))
            fail_msg("%s, \"%s\": %d, %s; %s; %s", bad_input[i].sql, bad_input[i].name, (int)code,
                     error.message, error.detail, error.hint);
        assert_string_equal(schema_digest(stores), before);
    }
}

static void the_longest_name_is_one(struct test_stores *stores)
{
    struct grove_error error;
    const char *name = "a23456789b23456789c23456789d23456789e234";
    char table[64];
    assert_int_equal(strlen(name), GROVE_SUBJECT_NAME_MAX);
    snprintf(table, sizeof table, "%s_hierarchy", name);
    assert_ok(add(stores, name, &error), error);
    assert_ok(write_content(stores, table, &error), error);
    assert_ok(take(stores, name, true, &error), error);
    // Words that the structure's own names have.
    static const char *const names[] = {"id", "branch", "leaf", "path", "hierarchy", "a"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        assert_ok(add(stores, names[i], &error), error);
        struct verdicts verdicts = validate(stores, names[i]);
        if (verdicts.failed)
            fail_msg("%s: %s", names[i], verdicts.failures);
    }
}

static void the_specified_stay(struct test_stores *stores)
{
    struct grove_error error;
    const char *before = schema_digest(stores);
    assert_int_equal(take(stores, "religion", true, &error), GROVE_INVALID);
    assert_int_equal(take(stores, "subject8", true, &error), GROVE_INVALID);
    assert_string_equal(schema_digest(stores), before);
}

// Before anything is made. Of a role that may read, and of one that may make tables besides.
static void a_role_without_rights_is_told(struct test_stores *stores)
{
    static const char *const grants[] = {
        "SELECT 1",
        "GRANT CREATE ON SCHEMA public TO u_change_role; GRANT ALL ON grove.subject"
        " TO u_change_role",
        // It could not give the owner what it makes.
        "CREATE ROLE u_change_owner; ALTER TABLE content_metadata OWNER TO u_change_owner;"
        "GRANT CREATE ON SCHEMA public TO u_change_role; GRANT ALL ON grove.subject"
        " TO u_change_role; GRANT u_change_owner TO u_change_role WITH SET FALSE",
    };
    struct pg_conn *visitor = test_session(stores);
    for (size_t i = 0; i < ARRAY_COUNT(grants); i++) {
        struct grove_error error = {0};
        struct state state;
        struct state_progress progress = {0};
        enum phase phase;
        test_session_sql(visitor,
                         "BEGIN; CREATE ROLE u_change_role; GRANT USAGE ON SCHEMA grove"
                         " TO u_change_role; GRANT SELECT ON ALL TABLES IN SCHEMA grove, public"
                         " TO u_change_role; %s; SET LOCAL ROLE u_change_role",
                         grants[i]);
        assert_ok(state_read(visitor, &stores->arena, "science", &state, &error), error);
        assert_int_equal(state_next_of_add(&state, &progress, &phase, &error), GROVE_DENIED);
        assert_int_equal(state_next_of_remove(&state, &progress, &phase, &error), GROVE_DENIED);
        pg_rollback(visitor);
    }
}

// Nothing is begun that would end at the last phase.
static void the_table_of_another_role_is_told(struct test_stores *stores)
{
    struct pg_conn *owner = test_session(stores);
    struct grove_error error = {0};
    struct state state;
    struct state_progress progress = {0};
    enum phase phase;
    assert_ok(add(stores, "science", &error), error);
    test_session_sql(owner, "BEGIN; CREATE ROLE u_change_owner; CREATE ROLE u_change_other;"
                            "GRANT ALL ON SCHEMA public, grove TO u_change_owner;"
                            "GRANT ALL ON ALL TABLES IN SCHEMA grove, public TO u_change_owner;"
                            "ALTER TABLE content_metadata OWNER TO u_change_owner;"
                            "GRANT CREATE ON SCHEMA public TO u_change_other;"
                            "ALTER TABLE science_hierarchy OWNER TO u_change_other;"
                            "SET LOCAL ROLE u_change_owner");
    assert_ok(state_read(owner, &stores->arena, "science", &state, &error), error);
    assert_int_equal(state_next_of_remove(&state, &progress, &phase, &error), GROVE_DENIED);
    assert_non_null(strstr(error.message, "science_hierarchy belongs to another role"));
    pg_rollback(owner);
}

static void a_stranger_s_table_is_never_dropped(struct test_stores *stores)
{
    struct grove_error error;
    test_sql(stores, "CREATE TABLE science_hierarchy (id integer);"
                     "ALTER TABLE content_metadata ADD CONSTRAINT valid_hierarchy_table_next"
                     " CHECK (hierarchy_table IN ('religion_hierarchy', 'subject1_hierarchy',"
                     " 'subject2_hierarchy', 'subject3_hierarchy', 'subject4_hierarchy',"
                     " 'subject5_hierarchy', 'subject6_hierarchy', 'subject7_hierarchy',"
                     " 'subject8_hierarchy', 'science_hierarchy')) NOT VALID");
    assert_int_equal(take(stores, "science", true, &error), GROVE_CONFLICT);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM science_hierarchy"), 0);
}

// Contents would be gone, and the subject would not.
static void what_depends_on_its_table_keeps_a_subject(struct test_stores *stores)
{
    static const struct {
        const char *make, *words, *drop;
    } rows[] = {
        {"CREATE VIEW odd AS SELECT branch FROM science_hierarchy", "view odd depends",
         "DROP VIEW odd"},
        {"CREATE TABLE odd (leaf integer REFERENCES science_hierarchy)",
         "constraint odd_leaf_fkey on table odd depends", "DROP TABLE odd"},
        {"CREATE TABLE odd (leaf science_hierarchy)", "column leaf of table odd depends",
         "DROP TABLE odd"},
        {"CREATE TABLE odd () INHERITS (science_hierarchy)", "table odd depends", "DROP TABLE odd"},
        {"INSERT INTO grove.attached (source, key_columns, path, content_type, body, watched)"
         " VALUES ('articles', '{id}', ' science /{a}', 't', 'body', '{id}')",
         "\"articles\" is attached", "DELETE FROM grove.attached"},
        {"INSERT INTO grove.attached (source, key_columns, path, content_type, body, watched)"
         " VALUES ('articles', '{id}', '{a}/{b}', 't', 'body', '{id}');"
         "INSERT INTO grove.attached_leaf SELECT id, 'science_hierarchy', 1 FROM grove.attached",
         "\"articles\" is attached", "DELETE FROM grove.attached"},
    };
    struct grove_error error;
    assert_ok(add(stores, "science", &error), error);
    assert_ok(write_content(stores, "science_hierarchy", &error), error);
    // Parts of the table go with it.
    test_sql(stores,
             "ALTER TABLE science_hierarchy ADD COLUMN above integer REFERENCES"
             " science_hierarchy; CREATE POLICY part ON science_hierarchy USING (limb <> '');"
             "CREATE STATISTICS part ON branch, limb FROM science_hierarchy;"
             "CREATE INDEX part ON science_hierarchy (lower(leaf)) WHERE limb <> ''");
    const char *there = schema_digest(stores);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        test_sql(stores, "%s", rows[i].make);
        assert_int_equal(take(stores, "science", true, &error), GROVE_CONFLICT);
        if (!strstr(error.message, rows[i].words))
            fail_msg("%s: %s", rows[i].words, error.message);
        test_sql(stores, "%s", rows[i].drop);
        assert_string_equal(schema_digest(stores), there);
    }
    assert_ok(take(stores, "science", true, &error), error);
    assert_null(broken_rule(stores));
}

static void attached_tables_follow_a_rename(struct test_stores *stores)
{
    struct grove_error error;
    struct call call;
    struct subject_report report;
    struct grove_subject_request request = {.name = "science", .new_name = "nature"};
    call_init(&call);
    assert_ok(add(stores, "science", &error), error);
    test_sql(stores, "INSERT INTO grove.attached (source, key_columns, path, content_type, body,"
                     " watched) SELECT path, '{id}', path, 't', 'body', '{id}'"
                     " FROM unnest(ARRAY['science/{a}', 'science', ' science /science',"
                     " 'sciences/a', 'a/science', '{science}/a']) AS u (path)");
    assert_ok(subject_rename(&stores->store, &call, &request, &report, &error), error);
    const char *paths =
        test_sql_text(stores, "SELECT string_agg(path, ',' ORDER BY id) FROM grove.attached");
    test_sql(stores, "DELETE FROM grove.attached");
    assert_string_equal(paths,
                        "nature/{a},nature,nature /science,sciences/a,a/science,{science}/a");
}

// --- what is left where it ends ------------------------------------------------------------------

static const enum inject_point points[] = {INJECT_SUBJECT_DECIDED, INJECT_SUBJECT_COMMITTED};

// A change that ends at the nth phase. False: it has not so many.
static bool end_at(struct test_stores *stores, enum inject_point point, unsigned nth,
                   enum grove_code (*change)(struct test_stores *stores, struct grove_error *error))
{
    struct grove_error error;
    test_at_forget(stores);
    test_at(stores, &(struct test_step){point, nth, NULL, GROVE_UNAVAILABLE});
    enum grove_code code = change(stores, &error);
    test_at_forget(stores);
    if (code == GROVE_OK)
        return false;
    assert_int_equal(code, GROVE_UNAVAILABLE);
    const char *rule = broken_rule(stores);
    if (rule)
        fail_msg("point %d of phase %u: %s", (int)point, nth, rule);
    assert_ok(write_content(stores, "subject1_hierarchy", &error), error);
    return true;
}

static enum grove_code add_science(struct test_stores *stores, struct grove_error *error)
{
    return add(stores, "science", error);
}

static enum grove_code take_science(struct test_stores *stores, struct grove_error *error)
{
    return take(stores, "science", true, error);
}

static bool is_registered(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT count(*) FROM grove.subject WHERE tree = 'science'") == 1;
}

static void an_addition_that_ends_anywhere_is_finished_or_taken_back(struct test_stores *stores)
{
    struct grove_error error;
    const char *before = schema_digest(stores);
    unsigned phases = 0;
    for (size_t p = 0; p < ARRAY_COUNT(points); p++)
        for (unsigned nth = 1; nth <= PHASES_MOST; nth++) {
            if (!end_at(stores, points[p], nth, add_science)) {
                assert_ok(take(stores, "science", true, &error), error);
                break;
            }
            phases++;
            bool registered = is_registered(stores);
            // Nobody can use what is not registered.
            if (!registered)
                assert_int_not_equal(write_content(stores, "science_hierarchy", &error), GROVE_OK);
            assert_int_equal(add(stores, "science", &error),
                             registered ? GROVE_CONFLICT : GROVE_OK);
            assert_ok(write_content(stores, "science_hierarchy", &error), error);
            assert_ok(take(stores, "science", true, &error), error);
            assert_string_equal(schema_digest(stores), before);
            assert_true(end_at(stores, points[p], nth, add_science));
            enum grove_code code = take(stores, "science", true, &error);
            // Before the first phase was committed there is nothing.
            assert_int_equal(code, points[p] == INJECT_SUBJECT_DECIDED && nth == 1 ? GROVE_NOT_FOUND
                                                                                   : GROVE_OK);
            assert_string_equal(schema_digest(stores), before);
        }
    assert_int_equal(phases, 10);
}

static void a_removal_that_ends_anywhere_is_finished_or_taken_back(struct test_stores *stores)
{
    struct grove_error error;
    const char *before = schema_digest(stores);
    unsigned phases = 0;
    for (size_t p = 0; p < ARRAY_COUNT(points); p++)
        for (unsigned nth = 1; nth <= PHASES_MOST; nth++) {
            assert_ok(add(stores, "science", &error), error);
            assert_ok(write_content(stores, "science_hierarchy", &error), error);
            assert_ok(write_content(stores, "science_hierarchy", &error), error);
            const char *there = schema_digest(stores);
            if (!end_at(stores, points[p], nth, take_science))
                break;
            phases++;
            int64_t contents = test_sql_int(stores, "SELECT count(*) FROM content_metadata"
                                                    " WHERE hierarchy_table = 'science_hierarchy'");
            assert_true(contents == 0 || contents == 2);
            // Taken back, where it is still there: as it was, but for its contents.
            if (is_registered(stores)) {
                enum grove_code code = add(stores, "science", &error);
                assert_int_equal(code, points[p] == INJECT_SUBJECT_DECIDED && nth == 1
                                           ? GROVE_CONFLICT
                                           : GROVE_OK);
                assert_string_equal(schema_digest(stores), there);
                assert_ok(write_content(stores, "science_hierarchy", &error), error);
                assert_true(end_at(stores, points[p], nth, take_science));
            }
            bool left = is_registered(stores);
            assert_int_equal(take(stores, "science", true, &error),
                             left ? GROVE_OK : GROVE_NOT_FOUND);
            assert_string_equal(schema_digest(stores), before);
        }
    assert_int_equal(phases, 8);
}

static void a_removal_without_leave_to_empty_is_taken_back(struct test_stores *stores)
{
    struct grove_error error;
    assert_ok(add(stores, "science", &error), error);
    assert_ok(write_content(stores, "science_hierarchy", &error), error);
    const char *there = schema_digest(stores);
    assert_true(end_at(stores, INJECT_SUBJECT_COMMITTED, 1, take_science));
    assert_int_equal(take(stores, "science", false, &error), GROVE_CONFLICT);
    assert_string_equal(schema_digest(stores), there);
    assert_ok(write_content(stores, "science_hierarchy", &error), error);
}

static void the_unfinished_change_of_another_is_told(struct test_stores *stores)
{
    struct grove_error error;
    assert_true(end_at(stores, INJECT_SUBJECT_COMMITTED, 2, add_science));
    assert_int_equal(add(stores, "history", &error), GROVE_CONFLICT);
    assert_non_null(strstr(error.message, "science_hierarchy"));
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM pg_class"
                                          " WHERE relname = 'history_hierarchy'"),
                     0);
    struct grove_subjects *all;
    struct call call;
    call_init(&call);
    assert_ok(subject_list(&stores->store, &call, &all, &error), error);
    assert_int_equal(all->count, 10);
    assert_int_equal(all->items[9].state, GROVE_SUBJECT_ADDING);
    mem_free(all);
    assert_ok(add(stores, "science", &error), error);
    assert_ok(add(stores, "history", &error), error);
    assert_null(broken_rule(stores));
}

// By hand, or by a script that ended in its middle: it forbids nothing and allows nothing more.
static void a_next_check_that_changes_nothing_goes(struct test_stores *stores)
{
    static const char leftover[] =
        "ALTER TABLE content_metadata ADD CONSTRAINT valid_hierarchy_table_next CHECK"
        " (hierarchy_table IN ('religion_hierarchy', 'subject1_hierarchy', 'subject2_hierarchy',"
        " 'subject3_hierarchy', 'subject4_hierarchy', 'subject5_hierarchy', 'subject6_hierarchy',"
        " 'subject7_hierarchy', 'subject8_hierarchy'%s)) NOT VALID";
    struct grove_error error;
    test_sql(stores, leftover, "");
    assert_ok(add(stores, "science", &error), error);
    assert_null(broken_rule(stores));
    test_sql(stores, leftover, ", 'science_hierarchy'");
    struct call call;
    struct subject_report report;
    struct grove_subject_request request = {.name = "science", .new_name = "nature"};
    call_init(&call);
    assert_ok(subject_rename(&stores->store, &call, &request, &report, &error), error);
    test_sql(stores, leftover, ", 'science_hierarchy'");
    assert_ok(take(stores, "nature", true, &error), error);
    assert_null(broken_rule(stores));
}

// --- what is shown -------------------------------------------------------------------------------

struct shown {
    unsigned count;
    char names[256];
    size_t sql_bytes;
};

static void on_phase(void *state, const struct grove_subject_phase *phase)
{
    struct shown *shown = state;
    size_t length = strlen(shown->names);
    snprintf(shown->names + length, sizeof shown->names - length, "%s%s", length ? " " : "",
             phase->name);
    shown->count++;
    shown->sql_bytes += strlen(phase->sql);
}

static void a_dry_run_shows_what_is_done(struct test_stores *stores)
{
    struct grove_error error;
    struct call call;
    struct subject_report report;
    struct shown dry = {.count = 0}, done = {.count = 0};
    struct grove_subject_request request = {
        .name = "science", .dry_run = true, .on_phase = on_phase, .state = &dry};
    call_init(&call);
    assert_ok(write_content(stores, "subject1_hierarchy", &error), error);
    const char *before = schema_digest(stores);
    assert_ok(subject_add(&stores->store, &call, &request, &report, &error), error);
    assert_string_equal(schema_digest(stores), before);
    assert_true(report.report.has_impact && report.report.impact.subjects == 9 &&
                report.report.phases == 0);
    assert_int_equal(report.report.impact.rows, 1);
    request =
        (struct grove_subject_request){.name = "science", .on_phase = on_phase, .state = &done};
    assert_ok(subject_add(&stores->store, &call, &request, &report, &error), error);
    assert_string_equal(done.names, "table extend validate enter settle");
    assert_string_equal(dry.names, done.names);
    assert_int_equal(dry.sql_bytes, done.sql_bytes);
    assert_ok(write_content(stores, "science_hierarchy", &error), error);
    dry = done = (struct shown){.count = 0};
    request = (struct grove_subject_request){.name = "science",
                                             .dry_run = true,
                                             .with_contents = true,
                                             .on_phase = on_phase,
                                             .state = &dry};
    assert_ok(subject_remove(&stores->store, &call, &request, &report, &error), error);
    request.dry_run = false;
    request.state = &done;
    assert_ok(subject_remove(&stores->store, &call, &request, &report, &error), error);
    assert_string_equal(done.names, "forbid empty validate leave");
    assert_string_equal(dry.names, done.names);
    assert_int_equal(dry.sql_bytes, done.sql_bytes);
    assert_int_equal(report.report.contents, 1);
}

// By hand, statement by statement: it leaves what the command leaves.
static void the_scripts_do_what_the_command_does(struct test_stores *stores)
{
    struct grove_error error;
    char *script;
    const char *before = schema_digest(stores);
    assert_ok(subject_script(GROVE_SUBJECT_MIGRATION, "science", &script, &error), error);
    assert_ok(pg_exec(stores->sessions[0], script, &error), error);
    mem_free(script);
    const char *by_script = schema_digest(stores);
    assert_ok(subject_script(GROVE_SUBJECT_SAMPLE, "science", &script, &error), error);
    for (int i = 0; i < 2; i++) // it may be run again
        assert_ok(pg_exec(stores->sessions[0], script, &error), error);
    mem_free(script);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.body"), 12);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM science_hierarchy"), 7);
    assert_ok(subject_script(GROVE_SUBJECT_ROLLBACK, "science", &script, &error), error);
    assert_ok(pg_exec(stores->sessions[0], script, &error), error);
    mem_free(script);
    assert_string_equal(schema_digest(stores), before);
    assert_ok(add(stores, "science", &error), error);
    assert_string_equal(schema_digest(stores), by_script);
}

static void refuse_script(struct test_stores *stores, enum grove_subject_script which,
                          const char *words)
{
    struct grove_error error = {0};
    char *script;
    const char *before = schema_digest(stores);
    assert_ok(subject_script(which, "science", &script, &error), error);
    // As psql does it that was not told to stop: statement by statement, whatever fails.
    bool told = false;
    struct text rest = text_of(script), line;
    struct strbuf statement;
    strbuf_init(&statement, PHASE_SQL_MAX);
    while (text_split(&rest, '\n', &line)) {
        strbuf_add_text(&statement, line);
        strbuf_add_char(&statement, '\n');
        bool body = strstr(statement.data, "$$") && !strstr(statement.data, "$$;");
        if (line.length == 0 || line.data[line.length - 1] != ';' || body)
            continue;
        if (pg_exec(stores->sessions[0], statement.data, &error) != GROVE_OK)
            told |= strstr(error.message, words) != NULL;
        strbuf_clear(&statement);
    }
    strbuf_release(&statement);
    mem_free(script);
    assert_true(told);
    assert_string_equal(schema_digest(stores), before);
    assert_null(broken_rule(stores));
}

// What they say of the CHECK would take another subject's contents away from it.
static void scripts_for_another_database_are_refused(struct test_stores *stores)
{
    struct grove_error error;
    refuse_script(stores, GROVE_SUBJECT_ROLLBACK, "there is no subject");
    assert_ok(add(stores, "history", &error), error);
    assert_ok(add(stores, "science", &error), error);
    refuse_script(stores, GROVE_SUBJECT_ROLLBACK, "there are other subjects");
    assert_ok(take(stores, "science", false, &error), error);
    char *script;
    assert_ok(subject_script(GROVE_SUBJECT_MIGRATION, "science", &script, &error), error);
    assert_int_not_equal(pg_exec(stores->sessions[0], script, &error), GROVE_OK);
    assert_non_null(strstr(error.message, "there are other subjects"));
    mem_free(script);
    pg_rollback(stores->sessions[0]);
    assert_null(broken_rule(stores));
    assert_ok(take(stores, "science", false, &error), error); // its table
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(an_addition_is_as_the_template),
        STORES_TEST(the_specified_are_valid),
        STORES_TEST(a_table_belongs_to_the_owner_of_contents),
        STORES_TEST(missing_rights_are_told),
        STORES_TEST(differences_are_named),
        STORES_TEST(an_altered_table_is_found),
        STORES_TEST(the_check_of_a_dump_is_known),
        STORES_TEST(a_removal_leaves_nothing),
        STORES_TEST(a_rename_touches_no_content),
        STORES_TEST(bad_input_changes_nothing),
        STORES_TEST(the_longest_name_is_one),
        STORES_TEST(the_specified_stay),
        STORES_TEST(a_role_without_rights_is_told),
        STORES_TEST(the_table_of_another_role_is_told),
        STORES_TEST(a_stranger_s_table_is_never_dropped),
        STORES_TEST(what_depends_on_its_table_keeps_a_subject),
        STORES_TEST(attached_tables_follow_a_rename),
        STORES_TEST(an_addition_that_ends_anywhere_is_finished_or_taken_back),
        STORES_TEST(a_removal_that_ends_anywhere_is_finished_or_taken_back),
        STORES_TEST(a_removal_without_leave_to_empty_is_taken_back),
        STORES_TEST(the_unfinished_change_of_another_is_told),
        STORES_TEST(a_next_check_that_changes_nothing_goes),
        STORES_TEST(a_dry_run_shows_what_is_done),
        STORES_TEST(the_scripts_do_what_the_command_does),
        STORES_TEST(scripts_for_another_database_are_refused),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
