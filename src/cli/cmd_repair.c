// SPDX-License-Identifier: Apache-2.0
//
// Without --yes it looks first, and asks. What was found then is looked at once more before it is
// mended: the answer may have taken its time.
#include "base/alloc.h"
#include "cli/ask.h"
#include "cli/differences.h"
#include "cli/format.h"
#include "cli/session.h"

enum { TEXT_BYTES_MAX = 1 << 16, IDS_MOST = 100000 };

static bool is_mended(const struct grove_repair_request *request, const char *kind)
{
    const char *const known[] = {"waiting", "dead"};
    for (size_t i = 0; i < ARRAY_COUNT(known); i++)
        if (strcmp(kind, known[i]) == 0)
            return false;
    return request->aliens || strcmp(kind, "alien") != 0;
}

static void add_found(struct strbuf *out, const struct grove_repair_request *request,
                      const struct grove_verify_report *found)
{
    differences_add_counts(out, found);
    strbuf_add(out, found->differences > 0 ? "\n" : "");
    differences_add_known(out, found);
    if (!request->aliens && found->kinds[GROVE_DIFFERENCE_ALIEN] > 0) {
        format_counted(out, found->kinds[GROVE_DIFFERENCE_ALIEN], "point", "points");
        strbuf_add(out, " of nobody left as they are: --aliens erases such\n");
    }
}

static void add_outcome(struct strbuf *out, const struct grove_repair_request *request,
                        const struct grove_repair_report *report)
{
    add_found(out, request, &report->found);
    if (report->dry_run) {
        strbuf_add(out, "would mend ");
        format_count(out, found_to_mend(request, &report->found));
        strbuf_add(out, "; nothing was changed\n");
    } else if (report->mended == 0) {
        strbuf_add(out, "nothing to mend\n");
    } else {
        strbuf_add(out, "mended ");
        format_count(out, report->mended);
        strbuf_add(out, " in ");
        format_seconds(out, report->seconds);
        if (report->pending > 0) {
            strbuf_add(out, "; ");
            format_counted(out, report->pending, "content waits", "contents wait");
            strbuf_add(out, " to be projected: grove sync");
        }
        strbuf_add_char(out, '\n');
    }
}

static enum grove_code print(struct session *session, struct differences *differences,
                             const struct grove_repair_request *request,
                             const struct grove_repair_report *report, struct grove_error *error)
{
    progress_clear(&differences->progress);
    if (session->json) {
        struct answer_repair answer = {
            .found = found_answer(&differences->found, request->path, &report->found),
            .report = *report,
        };
        return session_print_shape(session, &answer_repair_shape, &answer, error);
    }
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    differences_add_table(&out, differences);
    add_outcome(&out, request, report);
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

// The contents that were found, where they are all that is to be mended; else all is looked at.
static size_t choose(const struct found *found, const struct grove_repair_request *request,
                     int32_t ids[static IDS_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < found->count; i++) {
        const struct answer_difference *item = &found->items[i];
        if (!is_mended(request, item->kind))
            continue;
        if (item->content_id == GROVE_NULL || count == IDS_MOST)
            return 0;
        ids[count++] = (int32_t)item->content_id;
    }
    return found->left_out > 0 ? 0 : count;
}

static enum grove_code confirm(struct session *session, const struct grove_repair_request *request,
                               struct differences *found, const struct grove_verify_report *report,
                               struct grove_error *error)
{
    struct strbuf out, question;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    strbuf_init(&question, TEXT_BYTES_MAX);
    progress_clear(&found->progress);
    enum grove_code code = GROVE_OK;
    if (!session->json && session->err.is_terminal) {
        differences_add_table(&out, found);
        add_found(&out, request, report);
        code = session_print(session, &out, error);
    }
    strbuf_add(&question, "mend ");
    format_counted(&question, found_to_mend(request, report), "difference", "differences");
    if (code == GROVE_OK)
        code = ask_to_go_on(session, question.data, "--yes mends them, --dry-run only tells",
                            "mended", error);
    strbuf_release(&question);
    strbuf_release(&out);
    return code;
}

static enum grove_code mend(struct session *session, struct grove_repair_request *request,
                            const struct differences *found, int32_t *ids,
                            struct grove_error *error)
{
    struct differences mended;
    struct grove_repair_report report = {.dry_run = false};
    struct grove_repair_request last = *request;
    last.content_id_count = choose(&found->found, request, ids);
    last.content_ids = last.content_id_count > 0 ? ids : NULL;
    last.path = last.content_ids ? NULL : request->path;
    last.dry_run = false;
    differences_init(&mended, session);
    last.state = &mended;
    enum grove_code code = grove_repair(session->grove, &last, &report, error);
    if (code == GROVE_OK)
        code = print(session, &mended, request, &report, error);
    differences_release(&mended);
    return code;
}

static enum grove_code look_and_ask(struct session *session, struct grove_repair_request *request,
                                    struct differences *found, struct grove_error *error)
{
    struct grove_repair_report report = {.dry_run = true};
    request->dry_run = true;
    enum grove_code code = grove_repair(session->grove, request, &report, error);
    if (code != GROVE_OK)
        return code;
    if (found_to_mend(request, &report.found) == 0) {
        report.dry_run = false;
        return print(session, found, request, &report, error);
    }
    code = confirm(session, request, found, &report.found, error);
    int32_t *ids = code == GROVE_OK ? mem_alloc_array(IDS_MOST, sizeof *ids) : NULL;
    if (code == GROVE_OK)
        code = ids ? mend(session, request, found, ids, error) : error_no_memory(error, "ids");
    mem_free(ids);
    return code;
}

static enum grove_code do_at_once(struct session *session, struct grove_repair_request *request,
                                  struct differences *found, struct grove_error *error)
{
    struct grove_repair_report report = {.dry_run = false};
    enum grove_code code = grove_repair(session->grove, request, &report, error);
    return code == GROVE_OK ? print(session, found, request, &report, error) : code;
}

enum grove_code cmd_repair(struct session *session, struct grove_error *error)
{
    const struct options *options = &session->options;
    struct differences found;
    struct grove_repair_request request = {
        .path = options->operand_count > 0 ? options->operands[0] : NULL,
        .quick = options_has(options, OPTION_QUICK),
        .aliens = options_has(options, OPTION_ALIENS),
        .dry_run = options_has(options, OPTION_DRY_RUN),
        .rows_per_second = options_count(options, OPTION_RATE, 0),
        .on_difference = differences_on_difference,
        .on_progress = differences_on_progress,
        .state = &found,
    };
    differences_init(&found, session);
    enum grove_code code = session_open(session, error);
    bool asks = !request.dry_run && !options_has(options, OPTION_YES);
    if (code == GROVE_OK)
        code = asks ? look_and_ask(session, &request, &found, error)
                    : do_at_once(session, &request, &found, error);
    differences_release(&found);
    return code;
}
