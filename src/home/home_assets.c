// SPDX-License-Identifier: Apache-2.0
//
// Where the unpacked servers and the model are, and what else is in the cache.
#include "home/home.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/file.h"
#include "base/places.h"

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool in_cache(const char *name, char ret_path[static PATH_MAX])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *user_home = getenv("HOME");
    int length;
    if (geteuid() == 0)
        length = snprintf(ret_path, PATH_MAX, "/var/cache/grove/%s", name);
    else if (cache && cache[0] == '/')
        length = snprintf(ret_path, PATH_MAX, "%s/grove/%s", cache, name);
    else if (user_home && user_home[0])
        length = snprintf(ret_path, PATH_MAX, "%s/.cache/grove/%s", user_home, name);
    else
        return false;
    return length < PATH_MAX;
}

// Whether the library, or the command that it is part of, was loaded from where it is installed and
// not from a build. The loader tells a program's own path as it was typed.
static bool is_installed(void)
{
    static const char part_of_us;
    char prefix[PATH_MAX], loaded[PATH_MAX];
    Dl_info info;
    if (!dladdr(&part_of_us, &info) || !info.dli_fname || !realpath(GROVE_PREFIX, prefix) ||
        !realpath(info.dli_fname[0] == '/' ? info.dli_fname : "/proc/self/exe", loaded))
        return false;
    size_t length = strlen(prefix);
    return strncmp(loaded, prefix, length) == 0 && loaded[length] == '/';
}

enum grove_code home_assets(char ret_path[static PATH_MAX], struct grove_error *error)
{
    const char *wanted = getenv("GROVE_ASSETS");
    if (wanted && wanted[0]) {
        if (is_folder(wanted) && realpath(wanted, ret_path))
            return GROVE_OK;
        error_set(error, GROVE_NOT_FOUND, "GROVE_ASSETS is \"%s\", where there is no folder",
                  wanted);
        error_hint(error, "\"make\" in grove's source tree fetches the assets; unset GROVE_ASSETS "
                          "to use the usual place");
        return GROVE_NOT_FOUND;
    }
    char cache[PATH_MAX];
    // What is installed does not hang on the cache of whoever built it, which may change or go.
    const char *const places[] = {is_installed() ? GROVE_DATA_DIR "/assets" : "",
#ifdef GROVE_ASSETS_DIR
                                  GROVE_ASSETS_DIR,
#endif
                                  GROVE_DATA_DIR "/assets", in_cache("assets", cache) ? cache : ""};
    for (size_t i = 0; i < ARRAY_COUNT(places); i++)
        if (places[i][0] && is_folder(places[i]) && realpath(places[i], ret_path))
            return GROVE_OK;
    error_set(error, GROVE_NOT_FOUND, "grove's assets (private servers, model) are not there yet");
    error_hint(error, "run \"make\" in grove's source tree, which fetches them; or set "
                      "GROVE_ASSETS to their folder");
    return GROVE_NOT_FOUND;
}

bool home_outages(const struct home *home, bool make, char ret_path[static PATH_MAX])
{
    char folder[PATH_MAX];
    struct grove_error ignored; // then the file is not made either
    if (!home && make && in_cache("", folder))
        (void)!folder_make(folder, 0755, &ignored);
    if (!home)
        return in_cache("engine.out", ret_path);
    return (size_t)snprintf(ret_path, PATH_MAX, "%s/engine.out", home->path) < PATH_MAX;
}
