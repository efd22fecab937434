// SPDX-License-Identifier: Apache-2.0
//
// The numbered migrations of sql/, applied to a database; and whether this library can work with
// what a database has.
//
//     struct migrate_schema schema;
//     code = migrate_read(conn, &schema, error);
//     if (code == GROVE_OK)
//         code = migrate_judge(&schema, pg_describe(conn), error);    // may this library go on?
//     if (code == GROVE_NOT_FOUND)
//         code = migrate_up(conn, &applied, error);                   // applies what is missing
//
// Of the kinds of migrations, and what happens where one is killed, sql/migrations.md tells. Any
// number of processes may call migrate_up at once, and one that dies leaves what the next one goes
// on from. What was applied is never changed afterwards; a checksum tells when it was.
#ifndef GROVE_CATALOG_MIGRATE_H
#define GROVE_CATALOG_MIGRATE_H

#include <stdbool.h>

#include "base/error.h"
#include "pg/pg.h"

// The newest migration this library knows.
int migrate_wanted(void);
// The newest one that it cannot work without. Those behind it may be missing.
int migrate_demanded(void);

struct migrate_schema {
    int version;         // the newest migration that is applied; 0 where grove never was
    int compatible_from; // whoever knows this one can work with all that were begun
};

enum grove_code migrate_read(struct pg_conn *conn, struct migrate_schema *ret,
                             struct grove_error *error);

// Whether this library can work with it. One of a library that is too new is GROVE_UNSUPPORTED; one
// that lacks something, or has no grove at all, is GROVE_NOT_FOUND with what to run. `database`
// names it.
enum grove_code migrate_judge(const struct migrate_schema *schema, const char *database,
                              struct grove_error *error);

// Whether a statement failed as it does where the schema is not the one that it was written for: it
// did not know a table, a column or a function. (Rights that lack are something else.)
bool migrate_is_suspected(const struct grove_error *error);

// Applies what is missing, all of it or up to this version. Where others have what is to be locked
// it tries again for a while; where another process migrates it waits as long as the connection's
// call may last. A database that is too new is GROVE_UNSUPPORTED; one whose applied migrations
// differ from the library's is GROVE_CORRUPT.
enum grove_code migrate_up(struct pg_conn *conn, unsigned *ret_applied, struct grove_error *error);

// Who is told for whom it waits: between two attempts, with what it waits for and who has that (""
// is nobody who could be named), and since when.
struct migrate_options {
    int version; // 0: the newest
    void (*on_wait)(void *state, const char *what, const char *holder, double seconds); // optional
    void *state;
};
enum grove_code migrate_up_to(struct pg_conn *conn, const struct migrate_options *options,
                              unsigned *ret_applied, struct grove_error *error);

#endif
