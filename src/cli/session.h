// SPDX-License-Identifier: Apache-2.0
//
// One run of the grove command: what was asked for, where output goes, the library's handle.
//
//     enum grove_code code = session_open(session, error);
//     ...
//     struct strbuf out;
//     strbuf_init(&out, SESSION_OUTPUT_MAX);
//     ...
//     code = session_print(session, &out, error);       // or session_print_json
//     strbuf_release(&out);
//     return code;
//
// main owns the session and everything in it. A command returns what went wrong and lets main
// report it, once. Threads: one; the signal handlers of session_open only cancel.
#ifndef GROVE_CLI_SESSION_H
#define GROVE_CLI_SESSION_H

#include <stdbool.h>

#include <limits.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/run.h"
#include "commands/shape.h"
#include "grove/grove.h"

enum { SESSION_OUTPUT_MAX = 256 << 20 };

struct session {
    const char *program;           // as it was typed
    const struct command *command; // NULL before it is known
    struct options options;
    struct terminal out;
    struct terminal err;
    bool json;
    const char *home; // NULL: the default
    struct grove *grove;
    struct grove_token *token; // cancels its calls
    int64_t began_us;          // monotonic: when it first asked for its limits
    struct strbuf partial;     // members of the JSON object beside "error"
    bool usage_error;          // the error is about the command line: the usage is shown too
    bool output_closed;        // whoever read our output has gone: end quietly
    int exit_status;           // of a run without error
};

enum { EXIT_PARTLY = 15 }; // something was refused, and the others are done

void session_init(struct session *session, const char *program);
void session_release(struct session *session);

// What --precision says; 0 without it.
enum grove_precision session_precision(const struct session *session);

// What its calls are given. From the first time on Ctrl-C and SIGTERM end the call under way with
// GROVE_CANCELLED; the second one ends the process.
enum grove_code session_limits(struct session *session, struct grove_limits *ret,
                               struct grove_error *error);

// Opens the library's handle, with these limits.
enum grove_code session_open(struct session *session, struct grove_error *error);
// Opens it anew, for a command that makes several calls: they have what is left of --timeout
// together. GROVE_TIMEOUT: nothing is left.
enum grove_code session_open_again(struct session *session, struct grove_error *error);
void session_close(struct session *session); // fine when it is not open

// The program that runs, which can become the resident projector; "" where it cannot be told.
void session_own_path(char ret_path[static PATH_MAX]);

// Whether Ctrl-C or SIGTERM came since session_limits.
bool session_is_interrupted(void);

// What Ctrl-C says from then on, on a terminal's standard error; at most a line.
void session_set_interrupt_notice(const char *notice);

// GROVE_INVALID, with the usage shown.
enum grove_code session_usage_error(struct session *session, struct grove_error *error,
                                    const char *format, ...) GROVE_PRINTF(3, 4);

// Writes to standard output, and at once. A buffer that failed is GROVE_NO_MEMORY.
enum grove_code session_print(struct session *session, const struct strbuf *text,
                              struct grove_error *error);
// The same for one JSON value, as a line.
enum grove_code session_print_json(struct session *session, const struct strbuf *json,
                                   struct grove_error *error);
// The same for what a command answers.
enum grove_code session_print_shape(struct session *session, const struct shape *shape,
                                    const void *object, struct grove_error *error);
// An error as a JSON object.
void session_add_error(struct strbuf *out, const struct grove_error *error);
// Text, or {"text": ...} where JSON was asked for.
enum grove_code session_print_either(struct session *session, const struct strbuf *text,
                                     struct grove_error *error);

// Reports on standard error, or for JSON on standard output.
void session_report(struct session *session, const struct grove_error *error);
// A line on standard error: "grove: warning: ..."; nothing where JSON was asked for.
void session_warn(const struct session *session, const char *format, ...) GROVE_PRINTF(2, 3);
// Where nothing matched: which type was probably meant, where one that was asked for is nowhere.
void session_warn_of_types(const struct session *session);
// What is shown lacks so many rows of attached tables, or more; 0: none.
void session_warn_waiting(const struct session *session, int64_t rows);

#endif
