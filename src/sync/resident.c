// SPDX-License-Identifier: Apache-2.0
//
// Starting and stopping the resident projector.
//
//     <servers>/projector/lock, pid   that it lives, and who it is (home/service.h)
//     <servers>/projector/failure     the last failure, as long as it lasts
//     <servers>/log/projector.log     what it says
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
#include "base/descriptor.h"
#include "base/file.h"
#include "base/inject.h"
#include "base/text.h"
#include "home/service.h"
#include "home/spawn.h"

#define ENV "/usr/bin/env"

enum {
    STOP_TIMEOUT_MS = 5000, // enough, but where PostgreSQL hangs
    KILL_TIMEOUT_MS = 5000,
    SETTING_SIZE = PATH_MAX + 32,
};

enum grove_code resident_find_paths(const struct home *home, struct resident_paths *ret,
                                    struct grove_error *error)
{
    *ret = (struct resident_paths){
        .service = {.home = home, .name = "the resident projector", .argument = RESIDENT_ARGUMENT}};
    int folder = snprintf(ret->folder, PATH_MAX, "%s/projector", home->servers);
    int failure = snprintf(ret->failure, PATH_MAX, "%s/projector/failure", home->servers);
    if (folder >= PATH_MAX || failure >= PATH_MAX)
        return error_set(error, GROVE_INVALID, "the path of grove's folder is too long");
    return service_paths(&ret->service, "projector/", "projector", error);
}

static bool is_running(const struct resident_paths *paths)
{
    struct service_view view;
    service_find(&paths->service, &view);
    return view.state != SERVICE_GONE;
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
    if (code != GROVE_OK || is_running(&paths))
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
    struct home_program program = {.arguments = arguments, .log_path = "/dev/null"};
    pid_t pid;
    code = home_spawn(&account, &program, NULL, &pid, error);
    if (code != GROVE_OK)
        error_context(error, "starting the resident projector");
    return code;
}

// --- stopping ------------------------------------------------------------------------------------

enum grove_code resident_stop(const struct home *home, const struct call *call,
                              struct grove_error *error)
{
    const struct service_step steps[] = {
        {SIGTERM, (unsigned)KNOB(RESIDENT_STOP_MS, STOP_TIMEOUT_MS)}, {SIGKILL, KILL_TIMEOUT_MS}};
    struct resident_paths paths;
    size_t needed;
    enum grove_code code = resident_find_paths(home, &paths, error);
    if (code != GROVE_OK)
        return code;
    code = service_stop(&paths.service, steps, ARRAY_COUNT(steps), call, &needed, error);
    // One that cannot be seen ends by itself, with the home's PostgreSQL.
    return code == GROVE_UNAVAILABLE ? GROVE_OK : code;
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
    struct service_view view;
    service_find(&paths.service, &view);
    struct resident_status status = {.running = view.state != SERVICE_GONE};
    status.pid = view.state == SERVICE_RUNS ? (int)view.process.pid : 0;
    read_failure(home, &paths, status.last_error, sizeof status.last_error);
    *ret = status;
    return GROVE_OK;
}
