// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"
#include "commands/schema.h"

// Pages that are made of the table.
static const struct {
    enum option_id option;
    void (*add)(struct strbuf *out);
} pages[] = {
    {OPTION_MAN, help_add_man},
    {OPTION_MARKDOWN, help_add_markdown},
    {OPTION_SCHEMA, schema_add},
};

static enum grove_code print_page(struct session *session, void (*add)(struct strbuf *out),
                                  struct grove_error *error)
{
    struct strbuf text;
    strbuf_init(&text, SESSION_OUTPUT_MAX);
    add(&text);
    enum grove_code code = session_print_either(session, &text, error);
    strbuf_release(&text);
    return code;
}

enum grove_code cmd_help(struct session *session, struct grove_error *error)
{
    const struct options *options = &session->options;
    const struct command *command = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(pages); i++)
        if (options_has(options, pages[i].option))
            return print_page(session, pages[i].add, error);
    if (options->operand_count > 0) {
        command = command_find(options->operands[0]);
        if (!command)
            return command_unknown(options->operands[0], error);
    }
    return help_print(session, command, error);
}
