// SPDX-License-Identifier: Apache-2.0
//
// Whether grove_call can make the call of a command: of all that have fields, and of no others.
#ifndef GROVE_COMMANDS_CALL_H
#define GROVE_COMMANDS_CALL_H

#include <stdbool.h>

#include "commands/command.h"

bool call_knows(const struct command *command);

#endif
