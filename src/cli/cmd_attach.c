// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "commands/answers.h"
#include "commands/requests.h"

enum { TEXT_BYTES_MAX = 1 << 20, WAIT_TOLD_SECONDS = 2 };

struct attaching {
    struct session *session;
    struct progress progress;
    bool wait_told;
};

static void on_progress(void *state, const struct grove_attach_progress *done)
{
    struct attaching *attaching = state;
    bool known = done->rows_expected >= done->rows_read && done->rows_expected > 0;
    progress_update(
        &attaching->progress,
        &(struct progress_state){
            .rows = done->rows_read,
            .fraction = known ? (double)done->rows_read / (double)done->rows_expected : -1,
            .seconds = done->seconds,
        });
}

static void on_wait(void *state, const struct grove_attach_wait *wait)
{
    struct attaching *attaching = state;
    if (attaching->wait_told || wait->seconds < (double)WAIT_TOLD_SECONDS)
        return;
    attaching->wait_told = true;
    session_warn(attaching->session, "waiting for a lock on the table%s%s",
                 wait->holder[0] ? ", held by " : "", wait->holder);
}

static void add_text(struct strbuf *out, const struct grove_attach_report *report)
{
    display_add_safe(out, text_of(report->table));
    strbuf_add(out, " is attached: ");
    format_counted(out, report->rows.rows_read, "row", "rows");
    strbuf_add(out, " read in ");
    format_seconds(out, report->rows.seconds);
    strbuf_add(out, ", ");
    format_counted(out, report->documents, "document", "documents");
    if (report->refused > 0) {
        strbuf_add(out, ", ");
        format_counted(out, report->refused, "row", "rows");
        strbuf_add(out, " refused");
    }
    if (report->pending > 0) {
        strbuf_add(out, "; ");
        format_counted(out, report->pending, "content is", "contents are");
        strbuf_add(out, " still to be embedded");
    }
    strbuf_add_char(out, '\n');
}

static enum grove_code print_text(struct session *session, const struct grove_attach_report *report,
                                  struct grove_error *error)
{
    struct strbuf out;
    strbuf_init(&out, TEXT_BYTES_MAX);
    if (report->dry_run && !report->sql[0])
        strbuf_add(&out, "-- it is attached already: nothing is to be changed\n");
    else if (report->dry_run)
        strbuf_add(&out, report->sql);
    else
        add_text(&out, report);
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

enum grove_code cmd_attach(struct session *session, struct grove_error *error)
{
    struct attaching attaching = {.session = session};
    struct grove_attach_report *report = NULL;
    struct grove_attach_request request = request_attach(&session->options);
    request.table = session->options.operands[0];
    request.on_progress = on_progress;
    request.on_wait = on_wait;
    request.state = &attaching;
    progress_init(&attaching.progress, &session->err);
    enum grove_code code = session_open(session, error);
    if (code == GROVE_OK)
        code = grove_attach(session->grove, &request, &report, error);
    progress_clear(&attaching.progress);
    if (code == GROVE_OK)
        code = session->json ? session_print_shape(session, &answer_attach_shape, report, error)
                             : print_text(session, report, error);
    if (code == GROVE_OK && report->refused > 0) {
        session_warn(session, "rows were refused: \"grove attachments\" tells which, and why");
        session->exit_status = EXIT_PARTLY;
    }
    grove_free(report);
    return code;
}
