// SPDX-License-Identifier: Apache-2.0
//
// Starting and stopping the resident projector.
//
//     <servers>/projector/lock      held by it as long as it lives: whether it runs
//     <servers>/projector/pid       "<pid> <start time>": whom to tell to stop
//     <servers>/projector/failure   the last failure, as long as it lasts
//     <servers>/log/projector.log   what it says
//
// Whether it runs is asked of the lock, not of a process id: the lock is seen from other containers
// too, and ends with its holder. A process id is believed when the process with that number began
// at the time written there and has the home's path among its arguments.
//
// Nobody takes the home's lock to start it: commands must not wait for one another for its sake.
// Two processes that were started at once agree by the projector's own lock.
#include "sync/resident_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/inject.h"
#include "base/text.h"
#include "home/process.h"

#define ENV "/usr/bin/env"

enum {
    APPEAR_TIMEOUT_MS = 5000, // for a holder of the lock to say who it is, or to end
    STOP_TIMEOUT_MS = 5000,   // enough, but where PostgreSQL hangs
    KILL_TIMEOUT_MS = 5000,
    PAUSE_MS = 10,
    SETTING_SIZE = PATH_MAX + 32,
};

enum grove_code resident_find_paths(const struct home *home, struct resident_paths *ret,
                                    struct grove_error *error)
{
    int folder = snprintf(ret->folder, PATH_MAX, "%s/projector", home->servers);
    int lock = snprintf(ret->lock, PATH_MAX, "%s/projector/lock", home->servers);
    int pid = snprintf(ret->pid, PATH_MAX, "%s/projector/pid", home->servers);
    int failure = snprintf(ret->failure, PATH_MAX, "%s/projector/failure", home->servers);
    int logs = snprintf(ret->log_folder, PATH_MAX, "%s/log", home->servers);
    int log = snprintf(ret->log, PATH_MAX, "%s/log/projector.log", home->servers);
    if (folder >= PATH_MAX || lock >= PATH_MAX || pid >= PATH_MAX || failure >= PATH_MAX ||
        logs >= PATH_MAX || log >= PATH_MAX)
        return error_set(error, GROVE_INVALID, "the path of grove's folder is too long");
    return GROVE_OK;
}

pid_t resident_process(const struct home *home, const struct resident_paths *paths)
{
    struct process process;
    CHECK(home->path[0] == '/'); // the argument that it is known by
    CHECK(paths->pid[0] == '/');
    home_act_as_servers(home);
    bool written = process_read(paths->pid, &process);
    home_act_as_self(home);
    return written && process_lives(&process, home->path) &&
                   process_has_argument(process.pid, RESIDENT_ARGUMENT)
               ? process.pid
               : 0;
}

// Asks without taking the lock, so that nobody is kept from it.
static bool is_running(const struct home *home, const struct resident_paths *paths)
{
    CHECK(paths->lock[0] == '/');
    home_act_as_servers(home);
    GROVE_CLEANUP(file_close_descriptor)
    int fd = descriptor_open(paths->lock, O_RDONLY | O_NOFOLLOW, 0);
    home_act_as_self(home);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

// --- starting ------------------------------------------------------------------------------------

// The account under which it runs: the owner of the home, who may use all of it, as commands do.
static enum grove_code choose_account(const struct home *home, const char *program,
                                      struct home *ret, struct grove_error *error)
{
    *ret = *home;
    ret->change_user = geteuid() == 0 && home->owner != 0;
    if (geteuid() != 0 && geteuid() != home->owner)
        return error_set(error, GROVE_DENIED, "\"%s\" is another account's", home->path);
    if (!ret->change_user)
        return GROVE_OK;
    if (home->uid != home->owner)
        return error_set(error, GROVE_DENIED,
                         "the owner of \"%s\" is not the account of its servers", home->path);
    if (!home_reaches(ret, program, X_OK))
        return error_set(error, GROVE_DENIED, "the account \"%s\" cannot run \"%s\"", home->user,
                         program);
    return GROVE_OK;
}

struct settings {
    char assets[SETTING_SIZE], collection[SETTING_SIZE], home[SETTING_SIZE], cache[SETTING_SIZE];
};

// A program that home_spawn starts sees nothing of our environment but GROVE_*. The model and what
// is made of it are found as we find them.
static void add_settings(const struct home *account, const struct resident_options *options,
                         struct settings *settings, const char **arguments, size_t *count)
{
    const char *user_home = getenv("HOME"), *cache = getenv("XDG_CACHE_HOME");
    CHECK(options->collection[0]); // an empty variable would be the default
    snprintf(settings->assets, SETTING_SIZE, "GROVE_ASSETS=%s", account->assets);
    snprintf(settings->collection, SETTING_SIZE, "GROVE_COLLECTION=%s", options->collection);
    if (account->assets[0])
        arguments[(*count)++] = settings->assets;
    arguments[(*count)++] = settings->collection;
    if (account->change_user)
        return; // those are somebody else's folders
    if (user_home && snprintf(settings->home, SETTING_SIZE, "HOME=%s", user_home) < SETTING_SIZE)
        arguments[(*count)++] = settings->home;
    if (cache && snprintf(settings->cache, SETTING_SIZE, "XDG_CACHE_HOME=%s", cache) < SETTING_SIZE)
        arguments[(*count)++] = settings->cache;
}

enum grove_code resident_start(const struct home *home, const struct resident_options *options,
                               struct grove_error *error)
{
    struct resident_paths paths;
    struct home account;
    struct settings settings;
    const char *arguments[HOME_ARGUMENTS_MAX] = {ENV};
    size_t count = 1;
    CHECK(options->program[0] == '/');
    enum grove_code code = resident_find_paths(home, &paths, error);
    if (code != GROVE_OK || is_running(home, &paths))
        return code;
    code = choose_account(home, options->program, &account, error);
    if (code != GROVE_OK)
        return code;
    add_settings(&account, options, &settings, arguments, &count);
    const char *const command[] = {options->program, "sync",     RESIDENT_ARGUMENT,
                                   "--home",         home->path, NULL};
    for (size_t i = 0; command[i]; i++)
        arguments[count++] = command[i];
    CHECK(count < HOME_ARGUMENTS_MAX); // the last is NULL
    // It opens its log itself, with the rights of the servers' account, whose folder that is in.
    code = home_spawn(&account, arguments, "/dev/null", error);
    if (code != GROVE_OK)
        error_context(error, "starting the resident projector");
    return code;
}

// --- stopping ------------------------------------------------------------------------------------

// Waits until it does not run any more; with `ret_pid` also until it is known which process it is.
static bool wait_for_end(const struct home *home, const struct resident_paths *paths,
                         unsigned timeout_ms, pid_t *ret_pid)
{
    CHECK(timeout_ms > 0);
    CHECK(!ret_pid || *ret_pid == 0);
    int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    while (is_running(home, paths)) {
        pid_t pid = ret_pid ? resident_process(home, paths) : 0;
        if (pid != 0)
            *ret_pid = pid;
        if (pid != 0 || clock_monotonic_us() >= deadline_us)
            return false;
        clock_sleep_ms(PAUSE_MS);
    }
    return true;
}

enum grove_code resident_stop(const struct home *home, struct grove_error *error)
{
    static const int signals[] = {SIGTERM, SIGKILL};
    struct resident_paths paths;
    enum grove_code code = resident_find_paths(home, &paths, error);
    for (size_t i = 0; code == GROVE_OK && i < ARRAY_COUNT(signals); i++) {
        pid_t pid = 0;
        if (wait_for_end(home, &paths, APPEAR_TIMEOUT_MS, &pid) || pid == 0)
            return GROVE_OK;
        CHECK(pid > 1); // kill() takes 0 and below for groups of processes
        if (kill(pid, signals[i]) != 0 && errno != ESRCH)
            return error_set_errno(error, errno, "could not stop the resident projector (%d)",
                                   (int)pid);
        unsigned patience_ms = signals[i] == SIGTERM
                                   ? (unsigned)KNOB(RESIDENT_STOP_MS, STOP_TIMEOUT_MS)
                                   : KILL_TIMEOUT_MS;
        if (wait_for_end(home, &paths, patience_ms, NULL))
            return GROVE_OK;
    }
    return code != GROVE_OK
               ? code
               : error_set(error, GROVE_TIMEOUT, "the resident projector does not end");
}

static void read_failure(const struct home *home, const struct resident_paths *paths,
                         char *ret_text, size_t size_bytes)
{
    home_act_as_servers(home);
    GROVE_CLEANUP(file_close_descriptor)
    int fd = descriptor_open(paths->failure, O_RDONLY | O_NOFOLLOW, 0);
    home_act_as_self(home);
    ssize_t length = fd < 0 ? 0 : read(fd, ret_text, size_bytes - 1);
    struct text text = {ret_text, length > 0 ? (size_t)length : 0};
    CHECK(text.length < size_bytes);
    text.length = text_utf8_error(text); // it may have been cut inside a character
    ret_text[text.length] = '\0';
}

enum grove_code resident_status(const struct home *home, struct resident_status *ret,
                                struct grove_error *error)
{
    struct resident_paths paths;
    enum grove_code code = resident_find_paths(home, &paths, error);
    if (code != GROVE_OK)
        return code;
    struct resident_status status = {.running = is_running(home, &paths)};
    status.pid = status.running ? (int)resident_process(home, &paths) : 0;
    CHECK(status.running || status.pid == 0);
    read_failure(home, &paths, status.last_error, sizeof status.last_error);
    *ret = status;
    return GROVE_OK;
}
