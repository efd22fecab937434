// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "cli/format.h"
#include "cli/ids.h"
#include "cli/session.h"
#include "commands/answers.h"

enum { TEXT_BYTES_MAX = 1 << 16 };

static enum grove_code print_text(struct session *session, const struct grove_move_report *report,
                                  struct grove_error *error)
{
    struct strbuf out;
    strbuf_init(&out, TEXT_BYTES_MAX);
    strbuf_add(&out, report->dry_run ? "would move " : "moved ");
    format_counted(&out, report->contents, "content", "contents");
    if (report->leaves > 0) {
        strbuf_add(&out, " in ");
        format_counted(&out, report->leaves, "leaf", "leaves");
    }
    strbuf_add(&out, report->leaves == 0 && report->leaves_created > 0 ? " to a new leaf\n" : "\n");
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

// The last operand is where to; before it stand ids, or one path.
static enum grove_code read_request(struct session *session, int32_t *ids,
                                    struct grove_move_request *ret, struct grove_error *error)
{
    const struct options *options = &session->options;
    size_t from_count = options->operand_count - 1;
    *ret = (struct grove_move_request){
        .content_ids = ids,
        .to = options->operands[from_count],
        .dry_run = options_has(options, OPTION_DRY_RUN),
        .document = options_text(options, OPTION_DOCUMENT),
    };
    if ((from_count == 0) != (ret->document != NULL))
        return session_usage_error(session, error,
                                   from_count == 0 ? "mv needs what is moved, and where to"
                                                   : "mv moves ids, a path or --document: one of "
                                                     "these");
    enum grove_code code =
        ids_read_all(session, options->operands, from_count, ids, &ret->content_id_count, error);
    if (code != GROVE_OK)
        return code;
    if (ids_is_one(ret->to)) {
        session_usage_error(session, error,
                            "\"%.100s\" is the id of a content, and no path to move "
                            "to",
                            ret->to);
        return GROVE_INVALID;
    }
    if (ret->content_id_count == from_count) // with a document none of both
        return GROVE_OK;
    if (from_count > 1)
        return session_usage_error(session, error, "ids or one path are moved: \"%.100s\" is no id",
                                   options->operands[ret->content_id_count]);
    ret->from = options->operands[0];
    return GROVE_OK;
}

enum grove_code cmd_mv(struct session *session, struct grove_error *error)
{
    struct grove_move_request request;
    struct grove_move_report *report = NULL;
    int32_t *ids = mem_alloc_array(IDS_MAX, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "ids");
    enum grove_code code = read_request(session, ids, &request, error);
    if (code == GROVE_OK)
        code = session_open(session, error);
    if (code == GROVE_OK)
        code = grove_move(session->grove, &request, &report, error);
    if (code == GROVE_OK)
        code = session->json ? session_print_shape(session, &move_report_shape, report, error)
                             : print_text(session, report, error);
    grove_free(report);
    mem_free(ids);
    return code;
}
