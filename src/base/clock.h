// SPDX-License-Identifier: Apache-2.0
//
// Time. Durations come from the monotonic clock; timestamps are microseconds since 1970-01-01
// 00:00 UTC, without leap seconds.
#ifndef GROVE_BASE_CLOCK_H
#define GROVE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"

int64_t clock_monotonic_us(void);
int64_t clock_now_us(void);
int64_t clock_thread_us(void); // for which this thread has had a processor
void clock_sleep_ms(unsigned milliseconds);

enum { CLOCK_RFC3339_SIZE = sizeof "-292277-01-01T00:00:00.000000Z" };

// Writes "2026-11-23T08:44:41.123456Z".
void clock_format_rfc3339(int64_t timestamp_us, char ret_text[static CLOCK_RFC3339_SIZE]);

// Reads "2026-11-23", "2026-11-23T08:44[:41[.123456]][Z|±hh:mm]" (also with a space for T); without
// an offset it is UTC. False when it is not such a time or no such day exists.
bool clock_parse_timestamp(struct text text, int64_t *ret_timestamp_us) GROVE_MUST_CHECK;

// Reads a duration of whole numbers and units: "90d", "12h", "1w2d", "30m", "45s"; units s m h d w
// and y (365 days). False when it is not one, or longer than 1,000 years.
bool clock_parse_duration(struct text text, int64_t *ret_duration_us) GROVE_MUST_CHECK;

#endif
