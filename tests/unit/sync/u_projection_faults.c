// SPDX-License-Identifier: Apache-2.0
// What becomes of rows when something fails: the row itself, the engine, its collection, or the
// projector at any of its points.
#include "projecting.h"

#include "catalog/assets.h"

enum { ATTEMPTS_MAX = 8 };

// --- a row that fails ---------------------------------------------------------------------------

// A content_id of 0: every request.
static void refuse(struct test_stores *stores, int32_t id, int http_status)
{
    fake_engine_fault(stores->fake, &(struct fake_fault){.call = ENGINE_UPSERT,
                                                         .kind = FAKE_REFUSE,
                                                         .content_id = id,
                                                         .code = GROVE_INVALID,
                                                         .http_status = http_status,
                                                         .message = "this one not"});
}

// One that the engine takes: so it is not all that it refuses.
static void make_another(struct test_stores *stores)
{
    make_row(stores, 0.25F);
}

static void a_refused_row_is_found(struct test_stores *stores)
{
    enum { ROWS = 20 };
    for (int i = 0; i < ROWS; i++)
        make_row(stores, 0.5F);
    refuse(stores, 7, 400);
    struct projector_report report = step(stores);
    assert_int_equal(report.upserted, ROWS - 1);
    assert_int_equal(report.failed, 1);
    assert_string_equal(report.last_error, "content 7: this one not");
    struct test_outbox row = test_outbox(stores, 7);
    assert_true(row.present && !row.leased && !row.dead);
    assert_int_equal(row.attempts, 1);
    assert_string_equal(row.last_error, "this one not");
    for (int32_t id = 1; id <= ROWS; id++)
        if (id != 7)
            assert_projected(stores, id);
    // By halving, not one by one: two requests for each time that 20 can be halved.
    assert_in_range(fake_engine_calls(stores->fake, ENGINE_UPSERT), 2, 11);
}

// A row that changes while its refusal is being written down: its new state is not acknowledged.
static void two_refused_rows_are_found(struct test_stores *stores)
{
    for (int i = 0; i < 8; i++)
        make_row(stores, 0.5F);
    refuse(stores, 1, 422);
    refuse(stores, 8, 413);
    struct projector_report report = step(stores);
    assert_int_equal(report.upserted, 6);
    assert_int_equal(report.failed, 2);
    assert_int_equal(outbox_count(stores), 2);
    fake_engine_clear_faults(stores->fake);
    drain(stores);
    assert_agreed(stores);
}

// The wait doubles with each attempt; half of it is drawn by chance.
static void assert_waits(const struct test_outbox *row, double seconds)
{
    if (!(row->due_in_seconds > seconds / 2 - 0.5 && row->due_in_seconds <= seconds))
        fail_msg("due in %g s, not in %g to %g", row->due_in_seconds, seconds / 2, seconds);
}

static void fail_until_dead(struct test_stores *stores)
{
    double seconds = 1;
    refuse(stores, stores->id, 400);
    for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++, seconds *= 2) {
        make_another(stores);
        let_time_pass(stores);
        struct projector_report report = step(stores);
        struct test_outbox row = test_outbox(stores, stores->id);
        assert_int_equal(row.attempts, attempt);
        assert_string_equal(row.last_error, "this one not");
        assert_false(row.leased);
        assert_int_equal(row.dead, attempt == ATTEMPTS_MAX);
        assert_int_equal(report.dead, attempt == ATTEMPTS_MAX);
        assert_waits(&row, seconds);
    }
    fake_engine_clear_faults(stores->fake);
    // Nobody takes it again, however late it is.
    test_sql(stores, "UPDATE grove.outbox SET not_before = clock_timestamp() - interval '1 hour'");
    assert_true(is_idle(stores));
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.dead_letter"), 1);
}

static void the_eighth_attempt_is_the_last(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    fail_until_dead(stores);
    struct projector_backlog backlog;
    struct grove_error error;
    assert_ok(projector_backlog(&stores->store, NULL, &backlog, &error), error);
    assert_int_equal(backlog.dead, 1);
    assert_int_equal(backlog.pending, 0);
}

static void dead_letters_can_be_revived(struct test_stores *stores)
{
    struct grove_error error;
    stores->id = make_row(stores, 0.5F);
    fail_until_dead(stores);
    assert_ok(projector_revive(&stores->store, NULL, &error), error);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_false(row.dead);
    assert_int_equal(row.attempts, 0);
    assert_false(is_idle(stores));
    assert_agreed(stores);
}

static void a_change_revives_a_dead_letter(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    fail_until_dead(stores);
    change_words(stores);
    struct test_outbox row = test_outbox(stores, stores->id);
    assert_false(row.dead);
    assert_int_equal(row.attempts, 0);
    assert_string_equal(row.last_error, "");
    assert_false(is_idle(stores));
    assert_agreed(stores);
}

static void a_delete_revives_a_dead_letter(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    fail_until_dead(stores);
    delete_content(stores);
    assert_false(test_outbox(stores, stores->id).dead);
    assert_false(is_idle(stores));
    assert_agreed(stores);
}

// --- an engine that refuses everything ----------------------------------------------------------

static void assert_uncounted(struct test_stores *stores, int count)
{
    assert_int_equal(outbox_count(stores), count);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.outbox WHERE attempts = 0"
                                          " AND dead_since IS NULL AND lease_owner IS NULL"
                                          " AND last_error = 'this one not'"),
                     count);
}

// It is asked some more often than a batch can be halved, and then no more.
static void a_refusal_of_everything_is_no_row_s_fault(struct test_stores *stores)
{
    enum { ROWS = 129, ROUNDS = 9, REQUESTS_MAX = 12 };
    for (int i = 0; i < ROWS; i++)
        make_row(stores, 0.5F);
    refuse(stores, 0, 403);
    step_fails(stores, GROVE_INVALID); // of a kind that is not looked into
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_UPSERT), 1);
    fake_engine_clear_faults(stores->fake);
    refuse(stores, 0, 400);
    for (int round = 0; round < ROUNDS; round++) {
        unsigned long before = fake_engine_calls(stores->fake, ENGINE_UPSERT);
        let_time_pass(stores);
        struct grove_error error = step_fails(stores, GROVE_INVALID);
        assert_string_equal(error.message, "this one not");
        assert_in_range(fake_engine_calls(stores->fake, ENGINE_UPSERT) - before, 1, REQUESTS_MAX);
    }
    test_sql(stores, "UPDATE grove.outbox SET last_error = 'this one not'"); // of the 129th
    assert_uncounted(stores, ROWS);
    fake_engine_clear_faults(stores->fake);
    drain(stores);
    assert_agreed(stores);
}

// Of one or two nobody can tell. They end as dead letters, with the reason, and do not wait on.
static void a_row_alone_ends_as_a_dead_letter(struct test_stores *stores)
{
    struct projector_report report = {0};
    struct grove_error error;
    bool idle;
    stores->id = make_row(stores, 0.5F);
    refuse(stores, 0, 400);
    for (int round = 0; round < ATTEMPTS_MAX; round++) {
        let_time_pass(stores);
        assert_int_equal(report.dead, 0);
        assert_ok(projector_step(&stores->store, NULL, &report, &idle, &error), error);
    }
    assert_int_equal(report.failed, ATTEMPTS_MAX);
    assert_int_equal(report.dead, 1);
    assert_string_not_equal(report.last_error, "");
}

// A run that it took others in tells.
static void a_row_alone_is_at_fault_where_others_were_taken(struct test_stores *stores)
{
    struct projector_report report = {0};
    struct grove_error error;
    make_another(stores);
    for (int round = 0; round < 2; round++) {
        bool idle;
        assert_ok(projector_step(&stores->store, NULL, &report, &idle, &error), error);
        stores->id = make_row(stores, 0.5F);
        refuse(stores, stores->id, 400);
    }
    assert_int_equal(report.upserted, 1);
    assert_int_equal(report.failed, 1);
}

// What keeps a private engine from starting is "invalid", or "not found", too.
static void an_engine_that_cannot_start_is_no_row_s_fault(struct test_stores *stores)
{
    static const enum grove_code codes[] = {GROVE_INVALID, GROVE_NOT_FOUND, GROVE_IO, GROVE_LIMIT,
                                            GROVE_UNSUPPORTED};
    make_row(stores, 0.25F);
    step(stores);
    make_row(stores, 0.5F);
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        for (enum engine_call call = ENGINE_UPSERT; call <= ENGINE_STATES; call++)
            fake_engine_fault(stores->fake, &(struct fake_fault){.call = call,
                                                                 .kind = FAKE_REFUSE,
                                                                 .code = codes[i],
                                                                 .message = "this one not"});
        let_time_pass(stores);
        step_fails(stores, codes[i]);
        fake_engine_clear_faults(stores->fake);
        assert_uncounted(stores, 1); // and not all contents
    }
    drain(stores);
    assert_agreed(stores);
}

// --- a row that can be no point -----------------------------------------------------------------

static void a_negative_id_is_a_dead_letter_at_once(struct test_stores *stores)
{
    static const int32_t ids[] = {-7, INT32_MIN};
    make_row(stores, 0.5F);
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        test_sql(stores,
                 "INSERT INTO content_metadata (id, hierarchy_table, leaf_id, content_type, title,"
                 " content_summary) SELECT '%d', hierarchy_table, leaf_id, 'Note %d', 'Below',"
                 " 'zero' FROM content_metadata WHERE id = 1",
                 ids[i], ids[i]);
        struct projector_report report = step(stores);
        assert_int_equal(report.dead, 1);
        assert_true(test_outbox(stores, ids[i]).dead);
        assert_non_null(strstr(test_outbox(stores, ids[i]).last_error, "negative"));
    }
    assert_projected(stores, 1);
    struct projector_backlog backlog;
    struct grove_error error;
    drain(stores);
    assert_ok(projector_backlog(&stores->store, NULL, &backlog, &error), error);
    assert_int_equal(backlog.pending, 0);
}

// --- the engine fails ---------------------------------------------------------------------------

static void an_engine_s_failure_is_no_row_s_fault(struct test_stores *stores)
{
    static const enum grove_code codes[] = {GROVE_UNAVAILABLE, GROVE_TIMEOUT, GROVE_ENGINE,
                                            GROVE_IO,          GROVE_DENIED,  GROVE_CONFLICT};
    static const enum engine_call calls[] = {ENGINE_UPSERT, ENGINE_REMOVE};
    int32_t gone = make_row(stores, 0.5F);
    step(stores);
    stores->id = gone;
    delete_content(stores);
    stores->id = make_row(stores, 0.5F);
    for (size_t i = 0; i < ARRAY_COUNT(codes) * ARRAY_COUNT(calls); i++) {
        fake_engine_fault(stores->fake, &(struct fake_fault){.call = calls[i % 2],
                                                             .kind = FAKE_REFUSE,
                                                             .code = codes[i / 2],
                                                             .message = "not now"});
        let_time_pass(stores);
        step_fails(stores, codes[i / 2]);
        for (int32_t id = gone; id <= stores->id; id++) {
            struct test_outbox row = test_outbox(stores, id);
            assert_true(row.present && !row.leased && !row.dead);
            assert_int_equal(row.attempts, 0);
            assert_string_equal(row.last_error, "not now");
            assert_waits(&row, 1);
        }
        fake_engine_clear_faults(stores->fake);
    }
    drain(stores);
    assert_agreed(stores);
}

static void half_a_write_is_done_again(struct test_stores *stores)
{
    for (int i = 0; i < 4; i++)
        make_row(stores, 0.5F);
    fake_engine_fault(
        stores->fake,
        &(struct fake_fault){
            .call = ENGINE_UPSERT, .kind = FAKE_HALF, .nth = 1, .half = 2, FAKE_OVERLOADED});
    step_fails(stores, GROVE_UNAVAILABLE);
    assert_int_equal(fake_engine_points(stores->fake), 2);
    assert_int_equal(outbox_count(stores), 4);
    drain(stores);
    assert_agreed(stores);
}

static void a_lost_answer_is_asked_for_again(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    fake_engine_fault(stores->fake,
                      &(struct fake_fault){
                          .call = ENGINE_UPSERT, .kind = FAKE_ANSWER_LOST, .nth = 1, FAKE_SILENT});
    step_fails(stores, GROVE_TIMEOUT);
    assert_int_equal(fake_engine_points(stores->fake), 1);
    assert_int_equal(outbox_count(stores), 1);
    drain(stores);
    assert_agreed(stores);
}

// --- putting back, by itself --------------------------------------------------------------------

static void put_back(struct test_stores *stores, const char *owner, bool counts)
{
    const struct pg_statement statement = {"put_back.sql", query_sql("put_back.sql")};
    struct pg_params params = {0};
    struct pg_rows rows;
    struct grove_error error;
    pg_add_int4_array(&params, &stores->arena, &stores->id, 1);
    pg_add_text(&params, text_of(owner));
    pg_add_text(&params, text_of("a reason"));
    pg_add_bool(&params, counts);
    pg_add_int4(&params, ATTEMPTS_MAX);
    assert_ok(pg_query(stores->sessions[0], &stores->arena, &statement, &params, &rows, &error),
              error);
}

static void waits_and_attempts_have_bounds(struct test_stores *stores)
{
    static const struct {
        int attempts; // before
        bool counts;
        int attempts_after;
        bool dead;
        double seconds;
    } rows[] = {
        {0, false, 0, false, 1},   {0, true, 1, false, 1},    {3, true, 4, false, 8},
        {3, false, 3, false, 8},   {7, false, 7, false, 128}, {7, true, 8, true, 128},
        {8, false, 8, false, 256}, {9, false, 9, false, 300}, {40, false, 40, false, 300},
    };
    stores->id = make_row(stores, 0.5F);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        test_sql(stores, "UPDATE grove.outbox SET attempts = %d, dead_since = NULL",
                 rows[i].attempts);
        lease_for_another(stores);
        put_back(stores, "another", rows[i].counts);
        struct test_outbox row = test_outbox(stores, stores->id);
        assert_int_equal(row.attempts, rows[i].attempts_after);
        assert_int_equal(row.dead, rows[i].dead);
        assert_false(row.leased);
        assert_waits(&row, rows[i].seconds);
        put_back(stores, "another", true); // it is nobody's by now
        assert_int_equal(test_outbox(stores, stores->id).attempts, rows[i].attempts_after);
    }
}

// Rows that failed together do not come back together.
static void waits_are_drawn_by_chance(struct test_stores *stores)
{
    for (int i = 0; i < 20; i++)
        make_row(stores, 0.5F);
    fake_engine_fault(
        stores->fake,
        &(struct fake_fault){.call = ENGINE_UPSERT, .kind = FAKE_REFUSE, FAKE_UNREACHABLE});
    step_fails(stores, GROVE_UNAVAILABLE);
    assert_true(test_sql_int(stores, "SELECT 1000 * extract(epoch FROM max(not_before)"
                                     " - min(not_before)) FROM grove.outbox") > 50);
}

// --- the collection -----------------------------------------------------------------------------

static void look_at_the_order(struct test_stores *stores)
{
    assert_false(fake_engine_has_collection(stores->fake));
    assert_int_equal(outbox_count(stores), 3);
}

static void project_two_and_lose_them(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    make_row(stores, 0.25F);
    step(stores);
    fake_engine_lose_collection(stores->fake);
    make_row(stores, 0.125F);
}

static void a_lost_collection_is_filled_again(struct test_stores *stores)
{
    project_two_and_lose_them(stores);
    TEST_AT(stores, PROJECTOR_ENQUEUED, look_at_the_order);
    step(stores);
    assert_int_equal(stores->reached[INJECT_PROJECTOR_ENQUEUED], 1);
    drain(stores);
    assert_agreed(stores);
}

// Who dies there leaves no collection behind: the next one sees that, and begins anew.
static void dying_before_the_collection_is_made_loses_nothing(struct test_stores *stores)
{
    project_two_and_lose_them(stores);
    TEST_FAIL_AT(stores, PROJECTOR_ENQUEUED, look_at_the_order);
    TEST_FAIL_AT(stores, PROJECTOR_PUT_BACK, NULL);
    step_fails(stores, GROVE_UNAVAILABLE);
    assert_false(fake_engine_has_collection(stores->fake));
    drain(stores);
    assert_agreed(stores);
}

static void preparing_fills_a_new_collection(struct test_stores *stores)
{
    struct grove_error error;
    project_two_and_lose_them(stores);
    TEST_FAIL_AT(stores, PROJECTOR_ENQUEUED, look_at_the_order);
    assert_int_equal(projector_prepare(&stores->store, NULL, &error), GROVE_UNAVAILABLE);
    assert_false(fake_engine_has_collection(stores->fake));
    test_at_forget(stores);
    assert_ok(projector_prepare(&stores->store, NULL, &error), error);
    assert_true(fake_engine_has_collection(stores->fake));
    drain(stores);
    assert_agreed(stores);
}

static void preparing_leaves_a_collection_alone(struct test_stores *stores)
{
    struct grove_error error;
    make_row(stores, 0.5F);
    step(stores);
    assert_ok(projector_prepare(&stores->store, NULL, &error), error);
    assert_agreed(stores);
}

static void refill(struct test_stores *stores)
{
    struct grove_error error;
    assert_ok(projector_refill(&stores->store, NULL, &error), error);
}

static void lost_points_are_put_in_again(struct test_stores *stores)
{
    int32_t lost = make_row(stores, 0.5F);
    make_row(stores, 0.25F);
    step(stores);
    refill(stores);
    assert_int_equal(outbox_count(stores), 0); // nothing is lacking
    make_row(stores, 0.125F);
    refill(stores);
    assert_int_equal(outbox_count(stores), 1); // the new one was never there
    fake_engine_take(stores->fake, lost);
    refill(stores);
    assert_int_equal(outbox_count(stores), 3);
    drain(stores);
    assert_agreed(stores);
    refill(stores);
    assert_int_equal(outbox_count(stores), 0);
}

// Within the engine's count, the first one or each.
static void delete_and_project(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    bool *once = stores->other;
    if (event->call != ENGINE_COUNT || (once && *once))
        return;
    if (once)
        *once = true;
    stores->id = (int32_t)test_sql_int(stores, "SELECT max(id) FROM content_metadata");
    delete_content(stores);
    step(stores);
}

static void refill_beside_deletions(struct test_stores *stores, bool *once)
{
    for (int i = 0; i < 20; i++)
        make_row(stores, 0.5F);
    drain(stores);
    stores->other = once;
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = delete_and_project, .state = stores});
    refill(stores);
    fake_engine_set_hooks(stores->fake, NULL);
}

static void what_is_deleted_between_two_counts_is_not_lost(struct test_stores *stores)
{
    bool once = false;
    refill_beside_deletions(stores, &once);
    assert_true(once);
    assert_agreed(stores);
    stores->other = NULL;
    refill_beside_deletions(stores, NULL); // and it comes to an end
    assert_agreed(stores);
}

static void insert_and_project(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call != ENGINE_COUNT)
        return;
    make_row(stores, 0.5F);
    step(stores);
}

// The engine was counted before the row came, PostgreSQL after it had been projected.
static void counts_of_two_moments_say_nothing(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    drain(stores);
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.after = insert_and_project, .state = stores});
    refill(stores);
    fake_engine_set_hooks(stores->fake, NULL);
    assert_agreed(stores);
}

static void lose_and_prepare(struct test_stores *stores)
{
    struct grove_error error;
    fake_engine_lose_collection(stores->fake);
    assert_ok(projector_prepare(&stores->store, NULL, &error), error);
}

// It was seen in the collection that was there, and is acknowledged when there is another.
static void what_was_written_to_a_lost_collection_comes_again(struct test_stores *stores)
{
    make_row(stores, 0.5F);
    make_row(stores, 0.25F);
    TEST_AT(stores, PROJECTOR_SEEN, lose_and_prepare);
    step(stores);
    assert_int_equal(fake_engine_points(stores->fake), 0);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.waiting"), 2);
    drain(stores);
    assert_agreed(stores);
}

static void what_is_put_back_is_not_due_by_an_older_row(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    change_words(stores);
    change_words(stores);
    assert_int_equal(outbox_count(stores), 3);
    TEST_FAIL_AT(stores, PROJECTOR_WRITE, NULL);
    step_fails(stores, GROVE_UNAVAILABLE);
    assert_int_equal(outbox_count(stores), 1);
    assert_true(is_idle(stores)); // it waits for its time
    change_words(stores);         // but for a change
    assert_int_equal(step(stores).upserted, 1);
    assert_agreed(stores);
}

// --- the projector fails ------------------------------------------------------------------------

// A content to embed, one with a vector, one that was deleted.
static void make_work(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    drain(stores);
    delete_content(stores);
    make_row(stores, 0.25F);
    test_content(stores, &(struct test_content){.title = "embed me"});
}

static void fail_at(struct test_stores *stores, enum inject_point point, bool dies)
{
    struct projector_report report = {0};
    struct grove_error error;
    bool idle;
    make_work(stores);
    if (point == INJECT_PROJECTOR_ENQUEUED)
        fake_engine_lose_collection(stores->fake);
    test_at(stores, &(struct test_step){point, 1, NULL, GROVE_UNAVAILABLE});
    if (dies || point == INJECT_PROJECTOR_PUT_BACK) // who is dead puts nothing back
        test_at(stores, &(struct test_step){INJECT_PROJECTOR_PUT_BACK, 1, NULL, GROVE_UNAVAILABLE});
    if (point == INJECT_PROJECTOR_PUT_BACK)
        TEST_FAIL_AT(stores, PROJECTOR_WRITE, NULL);
    assert_int_equal(projector_step(&stores->store, NULL, &report, &idle, &error),
                     GROVE_UNAVAILABLE);
    if (stores->reached[point] != 1)
        fail_msg("%s was not reached", inject_point_name(point));
    test_at_forget(stores);
    drain(stores);
    assert_agreed(stores);
}

static void failing_at_any_point_heals(struct test_stores *stores)
{
    for (enum inject_point point = INJECT_PROJECTOR_LEASE; point <= INJECT_PROJECTOR_ENQUEUED;
         point++)
        fail_at(stores, point, false);
}

static void dying_at_any_point_heals(struct test_stores *stores)
{
    for (enum inject_point point = INJECT_PROJECTOR_LEASE; point <= INJECT_PROJECTOR_ENQUEUED;
         point++)
        fail_at(stores, point, true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_refused_row_is_found),
        STORES_TEST(two_refused_rows_are_found),
        STORES_TEST(the_eighth_attempt_is_the_last),
        STORES_TEST(dead_letters_can_be_revived),
        STORES_TEST(a_change_revives_a_dead_letter),
        STORES_TEST(a_delete_revives_a_dead_letter),
        STORES_TEST(a_refusal_of_everything_is_no_row_s_fault),
        STORES_TEST(a_row_alone_ends_as_a_dead_letter),
        STORES_TEST(a_row_alone_is_at_fault_where_others_were_taken),
        STORES_TEST(an_engine_that_cannot_start_is_no_row_s_fault),
        STORES_TEST(a_negative_id_is_a_dead_letter_at_once),
        STORES_TEST(an_engine_s_failure_is_no_row_s_fault),
        STORES_TEST(half_a_write_is_done_again),
        STORES_TEST(a_lost_answer_is_asked_for_again),
        STORES_TEST(waits_and_attempts_have_bounds),
        STORES_TEST(waits_are_drawn_by_chance),
        STORES_TEST(a_lost_collection_is_filled_again),
        STORES_TEST(dying_before_the_collection_is_made_loses_nothing),
        STORES_TEST(preparing_fills_a_new_collection),
        STORES_TEST(preparing_leaves_a_collection_alone),
        STORES_TEST(lost_points_are_put_in_again),
        STORES_TEST(what_is_deleted_between_two_counts_is_not_lost),
        STORES_TEST(counts_of_two_moments_say_nothing),
        STORES_TEST(what_was_written_to_a_lost_collection_comes_again),
        STORES_TEST(what_is_put_back_is_not_due_by_an_older_row),
        STORES_TEST(failing_at_any_point_heals),
        STORES_TEST(dying_at_any_point_heals),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
