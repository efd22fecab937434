// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "cli/format.h"
#include "cli/index_report.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "commands/answers.h"

enum { LINE_BYTES_MAX = 4096 };

// "compared 100,000 points with the contents, since the database was restored from a dump: all are
// as they should be; what is known of the index holds on"
static void add_comparison(struct strbuf *out, const struct grove_comparison *comparison)
{
    if (!comparison->reason[0])
        return;
    strbuf_add(out, "compared ");
    format_counted(out, comparison->points, "point", "points");
    strbuf_addf(out, " with the contents, since %s: ", comparison->reason);
    if (comparison->enqueued + comparison->taken_out == 0)
        strbuf_add(out, "all are as they should be");
    else {
        format_count(out, comparison->enqueued);
        strbuf_add(out, " to be written, ");
        format_count(out, comparison->taken_out);
        strbuf_add(out, " taken out");
    }
    if (comparison->keeps_index)
        strbuf_add(out, "; what is known of the index holds on");
    if (!comparison->ended)
        strbuf_add(out, "; another process goes on with it");
    strbuf_add_char(out, '\n');
}

static void add_line(struct strbuf *out, const struct grove_sync_report *report)
{
    if (report->upserted + report->removed + report->failed + report->pending + report->dead == 0) {
        strbuf_add(out, "up to date\n");
        return;
    }
    format_count(out, report->upserted);
    strbuf_add(out, " written (");
    format_count(out, report->embedded);
    strbuf_add(out, " embedded), ");
    format_count(out, report->removed);
    strbuf_add(out, " removed, ");
    format_count(out, report->pending);
    strbuf_add(out, " pending");
    if (report->failed) {
        strbuf_add(out, ", ");
        format_counted(out, report->failed, "attempt failed", "attempts failed");
    }
    strbuf_add(out, " in ");
    format_seconds(out, report->seconds);
    strbuf_add_char(out, '\n');
}

// Asked only where the line depends on it.
static bool projector_runs(const struct session *session, const struct grove_index *index)
{
    struct grove_status status = {0};
    struct grove_error ignored;
    return (index->state == GROVE_INDEX_BUILDING || index->state == GROVE_INDEX_DUE) &&
           grove_get_status(session->grove, &status, &ignored) == GROVE_OK &&
           status.projector_running;
}

static void add_index_line(const struct session *session, struct strbuf *out,
                           const struct grove_index *index)
{
    size_t length = out->length;
    if (index->state == GROVE_INDEX_EXAMINED && !index->examined_now)
        return; // told before
    if (index->state == GROVE_INDEX_EXAMINED) {
        strbuf_add(out, "index ");
        length = out->length;
    }
    index_report_add(out, index, projector_runs(session, index));
    if (out->length > length)
        strbuf_add_char(out, '\n');
}

static enum grove_code print_report(struct session *session, const struct grove_sync_report *report,
                                    bool with_index, struct grove_error *error)
{
    struct strbuf out;
    struct answer_sync answer;
    if (session->json) {
        answer_sync_of(report, !with_index, &answer);
        return session_print_shape(session, &answer_sync_shape, &answer, error);
    }
    strbuf_init(&out, LINE_BYTES_MAX);
    add_comparison(&out, &report->comparison);
    add_line(&out, report);
    if (with_index)
        add_index_line(session, &out, &report->index);
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

struct syncing {
    struct session *session;
    struct progress progress; // of the examination
    int64_t examining_since_us;
};

// While watching a failed write ends the watch.
static void on_progress(void *state, const struct grove_sync_report *report)
{
    struct syncing *syncing = state;
    struct grove_error error;
    if (print_report(syncing->session, report, false, &error) != GROVE_OK)
        grove_token_cancel(syncing->session->token);
}

static void on_examining(void *state, int64_t done, int64_t of)
{
    struct syncing *syncing = state;
    int64_t now_us = clock_monotonic_us();
    syncing->examining_since_us =
        syncing->examining_since_us ? syncing->examining_since_us : now_us;
    progress_update(&syncing->progress,
                    &(struct progress_state){
                        .rows = done,
                        .one = "search",
                        .many = "searches",
                        .fraction = (double)done / (double)of,
                        .seconds = (double)(now_us - syncing->examining_since_us) / 1e6,
                        .remark = "examining the index",
                    });
}

// What grove itself starts, with the home as an option.
static enum grove_code be_resident(struct session *session, struct grove_error *error)
{
    enum grove_code code = session_open(session, error);
    return code == GROVE_OK ? grove_run_projector(session->grove, error) : code;
}

enum grove_code cmd_sync(struct session *session, struct grove_error *error)
{
    if (options_has(&session->options, OPTION_RESIDENT))
        return be_resident(session, error);
    struct grove_sync_report report = {0};
    struct syncing syncing = {.session = session};
    struct grove_sync_request request = {
        .watch = options_has(&session->options, OPTION_WATCH),
        .retry_dead = options_has(&session->options, OPTION_RETRY_DEAD),
        .on_progress = on_progress,
        .on_examining = on_examining,
        .state = &syncing,
    };
    if (!request.watch)
        request.on_progress = NULL;
    enum grove_code code = session_open(session, error);
    if (code != GROVE_OK)
        return code;
    if (request.watch && !session->json)
        fputs("grove: watching for changes; Ctrl-C ends it\n", stderr);
    progress_init(&syncing.progress, &session->err);
    code = grove_sync(session->grove, &request, &report, error);
    progress_clear(&syncing.progress);
    // Ctrl-C is how a watch is meant to end.
    if (code == GROVE_CANCELLED && request.watch && !session->output_closed)
        return GROVE_OK;
    if (code == GROVE_OK && !request.watch)
        code = print_report(session, &report, true, error);
    if (code == GROVE_OK && report.dead > 0)
        session_warn(session, "%lld %s given up on: see grove dead list", (long long)report.dead,
                     report.dead == 1 ? "row was" : "rows were");
    return code;
}
