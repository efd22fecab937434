// SPDX-License-Identifier: Apache-2.0
//
// Descriptors that are none of the standard ones.
//
// A host may have closed its standard input, output or error. The next file or socket gets that
// number, and whatever the host prints goes into it: into a database's connection, for example.
// So the library gives what it opens numbers from 3 on.
//
//     int fd = descriptor_open(path, O_RDONLY, 0);
//
//     descriptor_hold_standard(); // around whatever else opens something
//     int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
//     descriptor_let_standard_go();
//
// Moving it afterwards would be too late where another thread of the host prints just then.
//
// A program has it simpler: descriptor_fill_standard at its start. Threads: any.
#ifndef GROVE_BASE_DESCRIPTOR_H
#define GROVE_BASE_DESCRIPTOR_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/types.h>

// As open(2), closed on exec. `mode` counts with O_CREAT.
int descriptor_open(const char *path, int flags, mode_t mode);
// As opendir(3).
DIR *descriptor_open_folder(const char *path);

// Closed standard numbers are taken between the two calls, by something that can be neither read
// nor written: so the host sees them closed as before. Calls nest, also from several threads. They
// leave errno as it is.
void descriptor_hold_standard(void);
void descriptor_let_standard_go(void);

// Opens the null device at each standard number that is closed, for good. False: it cannot.
bool descriptor_fill_standard(void);

#endif
