// SPDX-License-Identifier: Apache-2.0
//
// Programs under the servers' account.
//
// grove has many threads, and in the child of a fork their locks may be held for ever: so nothing
// here forks. posix_spawn starts util-linux's setpriv (changes the account) and setsid -f
// (detaches, so that the program becomes nobody's child), then a line of shell which opens the log
// with the account's rights, writes down which process it is, reports through a pipe and becomes
// the program. What fails on that way is what comes out of the pipe instead.
//
// Nothing is waited for without a limit: not for the report, nor for the child to be gone.
#include "home/spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/inject.h"
#include "base/text.h"
#include "home/process.h"

enum {
    REPORT_SIZE = 256,
    REPORT_DESCRIPTOR = 3,
    DETACH_TIMEOUT_MS = 30000,
    REAP_TIMEOUT_MS = 2000,
    REAP_PAUSE_MS = 1,
    ENVIRONMENT_MAX = 64,
};

// Of processor time, files, memory and descriptors a program may have what the system allows, not
// what the shell of whoever starts it had set for itself. Of its stack it has 8 MB, as usual: with
// less PostgreSQL does not start, and without any limit programs lie elsewhere in memory.
#define UNLIMITED                                                                                  \
    "{ for of in t f d v n; do ulimit -S -$of $(ulimit -H -$of); done;"                            \
    " [ $(ulimit -S -s) -ge 8192 ] || ulimit -S -s 8192 || ulimit -S -s $(ulimit -H -s);"          \
    " } 2>/dev/null; "

// $0: the log, $1: where to write which process it is, or "", $2: its place. Descriptors 1, 2 and 3
// are the pipe at first. The time at which it began is the 20th word behind its name.
static const char detached_script[] = UNLIMITED
    "umask 077; exec >>\"$0\" 2>&1; who=$1 place=$2; shift 2; began() { echo \"${20}\"; };"
    " if [ \"$who\" ]; then read -r stat </proc/$$/stat; stat=${stat##*\\)};"
    " echo \"$$ $(began $stat) $place\" >\"$who\" ||"
    " { echo \"could not write $who\" >&3; exit 1; }; fi;"
    " echo $$ >&3; exec 3>&-; exec \"$@\"";
static const char waiting_script[] =
    UNLIMITED "umask 077; exec >>\"$0\" 2>&1; \"$@\" 3>&-; echo $? >&3";

struct command {
    const char *items[HOME_ARGUMENTS_MAX + 16];
    int count;
    char uid_option[32], gid_option[32], place[PROCESS_TEXT_SIZE];
};

static void add(struct command *command, const char *item)
{
    CHECK((size_t)command->count + 1 < ARRAY_COUNT(command->items));
    command->items[command->count++] = item;
    command->items[command->count] = NULL;
}

static void build_command(struct command *command, const struct home *home,
                          const struct home_program *program, bool detached)
{
    command->count = 0;
    if (home->change_user) {
        snprintf(command->uid_option, sizeof command->uid_option, "--reuid=%u", home->uid);
        snprintf(command->gid_option, sizeof command->gid_option, "--regid=%u", home->gid);
        add(command, "/usr/bin/setpriv");
        add(command, command->uid_option);
        add(command, command->gid_option);
        add(command, "--init-groups");
        add(command, "--no-new-privs");
        add(command, "--");
    }
    if (detached) {
        add(command, "/usr/bin/setsid");
        add(command, "-f");
    }
    add(command, "/bin/sh");
    add(command, "-c");
    add(command, detached ? detached_script : waiting_script);
    add(command, program->log_path);
    if (detached) {
        process_place(command->place); // the child's is ours
        add(command, program->identity_path ? program->identity_path : "");
        add(command, command->place);
    }
    CHECK(program->arguments[0] && program->arguments[0][0] == '/');
    for (int i = 0; program->arguments[i]; i++)
        add(command, program->arguments[i]);
}

// A server lives for weeks: it must not keep the passwords in the environment of whoever happened
// to start it, nor depend on that environment.
static void build_environment(char *environment[static ENVIRONMENT_MAX + 1])
{
    static char *const fixed[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/",
        "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC"};
    int count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(fixed); i++)
        environment[count++] = fixed[i];
    for (char **variable = environ; variable && *variable && count < ENVIRONMENT_MAX; variable++)
        if (strncmp(*variable, "GROVE_", 6) == 0)
            environment[count++] = *variable;
    environment[count] = NULL;
}

// Each returns 0 or an errno value.
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    // Catching or ignoring these two cannot be asked for, so neither can their default.
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    int failure = posix_spawnattr_setsigdefault(attributes, &all);
    if (!failure)
        failure = posix_spawnattr_setsigmask(attributes, &none);
    if (!failure)
        failure = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    return failure;
}

static int set_actions(posix_spawn_file_actions_t *actions, int report, int kept)
{
    static_assert((int)HOME_KEPT_DESCRIPTOR == REPORT_DESCRIPTOR + 1, "all above are closed");
    int failure = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    for (int fd = 1; !failure && fd <= REPORT_DESCRIPTOR; fd++)
        failure = posix_spawn_file_actions_adddup2(actions, report, fd);
    int last = kept > 0 ? HOME_KEPT_DESCRIPTOR : REPORT_DESCRIPTOR;
    if (!failure && kept > 0)
        failure = posix_spawn_file_actions_adddup2(actions, kept, HOME_KEPT_DESCRIPTOR);
    if (!failure)
        failure = posix_spawn_file_actions_addclosefrom_np(actions, last + 1);
    if (!failure)
        failure = posix_spawn_file_actions_addchdir_np(actions, "/");
    return failure;
}

static int spawn(const struct command *command, int report, int kept, pid_t *ret_pid)
{
    char *environment[ENVIRONMENT_MAX + 1];
    build_environment(environment);
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int failure = posix_spawnattr_init(&attributes);
    if (failure)
        return failure;
    failure = posix_spawn_file_actions_init(&actions);
    if (!failure) {
        failure = set_attributes(&attributes);
        if (!failure)
            failure = set_actions(&actions, report, kept);
        if (!failure) // exec does not write to its arguments; the prototype is older than const
            failure = posix_spawn(ret_pid, command->items[0], &actions, &attributes,
                                  (char *const *)(uintptr_t)command->items, environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return failure;
}

// A pipe whose ends are none of the descriptors 0 to 4, which set_actions writes over. A child that
// the host forks meanwhile does not keep it open: the report ends with who reports.
static int make_pipe(int ends[static 2])
{
    descriptor_hold_standard(); // what the host prints must not be in the report
    int failure = descriptor_pipe_own(ends, 16);
    descriptor_let_standard_go();
    return failure;
}

// Reads to the end of the pipe. GROVE_TIMEOUT after so long (0: as long as the call may take).
static enum grove_code read_report(int fd, unsigned limit_ms, const struct call *call,
                                   char ret_report[static REPORT_SIZE], struct grove_error *error)
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)limit_ms * 1000;
    size_t length = 0;
    char discarded[REPORT_SIZE];
    for (;;) {
        enum grove_code code = call_check(call, error);
        if (code != GROVE_OK)
            return code;
        if (limit_ms > 0 && clock_monotonic_us() >= deadline_us)
            return error_set(error, GROVE_TIMEOUT, "it said nothing for %u s", limit_ms / 1000);
        struct pollfd wait_for = {.fd = fd, .events = POLLIN};
        int ready = poll(&wait_for, 1, (int)call_slice_ms(call));
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        size_t room = REPORT_SIZE - 1 - length;
        ssize_t got =
            room > 0 ? read(fd, ret_report + length, room) : read(fd, discarded, sizeof discarded);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += room > 0 ? (size_t)got : 0;
    }
    while (length > 0 && ret_report[length - 1] == '\n')
        length--;
    ret_report[length] = '\0';
    return GROVE_OK;
}

// The kernel keeps what is left of a child until it is asked for it. A host program may ignore
// SIGCHLD or ask for our child itself: the report tells all we need.
static bool is_reaped(pid_t child, unsigned limit_ms)
{
    for (unsigned waited_ms = 0;; waited_ms += REAP_PAUSE_MS) {
        pid_t got = waitpid(child, NULL, WNOHANG);
        if (got == child || (got < 0 && errno != EINTR))
            return true;
        if (waited_ms >= limit_ms)
            return false;
        clock_sleep_ms(REAP_PAUSE_MS);
    }
}

// `at_once`: it and what it has started, which is a session of its own.
static void end_child(pid_t child, bool at_once)
{
    CHECK(child > 1);
    if (!at_once && is_reaped(child, REAP_TIMEOUT_MS))
        return;
    kill(-child, SIGKILL);
    (void)is_reaped(child, REAP_TIMEOUT_MS);
}

// What fails on the way says so. Whoever said nothing was killed.
static enum grove_code take_number(const struct home_program *program, const char *report,
                                   int *ret_number, struct grove_error *error)
{
    int64_t number;
    if (text_to_int64(text_of(report), &number) && number >= 0 && number <= INT_MAX) {
        *ret_number = (int)number;
        return GROVE_OK;
    }
    if (report[0] == '\0')
        return error_set(error, GROVE_UNAVAILABLE, "\"%s\" was killed before it ran",
                         program->arguments[0]);
    error_set(error, GROVE_IO, "could not start \"%s\"", program->arguments[0]);
    error_detail(error, "%s", report);
    return GROVE_IO;
}

static enum grove_code start(const struct home *home, const struct home_program *program,
                             bool detached, const struct call *call, int *ret_number,
                             struct grove_error *error)
{
    struct command command;
    char report[REPORT_SIZE] = "";
    pid_t child = -1;
    int ends[2] = {-1, -1};
    enum grove_code code = call_check(call, error);
    if (code != GROVE_OK)
        return code;
    build_command(&command, home, program, detached);
    int failure = make_pipe(ends);
    if (!failure) {
        failure = spawn(&command, ends[1], detached ? program->kept : 0, &child);
        descriptor_close_own(&ends[1]);
    }
    if (failure) {
        descriptor_close_own(&ends[0]);
        return error_set_errno(error, failure, "could not start \"%s\"", command.items[0]);
    }
    unsigned limit_ms = detached ? (unsigned)KNOB(SPAWN_MS, DETACH_TIMEOUT_MS) : 0;
    code = read_report(ends[0], limit_ms, call, report, error);
    end_child(child, code != GROVE_OK);
    descriptor_close_own(&ends[0]);
    if (code == GROVE_OK)
        return take_number(program, report, ret_number, error);
    error_context(error, "starting \"%s\"", program->arguments[0]);
    return code;
}

enum grove_code home_spawn(const struct home *home, const struct home_program *program,
                           const struct call *call, pid_t *ret_pid, struct grove_error *error)
{
    static_assert(sizeof(pid_t) == sizeof(int), "process ids are at most INT_MAX");
    CHECK(program->kept == 0 || program->kept > HOME_KEPT_DESCRIPTOR);
    return start(home, program, true, call, ret_pid, error);
}

enum grove_code home_run(const struct home *home, const struct home_program *program,
                         const struct call *call, int *ret_exit_status, struct grove_error *error)
{
    CHECK(!program->identity_path && program->kept == 0);
    return start(home, program, false, call, ret_exit_status, error);
}
