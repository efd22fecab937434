// SPDX-License-Identifier: Apache-2.0
#include "cli/findings.h"

#include "cli/format.h"

enum {
    FINDING_BYTES_MAX = 1 << 20,
    VERDICT_WIDTH = 9,
    NAME_WIDTH = 14,
    TEXT_COLUMN = VERDICT_WIDTH + NAME_WIDTH + 1,
};

void findings_init(struct findings *findings, struct session *session)
{
    *findings = (struct findings){.session = session};
    strbuf_init(&findings->json, FINDING_BYTES_MAX);
}

void findings_release(struct findings *findings)
{
    strbuf_release(&findings->json);
}

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

void findings_add(void *state, const struct grove_finding *finding)
{
    struct findings *findings = state;
    struct grove_error unused;
    findings->warnings += finding->verdict == GROVE_FINDING_WARNING;
    findings->failures += finding->verdict == GROVE_FINDING_FAILED;
    if (findings->session->json) {
        add_json(&findings->json, finding);
        return;
    }
    struct strbuf out;
    strbuf_init(&out, FINDING_BYTES_MAX);
    add_lines(&out, &findings->session->out, finding);
    (void)!session_print(findings->session, &out, &unused);
    strbuf_release(&out);
}

static enum grove_code print_verdict(const struct findings *findings, struct grove_error *error)
{
    struct strbuf out;
    enum grove_code code;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    if (findings->session->json) {
        strbuf_addf(&out, "{\"ok\":%s,\"findings\":[%s]}", findings->failures ? "false" : "true",
                    findings->json.data);
        out.failed |= findings->json.failed;
        code = session_print_json(findings->session, &out, error);
    } else {
        strbuf_add_char(&out, '\n');
        if (findings->failures)
            format_counted(&out, findings->failures, "check failed", "checks failed");
        else
            strbuf_add(&out, "all is well");
        if (findings->warnings) {
            strbuf_add(&out, ", ");
            format_counted(&out, findings->warnings, "warning", "warnings");
        }
        strbuf_add_char(&out, '\n');
        code = session_print(findings->session, &out, error);
    }
    strbuf_release(&out);
    return code;
}

enum grove_code findings_finish(struct findings *findings, enum grove_code code,
                                struct grove_error *error)
{
    // Anything else than checks that failed ended it before all were made.
    bool only_failed = code == GROVE_UNSUPPORTED || code == GROVE_UNAVAILABLE;
    if (code != GROVE_OK && (!only_failed || findings->failures == 0))
        return code;
    if (code != GROVE_OK)
        findings->session->exit_status = grove_code_info(code)->exit_status;
    return print_verdict(findings, error);
}
