// SPDX-License-Identifier: Apache-2.0
#include "../test.h"

#include "base/clock.h"

#define DAY_US INT64_C(86400000000)

static void timestamps(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {
        {"1970-01-01", true, 0},
        {"1970-01-02T00:00:00Z", true, DAY_US},
        {"2000-02-29", true, INT64_C(951782400000000)},
        {"1969-12-31 23:59:59.999999", true, -1},
        {"2026-11-23T08:44:41.5+01:00", true, INT64_C(1795419881500000)},
        {"2023-02-29", false, 0}, // no leap year
        {"2026-13-01", false, 0},
        {"2026-1-1", false, 0},
        {"2026-11-23T24:00", false, 0},
        {"2026-11-23T08:44:60", false, 0},
        {"2026-11-23x", false, 0},
        {"", false, 0},
        {"yesterday", false, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t value = 0;
        if (clock_parse_timestamp(text_of(rows[i].text), &value) != rows[i].good)
            fail_msg("\"%s\"", rows[i].text);
        if (rows[i].good)
            assert_true(value == rows[i].value);
    }
}

static void round_trip(void **state)
{
    (void)state;
    static const int64_t values[] = {0, -1, 1, INT64_C(1795419881123456), -62135596800000000};
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        char text[CLOCK_RFC3339_SIZE];
        int64_t back;
        clock_format_rfc3339(values[i], text);
        assert_true(clock_parse_timestamp(text_of(text), &back));
        assert_true(back == values[i]);
    }
    char text[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(INT64_C(1795419881123456), text);
    assert_string_equal(text, "2026-11-23T07:44:41.123456Z");
    clock_format_rfc3339(INT64_MIN, text); // must fit
    clock_format_rfc3339(INT64_MAX, text);
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {
        {"90d", true, 90 * DAY_US},
        {"1w2d", true, 9 * DAY_US},
        {"12h", true, DAY_US / 2},
        {"45s", true, 45000000},
        {"1y", true, 365 * DAY_US},
        {"0d", true, 0},
        {"90", false, 0},
        {"d", false, 0},
        {"", false, 0},
        {"-1d", false, 0},
        {"1x", false, 0},
        {"1001y", false, 0},
        {"99999999999999999999d", false, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t value = 0;
        if (clock_parse_duration(text_of(rows[i].text), &value) != rows[i].good)
            fail_msg("\"%s\"", rows[i].text);
        if (rows[i].good)
            assert_true(value == rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
