// SPDX-License-Identifier: Apache-2.0
#include "../test.h"

#include "base/nearest.h"

static void utf8_errors(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length, error_at;
    } rows[] = {
        {"", 0, 0},
        {"plain", 5, 5},
        {"\xc3\xa9", 2, 2},
        {"\xf0\x9f\x8c\xb3", 4, 4},
        {"a\0b", 3, 3},             // NUL is a character
        {"ab\xff", 3, 2},           // never a first byte
        {"\xc0\xaf", 2, 0},         // overlong "/"
        {"\xe0\x80\xaf", 3, 0},     // overlong in three bytes
        {"\xed\xa0\x80", 3, 0},     // a surrogate
        {"\xf4\x90\x80\x80", 4, 0}, // above U+10FFFF
        {"ok\xe2\x82", 4, 2},       // cut
        {"\x80", 1, 0},             // a continuation alone
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(text_utf8_error((struct text){rows[i].bytes, rows[i].length}),
                         rows[i].error_at);
}

static void counting(void **state)
{
    (void)state;
    assert_int_equal(text_characters(text_of("na\xc3\xafve \xf0\x9f\x8c\xb3")), 7);
    assert_int_equal(text_words(text_of("")), 0);
    assert_int_equal(text_words(text_of("  one\ttwo\nthree  ")), 3);
}

static void splitting(void **state)
{
    (void)state;
    struct text rest = text_of("a,,b"), part;
    assert_true(text_split(&rest, ',', &part) && text_equal(part, text_of("a")));
    assert_true(text_split(&rest, ',', &part) && part.length == 0);
    assert_true(text_split(&rest, ',', &part) && text_equal(part, text_of("b")));
    assert_false(text_split(&rest, ',', &part));
    assert_true(text_equal(text_trim(text_of(" \t x y\n")), text_of("x y")));
    assert_true(text_starts_with(text_of("grove"), "gro"));
    assert_false(text_starts_with(text_of("gr"), "gro"));
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"+5", true, 5},
        {"", false, 0},
        {"-", false, 0},
        {" 5", false, 0},
        {"5 ", false, 0},
        {"0x10", false, 0},
        {"1e3", false, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t value = 42;
        assert_int_equal(text_to_int64(text_of(rows[i].text), &value), rows[i].good);
        assert_true(value == (rows[i].good ? rows[i].value : 42));
    }
    double number = 0;
    assert_true(text_to_double(text_of("-0.25"), &number) && number < -0.24 && number > -0.26);
    assert_false(text_to_double(text_of("0,25"), &number));
    assert_false(text_to_double(text_of("abc"), &number));
}

static void nearness(void **state)
{
    (void)state;
    assert_int_equal(nearest_distance(text_of("religion"), text_of("religion")), 0);
    assert_int_equal(nearest_distance(text_of("Religion"), text_of("religion")), 0);
    assert_int_equal(nearest_distance(text_of("relgion"), text_of("religion")), 1);
    assert_int_equal(nearest_distance(text_of("reilgion"), text_of("religion")), 1); // a swap
    assert_int_equal(nearest_distance(text_of(""), text_of("abc")), 3);
    struct text names[] = {text_of("subject1"), text_of("science"), text_of("religion")};
    nearest_sort(text_of("religon"), names, ARRAY_COUNT(names));
    assert_true(text_equal(names[0], text_of("religion")));
}

static void equal_in_either_case(void **state)
{
    (void)state;
    assert_true(text_equal_caseless(text_of("LocalHost"), text_of("lOCALhOST")));
    assert_true(text_equal_caseless(text_of(""), text_of("")));
    assert_false(text_equal_caseless(text_of("local"), text_of("localhost")));
    assert_false(text_equal_caseless(text_of("@"), text_of("`")));
    assert_false(
        text_equal_caseless(text_of("\xc3\x84"), text_of("\xc3\xa4"))); // no letter of ASCII
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_errors), cmocka_unit_test(counting),
        cmocka_unit_test(splitting),   cmocka_unit_test(equal_in_either_case),
        cmocka_unit_test(numbers),     cmocka_unit_test(nearness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
