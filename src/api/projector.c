// SPDX-License-Identifier: Apache-2.0
//
// The resident projector is the grove command, whoever starts it: a library cannot become a
// program. The command itself says where it is. Another program's library looks beside itself, as
// in a build folder; then in the folder bin of the tree that it is installed in, which may have
// been moved; then where it was installed to. Where there is none a thread of the handle projects,
// as long as the handle is open.
#include "api/projector.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/places.h"
#include "sync/resident.h"

enum { CHECK_AGAIN_MS = 5000 };

static bool is_program(const char *path, char ret_path[static PATH_MAX])
{
    char resolved[PATH_MAX];
    if (!realpath(path, resolved) || access(resolved, X_OK) != 0)
        return false;
    memcpy(ret_path, resolved, sizeof resolved);
    return true;
}

// The folder of the file that this code was loaded from: the library, or a program that it is
// part of.
static bool own_folder(char ret_path[static PATH_MAX])
{
    Dl_info info;
    if (!dladdr((const void *)grove_version(), &info) || !info.dli_fname ||
        !realpath(info.dli_fname, ret_path))
        return false;
    *strrchr(ret_path, '/') = '\0';
    return true;
}

static void find_command(char ret_path[static PATH_MAX])
{
    static const char *const places[] = {"", "/../bin", "/../../bin"};
    char folder[PATH_MAX], path[PATH_MAX + 32];
    bool known = own_folder(folder);
    for (size_t i = 0; known && i < ARRAY_COUNT(places); i++) {
        snprintf(path, sizeof path, "%s%s/grove", folder, places[i]);
        if (is_program(path, ret_path))
            return;
    }
    if (!is_program(GROVE_BIN_DIR "/grove", ret_path))
        ret_path[0] = '\0';
}

static enum grove_code read_switch(bool *ret_off, struct grove_error *error)
{
    const char *value = getenv("GROVE_PROJECTOR");
    *ret_off = value && strcmp(value, "off") == 0;
    if (!value || !value[0] || *ret_off || strcmp(value, "on") == 0)
        return GROVE_OK;
    return error_set(error, GROVE_INVALID, "GROVE_PROJECTOR is \"%.100s\", not on or off", value);
}

enum grove_code projector_configure(struct grove *grove, const struct grove_options *options,
                                    struct grove_error *error)
{
    bool off;
    enum grove_code code = read_switch(&off, error);
    if (code != GROVE_OK)
        return code;
    grove->projector_wanted = grove->has_home && grove->database_private && grove->engine_private &&
                              !off && !options->no_projector;
    if (!grove->projector_wanted)
        return GROVE_OK;
    if (options->command)
        (void)!is_program(options->command, grove->command);
    else
        find_command(grove->command);
    // A command that is not there any more is no reason to keep a thread.
    if (!grove->command[0] && !options->command && !grove->looking)
        grove->background_sync = true;
    return GROVE_OK;
}

static bool checked_lately(struct grove *grove)
{
    int64_t now_us = clock_monotonic_us();
    int64_t last_us = atomic_load(&grove->projector_checked_at_us);
    if (last_us != 0 && now_us - last_us < (int64_t)CHECK_AGAIN_MS * 1000)
        return true;
    // Of several threads one looks.
    return !atomic_compare_exchange_strong(&grove->projector_checked_at_us, &last_us, now_us);
}

void handle_keep_projecting(struct grove *grove)
{
    struct resident_options options = {.program = grove->command,
                                       .collection = grove->store.collection};
    struct grove_error ignored;
    if (!grove->projector_wanted || grove->looking || grove->is_projector ||
        grove->background_sync || !grove->command[0] || checked_lately(grove))
        return;
    (void)!resident_start(&grove->home, &options, &ignored);
}

GROVE_API enum grove_code grove_run_projector(struct grove *grove, struct grove_error *error)
{
    if (!grove->has_home || !grove->database_private || !grove->engine_private) {
        error_set(error, GROVE_UNSUPPORTED,
                  "only a home whose servers are both private has a resident projector");
        error_hint(error, "for servers of yours, keep \"grove sync --watch\" running");
        return GROVE_UNSUPPORTED;
    }
    struct call call;
    enum grove_code code = handle_begin(grove, HANDLE_TASK, NULL, &call, error);
    if (code != GROVE_OK)
        return code;
    grove->is_projector = true;
    return resident_run(&grove->home, &grove->store, &call, error);
}
