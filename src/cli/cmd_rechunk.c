// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "commands/answers_rechunk.h"

enum {
    TEXT_BYTES_MAX = 1 << 16,
};

struct rechunking {
    struct session *session;
    struct progress progress;
    struct answer_rechunk answer;
    int64_t refused;
};

static void on_progress(void *state, const struct grove_rechunk_progress *done)
{
    struct rechunking *self = state;
    progress_update(&self->progress, &(struct progress_state){
                                         .rows = done->contents,
                                         .one = "content looked at",
                                         .many = "contents looked at",
                                         .fraction = done->fraction,
                                         .seconds = done->seconds,
                                     });
}

static void on_refused(void *state, int32_t content_id, const char *reason)
{
    struct rechunking *self = state;
    struct strbuf line;
    answer_rechunk_refused(&self->answer, content_id, reason);
    self->refused++;
    strbuf_init(&line, TEXT_BYTES_MAX);
    strbuf_addf(&line, "content %" PRId32 " is left as it is: ", content_id);
    display_add_safe(&line, text_of(reason));
    progress_show_refused(&self->progress, self->refused, line.data,
                          "more contents are left as they are; 2> FILE keeps all of them");
    strbuf_release(&line);
}

static void add_report(struct strbuf *out, const struct grove_rechunk_report *report)
{
    format_counted(out, report->contents, "content", "contents");
    strbuf_add(out, " looked at, ");
    if (report->documents == 0) {
        strbuf_add(out, report->dry_run ? "none would be split" : "none was split");
    } else {
        format_count(out, report->documents);
        strbuf_add(out, report->dry_run ? " would be split into " : " split into ");
        format_counted(out, report->chunks, "chunk", "chunks");
    }
    strbuf_add(out, " (");
    format_seconds(out, report->seconds);
    strbuf_add(out, ")\n");
    if (report->supplied > 0) {
        format_counted(out, report->supplied, "long content", "long contents");
        strbuf_add(out, " not split: the vector was supplied\n");
    }
    if (report->changed > 0) {
        format_counted(out, report->changed, "content", "contents");
        strbuf_add(out, " not split, but changed meanwhile: run it again\n");
    }
}

static enum grove_code print_text(struct session *session,
                                  const struct grove_rechunk_report *report,
                                  struct grove_error *error)
{
    struct strbuf out;
    strbuf_init(&out, TEXT_BYTES_MAX);
    add_report(&out, report);
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

// What was done before it failed: beside the JSON error, or on standard error.
static void report_part(struct rechunking *self)
{
    struct session *session = self->session;
    struct strbuf out;
    if (session->json) {
        strbuf_add(&session->partial, "\"rechunk\":");
        shape_add(&session->partial, &answer_rechunk_shape, &self->answer);
        return;
    }
    if (self->answer.report.documents == 0)
        return;
    strbuf_init(&out, TEXT_BYTES_MAX);
    add_report(&out, &self->answer.report);
    fputs(out.data, stderr);
    strbuf_release(&out);
}

static enum grove_code rechunk(struct rechunking *self, struct grove_error *error)
{
    struct session *session = self->session;
    const struct options *options = &session->options;
    self->answer.path = options->operand_count > 0 ? options->operands[0] : NULL;
    const struct grove_rechunk_request request = {
        .path = self->answer.path,
        .dry_run = options_has(options, OPTION_DRY_RUN),
        .on_progress = on_progress,
        .on_refused = on_refused,
        .state = self,
    };
    enum grove_code code = session_open(session, error);
    if (code != GROVE_OK)
        return code;
    session_set_interrupt_notice("\ngrove: stopping after this content (Ctrl-C again: at once)\n");
    progress_init(&self->progress, &session->err);
    code = grove_rechunk(session->grove, &request, &self->answer.report, error);
    progress_clear(&self->progress);
    if (code == GROVE_CANCELLED)
        error_hint(error, "what was split stays; the same command again goes on from there");
    if (code != GROVE_OK) {
        report_part(self);
        return code;
    }
    if (self->answer.report.refused > 0)
        session->exit_status = EXIT_PARTLY;
    if (self->answer.report.pending > 0)
        session_warn(session, "%" PRId64 " chunks pending: run grove sync",
                     self->answer.report.pending);
    return session->json ? session_print_shape(session, &answer_rechunk_shape, &self->answer, error)
                         : print_text(session, &self->answer.report, error);
}

enum grove_code cmd_rechunk(struct session *session, struct grove_error *error)
{
    struct rechunking *self = mem_zalloc(sizeof *self);
    if (!self)
        return error_no_memory(error, "an answer");
    self->session = session;
    enum grove_code code = rechunk(self, error);
    mem_free(self);
    return code;
}
