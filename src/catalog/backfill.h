// SPDX-License-Identifier: Apache-2.0
//
// What migrations leave to be filled in afterwards, a chunk at a time, by whoever projects.
//
//     bool filled, left;
//     do
//         code = backfill_chunk(conn, &filled, &left, error);
//     while (code == GROVE_OK && filled);
//
// Threads: as the connection's. Any number of processes may fill at once; each chunk is of one.
#ifndef GROVE_CATALOG_BACKFILL_H
#define GROVE_CATALOG_BACKFILL_H

#include <stdbool.h>

#include "base/error.h"
#include "pg/pg.h"

// Fills the next chunk, in a transaction of its own. *ret_filled: there was one, and it was not
// somebody else's, nor were its rows. *ret_left: there may be more, whoever is at it.
enum grove_code backfill_chunk(struct pg_conn *conn, bool *ret_filled, bool *ret_left,
                               struct grove_error *error);

#endif
