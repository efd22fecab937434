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
#include "base/text.h"
#include "cli/command.h"

enum { OPTIONS_MAX = 128 };

struct option_value {
    const struct command_option *option;
    const char *text; // NULL for a flag without a value
    // VALUE_COUNT; VALUE_DURATION: milliseconds; VALUE_TIME: microseconds since 1970; VALUE_WORD:
    // which, from 0
    int64_t number;
    double real;   // VALUE_NUMBER
    bool relative; // VALUE_TIME: given as a duration
};

struct options {
    struct option_value values[OPTIONS_MAX];
    size_t count;
    char *const *operands;
    size_t operand_count;
    const char *stray; // where operands are VALUE_RAW: the first that is not behind --, or NULL
};

// Stops at the first operand: argv[*ret_next], or argc.
enum grove_code options_parse_top(int argc, char **argv, struct options *options, int *ret_next,
                                  struct grove_error *error);

// argv[0] is the command's name. Values are added to *options.
enum grove_code options_parse(const struct command *command, int argc, char **argv,
                              struct options *options, struct grove_error *error);

// The last one given; NULL when it was not.
const struct option_value *options_find(const struct options *options, enum option_id id);

static inline bool options_has(const struct options *options, enum option_id id)
{
    return options_find(options, id) != NULL;
}

const char *options_text(const struct options *options, enum option_id id); // or NULL
int64_t options_count(const struct options *options, enum option_id id, int64_t otherwise);

// The name that a mistyped one probably stands for; { NULL, 0 } where none is near. Reorders.
struct text options_suggest(const char *wanted, struct text *names, size_t count);

// GROVE_INVALID, naming the command that was probably meant.
enum grove_code command_unknown(const char *name, struct grove_error *error);

#endif
