// SPDX-License-Identifier: Apache-2.0
//
// The bytes that a digest of points is made over: what an engine that can (vector_digest) makes of
// what it holds, and whoever compares makes of what it should hold. embedded/grove_vectors writes
// the same.
//
//     fingerprint_add(&bytes, id, revision);     // of ids and revisions only
//     fingerprint_add_whole(&bytes, &point);     // of all that a point holds
//     good = fingerprint_end(&bytes, count, &digest);
//
// Numbers are as this machine has them: an engine that makes digests runs on it. Points come by
// ascending id. Equal digests prove that all is equal; of unequal ones nothing follows, since a
// payload may be written in two ways, and a vector differ in its last bits.
#ifndef GROVE_VECTOR_FINGERPRINT_H
#define GROVE_VECTOR_FINGERPRINT_H

#include "base/strbuf.h"
#include "vector/engine.h"

void fingerprint_add(struct strbuf *bytes, int32_t content_id, int64_t revision);

// The vector has a direction (vector/direction.h).
void fingerprint_add_whole(struct strbuf *bytes, const struct vector_point *point);

// False: memory ran out.
bool fingerprint_end(const struct strbuf *bytes, uint64_t points, struct vector_digest *ret);

#endif
