// SPDX-License-Identifier: Apache-2.0
//
// What a pool is made of, and the check of it.
#ifndef GROVE_PG_POOL_PRIVATE_H
#define GROVE_PG_POOL_PRIVATE_H

#include <pthread.h>

#include "pg/conn.h"

enum { PG_CONNECTIONS_MAX = 512 };

// One wait for a place, on the stack of who waits.
struct queueing {
    struct queueing *next;
    pthread_cond_t turn; // signalled to the first alone, when there is a place
    const struct call *call;
    int64_t since_us;
    int64_t until_us; // CALL_FOREVER: as long as the call may take
    int64_t still_us; // so long without a place coming free is too long; CALL_FOREVER: never
};

struct pg_pool {
    struct pg_pool_options options;
    char *conninfo;
    char *application_name;
    pthread_mutex_t mutex;         // guards what follows
    struct queueing *first, *last; // who waits for a place, in the order in which they came
    unsigned open_count; // the sum of the following three, at most options.connections_max
    unsigned idle_count;
    unsigned connecting_count; // places of connections that are being made
    unsigned taken_count;      // in callers' hands
    int64_t moved_us;          // when a place came free last; monotonic
    struct pg_conn *idle[PG_CONNECTIONS_MAX];
};

// NULL where the pool is whole, else the first rule that is broken, in words. The caller holds the
// mutex, or is alone with the pool. Part of the library that the tests link, no other.
const char *pg_pool_check(const struct pg_pool *pool);

#endif
