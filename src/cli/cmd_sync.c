// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/sync_report.h"
#include "cli/watch.h"

struct examining {
    struct progress progress;
    int64_t since_us; // monotonic; 0: not yet
};

static void on_examining(void *state, int64_t done, int64_t of)
{
    struct examining *examining = state;
    int64_t now_us = clock_monotonic_us();
    examining->since_us = examining->since_us ? examining->since_us : now_us;
    progress_update(&examining->progress,
                    &(struct progress_state){
                        .rows = done,
                        .one = "search",
                        .many = "searches",
                        .fraction = (double)done / (double)of,
                        .seconds = (double)(now_us - examining->since_us) / 1e6,
                        .remark = "examining the index",
                    });
}

// What grove itself starts, with the home as an option.
static enum grove_code be_resident(struct session *session, struct grove_error *error)
{
    enum grove_code code = session_open(session, error);
    return code == GROVE_OK ? grove_run_projector(session->grove, error) : code;
}

static enum grove_code sync_once(struct session *session, struct grove_error *error)
{
    struct grove_sync_report report = {0};
    struct examining examining = {.since_us = 0};
    const struct grove_sync_request request = {
        .retry_dead = options_has(&session->options, OPTION_RETRY_DEAD),
        .on_examining = on_examining,
        .state = &examining,
    };
    progress_init(&examining.progress, &session->err);
    enum grove_code code = grove_sync(session->grove, &request, &report, error);
    progress_clear(&examining.progress);
    if (code == GROVE_OK)
        code = sync_report_print(session, &report, true, error);
    if (code == GROVE_OK && report.dead > 0)
        session_warn(session, "%lld %s given up on: see grove dead list", (long long)report.dead,
                     report.dead == 1 ? "row was" : "rows were");
    return code;
}

enum grove_code cmd_sync(struct session *session, struct grove_error *error)
{
    if (options_has(&session->options, OPTION_RESIDENT))
        return be_resident(session, error);
    enum grove_code code = session_open(session, error);
    if (code != GROVE_OK)
        return code;
    return options_has(&session->options, OPTION_WATCH) ? watch_run(session, error)
                                                        : sync_once(session, error);
}
