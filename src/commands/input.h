// SPDX-License-Identifier: Apache-2.0
//
// What a call is given: a JSON object, read by the command's row of the table.
//
//     struct input_values input;
//     code = input_read(command, json, &input, error);        // NULL: an empty object
//     const char *text = options_text(&input.options, FIELD_TEXT);
//     input_release(&input);                                  // also after a failure
//
// Fields are the command's own and its options, "-" written as "_", but for those that are typed
// only; null is as if it were left out. Values are checked as those of a command line are; in
// numbers nothing is rounded: what is to be a whole number is written as one.
//
// Errors: GROVE_INVALID with the field by name, and for an unknown one those that there are;
// GROVE_LIMIT where there is too much. Threads: each its own.
#ifndef GROVE_COMMANDS_INPUT_H
#define GROVE_COMMANDS_INPUT_H

#include "base/arena.h"
#include "base/json.h"
#include "commands/values.h"

enum {
    INPUT_BYTES_MAX = 64 << 20,
    INPUT_IDS_MAX = 100000,
    INPUT_STRINGS_MAX = 100, // in a list of them
};

struct input_values {
    struct options options; // texts live in the arena
    const int32_t *ids;     // NULL: none were given
    size_t id_count;
    yyjson_val *rows; // an array of the document, or NULL
    yyjson_doc *document;
    struct arena arena;
};

enum grove_code input_read(const struct command *command, const char *json,
                           struct input_values *ret, struct grove_error *error);
void input_release(struct input_values *input);

// The fields that a command has, for who goes through them: its own, its options, those of every
// call. NULL: there is none of that number.
const struct command_option *input_field(const struct command *command, size_t index);

#endif
