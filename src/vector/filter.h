// SPDX-License-Identifier: Apache-2.0
//
// A vector filter as the "filter" member of a request to Qdrant.
#ifndef GROVE_VECTOR_FILTER_H
#define GROVE_VECTOR_FILTER_H

#include "base/strbuf.h"
#include "vector/engine.h"

// RFC 3339, as which times reach the engine, has the years 1 to 9999; PostgreSQL has others, and
// infinity. So a point has the nearest time that there is, and bounds are moved in the same way:
// what PostgreSQL finds is then among what the engine shows. Only beyond the two ends may the
// engine show more, which PostgreSQL drops when it scores them.
#define FILTER_FIRST_US (-INT64_C(62135596800000000)) // 0001-01-01T00:00:00Z
#define FILTER_LAST_US INT64_C(253402300799999999)    // 9999-12-31T23:59:59.999999Z

// The nearest time that the engine can have.
int64_t filter_clamp_time(int64_t timestamp_us);

// The first and the last time, both inclusive, that points of this filter have in the engine; false
// where it says nothing of times. A point without a time is in no such range.
bool filter_times(const struct vector_filter *filter, int64_t *ret_first_us, int64_t *ret_last_us);

// An empty set of leaves: no need to ask.
bool filter_matches_nothing(const struct vector_filter *filter);

// Appends `,"filter":{...}`, or nothing for a filter that everything satisfies (or NULL).
void filter_add(struct strbuf *body, const struct vector_filter *filter);

// The same of these points only.
void filter_add_of_ids(struct strbuf *body, const struct vector_filter *filter, const int32_t *ids,
                       size_t count);

#endif
