// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"
#include "cli/session.h"
#include "cli/table.h"
#include "commands/answers.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

static void add_table(struct strbuf *out, const struct terminal *terminal,
                      const struct grove_attachments *all)
{
    static const struct table_column columns[] = {
        {"TABLE", .style = STYLE_BOLD, .width_min = 12},
        {"PATH", .width_min = 12, .drop = 1},
        {"STATE"},
        {"DOCUMENTS", .right = true},
        {"WAITING", .right = true},
        {"REFUSED", .right = true},
    };
    struct table table;
    table_init(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < all->count; i++) {
        const struct grove_attachment *item = &all->items[i];
        table_add(&table, item->table ? item->table : item->source);
        table_add(&table, item->path);
        table_add(&table, format_attach_state(item->state));
        table_add_count(&table, item->documents);
        table_add_count(&table, item->waiting);
        table_add_count(&table, item->refused);
    }
    table_print(&table, terminal, out);
    table_release(&table);
}

static void add_problems(struct strbuf *out, const struct grove_attachments *all)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct grove_attachment *item = &all->items[i];
        if (!item->problem)
            continue;
        strbuf_add_char(out, '\n');
        display_add_safe(out, text_of(item->source));
        strbuf_add(out, ": ");
        display_add_safe(out, text_of(item->problem));
        strbuf_add_char(out, '\n');
    }
    for (size_t i = 0; i < all->refused_count; i++) {
        strbuf_add(out, i == 0 ? "\n" : "");
        display_add_safe(out, text_of(all->refused[i].source));
        strbuf_add_char(out, ' ');
        display_add_safe(out, text_of(all->refused[i].key));
        strbuf_add(out, ": ");
        display_add_safe(out, text_of(all->refused[i].reason));
        strbuf_add_char(out, '\n');
    }
}

enum grove_code cmd_attachments(struct session *session, struct grove_error *error)
{
    struct grove_attachments *all = NULL;
    enum grove_code code = session_open(session, error);
    if (code == GROVE_OK)
        code = grove_list_attachments(session->grove, NULL, &all, error);
    if (code != GROVE_OK)
        return code;
    if (session->json) {
        code = session_print_shape(session, &attachments_shape, all, error);
    } else {
        struct strbuf out;
        strbuf_init(&out, TEXT_BYTES_MAX);
        if (all->count == 0)
            strbuf_add(&out, "no table is attached\n");
        else
            add_table(&out, &session->out, all);
        add_problems(&out, all);
        code = session_print(session, &out, error);
        strbuf_release(&out);
    }
    grove_free(all);
    return code;
}
