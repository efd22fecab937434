// SPDX-License-Identifier: Apache-2.0
//
// What the three queries have in common: where the result is made, memory for what is needed
// meanwhile only, and what all of it asked of the servers.
//
//     struct query query;
//     code = query_begin(&query, store, call, error);
//     if (code == GROVE_OK)
//         code = browse(&query, request, error);     // fills query.result
//     return query_end(&query, code, request->explain, ret);
//
// What was begun is ended, also where beginning failed: the result goes to the caller, or away.
#ifndef GROVE_QUERY_QUERY_H
#define GROVE_QUERY_QUERY_H

#include "base/call.h"
#include "catalog/store.h"
#include "query/result.h"

struct query {
    struct store *store;
    struct call *call;     // may be NULL: then nothing is counted
    struct result *result; // NULL where beginning failed
    struct arena arena;    // until the query ends
    struct call_counters before;
};

// GROVE_NOT_FOUND: there is no content with that id.
enum grove_code query_no_content(int32_t content_id, struct grove_error *error);

enum grove_code query_begin(struct query *query, struct store *store, struct call *call,
                            struct grove_error *error);

// `code`: how it went, which is returned. *ret is set where that was well.
enum grove_code query_end(struct query *query, enum grove_code code, bool explain,
                          struct grove_result **ret);

#endif
