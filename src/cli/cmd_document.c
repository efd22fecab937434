// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "cli/format.h"
#include "cli/run.h"
#include "cli/session.h"
#include "cli/table.h"
#include "commands/answers.h"

enum { LABEL_WIDTH = 10 };

static void add_line(struct strbuf *out, const struct terminal *terminal, const char *label,
                     const char *text)
{
    struct strbuf prose;
    strbuf_init(&prose, SESSION_OUTPUT_MAX);
    display_add_prose(&prose, text_of(text));
    strbuf_addf(out, "%s%-*s%s", terminal_style(terminal, STYLE_DIM), LABEL_WIDTH, label,
                terminal_style(terminal, STYLE_PLAIN));
    display_add_flowing(out, terminal, strbuf_text(&prose), LABEL_WIDTH, LABEL_WIDTH);
    out->failed |= prose.failed;
    strbuf_release(&prose);
}

static void add_time(struct strbuf *out, const struct terminal *terminal, const char *label,
                     int64_t timestamp_us)
{
    char time[CLOCK_RFC3339_SIZE] = "-";
    if (timestamp_us != GROVE_NULL)
        clock_format_rfc3339(timestamp_us, time);
    add_line(out, terminal, label, time);
}

static void add_parts(struct strbuf *out, const struct terminal *terminal,
                      const struct grove_document *document)
{
    static const struct table_column columns[] = {
        {"PART", .right = true},
        {"HEADING", .width_min = 16, .style = STYLE_BOLD},
        {"WORDS", .right = true, .drop = 1},
        {"ID", .right = true},
    };
    struct table table;
    table_init(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < document->chunk_count; i++) {
        const struct grove_chunk *chunk = &document->chunks[i];
        table_addf(&table, "%lld", (long long)chunk->position);
        table_add(&table, chunk->heading);
        table_add_count(&table, chunk->word_count);
        table_addf(&table, "%d", (int)chunk->content_id);
    }
    strbuf_add_char(out, '\n');
    table_print(&table, terminal, out);
    table_release(&table);
}

static void add_document(struct strbuf *out, const struct terminal *terminal,
                         const struct grove_document *document)
{
    strbuf_add(out, terminal_style(terminal, STYLE_BOLD));
    display_add_prose(out, text_of(document->title));
    strbuf_addf(out, "%s\n", terminal_style(terminal, STYLE_PLAIN));
    if (document->chunk_count > 0) {
        strbuf_add(out, terminal_style(terminal, STYLE_CYAN));
        display_add_prose(out, text_of(document->chunks[0].path));
        strbuf_addf(out, "%s\n", terminal_style(terminal, STYLE_PLAIN));
    }
    strbuf_add_char(out, '\n');
    if (document->source[0])
        add_line(out, terminal, "source", document->source);
    add_line(out, terminal, "key", document->key);
    if (document->table)
        add_line(out, terminal, "table", document->table);
    if (document->url)
        add_line(out, terminal, "url", document->url);
    add_line(out, terminal, "metadata", document->metadata);
    add_time(out, terminal, "created", document->created_at_us);
    add_time(out, terminal, "updated", document->updated_at_us);
    add_parts(out, terminal, document);
    if (document->body)
        format_body(out, document->body);
}

static enum grove_code print_text(struct session *session, const struct grove_document *document,
                                  struct grove_error *error)
{
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    add_document(&out, &session->out, document);
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

enum grove_code cmd_document(struct session *session, struct grove_error *error)
{
    const struct grove_read_document_request request = {
        .name = session->options.operands[0],
        .body = options_has(&session->options, OPTION_BODY),
    };
    struct grove_document *document = NULL;
    enum grove_code code = session_open(session, error);
    if (code == GROVE_OK)
        code = grove_read_document(session->grove, &request, &document, error);
    if (code != GROVE_OK)
        return code;
    code = session->json ? session_print_shape(session, &document_shape, document, error)
                         : print_text(session, document, error);
    grove_document_free(document);
    return code;
}
