// SPDX-License-Identifier: Apache-2.0
//
// Telling by its number whether a process is the one that was meant: numbers are given again, the
// time at which a process began and its arguments tell two with the same number apart.
//
//     struct process process;
//     bool same = process_read(path, &process) && process_lives(&process, "--data");
//
// Threads: any.
#ifndef GROVE_HOME_PROCESS_H
#define GROVE_HOME_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t pid;
    int64_t began; // as process_start_time tells
};

// When a process began, in the kernel's ticks; -1 when there is none, or only what is left of one
// until its parent asks for it.
int64_t process_start_time(pid_t pid);

// Whether one of its arguments is just this.
bool process_has_argument(pid_t pid, const char *wanted);

// What a file says that holds "<pid> <start time>". False where it holds nothing of the kind.
bool process_read(const char *path, struct process *ret);

// Whether this very process still runs, and has this argument.
bool process_lives(const struct process *process, const char *argument);

#endif
