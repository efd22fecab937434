// SPDX-License-Identifier: Apache-2.0
#include "opening.h"

#include "pg/cluster.h"

#define NOBODY "http://127.0.0.1:1" // refuses connections

struct grove *open_handle(struct test_stores *stores)
{
    static char conninfo[CLUSTER_CONNINFO_SIZE];
    struct grove *grove = NULL;
    struct grove_error error;
    test_database_conninfo(stores->database, conninfo);
    assert_ok(grove_open(&(struct grove_options){.database_url = conninfo, .qdrant_url = NOBODY},
                         &grove, &error),
              error);
    return grove;
}
