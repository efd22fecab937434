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
//
// A host may fork, too, at any moment. What was open then is open in the child: a lock of an open
// file lasts until the last one that has it open is gone, a pipe does not end. So the child has
// none of ours, and the standard numbers are closed in it as they were.
#ifndef GROVE_BASE_DESCRIPTOR_H
#define GROVE_BASE_DESCRIPTOR_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/types.h>

// As open(2), closed on exec. `mode` counts with O_CREAT.
int descriptor_open(const char *path, int flags, mode_t mode);
// As mkostemp(3), closed on exec.
int descriptor_open_temporary(char *template);
// The same for what a child made by fork must not have. A file that is locked, and another number
// of it: the lock ends when it ends here. A pipe: it ends when its other end is closed here. Closed
// with descriptor_close_own; -1 is fine. Of a pipe 0 is returned, or the errno.
int descriptor_open_own(const char *path, int flags, mode_t mode);
int descriptor_duplicate_own(int fd, int least);
int descriptor_pipe_own(int ret_ends[static 2], int least);
void descriptor_close_own(int *fd); // *fd is -1 then

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
