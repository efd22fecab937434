// SPDX-License-Identifier: Apache-2.0
//
// Linked in front of two functions of grove (meson.build, "--wrap"): see world.h.
#include "world.h"

#include <pthread.h>

#include "base/check.h"
#include "base/strbuf.h"

enum { QUERIES_MAX = 64, QUERY_BYTES_MAX = 64 << 10 };

static const char clock_sql[] = "clock_timestamp()";

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    const char *sql; // as grove has it
    struct strbuf told;
} queries[QUERIES_MAX];
static size_t query_count;
static _Thread_local int64_t skew_us;

const char *__real_query_sql(const char *name);
const char *__wrap_query_sql(const char *name);
int64_t __real_clock_monotonic_us(void);
int64_t __wrap_clock_monotonic_us(void);

static void tell(const char *sql, struct strbuf *ret)
{
    const char *rest = sql;
    strbuf_init(ret, QUERY_BYTES_MAX);
    for (const char *found; (found = strstr(rest, clock_sql)); rest = found + strlen(clock_sql)) {
        strbuf_add_bytes(ret, rest, (size_t)(found - rest));
        strbuf_add(ret, "spec.");
        strbuf_add(ret, clock_sql);
    }
    strbuf_add(ret, rest);
    CHECK(!ret->failed);
}

const char *__wrap_query_sql(const char *name)
{
    const char *sql = __real_query_sql(name);
    pthread_mutex_lock(&mutex);
    size_t i = 0;
    while (i < query_count && queries[i].sql != sql)
        i++;
    if (i == query_count) {
        CHECK(query_count < QUERIES_MAX);
        queries[query_count].sql = sql;
        tell(sql, &queries[query_count++].told);
    }
    const char *told = queries[i].told.data;
    pthread_mutex_unlock(&mutex);
    return told;
}

int64_t __wrap_clock_monotonic_us(void)
{
    return __real_clock_monotonic_us() + skew_us;
}

void world_take_time(struct world *world)
{
    skew_us = atomic_load(&world->skew_us);
}
