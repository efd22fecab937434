// SPDX-License-Identifier: Apache-2.0
#include "content/date.h"

#include <assert.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/check.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(struct text text)
{
    size_t count = 0;
    while (count < text.length && is_digit(text.data[count]))
        count++;
    return count;
}

// Seconds have 9 to 11 digits from 1973 to 5138; thousandths and millionths three and six more.
static bool from_epoch(struct text text, char ret_text[static DATE_SIZE])
{
    static_assert((int)DATE_SIZE >= (int)CLOCK_RFC3339_SIZE, "a time fits");
    size_t digits = count_digits(text);
    int64_t units_per_us_inverse = digits <= 11 ? 1000000 : digits <= 14 ? 1000 : 1;
    int64_t number, micros = 0;
    if (digits < 9 || digits > 17 || !text_to_int64((struct text){text.data, digits}, &number))
        return false;
    struct text fraction = {text.data + digits, text.length - digits};
    if (fraction.length > 0) {
        if (fraction.data[0] != '.' || units_per_us_inverse != 1000000 ||
            count_digits((struct text){fraction.data + 1, fraction.length - 1}) !=
                fraction.length - 1)
            return false;
        int64_t scale = 100000;
        for (size_t i = 1; i < fraction.length; i++, scale /= 10)
            micros += (fraction.data[i] - '0') * scale;
    }
    clock_format_rfc3339(number * units_per_us_inverse + micros, ret_text);
    return true;
}

// 2024/03/05 and 20240305, and what follows the former.
static bool from_year_first(struct text text, char ret_text[static DATE_SIZE])
{
    const char *d = text.data;
    if (text.length == 8 && count_digits(text) == 8) {
        snprintf(ret_text, DATE_SIZE, "%.4s-%.2s-%.2s", d, d + 4, d + 6);
        return true;
    }
    if (text.length < 10 || text.length >= DATE_SIZE || d[4] != '/' || d[7] != '/')
        return false;
    snprintf(ret_text, DATE_SIZE, "%.4s-%.2s-%.*s", d, d + 5, (int)(text.length - 8), d + 8);
    return true;
}

// --- with the name of a month --------------------------------------------------------------------

struct parts {
    unsigned day, month, year; // 0: not met yet
    struct text time;
    char zone[8]; // "", "Z", "+01:00"
};

// 1 to `count`; 0: it is none of these. Three letters do, or the whole name.
static unsigned find_name(struct text word, const char *const *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct text name = text_of(names[i]);
        if (text_equal_caseless(word, name) ||
            text_equal_caseless(word, (struct text){name.data, 3}))
            return i + 1;
    }
    return 0;
}

static bool take_zone(struct text word, struct parts *parts)
{
    if (parts->zone[0])
        return false;
    if (text_equal(word, text_of("GMT")) || text_equal(word, text_of("UTC")) ||
        text_equal(word, text_of("Z"))) {
        snprintf(parts->zone, sizeof parts->zone, "Z");
        return true;
    }
    bool sign = word.data[0] == '+' || word.data[0] == '-';
    if (!sign || word.length != 5 ||
        count_digits((struct text){word.data + 1, word.length - 1}) != 4)
        return false;
    snprintf(parts->zone, sizeof parts->zone, "%.3s:%.2s", word.data, word.data + 3);
    return true;
}

static bool take_number(struct text word, struct parts *parts)
{
    static const char *const endings[] = {"", "st", "nd", "rd", "th"};
    size_t digits = count_digits(word);
    struct text ending = {word.data + digits, word.length - digits};
    int64_t number;
    bool known = false;
    for (size_t i = 0; i < ARRAY_COUNT(endings); i++)
        known = known || text_equal(ending, text_of(endings[i]));
    if (!known || !text_to_int64((struct text){word.data, digits}, &number) || number == 0)
        return false;
    if (digits == 4 && ending.length == 0 && parts->year == 0) {
        parts->year = (unsigned)number;
        return true;
    }
    if (digits > 2 || parts->day != 0)
        return false;
    parts->day = (unsigned)number;
    return true;
}

static bool take_word(struct text word, struct parts *parts)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    static const char *const weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                           "Friday", "Saturday", "Sunday"};
    CHECK(word.length > 0);
    if (memchr(word.data, ':', word.length)) {
        bool first = !parts->time.data;
        parts->time = word;
        return first && is_digit(word.data[0]) && word.length < 16;
    }
    if (is_digit(word.data[0]))
        return take_number(word, parts);
    unsigned month = find_name(word, months, ARRAY_COUNT(months));
    if (month > 0 && parts->month == 0) {
        parts->month = month;
        return true;
    }
    return find_name(word, weekdays, ARRAY_COUNT(weekdays)) > 0 || take_zone(word, parts);
}

static bool is_between(const char *at)
{
    return *at == ' ' || *at == ',' || *at == '.';
}

// A hyphen parts the words of a date; before digits that follow a space it is an offset's sign.
static struct text take_next(struct text *rest)
{
    size_t start = 0;
    while (start < rest->length && is_between(rest->data + start))
        start++;
    size_t end = start + (start < rest->length);
    while (end < rest->length && !is_between(rest->data + end) && rest->data[end] != '-')
        end++;
    struct text word = {rest->data + start, end - start};
    end += end < rest->length && rest->data[end] == '-';
    *rest = (struct text){rest->data + end, rest->length - end};
    return word;
}

static bool from_named_month(struct text text, char ret_text[static DATE_SIZE])
{
    struct parts parts = {0};
    struct text word;
    while ((word = take_next(&text)).length > 0)
        if (!take_word(word, &parts))
            return false;
    if (parts.day == 0 || parts.month == 0 || parts.year == 0 ||
        (parts.zone[0] && !parts.time.data))
        return false;
    const char *zero = parts.time.length > 1 && parts.time.data[1] == ':' ? "0" : "";
    snprintf(ret_text, DATE_SIZE, "%04u-%02u-%02u%s%s%.*s%s", parts.year, parts.month, parts.day,
             parts.time.data ? "T" : "", zero, TEXT_ARGS(parts.time), parts.zone);
    return true;
}

bool date_normalise(struct text text, char ret_text[static DATE_SIZE])
{
    int64_t timestamp_us;
    char other[DATE_SIZE];
    text = text_trim(text);
    if (text.length == 0 || text.length >= DATE_SIZE)
        return false;
    if (clock_parse_timestamp(text, &timestamp_us)) {
        snprintf(ret_text, DATE_SIZE, "%.*s", TEXT_ARGS(text));
        return true;
    }
    if (!from_year_first(text, other) && !from_epoch(text, other) && !from_named_month(text, other))
        return false;
    if (!clock_parse_timestamp(text_of(other), &timestamp_us)) // no such day
        return false;
    memcpy(ret_text, other, DATE_SIZE);
    return true;
}
