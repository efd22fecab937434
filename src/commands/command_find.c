// SPDX-License-Identifier: Apache-2.0
#include "commands/command.h"

#include <string.h>

#include "base/check.h"

const struct command *command_find(const char *name)
{
    for (const struct command *command = command_table; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

struct text command_actions(const struct command *command)
{
    static const struct text none;
    if (!command->operand || strcmp(command->operand, "ACTION") != 0)
        return none;
    return (struct text){command->usage, strcspn(command->usage, " ")};
}

const char *command_group_title(enum command_group group)
{
    static const char *const titles[GROUP_COUNT] = {
        [GROUP_START] = "start here",   [GROUP_QUERY] = "ask",      [GROUP_DATA] = "change",
        [GROUP_SERVERS] = "look after", [GROUP_HELP] = "find help",
    };
    CHECK(group < GROUP_COUNT);
    return titles[group];
}
