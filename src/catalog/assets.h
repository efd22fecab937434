// SPDX-License-Identifier: Apache-2.0
//
// The SQL files that are part of the library.
#ifndef GROVE_CATALOG_ASSETS_H
#define GROVE_CATALOG_ASSETS_H

#include "base/asset.h"

extern const struct asset migration_files[]; // sql/NNNN_*.sql, in order
extern const struct asset query_files[];     // sql/queries/*.sql

// In the library of the tests only: migrations of versions that are not there yet.
extern const struct asset later_migration_files[];

// The text of sql/queries/<name>; a name that is not there is a bug.
const char *query_sql(const char *name);

#endif
