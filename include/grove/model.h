// SPDX-License-Identifier: Apache-2.0
//
// The model whose vectors a database keeps and compares. grove/grove.h includes it.
#ifndef GROVE_MODEL_H
#define GROVE_MODEL_H

#include "grove/grove.h"

#ifdef __cplusplus
extern "C" {
#endif

// Has the database keep and compare vectors of this precision; a new one has f32. Where it has
// others it goes on with them, and searches miss nothing, while whatever projects (grove_sync, say)
// computes the new ones beside them. It changes when every content has one; at once where that is
// so already. Then *ret_queued (may be NULL) contents are in the outbox: their points are written
// anew, and nothing is computed. It is 0 while vectors are computed; grove_get_status tells how far
// that is.
//
// The same again goes on. The precision that the database has gives the change up. Vectors are
// kept, so that the way back needs none computed.
GROVE_CHECKED enum grove_code grove_set_precision(struct grove *grove,
                                                  enum grove_precision precision,
                                                  int64_t *ret_queued, struct grove_error *error);

// The same at once, whatever has a vector: until the contents in the outbox are projected searches
// leave out those without one, and say so. For a database that nobody searches meanwhile.
GROVE_CHECKED enum grove_code grove_set_precision_now(struct grove *grove,
                                                      enum grove_precision precision,
                                                      int64_t *ret_queued,
                                                      struct grove_error *error);

// Frees the vectors that were computed in precisions which the database neither has nor changes to:
// the way back computes them again. Those that were supplied stay. *ret_dropped (may be NULL): how
// many are gone; where it fails, what has gone stays gone.
GROVE_CHECKED enum grove_code grove_drop_old_vectors(struct grove *grove, int64_t *ret_dropped,
                                                     struct grove_error *error);

#ifdef __cplusplus
}
#endif

#endif
