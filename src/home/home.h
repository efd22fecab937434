// SPDX-License-Identifier: Apache-2.0
//
// GROVE_HOME: the folder of one private installation, and the paths in it.
//
//     struct home home;
//     code = home_open(NULL, &home, error);         // resolves and makes the folder
//     code = home_lock(&home, 60000, NULL, &lock, error); // one starter or stopper at a time
//     ...
//     home_unlock(&lock);
//
//     <home>/id        16 random hexadecimal digits, made once, and whose they are (see home.c)
//     <home>/lock      held (flock) while a private server is started or stopped
//     <home>/servers/  what the private servers own: pg/ vector/ log/
//     <home>/run/      their sockets; /tmp/grove-<id>/ where that path is too long for a socket, or
//                      has a comma
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

// Whether its folder can be written to.
enum grove_code home_check_writable(const struct home *home, struct grove_error *error);

// Whether what there is of the servers' folders can be written to, with the servers' rights.
enum grove_code home_check_servers(const struct home *home, struct grove_error *error);

// `path` NULL: GROVE_HOME, else the XDG data folder. Makes the folder and what belongs in it.
// A new folder can be entered by its owner only; under root also by the servers' account (0711).
enum grove_code home_open(const char *path, struct home *ret_home, struct grove_error *error);
// The same: where somebody else has the lock, not longer than the call may.
enum grove_code home_open_within(const char *path, const struct call *call, struct home *ret_home,
                                 struct grove_error *error);

// The same for a home that exists: GROVE_NOT_FOUND when there is none, and nothing is made then.
enum grove_code home_find(const char *path, struct home *ret_home, struct grove_error *error);
enum grove_code home_find_within(const char *path, const struct call *call, struct home *ret_home,
                                 struct grove_error *error);

// As home_find, and makes and changes nothing in the home either. What is missing of it is missing:
// `servers` and `run` may name folders that are not there, and nothing runs in those. A copy of a
// home that no command has used yet is GROVE_NOT_FOUND, too: its servers are not its own so far.
// The home may be one that cannot be written to.
enum grove_code home_look(const char *path, struct home *ret_home, struct grove_error *error);

// Waits at most `timeout_ms` for another process or thread to finish starting or stopping, and no
// longer than the call may take (NULL: there is none).
enum grove_code home_lock(const struct home *home, unsigned timeout_ms, const struct call *call,
                          struct home_lock *ret_lock, struct grove_error *error);
void home_unlock(struct home_lock *lock);

// The folder of the unpacked assets: GROVE_ASSETS, else the first that exists of the build's, the
// installation's and the cache's. GROVE_NOT_FOUND with what to run.
enum grove_code home_assets(char ret_path[static PATH_MAX], struct grove_error *error);

// The file by which the processes that use a home tell each other which engines are out; without a
// home (NULL) all processes of this user, in the user's cache, whose folder is made where `make`
// says so. False: there is no place for it.
bool home_outages(const struct home *home, bool make, char ret_path[static PATH_MAX]);

// Whether the servers' account can enter every folder on the way to `path`, and use it in the
// ways of `access_mode` (R_OK, W_OK, X_OK). By mode bits: access by ACL alone counts as none.
bool home_reaches(const struct home *home, const char *path, int access_mode);

// PostgreSQL looks for its account by number, and does not run where that has no name, as in a
// container with a made-up user: GROVE_UNSUPPORTED, with what to do. `home` NULL: of the account
// that a home of ours would have.
enum grove_code home_check_account(const struct home *home, struct grove_error *error);

// Between the two calls the file operations of the calling thread have the rights of the servers'
// account, and what it makes belongs to that account; other threads are not touched. Does nothing
// where no other account is used. Everything done inside `servers` goes between them: that folder
// is the account's, who might have put a link there.
void home_act_as_servers(const struct home *home);
void home_act_as_self(const struct home *home);

#endif
