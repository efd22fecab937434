// SPDX-License-Identifier: Apache-2.0
//
// Texts of the table of commands that are too long to stand in it: what a command does, what its
// JSON holds.
#ifndef GROVE_COMMANDS_COMMAND_TEXTS_H
#define GROVE_COMMANDS_COMMAND_TEXTS_H

extern const char command_sync_description[];

extern const char command_sync_json[];
extern const char command_status_json[];
extern const char command_doctor_json[];

#endif
