// SPDX-License-Identifier: Apache-2.0
#include "attach/catch_up.h"

#include "attach/take_in.h"
#include "base/clock.h"

enum {
    ROUNDS_MAX = 4,     // TAKE_IN_ROWS_MAX rows each
    PATIENCE_MS = 1000, // of all of them, and with whoever else is at it
    BUSY_PAUSE_MS = 5,
};

static enum grove_code count_waiting(struct store *store, struct call *call, struct catch_up *ret,
                                     struct grove_error *error)
{
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    enum grove_code code =
        store_query(store, call, &arena, "attached_waiting.sql", NULL, &rows, error);
    if (code == GROVE_OK) {
        ret->rows = pg_int8(&rows, 0, 0);
        text_format(ret->filling, sizeof ret->filling, "%.*s", TEXT_ARGS(pg_text(&rows, 0, 1)));
    }
    arena_release(&arena);
    return code;
}

enum grove_code catch_up(struct store *store, struct call *call, struct catch_up *ret,
                         struct grove_error *error)
{
    struct take_in_report report = {0};
    struct grove_error ignored; // what it was, whoever projects meets as well, and tells
    *ret = (struct catch_up){0};
    enum grove_code code = store_refresh_model(store, call, error);
    if (code != GROVE_OK || !atomic_load(&store->has_attached))
        return code;
    code = count_waiting(store, call, ret, error);
    if (code != GROVE_OK || ret->rows == 0)
        return code;
    // One round at least, however slow the machine.
    int64_t until_us = clock_monotonic_us() + (int64_t)PATIENCE_MS * 1000;
    for (int i = 0; i < ROUNDS_MAX && (i == 0 || clock_monotonic_us() < until_us);) {
        if (take_in(store, call, &(struct take_in_options){0}, &report, &ignored) != GROVE_OK ||
            report.idle || (report.busy && clock_monotonic_us() >= until_us))
            break;
        if (!report.busy)
            i++;
        else if (!call_pause(call, BUSY_PAUSE_MS))
            break;
    }
    return count_waiting(store, call, ret, error);
}

int64_t catch_up_missing(const struct catch_up *waiting)
{
    return waiting->rows + (waiting->filling[0] ? 1 : 0);
}
