// SPDX-License-Identifier: Apache-2.0
//
// A vector filter as the "filter" member of a request to Qdrant.
#ifndef GROVE_VECTOR_FILTER_H
#define GROVE_VECTOR_FILTER_H

#include "base/strbuf.h"
#include "vector/engine.h"

// An empty set of leaves: no need to ask.
bool filter_matches_nothing(const struct vector_filter *filter);

// Appends `,"filter":{...}`, or nothing for a filter that everything satisfies (or NULL).
void filter_add(struct strbuf *body, const struct vector_filter *filter);

#endif
