// SPDX-License-Identifier: Apache-2.0
#include "cli/sync_report.h"

#include "cli/format.h"
#include "cli/index_report.h"
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

enum grove_code sync_report_print(struct session *session, const struct grove_sync_report *report,
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
