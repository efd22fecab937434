// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>

#include "base/check.h"
#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

// Durations stay in their range; a time that is read is written and read to the same.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct text text = {(const char *)data, size_bytes};
    int64_t value, again;
    if (clock_parse_duration(text, &value))
        CHECK(value >= 0 && value <= INT64_C(1000) * 365 * 86400 * 1000000);
    if (clock_parse_timestamp(text, &value)) {
        char formatted[CLOCK_RFC3339_SIZE];
        clock_format_rfc3339(value, formatted);
        CHECK(clock_parse_timestamp(text_of(formatted), &again) && again == value);
    }
    return 0;
}
