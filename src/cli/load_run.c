// SPDX-License-Identifier: Apache-2.0
#include "cli/load_run.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/format.h"
#include "cli/load_report.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "commands/answers.h"

enum {
    LINE_BYTES_MAX = 1 << 16,
};

struct loading {
    struct session *session;
    struct progress progress;
    struct answer_load answer;
    int64_t bad_count;
};

static void on_progress(void *state, const struct grove_load_progress *done)
{
    struct loading *loading = state;
    bool known = done->bytes_total > 0;
    struct progress_state now = {
        .rows = done->checking ? done->rows_read : answer_rows_loaded(done) + done->rows_bad,
        .fraction = known ? (double)done->bytes_read / (double)done->bytes_total : -1,
        .seconds = done->seconds,
        .remark = done->checking ? "checking" : NULL,
    };
    progress_update(&loading->progress, &now);
}

static void on_bad_line(void *state, const struct grove_bad_line *bad)
{
    struct loading *loading = state;
    struct strbuf line;
    strbuf_init(&line, LINE_BYTES_MAX);
    display_add_safe(&line, text_of(bad->file));
    strbuf_addf(&line, ":%" PRId64 ": ", bad->line);
    display_add_safe(&line, text_of(bad->field));
    strbuf_add(&line, bad->field[0] ? ": " : "");
    display_add_safe(&line, text_of(bad->reason));
    loading->bad_count++;
    progress_show_refused(&loading->progress, loading->bad_count, line.data,
                          "more lines are refused and not shown; 2> FILE keeps all of them");
    strbuf_release(&line);
    answer_load_refused(&loading->answer, bad);
}

static enum grove_code print_report(struct loading *loading, const struct grove_load_progress *done,
                                    struct grove_error *error)
{
    struct strbuf out;
    if (loading->session->json)
        return session_print_shape(loading->session, &answer_load_shape, &loading->answer, error);
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    load_report_add(&out, done);
    enum grove_code code = session_print(loading->session, &out, error);
    strbuf_release(&out);
    return code;
}

// What was done before it failed: beside the JSON error, or on standard error.
static void report_part(struct loading *loading, const struct grove_load_progress *done)
{
    struct session *session = loading->session;
    if (session->json) {
        strbuf_add(&session->partial, "\"load\":");
        shape_add(&session->partial, &answer_load_shape, &loading->answer);
        return;
    }
    if (done->rows_read == 0)
        return;
    struct strbuf out;
    strbuf_init(&out, LINE_BYTES_MAX);
    load_report_add(&out, done);
    fputs(out.data, stderr);
    strbuf_release(&out);
}

static void warn_pending(const struct session *session, int64_t pending)
{
    struct strbuf count;
    if (pending == 0)
        return;
    strbuf_init(&count, 64);
    format_count(&count, pending);
    session_warn(session,
                 "%s pending: run grove sync (another process took them to index them; if it "
                 "was killed, grove sync waits up to two minutes for them)",
                 count.data);
    strbuf_release(&count);
}

static void on_columns(void *state, const char *described)
{
    const struct loading *loading = state;
    struct strbuf line;
    if (loading->session->json || !described[0])
        return;
    strbuf_init(&line, LINE_BYTES_MAX);
    display_add_safe(&line, text_of(described));
    fprintf(stderr, "%s\n", line.data);
    strbuf_release(&line);
}

enum grove_code load_run(struct session *session, const struct grove_import *import,
                         struct grove_error *error)
{
    struct loading loading = {.session = session};
    struct grove_load_progress done = {0};
    enum grove_code code = session_open(session, error);
    if (code != GROVE_OK)
        return code;
    session_set_interrupt_notice("\ngrove: stopping after this batch (Ctrl-C again: at once)\n");
    progress_init(&loading.progress, &session->err);
    answer_load_init(&loading.answer);
    struct grove_load_request request = {
        .files = (const char *const *)session->options.operands,
        .file_count = session->options.operand_count,
        .strict = options_has(&session->options, OPTION_STRICT),
        .import = import,
        .on_progress = on_progress,
        .on_bad_line = on_bad_line,
        .on_columns = on_columns,
        .state = &loading,
    };
    code = grove_load(session->grove, &request, &done, error);
    answer_load_done(&loading.answer, &done);
    progress_clear(&loading.progress);

    if (code == GROVE_OK && done.rows_bad > 0 && answer_rows_loaded(&done) == 0) {
        code = error_set(error, GROVE_INVALID, "nothing was loaded: every %s is bad",
                         import ? "row" : "line");
        error_hint(error, "see grove %s --help for what a %s must have", import ? "import" : "load",
                   import ? "row" : "line");
    }
    if (code == GROVE_CANCELLED)
        error_hint(error, "what was loaded stays; the same command again goes on from there");
    if (code == GROVE_OK)
        code = print_report(&loading, &done, error);
    else
        report_part(&loading, &done);
    if (code == GROVE_OK && done.rows_bad > 0)
        session->exit_status = EXIT_PARTLY;
    warn_pending(session, done.rows_pending);
    answer_load_release(&loading.answer);
    return code;
}
