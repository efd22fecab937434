// SPDX-License-Identifier: Apache-2.0
//
// A point as it stands in requests to the engine, and what is read of one in its answers.
#ifndef GROVE_VECTOR_POINT_H
#define GROVE_VECTOR_POINT_H

#include <yyjson.h>

#include "base/strbuf.h"
#include "vector/engine.h"

// Appends the numbers as an array, of length 1, whatever their own: servers divide by a length only
// where it is not too short, and have none for a vector whose squares float32 cannot hold. The
// vector must have a direction (vector/direction.h).
void point_add_vector(struct strbuf *body, const float *vector);

void point_add(struct strbuf *body, const struct vector_point *point);

// False: an id that does not fit is of a point that grove did not write.
bool point_read(yyjson_val *point, int32_t *ret_id, int64_t *ret_revision);

#endif
