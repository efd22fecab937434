// SPDX-License-Identifier: Apache-2.0
//
// Keeping vectors that were computed for another purpose than projecting: a search embeds the texts
// that have no vector yet, and the next search, and the projector, need not do so again.
//
//     struct computed_vector vectors[] = {{content_id, revision, {0}, numbers}};
//     sha256(text, vectors[0].sha256);
//     code = keep_vectors(conn, EMBED_F32, vectors, 1, &kept, error);
//
// It is a favour, not a duty: nobody waits for it, and what cannot be kept at once is not kept.
// Threads: any, each with a connection of its own.
#ifndef GROVE_SYNC_KEEP_H
#define GROVE_SYNC_KEEP_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "embed/embed.h"
#include "pg/pg.h"

// Borrowed for the call.
struct computed_vector {
    int32_t content_id;
    int64_t revision;                   // of the content, read in the same snapshot as the text
    unsigned char sha256[SHA256_BYTES]; // of the text embedded: title, line feed, body or summary
    const float *vector;                // EMBED_DIMENSION finite numbers of length 1
    bool cut;                           // the text is longer than the model reads
};

enum { KEEP_VECTORS_MAX = 256 };

// Stores the vectors of contents that are still at their revision; *ret_kept of them. Those that
// somebody else has locked are left out; where another lock would have to be waited for none is
// kept, and that is no error. Contents occur once. The connection is in no transaction; one round
// trip is made on it.
enum grove_code keep_vectors(struct pg_conn *conn, enum embed_precision precision,
                             const struct computed_vector *vectors, size_t count, size_t *ret_kept,
                             struct grove_error *error);

#endif
