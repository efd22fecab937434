// SPDX-License-Identifier: Apache-2.0
// Who is refused, who is let in, and whose turn it is. Times are long where none may be over, and
// what the line has measured is written by the tests.
#include "../test.h"

#include "base/clock.h"
#include "base/line.h"

enum {
    MANY = 16,       // places, of which none comes free for 100 ms: still
    LONG_MS = 10000, // nothing takes so long
    SOON_MS = 400,   // long after it was decided who is let in
};

struct owner {
    pthread_mutex_t mutex;
    struct line line;
    unsigned free;
    struct line *moves; // once somebody stands in it; NULL: it does not
};

// A place comes free after somebody came, and goes to somebody else: once.
static bool has_place(const void *state)
{
    const struct owner *owner = state;
    if (owner->moves && owner->line.first && owner->line.moved_us == 0)
        owner->moves->moved_us = clock_monotonic_us();
    return owner->free > 0;
}

static struct owner owner_of(unsigned places)
{
    struct owner owner = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    line_init(&owner.line, "places", places, 20);
    return owner;
}

static struct call call_of(unsigned limit_ms)
{
    struct call call;
    call_init(&call);
    call_within(&call, limit_ms);
    return call;
}

static enum grove_code take(struct owner *owner, struct call *call, struct grove_error *error)
{
    pthread_mutex_lock(&owner->mutex);
    enum grove_code code = line_wait(&owner->line, &owner->mutex, call, has_place, owner, error);
    if (code == GROVE_OK)
        owner->free--;
    line_go_on(&owner->line, has_place(owner));
    assert_null(owner->line.first);
    assert_null(owner->line.last);
    pthread_mutex_unlock(&owner->mutex);
    return code;
}

static void a_place_that_is_free_is_taken(void **state)
{
    (void)state;
    struct owner owner = owner_of(MANY);
    struct call call = call_of(LONG_MS);
    struct grove_error error;
    owner.free = 1;
    assert_ok(take(&owner, &call, &error), error);
    assert_int_equal(call.counters.waited_us, 0);
    assert_true(call.let_in);
}

static void who_comes_where_nothing_moves_is_refused(void **state)
{
    (void)state;
    struct owner owner = owner_of(MANY);
    struct call call = call_of(LONG_MS);
    struct grove_error error;
    assert_int_equal(take(&owner, &call, &error), GROVE_LIMIT);
    assert_int_equal(error.retry, GROVE_RETRY_LATER);
    assert_int_equal(error.origin, GROVE_ORIGIN_GROVE);
    assert_non_null(strstr(error.message, "all 16 places have been busy for"));
    assert_true(call.counters.waited_us >= 100000);
    assert_false(call.let_in || call.ended_in_line);
}

// What moves no more once somebody was let in has not the time of others to be late with.
static void who_was_let_in_is_not_refused(void **state)
{
    (void)state;
    struct owner owner = owner_of(MANY);
    struct call call = call_of(SOON_MS);
    struct grove_error error;
    owner.moves = &owner.line;
    assert_int_equal(take(&owner, &call, &error), GROVE_TIMEOUT);
    assert_int_equal(error.origin, GROVE_ORIGIN_GROVE);
    assert_true(call.let_in && call.ended_in_line);
}

static void who_had_a_place_is_not_refused(void **state)
{
    (void)state;
    struct owner owner = owner_of(MANY), other = owner_of(MANY);
    struct call call = call_of(SOON_MS);
    struct grove_error error;
    owner.free = 1;
    assert_ok(take(&owner, &call, &error), error);
    assert_int_equal(take(&other, &call, &error), GROVE_TIMEOUT);
    assert_true(call.ended_in_line);
}

static void who_is_patient_is_not_refused(void **state)
{
    (void)state;
    struct owner owner = owner_of(MANY);
    struct call call = call_of(SOON_MS);
    struct grove_error error;
    call.patient = true;
    assert_int_equal(take(&owner, &call, &error), GROVE_TIMEOUT);
}

static void without_a_call_there_is_a_limit(void **state)
{
    (void)state;
    struct owner owner = owner_of(MANY);
    struct grove_error error;
    assert_int_equal(take(&owner, NULL, &error), GROVE_LIMIT);
}

// --- a line that is long ------------------------------------------------------------------------

// Others stand before whoever comes, and a place comes free every so often.
static enum grove_code come_after(unsigned others, int64_t pace_us, struct call *call,
                                  struct grove_error *error)
{
    struct turn turns[MANY] = {0};
    struct owner owner = owner_of(1); // still only after 1.6 s
    assert_true(others <= MANY);
    for (unsigned i = 0; i < others; i++)
        turns[i].next = i + 1 < others ? &turns[i + 1] : NULL;
    owner.line.first = others > 0 ? &turns[0] : NULL;
    owner.line.last = others > 0 ? &turns[others - 1] : NULL;
    owner.line.pace_us = pace_us;
    pthread_mutex_lock(&owner.mutex);
    enum grove_code code = line_wait(&owner.line, &owner.mutex, call, has_place, &owner, error);
    assert_ptr_equal(owner.line.first, others > 0 ? &turns[0] : NULL);
    assert_ptr_equal(owner.line.last, others > 0 ? &turns[others - 1] : NULL);
    pthread_mutex_unlock(&owner.mutex);
    return code;
}

static void a_line_that_takes_longer_than_the_call_may_is_not_joined(void **state)
{
    (void)state;
    enum { SECOND_US = 1000000 };
    static const struct {
        unsigned others;
        int64_t pace_us;
        unsigned limit_ms;
        bool patient, let_in;
        enum grove_code code;
    } rows[] = {
        {9, SECOND_US, 200, false, false, GROVE_LIMIT},
        {9, SECOND_US, 200, true, false, GROVE_TIMEOUT},
        {9, SECOND_US, 200, false, true, GROVE_TIMEOUT},
        {9, 0, 200, false, false, GROVE_TIMEOUT},                // not known
        {9, 30000, 200, false, false, GROVE_TIMEOUT},            // 300 ms, about as long as it has
        {0, SECOND_US, 600, false, false, GROVE_TIMEOUT},        // the next place is its own
        {15, 2 * SECOND_US, LONG_MS, false, false, GROVE_LIMIT}, // 32 s are too long for anybody
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct call call = call_of(rows[i].limit_ms);
        struct grove_error error;
        call.patient = rows[i].patient;
        call.let_in = rows[i].let_in;
        enum grove_code code = come_after(rows[i].others, rows[i].pace_us, &call, &error);
        if (code != rows[i].code)
            fail_msg("row %zu: %d", i, code);
        if (code != GROVE_LIMIT)
            continue;
        assert_non_null(strstr(error.message, "others wait for them"));
        assert_int_equal(error.retry, GROVE_RETRY_LATER);
        assert_true(call.counters.waited_us < 1600000); // it was not waited for
    }
}

// Nobody waits for it to be told: what is known of the line decides.
static void work_is_begun_only_by_who_would_have_a_place(void **state)
{
    (void)state;
    enum { MS = 1000 };
    static const struct {
        unsigned waiting;
        int64_t since_us, moved_us, pace_us; // the first two: so long ago
        bool patient, let_in;
        enum grove_code code;
    } rows[] = {
        {0, 0, 500 * MS, 0, false, false, GROVE_OK},
        {1, 50 * MS, 500 * MS, 0, false, false, GROVE_OK}, // may move yet
        {1, 200 * MS, 500 * MS, 0, false, false, GROVE_LIMIT},
        {1, 200 * MS, 20 * MS, 10 * MS, false, false, GROVE_OK},
        {3, 200 * MS, 20 * MS, 10000 * MS, false, false, GROVE_LIMIT}, // 40 s
        {1, 200 * MS, 500 * MS, 0, true, false, GROVE_OK},
        {1, 200 * MS, 500 * MS, 0, false, true, GROVE_OK},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct owner owner = owner_of(MANY);
        struct call call = call_of(LONG_MS);
        struct turn turns[3] = {{0}};
        struct grove_error error;
        int64_t now_us = clock_monotonic_us();
        for (unsigned n = 0; n < rows[i].waiting; n++) {
            turns[n].since_us = now_us - rows[i].since_us;
            turns[n].next = n + 1 < rows[i].waiting ? &turns[n + 1] : NULL;
        }
        owner.line.first = rows[i].waiting > 0 ? turns : NULL;
        owner.line.moved_us = now_us - rows[i].moved_us;
        owner.line.pace_us = rows[i].pace_us;
        call.patient = rows[i].patient;
        call.let_in = rows[i].let_in;
        enum grove_code code = line_admits(&owner.line, &call, &error);
        if (code != rows[i].code)
            fail_msg("row %zu: %d", i, code);
        assert_int_equal(call.let_in, rows[i].let_in); // it has no place yet
    }
}

static void a_call_that_is_over_is_told_so(void **state)
{
    (void)state;
    atomic_bool stop = true;
    struct call call = call_of(LONG_MS);
    struct grove_error error;
    call_obey(&call, &stop);
    assert_int_equal(come_after(15, 2000000, &call, &error), GROVE_CANCELLED);
}

// Of a line that nobody stands in nothing is known.
static void the_pace_is_of_those_who_wait(void **state)
{
    (void)state;
    struct turn turn = {0};
    struct owner owner = owner_of(MANY);
    line_moved(&owner.line);
    assert_int_equal(owner.line.pace_us, 0);
    pthread_cond_init(&turn.signal, NULL);
    owner.line.first = owner.line.last = &turn;
    owner.line.paced_us = clock_monotonic_us() - 8000000;
    line_moved(&owner.line);
    assert_in_range(owner.line.pace_us, 8000000, 60000000);
    int64_t before_us = owner.line.pace_us;
    line_moved(&owner.line); // at once: one eighth of what is known is of this
    assert_in_range(owner.line.pace_us, before_us / 8 * 7 - 1, before_us - 1);
    pthread_cond_destroy(&turn.signal);
    owner.line.first = owner.line.last = NULL;
    struct call call = call_of(1);
    struct grove_error error;
    assert_int_equal(take(&owner, &call, &error), GROVE_LIMIT); // the last one leaves
    assert_int_equal(owner.line.pace_us, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_that_is_free_is_taken),
        cmocka_unit_test(who_comes_where_nothing_moves_is_refused),
        cmocka_unit_test(who_was_let_in_is_not_refused),
        cmocka_unit_test(who_had_a_place_is_not_refused),
        cmocka_unit_test(who_is_patient_is_not_refused),
        cmocka_unit_test(without_a_call_there_is_a_limit),
        cmocka_unit_test(a_line_that_takes_longer_than_the_call_may_is_not_joined),
        cmocka_unit_test(work_is_begun_only_by_who_would_have_a_place),
        cmocka_unit_test(a_call_that_is_over_is_told_so),
        cmocka_unit_test(the_pace_is_of_those_who_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
