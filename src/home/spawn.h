// SPDX-License-Identifier: Apache-2.0
//
// Programs under the servers' account.
//
//     struct home_program program = {.arguments = arguments, .log_path = log_path};
//     code = home_spawn(&home, &program, call, &pid, error);       // it outlives us
//     code = home_run(&home, &program, call, &exit_status, error); // to its end
//
// The program sees a small environment of its own (PATH, HOME=/, LANG and LC_ALL C.UTF-8, TZ=UTC,
// and what starts with GROVE_), the folder /, default signals, a session of its own, and no open
// file of ours but the one named. Input is /dev/null.
//
// Safe in a process with many threads: nothing forks but posix_spawn. Threads: any.
#ifndef GROVE_HOME_SPAWN_H
#define GROVE_HOME_SPAWN_H

#include "base/call.h"
#include "base/error.h"
#include "home/home.h"

enum { HOME_ARGUMENTS_MAX = 48, HOME_KEPT_DESCRIPTOR = 4 };

struct home_program {
    const char *const *arguments; // starts with the program's absolute path, ends in NULL
    const char *log_path;         // output and errors are appended; the account must be able to
    // Optional, for home_spawn. Where to write which process it is (home/process.h), before it
    // becomes the program.
    const char *identity_path;
    // Optional, for home_spawn: an open file (16 or above; 0: none) that the program, and what it
    // forks, has as HOME_KEPT_DESCRIPTOR. The caller's stays the caller's to close.
    int kept;
};

// Starts a program that outlives this process, and tells its process id, which a program keeps that
// does not fork by itself. No zombie is left. GROVE_TIMEOUT: it said nothing for too long.
enum grove_code home_spawn(const struct home *home, const struct home_program *program,
                           const struct call *call, pid_t *ret_pid, struct grove_error *error);

// Runs a program to its end. 128 + n: ended by signal n. Where the call ends first the program is
// killed.
enum grove_code home_run(const struct home *home, const struct home_program *program,
                         const struct call *call, int *ret_exit_status, struct grove_error *error);

#endif
