// SPDX-License-Identifier: Apache-2.0
// What counts as an answer on a terminal.
#include "../test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/ask.h"

enum { HANGS_SECONDS = 10 };

// A terminal where nobody types.
static int open_terminal(void)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_int_equal(grantpt(terminal), 0);
    assert_int_equal(unlockpt(terminal), 0);
    int here = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(here >= 0);
    assert_int_equal(dup2(here, STDIN_FILENO), STDIN_FILENO);
    close(here);
    return terminal;
}

// After the question is shown, and before the wait for its answer begins.
static void an_interrupt_before_the_wait_is_no_yes(void **state)
{
    struct session session;
    struct grove_limits limits;
    struct grove_error error;
    (void)state;
    int terminal = open_terminal();
    session_init(&session, "grove");
    session.err.is_terminal = true;
    assert_int_equal(session_limits(&session, &limits, &error), GROVE_OK);
    raise(SIGINT);
    alarm(HANGS_SECONDS);
    assert_int_equal(ask_to_go_on(&session, "remove it", "--yes removes it", "removed", &error),
                     GROVE_CANCELLED);
    alarm(0);
    assert_non_null(strstr(error.message, "nothing was removed"));
    session_release(&session);
    close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interrupt_before_the_wait_is_no_yes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
