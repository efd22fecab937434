// SPDX-License-Identifier: Apache-2.0
//
// What the parts of migrate_up share: migrate.c decides and commits, migrate_online.c does the
// steps of an online migration, migrate_wait.c waits for others.
#ifndef GROVE_CATALOG_MIGRATE_PRIVATE_H
#define GROVE_CATALOG_MIGRATE_PRIVATE_H

#include "base/digest.h"
#include "catalog/migrate.h"
#include "catalog/migration.h"

// "grove" as a number: the same in every grove process, and unlikely in anyone else's. Also in
// migration_holders.sql, in halves.
#define MIGRATE_LOCK_KEY "7454108919"

// A lock is asked for that nobody else's statements go beside. While one waits for it, behind a
// long query say, all others wait behind it: so it waits for a moment only, lets them go on, and
// tries again.
#define MIGRATE_LOCK_PATIENCE "500ms"

enum { MIGRATE_HOLDER_SIZE = 400 };

struct migrating {
    struct pg_conn *conn;
    struct arena arena; // of an attempt
    int to;             // the version
    const struct migrate_options *options;
    unsigned applied;
    int64_t begun_us; // monotonic: the migration that is being tried
    int64_t asked_us; // monotonic: since when it waits for the lock of migrations; 0: it does not
    bool locked;      // the session has the lock of migrations
    char holder[MIGRATE_HOLDER_SIZE]; // who had what was waited for last; "": nobody is known
};

void migrate_checksum(const struct migration *migration, char ret_digest[static SHA256_HEX_SIZE]);

// --- migrate_wait.c ------------------------------------------------------------------------------

// Whether an attempt failed since others have what it locks.
bool migrate_waited_in_vain(const struct grove_error *error);
// After such a failure, outside of a transaction. GROVE_OK: it may be tried again; else the error
// is the one that there was, with who has it.
enum grove_code migrate_wait(struct migrating *self, struct grove_error *error);

// The lock of migrations, for the session: until migrate_unlock. It is asked for, not waited for
// in PostgreSQL: who waits there has a snapshot, and an index that is made waits for all those.
// Behind a pooler the lock of each transaction must do.
enum grove_code migrate_lock(struct migrating *self, struct grove_error *error);
void migrate_unlock(struct migrating *self);
// The same lock, until the transaction ends.
enum grove_code migrate_lock_transaction(struct migrating *self, bool *ret_taken,
                                         struct grove_error *error);
enum grove_code migrate_wait_for_lock(struct migrating *self, struct grove_error *error);

// --- migrate_online.c ----------------------------------------------------------------------------

// The steps of one that was begun, from the first that is not noted to be done. Outside of a
// transaction.
enum grove_code migrate_online(struct migrating *self, const struct migration *migration,
                               struct grove_error *error);

#endif
