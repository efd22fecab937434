// SPDX-License-Identifier: Apache-2.0
#include "commands/filter.h"
#include "cli/session.h"
#include "grove/contents.h"

enum { MISFITS_SHOWN = 20 };

struct exporting {
    struct session *session;
    bool csv;
    int64_t misfits;
};

// Whole lines. JSON stays the same value where a terminal is spared some characters; CSV has no way
// to write them otherwise, so only a terminal is.
static enum grove_code write_lines(void *state, const char *bytes, size_t size_bytes,
                                   struct grove_error *error)
{
    const struct exporting *self = state;
    struct text rest = {bytes, size_bytes}, line;
    struct strbuf out;
    strbuf_init(&out, (size_t)2 << 30);
    if (!self->csv)
        display_add_json(&out, rest);
    else if (!self->session->out.is_terminal)
        strbuf_add_text(&out, rest);
    else
        while (rest.length > 0 && text_split(&rest, '\n', &line)) {
            display_add_safe(&out, line);
            strbuf_add_char(&out, '\n');
        }
    enum grove_code code = session_print(self->session, &out, error);
    strbuf_release(&out);
    return code;
}

static void on_misfit(void *state, int32_t content_id, const char *reason)
{
    struct exporting *self = state;
    if (self->misfits++ < MISFITS_SHOWN)
        session_warn(self->session, "id %d: %s", (int)content_id, reason);
}

enum grove_code cmd_export(struct session *session, struct grove_error *error)
{
    const struct options *options = &session->options;
    struct exporting self = {.session = session, .csv = options_has(options, OPTION_CSV)};
    struct filter_values values;
    if (self.csv && options_has(options, OPTION_JSONL))
        return session_usage_error(session, error, "--csv and --jsonl exclude each other");
    if (self.csv && session->json)
        return session_usage_error(session, error, "--csv and --json exclude each other");
    enum grove_code code = filter_read(options, &values, error);
    if (code == GROVE_OK)
        code = session_open(session, error);
    if (code != GROVE_OK)
        return code;
    values.filter.path = options->operand_count ? options->operands[0] : NULL;
    struct grove_export_request request = {
        .filter = values.filter,
        .format = self.csv ? GROVE_EXPORT_CSV : GROVE_EXPORT_JSONL,
        .write = write_lines,
        .on_misfit = on_misfit,
        .state = &self,
    };
    struct grove_export_report *report = NULL;
    code = grove_export(session->grove, &request, &report, error);
    if (code == GROVE_OK && self.misfits > 0)
        session_warn(session,
                     "%lld of these rows will not be the same once they are loaded: what changes, "
                     "or that a load refuses them, is told above",
                     (long long)self.misfits);
    if (code == GROVE_OK && report->rows == 0)
        session_warn_of_types(session);
    if (code == GROVE_OK)
        session_warn_waiting(session, report->waiting);
    grove_free(report);
    return code;
}
