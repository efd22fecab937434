// SPDX-License-Identifier: Apache-2.0
//
// The numbered migrations of sql/, embedded in the library.
//
// Each runs in one transaction, under an advisory lock, with its row in grove.migration: any
// number of processes may call migrate_up at once, and one that dies leaves a whole number of
// migrations behind. What was applied is never changed afterwards; a checksum tells when it was.
#ifndef GROVE_CATALOG_MIGRATE_H
#define GROVE_CATALOG_MIGRATE_H

#include <stdbool.h>

#include "base/error.h"
#include "pg/pg.h"

// The newest migration this library knows.
int migrate_wanted(void);

// The newest one applied to the database; 0 when grove never was here.
enum grove_code migrate_version(struct pg_conn *conn, int *ret_version, struct grove_error *error);

// Whether a version is this library's. A newer one is GROVE_UNSUPPORTED; an older one, or none, is
// GROVE_NOT_FOUND with what to run. `database` names it.
enum grove_code migrate_judge(int version, const char *database, struct grove_error *error);

// Whether a statement failed as it does where the schema is not the one that it was written for: it
// did not know a table, a column or a function. (Rights that lack are something else.)
bool migrate_is_suspected(const struct grove_error *error);

// Applies what is missing. A database that is newer than the library is GROVE_UNSUPPORTED; one
// whose applied migrations differ from the library's is GROVE_CORRUPT.
enum grove_code migrate_up(struct pg_conn *conn, unsigned *ret_applied, struct grove_error *error);

#endif
