// SPDX-License-Identifier: Apache-2.0
// What projectors did is noted for status, rarely, and in nobody's way: no step waits for a note or
// fails of one.
#include "projecting.h"

#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "pg/pg.h"
#include "sync/notes.h"

enum { RARELY_MS = 60000 };

static void assert_near(double value, double wanted, double by)
{
    assert_true(fabs(value - wanted) <= by);
}

static int64_t noted(struct test_stores *stores, const char *column)
{
    return test_sql_int(stores, "SELECT sum(%s) FROM grove.projector", column);
}

static void project_row(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    assert_int_equal(step(stores).upserted, 1);
}

// --- what is noted -------------------------------------------------------------------------------

static void what_was_done_is_noted(struct test_stores *stores)
{
    char host[256];
    make_row(stores, 0.5F);
    stores->id = make_row(stores, 0.25F);
    assert_int_equal(step(stores).upserted, 2);
    delete_content(stores);
    inject_set_knob(INJECT_KNOB_NOTES_MS, RARELY_MS);
    step(stores);
    notes_save(&stores->store);
    assert_int_equal(noted(stores, "1"), 1);
    assert_int_equal(noted(stores, "written"), 2);
    assert_int_equal(noted(stores, "removed"), 1);
    assert_int_equal(noted(stores, "process"), getpid());
    assert_int_equal(gethostname(host, sizeof host), 0);
    assert_string_equal(test_sql_text(stores, "SELECT host FROM grove.projector"), host);
    assert_string_equal(test_sql_text(stores, "SELECT kind FROM grove.projector"), "call");
    assert_string_equal(test_sql_text(stores, "SELECT version FROM grove.projector"),
                        GROVE_VERSION);
    assert_int_equal(test_sql_int(stores,
                                  "SELECT count(*) FROM grove.projector AS p JOIN pg_stat_activity"
                                  " AS a ON a.pid = p.session_pid"
                                  " AND a.backend_start = p.session_since"
                                  " WHERE p.name LIKE p.host || '/' || p.process || '/%%'"
                                  " AND p.began_at < p.worked_at AND p.rate > 0"
                                  " AND p.seconds_database > 0 AND p.seconds_vectors >= 0"
                                  " AND p.failure IS NULL AND p.ended_at IS NULL"
                                  " AND p.worked_at > clock_timestamp() - interval '1 min'"),
                     1);
}

static void each_kind_has_a_row(struct test_stores *stores)
{
    struct projector_report report = {.kind = PROJECTOR_LOAD};
    struct grove_error error;
    project_row(stores);
    int32_t id = make_row(stores, 0.25F);
    assert_ok(projector_apply(&stores->store, NULL, &id, 1, &report, &error), error);
    notes_save(&stores->store);
    assert_int_equal(noted(stores, "1"), 2);
    assert_int_equal(test_sql_int(stores, "SELECT written FROM grove.projector"
                                          " WHERE kind = 'load'"),
                     1);
    assert_int_equal(test_sql_int(stores, "SELECT count(DISTINCT name) FROM grove.projector"), 1);
}

static void a_failure_is_noted(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    fake_engine_fault(stores->fake, &(struct fake_fault){.call = ENGINE_UPSERT,
                                                         .kind = FAKE_REFUSE,
                                                         FAKE_UNREACHABLE,
                                                         .message = "nobody is there"});
    step_fails(stores, GROVE_UNAVAILABLE);
    assert_int_equal(noted(stores, "failures"), 1);
    assert_int_equal(noted(stores, "written"), 0);
    assert_non_null(
        strstr(test_sql_text(stores, "SELECT failure FROM grove.projector"), "nobody is there"));
    // What goes well later takes nothing of it away.
    fake_engine_clear_faults(stores->fake);
    drain(stores);
    notes_save(&stores->store);
    assert_int_equal(noted(stores, "failures"), 1);
    assert_int_equal(noted(stores, "written"), 1);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.projector WHERE"
                                          " failed_at < worked_at AND failure IS NOT NULL"),
                     1);
}

static void rows_that_are_refused_are_noted(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    make_row(stores, 0.25F);
    fake_engine_fault(stores->fake, &(struct fake_fault){.call = ENGINE_UPSERT,
                                                         .kind = FAKE_REFUSE,
                                                         FAKE_STRICT_MODE,
                                                         .content_id = stores->id,
                                                         .message = "too strange"});
    assert_int_equal(step(stores).failed, 1);
    notes_save(&stores->store);
    assert_int_equal(noted(stores, "refused"), 1);
    assert_int_equal(noted(stores, "failures"), 0);
    assert_int_equal(noted(stores, "written"), 1);
    assert_non_null(
        strstr(test_sql_text(stores, "SELECT failure FROM grove.projector"), "too strange"));
}

static void who_is_cancelled_has_not_failed(struct test_stores *stores)
{
    struct projector_report report = {0};
    struct grove_error error;
    atomic_bool stop = true;
    struct call call;
    bool idle;
    call_init(&call);
    call_obey(&call, &stop);
    make_row(stores, 0.5F);
    step(stores);
    assert_int_equal(projector_step(&stores->store, &call, &report, &idle, &error),
                     GROVE_CANCELLED);
    notes_save(&stores->store);
    assert_int_equal(noted(stores, "failures"), 0);
}

// It is cut where a character ends: PostgreSQL takes no half of one. The second time all characters
// stand a byte further on.
static void a_long_failure_is_cut(struct test_stores *stores)
{
    inject_set_knob(INJECT_KNOB_NOTES_MS, 1);
    for (int time = 1; time <= 2; time++) {
        char message[512] = "a";
        for (size_t i = (size_t)time - 1; i + 3 < sizeof message; i += 2)
            memcpy(message + i, "\xc3\xa4", 3);
        stores->id = make_row(stores, 0.5F);
        make_row(stores, 0.25F);
        fake_engine_fault(stores->fake, &(struct fake_fault){.call = ENGINE_UPSERT,
                                                             .kind = FAKE_REFUSE,
                                                             FAKE_STRICT_MODE,
                                                             .content_id = stores->id,
                                                             .message = message});
        clock_sleep_ms(5);
        assert_int_equal(step(stores).failed, 1);
        notes_save(&stores->store);
        assert_int_equal(noted(stores, "refused"), time);
        assert_in_range(noted(stores, "octet_length(failure)"), 505, 511);
    }
}

// --- how often -----------------------------------------------------------------------------------

static void notes_are_rare(struct test_stores *stores)
{
    inject_set_knob(INJECT_KNOB_NOTES_MS, RARELY_MS);
    project_row(stores);
    assert_int_equal(noted(stores, "written"), 1);
    project_row(stores);
    assert_true(is_idle(stores));
    assert_int_equal(noted(stores, "written"), 1);
    // Who knows that nothing follows soon has it written all the same.
    notes_save(&stores->store);
    assert_int_equal(noted(stores, "written"), 2);
}

static void what_is_left_is_noted_when_idle(struct test_stores *stores)
{
    inject_set_knob(INJECT_KNOB_NOTES_MS, 20);
    project_row(stores);
    inject_set_knob(INJECT_KNOB_NOTES_MS, RARELY_MS);
    project_row(stores);
    clock_sleep_ms(30);
    assert_true(is_idle(stores));
    assert_int_equal(noted(stores, "written"), 2);
}

static const char *version_of_row(struct test_stores *stores)
{
    return test_sql_text(stores, "SELECT xmin::text || ctid::text FROM grove.projector");
}

static void who_is_idle_writes_nothing(struct test_stores *stores)
{
    inject_set_knob(INJECT_KNOB_NOTES_MS, 1);
    assert_true(is_idle(stores));
    notes_end(&stores->store);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.projector"), 0);
    project_row(stores);
    const char *version = version_of_row(stores);
    clock_sleep_ms(5);
    assert_true(is_idle(stores));
    notes_save(&stores->store);
    assert_string_equal(version_of_row(stores), version);
}

// --- in nobody's way -----------------------------------------------------------------------------

// A note that was refused is as good as none, and comes with the next.
static void a_note_waits_for_no_lock(struct test_stores *stores)
{
    static const char *const locks[] = {"LOCK TABLE grove.projector",
                                        "SELECT FROM grove.projector FOR UPDATE"};
    inject_set_knob(INJECT_KNOB_NOTES_MS, 1);
    project_row(stores);
    for (size_t i = 0; i < ARRAY_COUNT(locks); i++) {
        struct pg_conn *holder = test_session(stores);
        test_session_sql(holder, "BEGIN; %s", locks[i]);
        clock_sleep_ms(5);
        int64_t began_us = clock_monotonic_us();
        project_row(stores);
        assert_true(clock_monotonic_us() - began_us < 200000); // the end of a note's time
        test_session_sql(holder, "ROLLBACK");
        notes_end(&stores->store);
        assert_int_equal(noted(stores, "written"), 2 + (int64_t)i);
    }
    assert_agreed(stores);
}

static void a_note_that_failed_comes_with_the_next(struct test_stores *stores)
{
    inject_set_knob(INJECT_KNOB_NOTES_MS, 1);
    project_row(stores);
    struct pg_conn *holder = test_session(stores);
    test_session_sql(holder, "BEGIN; LOCK TABLE grove.projector");
    clock_sleep_ms(5);
    project_row(stores);
    test_session_sql(holder, "ROLLBACK");
    clock_sleep_ms(20);
    assert_true(is_idle(stores));
    assert_int_equal(noted(stores, "written"), 2);
}

static void a_note_waits_for_no_connection(struct test_stores *stores)
{
    struct pg_conn *conns[16] = {NULL};
    struct grove_error error;
    inject_set_knob(INJECT_KNOB_NOTES_MS, RARELY_MS);
    project_row(stores);
    project_row(stores);
    for (size_t i = 0; i < ARRAY_COUNT(conns); i++)
        assert_ok(pg_take(stores->store.pool, NULL, &conns[i], &error), error);
    int64_t began_us = clock_monotonic_us();
    notes_save(&stores->store);
    assert_true(clock_monotonic_us() - began_us < 200000);
    for (size_t i = 0; i < ARRAY_COUNT(conns); i++)
        pg_give(&conns[i]);
    assert_int_equal(noted(stores, "written"), 1);
    notes_end(&stores->store);
    assert_int_equal(noted(stores, "written"), 2);
}

// Whoever leaves in peace brings no server up: the starter would be asked.
static void a_note_connects_to_nothing(struct test_stores *stores)
{
    inject_set_knob(INJECT_KNOB_NOTES_MS, RARELY_MS);
    project_row(stores);
    project_row(stores);
    test_sql(stores, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                     " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    notes_save(&stores->store);
    assert_int_equal(noted(stores, "written"), 1);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM pg_stat_activity WHERE datname ="
                                          " current_database() AND pid <> pg_backend_pid()"
                                          " AND backend_type = 'client backend'"),
                     0);
    project_row(stores); // connects anew
    notes_end(&stores->store);
    assert_int_equal(noted(stores, "written"), 3);
}

// Each attempt leaves a line in the server's log.
static void who_may_not_note_tries_seldom(struct test_stores *stores)
{
    inject_set_knob(INJECT_KNOB_NOTES_MS, 100);
    test_sql(stores, "CREATE SEQUENCE public.tries;"
                     "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
                     " BEGIN PERFORM nextval('public.tries');"
                     " RAISE insufficient_privilege; END $$;"
                     "CREATE TRIGGER refuse BEFORE INSERT ON grove.projector"
                     " FOR EACH ROW EXECUTE FUNCTION public.refuse()");
    project_row(stores);
    for (int i = 0; i < 3; i++) {
        clock_sleep_ms(300); // longer than after other failures, all in all
        project_row(stores);
        notes_save(&stores->store);
    }
    assert_int_equal(test_sql_int(stores, "SELECT last_value FROM public.tries"), 1);
    assert_agreed(stores);
}

static void a_schema_of_before_is_left_alone(struct test_stores *stores)
{
    test_sql(stores, "DELETE FROM grove.ledger WHERE version >= %d", NOTES_FIRST_SCHEMA);
    stores->store.model_read_at_us = 0; // it is read again
    project_row(stores);
    notes_end(&stores->store);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.projector"), 0);
}

// --- who is forgotten ----------------------------------------------------------------------------

// Another's row, as it would have written it.
static void note_another(struct test_stores *stores, const char *name, const char *session,
                         const char *since, const char *worked_ago, const char *ended_ago)
{
    test_sql(stores,
             "INSERT INTO grove.projector (name, kind, host, process, application, version,"
             " session_pid, session_since, began_at, worked_at, ended_at, written, removed,"
             " embedded, refused, failures, seconds_database, seconds_embedding, seconds_vectors,"
             " rate, noted_by, database)"
             " SELECT '%s', 'sync', 'far', 7, 'grove', '0', %s, %s, now() - interval '9 days',"
             " now() - interval '%s', now() - %s::interval, 10, 0, 0, 0, 0, 0, 0, 0, 5,"
             " pg_current_xact_id()::xid, d.oid FROM pg_database AS d"
             " WHERE d.datname = current_database()",
             name, session, since, worked_ago, ended_ago);
}

#define OUR_SESSION                                                                                \
    "pg_backend_pid()", "(SELECT backend_start FROM pg_stat_activity WHERE pid = "                 \
                        "pg_backend_pid())"
#define NO_SESSION "pg_backend_pid()", "now() - interval '20 days'" // the number is another's now

static void those_that_are_gone_are_forgotten(struct test_stores *stores)
{
    note_another(stores, "ended long ago", OUR_SESSION, "2 days", "'2 days'");
    note_another(stores, "ended just now", OUR_SESSION, "1 hour", "'1 hour'");
    note_another(stores, "lost long ago", NO_SESSION, "2 days", "NULL");
    note_another(stores, "lost just now", NO_SESSION, "1 hour", "NULL");
    note_another(stores, "unknown long ago", "NULL", "NULL", "2 days", "NULL");
    note_another(stores, "idle for long", OUR_SESSION, "2 days", "NULL");
    note_another(stores, "of a dump", OUR_SESSION, "1 hour", "NULL");
    note_another(stores, "of a template", OUR_SESSION, "1 hour", "NULL");
    test_sql(stores, "UPDATE grove.projector SET noted_by = '3' WHERE name = 'of a dump';"
                     "UPDATE grove.projector SET noted_by = pg_current_xact_id()::xid, database = 1"
                     " WHERE name = 'of a template'");
    project_row(stores);
    assert_string_equal(test_sql_text(stores, "SELECT string_agg(name, ', ' ORDER BY name)"
                                              " FROM grove.projector WHERE kind = 'sync'"),
                        "ended just now, idle for long, lost just now");
    assert_int_equal(noted(stores, "1"), 4);
}

static void there_are_at_most_a_hundred(struct test_stores *stores)
{
    char name[16];
    for (int i = 0; i < 120; i++) {
        snprintf(name, sizeof name, "%03d", i);
        note_another(stores, name, OUR_SESSION, i < 60 ? "2 min" : "1 min", "'1 min'");
    }
    project_row(stores);
    assert_int_equal(noted(stores, "1"), 100);
    // Those that worked last stay.
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.projector"
                                          " WHERE name BETWEEN '060' AND '119'"),
                     60);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.projector"
                                          " WHERE kind = 'call'"),
                     1);
}

static void those_that_live_are_not_forgotten_for_others(struct test_stores *stores)
{
    char name[16];
    inject_set_knob(INJECT_KNOB_NOTES_MS, 1);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "%03d", i);
        note_another(stores, name, OUR_SESSION, "1 min", "NULL");
    }
    project_row(stores);
    assert_int_equal(noted(stores, "1"), 100);
    assert_int_equal(noted(stores, "written"), 1000);
    // One has gone: there is room, and all that was done is told.
    test_sql(stores, "UPDATE grove.projector SET ended_at = now(), noted_by ="
                     " pg_current_xact_id()::xid WHERE name = '007'");
    clock_sleep_ms(5);
    project_row(stores);
    assert_int_equal(noted(stores, "1"), 100);
    assert_int_equal(noted(stores, "written"), 992);
}

// --- what status is told -------------------------------------------------------------------------

static int64_t ask(struct test_stores *stores, struct pg_rows *ret)
{
    struct pg_params params = {0};
    struct grove_error error;
    pg_add_float8(&params, NOTES_RATE_SECONDS);
    assert_ok(
        store_query(&stores->store, NULL, &stores->arena, "projectors.sql", &params, ret, &error),
        error);
    return ret->count;
}

enum { UNKNOWN, ALIVE, ENDED, LOST }; // as projectors.sql has them

static int told_state(struct test_stores *stores)
{
    struct pg_rows rows;
    assert_int_equal(ask(stores, &rows), 1);
    return pg_int4(&rows, 0, 6);
}

static void whether_it_lives_is_told(struct test_stores *stores)
{
    project_row(stores);
    assert_int_equal(told_state(stores), ALIVE);
    test_sql(stores, "SELECT pg_terminate_backend(session_pid, 5000) FROM grove.projector");
    assert_int_equal(told_state(stores), LOST);
    project_row(stores);
    notes_save(&stores->store);
    assert_int_equal(told_state(stores), ALIVE);
    notes_end(&stores->store);
    assert_int_equal(told_state(stores), ENDED);
    test_sql(stores, "UPDATE grove.projector SET session_pid = NULL, ended_at = NULL, noted_by ="
                     " pg_current_xact_id()::xid");
    assert_int_equal(told_state(stores), UNKNOWN);
}

static void what_came_out_of_a_dump_is_not_told(struct test_stores *stores)
{
    struct pg_rows rows;
    project_row(stores);
    assert_int_equal(ask(stores, &rows), 1);
    test_sql(stores, "UPDATE grove.projector SET noted_by = '3'");
    assert_int_equal(ask(stores, &rows), 0);
    test_sql(stores, "UPDATE grove.projector SET noted_by = pg_current_xact_id()::xid,"
                     " database = 1");
    assert_int_equal(ask(stores, &rows), 0);
}

static void a_rate_fades(struct test_stores *stores)
{
    struct pg_rows rows;
    note_another(stores, "at work", OUR_SESSION, "60 s", "NULL");
    note_another(stores, "idle for long", OUR_SESSION, "3 days", "NULL");
    note_another(stores, "ended", OUR_SESSION, "0 s", "'0 s'");
    assert_int_equal(ask(stores, &rows), 3);
    // Those that live first.
    assert_near(pg_float8(&rows, 0, 19), 5, 1e-9);
    assert_near(pg_float8(&rows, 0, 20), 5 * exp(-1), 0.2);
    assert_near(pg_float8(&rows, 1, 20), 0, 1e-9);
    assert_near(pg_float8(&rows, 2, 19), 5, 1e-9);
    assert_near(pg_float8(&rows, 2, 20), 0, 0);
}

// --- the rate ------------------------------------------------------------------------------------

// So many points each tenth of a second, for so long, as add_points adds them.
static double rate_after(int seconds, double idle_seconds, double last)
{
    struct store_note note = {.worked = true, .began_us = 1, .worked_us = 1};
    for (int i = 0; i < seconds * 10; i++)
        note.recent = note.recent * exp(-0.1 / NOTES_RATE_SECONDS) + 10;
    note.recent = note.recent * exp(-idle_seconds / NOTES_RATE_SECONDS) + last;
    note.worked_us += (int64_t)((seconds + idle_seconds) * 1e6);
    return notes_rate(&note);
}

static void a_rate_is_an_average_over_about_a_minute(void **state)
{
    (void)state;
    // It is right from the beginning on, and stays so.
    assert_near(rate_after(1, 0, 0), 100, 5);
    assert_near(rate_after(10, 0, 0), 100, 1);
    assert_near(rate_after(3600, 0, 0), 100, 1);
    // A batch after an hour without is not at the speed of the batch.
    assert_near(rate_after(10, 3600, 120), 2, 0.01);
    assert_near(rate_after(0, 0, 0), 0, 0);
}

// As if it had begun and worked an hour ago.
static void a_batch_after_a_pause_has_no_speed_of_its_own(struct test_stores *stores)
{
    static const int64_t hour_us = 3600000000;
    struct store_note *note = &stores->store.notes.of[PROJECTOR_CALL];
    project_row(stores);
    note->began_us -= hour_us;
    note->worked_us -= hour_us;
    project_row(stores);
    assert_near(notes_rate(note), 1 / NOTES_RATE_SECONDS, 1e-6);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(what_was_done_is_noted),
        STORES_TEST(each_kind_has_a_row),
        STORES_TEST(a_failure_is_noted),
        STORES_TEST(rows_that_are_refused_are_noted),
        STORES_TEST(who_is_cancelled_has_not_failed),
        STORES_TEST(a_long_failure_is_cut),
        STORES_TEST(notes_are_rare),
        STORES_TEST(what_is_left_is_noted_when_idle),
        STORES_TEST(who_is_idle_writes_nothing),
        STORES_TEST(a_note_waits_for_no_lock),
        STORES_TEST(a_note_that_failed_comes_with_the_next),
        STORES_TEST(a_note_waits_for_no_connection),
        STORES_TEST(a_note_connects_to_nothing),
        STORES_TEST(who_may_not_note_tries_seldom),
        STORES_TEST(a_schema_of_before_is_left_alone),
        STORES_TEST(those_that_are_gone_are_forgotten),
        STORES_TEST(there_are_at_most_a_hundred),
        STORES_TEST(those_that_live_are_not_forgotten_for_others),
        STORES_TEST(whether_it_lives_is_told),
        STORES_TEST(what_came_out_of_a_dump_is_not_told),
        STORES_TEST(a_rate_fades),
        STORES_TEST(a_batch_after_a_pause_has_no_speed_of_its_own),
        cmocka_unit_test(a_rate_is_an_average_over_about_a_minute),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
