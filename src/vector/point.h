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
// vector must have a direction (vector/direction.h). `packed` is for the private server: the bytes
// of the float32s, little-endian, in base64. Reading numbers took it half of an upsert's time.
void point_add_vector(struct strbuf *body, const float *vector, bool packed);

// The same numbers: what the engine is given of a vector, and keeps.
void point_direction(const float *vector, float ret[static VECTOR_DIMENSION]);

// An object with the fields in the order of their names.
void point_add_payload(struct strbuf *body, const struct vector_point *point);

// A payload that the engine told, written in the same way: equal ones are equal texts. Of one that
// has more than 64 fields the rest is left out.
void point_payload_write(yyjson_val *payload, struct strbuf *out);

void point_add(struct strbuf *body, const struct vector_point *point, bool packed);

// False: an id that does not fit is of a point that grove did not write.
bool point_read(yyjson_val *point, int32_t *ret_id, int64_t *ret_revision);

#endif
