// SPDX-License-Identifier: Apache-2.0
//
// Programs under the servers' account.
//
// grove has many threads, and in the child of a fork their locks may be held for ever: so nothing
// here forks. posix_spawn starts util-linux's setpriv (changes the account) and setsid -f
// (detaches, so that the program becomes nobody's child), then a line of shell which opens the log
// with the account's rights, reports through a pipe and becomes the program. What fails on that way
// is what comes out of the pipe instead.
#include "home/home.h"

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
#include "base/text.h"

enum { REPORT_SIZE = 256, REPORT_DESCRIPTOR = 3, DETACH_TIMEOUT_MS = 30000, ENVIRONMENT_MAX = 64 };

// $0: the log. Descriptors 1, 2 and 3 are the pipe at first.
static const char detached_script[] = "umask 077; exec >>\"$0\" 2>&1; echo $$ >&3; exec 3>&-;"
                                      " exec \"$@\"";
static const char waiting_script[] = "umask 077; exec >>\"$0\" 2>&1; \"$@\" 3>&-; echo $? >&3";

struct command {
    const char *items[HOME_ARGUMENTS_MAX + 16];
    int count;
    char uid_option[32], gid_option[32];
};

static void add(struct command *command, const char *item)
{
    CHECK((size_t)command->count + 1 < ARRAY_COUNT(command->items));
    command->items[command->count++] = item;
    command->items[command->count] = NULL;
}

static void build_command(struct command *command, const struct home *home, bool detached,
                          const char *log_path, const char *const *arguments)
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
    add(command, log_path);
    CHECK(arguments[0] && arguments[0][0] == '/');
    for (int i = 0; arguments[i]; i++)
        add(command, arguments[i]);
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

static int set_actions(posix_spawn_file_actions_t *actions, int report)
{
    int failure = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    for (int fd = 1; !failure && fd <= REPORT_DESCRIPTOR; fd++)
        failure = posix_spawn_file_actions_adddup2(actions, report, fd);
    if (!failure)
        failure = posix_spawn_file_actions_addclosefrom_np(actions, REPORT_DESCRIPTOR + 1);
    if (!failure)
        failure = posix_spawn_file_actions_addchdir_np(actions, "/");
    return failure;
}

static int spawn(const struct command *command, int report, pid_t *ret_pid)
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
            failure = set_actions(&actions, report);
        if (!failure) // exec does not write to its arguments; the prototype is older than const
            failure = posix_spawn(ret_pid, command->items[0], &actions, &attributes,
                                  (char *const *)(uintptr_t)command->items, environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return failure;
}

// A pipe whose ends are none of the descriptors 0 to 3, which set_actions writes over.
static int make_pipe(int ends[2])
{
    int low[2];
    descriptor_hold_standard(); // what the host prints must not be in the report
    int failure = pipe2(low, O_CLOEXEC) != 0 ? errno : 0;
    descriptor_let_standard_go();
    if (failure)
        return failure;
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 16);
        if (ends[i] < 0)
            failure = errno;
        close(low[i]);
    }
    if (failure) {
        file_close_descriptor(&ends[0]);
        file_close_descriptor(&ends[1]);
    }
    return failure;
}

// Reads to the end of the pipe, or until the time is over (timeout_ms < 0: never).
static void read_report(int fd, int timeout_ms, char ret_report[static REPORT_SIZE])
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    size_t length = 0;
    char discarded[REPORT_SIZE];
    for (;;) {
        int64_t left_ms = timeout_ms < 0 ? -1 : (deadline_us - clock_monotonic_us()) / 1000;
        if (timeout_ms >= 0 && left_ms <= 0)
            break;
        struct pollfd wait_for = {.fd = fd, .events = POLLIN};
        if (poll(&wait_for, 1, (int)left_ms) <= 0 && errno == EINTR)
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
}

static enum grove_code start(const struct home *home, const char *const *arguments,
                             const char *log_path, bool detached, int *ret_number,
                             struct grove_error *error)
{
    struct command command;
    build_command(&command, home, detached, log_path, arguments);
    int ends[2] = {-1, -1};
    int failure = make_pipe(ends);
    if (failure)
        return error_set_errno(error, failure, "could not start \"%s\"", arguments[0]);
    pid_t child = -1;
    failure = spawn(&command, ends[1], &child);
    close(ends[1]);
    char report[REPORT_SIZE] = "";
    if (!failure) {
        read_report(ends[0], detached ? DETACH_TIMEOUT_MS : -1, report);
        // A host program may ignore SIGCHLD or reap our child: the report tells all we need.
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    close(ends[0]);
    if (failure)
        return error_set_errno(error, failure, "could not start \"%s\"", command.items[0]);
    int64_t number;
    if (!text_to_int64(text_of(report), &number) || number < 0 || number > INT_MAX) {
        error_set(error, GROVE_IO, "could not start \"%s\"", arguments[0]);
        if (report[0])
            error_detail(error, "%s", report);
        return GROVE_IO;
    }
    *ret_number = (int)number;
    return GROVE_OK;
}

enum grove_code home_spawn_pid(const struct home *home, const char *const *arguments,
                               const char *log_path, int *ret_pid, struct grove_error *error)
{
    return start(home, arguments, log_path, true, ret_pid, error);
}

enum grove_code home_spawn(const struct home *home, const char *const *arguments,
                           const char *log_path, struct grove_error *error)
{
    int pid;
    return home_spawn_pid(home, arguments, log_path, &pid, error);
}

enum grove_code home_run(const struct home *home, const char *const *arguments,
                         const char *log_path, int *ret_exit_status, struct grove_error *error)
{
    return start(home, arguments, log_path, false, ret_exit_status, error);
}
