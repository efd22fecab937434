// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"
#include "cli/recall_report.h"
#include "cli/session.h"

enum {
    FINDING_BYTES_MAX = 1 << 20,
    VERDICT_WIDTH = 9,
    NAME_WIDTH = 14,
    TEXT_COLUMN = VERDICT_WIDTH + NAME_WIDTH + 1,
};

struct visit {
    struct session *session;
    struct strbuf json; // the findings so far
    unsigned warnings, failures;
};

static const char *verdict_name(const struct grove_finding *finding)
{
    switch (finding->verdict) {
    case GROVE_FINDING_OK: return "ok";
    case GROVE_FINDING_WARNING: return "warning";
    case GROVE_FINDING_FAILED: return "failed";
    }
    return "failed";
}

static void add_json(struct strbuf *out, const struct grove_finding *finding)
{
    strbuf_add(out, out->length ? ",{" : "{");
    json_string_member(out, "name", finding->name);
    json_string_member(out, "verdict", verdict_name(finding));
    json_string_member(out, "text", finding->text);
    json_string_member(out, "hint", finding->hint && finding->hint[0] ? finding->hint : NULL);
    strbuf_add_char(out, '}');
}

static void add_flowing(struct strbuf *out, const struct terminal *terminal, const char *text,
                        unsigned column)
{
    struct strbuf safe;
    strbuf_init(&safe, FINDING_BYTES_MAX);
    display_add_safe(&safe, text_of(text));
    out->failed |= safe.failed;
    display_add_flowing(out, terminal, strbuf_text(&safe), column, TEXT_COLUMN);
    strbuf_release(&safe);
}

static void add_lines(struct strbuf *out, const struct terminal *terminal,
                      const struct grove_finding *finding)
{
    enum style style = finding->verdict == GROVE_FINDING_OK        ? STYLE_GREEN
                       : finding->verdict == GROVE_FINDING_WARNING ? STYLE_YELLOW
                                                                   : STYLE_RED;
    strbuf_addf(out, "%s%-*s%s%-*s ", terminal_style(terminal, style), VERDICT_WIDTH,
                verdict_name(finding), terminal_style(terminal, STYLE_PLAIN), NAME_WIDTH,
                finding->name);
    add_flowing(out, terminal, finding->text, TEXT_COLUMN);
    if (!finding->hint || !finding->hint[0])
        return;
    unsigned column = terminal->width / 4 < TEXT_COLUMN ? terminal->width / 4 : TEXT_COLUMN;
    strbuf_addf(out, "%*s-> ", (int)column, "");
    add_flowing(out, terminal, finding->hint, column + 3);
}

// Shown at once: a check may take seconds.
static void on_finding(void *state, const struct grove_finding *finding)
{
    struct visit *visit = state;
    struct grove_error unused;
    visit->warnings += finding->verdict == GROVE_FINDING_WARNING;
    visit->failures += finding->verdict == GROVE_FINDING_FAILED;
    if (visit->session->json) {
        add_json(&visit->json, finding);
        return;
    }
    struct strbuf out;
    strbuf_init(&out, FINDING_BYTES_MAX);
    add_lines(&out, &visit->session->out, finding);
    (void)!session_print(visit->session, &out, &unused);
    strbuf_release(&out);
}

static enum grove_code print_verdict(const struct visit *visit, struct grove_error *error)
{
    struct strbuf out;
    enum grove_code code;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    if (visit->session->json) {
        strbuf_addf(&out, "{\"ok\":%s,\"findings\":[%s]}", visit->failures ? "false" : "true",
                    visit->json.data);
        out.failed |= visit->json.failed;
        code = session_print_json(visit->session, &out, error);
    } else {
        strbuf_add_char(&out, '\n');
        if (visit->failures)
            format_counted(&out, visit->failures, "check failed", "checks failed");
        else
            strbuf_add(&out, "all is well");
        if (visit->warnings) {
            strbuf_add(&out, ", ");
            format_counted(&out, visit->warnings, "warning", "warnings");
        }
        strbuf_add_char(&out, '\n');
        code = session_print(visit->session, &out, error);
    }
    strbuf_release(&out);
    return code;
}

enum grove_code cmd_doctor(struct session *session, struct grove_error *error)
{
    struct visit visit = {.session = session};
    char command[PATH_MAX];
    session_own_path(command);
    struct grove_options options = {.home = session->home, .command = command};
    if (options_has(&session->options, OPTION_RECALL))
        return recall_report(session, error);
    if (session->options.operand_count > 0)
        return session_usage_error(session, error, "a number of queries goes with --recall");
    strbuf_init(&visit.json, FINDING_BYTES_MAX);
    enum grove_code code = grove_doctor(&options, on_finding, &visit, error);
    // A failed check has been shown; any other failure is an error of its own.
    if (code != GROVE_OK && visit.failures > 0) {
        session->exit_status = grove_code_info(code)->exit_status;
        code = GROVE_OK;
    }
    if (code == GROVE_OK)
        code = print_verdict(&visit, error);
    strbuf_release(&visit.json);
    return code;
}
