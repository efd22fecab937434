// SPDX-License-Identifier: Apache-2.0
#include "query/query.h"

#include "base/check.h"

enum grove_code query_no_content(int32_t content_id, struct grove_error *error)
{
    error_set(error, GROVE_NOT_FOUND, "there is no content with the id %d", (int)content_id);
    error_hint(error, "results of grove browse and grove search tell the ids of contents");
    return GROVE_NOT_FOUND;
}

enum grove_code query_begin(struct query *query, struct store *store, struct call *call,
                            struct grove_error *error)
{
    *query = (struct query){.store = store, .call = call};
    arena_init_counting(&query->arena, QUERY_BYTES_MAX);
    if (call)
        query->before = call->counters;
    return result_new(&query->result, error);
}

static void note_costs(const struct query *query)
{
    struct grove_explain *explain = &query->result->explain;
    const struct call_counters *before = &query->before, *now = &query->call->counters;
    CHECK(now->statements >= before->statements);
    CHECK(now->requests >= before->requests);
    CHECK(now->waited_us >= before->waited_us);
    explain->statements = now->statements - before->statements;
    explain->requests = now->requests - before->requests;
    explain->waited_milliseconds = (double)(now->waited_us - before->waited_us) / 1000;
}

enum grove_code query_end(struct query *query, enum grove_code code, bool explain,
                          struct grove_result **ret)
{
    CHECK(code != GROVE_OK || query->result);
    arena_release(&query->arena);
    if (code != GROVE_OK) {
        result_free(query->result);
        return code;
    }
    if (query->call)
        note_costs(query);
    *ret = result_finish(query->result, explain);
    return GROVE_OK;
}
