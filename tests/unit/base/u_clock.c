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
        {"9999-12-31T23:59:59.999999Z", true, INT64_C(253402300799999999)},
        {"10000-01-01", true, INT64_C(253402300800000000)},
        {"+10000-01-01", true, INT64_C(253402300800000000)},
        {"+002000-01-01", true, INT64_C(946684800000000)},
        {"02000-01-01", false, 0}, // more likely a slip than a year
        {"0000-12-31 23:59:59.999999", true, INT64_C(-62135596800000001)},
        {"0001-12-31 23:59:59.999999 BC", true, INT64_C(-62135596800000001)},
        {"-0043-03-15T12:00:00Z", true, INT64_C(-63517780800000000)},
        {"0044-03-15 12:00:00 BC", true, INT64_C(-63517780800000000)},
        {"0044-03-15 13:00:00+01 BC", true, INT64_C(-63517780800000000)},
        {"4714-11-24 BC", true, INT64_C(-210866803200000000)},
        {"-4713-11-24", true, INT64_C(-210866803200000000)},
        {"0000-01-01 BC", false, 0}, // there is no such year
        {"-0044-03-15 BC", false, 0},
        {"0044-03-15 AD", false, 0},
        {"-043-03-15", false, 0},
        {" BC", false, 0},
        {"infinity", true, CLOCK_INFINITY},
        {"-infinity", true, CLOCK_MINUS_INFINITY},
        {"+infinity", false, 0},
        {"Infinity", false, 0},
        {"294247-01-10T04:00:54.775806Z", true, INT64_MAX - 1},
        {"294247-01-10T04:00:54.775807Z", false, 0}, // it would be infinity
        {"294276-12-31", false, 0},
        {"999999-12-31", false, 0},
        {"1000000-01-01", false, 0},
        {"-290308-12-21T19:59:05.224194Z", true, INT64_MIN + 2},
        {"-290308-12-21T19:59:05.224193Z", false, 0},
        {"-290308-12-21T19:59:05.224192Z", false, 0},
        {"-290308-12-21T19:59:05.224194+00:01", false, 0},
        {"-999999-01-01", false, 0},
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
    static const int64_t values[] = {0,
                                     -1,
                                     1,
                                     INT64_C(1795419881123456),
                                     -62135596800000000,
                                     -62135596800000001,
                                     -62167219200000001, // the year -1
                                     INT64_C(253402300799999999),
                                     INT64_C(253402300800000000),
                                     CLOCK_INFINITY,
                                     CLOCK_INFINITY - 1,
                                     CLOCK_MINUS_INFINITY,
                                     CLOCK_MINUS_INFINITY + 1};
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
    clock_format_rfc3339(INT64_C(-63517780800000000), text);
    assert_string_equal(text, "-0043-03-15T12:00:00.000000Z");
    clock_format_rfc3339(INT64_C(317349792000000000), text);
    assert_string_equal(text, "12026-06-01T00:00:00.000000Z");
    clock_format_rfc3339(INT64_MIN, text); // must fit
    clock_format_rfc3339(CLOCK_INFINITY, text);
    assert_string_equal(text, "infinity");
    clock_format_rfc3339(CLOCK_MINUS_INFINITY, text);
    assert_string_equal(text, "-infinity");
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
