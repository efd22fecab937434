// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = 86400 * (int64_t)1000000;

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_now_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_thread_us(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void clock_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool clock_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_us)
{
    const struct timespec until = {.tv_sec = until_us / SECOND_US,
                                   .tv_nsec = until_us % SECOND_US * 1000};
    return pthread_cond_timedwait(condition, mutex, &until) == 0;
}

void clock_sleep_ms(unsigned milliseconds)
{
    struct timespec pause = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

// Days since 1970-01-01 of a day in the proleptic Gregorian calendar. Years are counted from
// March, so that the leap day is the last of its year; 719468 days lie between 0000-03-01 and
// 1970-01-01.
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned year_of_era = (unsigned)(year - era * 400);
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + (int64_t)day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned day_of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted_month = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    *ret_month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    *ret_year = (int64_t)year_of_era + era * 400 + (*ret_month <= 2);
}

void clock_format_rfc3339(int64_t timestamp_us, char ret_text[static CLOCK_RFC3339_SIZE])
{
    if (timestamp_us == CLOCK_INFINITY || timestamp_us == CLOCK_MINUS_INFINITY) {
        snprintf(ret_text, CLOCK_RFC3339_SIZE, "%sinfinity", timestamp_us < 0 ? "-" : "");
        return;
    }
    // Not timestamp - days * DAY_US, which overflows for the earliest times there are.
    int64_t within_us = timestamp_us % DAY_US;
    int64_t days = timestamp_us / DAY_US - (within_us < 0);
    within_us += within_us < 0 ? DAY_US : 0;
    int64_t year;
    unsigned month, day;
    civil_from_days(days, &year, &month, &day);
    unsigned seconds = (unsigned)(within_us / SECOND_US);
    snprintf(ret_text, CLOCK_RFC3339_SIZE, "%s%04lld-%02u-%02uT%02u:%02u:%02u.%06uZ",
             year < 0 ? "-" : "", (long long)(year < 0 ? -year : year), month, day, seconds / 3600,
             seconds / 60 % 60, seconds % 60, (unsigned)(within_us % SECOND_US));
}

// Takes exactly `digits` digits off the front.
static bool take_number(struct text *rest, size_t digits, unsigned *ret_number)
{
    if (rest->length < digits)
        return false;
    unsigned number = 0;
    for (size_t i = 0; i < digits; i++) {
        if (rest->data[i] < '0' || rest->data[i] > '9')
            return false;
        number = number * 10 + (unsigned)(rest->data[i] - '0');
    }
    *rest = (struct text){rest->data + digits, rest->length - digits};
    *ret_number = number;
    return true;
}

static bool take_char(struct text *rest, const char *accepted)
{
    if (rest->length == 0 || rest->data[0] == '\0' || !strchr(accepted, rest->data[0]))
        return false;
    *rest = (struct text){rest->data + 1, rest->length - 1};
    return true;
}

static bool take_year(struct text *rest, bool before_christ, int64_t *ret_year)
{
    unsigned number;
    size_t digits = 0;
    bool negative = rest->length > 0 && rest->data[0] == '-';
    bool sign = take_char(rest, "+-");
    while (digits < rest->length && rest->data[digits] >= '0' && rest->data[digits] <= '9')
        digits++;
    if (digits < 4 || digits > 6 || (digits > 4 && !sign && rest->data[0] == '0') ||
        !take_number(rest, digits, &number) || (before_christ && (sign || number == 0)))
        return false;
    // There is a year 0 here, which is 1 BC.
    *ret_year = before_christ ? 1 - (int64_t)number : negative ? -(int64_t)number : number;
    return true;
}

static bool take_date(struct text *rest, bool before_christ, int64_t *ret_days)
{
    int64_t year;
    unsigned month, day;
    if (!take_year(rest, before_christ, &year) || !take_char(rest, "-") ||
        !take_number(rest, 2, &month) || !take_char(rest, "-") || !take_number(rest, 2, &day))
        return false;
    static const unsigned char month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > month_days[month - 1] + (unsigned)(month == 2 && leap))
        return false;
    *ret_days = days_from_civil(year, month, day);
    return true;
}

// Up to six digits count; further ones are read and dropped.
static unsigned take_fraction_us(struct text *rest)
{
    unsigned micros = 0, scale = 100000;
    while (rest->length > 0 && rest->data[0] >= '0' && rest->data[0] <= '9') {
        micros += (unsigned)(rest->data[0] - '0') * scale;
        scale /= 10;
        *rest = (struct text){rest->data + 1, rest->length - 1};
    }
    return micros;
}

static bool take_time(struct text *rest, int64_t *ret_us)
{
    unsigned hour, minute, second = 0, micros = 0;
    if (!take_number(rest, 2, &hour) || !take_char(rest, ":") || !take_number(rest, 2, &minute))
        return false;
    if (take_char(rest, ":")) {
        if (!take_number(rest, 2, &second))
            return false;
        if (take_char(rest, "."))
            micros = take_fraction_us(rest);
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *ret_us = ((int64_t)hour * 3600 + (int64_t)minute * 60 + second) * SECOND_US + micros;
    return true;
}

static bool take_offset(struct text *rest, int64_t *ret_us)
{
    *ret_us = 0;
    if (rest->length == 0 || take_char(rest, "Zz"))
        return true;
    bool behind = rest->data[0] == '-';
    unsigned hours, minutes;
    if (!take_char(rest, "+-") || !take_number(rest, 2, &hours))
        return false;
    if (!take_char(rest, ":") && rest->length == 0)
        minutes = 0;
    else if (!take_number(rest, 2, &minutes))
        return false;
    if (hours > 15 || minutes > 59)
        return false;
    *ret_us = ((int64_t)hours * 3600 + (int64_t)minutes * 60) * SECOND_US * (behind ? -1 : 1);
    return true;
}

// " BC", off the end.
static bool take_era(struct text *rest)
{
    if (rest->length < 3 || memcmp(rest->data + rest->length - 3, " BC", 3) != 0)
        return false;
    rest->length -= 3;
    return true;
}

bool clock_parse_timestamp(struct text text, int64_t *ret_timestamp_us)
{
    struct text rest = text;
    int64_t days, timestamp_us, time_us = 0, offset_us = 0;
    if (text_equal(text, text_of("infinity")) || text_equal(text, text_of("-infinity"))) {
        *ret_timestamp_us = text.data[0] == '-' ? CLOCK_MINUS_INFINITY : CLOCK_INFINITY;
        return true;
    }
    bool before_christ = take_era(&rest);
    if (!take_date(&rest, before_christ, &days))
        return false;
    if (rest.length > 0 && (!take_char(&rest, "Tt ") || !take_time(&rest, &time_us) ||
                            !take_offset(&rest, &offset_us)))
        return false;
    if (rest.length > 0)
        return false;
    int64_t within_us = time_us - offset_us;
    if (days < 0) { // counted from the next midnight: the first day begins before our first time
        days++;
        within_us -= DAY_US;
    }
    if (__builtin_mul_overflow(days, DAY_US, &timestamp_us) ||
        __builtin_add_overflow(timestamp_us, within_us, &timestamp_us) ||
        timestamp_us == CLOCK_INFINITY || timestamp_us <= CLOCK_MINUS_INFINITY)
        return false;
    *ret_timestamp_us = timestamp_us;
    return true;
}

static int64_t unit_us(char unit)
{
    switch (unit) {
    case 's': return SECOND_US;
    case 'm': return 60 * SECOND_US;
    case 'h': return 3600 * SECOND_US;
    case 'd': return DAY_US;
    case 'w': return 7 * DAY_US;
    case 'y': return 365 * DAY_US;
    default: return 0;
    }
}

bool clock_parse_duration(struct text text, int64_t *ret_duration_us)
{
    const int64_t most_us = 365000 * DAY_US;
    int64_t total_us = 0;
    size_t i = 0;
    while (i < text.length) {
        size_t start = i;
        int64_t number = 0, part_us;
        while (i < text.length && text.data[i] >= '0' && text.data[i] <= '9')
            if (__builtin_mul_overflow(number, (int64_t)10, &number) ||
                __builtin_add_overflow(number, (int64_t)(text.data[i++] - '0'), &number))
                return false;
        if (i == start || i == text.length || unit_us(text.data[i]) == 0)
            return false;
        bool milli = text.data[i] == 'm' && i + 1 < text.length && text.data[i + 1] == 's';
        int64_t unit = milli ? 1000 : unit_us(text.data[i]);
        i += milli ? 2 : 1;
        if (__builtin_mul_overflow(number, unit, &part_us) ||
            __builtin_add_overflow(total_us, part_us, &total_us) || total_us > most_us)
            return false;
    }
    if (text.length == 0)
        return false;
    *ret_duration_us = total_us;
    return true;
}
