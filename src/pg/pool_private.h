// SPDX-License-Identifier: Apache-2.0
//
// What a pool is made of, and the check of it.
#ifndef GROVE_PG_POOL_PRIVATE_H
#define GROVE_PG_POOL_PRIVATE_H

#include <pthread.h>

#include "base/line.h"
#include "pg/conn.h"

enum { PG_CONNECTIONS_MAX = 512 };

struct pg_pool {
    struct pg_pool_options options;
    char *conninfo;
    char *application_name;
    pthread_mutex_t mutex; // guards what follows
    struct line line;      // who waits for a place
    unsigned open_count;   // the sum of the following three, at most options.connections_max
    unsigned idle_count;
    unsigned connecting_count; // places of connections that are being made
    unsigned taken_count;      // in callers' hands
    struct pg_conn *idle[PG_CONNECTIONS_MAX];
};

// NULL where the pool is whole, else the first rule that is broken, in words. The caller holds the
// mutex, or is alone with the pool. Part of the library that the tests link, no other.
const char *pg_pool_check(const struct pg_pool *pool);

#endif
