// SPDX-License-Identifier: Apache-2.0
//
// GROVE_HOME: the folder of one private installation, and the paths in it.
//
//     struct home home;
//     code = home_open(NULL, &home, error);         // resolves and makes the folder
//     code = home_lock(&home, 60000, &lock, error); // one starter or stopper at a time
//     ...
//     home_unlock(&lock);
//
//     <home>/id        16 random hexadecimal digits, made once, and whose they are (see home.c)
//     <home>/lock      held (flock) while a private server is started or stopped
//     <home>/servers/  what the private servers own: pg/ vector/ log/
//     <home>/run/      their sockets; /tmp/grove-<id>/ where that path is too long for a socket
//
// The private servers do not run as root: there they run under an account of their own (the owner
// that GROVE_USER names, else of the servers folder or the home if not root, else "grove", else
// "postgres"). Where that account cannot reach the home, `servers` is a link to
// /var/lib/grove/<id>, and the sockets are in it.
//
// `struct home` is plain data: copy it freely, nothing needs releasing. Threads: all functions may
// be called from any thread.
#ifndef GROVE_HOME_HOME_H
#define GROVE_HOME_HOME_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/call.h"
#include "base/error.h"

struct home {
    char path[PATH_MAX]; // absolute, no symbolic link in it
    char id[17];
    char servers[PATH_MAX]; // resolved: no symbolic link in it
    char run[PATH_MAX];     // short enough for sockets
    char assets[PATH_MAX];  // the unpacked servers and model; "" where home_assets finds none
    uid_t owner;            // of the folder
    bool change_user;       // we are root: servers run under the account below
    uid_t uid;              // of the servers
    gid_t gid;
    char user[64]; // its name; "" when the account has none
};

struct home_lock {
    int descriptor;
};

// `path` NULL: GROVE_HOME, else the XDG data folder. Makes the folder and what belongs in it.
// A new folder can be entered by its owner only; under root also by the servers' account (0711).
enum grove_code home_open(const char *path, struct home *ret_home, struct grove_error *error);

// The same for a home that exists: GROVE_NOT_FOUND when there is none, and nothing is made then.
enum grove_code home_find(const char *path, struct home *ret_home, struct grove_error *error);

// As home_find, and makes and changes nothing in the home either. What is missing of it is missing:
// `servers` and `run` may name folders that are not there, and nothing runs in those. A copy of a
// home that no command has used yet is GROVE_NOT_FOUND, too: its servers are not its own so far.
enum grove_code home_look(const char *path, struct home *ret_home, struct grove_error *error);

// Waits at most `timeout_ms` for another process or thread to finish starting or stopping.
enum grove_code home_lock(const struct home *home, unsigned timeout_ms, struct home_lock *ret_lock,
                          struct grove_error *error);
// The same, and gives up once the call is over (NULL: never).
enum grove_code home_lock_unless(const struct home *home, unsigned timeout_ms,
                                 const struct call *call, struct home_lock *ret_lock,
                                 struct grove_error *error);
void home_unlock(struct home_lock *lock);

// The folder of the unpacked assets: GROVE_ASSETS, else the first that exists of the build's, the
// installation's and the cache's. GROVE_NOT_FOUND with what to run.
enum grove_code home_assets(char ret_path[static PATH_MAX], struct grove_error *error);

// Whether the servers' account can enter every folder on the way to `path`, and use it in the
// ways of `access_mode` (R_OK, W_OK, X_OK). By mode bits: access by ACL alone counts as none.
bool home_reaches(const struct home *home, const char *path, int access_mode);

// Between the two calls the file operations of the calling thread have the rights of the servers'
// account, and what it makes belongs to that account; other threads are not touched. Does nothing
// where no other account is used. Everything done inside `servers` goes between them: that folder
// is the account's, who might have put a link there.
void home_act_as_servers(const struct home *home);
void home_act_as_self(const struct home *home);

// --- programs under the servers' account ------------------------------------------------------
//
// `arguments` ends in NULL and starts with the program's absolute path. Standard output and error
// are appended to `log_path`, which the account must be able to write; input is /dev/null. The
// program sees a small environment of its own (PATH, HOME=/, LANG and LC_ALL C.UTF-8, TZ=UTC,
// and what starts with GROVE_), the folder /, default signals, a session of its own, and no open
// file of ours. Safe in a process with many threads: nothing forks but posix_spawn.

enum { HOME_ARGUMENTS_MAX = 48 };

// Starts a program that outlives this process; no zombie is left.
enum grove_code home_spawn(const struct home *home, const char *const *arguments,
                           const char *log_path, struct grove_error *error);

// The same, and tells its process id, which a program keeps that does not fork by itself.
enum grove_code home_spawn_pid(const struct home *home, const char *const *arguments,
                               const char *log_path, int *ret_pid, struct grove_error *error);

// Runs a program to its end. 128 + n: ended by signal n.
enum grove_code home_run(const struct home *home, const char *const *arguments,
                         const char *log_path, int *ret_exit_status, struct grove_error *error);

#endif
