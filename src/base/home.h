// SPDX-License-Identifier: Apache-2.0
//
// GROVE_HOME: the folder of one private installation, and the paths in it.
//
//     struct home home;
//     code = home_open(NULL, &home, error);         // resolves and makes the folder
//     code = home_lock(&home, &lock, error);        // one starter or stopper at a time
//     ...
//     home_unlock(&lock);
//
//     <home>/id        16 random hexadecimal digits, made once
//     <home>/lock      held (flock) while a private server is started or stopped
//     <home>/servers/  what the private servers own: pg/ vector/ log/
//     <home>/run/      their sockets; /tmp/grove-<id>/ where the path would not fit a socket address
//
// The private servers do not run as root: there they run under an account of their own
// (GROVE_USER, else "grove", else "postgres"). Where that account cannot reach the home,
// `servers` is a link to /var/lib/grove/<id>.
#ifndef GROVE_BASE_HOME_H
#define GROVE_BASE_HOME_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct home {
    char path[PATH_MAX];
    char id[17];
    char servers[PATH_MAX];  // resolved: no symbolic link in it
    char run[PATH_MAX];      // short enough for sockets
    char assets[PATH_MAX];   // the unpacked servers and model
    bool change_user;        // we are root: servers run under the account below
    uid_t uid;               // of the servers
    gid_t gid;
    char user[64];           // its name
};

struct home_lock {
    int descriptor;
};

// `path` NULL: GROVE_HOME, else the XDG data folder. Makes the folder and what belongs in it.
enum grove_code home_open(const char *path, struct home *ret_home, struct grove_error *error);

// The same without making anything: GROVE_NOT_FOUND when there is no such home.
enum grove_code home_find(const char *path, struct home *ret_home, struct grove_error *error);

// Waits at most `timeout_ms` for another process to finish starting or stopping.
enum grove_code home_lock(const struct home *home, unsigned timeout_ms, struct home_lock *ret_lock,
                          struct grove_error *error);
void home_unlock(struct home_lock *lock);

// The folder of the unpacked assets: GROVE_ASSETS, else the first that exists of the build's, the
// installation's and the cache's. GROVE_NOT_FOUND with what to run.
enum grove_code home_assets(char ret_path[static PATH_MAX], struct grove_error *error);

// Starts a program detached from this process (own session, standard streams on `log_path`, which
// is appended to, /dev/null as input), under the servers' account. `arguments` ends in NULL and
// starts with the program's absolute path.
enum grove_code home_spawn(const struct home *home, const char *const *arguments,
                           const char *log_path, struct grove_error *error);

// Runs a program under the servers' account to its end; its output goes to `log_path`.
enum grove_code home_run(const struct home *home, const char *const *arguments,
                         const char *log_path, int *ret_exit_status, struct grove_error *error);

#endif
