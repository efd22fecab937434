// SPDX-License-Identifier: Apache-2.0
//
// Reading a command line by the command table.
//
//     struct options options = {0};
//     code = options_parse_top(argc, argv, &options, &next, error);   // up to the command
//     code = options_parse(command, argc - next, argv + next, &options, error);
//     int64_t limit = options_count(&options, OPTION_LIMIT, 10);
//
// Values are checked while parsing, so that what the accessors give is valid. Strings are borrowed
// from argv; its elements may be reordered (operands last). Errors are GROVE_INVALID with a hint.
// Threads: parsing uses getopt's globals, one at a time.
#ifndef GROVE_CLI_OPTIONS_H
#define GROVE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "commands/values.h"

// Stops at the first operand: argv[*ret_next], or argc.
enum grove_code options_parse_top(int argc, char **argv, struct options *options, int *ret_next,
                                  struct grove_error *error);

// argv[0] is the command's name. Values are added to *options.
enum grove_code options_parse(const struct command *command, int argc, char **argv,
                              struct options *options, struct grove_error *error);

#endif
