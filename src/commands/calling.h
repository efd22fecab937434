// SPDX-License-Identifier: Apache-2.0
//
// A call of grove_call under way, for the functions that make it: one for each command.
//
// What it is given was checked by the command's row. An answer is appended once, where the call
// does not fail. Threads: each its own.
#ifndef GROVE_COMMANDS_CALLING_H
#define GROVE_COMMANDS_CALLING_H

#include "base/strbuf.h"
#include "commands/input.h"

struct calling {
    struct grove *grove;
    const struct command *command;
    const struct input_values *input;
    struct grove_limits limits;
    int64_t started_us; // monotonic
    struct strbuf out;  // the answer
};

static inline const struct options *calling_options(const struct calling *calling)
{
    return &calling->input->options;
}

// Appends what the command's shape says of the object.
void calling_answer(struct calling *calling, const void *object);

// call_stores.c
enum grove_code call_verify(struct calling *calling, struct grove_error *error);
enum grove_code call_repair(struct calling *calling, struct grove_error *error);
enum grove_code call_dead(struct calling *calling, struct grove_error *error);

#endif
