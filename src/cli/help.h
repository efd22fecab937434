// SPDX-License-Identifier: Apache-2.0
//
// Help for people, made from the command table: on a terminal, as docs/cli.md, as a manual page.
#ifndef GROVE_CLI_HELP_H
#define GROVE_CLI_HELP_H

#include "commands/command.h"
#include "cli/session.h"

void help_add_overview(struct strbuf *out, const struct terminal *terminal);
void help_add_command(struct strbuf *out, const struct terminal *terminal,
                      const struct command *command);
// docs/cli.md
void help_add_markdown(struct strbuf *out);
// The manual page, as man(1) reads it.
void help_add_man(struct strbuf *out);

struct help_line {
    const char *name, *meaning;
};

// Exit statuses that are no error's, and variables; each ends where name is NULL.
extern const struct help_line help_statuses[];
extern const struct help_line help_environment[];

// Help on a command, or for NULL the overview, on standard output.
enum grove_code help_print(struct session *session, const struct command *command,
                           struct grove_error *error);

#endif
