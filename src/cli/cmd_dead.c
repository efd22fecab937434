// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/ask.h"
#include "cli/format.h"
#include "cli/ids.h"
#include "cli/session.h"
#include "cli/table.h"
#include "commands/answers_stores.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

// --- list ----------------------------------------------------------------------------------------

static void add_letter(struct table *table, const struct grove_dead_letter *letter)
{
    struct strbuf since;
    char id[16];
    snprintf(id, sizeof id, "%d", letter->content_id);
    strbuf_init(&since, TEXT_BYTES_MAX);
    format_date(&since, letter->since_us);
    table_add(table, id);
    table_add(table, letter->deleted ? "(deleted)" : letter->title);
    table_add(table, letter->content_type);
    table_add_count(table, letter->attempts);
    table_add(table, since.data);
    table_note(table, STYLE_DIM, 2, letter->reason);
    strbuf_release(&since);
}

static void add_table(struct strbuf *out, const struct terminal *terminal,
                      const struct grove_dead_letters *letters)
{
    static const struct table_column columns[] = {
        {"CONTENT", .right = true, .style = STYLE_BOLD},
        {"TITLE", .width_min = 16},
        {"TYPE", .width_min = 8, .drop = 2},
        {"ATTEMPTS", .right = true, .drop = 1},
        {"SINCE", .drop = 3},
    };
    struct table table;
    table_init(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < letters->count; i++)
        add_letter(&table, &letters->items[i]);
    table_print(&table, terminal, out);
    table_release(&table);
}

static enum grove_code list(struct session *session, struct grove_error *error)
{
    struct grove_dead_letters *letters = NULL;
    struct grove_dead_request request = {
        .limit = (unsigned)options_count(&session->options, OPTION_LIMIT, 0)};
    enum grove_code code = grove_list_dead(session->grove, &request, &letters, error);
    if (code != GROVE_OK)
        return code;
    struct strbuf out;
    strbuf_init(&out, TEXT_BYTES_MAX);
    if (session->json) {
        struct answer_dead answer = {.action = ANSWER_DEAD_LISTED, .letters = *letters};
        code = session_print_shape(session, &answer_dead_shape, &answer, error);
    } else {
        if (letters->count == 0)
            strbuf_add(&out, "nothing was given up on\n");
        else
            add_table(&out, &session->out, letters);
        if (letters->more)
            strbuf_add(&out, "\nthere are more: --limit shows up to 1000\n");
        code = session_print(session, &out, error);
    }
    strbuf_release(&out);
    grove_free(letters);
    return code;
}

// --- retry, drop ---------------------------------------------------------------------------------

static enum grove_code retry(struct session *session, const struct grove_dead_request *request,
                             struct grove_error *error)
{
    struct answer_dead answer = {.action = ANSWER_DEAD_RETRIED};
    int64_t *count = &answer.report.contents;
    enum grove_code code = grove_retry_dead(session->grove, request, count, error);
    if (code != GROVE_OK || session->json)
        return code == GROVE_OK ? session_print_shape(session, &answer_dead_shape, &answer, error)
                                : code;
    struct strbuf out;
    strbuf_init(&out, TEXT_BYTES_MAX);
    format_counted(&out, *count, "content is", "contents are");
    strbuf_add(&out, *count > 0 ? " due again: grove sync\n" : " due again\n");
    code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

static void add_dropped(struct strbuf *out, const struct grove_dead_report *report)
{
    strbuf_add(out, report->dry_run ? "would remove " : "removed ");
    format_counted(out, report->contents, "content", "contents");
    if (report->letters > 0) {
        strbuf_add(out, "; of ");
        format_counted(out, report->letters, "content", "contents");
        strbuf_add(out, report->dry_run ? " that is gone the letter would end"
                                        : " that was gone the letter has ended");
    }
    if (report->kept > 0) {
        strbuf_add(out, "; ");
        format_counted(out, report->kept, "letter stays", "letters stay");
        strbuf_add(out, ", since the vector engine still holds the point: grove dead retry");
    }
    strbuf_add_char(out, '\n');
}

static enum grove_code confirm(struct session *session, struct grove_dead_request request,
                               struct grove_error *error)
{
    struct grove_dead_report found;
    struct strbuf question;
    request.dry_run = true;
    enum grove_code code = grove_drop_dead(session->grove, &request, &found, error);
    if (code != GROVE_OK || found.contents == 0)
        return code;
    strbuf_init(&question, TEXT_BYTES_MAX);
    strbuf_add(&question, "remove ");
    format_counted(&question, found.contents, "content", "contents");
    strbuf_add(&question, " from the database");
    code = ask_to_go_on(session, question.data, "--yes removes them, --dry-run only counts",
                        "removed", error);
    strbuf_release(&question);
    return code;
}

static enum grove_code drop(struct session *session, struct grove_dead_request *request,
                            struct grove_error *error)
{
    struct answer_dead answer = {.action = ANSWER_DEAD_DROPPED};
    request->dry_run = options_has(&session->options, OPTION_DRY_RUN);
    bool asks = !request->dry_run && !options_has(&session->options, OPTION_YES);
    enum grove_code code = asks ? confirm(session, *request, error) : GROVE_OK;
    if (code == GROVE_OK)
        code = grove_drop_dead(session->grove, request, &answer.report, error);
    if (code != GROVE_OK)
        return code;
    if (session->json)
        return session_print_shape(session, &answer_dead_shape, &answer, error);
    struct strbuf out;
    strbuf_init(&out, TEXT_BYTES_MAX);
    add_dropped(&out, &answer.report);
    code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

// --- the command ---------------------------------------------------------------------------------

static enum grove_code read_ids(struct session *session, int32_t *ids,
                                struct grove_dead_request *ret, struct grove_error *error)
{
    const struct options *options = &session->options;
    size_t words = options->operand_count - 1;
    enum grove_code code =
        ids_read_all(session, options->operands + 1, words, ids, &ret->content_id_count, error);
    if (code == GROVE_OK && ret->content_id_count < words)
        return session_usage_error(session, error, "\"%.100s\" is not the id of a content",
                                   options->operands[1 + ret->content_id_count]);
    ret->content_ids = ret->content_id_count > 0 ? ids : NULL;
    return code;
}

static enum grove_code act(struct session *session, struct grove_dead_request *request,
                           struct grove_error *error)
{
    const char *action = session->options.operands[0];
    bool lists = strcmp(action, "list") == 0, drops = strcmp(action, "drop") == 0;
    if (lists && request->content_ids)
        return session_usage_error(session, error, "list takes no ids");
    if (drops && !request->content_ids)
        return session_usage_error(session, error, "drop needs the ids of contents");
    enum grove_code code = session_open(session, error);
    if (code != GROVE_OK)
        return code;
    return lists   ? list(session, error)
           : drops ? drop(session, request, error)
                   : retry(session, request, error);
}

enum grove_code cmd_dead(struct session *session, struct grove_error *error)
{
    struct grove_dead_request request = {.limit = 0};
    int32_t *ids = mem_alloc_array(IDS_MAX, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "ids");
    enum grove_code code = read_ids(session, ids, &request, error);
    if (code == GROVE_OK)
        code = act(session, &request, error);
    mem_free(ids);
    return code;
}
