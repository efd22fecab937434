// SPDX-License-Identifier: Apache-2.0
#include "vector/breaker.h"

#include <stddef.h>

#include "base/check.h"

static void open_for_a_pause(struct breaker *breaker, int64_t now_us, unsigned chance)
{
    CHECK(now_us > 0);
    unsigned pause_ms = BREAKER_PAUSE_MS;
    for (unsigned i = 0; i < breaker->relapses && pause_ms < BREAKER_PAUSE_MS_MAX; i++)
        pause_ms *= 2;
    if (pause_ms > BREAKER_PAUSE_MS_MAX)
        pause_ms = BREAKER_PAUSE_MS_MAX;
    pause_ms += pause_ms / 2 * (chance % 256) / 256;
    if (breaker->state == BREAKER_CLOSED)
        breaker->since_us = now_us;
    breaker->state = BREAKER_OPEN;
    breaker->next_us = now_us + (int64_t)pause_ms * 1000;
    DCHECK(breaker_check(breaker) == NULL);
}

static void close_it(struct breaker *breaker)
{
    breaker->state = BREAKER_CLOSED;
    breaker->failures = breaker->silent_ms = breaker->vain = 0;
    breaker->since_us = breaker->next_us = 0;
    DCHECK(breaker_check(breaker) == NULL);
}

enum breaker_word breaker_ask(struct breaker *breaker, int64_t now_us)
{
    DCHECK(breaker_check(breaker) == NULL);
    if (breaker->state == BREAKER_CLOSED)
        return BREAKER_PASS;
    if (now_us < breaker->next_us)
        return BREAKER_REFUSE;
    // Whoever tried it last, and told nothing, is gone: a process that was killed.
    breaker->state = BREAKER_TRYING;
    breaker->next_us = now_us + (int64_t)BREAKER_TRIAL_MS * 1000;
    return BREAKER_TRY;
}

void breaker_answered(struct breaker *breaker, int64_t now_us)
{
    breaker->relapses = 0;
    if (now_us > breaker->answered_us)
        breaker->answered_us = now_us;
    close_it(breaker);
}

void breaker_failed(struct breaker *breaker, int64_t began_us, int64_t now_us, unsigned chance)
{
    CHECK(began_us <= now_us);
    if (breaker->state != BREAKER_CLOSED || began_us < breaker->answered_us)
        return;
    int64_t silent_ms = breaker->silent_ms + (now_us - began_us) / 1000;
    breaker->failures++;
    breaker->silent_ms = silent_ms < BREAKER_SILENT_MS ? (unsigned)silent_ms : BREAKER_SILENT_MS;
    if (breaker->failures == BREAKER_FAILURES_MAX || breaker->silent_ms == BREAKER_SILENT_MS)
        open_for_a_pause(breaker, now_us, chance);
}

void breaker_tried(struct breaker *breaker, bool answered, int64_t now_us, unsigned chance)
{
    if (breaker->state == BREAKER_CLOSED)
        return; // a request was answered meanwhile
    if (answered) {
        breaker->relapses++;
        close_it(breaker);
    } else if (breaker->state == BREAKER_TRYING) {
        breaker->vain++;
        open_for_a_pause(breaker, now_us, chance);
    }
}

unsigned breaker_wait_ms(const struct breaker *breaker, int64_t now_us)
{
    if (breaker->state == BREAKER_CLOSED || now_us >= breaker->next_us)
        return 0;
    return (unsigned)((breaker->next_us - now_us + 999) / 1000);
}

const char *breaker_check(const struct breaker *breaker)
{
    bool closed = breaker->state == BREAKER_CLOSED;
    if (breaker->state > BREAKER_TRYING)
        return "there is no such state";
    if (closed && (breaker->since_us != 0 || breaker->next_us != 0))
        return "a closed breaker is out since never, and not to be tried";
    if (!closed && (breaker->since_us <= 0 || breaker->next_us < breaker->since_us))
        return "an open breaker is out since some time, and is tried later";
    if (closed && breaker->failures >= BREAKER_FAILURES_MAX)
        return "a closed breaker has not failed too often";
    if (closed && breaker->silent_ms >= BREAKER_SILENT_MS)
        return "a closed breaker was not silent for too long";
    return NULL;
}
