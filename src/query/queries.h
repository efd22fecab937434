// SPDX-License-Identifier: Apache-2.0
//
// The queries on the stores; grove_browse, grove_search, grove_discover, grove_list and
// grove_read_content are these with a handle.
#ifndef GROVE_QUERY_QUERIES_H
#define GROVE_QUERY_QUERIES_H

#include "catalog/store.h"
#include "grove/contents.h"
#include "grove/grove.h"

enum grove_code query_browse(struct store *store, struct call *call,
                             const struct grove_browse_request *request, struct grove_result **ret,
                             struct grove_error *error);
enum grove_code query_search(struct store *store, struct call *call,
                             const struct grove_search_request *request, struct grove_result **ret,
                             struct grove_error *error);
enum grove_code query_discover(struct store *store, struct call *call,
                               const struct grove_discover_request *request,
                               struct grove_result **ret, struct grove_error *error);

enum grove_code query_list(struct store *store, struct call *call,
                           const struct grove_list_request *request, struct grove_listing **ret,
                           struct grove_error *error);
enum grove_code query_content(struct store *store, struct call *call,
                              const struct grove_read_request *request, struct grove_content **ret,
                              struct grove_error *error);
enum grove_code query_document(struct store *store, struct call *call,
                               const struct grove_read_document_request *request,
                               struct grove_document **ret, struct grove_error *error);

// The ids of a document's parts, in the arena, by its name. Nobody loads it until the transaction
// of the connection ends.
enum grove_code query_document_parts(struct pg_conn *conn, struct arena *arena, const char *name,
                                     const int32_t **ret_ids, size_t *ret_count,
                                     struct grove_error *error);

#endif
