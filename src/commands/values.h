// SPDX-License-Identifier: Apache-2.0
//
// What a command was given: the values of its options, whoever read them. A command line has
// operands (cli/options.h), JSON has fields in their place (commands/input.h).
//
//     int64_t limit = options_count(&options, OPTION_LIMIT, 10);
//
// Whoever fills it has checked the values by the command table: what the accessors give is valid.
// Strings are borrowed from where they were read. Threads: any, once it is filled.
#ifndef GROVE_COMMANDS_VALUES_H
#define GROVE_COMMANDS_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "commands/command.h"

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
    const char *mark;  // what stands before an option's name: "--", or "" in JSON
};

// The last one given; NULL when it was not.
const struct option_value *options_find(const struct options *options, enum option_id id);

static inline bool options_has(const struct options *options, enum option_id id)
{
    return options_find(options, id) != NULL;
}

const char *options_text(const struct options *options, enum option_id id); // or NULL
int64_t options_count(const struct options *options, enum option_id id, int64_t otherwise);

// An option's name as whoever gave it wrote it, for messages: "--min-words", "min_words".
struct option_label {
    char text[64];
};
struct option_label option_label(const struct command_option *option, const char *mark);

// Reads value->text as the option has it. GROVE_INVALID, with a hint: it cannot be one.
enum grove_code value_read(struct option_value *value, const char *mark, struct grove_error *error);
enum grove_code value_check_utf8(const char *what, const char *value, struct grove_error *error);

// Adds to an error what the option wants; GROVE_INVALID.
enum grove_code option_hint(const struct command_option *option, const char *mark,
                            struct grove_error *error);

// The name that a mistyped one probably stands for; { NULL, 0 } where none is near. Reorders.
struct text options_suggest(const char *wanted, struct text *names, size_t count);

// GROVE_INVALID, naming the command, or the action of a command, that was probably meant.
enum grove_code command_unknown(const char *name, struct grove_error *error);
enum grove_code action_unknown(const struct command *command, const char *name,
                               struct grove_error *error);

#endif
