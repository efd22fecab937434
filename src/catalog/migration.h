// SPDX-License-Identifier: Apache-2.0
//
// The migrations that this library knows, and what their files say of them (sql/migrations.md).
// From 0016 on a file begins so:
//
//     -- SPDX-License-Identifier: Apache-2.0
//     -- kind: online                how it is run
//     -- compatible from: 16         libraries that know 16 can work with what it leaves; "itself":
//                                    none that does not know it
//     -- demanded: no                this library can work without it
//
// Those before run in a transaction, and demand a library that knows exactly them.
//
// Threads: everything here is constant, but for the knob of tests that says which is the newest.
#ifndef GROVE_CATALOG_MIGRATION_H
#define GROVE_CATALOG_MIGRATION_H

#include <stdbool.h>

#include "base/asset.h"
#include "base/text.h"

enum migration_kind {
    MIGRATION_TRANSACTIONAL, // all of it is committed at once
    MIGRATION_ONLINE,        // step by step, each a statement outside of transactions
    MIGRATION_BACKFILL,      // a transaction, and chunks that whoever projects fills afterwards
};

struct migration {
    int version;
    enum migration_kind kind;
    int compatible_from;
    bool demanded;
    const struct asset *file;
};

// The last that a library knew before there were ranges: what those go by is grove.migration.
enum { MIGRATION_LAST_EXACT = 15 };

int migration_newest(void);
int migration_demanded(void); // the newest that this library cannot work without

// From 1 to the newest; another one is a bug. So is a file that does not say what it must.
void migration_find(int version, struct migration *ret);

const char *migration_kind_name(enum migration_kind kind);

// A step of an online migration: "-- step: brief", "-- step: patient" or "-- step: index NAME",
// and a statement, which does no harm when it is run once more.
struct migration_step {
    bool brief;        // others wait behind the lock that it asks for
    struct text index; // that it makes, with its schema; {NULL, 0}: none
    struct text sql;
};

// The next one of *rest, which begins as the text of the file; false where there is none.
bool migration_next_step(struct text *rest, struct migration_step *ret);

// Of a backfill: what makes it, and the statement that fills a chunk, behind "-- each chunk:". Of
// others: the whole text, and nothing.
struct text migration_setup(const struct migration *migration);
struct text migration_chunk(const struct migration *migration);

#endif
