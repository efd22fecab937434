// SPDX-License-Identifier: Apache-2.0
// Comparing both stores: every kind of difference is found, none is told that is none, and what is
// mended is equal afterwards.
#include "projecting.h"

#include <string.h>

#include "sync/verify.h"

enum { ROWS = 200, MANY = 380 }; // more than are read rather than compared in parts

static int32_t ids[MANY];

// --- helpers -------------------------------------------------------------------------------------

static void fill(struct test_stores *stores, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ids[i] = make_row(stores, 0.9F - 0.004F * (float)i);
    drain(stores);
    assert_agreed(stores);
}

// What was told, as "missing 3, orphan 9".
struct told {
    char text[4096];
};

static void tell(void *state, const struct verify_difference *difference)
{
    struct told *told = state;
    size_t used = strlen(told->text);
    const char *comma = used > 0 ? ", " : "";
    if (difference->point_id.data)
        snprintf(told->text + used, sizeof told->text - used, "%s%s %.*s", comma,
                 verify_kind_name(difference->kind), TEXT_ARGS(difference->point_id));
    else
        snprintf(told->text + used, sizeof told->text - used, "%s%s %d%s%s", comma,
                 verify_kind_name(difference->kind), difference->content_id,
                 difference->detail[0] ? " " : "", difference->detail);
}

static struct verify_report run(struct test_stores *stores, struct verify_request request,
                                struct told *told)
{
    struct verify_report report;
    struct grove_error error;
    *told = (struct told){""};
    request.on_difference = tell;
    request.state = told;
    assert_ok(verify(&stores->store, NULL, &request, &report, &error), error);
    return report;
}

// Whole, with digests and without: both tell the same.
static void assert_told(struct test_stores *stores, const char *format, ...) GROVE_PRINTF(2, 3);
static void assert_told(struct test_stores *stores, const char *format, ...)
{
    char wanted[4096];
    struct told told;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(wanted, sizeof wanted, format, arguments);
    va_end(arguments);
    for (int without = 0; without < 2; without++) {
        fake_engine_set_ways(
            stores->fake, &(struct fake_ways){.no_digests = without, .short_square_max = 1.2e-7F});
        run(stores, (struct verify_request){.quick = false}, &told);
        assert_string_equal(told.text, wanted);
    }
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.short_square_max = 1.2e-7F});
}

static const char *told_quickly(struct test_stores *stores, struct told *told)
{
    run(stores, (struct verify_request){.quick = true}, told);
    return told->text;
}

static struct fake_point point_of(struct test_stores *stores, int64_t id)
{
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, id, &point));
    return point;
}

static void mend(struct test_stores *stores, bool aliens, int64_t wanted)
{
    struct told told;
    struct verify_report report =
        run(stores, (struct verify_request){.mend = true, .aliens = aliens}, &told);
    assert_int_equal(report.mended, wanted);
    drain(stores);
}

static void put_alien(struct test_stores *stores, int64_t id, int64_t revision)
{
    struct fake_point point = point_of(stores, ids[0]);
    point.id = id;
    point.revision = revision;
    fake_engine_put(stores->fake, &point);
}

// --- equal ---------------------------------------------------------------------------------------

static void equal_stores_are_proven_by_digests(struct test_stores *stores)
{
    struct told told;
    fill(stores, ROWS);
    for (int quick = 0; quick < 2; quick++) {
        unsigned long reads = fake_engine_calls(stores->fake, ENGINE_READ);
        struct verify_report report = run(stores, (struct verify_request){.quick = quick}, &told);
        assert_string_equal(told.text, "");
        assert_int_equal(verify_differences(report.kinds), 0);
        assert_int_equal(report.contents, ROWS);
        assert_int_equal(report.points, ROWS);
        assert_int_equal(report.proven, ROWS);
        assert_int_equal(fake_engine_calls(stores->fake, ENGINE_READ), reads);
    }
}

static void equal_stores_are_equal_without_digests(struct test_stores *stores)
{
    struct told told;
    fill(stores, ROWS);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.no_digests = true});
    struct verify_report report = run(stores, (struct verify_request){.quick = false}, &told);
    assert_string_equal(told.text, "");
    assert_int_equal(report.contents, ROWS);
    assert_int_equal(report.points, ROWS);
    assert_int_equal(report.proven, 0);
}

static void two_empty_stores_are_equal(struct test_stores *stores)
{
    assert_told(stores, "%s", "");
}

// The engine may make a vector's length 1 once more.
static void the_last_bits_of_a_vector_do_not_count(struct test_stores *stores)
{
    fill(stores, 3);
    struct fake_point point = point_of(stores, ids[1]);
    point.vector[1] += 2e-7F;
    fake_engine_put(stores->fake, &point);
    assert_told(stores, "%s", "");
}

// --- each kind -----------------------------------------------------------------------------------

static void a_lost_point_is_missing(struct test_stores *stores)
{
    struct told told;
    fill(stores, ROWS);
    fake_engine_take(stores->fake, ids[0]);
    fake_engine_take(stores->fake, ids[120]);
    fake_engine_take(stores->fake, ids[ROWS - 1]);
    assert_told(stores, "missing %d, missing %d, missing %d", ids[0], ids[120], ids[ROWS - 1]);
    assert_non_null(strstr(told_quickly(stores, &told), "missing"));
    mend(stores, false, 3);
    assert_agreed(stores);
}

static void an_old_revision_is_stale(struct test_stores *stores)
{
    struct told told;
    fill(stores, ROWS);
    struct fake_point point = point_of(stores, ids[77]);
    point.revision -= 1;
    fake_engine_put(stores->fake, &point);
    assert_told(stores, "stale %d", ids[77]);
    assert_non_null(strstr(told_quickly(stores, &told), "stale"));
    mend(stores, false, 1);
    assert_agreed(stores);
}

static void a_revision_of_nobody_is_strange(struct test_stores *stores)
{
    struct told told;
    fill(stores, 5);
    struct fake_point ahead = point_of(stores, ids[1]), without = point_of(stores, ids[3]);
    ahead.revision += 1000000;
    without.revision = VECTOR_NONE;
    fake_engine_put(stores->fake, &ahead);
    fake_engine_put(stores->fake, &without);
    assert_told(stores, "strange %d, strange %d", ids[1], ids[3]);
    assert_non_null(strstr(told_quickly(stores, &told), "strange"));
    mend(stores, false, 2);
    assert_agreed(stores);
}

static void another_payload_is_seen(struct test_stores *stores)
{
    struct told told;
    fill(stores, ROWS);
    struct fake_point point = point_of(stores, ids[150]);
    point.word_count = 12345;
    point.leaf_id += 1;
    fake_engine_put(stores->fake, &point);
    assert_told(stores, "payload %d leaf_id, word_count", ids[150]);
    assert_string_equal(told_quickly(stores, &told), "");
    mend(stores, false, 1);
    assert_told(stores, "%s", "");
}

static void another_vector_is_seen(struct test_stores *stores)
{
    struct told told;
    fill(stores, ROWS);
    struct fake_point point = point_of(stores, ids[9]);
    memcpy(point.vector, test_toward(0.1F, 7).numbers, sizeof point.vector);
    fake_engine_put(stores->fake, &point);
    assert_told(stores, "vector %d", ids[9]);
    assert_string_equal(told_quickly(stores, &told), "");
    mend(stores, false, 1);
    assert_told(stores, "%s", "");
}

// No trigger sees it: as a hand with all rights, or damage, leaves it.
static void a_content_without_a_vector_is_seen(struct test_stores *stores)
{
    fill(stores, 3);
    test_sql(stores,
             "SET session_replication_role = replica;"
             "DELETE FROM grove.embedding WHERE content_id = %d; RESET session_replication_role",
             ids[1]);
    assert_told(stores, "no_vector %d", ids[1]);
}

static void a_point_without_a_content_is_an_orphan(struct test_stores *stores)
{
    struct told told;
    fill(stores, ROWS);
    struct fake_point kept = point_of(stores, ids[60]);
    test_sql(stores, "DELETE FROM public.content_metadata WHERE id = %d", ids[60]);
    drain(stores);
    fake_engine_put(stores->fake, &kept); // a late write of somebody who died
    assert_told(stores, "orphan %d", ids[60]);
    assert_non_null(strstr(told_quickly(stores, &told), "orphan"));
    mend(stores, false, 1);
    assert_agreed(stores);
}

static void points_of_nobody_are_aliens(struct test_stores *stores)
{
    fill(stores, 5);
    int64_t drawn = test_sql_int(stores, "SELECT last_value FROM grove.revision_seq");
    int32_t free_id = ids[4] + 10;
    put_alien(stores, free_id, VECTOR_NONE);
    put_alien(stores, free_id + 1, drawn + 1000000);
    put_alien(stores, 5000000000, 3);
    put_alien(stores, -7, 3);
    assert_told(stores,
                "alien %d, alien %d, alien 5000000000,"
                " alien \"00000000-0000-0000-0000-000000000007\"",
                free_id, free_id + 1);
    mend(stores, false, 0);
    assert_int_equal(fake_engine_points(stores->fake), 9);
    mend(stores, true, 4);
    assert_agreed(stores);
    assert_int_equal(fake_engine_points(stores->fake), 5);
}

// --- where it is ---------------------------------------------------------------------------------

struct asked {
    unsigned digests, reads;
    size_t points_max; // that a read had room for
};

static void count_asked(void *state, const struct engine_event *event)
{
    struct asked *asked = state;
    asked->digests += event->call == ENGINE_DIGEST;
    asked->reads += event->call == ENGINE_READ;
    if (event->call == ENGINE_READ && event->count > asked->points_max)
        asked->points_max = event->count;
}

static struct asked ask_for(struct test_stores *stores, bool quick, struct told *told)
{
    struct asked asked = {0};
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = count_asked, .state = &asked});
    run(stores, (struct verify_request){.quick = quick}, told);
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){.before = NULL});
    return asked;
}

// Of the page, of its two parts, and of all pieces of 8 of these; then the points of two pieces.
static void what_differs_is_found_in_few_steps(struct test_stores *stores)
{
    struct told told;
    fill(stores, ROWS);
    fake_engine_take(stores->fake, ids[100]);
    fake_engine_take(stores->fake, ids[150]);
    struct asked asked = ask_for(stores, false, &told);
    assert_int_equal(asked.digests, 1 + 2 + 128 / 8 + (ROWS - 128) / 8);
    assert_int_equal(asked.reads, 2);
    assert_int_equal(asked.points_max, 8);
    asked = ask_for(stores, true, &told); // few enough to read them all
    assert_int_equal(asked.digests, 1);
    assert_int_equal(asked.reads, 1);
}

// In several pages, of which those behind one that differs are compared in parts at once, at the
// ends of parts, and behind the last content.
static void what_differs_in_many_places_is_found(struct test_stores *stores)
{
    enum { PAGE = 140 };
    struct told told;
    fill(stores, MANY);
    inject_set_knob(INJECT_KNOB_VERIFY_PAGE, PAGE);
    struct asked equal = ask_for(stores, false, &told);
    assert_int_equal(equal.digests, MANY / PAGE + 1);
    fake_engine_take(stores->fake, ids[10]);
    fake_engine_take(stores->fake, ids[200]);
    fake_engine_take(stores->fake, ids[PAGE + 129]); // the first of a part, as one goes
    fake_engine_take(stores->fake, ids[2 * PAGE]);
    struct fake_point kept[] = {point_of(stores, ids[PAGE + 128]), point_of(stores, ids[MANY - 1])};
    for (size_t i = 0; i < ARRAY_COUNT(kept); i++) {
        test_sql(stores, "DELETE FROM public.content_metadata WHERE id = %lld",
                 (long long)kept[i].id);
        drain(stores);
        fake_engine_put(stores->fake, &kept[i]);
    }
    assert_told(stores, "missing %d, missing %d, orphan %d, missing %d, missing %d, orphan %d",
                ids[10], ids[200], ids[PAGE + 128], ids[PAGE + 129], ids[2 * PAGE], ids[MANY - 1]);
    mend(stores, false, 6);
    assert_agreed(stores);
}

// --- what is no difference -----------------------------------------------------------------------

static void what_waits_is_no_difference(struct test_stores *stores)
{
    struct told told;
    fill(stores, 5);
    test_sql(stores, "UPDATE public.content_metadata SET word_count = 7 WHERE id = %d", ids[1]);
    test_sql(stores, "DELETE FROM public.content_metadata WHERE id = %d", ids[2]);
    int32_t fresh = make_row(stores, 0.3F);
    struct verify_report report = run(stores, (struct verify_request){.quick = false}, &told);
    char wanted[128];
    snprintf(wanted, sizeof wanted, "waiting %d, waiting %d, waiting %d", ids[1], fresh, ids[2]);
    assert_string_equal(told.text, wanted);
    assert_int_equal(verify_differences(report.kinds), 0);
    assert_int_equal(report.kinds[VERIFY_WAITING], 3);
    drain(stores);
    assert_told(stores, "%s", "");
}

// Between the first look and the second, once: changes the content and projects it.
static void change_between(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call != ENGINE_READ_IDS || !stores->other)
        return;
    stores->other = NULL;
    test_sql(stores, "UPDATE public.content_metadata SET word_count = 77 WHERE id = %d",
             stores->id);
    drain(stores);
}

static void what_changes_between_two_looks_is_looked_at_again(struct test_stores *stores)
{
    struct told told;
    fill(stores, 5);
    stores->id = ids[2];
    stores->other = ids;
    // The first look sees it stale; then it is changed, and projected.
    struct fake_point point = point_of(stores, ids[2]);
    point.revision -= 1;
    fake_engine_put(stores->fake, &point);
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = change_between, .state = stores});
    struct verify_report report = run(stores, (struct verify_request){.quick = false}, &told);
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){.before = NULL});
    assert_null(stores->other);
    assert_string_equal(told.text, "");
    assert_int_equal(verify_differences(report.kinds), 0);
}

// --- record --------------------------------------------------------------------------------------

static void cancel_in_the_middle(void *state, const struct verify_progress *progress)
{
    atomic_bool *stop = state;
    (void)progress;
    atomic_store(stop, true);
}

static void one_that_was_broken_off_goes_on(struct test_stores *stores)
{
    struct told told;
    fill(stores, 5);
    fake_engine_take(stores->fake, ids[0]);
    struct verify_report report = run(stores, (struct verify_request){.quick = true}, &told);
    assert_true(report.noted);
    assert_int_equal(test_sql_int(stores, "SELECT kinds[2] FROM grove.verification"), 1);
    test_sql(stores, "UPDATE grove.verification SET ended_at = NULL, next_id = %d", ids[3]);
    fake_engine_take(stores->fake, ids[4]);
    report = run(stores, (struct verify_request){.quick = true, .resume = true}, &told);
    assert_true(report.resumed);
    char wanted[32];
    snprintf(wanted, sizeof wanted, "missing %d", ids[4]);
    assert_string_equal(told.text, wanted);
    assert_int_equal(report.kinds[VERIFY_MISSING], 2);
    assert_int_equal(report.contents, 7);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.verification"), 1);
    // It has ended: the next one begins anew.
    report = run(stores, (struct verify_request){.quick = true, .resume = true}, &told);
    assert_false(report.resumed);
    assert_int_equal(report.contents, 5);
}

static void it_ends_when_it_is_cancelled(struct test_stores *stores)
{
    atomic_bool stop = false;
    struct call call;
    struct grove_error error;
    struct verify_report report;
    struct verify_request request = {
        .on_progress = cancel_in_the_middle, .state = &stop, .rows_per_second = 1};
    fill(stores, 5);
    call_init(&call);
    call_obey(&call, &stop);
    stop = true;
    assert_int_equal(verify(&stores->store, &call, &request, &report, &error), GROVE_CANCELLED);
}

// While a page is compared the next one is read: who cancels meanwhile leaves no thread behind.
static void break_digest(void *state, const struct engine_event *event)
{
    atomic_bool *stop = state;
    if (event->call == ENGINE_DIGEST)
        atomic_store(stop, true);
}

static void a_page_that_is_read_ahead_is_given_up(struct test_stores *stores)
{
    atomic_bool stop = false;
    struct call call;
    struct grove_error error;
    struct verify_report report;
    struct verify_request request = {.quick = true};
    fill(stores, 9);
    inject_set_knob(INJECT_KNOB_VERIFY_PAGE, 2);
    call_init(&call);
    call_obey(&call, &stop);
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = break_digest, .state = &stop});
    assert_int_equal(verify(&stores->store, &call, &request, &report, &error), GROVE_CANCELLED);
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){.before = NULL});
    stop = false;
    assert_ok(verify(&stores->store, &call, &request, &report, &error), error);
    assert_int_equal(report.contents, 9);
    assert_int_equal(report.proven, 9);
}

static void what_was_found_last_is_told(struct test_stores *stores)
{
    struct told told;
    struct verify_last last;
    struct grove_error error;
    assert_ok(verify_read_last(&stores->store, NULL, &last, &error), error);
    assert_false(last.known);
    fill(stores, 3);
    fake_engine_take(stores->fake, ids[1]);
    run(stores, (struct verify_request){.quick = true}, &told);
    assert_ok(verify_read_last(&stores->store, NULL, &last, &error), error);
    assert_true(last.known && last.ended && last.quick);
    assert_int_equal(last.contents, 3);
    assert_int_equal(last.kinds[VERIFY_MISSING], 1);
    assert_string_equal(last.path, "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(equal_stores_are_proven_by_digests),
        STORES_TEST(equal_stores_are_equal_without_digests),
        STORES_TEST(two_empty_stores_are_equal),
        STORES_TEST(the_last_bits_of_a_vector_do_not_count),
        STORES_TEST(a_lost_point_is_missing),
        STORES_TEST(an_old_revision_is_stale),
        STORES_TEST(a_revision_of_nobody_is_strange),
        STORES_TEST(another_payload_is_seen),
        STORES_TEST(another_vector_is_seen),
        STORES_TEST(a_content_without_a_vector_is_seen),
        STORES_TEST(a_point_without_a_content_is_an_orphan),
        STORES_TEST(points_of_nobody_are_aliens),
        STORES_TEST(what_differs_is_found_in_few_steps),
        STORES_TEST(what_differs_in_many_places_is_found),
        STORES_TEST(what_waits_is_no_difference),
        STORES_TEST(what_changes_between_two_looks_is_looked_at_again),
        STORES_TEST(one_that_was_broken_off_goes_on),
        STORES_TEST(it_ends_when_it_is_cancelled),
        STORES_TEST(a_page_that_is_read_ahead_is_given_up),
        STORES_TEST(what_was_found_last_is_told),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
