// SPDX-License-Identifier: Apache-2.0
// The breaker: its moves one by one, and every sequence of events up to a length, against what must
// hold after each.
#include "../test.h"

#include "vector/breaker.h"

enum { SECOND_US = 1000000, LONGEST = 7 };

static void fail_quickly(struct breaker *breaker, int64_t now_us)
{
    breaker_failed(breaker, now_us - 1000, now_us, 0);
}

// As after failures at the given time, all of no jitter.
static struct breaker open_at(int64_t now_us)
{
    struct breaker breaker = {0};
    for (int i = 0; i < BREAKER_FAILURES_MAX; i++)
        fail_quickly(&breaker, now_us);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    return breaker;
}

static void some_failures_in_a_row_open_it(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    for (int i = 1; i <= BREAKER_FAILURES_MAX; i++) {
        assert_int_equal(breaker_ask(&breaker, SECOND_US), BREAKER_PASS);
        fail_quickly(&breaker, SECOND_US);
    }
    assert_int_equal(breaker_ask(&breaker, SECOND_US), BREAKER_REFUSE);
    assert_true(breaker.since_us == SECOND_US);
    assert_int_equal(breaker_wait_ms(&breaker, SECOND_US), BREAKER_PAUSE_MS);
}

static void an_answer_in_between_begins_the_row_anew(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    for (int i = 0; i < 20; i++) {
        fail_quickly(&breaker, (i + 1) * SECOND_US);
        if (i % (BREAKER_FAILURES_MAX - 1) == BREAKER_FAILURES_MAX - 2)
            breaker_answered(&breaker, (i + 1) * SECOND_US);
        assert_int_equal(breaker.state, BREAKER_CLOSED);
    }
}

static void one_that_kept_somebody_waiting_opens_it(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    breaker_failed(&breaker, SECOND_US, SECOND_US + (BREAKER_SILENT_MS - 1) * 1000, 0);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    breaker_failed(&breaker, 9 * SECOND_US, 9 * SECOND_US + 1000, 0); // together
    assert_int_equal(breaker.state, BREAKER_OPEN);
    breaker = (struct breaker){0};
    breaker_failed(&breaker, SECOND_US, SECOND_US + 30 * SECOND_US, 0);
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

// A slow request says nothing about a server that has answered others since.
static void others_that_were_answered_speak_for_it(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    for (int i = 1; i < 20; i++) {
        breaker_answered(&breaker, i * SECOND_US + 5);
        breaker_failed(&breaker, i * SECOND_US, i * SECOND_US + 10 * SECOND_US, 0);
        assert_int_equal(breaker.state, BREAKER_CLOSED);
    }
}

static void one_tries_and_the_others_are_refused(void **state)
{
    (void)state;
    struct breaker breaker = open_at(SECOND_US);
    int64_t due_us = breaker.next_us;
    assert_int_equal(breaker_ask(&breaker, due_us - 1), BREAKER_REFUSE);
    assert_int_equal(breaker_ask(&breaker, due_us), BREAKER_TRY);
    for (int i = 0; i < 100; i++)
        assert_int_equal(breaker_ask(&breaker, due_us + i), BREAKER_REFUSE);
    breaker_tried(&breaker, true, due_us + 200, 0);
    assert_int_equal(breaker_ask(&breaker, due_us + 200), BREAKER_PASS);
}

// However long it is out, whoever comes after it is well again need not come twice within a second.
static void pauses_stay_short(void **state)
{
    (void)state;
    struct breaker breaker = open_at(SECOND_US);
    int64_t now_us = SECOND_US;
    for (int i = 0; i < 40; i++) {
        assert_int_equal(breaker_wait_ms(&breaker, now_us), BREAKER_PAUSE_MS);
        now_us = breaker.next_us;
        assert_int_equal(breaker_ask(&breaker, now_us), BREAKER_TRY);
        breaker_tried(&breaker, false, now_us, 0);
        assert_true(breaker.since_us == SECOND_US);
    }
    assert_true(BREAKER_PAUSE_MS * 3 / 2 < 500 && BREAKER_TRIAL_MS < 1000);
}

static void chance_adds_up_to_a_half(void **state)
{
    (void)state;
    unsigned least = UINT32_MAX, most = 0;
    for (unsigned chance = 0; chance < 1024; chance++) {
        struct breaker breaker = {.state = BREAKER_TRYING, .since_us = 1, .next_us = 2};
        breaker_tried(&breaker, false, SECOND_US, chance);
        unsigned wait_ms = breaker_wait_ms(&breaker, SECOND_US);
        least = wait_ms < least ? wait_ms : least;
        most = wait_ms > most ? wait_ms : most;
    }
    assert_int_equal(least, BREAKER_PAUSE_MS);
    assert_in_range(most, BREAKER_PAUSE_MS * 14 / 10, BREAKER_PAUSE_MS * 3 / 2);
}

// It answers trials and nothing else: it is not trusted more each time.
static void a_server_that_answers_trials_only(void **state)
{
    (void)state;
    struct breaker breaker = open_at(SECOND_US);
    int64_t now_us = SECOND_US;
    for (int i = 0; i < 6; i++) {
        now_us = breaker.next_us;
        assert_int_equal(breaker_ask(&breaker, now_us), BREAKER_TRY);
        breaker_tried(&breaker, true, now_us, 0);
        assert_int_equal(breaker_ask(&breaker, now_us), BREAKER_PASS);
        breaker_failed(&breaker, now_us, now_us + 3 * SECOND_US, 0);
        now_us += 3 * SECOND_US;
    }
    assert_int_equal(breaker_wait_ms(&breaker, now_us), BREAKER_PAUSE_MS_MAX);
    breaker_answered(&breaker, now_us);
    breaker_failed(&breaker, now_us, now_us + 3 * SECOND_US, 0);
    assert_int_equal(breaker_wait_ms(&breaker, now_us + 3 * SECOND_US), BREAKER_PAUSE_MS);
}

// Whoever tried it has told that he did not wait longer; it was answered all the same.
static void a_late_answer_to_a_trial_closes_it(void **state)
{
    (void)state;
    struct breaker breaker = open_at(SECOND_US);
    assert_int_equal(breaker_ask(&breaker, breaker.next_us), BREAKER_TRY);
    breaker_tried(&breaker, false, breaker.next_us, 0);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    breaker_tried(&breaker, true, breaker.next_us, 0);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void a_trial_that_is_never_told_is_lost(void **state)
{
    (void)state;
    struct breaker breaker = open_at(SECOND_US);
    int64_t began_us = breaker.next_us, lost_us = began_us + BREAKER_TRIAL_MS * 1000;
    assert_int_equal(breaker_ask(&breaker, began_us), BREAKER_TRY);
    assert_int_equal(breaker_ask(&breaker, lost_us - 1), BREAKER_REFUSE);
    assert_int_equal(breaker_ask(&breaker, lost_us), BREAKER_TRY);
}

static void an_answer_closes_it_from_anywhere(void **state)
{
    (void)state;
    for (int trying = 0; trying <= 1; trying++) {
        struct breaker breaker = open_at(SECOND_US);
        if (trying)
            assert_int_equal(breaker_ask(&breaker, breaker.next_us), BREAKER_TRY);
        breaker_answered(&breaker, breaker.next_us);
        assert_int_equal(breaker.state, BREAKER_CLOSED);
        breaker_tried(&breaker, false, 9 * SECOND_US, 0); // comes too late
        assert_int_equal(breaker.state, BREAKER_CLOSED);
    }
}

// --- every sequence -----------------------------------------------------------------------------

enum event {
    ASK,
    WAIT,
    ANSWERED,
    FAILED,
    FAILED_SLOWLY,
    STRAGGLED,
    TRIED_WELL,
    TRIED_IN_VAIN,
    EVENTS
};

struct model {
    struct breaker breaker;
    int64_t now_us;
    int64_t told_us; // when somebody was last told to try it; 0: nobody is trying
    unsigned fails_in_a_row;
};

static const char *ask(struct model *model)
{
    struct breaker before = model->breaker;
    enum breaker_word word = breaker_ask(&model->breaker, model->now_us);
    if ((word == BREAKER_PASS) != (before.state == BREAKER_CLOSED))
        return "who passes does so through a closed breaker";
    if (word == BREAKER_TRY && model->told_us != 0 &&
        model->now_us < model->told_us + BREAKER_TRIAL_MS * 1000)
        return "two try it at once";
    if (word == BREAKER_TRY && model->now_us < before.next_us)
        return "it is tried too soon";
    if (word == BREAKER_REFUSE && model->now_us >= before.next_us)
        return "it is refused though it may be tried";
    if (word == BREAKER_TRY)
        model->told_us = model->now_us;
    return NULL;
}

static const char *happen(struct model *model, enum event event)
{
    struct breaker *breaker = &model->breaker;
    bool was_closed = breaker->state == BREAKER_CLOSED;
    int64_t now_us = model->now_us += 1000;
    switch (event) {
    case ASK: return ask(model);
    case WAIT: model->now_us += 4 * SECOND_US; return NULL;
    case ANSWERED:
        breaker_answered(breaker, now_us);
        model->told_us = 0;
        model->fails_in_a_row = 0;
        return breaker->state == BREAKER_CLOSED ? NULL : "an answer did not close it";
    case FAILED:
        breaker_failed(breaker, now_us - 1, now_us, 77);
        model->fails_in_a_row += was_closed;
        if (was_closed && model->fails_in_a_row == 1 && breaker->failures == 1 &&
            breaker->state != BREAKER_CLOSED)
            return "one quick failure opened it";
        return was_closed || breaker->state != BREAKER_CLOSED ? NULL : "a failure closed it";
    case FAILED_SLOWLY:
        breaker_failed(breaker, now_us - 1, model->now_us += 3 * SECOND_US, 77);
        return breaker->state != BREAKER_CLOSED ? NULL : "a long silence did not open it";
    case STRAGGLED:
        breaker_failed(breaker, 0, now_us, 77);
        return !was_closed || breaker->answered_us == 0 || breaker->state == BREAKER_CLOSED
                   ? NULL
                   : "a request that others overtook opened it";
    case TRIED_WELL:
    case TRIED_IN_VAIN:
        breaker_tried(breaker, event == TRIED_WELL, now_us, 77);
        model->told_us = 0;
        if (event == TRIED_WELL && breaker->state != BREAKER_CLOSED)
            return "a trial was answered, and it is not closed";
        return breaker->state == BREAKER_TRYING ? "a trial was told, and goes on" : NULL;
    case EVENTS: break;
    }
    return "there is no such event";
}

static void every_sequence_keeps_the_rules(void **state)
{
    (void)state;
    unsigned long sequences = 1;
    for (int i = 0; i < LONGEST; i++)
        sequences *= EVENTS;
    for (unsigned long number = 0; number < sequences; number++) {
        struct model model = {.now_us = SECOND_US};
        unsigned long rest = number;
        for (int i = 0; i < LONGEST; i++, rest /= EVENTS) {
            const char *broken = happen(&model, (enum event)(rest % EVENTS));
            if (!broken)
                broken = breaker_check(&model.breaker);
            if (!broken && breaker_wait_ms(&model.breaker, model.now_us) >
                               BREAKER_TRIAL_MS + BREAKER_PAUSE_MS_MAX * 3 / 2)
                broken = "it waits for too long";
            if (broken)
                fail_msg("sequence %lu, event %d: %s", number, i, broken);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_failures_in_a_row_open_it),
        cmocka_unit_test(an_answer_in_between_begins_the_row_anew),
        cmocka_unit_test(one_that_kept_somebody_waiting_opens_it),
        cmocka_unit_test(others_that_were_answered_speak_for_it),
        cmocka_unit_test(one_tries_and_the_others_are_refused),
        cmocka_unit_test(pauses_stay_short),
        cmocka_unit_test(chance_adds_up_to_a_half),
        cmocka_unit_test(a_server_that_answers_trials_only),
        cmocka_unit_test(a_late_answer_to_a_trial_closes_it),
        cmocka_unit_test(a_trial_that_is_never_told_is_lost),
        cmocka_unit_test(an_answer_closes_it_from_anywhere),
        cmocka_unit_test(every_sequence_keeps_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
