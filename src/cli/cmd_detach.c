// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"
#include "cli/session.h"
#include "commands/answers.h"
#include "commands/requests.h"

enum { TEXT_BYTES_MAX = 1 << 16, WAIT_TOLD_SECONDS = 2 };

struct detaching {
    struct session *session;
    bool wait_told;
};

static void on_wait(void *state, const struct grove_attach_wait *wait)
{
    struct detaching *detaching = state;
    if (detaching->wait_told || wait->seconds < (double)WAIT_TOLD_SECONDS)
        return;
    detaching->wait_told = true;
    session_warn(detaching->session, "waiting for a lock on the table%s%s",
                 wait->holder[0] ? ", held by " : "", wait->holder);
}

static enum grove_code print_text(struct session *session, const struct grove_detach_report *report,
                                  struct grove_error *error)
{
    struct strbuf out;
    strbuf_init(&out, TEXT_BYTES_MAX);
    if (report->dry_run)
        strbuf_add(&out, report->sql);
    strbuf_add(&out, report->dry_run ? "-- would remove " : "removed ");
    format_counted(&out, report->documents, "document", "documents");
    if (report->leaves > 0) {
        strbuf_add(&out, " and ");
        format_counted(&out, report->leaves, "leaf", "leaves");
    }
    strbuf_add(&out, "; ");
    display_add_safe(&out, text_of(report->table));
    strbuf_add(&out, report->dry_run ? " stays as it is\n" : " is kept in step no more\n");
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

enum grove_code cmd_detach(struct session *session, struct grove_error *error)
{
    struct detaching detaching = {.session = session};
    struct grove_detach_report *report = NULL;
    struct grove_detach_request request = request_detach(&session->options);
    request.table = session->options.operands[0];
    request.on_wait = on_wait;
    request.state = &detaching;
    enum grove_code code = session_open(session, error);
    if (code == GROVE_OK)
        code = grove_detach(session->grove, &request, &report, error);
    if (code == GROVE_OK)
        code = session->json ? session_print_shape(session, &detach_report_shape, report, error)
                             : print_text(session, report, error);
    grove_free(report);
    return code;
}
