// SPDX-License-Identifier: Apache-2.0
#include "base/line.h"

#include "base/check.h"
#include "base/clock.h"

enum {
    STILL_MS = 100,
    STILL_PLACES_MS = 1600,
    WAIT_MS = 10000, // longer ones are not begun
    PACE_WEIGHT = 8, // of what was measured before the last time, and once
};

void line_init(struct line *line, const char *places_name, unsigned places,
               unsigned without_call_ms)
{
    CHECK(places > 0);
    *line = (struct line){
        .places_name = places_name, .places = places, .without_call_ms = without_call_ms};
}

// Without this a thread that gives a place back and asks for the next has it before those who wait
// are awake.
static void join(struct line *line, struct turn *turn)
{
    *turn = (struct turn){.since_us = clock_monotonic_us()};
    clock_condition_init(&turn->signal);
    if (!line->first)
        line->paced_us = turn->since_us;
    *(line->last ? &line->last->next : &line->first) = turn;
    line->last = turn;
}

// With the last one goes what was measured: who comes later may find other work.
static void leave(struct line *line, struct turn *turn)
{
    struct turn *before = NULL;
    for (struct turn *at = line->first; at && at != turn; at = at->next)
        before = at;
    *(before ? &before->next : &line->first) = turn->next;
    if (line->last == turn)
        line->last = before;
    if (!line->first)
        line->paced_us = line->pace_us = 0;
    pthread_cond_destroy(&turn->signal);
}

static int64_t still_us(const struct line *line)
{
    unsigned still_ms = STILL_PLACES_MS / line->places;
    return (int64_t)(still_ms > STILL_MS ? still_ms : STILL_MS) * 1000;
}

static enum grove_code refuse(const struct line *line, struct grove_error *error)
{
    error_hint(error, "try again in a moment; where this happens often, do fewer things at once, "
                      "or give grove more connections (connections_max)");
    error->retry = GROVE_RETRY_LATER;
    CHECK(line->places > 0);
    return GROVE_LIMIT;
}

static enum grove_code refuse_still(const struct line *line, int64_t waited_us,
                                    struct grove_error *error)
{
    error_set(error, GROVE_LIMIT, "all %u %s have been busy for %lld ms", line->places,
              line->places_name, (long long)(waited_us / 1000));
    return refuse(line, error);
}

// How long the line before this one takes, if all goes on as it did; 0: nobody knows. NULL: before
// who comes next.
static int64_t ahead_us(const struct line *line, const struct turn *turn)
{
    int64_t position = 1;
    for (const struct turn *at = line->first; at && at != turn; at = at->next)
        position++;
    return position * line->pace_us;
}

static enum grove_code check_ahead(const struct line *line, const struct turn *turn,
                                   const struct call *call, struct grove_error *error)
{
    int64_t wait_us = ahead_us(line, turn);
    unsigned left_ms = call_left_ms(call, WAIT_MS); // 0: it is over, which is told elsewhere
    if (left_ms == 0 || wait_us / 2 <= (int64_t)left_ms * 1000)
        return GROVE_OK;
    error_set(error, GROVE_LIMIT, "all %u %s are busy, and others wait for them: some %lld ms",
              line->places, line->places_name, (long long)(wait_us / 1000));
    return refuse(line, error);
}

// Until a signal, a moment, or the end of a slice.
static void sleep_until(pthread_mutex_t *mutex, struct turn *turn, const struct call *call,
                        int64_t until_us)
{
    int64_t slice_us = clock_monotonic_us() + (int64_t)call_left_ms(call, CALL_SLICE_MS) * 1000;
    clock_wait(&turn->signal, mutex, slice_us < until_us ? slice_us : until_us);
}

// Whether the caller is let in, when that is to be decided.
static enum grove_code judge(const struct line *line, const struct turn *turn, struct call *call,
                             struct grove_error *error)
{
    int64_t now_us = clock_monotonic_us(), decided_us = turn->since_us + still_us(line);
    if (!call && line->without_call_ms > 0 &&
        now_us - turn->since_us >= (int64_t)line->without_call_ms * 1000)
        return refuse_still(line, now_us - turn->since_us, error);
    if (!call || call->patient || call->let_in || now_us < decided_us)
        return GROVE_OK;
    if (line->moved_us < turn->since_us)
        return refuse_still(line, now_us - turn->since_us, error);
    enum grove_code code = check_ahead(line, turn, call, error);
    call->let_in = code == GROVE_OK;
    return code;
}

// Sleeps once. GROVE_OK: look again.
static enum grove_code wait_once(struct line *line, pthread_mutex_t *mutex, struct turn *turn,
                                 struct call *call, struct grove_error *error)
{
    enum grove_code code = call_check(call, error);
    if (code != GROVE_OK) {
        CHECK(call); // without one nothing is over
        call->ended_in_line = true;
        error_context(error, "waiting for one of %u %s", line->places, line->places_name);
        return code;
    }
    code = judge(line, turn, call, error);
    if (code != GROVE_OK)
        return code;
    bool decided = !call || call->patient || call->let_in;
    int64_t until_us = decided ? CALL_FOREVER : turn->since_us + still_us(line);
    if (!call && line->without_call_ms > 0)
        until_us = turn->since_us + (int64_t)line->without_call_ms * 1000;
    sleep_until(mutex, turn, call, until_us);
    return GROVE_OK;
}

enum grove_code line_wait(struct line *line, pthread_mutex_t *mutex, struct call *call,
                          bool (*has_place)(const void *owner), const void *owner,
                          struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (line->first || !has_place(owner)) {
        struct turn turn;
        join(line, &turn);
        if (call && !call->patient && !call->let_in)
            code = check_ahead(line, &turn, call, error);
        while (code == GROVE_OK && (line->first != &turn || !has_place(owner)))
            code = wait_once(line, mutex, &turn, call, error);
        leave(line, &turn);
        if (call)
            call->counters.waited_us += clock_monotonic_us() - turn.since_us;
    }
    if (call)
        call->let_in |= code == GROVE_OK;
    CHECK(code != GROVE_OK || has_place(owner));
    return code;
}

enum grove_code line_admits(const struct line *line, const struct call *call,
                            struct grove_error *error)
{
    if (!line->first || !call || call->patient || call->let_in)
        return GROVE_OK;
    int64_t now_us = clock_monotonic_us(), since_us = line->first->since_us;
    int64_t still_since_us = line->moved_us > since_us ? line->moved_us : since_us;
    if (now_us - still_since_us >= still_us(line))
        return refuse_still(line, now_us - still_since_us, error);
    return check_ahead(line, NULL, call, error);
}

void line_moved(struct line *line)
{
    int64_t now_us = clock_monotonic_us();
    line->moved_us = now_us;
    if (!line->first)
        return;
    int64_t gap_us = now_us - line->paced_us;
    line->pace_us =
        line->pace_us == 0 ? gap_us : (line->pace_us * (PACE_WEIGHT - 1) + gap_us) / PACE_WEIGHT;
    line->paced_us = now_us;
    pthread_cond_signal(&line->first->signal);
}

void line_go_on(struct line *line, bool has_place)
{
    if (line->first && has_place)
        pthread_cond_signal(&line->first->signal);
}
