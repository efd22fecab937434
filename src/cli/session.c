// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "commands/command.h"
#include "cli/format.h"
#include "commands/types_hint.h"

enum {
    PARTIAL_BYTES_MAX = 1 << 20,
    REPORT_BYTES_MAX = 2 << 20,
    LABEL_WIDTH = 9,
    NOTE_INDENT = 2,
    HINT_BYTES_MAX = 1 << 20,
};

// A signal handler has no other way to them.
static struct grove_token *volatile interrupted_token;
static const char *volatile interrupt_notice;
static volatile sig_atomic_t interrupted;

void session_init(struct session *session, const char *program)
{
    *session = (struct session){.program = program};
    terminal_init(&session->out, stdout);
    terminal_init(&session->err, stderr);
    strbuf_init(&session->partial, PARTIAL_BYTES_MAX);
}

void session_close(struct session *session)
{
    struct grove *grove = session->grove;
    interrupted_token = NULL;
    session->grove = NULL;
    grove_close(grove);
    grove_token_free(session->token);
    session->token = NULL;
}

void session_release(struct session *session)
{
    session_close(session);
    strbuf_release(&session->partial);
}

// The second signal ends the process, whichever of the two it is.
static void on_interrupt(int signal_number)
{
    int saved_errno = errno;
    (void)signal_number;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    struct grove_token *token = interrupted_token;
    const char *notice = interrupt_notice;
    interrupted = 1;
    if (token)
        grove_token_cancel(token);
    if (token && notice && write(STDERR_FILENO, notice, strlen(notice)) < 0)
        errno = 0; // nothing can be done about it here
    errno = saved_errno;
}

enum grove_precision session_precision(const struct session *session)
{
    const struct option_value *value = options_find(&session->options, OPTION_PRECISION);
    if (!value)
        return GROVE_PRECISION_UNSET;
    return value->number == 0 ? GROVE_PRECISION_F32 : GROVE_PRECISION_REDUCED;
}

enum grove_code session_limits(struct session *session, struct grove_limits *ret,
                               struct grove_error *error)
{
    session->token = session->token ? session->token : grove_token_new();
    if (!session->token)
        return error_no_memory(error, "a session");
    interrupted_token = session->token;
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int64_t timeout_ms = options_count(&session->options, OPTION_TIMEOUT, 0);
    int64_t now_us = clock_monotonic_us();
    session->began_us = session->began_us ? session->began_us : now_us;
    int64_t left_ms = timeout_ms - (now_us - session->began_us) / 1000;
    *ret = (struct grove_limits){
        .timeout_ms = timeout_ms ? (unsigned)left_ms : 0,
        .token = session->token,
    };
    if (timeout_ms && left_ms <= 0)
        return error_set(error, GROVE_TIMEOUT, "it was not done within the %g s that it was given",
                         (double)timeout_ms / 1000);
    return GROVE_OK;
}

void session_own_path(char ret_path[static PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", ret_path, PATH_MAX - 1);
    ret_path[length > 0 ? length : 0] = '\0';
}

// What libpq would put into each session, whatever the connection string says: grove sets its own,
// and one that makes no sense would keep it from every server. psql is to have them.
static void forget_settings(void)
{
    static const char *const variables[] = {"PGTZ", "PGDATESTYLE", "PGGEQO"};
    for (size_t i = 0; i < ARRAY_COUNT(variables); i++)
        unsetenv(variables[i]);
}

// An empty name of a service names none, but libpq, also psql's, looks for its definition.
static void forget_empty_service(void)
{
    const char *service = getenv("PGSERVICE");
    if (service && !service[0])
        unsetenv("PGSERVICE");
}

enum grove_code session_open(struct session *session, struct grove_error *error)
{
    char command[PATH_MAX];
    if (session->grove)
        return GROVE_OK;
    forget_empty_service();
    if (strcmp(session->command->name, "psql") != 0)
        forget_settings();
    session_own_path(command);
    struct grove_options options = {.home = session->home,
                                    .home_use = session->command->home_use,
                                    .command = command,
                                    .embed_precision = session_precision(session)};
    enum grove_code code = session_limits(session, &options.limits, error);
    options.total_ms = options.limits.timeout_ms; // a command may be of several calls
    return code == GROVE_OK ? grove_open(&options, &session->grove, error) : code;
}

enum grove_code session_open_again(struct session *session, struct grove_error *error)
{
    grove_close(session->grove);
    session->grove = NULL;
    return session_open(session, error);
}

bool session_is_interrupted(void)
{
    return interrupted != 0;
}

void session_set_interrupt_notice(const char *notice)
{
    interrupt_notice = isatty(STDERR_FILENO) == 1 ? notice : NULL;
}

enum grove_code session_usage_error(struct session *session, struct grove_error *error,
                                    const char *format, ...)
{
    char message[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    text_vformat(message, sizeof message, format, arguments);
    va_end(arguments);
    session->usage_error = true;
    return error_set(error, GROVE_INVALID, "%s", message);
}

// --- output --------------------------------------------------------------------------------------

static enum grove_code write_out(struct session *session, struct text text,
                                 struct grove_error *error)
{
    errno = 0;
    size_t written = fwrite(text.data, 1, text.length, stdout);
    if (written == text.length && fflush(stdout) == 0)
        return GROVE_OK;
    int cause = errno;
    if (cause == EPIPE) {
        session->output_closed = true;
        return error_set(error, GROVE_CANCELLED, "the reader of the output has gone");
    }
    error_set_errno(error, cause ? cause : EIO, "could not write to standard output");
    if (error->hint[0]) // it is full, or may not grow: what was written before stays there
        error_hint(error, "what it got so far is not whole: %s, and run the same command again",
                   cause == EFBIG ? "raise the limit on the size of files (ulimit -f)"
                                  : "free some space where it goes to");
    return error->code;
}

enum grove_code session_print(struct session *session, const struct strbuf *text,
                              struct grove_error *error)
{
    if (text->failed)
        return error_no_memory(error, "the output");
    return write_out(session, strbuf_text(text), error);
}

enum grove_code session_print_json(struct session *session, const struct strbuf *json,
                                   struct grove_error *error)
{
    struct strbuf line;
    strbuf_init(&line, SESSION_OUTPUT_MAX);
    line.failed = json->failed;
    display_add_json(&line, strbuf_text(json));
    strbuf_add_char(&line, '\n');
    enum grove_code code = session_print(session, &line, error);
    strbuf_release(&line);
    return code;
}

enum grove_code session_print_shape(struct session *session, const struct shape *shape,
                                    const void *object, struct grove_error *error)
{
    struct strbuf json;
    strbuf_init(&json, SESSION_OUTPUT_MAX);
    shape_add(&json, shape, object);
    enum grove_code code = session_print_json(session, &json, error);
    strbuf_release(&json);
    return code;
}

enum grove_code session_print_either(struct session *session, const struct strbuf *text,
                                     struct grove_error *error)
{
    if (!session->json)
        return session_print(session, text, error);
    struct strbuf json;
    strbuf_init(&json, SESSION_OUTPUT_MAX);
    strbuf_add_char(&json, '{');
    json_string_member(&json, "text", text->data);
    strbuf_add_char(&json, '}');
    json.failed |= text->failed;
    enum grove_code code = session_print_json(session, &json, error);
    strbuf_release(&json);
    return code;
}

// --- errors --------------------------------------------------------------------------------------

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

void session_add_error(struct strbuf *out, const struct grove_error *error)
{
    strbuf_add_char(out, '{');
    json_string_member(out, "code", grove_code_info(error->code)->name);
    json_string_member(out, "message", error->message);
    json_string_member(out, "detail", or_null(error->detail));
    json_string_member(out, "hint", or_null(error->hint));
    json_string_member(out, "context", or_null(error->context));
    json_string_member(out, "origin", grove_origin_name(error->origin));
    json_string_member(out, "sqlstate", or_null(error->sqlstate));
    json_integer_member(out, "http_status", error->http_status ? error->http_status : GROVE_NULL);
    json_string_member(out, "retry", error->retry == GROVE_RETRY_LATER ? "later" : "never");
    strbuf_add_char(out, '}');
}

// False where standard output does not take it: a full disk, which is then told of otherwise.
static bool report_json(struct session *session, const struct grove_error *error)
{
    struct strbuf out;
    struct grove_error ignored; // nothing is left to tell it to
    strbuf_init(&out, REPORT_BYTES_MAX);
    strbuf_add(&out, "{\"error\":");
    session_add_error(&out, error);
    if (session->partial.length && !session->partial.failed) {
        strbuf_add_char(&out, ',');
        strbuf_add_text(&out, strbuf_text(&session->partial));
    }
    strbuf_add_char(&out, '}');
    bool told = session_print_json(session, &out, &ignored) == GROVE_OK;
    strbuf_release(&out);
    return told || session->output_closed;
}

// Behind what stands in the line already.
static void add_flowing(const struct session *session, struct strbuf *out, struct text text,
                        unsigned column, unsigned indent)
{
    struct strbuf safe;
    strbuf_init(&safe, REPORT_BYTES_MAX);
    display_add_safe(&safe, text);
    out->failed |= safe.failed;
    display_add_flowing(out, &session->err, strbuf_text(&safe), column, indent);
    strbuf_release(&safe);
}

// Lines of a longer text go below each other.
static void add_labelled(const struct session *session, struct strbuf *out, const char *label,
                         const char *text)
{
    struct text rest = text_trim(text_of(text)), line;
    if (rest.length == 0)
        return;
    for (bool first = true; text_split(&rest, '\n', &line); first = false) {
        strbuf_addf(out, "  %-*s", LABEL_WIDTH, first ? label : "");
        add_flowing(session, out, line, 2 + LABEL_WIDTH, 2 + LABEL_WIDTH);
    }
}

static void add_usage(const struct session *session, struct strbuf *out)
{
    const struct command *command = session->command;
    if (command)
        strbuf_addf(out,
                    "usage: grove %s%s%s\n"
                    "try \"grove %s --help\" for its options and examples\n",
                    command->name, command->usage[0] ? " " : "", command->usage, command->name);
    else
        strbuf_add(out, "usage: grove COMMAND [ARGUMENTS]\n"
                        "try \"grove --help\" for the commands\n");
}

static void write_err(const struct session *session, const struct strbuf *out)
{
    fwrite(out->data, 1, out->length, session->err.file);
    fflush(session->err.file);
}

void session_report(struct session *session, const struct grove_error *error)
{
    if (session->json && report_json(session, error))
        return;
    struct strbuf out;
    strbuf_init(&out, REPORT_BYTES_MAX);
    strbuf_addf(&out, "%sgrove:%s ", terminal_style(&session->err, STYLE_RED),
                terminal_style(&session->err, STYLE_PLAIN));
    add_flowing(session, &out, text_of(error->message), sizeof "grove:", NOTE_INDENT);
    add_labelled(session, &out, "detail:", error->detail);
    add_labelled(session, &out, "hint:", error->hint);
    add_labelled(session, &out, "context:", error->context);
    if (session->usage_error)
        add_usage(session, &out);
    write_err(session, &out);
    strbuf_release(&out);
}

void session_warn(const struct session *session, const char *format, ...)
{
    char message[2048];
    struct strbuf out;
    if (session->json)
        return;
    va_list arguments;
    va_start(arguments, format);
    text_vformat(message, sizeof message, format, arguments);
    va_end(arguments);
    strbuf_init(&out, REPORT_BYTES_MAX);
    strbuf_addf(&out, "%sgrove: warning:%s ", terminal_style(&session->err, STYLE_YELLOW),
                terminal_style(&session->err, STYLE_PLAIN));
    add_flowing(session, &out, text_of(message), sizeof "grove: warning:", NOTE_INDENT);
    write_err(session, &out);
    strbuf_release(&out);
}

void session_warn_of_types(const struct session *session)
{
    struct strbuf hint;
    strbuf_init(&hint, HINT_BYTES_MAX);
    if (!session->json)
        types_hint_add(session->grove, NULL, &session->options, &hint);
    if (hint.length > 0)
        session_warn(session, "%s", hint.data);
    strbuf_release(&hint);
}

void session_warn_waiting(const struct session *session, int64_t rows)
{
    if (rows > 0)
        session_warn(session,
                     "%lld rows of attached tables, or more, were not read yet; \"grove "
                     "attachments\" tells which",
                     (long long)rows);
}
