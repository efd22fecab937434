// SPDX-License-Identifier: Apache-2.0
//
// What a server says of points that it was asked for, by id.
#ifndef GROVE_VECTOR_STATES_H
#define GROVE_VECTOR_STATES_H

#include <yyjson.h>

#include "vector/engine.h"

// Notes what the array `points` says in the states of those ids, which say absent so far. At most
// VECTOR_BATCH_MAX of them. False: of a point that was not asked for, or one thing and another.
bool states_note(struct vector_state *states, size_t count, yyjson_val *points);

#endif
