// SPDX-License-Identifier: Apache-2.0
// Changes of subjects that meet others: who holds what they lock, who reads and writes meanwhile,
// and another change.
#include "changing.h"

#include "../../support/thread.h"

#include "base/clock.h"
#include "catalog/assets.h"
#include "subject/name.h"
#include "subject/phase.h"

enum { TIMEOUT_MS = 20000 }; // of those that are to be done: a test that fails ends, too

struct changing {
    struct test_stores *stores;
    const char *name;
    struct test_gate *waiting; // passed once it waits; may be NULL
    bool impatient;            // it is cancelled once it waits
    atomic_bool cancelled;
    struct subject_report report;
    enum grove_code code;
    struct grove_error error;
    atomic_uint waits;
    char what[64], holder[512];
};

static void on_wait(void *state, const struct grove_subject_wait *wait)
{
    struct changing *changing = state;
    if (atomic_fetch_add(&changing->waits, 1) > 0)
        return;
    atomic_store(&changing->cancelled, changing->impatient);
    snprintf(changing->what, sizeof changing->what, "%s", wait->what);
    snprintf(changing->holder, sizeof changing->holder, "%s", wait->holder);
    if (changing->waiting)
        gate_pass(changing->waiting);
}

static void add_one(void *state)
{
    struct changing *changing = state;
    struct grove_subject_request request = {
        .name = changing->name, .on_wait = on_wait, .state = changing};
    struct call call;
    call_init(&call);
    call.patient = true;
    call_within(&call, TIMEOUT_MS);
    call_obey(&call, &changing->cancelled);
    changing->code =
        subject_add(&changing->stores->store, &call, &request, &changing->report, &changing->error);
}

// A reader's open transaction, for as long as it likes. Others read and write on meanwhile.
static void a_change_waits_for_a_long_transaction(struct test_stores *stores)
{
    struct grove_error error = {0};
    struct pg_conn *reader = test_session(stores), *other = test_session(stores);
    struct changing changing = {
        .stores = stores, .name = "science", .waiting = test_gate_new(stores)};
    test_session_sql(reader, "SET application_name = 'the reader'; BEGIN;"
                             "SELECT count(*) FROM content_metadata");
    struct test_thread *thread = test_thread_start(stores, add_one, &changing);
    gate_await(changing.waiting);
    gate_open(changing.waiting);
    // Ten times while it tries again and again: none waits for what it waits for.
    for (int i = 0; i < 10; i++) {
        assert_ok(pg_exec(other, "SET lock_timeout = '1s'; SELECT count(*) FROM content_metadata",
                          &error),
                  error);
        assert_ok(write_content(stores, "subject1_hierarchy", &error), error);
    }
    test_session_sql(reader, "COMMIT");
    test_thread_join(thread);
    assert_ok(changing.code, changing.error);
    assert_true(atomic_load(&changing.waits) > 0 && changing.report.report.seconds_waited > 0);
    assert_string_equal(changing.what, "a lock on tables");
    assert_non_null(strstr(changing.holder, "the reader"));
    assert_non_null(strstr(changing.holder, "idle in transaction"));
    assert_null(broken_rule(stores));
}

// The session's lock goes with its connection, which the server ends a moment after we did.
static void await_no_lock(struct test_stores *stores)
{
    int64_t began_us = clock_monotonic_us();
    while (test_sql_int(stores, "SELECT pg_try_advisory_lock(" PHASE_LOCK_KEY ")::int") == 0) {
        assert_true(clock_monotonic_us() - began_us < 10000000);
        clock_sleep_ms(2);
    }
    test_sql(stores, "SELECT pg_advisory_unlock_all()");
}

static void a_change_that_waits_can_be_ended(struct test_stores *stores)
{
    struct grove_error error;
    struct pg_conn *reader = test_session(stores);
    struct changing changing = {.stores = stores, .name = "science", .impatient = true};
    test_session_sql(reader, "-- a remark\nSET application_name = 'the reader';\n"
                             "  -- and -- another\nBEGIN; SELECT 1 - -1 FROM content_metadata");
    add_one(&changing);
    assert_int_equal(changing.code, GROVE_CANCELLED);
    assert_non_null(strstr(changing.error.context, "the reader"));
    // What it does, and not what it remarks.
    assert_non_null(strstr(changing.error.context, ": SET application_name = 'the reader'; BEGIN; "
                                                   "SELECT 1 - -1 FROM content_metadata"));
    assert_null(broken_rule(stores));
    await_no_lock(stores);
    test_session_sql(reader, "COMMIT");
    assert_ok(add(stores, "science", &error), error);
    assert_null(broken_rule(stores));
}

// Whoever may not see what others do is not told that it is "<insufficient privilege>".
static void a_holder_of_another_role_is_a_process(struct test_stores *stores)
{
    struct grove_error error;
    struct pg_rows rows;
    struct pg_params params = {0};
    struct pg_conn *reader = test_session(stores), *visitor = test_session(stores);
    const struct pg_statement statement = {"", query_sql("subject_holders.sql")};
    test_session_sql(reader, "SET application_name = 'the reader'; BEGIN;"
                             "SELECT count(*) FROM content_metadata");
    test_session_sql(visitor,
                     "BEGIN; CREATE ROLE u_change_visitor; SET LOCAL ROLE u_change_visitor");
    pg_add_text(&params, text_of("science_hierarchy"));
    pg_add_bool(&params, false);
    assert_ok(pg_query(visitor, &stores->arena, &statement, &params, &rows, &error), error);
    assert_int_equal(rows.count, 1);
    const char *holder = arena_copy(&stores->arena, pg_text(&rows, 0, 0));
    assert_non_null(strstr(holder, "(the reader), what it does this role may not see"));
    pg_rollback(visitor);
    test_session_sql(reader, "COMMIT");
}

// What is asked for briefly is never asked for longer: this is what others wait at most.
static void a_brief_lock_is_given_up_soon(struct test_stores *stores)
{
    static const enum phase phases[] = {PHASE_EXTEND, PHASE_ENTER, PHASE_FORBID,
                                        PHASE_LEAVE,  PHASE_UNDO,  PHASE_KEEP};
    const struct phase_names names = {.stem = text_of("science"),
                                      .table = text_of("science_hierarchy"),
                                      .tables =
                                          text_of(NAME_SPECIFIED_TABLES ", 'science_hierarchy'"),
                                      .new_name = text_of("y")};
    // Of what is removed the CHECK has nothing.
    const struct phase_names removed = {.stem = text_of("subject8"),
                                        .table = text_of("subject8_hierarchy"),
                                        .tables = text_of(NAME_SPECIFIED_TABLES)};
    struct pg_conn *reader = test_session(stores), *changer = test_session(stores);
    test_session_sql(reader, "BEGIN; SELECT count(*) FROM content_metadata, grove.leaf");
    for (size_t i = 0; i < ARRAY_COUNT(phases); i++) {
        struct grove_error error = {0};
        struct strbuf sql;
        strbuf_init(&sql, PHASE_SQL_MAX);
        strbuf_add(&sql, "BEGIN; CREATE TABLE IF NOT EXISTS science_hierarchy"
                         " (LIKE religion_hierarchy);"
                         "SET LOCAL search_path = public;");
        phase_add_sql(&sql, phases[i], phases[i] == PHASE_FORBID ? &removed : &names);
        assert_false(sql.failed);
        (void)!pg_exec(changer, sql.data, &error);
        if (strcmp(error.sqlstate, "55P03") != 0)
            fail_msg("%s: %s", phase_name(phases[i]), error.message);
        pg_rollback(changer);
        strbuf_release(&sql);
    }
    assert_true(PHASE_BRIEF_MS <= 15);
    test_session_sql(reader, "COMMIT");
}

// VALIDATE reads for as long as it takes: nobody waits for it.
static void readers_and_writers_go_on_beside_validation(struct test_stores *stores)
{
    struct grove_error error = {0};
    struct pg_conn *changer = test_session(stores), *other = test_session(stores);
    test_session_sql(changer,
                     "BEGIN; ALTER TABLE content_metadata ADD CONSTRAINT"
                     " valid_hierarchy_table_next CHECK (hierarchy_table <> 'x') NOT VALID; COMMIT;"
                     "BEGIN; ALTER TABLE content_metadata VALIDATE CONSTRAINT"
                     " valid_hierarchy_table_next");
    assert_ok(
        pg_exec(other, "SET lock_timeout = '10ms'; SELECT count(*) FROM content_metadata", &error),
        error);
    test_sql(stores, "SET lock_timeout = '10ms'");
    assert_ok(write_content(stores, "subject1_hierarchy", &error), error);
    test_session_sql(changer, "ROLLBACK");
}

static void two_changes_are_made_one_after_the_other(struct test_stores *stores)
{
    struct pg_conn *other = test_session(stores);
    struct changing first = {.stores = stores, .name = "science", .waiting = test_gate_new(stores)};
    struct changing second = {
        .stores = stores, .name = "history", .waiting = test_gate_new(stores)};
    test_session_sql(other, "BEGIN; SELECT count(*) FROM content_metadata");
    struct test_thread *one = test_thread_start(stores, add_one, &first);
    gate_await(first.waiting); // it has the lock of changes
    struct test_thread *two = test_thread_start(stores, add_one, &second);
    gate_await(second.waiting);
    assert_string_equal(second.what, "the lock of changes of subjects");
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM pg_class"
                                          " WHERE relname = 'history_hierarchy'"),
                     0);
    // Whoever does not want to wait for the first is told for what he did.
    struct changing third = {.stores = stores, .name = "law", .impatient = true};
    add_one(&third);
    assert_int_equal(third.code, GROVE_CANCELLED);
    assert_non_null(strstr(third.error.context, "the lock of changes of subjects"));
    gate_open(first.waiting);
    gate_open(second.waiting);
    test_session_sql(other, "COMMIT");
    test_thread_join(one);
    test_thread_join(two);
    assert_ok(first.code, first.error);
    assert_ok(second.code, second.error);
    assert_null(broken_rule(stores));
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.subject"), 11);
}

static void two_additions_of_one_subject_make_one(struct test_stores *stores)
{
    struct changing both[2] = {{.stores = stores, .name = "science"},
                               {.stores = stores, .name = "science"}};
    struct test_thread *threads[2];
    for (size_t i = 0; i < 2; i++)
        threads[i] = test_thread_start(stores, add_one, &both[i]);
    for (size_t i = 0; i < 2; i++)
        test_thread_join(threads[i]);
    // Whoever looked when it was there already is told so.
    assert_true(both[0].code == GROVE_OK || both[1].code == GROVE_OK);
    for (size_t i = 0; i < 2; i++)
        assert_true(both[i].code == GROVE_OK || both[i].code == GROVE_CONFLICT);
    assert_null(broken_rule(stores));
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.subject"), 10);
}

// Rows of attached tables that are being taken in go where the subject's name leads.
static void a_rename_waits_for_whoever_takes_rows_in(struct test_stores *stores)
{
    struct grove_error error;
    struct call call;
    struct subject_report report;
    struct pg_conn *taker = test_session(stores);
    struct changing changing = {.stores = stores, .impatient = true};
    const struct grove_subject_request request = {
        .name = "science", .new_name = "nature", .on_wait = on_wait, .state = &changing};
    assert_ok(add(stores, "science", &error), error);
    test_session_sql(taker, "SET application_name = 'the taker'; BEGIN;"
                            "SELECT pg_advisory_xact_lock(hashtextextended('grove attached', 22))");
    call_init(&call);
    call_obey(&call, &changing.cancelled);
    assert_int_equal(subject_rename(&stores->store, &call, &request, &report, &error),
                     GROVE_CANCELLED);
    assert_non_null(strstr(changing.holder, "the taker"));
    test_session_sql(taker, "COMMIT");
    call_init(&call);
    assert_ok(subject_rename(&stores->store, &call, &request, &report, &error), error);
}

// The session's lock goes with the connection, however the change ended.
static void no_lock_is_left_behind(struct test_stores *stores)
{
    struct grove_error error;
    assert_ok(add(stores, "science", &error), error);
    assert_int_equal(add(stores, "science", &error), GROVE_CONFLICT);
    await_no_lock(stores);
}

// A content that comes while its subject goes is refused, or keeps it.
static void a_content_that_comes_meanwhile_is_not_lost(struct test_stores *stores)
{
    struct grove_error error;
    struct pg_conn *writer = test_session(stores);
    assert_ok(add(stores, "science", &error), error);
    test_sql(stores, "INSERT INTO science_hierarchy (branch, limb, leaf) VALUES ('b', 'l', 'f')");
    test_at(stores, &(struct test_step){INJECT_SUBJECT_COMMITTED, 1, NULL, GROVE_UNAVAILABLE});
    assert_int_equal(take(stores, "science", false, &error), GROVE_UNAVAILABLE); // after "forbid"
    test_at_forget(stores);
    error = (struct grove_error){0};
    assert_int_not_equal(pg_exec(writer,
                                 "INSERT INTO content_metadata (hierarchy_table, leaf_id,"
                                 " content_type, title, content_summary)"
                                 " SELECT 'science_hierarchy', id, 't', 't', 's'"
                                 " FROM science_hierarchy",
                                 &error),
                         GROVE_OK);
    assert_string_equal(error.sqlstate, "23514");
    assert_ok(add(stores, "science", &error), error);
    assert_ok(write_content(stores, "science_hierarchy", &error), error);
    assert_int_equal(take(stores, "science", false, &error), GROVE_CONFLICT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_change_waits_for_a_long_transaction),
        STORES_TEST(a_change_that_waits_can_be_ended),
        STORES_TEST(a_holder_of_another_role_is_a_process),
        STORES_TEST(a_brief_lock_is_given_up_soon),
        STORES_TEST(readers_and_writers_go_on_beside_validation),
        STORES_TEST(two_changes_are_made_one_after_the_other),
        STORES_TEST(two_additions_of_one_subject_make_one),
        STORES_TEST(a_rename_waits_for_whoever_takes_rows_in),
        STORES_TEST(no_lock_is_left_behind),
        STORES_TEST(a_content_that_comes_meanwhile_is_not_lost),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
