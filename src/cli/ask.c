// SPDX-License-Identifier: Apache-2.0
#include "cli/ask.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_SIZE = 256 };

// Whether there is something to read before Ctrl-C, which may come right before the wait.
static bool wait_for_answer(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    bool ret = !session_is_interrupted() && ppoll(&input, 1, NULL, &before) == 1;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ret;
}

// A line of standard input, without its end; false: there is none, or Ctrl-C came first, which
// read(2) does not return for.
static bool read_answer(char ret[static ANSWER_SIZE])
{
    if (!wait_for_answer())
        return false;
    ssize_t length = read(STDIN_FILENO, ret, ANSWER_SIZE - 1);
    if (length <= 0)
        return false;
    ret[length] = '\0';
    ret[strcspn(ret, "\r\n")] = '\0';
    return true;
}

static bool is_yes(const char *answer)
{
    return text_equal_caseless(text_of(answer), text_of("y")) ||
           text_equal_caseless(text_of(answer), text_of("yes"));
}

enum grove_code ask_to_go_on(const struct session *session, const char *question, const char *hint,
                             const char *done, struct grove_error *error)
{
    char answer[ANSWER_SIZE];
    bool asks = !session->json && session->err.is_terminal && isatty(STDIN_FILENO) == 1;
    if (!asks) {
        error_set(error, GROVE_CONFLICT, "it would %s", question);
        error_hint(error, "%s", hint);
        return GROVE_CONFLICT;
    }
    fprintf(stderr, "%s? [y/N] ", question);
    fflush(stderr);
    return read_answer(answer) && is_yes(answer)
               ? GROVE_OK
               : error_set(error, GROVE_CANCELLED, "nothing was %s", done);
}
