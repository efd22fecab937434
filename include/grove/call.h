// SPDX-License-Identifier: Apache-2.0
//
// One call for bindings: a command by its name, what it is given and what it answers as JSON.
//
//     struct grove_error error;
//     char *json;
//     if (grove_call(grove, "search", "{\"text\": \"salvation\", \"limit\": 3}", &json, &error) ==
//         GROVE_OK) {
//         puts(json);
//         grove_free(json);
//     }
//
// The answer is what the grove command prints with --json (docs/cli.md). Which commands there are,
// what each takes and what it answers is described by grove_call_schema, which is made of the table
// of commands. All else is as with the calls that these are: threads, cancelling, a fork.
#ifndef GROVE_CALL_H
#define GROVE_CALL_H

#include <grove/grove.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GROVE_CALL_BYTES_MAX (64 << 20) // of what a call is given

// `json_in` is an object, as UTF-8; NULL: an empty one. A field that is null is as if it were left
// out. *ret_json is given back with grove_free. On failure it is untouched, and the error is what
// the command would print.
//
// GROVE_INVALID: there is no such command, or it cannot be called; an unknown field; a value that
// is not as the schema has it. GROVE_LIMIT: more than GROVE_CALL_BYTES_MAX. All these are told
// before anything is done.
GROVE_CHECKED enum grove_code grove_call(struct grove *grove, const char *command,
                                         const char *json_in, char **ret_json,
                                         struct grove_error *error);

// The same within these limits (NULL: none); of two timeouts, here and as "timeout_ms" in the
// object, the shorter holds.
GROVE_CHECKED enum grove_code grove_call_within(struct grove *grove, const char *command,
                                                const char *json_in,
                                                const struct grove_limits *limits, char **ret_json,
                                                struct grove_error *error);

// A JSON Schema (2020-12) with the member "calls": for each command that can be called what it does
// ("description"), what it takes ("input") and what it answers ("output"). The caller frees it with
// grove_free. NULL: out of memory.
GROVE_CHECKED char *grove_call_schema(void);

#ifdef __cplusplus
}
#endif
#endif
