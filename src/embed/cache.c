// SPDX-License-Identifier: Apache-2.0
#include "embed/cache.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"

enum { BUCKETS = 1024, NONE = -1 };

struct entry {
    uint64_t hash;
    int32_t next; // in its bucket
    bool used;    // since the hand passed
    size_t count; // of ids; 0: free
    int32_t ids[EMBED_TOKENS_MAX];
    float vector[EMBED_DIMENSION];
};

struct embed_cache {
    pthread_mutex_t mutex;
    uint64_t hits, misses;
    int32_t hand;
    int32_t buckets[BUCKETS];
    struct entry entries[EMBED_CACHE_ENTRIES];
};

enum grove_code embed_cache_new(struct embed_cache **ret, struct grove_error *error)
{
    struct embed_cache *cache = mem_zalloc(sizeof *cache);
    if (!cache)
        return error_no_memory(error, "a cache of queries");
    pthread_mutex_init(&cache->mutex, NULL);
    for (size_t i = 0; i < BUCKETS; i++)
        cache->buckets[i] = NONE;
    *ret = cache;
    return GROVE_OK;
}

void embed_cache_free(struct embed_cache *cache)
{
    if (!cache)
        return;
    pthread_mutex_destroy(&cache->mutex);
    mem_free(cache);
}

// FNV-1a over the ids (http://www.isthe.com/chongo/tech/comp/fnv/).
static uint64_t hash_ids(const int32_t *ids, size_t count)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < count; i++) {
        hash ^= (uint32_t)ids[i];
        hash *= UINT64_C(1099511628211);
    }
    return hash ^ hash >> 32;
}

static struct entry *find(struct embed_cache *cache, uint64_t hash, const int32_t *ids,
                          size_t count)
{
    for (int32_t i = cache->buckets[hash % BUCKETS]; i != NONE; i = cache->entries[i].next) {
        struct entry *entry = &cache->entries[i];
        if (entry->hash == hash && entry->count == count &&
            memcmp(entry->ids, ids, count * sizeof *ids) == 0)
            return entry;
    }
    return NULL;
}

static void unlink_entry(struct embed_cache *cache, int32_t index)
{
    struct entry *entry = &cache->entries[index];
    int32_t *link = &cache->buckets[entry->hash % BUCKETS];
    while (*link != index) {
        CHECK(*link != NONE);
        link = &cache->entries[*link].next;
    }
    *link = entry->next;
    entry->count = 0;
}

// The next entry that the hand finds free or not used since it last passed.
static int32_t take_place(struct embed_cache *cache)
{
    for (;;) {
        int32_t index = cache->hand;
        struct entry *entry = &cache->entries[index];
        cache->hand = (index + 1) % EMBED_CACHE_ENTRIES;
        if (entry->count > 0 && entry->used) {
            entry->used = false;
            continue;
        }
        if (entry->count > 0)
            unlink_entry(cache, index);
        return index;
    }
}

static bool look_up(struct embed_cache *cache, uint64_t hash, const int32_t *ids, size_t count,
                    float *ret_vector)
{
    pthread_mutex_lock(&cache->mutex);
    struct entry *entry = find(cache, hash, ids, count);
    if (entry) {
        entry->used = true;
        memcpy(ret_vector, entry->vector, sizeof entry->vector);
        cache->hits++;
    } else {
        cache->misses++;
    }
    pthread_mutex_unlock(&cache->mutex);
    return entry != NULL;
}

static void keep(struct embed_cache *cache, uint64_t hash, const int32_t *ids, size_t count,
                 const float *vector)
{
    pthread_mutex_lock(&cache->mutex);
    if (!find(cache, hash, ids, count)) { // another thread may have had the same query
        int32_t index = take_place(cache);
        struct entry *entry = &cache->entries[index];
        entry->hash = hash;
        entry->count = count;
        entry->used = true;
        memcpy(entry->ids, ids, count * sizeof *ids);
        memcpy(entry->vector, vector, sizeof entry->vector);
        entry->next = cache->buckets[hash % BUCKETS];
        cache->buckets[hash % BUCKETS] = index;
    }
    pthread_mutex_unlock(&cache->mutex);
}

enum grove_code embed_cache_embed(struct embed_cache *cache, struct embedder *embedder,
                                  struct text text, float ret_vector[static EMBED_DIMENSION],
                                  const struct call *call, struct grove_error *error)
{
    int32_t ids[EMBED_TOKENS_MAX];
    size_t count;
    enum grove_code code = embedder_tokenize(embedder, text, ids, &count, error);
    if (code != GROVE_OK)
        return code;
    uint64_t hash = hash_ids(ids, count);
    if (look_up(cache, hash, ids, count, ret_vector))
        return GROVE_OK;
    code = embedder_embed(embedder, &text, 1, ret_vector, call, error);
    if (code == GROVE_OK)
        keep(cache, hash, ids, count, ret_vector);
    return code;
}

void embed_cache_counts(struct embed_cache *cache, uint64_t *ret_hits, uint64_t *ret_misses)
{
    pthread_mutex_lock(&cache->mutex);
    *ret_hits = cache->hits;
    *ret_misses = cache->misses;
    pthread_mutex_unlock(&cache->mutex);
}
