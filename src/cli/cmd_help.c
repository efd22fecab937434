// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

enum grove_code cmd_help(struct session *session, struct grove_error *error)
{
    const struct options *options = &session->options;
    const struct command *command = NULL;
    if (options_has(options, OPTION_MARKDOWN) || options_has(options, OPTION_MAN)) {
        struct strbuf text;
        strbuf_init(&text, SESSION_OUTPUT_MAX);
        if (options_has(options, OPTION_MAN))
            help_add_man(&text);
        else
            help_add_markdown(&text);
        enum grove_code code = session_print_either(session, &text, error);
        strbuf_release(&text);
        return code;
    }
    if (options->operand_count > 0) {
        command = command_find(options->operands[0]);
        if (!command)
            return command_unknown(options->operands[0], error);
    }
    return help_print(session, command, error);
}
