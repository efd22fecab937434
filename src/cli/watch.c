// SPDX-License-Identifier: Apache-2.0
#include "cli/watch.h"

#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "cli/format.h"
#include "cli/notify.h"
#include "cli/progress.h"
#include "cli/sync_report.h"

enum {
    SAY_EVERY_US = 10000000, // while rows come without a pause
    LINE_BYTES_MAX = 4096,
};

struct watch {
    struct session *session;
    struct notify notify;
    struct progress live;
    int64_t done;               // attempts and what came of them, at the last batch
    bool unsaid;                // there were more of them since the last line
    int64_t said_us;            // monotonic
    bool away;                  // an outage was told, and not that it is over
    int64_t away_since_us;      // monotonic
    struct grove_error failure; // of what was to be said; GROVE_OK: none
};

// What cannot be said ends the watch.
static void note_failure(struct watch *self, enum grove_code code)
{
    CHECK(code == GROVE_OK || self->failure.code == code);
    if (code != GROVE_OK)
        grove_token_cancel(self->session->token);
}

// --- people --------------------------------------------------------------------------------------

static void say(struct watch *self, const struct grove_sync_report *report)
{
    progress_clear(&self->live);
    self->unsaid = false;
    self->said_us = clock_monotonic_us();
    note_failure(self, sync_report_print(self->session, report, false, &self->failure));
}

// A batch at a time is much to read: a program gets each, people what they come to.
static void on_progress(void *state, const struct grove_sync_report *report)
{
    struct watch *self = state;
    int64_t done = report->upserted + report->removed + report->failed;
    bool compared = report->comparison.reason[0];
    CHECK(done >= self->done);
    self->unsaid |= done > self->done || compared;
    self->done = done;
    if (self->unsaid && (self->session->json || compared))
        say(self, report);
}

static double away_seconds(const struct watch *self)
{
    return (double)(clock_monotonic_us() - self->away_since_us) / 1e6;
}

static void say_outage_json(struct watch *self, const struct grove_error *outage)
{
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    strbuf_add(&out, "{\"outage\":");
    if (outage)
        session_add_error(&out, outage);
    else
        strbuf_add(&out, "null");
    if (!outage)
        json_number_member(&out, "seconds", away_seconds(self));
    strbuf_add_char(&out, '}');
    note_failure(self, session_print_json(self->session, &out, &self->failure));
    strbuf_release(&out);
}

static void say_outage(struct watch *self, const struct grove_error *outage)
{
    struct strbuf line;
    progress_clear(&self->live);
    if (outage) {
        session_warn(self->session, "%s%s%s; it goes on when that has passed", outage->message,
                     outage->detail[0] ? ": " : "", outage->detail);
        return;
    }
    strbuf_init(&line, LINE_BYTES_MAX);
    strbuf_add(&line, "grove: it goes on, after ");
    format_seconds(&line, away_seconds(self));
    fprintf(stderr, "%s\n", line.data);
    strbuf_release(&line);
}

// Once when one begins, whatever it becomes, and once when it is over.
static void tell_outage(struct watch *self, const struct grove_sync_look *look)
{
    bool away = look->outage != NULL;
    if (away == self->away)
        return;
    self->away = away;
    if (away)
        self->away_since_us = clock_monotonic_us() - (int64_t)(look->outage_seconds * 1e6);
    if (self->session->json)
        say_outage_json(self, look->outage);
    else
        say_outage(self, look->outage);
}

static void draw(struct watch *self, const struct grove_sync_look *look)
{
    if (self->session->json || !self->session->err.is_terminal)
        return;
    progress_update(&self->live, &(struct progress_state){
                                     .rows = look->report->pending,
                                     .one = "row waits",
                                     .many = "rows wait",
                                     .fraction = -1,
                                     .remark = look->outage  ? "a server is away"
                                               : look->ready ? "watching"
                                                             : "reaching the servers",
                                 });
}

// --- the service manager -------------------------------------------------------------------------

static void add_status(struct strbuf *out, const struct grove_sync_look *look)
{
    const struct grove_sync_report *report = look->report;
    if (look->outage)
        strbuf_addf(out, "waits for a server: %s", look->outage->message);
    else if (report->pending > 0)
        format_counted(out, report->pending, "row waits", "rows wait");
    else
        strbuf_add(out, "up to date");
    if (report->dead > 0) {
        strbuf_add(out, ", ");
        format_counted(out, report->dead, "row was given up on", "rows were given up on");
    }
}

static void tell_manager(struct watch *self, const struct grove_sync_look *look)
{
    struct strbuf status;
    strbuf_init(&status, LINE_BYTES_MAX);
    add_status(&status, look);
    if (look->ready)
        notify_ready(&self->notify, status.data);
    notify_status(&self->notify, status.data);
    notify_alive(&self->notify);
    strbuf_release(&status);
}

// --- the watch -----------------------------------------------------------------------------------

static void on_look(void *state, const struct grove_sync_look *look)
{
    struct watch *self = state;
    tell_outage(self, look);
    if (self->unsaid &&
        (look->idle || clock_monotonic_us() - self->said_us >= (int64_t)SAY_EVERY_US))
        say(self, look->report);
    draw(self, look);
    tell_manager(self, look);
}

static void begin(struct watch *self)
{
    struct grove_error error;
    if (notify_init(&self->notify, &error) != GROVE_OK)
        session_warn(self->session, "the service manager is told nothing: %s", error.message);
    notify_status(&self->notify, "reaching the servers");
    progress_init(&self->live, &self->session->err);
    self->said_us = clock_monotonic_us();
    if (!self->session->json)
        fputs("grove: watching for changes; Ctrl-C ends it\n", stderr);
}

enum grove_code watch_run(struct session *session, struct grove_error *error)
{
    struct watch self = {.session = session};
    const struct grove_sync_request request = {
        .watch = true,
        .retry_dead = options_has(&session->options, OPTION_RETRY_DEAD),
        .on_progress = on_progress,
        .on_look = on_look,
        .state = &self,
    };
    begin(&self);
    enum grove_code code = grove_sync(session->grove, &request, NULL, error);
    progress_clear(&self.live);
    if (self.failure.code != GROVE_OK) {
        *error = self.failure;
        code = error->code;
    }
    notify_stopping(&self.notify, code == GROVE_OK ? "stopped on request" : error->message);
    notify_release(&self.notify);
    return code;
}
