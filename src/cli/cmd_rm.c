// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "commands/filter.h"
#include "cli/ask.h"
#include "cli/format.h"
#include "cli/ids.h"
#include "cli/session.h"
#include "commands/answers.h"

enum { TEXT_BYTES_MAX = 1 << 16 };

static enum grove_code print_text(struct session *session, const struct grove_remove_report *report,
                                  struct grove_error *error)
{
    struct strbuf out;
    strbuf_init(&out, TEXT_BYTES_MAX);
    strbuf_add(&out, report->dry_run ? "would remove " : "removed ");
    format_counted(&out, report->contents, "content", "contents");
    if (report->leaves > 0) {
        strbuf_add(&out, " in ");
        format_counted(&out, report->leaves, "leaf", "leaves");
    }
    strbuf_add_char(&out, '\n');
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

// --- asking --------------------------------------------------------------------------------------

static void add_question(struct strbuf *out, const char *path,
                         const struct grove_remove_report *found)
{
    strbuf_add(out, "remove ");
    format_counted(out, found->contents, "content", "contents");
    if (found->leaves > 0) {
        strbuf_add(out, " in ");
        format_counted(out, found->leaves, "leaf", "leaves");
    }
    strbuf_add(out, " under \"");
    display_add_safe(out, text_of(path));
    strbuf_add_char(out, '"');
}

static enum grove_code confirm(struct session *session, const char *path,
                               const struct grove_remove_report *found, struct grove_error *error)
{
    struct strbuf question;
    strbuf_init(&question, TEXT_BYTES_MAX);
    add_question(&question, path, found);
    enum grove_code code = ask_to_go_on(
        session, question.data, "--yes removes them, --dry-run only counts", "removed", error);
    strbuf_release(&question);
    return code;
}

// --- the command --------------------------------------------------------------------------------

static enum grove_code read_request(struct session *session, int32_t *ids,
                                    struct filter_values *values, struct grove_remove_request *ret,
                                    struct grove_error *error)
{
    const struct options *options = &session->options;
    enum grove_code code = filter_read(options, values, error);
    *ret = (struct grove_remove_request){
        .content_ids = ids,
        .filter = values->filter,
        .dry_run = options_has(options, OPTION_DRY_RUN),
        .document = options_text(options, OPTION_DOCUMENT),
    };
    if (code == GROVE_OK && (options->operand_count == 0) != (ret->document != NULL))
        return session_usage_error(session, error,
                                   "rm needs ids, a path or --document, and one of these");
    if (code == GROVE_OK)
        code = ids_read_all(session, options->operands, options->operand_count, ids,
                            &ret->content_id_count, error);
    if (code != GROVE_OK || ret->content_id_count == options->operand_count)
        return code;
    if (options->operand_count > 1)
        return session_usage_error(session, error,
                                   "ids or one path are removed: \"%.100s\" is no id",
                                   options->operands[ret->content_id_count]);
    ret->filter.path = options->operands[0];
    return GROVE_OK;
}

// A path is counted first. Without --yes no more goes than was found then.
static enum grove_code remove_path(struct session *session, struct grove_remove_request *request,
                                   struct grove_remove_report **ret, struct grove_error *error)
{
    struct grove_remove_report *found = NULL;
    struct grove_remove_request counting = *request;
    counting.dry_run = true;
    enum grove_code code = grove_remove(session->grove, &counting, &found, error);
    if (code != GROVE_OK)
        return code;
    if (found->contents > 0)
        code = confirm(session, request->filter.path, found, error);
    request->contents_max = found->contents > 0 ? found->contents : -1;
    grove_free(found);
    return code == GROVE_OK ? grove_remove(session->grove, request, ret, error) : code;
}

enum grove_code cmd_rm(struct session *session, struct grove_error *error)
{
    struct grove_remove_request request;
    struct grove_remove_report *report = NULL;
    struct filter_values values;
    int32_t *ids = mem_alloc_array(IDS_MAX, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "ids");
    enum grove_code code = read_request(session, ids, &values, &request, error);
    if (code == GROVE_OK)
        code = session_open(session, error);
    bool asks =
        request.filter.path && !request.dry_run && !options_has(&session->options, OPTION_YES);
    if (code == GROVE_OK)
        code = asks ? remove_path(session, &request, &report, error)
                    : grove_remove(session->grove, &request, &report, error);
    if (code == GROVE_OK)
        code = session->json ? session_print_shape(session, &remove_report_shape, report, error)
                             : print_text(session, report, error);
    grove_free(report);
    mem_free(ids);
    return code;
}
