// SPDX-License-Identifier: Apache-2.0
#include "cli/differences.h"
#include "cli/format.h"
#include "cli/session.h"

enum { EXIT_DIFFERENT = 1 };

// Why there are more of one than of the other where nothing differs.
static void add_surplus(struct strbuf *out, const struct grove_verify_report *report)
{
    int64_t surplus = report->points - report->contents;
    if (!report->equal || surplus == 0)
        return;
    bool known = report->kinds[GROVE_DIFFERENCE_WAITING] + report->kinds[GROVE_DIFFERENCE_DEAD] > 0;
    if (surplus > 0)
        format_counted(out, surplus, "point more than contents: ", "points more than contents: ");
    else
        format_counted(out, -surplus, "content more than points: ", "contents more than points: ");
    // What was not known of at both looks was projected between them.
    strbuf_add(out, surplus > 0 ? known ? "of what was removed, and is still to be taken out\n"
                                        : "of what was removed meanwhile\n"
                    : known     ? "of what is still to be written, or was given up on\n"
                                : "of what was written meanwhile\n");
}

static void add_outcome(struct strbuf *out, const struct grove_verify_report *report)
{
    if (report->equal)
        strbuf_add(out, "equal");
    else
        differences_add_counts(out, report);
    strbuf_add(out, report->equal ? ": " : "; ");
    format_counted(out, report->contents, "content", "contents");
    strbuf_add(out, " and ");
    format_counted(out, report->points, "point", "points");
    strbuf_add(out, report->quick ? " by id and revision in " : " compared whole in ");
    format_seconds(out, report->seconds);
    if (report->seconds > 0) {
        strbuf_add(out, ", ");
        format_count(out, (int64_t)((double)report->contents / report->seconds));
        strbuf_add(out, " a second");
    }
    strbuf_add(out, report->resumed ? ", of which a part was done before\n" : "\n");
    add_surplus(out, report);
    if (!report->equal)
        strbuf_add(out, "grove repair mends what differs\n");
}

static enum grove_code print_text(struct session *session, const struct differences *differences,
                                  const struct grove_verify_report *report,
                                  struct grove_error *error)
{
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    differences_add_table(&out, differences);
    add_outcome(&out, report);
    differences_add_known(&out, report);
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

static enum grove_code print(struct session *session, struct differences *differences,
                             const char *path, const struct grove_verify_report *report,
                             struct grove_error *error)
{
    progress_clear(&differences->progress);
    if (!session->json)
        return print_text(session, differences, report, error);
    struct answer_verify answer = found_answer(&differences->found, path, report);
    return session_print_shape(session, &answer_verify_shape, &answer, error);
}

enum grove_code cmd_verify(struct session *session, struct grove_error *error)
{
    const struct options *options = &session->options;
    struct differences differences;
    struct grove_verify_report report = {.equal = false};
    const char *path = options->operand_count > 0 ? options->operands[0] : NULL;
    struct grove_verify_request request = {
        .path = path,
        .quick = options_has(options, OPTION_QUICK),
        .resume = options_has(options, OPTION_RESUME),
        .rows_per_second = options_count(options, OPTION_RATE, 0),
        .on_difference = differences_on_difference,
        .on_progress = differences_on_progress,
        .state = &differences,
    };
    differences_init(&differences, session);
    enum grove_code code = session_open(session, error);
    if (code == GROVE_OK)
        code = grove_verify(session->grove, &request, &report, error);
    if (code == GROVE_OK)
        code = print(session, &differences, path, &report, error);
    if (code == GROVE_OK && !report.equal)
        session->exit_status = EXIT_DIFFERENT;
    differences_release(&differences);
    return code;
}
