// SPDX-License-Identifier: Apache-2.0
//
// A question that only yes lets go on.
//
//     code = ask_to_go_on(session, "remove 8 contents", "--yes removes them", "removed", error);
#ifndef GROVE_CLI_ASK_H
#define GROVE_CLI_ASK_H

#include "cli/session.h"

// Asks on a terminal, "remove 8 contents? [y/N]". What is no yes is GROVE_CANCELLED, "nothing was
// removed". Where nobody can be asked it is GROVE_CONFLICT, "it would remove 8 contents", with the
// hint. The question is safe to be shown.
enum grove_code ask_to_go_on(const struct session *session, const char *question, const char *hint,
                             const char *done, struct grove_error *error);

#endif
