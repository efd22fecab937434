// SPDX-License-Identifier: Apache-2.0
#include "query/freshness.h"

#include "base/check.h"

enum { COUNTED_MAX = 1000 }; // rows of the outbox: 0.2 ms

enum grove_code freshness_check(enum grove_freshness freshness, struct grove_error *error)
{
    if (freshness == GROVE_FRESHNESS_FRESH || freshness == GROVE_FRESHNESS_FAST)
        return GROVE_OK;
    error_set(error, GROVE_INVALID, "%d is no freshness of a search", (int)freshness);
    error_hint(error, "GROVE_FRESHNESS_FRESH, which 0 is, or GROVE_FRESHNESS_FAST");
    return GROVE_INVALID;
}

void freshness_add_params(struct pg_params *params)
{
    pg_add_int4(params, COUNTED_MAX + 1);
}

void freshness_take_count(struct run *run, const struct pg_rows *rows)
{
    CHECK(freshness_is_fast(run));
    CHECK(run->result->explain.pending == 0); // no row was compared yet
    run->waiting.fast = true;
    if (!rows->result)
        return;
    CHECK(rows->count == 1);
    run->waiting.counted = pg_int8(rows, 0, 1);
    run->waiting.more = pg_int8(rows, 0, 0) > COUNTED_MAX;
    CHECK(run->waiting.counted <= COUNTED_MAX + 1);
}

bool freshness_asks_again(struct run *run)
{
    bool projected = run->now.acknowledged != run->before.acknowledged;
    run->waiting.projected = projected && run->waiting.fast;
    return projected && !run->waiting.fast;
}

static void tell_of_fast(struct run *run, int64_t beyond)
{
    if (run->waiting.more)
        result_incomplete(run->result,
                          "more than %d changes wait, and at least %lld rows were not compared, as "
                          "freshness fast asks",
                          COUNTED_MAX, (long long)beyond);
    else if (beyond > 0)
        result_incomplete(run->result, "%lld %s not compared, as freshness fast asks",
                          (long long)beyond,
                          beyond == 1 ? "row waits and was" : "rows wait and were");
    else if (run->waiting.projected)
        result_incomplete(run->result,
                          "rows that waited were projected while the vector engine was "
                          "asked, and freshness fast does not ask again");
}

void freshness_tell(struct run *run)
{
    struct grove_result *view = &run->result->view;
    const struct waiting_told *waiting = &run->waiting;
    int64_t read = run->result->explain.pending;
    CHECK((int64_t)waiting->vectorless <= read);
    view->pending = waiting->counted > read ? waiting->counted : read;
    view->merged = read - (int64_t)waiting->vectorless;
    view->beyond = view->pending - view->merged;
    CHECK(view->merged >= 0);
    CHECK(view->beyond >= 0);
    if (waiting->fast)
        tell_of_fast(run, view->beyond);
}
