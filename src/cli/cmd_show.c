// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "base/clock.h"
#include "cli/format.h"
#include "cli/ids.h"
#include "cli/run.h"
#include "cli/session.h"
#include "commands/answers.h"

enum { LABEL_WIDTH = 10 };

static void add_label(struct strbuf *out, const struct terminal *terminal, const char *label)
{
    strbuf_addf(out, "%s%-*s%s", terminal_style(terminal, STYLE_DIM), LABEL_WIDTH, label,
                terminal_style(terminal, STYLE_PLAIN));
}

static void add_text_line(struct strbuf *out, const struct terminal *terminal, const char *label,
                          const char *text)
{
    struct strbuf prose;
    strbuf_init(&prose, SESSION_OUTPUT_MAX);
    display_add_prose(&prose, text_of(text));
    add_label(out, terminal, label);
    display_add_flowing(out, terminal, strbuf_text(&prose), LABEL_WIDTH, LABEL_WIDTH);
    out->failed |= prose.failed;
    strbuf_release(&prose);
}

static void add_time_line(struct strbuf *out, const struct terminal *terminal, const char *label,
                          int64_t timestamp_us)
{
    char time[CLOCK_RFC3339_SIZE] = "-";
    if (timestamp_us != GROVE_NULL)
        clock_format_rfc3339(timestamp_us, time);
    add_label(out, terminal, label);
    strbuf_addf(out, "%s\n", time);
}

static void add_state(struct strbuf *out, const struct terminal *terminal,
                      const struct grove_content *content)
{
    add_label(out, terminal, "vector");
    strbuf_addf(out, "%s\n", content->vector_origin ? content->vector_origin : "not yet");
    if (content->dead_reason)
        add_text_line(out, terminal, "given up", content->dead_reason);
    else if (content->pending)
        add_text_line(out, terminal, "pending", "the vector engine has yet to get it");
}

static void add_document(struct strbuf *out, const struct terminal *terminal,
                         const struct grove_passage *passage)
{
    struct strbuf line;
    if (!passage)
        return;
    strbuf_init(&line, SESSION_OUTPUT_MAX);
    format_part(&line, passage);
    add_text_line(out, terminal, "document", line.data);
    out->failed |= line.failed;
    strbuf_release(&line);
}

static void add_content(struct strbuf *out, const struct terminal *terminal,
                        const struct grove_content *content)
{
    const struct grove_row *row = &content->row;
    strbuf_add(out, terminal_style(terminal, STYLE_BOLD));
    display_add_prose(out, text_of(row->title));
    strbuf_addf(out, "%s\n", terminal_style(terminal, STYLE_PLAIN));
    strbuf_add(out, terminal_style(terminal, STYLE_CYAN));
    format_path(out, row);
    strbuf_addf(out, "%s\n\n", terminal_style(terminal, STYLE_PLAIN));
    add_document(out, terminal, content->passage);
    add_label(out, terminal, "id");
    strbuf_addf(out, "%d\n", (int)row->content_id);
    add_text_line(out, terminal, "type", row->content_type);
    if (row->chunk_number != GROVE_NULL) {
        add_label(out, terminal, "chunk");
        strbuf_addf(out, "%lld\n", (long long)row->chunk_number);
    }
    if (row->word_count != GROVE_NULL) {
        add_label(out, terminal, "words");
        format_count(out, row->word_count);
        strbuf_add_char(out, '\n');
    }
    add_time_line(out, terminal, "created", row->created_at_us);
    add_time_line(out, terminal, "updated", content->updated_at_us);
    add_state(out, terminal, content);
    add_text_line(out, terminal, "summary", row->content_summary);
    if (content->body) {
        format_body(out, content->body);
    } else if (content->body_bytes != GROVE_NULL) {
        add_label(out, terminal, "body");
        format_bytes(out, content->body_bytes);
        strbuf_add(out, ", shown with --body\n");
    }
}

static enum grove_code print_text(struct session *session, const struct grove_content *content,
                                  struct grove_error *error)
{
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    add_content(&out, &session->out, content);
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

enum grove_code cmd_show(struct session *session, struct grove_error *error)
{
    struct grove_read_request request = {
        .body = options_has(&session->options, OPTION_BODY),
    };
    struct grove_content *content = NULL;
    if (!ids_is_one(session->options.operands[0]))
        return cmd_document(session, error);
    enum grove_code code =
        ids_read(session, session->options.operands[0], &request.content_id, error);
    if (code == GROVE_OK)
        code = session_open(session, error);
    if (code == GROVE_OK)
        code = grove_read_content(session->grove, &request, &content, error);
    if (code != GROVE_OK)
        return code;
    code = session->json ? session_print_shape(session, &content_shape, content, error)
                         : print_text(session, content, error);
    grove_content_free(content);
    return code;
}
