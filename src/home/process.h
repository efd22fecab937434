// SPDX-License-Identifier: Apache-2.0
//
// Telling whether a process that was written down is still there: numbers are given again, so the
// time at which it began is written beside its number; and a number means something only in the pid
// namespace and during the boot that it was given in, so these are written, too.
//
//     struct process process;
//     if (process_read(path, &process))
//         sight = process_see(&process);
//
// What cannot be seen is not gone: a process of another container has its own answer.
//
// Threads: any.
#ifndef GROVE_HOME_PROCESS_H
#define GROVE_HOME_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

enum { PROCESS_BOOT_SIZE = 40, PROCESS_TEXT_SIZE = 128 };

struct process {
    pid_t pid;
    int64_t began;                // as process_start_time tells
    char boot[PROCESS_BOOT_SIZE]; // the kernel's id of the boot; "": not written
    int64_t space;                // inode of the pid namespace; 0: not written
};

enum process_sight {
    PROCESS_GONE,
    PROCESS_LIVES,
    PROCESS_ELSEWHERE, // in another pid namespace of this boot: its number says nothing here
    PROCESS_HIDDEN,    // something has its number, and may not be looked at
};

// When a process began, in the kernel's ticks; -1 when there is none, or only what is left of one
// until its parent asks for it, or when it may not be looked at.
int64_t process_start_time(pid_t pid);

// The process that started it, or adopted it since; -1 where that cannot be told.
pid_t process_parent(pid_t pid);

// Its first argument, which some programs write over to tell what they are at; "" where it cannot
// be read.
void process_title(pid_t pid, char *ret_title, size_t size_bytes);

// Whether it has this file open under this number, and a lock on it that belongs to the open file
// (F_OFD_SETLK). False also where that cannot be looked at.
bool process_has_locked(pid_t pid, int descriptor, const struct stat *file);

// Calls `visit` for each process that /proc shows, until that says false. False: it shows none.
bool process_each(bool (*visit)(void *state, pid_t pid), void *state);

// Whether one of its arguments is just this. True also where it shows none: a process that ends has
// lost them before it has closed its files.
bool process_has_argument(pid_t pid, const char *wanted);

// The kernel's id of this boot, zeros behind it; "" where it tells none.
void process_read_boot(char ret_boot[static PROCESS_BOOT_SIZE]);

// "<boot> <pid namespace>" of this process: what stands behind the start time in a file.
void process_place(char ret_text[static PROCESS_TEXT_SIZE]);

// A line for a file about this very process: "<pid> <start time> <boot> <pid namespace>".
void process_describe_self(char ret_text[static PROCESS_TEXT_SIZE]);

// What a file says that holds such a line; earlier versions of grove wrote number and time only.
// False where it holds nothing of the kind.
bool process_read(const char *path, struct process *ret);

// Whether it was written down in this boot and this pid namespace. False where no place was.
bool process_is_of_here(const struct process *process);

// Whether this very process is there. One whose place is not written is looked for here.
enum process_sight process_see(const struct process *process);

// How many seconds ago it began; 0 where that cannot be told.
unsigned process_age_s(const struct process *process);

#endif
