// SPDX-License-Identifier: Apache-2.0
// What a progress line says, and how much of it where there is little room.
#include "../test.h"

#include "cli/progress.h"

static struct terminal terminal;

static void every_width_has_what_matters_most(void **state)
{
    (void)state;
    const struct progress_state now = {.rows = 1234567, .fraction = 0.421, .seconds = 100};
    struct progress progress;
    progress_init(&progress, &terminal);
    for (unsigned width = 19; width <= 120; width++) {
        struct strbuf line;
        strbuf_init(&line, 1000);
        progress_add_facts(&line, &progress, &now, width);
        assert_true(display_width(strbuf_text(&line)) <= width);
        assert_non_null(strstr(line.data, "42 %"));
        assert_int_equal(strstr(line.data, "left") != NULL, width >= 22);
        assert_int_equal(strstr(line.data, "1,234,567 rows") != NULL, width >= 38);
        assert_int_equal(strstr(line.data, "12,346 rows/s") != NULL, width >= 53);
        assert_true(line.length == 0 || line.data[line.length - 1] != ' ');
        strbuf_release(&line);
    }
}

static void update(struct progress *progress, double seconds, double fraction)
{
    progress_update(progress, &(struct progress_state){.seconds = seconds, .fraction = fraction});
}

static double left(const struct progress *progress, double seconds, double fraction)
{
    return progress_seconds_left(
        progress, &(struct progress_state){.seconds = seconds, .fraction = fraction});
}

static void the_time_left_goes_by_how_fast_it_is_now(void **state)
{
    (void)state;
    struct progress progress;
    progress_init(&progress, &terminal);
    progress.drawn_us = INT64_MAX / 2;          // nothing is drawn
    assert_true(left(&progress, 0.5, 0.1) < 0); // nobody knows yet
    assert_true(left(&progress, 5, 0) < 0);
    assert_true(left(&progress, 2, 0.5) == 2);
    // The first half was there already and took 5 s. From then on it is 1 % a second.
    update(&progress, 5, 0.5);
    for (int s = 6; s <= 40; s++)
        update(&progress, s, 0.5 + 0.01 * (s - 5));
    double seconds = left(&progress, 40, 0.85);
    assert_true(seconds > 14.9 && seconds < 15.1);
    // It begins anew, as a second pass does.
    update(&progress, 41, 0);
    assert_true(left(&progress, 41, 0) < 0);
    seconds = left(&progress, 51, 0.1);
    assert_true(seconds > 89 && seconds < 91);
}

int main(void)
{
    terminal_init(&terminal, stderr);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_has_what_matters_most),
        cmocka_unit_test(the_time_left_goes_by_how_fast_it_is_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
