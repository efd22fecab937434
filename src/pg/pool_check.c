// SPDX-License-Identifier: Apache-2.0
#include "pg/pool_private.h"

#include "base/check.h"

static const char *check_idle(const struct pg_pool *pool, unsigned at)
{
    CHECK(at < pool->idle_count);
    const struct pg_conn *conn = pool->idle[at];
    if (!conn)
        return "an idle connection is not there";
    if (conn->pool != pool)
        return "an idle connection belongs to another pool";
    if (conn->broken)
        return "a broken connection is idle";
    if (PQtransactionStatus(conn->link) != PQTRANS_IDLE)
        return "an idle connection is in a transaction, or lost";
    if (conn->begin)
        return "an idle connection has begun a transaction";
    if (PQpipelineStatus(conn->link) != PQ_PIPELINE_OFF)
        return "an idle connection is in a pipeline";
    if (conn->stop.code != GROVE_OK || conn->stop.cancel)
        return "an idle connection has a statement that is being stopped";
    if (conn->call)
        return "an idle connection obeys a call";
    if (conn->prepared_count > PG_PREPARED_MAX)
        return "an idle connection has prepared more statements than there is room for";
    for (unsigned i = 0; i < at; i++)
        if (pool->idle[i] == conn)
            return "a connection is idle twice";
    return NULL;
}

static const char *check_queue(const struct pg_pool *pool)
{
    const struct turn *end = NULL;
    for (const struct turn *at = pool->line.first; at; at = at->next) {
        if (end && end->since_us > at->since_us)
            return "who came later stands before who came first";
        end = at;
    }
    return end == pool->line.last ? NULL : "the last who waits is not the end of the queue";
}

const char *pg_pool_check(const struct pg_pool *pool)
{
    CHECK(pool);
    if (!pool->conninfo || !pool->application_name)
        return "a text of the options is not there";
    if (pool->options.connections_max == 0 || pool->options.connections_max > PG_CONNECTIONS_MAX)
        return "the most connections are none, or more than there is room for";
    if (pool->open_count > pool->options.connections_max)
        return "more connections are open than may be";
    // Each by itself first, so that the sum cannot come out right by running over.
    if (pool->idle_count > pool->open_count || pool->connecting_count > pool->open_count ||
        pool->taken_count > pool->open_count)
        return "more connections are idle, being made or taken than are open";
    if (pool->idle_count + pool->connecting_count + pool->taken_count != pool->open_count)
        return "idle, being made and taken do not add up to open";
    const char *queue = check_queue(pool);
    if (queue)
        return queue;
    for (unsigned i = 0; i < pool->idle_count; i++) {
        const char *broken = check_idle(pool, i);
        if (broken)
            return broken;
    }
    return NULL;
}
