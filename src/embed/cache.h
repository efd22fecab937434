// SPDX-License-Identifier: Apache-2.0
//
// Vectors of recent queries: whoever pages through a result, or asks what others ask, does not
// pay for the model again.
//
//     code = embed_cache_embed(cache, embedder, text, vector, call, error);
//
// The key is the text's token ids, that is, the text as the model sees it: "Baptism" and "baptism "
// are one query. At most EMBED_CACHE_ENTRIES are kept; the one not used for longest goes first
// (by the clock algorithm: F. J. Corbato, "A Paging Experiment with the Multics System", 1968).
//
// Threads: any number at once; the model runs outside of the lock.
#ifndef GROVE_EMBED_CACHE_H
#define GROVE_EMBED_CACHE_H

#include "embed/embed.h"

enum { EMBED_CACHE_ENTRIES = 512 }; // 1.3 MB

struct embed_cache;

enum grove_code embed_cache_new(struct embed_cache **ret, struct grove_error *error);
void embed_cache_free(struct embed_cache *cache); // NULL is fine

// As embedder_embed for one text. The call counts while it waits for the model: what is kept is had
// without waiting.
enum grove_code embed_cache_embed(struct embed_cache *cache, struct embedder *embedder,
                                  struct text text, float ret_vector[static EMBED_DIMENSION],
                                  const struct call *call, struct grove_error *error);

// How often a vector was found, and how often it was not.
void embed_cache_counts(struct embed_cache *cache, uint64_t *ret_hits, uint64_t *ret_misses);

#endif
