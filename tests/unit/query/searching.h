// SPDX-License-Identifier: Apache-2.0
//
// What tests of searches share: rows with a cosine of their own, and searches whose results go when
// the test ends. The query is test_toward(1, 0).
//
//     make_row(stores, 0.9F);
//     project(stores);
//     assert_ids(stores, search(stores, 10), "1");
#ifndef GROVE_TESTS_UNIT_QUERY_SEARCHING_H
#define GROVE_TESTS_UNIT_QUERY_SEARCHING_H

#include "../../support/stores.h"

#include "query/queries.h"
#include "sync/projector.h"

// A content whose vector has this cosine to the query; its id, from 1.
int32_t make_row(struct test_stores *stores, float cosine);

// Until nothing is due.
void project(struct test_stores *stores);

// A hook of the fake engine: the same, once, as soon as it has answered a search.
void project_behind_the_search(void *state, const struct engine_event *event);

// Asks for an explanation, too.
const struct grove_result *search_as(struct test_stores *stores,
                                     struct grove_search_request request);
const struct grove_result *search(struct test_stores *stores, unsigned limit);

// The result goes when the test ends.
void keep_result(struct test_stores *stores, struct grove_result *result);

// The ids in their order: "1 4 2".
void assert_ids(struct test_stores *stores, const struct grove_result *result, const char *wanted);

#endif
