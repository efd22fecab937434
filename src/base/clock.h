// SPDX-License-Identifier: Apache-2.0
//
// Time. Durations come from the monotonic clock; timestamps are microseconds since 1970-01-01
// 00:00 UTC, without leap seconds.
#ifndef GROVE_BASE_CLOCK_H
#define GROVE_BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"

int64_t clock_monotonic_us(void);
int64_t clock_now_us(void);
int64_t clock_thread_us(void); // for which this thread has had a processor
void clock_sleep_ms(unsigned milliseconds);

// A condition that is waited for by the monotonic clock. Those of the C library, and its mutexes
// with a time limit, go by the clock that can be set. clock_wait, with the mutex held, returns
// false where that time has come; it may return earlier for no reason.
void clock_condition_init(pthread_cond_t *condition);
bool clock_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_us);

// What PostgreSQL calls infinity and -infinity: after, and before, all times. INT64_MIN, which
// comes before both, says in grove that there is no time.
#define CLOCK_INFINITY INT64_MAX
#define CLOCK_MINUS_INFINITY (INT64_MIN + 1)

enum { CLOCK_RFC3339_SIZE = sizeof "-292277-01-01T00:00:00.000000Z" };

// Writes "2026-11-23T08:44:41.123456Z". RFC 3339 ends with the year 9999: later years have more
// digits, "12026-01-01T00:00:00.000000Z"; the year 44 BC is ISO 8601's -0043, 1 BC is 0000. Times
// that are none are "infinity" and "-infinity".
void clock_format_rfc3339(int64_t timestamp_us, char ret_text[static CLOCK_RFC3339_SIZE]);

// Reads "2026-11-23", "2026-11-23T08:44[:41[.123456]][Z|±hh:mm]" (also with a space for T); without
// an offset it is UTC. Years have four digits; or, with a sign or without a leading zero, up to
// six; " BC" at the end counts them as PostgreSQL does. Also "infinity" and "-infinity". False when
// it is not such a time, no such day exists, or 64 bits do not hold it, as after 294247-01-10.
bool clock_parse_timestamp(struct text text, int64_t *ret_timestamp_us) GROVE_MUST_CHECK;

// Reads a duration of whole numbers and units: "90d", "12h", "1w2d", "30m", "45s", "200ms"; units
// ms s m h d w and y (365 days). False when it is not one, or longer than 1,000 years.
bool clock_parse_duration(struct text text, int64_t *ret_duration_us) GROVE_MUST_CHECK;

#endif
