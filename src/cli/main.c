// SPDX-License-Identifier: Apache-2.0
//
// The grove command: finds the command in the table, reads its options, runs it, and reports what
// went wrong, once. The exit status is that of the error's code (grove_code_info).
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/descriptor.h"
#include "commands/command.h"
#include "cli/help.h"
#include "cli/session.h"

enum { EXIT_USAGE = 2, EXIT_OUTPUT_CLOSED = 128 + SIGPIPE };

// Errors of the command line itself are JSON, too, so this cannot wait for the parser.
static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

// Nothing was asked for: the commands are shown where errors are.
static enum grove_code no_command(struct session *session, struct grove_error *error)
{
    if (session->json) {
        session->usage_error = true;
        return error_set(error, GROVE_INVALID, "no command was given");
    }
    struct strbuf text;
    strbuf_init(&text, SESSION_OUTPUT_MAX);
    help_add_overview(&text, &session->err);
    fwrite(text.data, 1, text.length, stderr);
    strbuf_release(&text);
    session->exit_status = EXIT_USAGE;
    return GROVE_OK;
}

static enum grove_code parse(struct session *session, int argc, char **argv, int *ret_next,
                             struct grove_error *error)
{
    enum grove_code code = options_parse_top(argc, argv, &session->options, ret_next, error);
    if (code != GROVE_OK || *ret_next == argc || options_has(&session->options, OPTION_HELP) ||
        options_has(&session->options, OPTION_VERSION))
        return code;
    session->command = command_find(argv[*ret_next]);
    if (!session->command)
        return command_unknown(argv[*ret_next], error);
    return options_parse(session->command, argc - *ret_next, argv + *ret_next, &session->options,
                         error);
}

static enum grove_code run(struct session *session, int argc, char **argv,
                           struct grove_error *error)
{
    int next = argc;
    session->json = wants_json(argc, argv);
    enum grove_code code = parse(session, argc, argv, &next, error);
    if (code != GROVE_OK) {
        session->usage_error = true;
        return code;
    }
    session->json = options_has(&session->options, OPTION_JSON);
    session->home = options_text(&session->options, OPTION_HOME);
    if (options_has(&session->options, OPTION_HELP))
        return help_print(session, session->command, error);
    if (options_has(&session->options, OPTION_VERSION))
        return cmd_version(session, error);
    if (!session->command)
        return no_command(session, error);
    return run_command(session, error);
}

int main(int argc, char **argv)
{
    struct session session;
    struct grove_error error = {0};
    // Before anything is opened. Where that cannot be done nothing can be said either.
    if (!descriptor_fill_standard())
        return grove_code_info(GROVE_IO)->exit_status;
    // A reader that goes away is an error of the write, which ends us without a word; a file that
    // may not grow is one that is told.
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    session_init(&session, argc > 0 ? argv[0] : "grove");
    enum grove_code code = run(&session, argc, argv, &error);
    int status = code == GROVE_OK ? session.exit_status : grove_code_info(code)->exit_status;
    if (code != GROVE_OK && !session.output_closed)
        session_report(&session, &error);
    if (session.output_closed)
        status = EXIT_OUTPUT_CLOSED;
    session_release(&session);
    return status;
}
