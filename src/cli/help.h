// SPDX-License-Identifier: Apache-2.0
//
// Help for people, made from the command table.
#ifndef GROVE_CLI_HELP_H
#define GROVE_CLI_HELP_H

#include "cli/command.h"
#include "cli/session.h"

void help_add_overview(struct strbuf *out, const struct terminal *terminal);
void help_add_command(struct strbuf *out, const struct terminal *terminal,
                      const struct command *command);
// docs/cli.md
void help_add_markdown(struct strbuf *out);

// Help on a command, or for NULL the overview, on standard output.
enum grove_code help_print(struct session *session, const struct command *command,
                           struct grove_error *error);

#endif
