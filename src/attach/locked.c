// SPDX-License-Identifier: Apache-2.0
#include "attach/locked.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"

enum { PAUSE_FIRST_MS = 25, PAUSE_MOST_MS = 500 };

// Who has it may have gone meanwhile, or may not be shown to us: then nobody is named.
static void find_holder(struct locked *locked)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct grove_error ignored;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    pg_add_int8(&params, locked->relation);
    if (store_query(locked->store, locked->call, &arena, "attach_holders.sql", &params, &rows,
                    &ignored) == GROVE_OK &&
        rows.count == 1)
        text_format(locked->holder, sizeof locked->holder, "%.*s", TEXT_ARGS(pg_text(&rows, 0, 0)));
    arena_release(&arena);
}

// Asks again after a pause; false: the call is over.
static bool wait_for_it(struct locked *locked)
{
    int64_t now_us = clock_monotonic_us();
    unsigned pause_ms = (unsigned)PAUSE_FIRST_MS << (locked->attempts < 5 ? locked->attempts : 5);
    locked->since_us = locked->since_us ? locked->since_us : now_us;
    locked->attempts++;
    find_holder(locked);
    const struct grove_attach_wait wait = {
        .holder = locked->holder,
        .seconds = (double)(now_us - locked->since_us) / 1e6,
    };
    if (locked->on_wait)
        locked->on_wait(locked->state, &wait);
    return call_pause(locked->call, pause_ms < PAUSE_MOST_MS ? pause_ms : PAUSE_MOST_MS);
}

// The call is over, and its time went by for the lock.
static enum grove_code tell_over(const struct locked *locked, struct grove_error *error)
{
    struct grove_error over;
    if (call_check(locked->call, &over) == GROVE_OK)
        return GROVE_OK;
    *error = over;
    error_context(error, "waiting for a lock on the table%s%s",
                  locked->holder[0] ? " held by " : "", locked->holder);
    error_hint(error, "nothing is half done: the same command goes on from here");
    return error->code;
}

bool locked_is(const struct grove_error *error)
{
    return strcmp(error->sqlstate, "55P03") == 0 || strcmp(error->sqlstate, "40P01") == 0;
}

bool locked_again(struct locked *locked, enum grove_code *code, struct grove_error *error)
{
    bool held = locked_is(error);
    if (held && wait_for_it(locked))
        return true;
    // It may be over in a try as well as in a pause.
    bool ended = held || error->code == GROVE_TIMEOUT || error->code == GROVE_CANCELLED;
    enum grove_code over = ended && locked->attempts > 0 ? tell_over(locked, error) : GROVE_OK;
    if (over != GROVE_OK)
        *code = over;
    return false;
}

enum grove_code locked_wait(struct locked *locked, struct grove_error *error)
{
    return wait_for_it(locked) ? GROVE_OK : tell_over(locked, error);
}
