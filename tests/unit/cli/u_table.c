// SPDX-License-Identifier: Apache-2.0
//
// Tables, and text as it looks on a terminal.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "base/clock.h"
#include "cli/format.h"
#include "cli/table.h"

enum { OUTPUT_MAX = 1 << 20 };

static const struct table_column columns[] = {
    {"SCORE", .right = true}, {"TITLE", .width_min = 10},
    {"TYPE", .width_min = 6}, {"WORDS", .right = true, .drop = 1},
    {"CREATED", .drop = 2},
};

static void fill(struct table *table)
{
    static const char *const titles[] = {
        "Short", "A title that is rather longer than any terminal of eighty columns would like it",
        "四聖諦についての教えの解説とその現代的な意味を考える", "e\xcc\x81toile"};
    table_init(table, columns, ARRAY_COUNT(columns));
    table->note_column = 1;
    for (size_t i = 0; i < ARRAY_COUNT(titles); i++) {
        table_addf(table, "%.4f", 0.25 * (double)i);
        table_add(table, titles[i]);
        table_add(table, "Doctrine");
        table_add(table, "1,234");
        table_add(table, "2026-11-23");
        table_note(table, STYLE_DIM, 2,
                   "one two three four five six seven eight nine ten "
                   "eleven twelve thirteen fourteen fifteen sixteen");
    }
}

static void print_at(unsigned width, bool is_terminal, struct strbuf *out)
{
    struct table table;
    struct terminal terminal = {.is_terminal = is_terminal, .width = width};
    fill(&table);
    table_print(&table, &terminal, out);
    table_release(&table);
    assert_false(out->failed);
}

static void fits_every_width(void **state)
{
    (void)state;
    for (unsigned width = 30; width <= 200; width++) {
        struct strbuf out;
        struct text rest, line;
        size_t lines = 0;
        strbuf_init(&out, OUTPUT_MAX);
        print_at(width, true, &out);
        rest = strbuf_text(&out);
        for (; text_split(&rest, '\n', &line); lines++)
            assert_true(display_width(line) <= width);
        // A title line, four rows, one or two lines of each note, nothing after the last "\n".
        assert_in_range(lines, 10, 14);
        strbuf_release(&out);
    }
}

static void drops_the_least_important_first(void **state)
{
    static const struct {
        unsigned width;
        bool words, created;
    } cases[] = {
        {80, true, true},   {45, true, true},  // all minima: 6 + 10 + 6 + 5 + 10 and four gaps of 2
        {44, true, false},  {33, true, false}, // 6 + 10 + 6 + 5 and three gaps
        {32, false, false}, {28, false, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct strbuf out;
        strbuf_init(&out, OUTPUT_MAX);
        print_at(cases[i].width, true, &out);
        assert_int_equal(strstr(out.data, "WORDS") != NULL, cases[i].words);
        assert_int_equal(strstr(out.data, "CREATED") != NULL, cases[i].created);
        assert_non_null(strstr(out.data, "TITLE"));
        assert_non_null(strstr(out.data, "…"));
        strbuf_release(&out);
    }
}

static void cuts_nothing_in_a_pipe(void **state)
{
    struct strbuf out;
    (void)state;
    strbuf_init(&out, OUTPUT_MAX);
    print_at(60, false, &out);
    assert_null(strstr(out.data, "…"));
    assert_null(strchr(out.data, '\t'));
    assert_null(strchr(out.data, '\033'));
    assert_non_null(strstr(out.data, "any terminal of eighty columns would like it"));
    assert_non_null(strstr(out.data, "CREATED"));
    assert_non_null(strstr(out.data, "sixteen"));
    strbuf_release(&out);
}

static void aligns(void **state)
{
    static const struct table_column two[] = {{"N", .right = true}, {"NAME"}};
    struct terminal terminal = {.width = 120};
    struct table table;
    struct strbuf out;
    (void)state;
    table_init(&table, two, 2);
    table.note_column = 1;
    table_add(&table, "1");
    table_add(&table, "a");
    table_note(&table, STYLE_PLAIN, 0, "below\n the  name");
    table_add(&table, "100");
    table_add(&table, NULL);
    strbuf_init(&out, OUTPUT_MAX);
    table_print(&table, &terminal, &out);
    assert_string_equal(out.data, "  N  NAME\n"
                                  "  1  a\n"
                                  "     below the name\n"
                                  "100  -\n");
    strbuf_release(&out);
    table_release(&table);
}

static void prints_nothing_without_rows(void **state)
{
    struct terminal terminal = {.width = 80};
    struct table table;
    struct strbuf out;
    (void)state;
    table_init(&table, columns, ARRAY_COUNT(columns));
    strbuf_init(&out, OUTPUT_MAX);
    table_print(&table, &terminal, &out);
    assert_string_equal(out.data, "");
    strbuf_release(&out);
    table_release(&table);
}

static void makes_text_safe(void **state)
{
    static const struct {
        const char *text, *safe;
    } cases[] = {
        {"plain é 四 👍", "plain é 四 👍"},
        {"\033[31mred", "\\x1b[31mred"},
        {"a\nb\tc\r", "a\\nb\\tc\\r"},
        {"del\x7f", "del\\x7f"},
        {"csi \xc2\x9b", "csi \\x9b"}, // U+009B: a terminal may take it for ESC [
        {"\xe2\x80\xae"
         "abc",
         "\\u{202e}abc"}, // would print the rest backwards
        {"\xe2\x80\xa8", "\\u{2028}"},
        {"bad \xff\xc3", "bad \\xff\\xc3"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, // a surrogate is not UTF-8
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct strbuf out;
        strbuf_init(&out, OUTPUT_MAX);
        display_add_safe(&out, text_of(cases[i].text));
        assert_string_equal(out.data, cases[i].safe);
        strbuf_release(&out);
    }
}

static void makes_json_safe(void **state)
{
    struct strbuf out;
    (void)state;
    strbuf_init(&out, OUTPUT_MAX);
    display_add_json(&out, text_of("{\"a\":\"\xc2\x9bx\x7f é … \xe2\x80\xae\"}"));
    assert_string_equal(out.data, "{\"a\":\"\\u009bx\\u007f é … \\u202e\"}");
    strbuf_release(&out);
}

static void wraps(void **state)
{
    static const struct {
        const char *text;
        unsigned width;
        const char *lines[4];
    } cases[] = {
        {"one two three", 7, {"one two", "three"}},
        {"one two three", 100, {"one two three"}},
        {"  one   two ", 3, {"one", "two"}},
        {"abcdefghij kl", 4, {"abcd", "efgh", "ij", "kl"}},
        {"四聖諦", 4, {"四聖", "諦"}},
        {"四", 1, {"四"}}, // wider than a line: it must end all the same
        {"", 5, {NULL}},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct text rest = text_of(cases[i].text);
        size_t count = 0;
        for (; rest.length > 0 && count < 4; count++) {
            struct text line = display_wrap(&rest, cases[i].width);
            assert_non_null(cases[i].lines[count]);
            assert_true(text_equal(line, text_of(cases[i].lines[count])));
        }
        assert_int_equal(rest.length, 0);
        assert_true(count == 4 || cases[i].lines[count] == NULL);
    }
}

// Each line fits, but for words that no line has room for; joined it is the text again.
static void flows(void **state)
{
    static const char text[] = "one two three /a/path/that/is/longer/than/the/terminal four five";
    (void)state;
    for (unsigned width = 20; width < 90; width++) {
        struct terminal terminal = {.width = width, .is_terminal = true};
        struct strbuf out, joined;
        strbuf_init(&out, 4096);
        strbuf_init(&joined, 4096);
        display_add_flowing(&out, &terminal, text_of(text), 12, 12);
        struct text rest = strbuf_text(&out), line;
        for (bool first = true; text_split(&rest, '\n', &line) && rest.data; first = false) {
            struct text words = text_trim(line);
            assert_true(display_width(line) + (first ? 12 : 0) <= width ||
                        !memchr(words.data, ' ', words.length));
            strbuf_add(&joined, first ? "" : " ");
            strbuf_add_text(&joined, words);
        }
        assert_string_equal(joined.data, text);
        strbuf_release(&joined);
        strbuf_release(&out);
    }
    struct terminal pipe = {.width = 20};
    struct strbuf out;
    strbuf_init(&out, 4096);
    display_add_flowing(&out, &pipe, text_of(text), 12, 12);
    assert_int_equal(out.length, sizeof text);
    strbuf_release(&out);
}

static void formats_dates(void **state)
{
    static const struct {
        const char *time, *date;
    } cases[] = {
        {"2026-11-23T08:44Z", "2026-11-23"},
        {"0001-01-01", "0001-01-01"},
        {"0000-12-31", "0001-12-31 BC"},
        {"-0043-03-15", "0044-03-15 BC"},
        {"0044-03-15 BC", "0044-03-15 BC"},
        {"12026-01-02", "12026-01-02"},
        {"infinity", "infinity"},
        {"-infinity", "-infinity"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct strbuf out;
        int64_t time_us;
        strbuf_init(&out, 64);
        assert_true(clock_parse_timestamp(text_of(cases[i].time), &time_us));
        format_date(&out, time_us);
        assert_string_equal(out.data, cases[i].date);
        strbuf_release(&out);
    }
}

static void formats_numbers(void **state)
{
    static const struct {
        int64_t count;
        const char *text;
    } counts[] = {{0, "0"},
                  {999, "999"},
                  {1000, "1,000"},
                  {-123456, "-123,456"},
                  {1234567890, "1,234,567,890"}};
    static const struct {
        double seconds;
        const char *text;
    } times[] = {
        {0.0042, "4.2 ms"},    {0.25, "250 ms"},    {0.9996, "1.0 s"}, {59.96, "1 min 0 s"},
        {3599.7, "1 h 0 min"}, {7260, "2 h 1 min"}, {-1, "?"}};
    struct strbuf out;
    (void)state;
    strbuf_init(&out, OUTPUT_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        strbuf_clear(&out);
        format_count(&out, counts[i].count);
        assert_string_equal(out.data, counts[i].text);
    }
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        strbuf_clear(&out);
        format_seconds(&out, times[i].seconds);
        assert_string_equal(out.data, times[i].text);
    }
    strbuf_release(&out);
}

static void quotes_for_the_shell(void **state)
{
    static const struct {
        const char *word, *quoted;
    } cases[] = {
        {"religion/Christianity", "religion/Christianity"},
        {"two words", "\"two words\""},
        {"", "\"\""},
        {"it's", "\"it's\""},
        {"a\\/b", "'a\\/b'"},
        {"$(rm) 'x'", "'$(rm) '\\''x'\\'''"},
        {"a\nb", "$'a\\x0ab'"},
    };
    struct strbuf out;
    (void)state;
    strbuf_init(&out, OUTPUT_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        strbuf_clear(&out);
        format_shell_word(&out, cases[i].word);
        assert_string_equal(out.data, cases[i].quoted);
    }
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_every_width),
        cmocka_unit_test(drops_the_least_important_first),
        cmocka_unit_test(cuts_nothing_in_a_pipe),
        cmocka_unit_test(aligns),
        cmocka_unit_test(prints_nothing_without_rows),
        cmocka_unit_test(makes_text_safe),
        cmocka_unit_test(makes_json_safe),
        cmocka_unit_test(wraps),
        cmocka_unit_test(flows),
        cmocka_unit_test(formats_dates),
        cmocka_unit_test(formats_numbers),
        cmocka_unit_test(quotes_for_the_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
