// SPDX-License-Identifier: Apache-2.0
//
// Vectors of chunks, computed before their document is written and stored with it: so no search
// meets chunks without a vector. First chunk_vectors_compute, then, within the transaction that has
// written the chunks' contents, chunk_vectors_store.
#ifndef GROVE_CONTENT_CHUNK_VECTORS_H
#define GROVE_CONTENT_CHUNK_VECTORS_H

#include "catalog/store.h"
#include "embed/split.h"

struct chunk_vectors {
    enum embed_precision precision; // that they were computed in
    size_t count;
    struct text *vectors; // bytes, in the arena like the following
    struct text *digests; // SHA-256 of title, line feed, text
};

enum grove_code chunk_vectors_compute(struct store *store, struct call *call,
                                      const struct split_chunk *chunks, size_t count,
                                      struct arena *arena, struct chunk_vectors *ret,
                                      struct grove_error *error);

// Within the transaction that has written the contents, whose ids are given in the chunks' order.
enum grove_code chunk_vectors_store(const struct chunk_vectors *vectors, struct pg_conn *conn,
                                    struct arena *arena, const int32_t *content_ids,
                                    struct grove_error *error);

#endif
