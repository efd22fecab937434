// SPDX-License-Identifier: Apache-2.0
//
// What the files of home.h share: whose a home is (home_id.c), the servers' account
// (home_account.c).
#ifndef GROVE_HOME_HOME_PRIVATE_H
#define GROVE_HOME_HOME_PRIVATE_H

#include <sys/stat.h>

#include "home/home.h"

// Where the servers of homes live that their account cannot reach.
#define HOME_SERVERS_ROOT "/var/lib/grove"

// --- the record of a home: its id, and which file system object it was given to ---------------

struct home_record {
    char id[17];
    unsigned long long device, inode, born_us; // of the id file; born_us 0 where unknown
    char path[PATH_MAX];                       // of the home when it was written
};

enum home_match {
    HOME_SAME,    // the record is this folder's, where it has always been
    HOME_MOVED,   // this folder's, under another path or device number now
    HOME_FOREIGN, // written for another folder, of which this may be a copy
};

// False when `folder` has no id, or one that cannot be read.
bool home_record_read(const char *folder, struct home_record *ret_record);
// Compares the record of `path` with the id file as it is there now.
enum home_match home_record_match(const struct home_record *record, const char *path);
// Gives `path` the id (a new random one for NULL) and fills in the record.
enum grove_code home_record_write(const char *path, const char *id, uid_t owner, gid_t group,
                                  struct home_record *ret_record, struct grove_error *error);

// The claim of a servers folder outside of its home: a copy of the record of the home it serves.
bool home_claim_read(const char *servers, struct home_record *ret_record);
enum grove_code home_claim_write(const char *servers, const struct home_record *record,
                                 struct grove_error *error);
// Whether the home of the record is still where the record says.
bool home_record_alive(const struct home_record *record);
bool home_record_equal(const struct home_record *a, const struct home_record *b);

// --- the account ---------------------------------------------------------------------------------

// Fills in change_user, uid, gid and user. `home->path` and `home->owner` must be set.
enum grove_code home_choose_account(struct home *home, struct grove_error *error);

// snprintf for paths: GROVE_INVALID when it does not fit.
enum grove_code home_path(char ret_path[static PATH_MAX], struct grove_error *error,
                          const char *format, ...) GROVE_PRINTF(3, 4);

#endif
