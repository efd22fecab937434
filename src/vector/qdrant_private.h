// SPDX-License-Identifier: Apache-2.0
//
// What the files of Qdrant's REST API share: the engine, and its requests about the collection.
#ifndef GROVE_VECTOR_QDRANT_PRIVATE_H
#define GROVE_VECTOR_QDRANT_PRIVATE_H

#include <stdatomic.h>

#include "base/json.h"
#include "base/strbuf.h"
#include "vector/engine.h"
#include "vector/http.h"

enum { QDRANT_BODY_BYTES_MAX = 64 << 20, QDRANT_COLLECTION_NAME_MAX = 128 };

struct qdrant {
    struct vector_engine engine; // first
    struct http_client *client;
    char collection[QDRANT_COLLECTION_NAME_MAX];
    unsigned read_timeout_ms, exact_timeout_ms;
    atomic_int version; // 1017 for 1.17; 0: not asked yet
    atomic_bool packs;  // whether the server reads packed vectors, as it told last
    atomic_int digests; // whether the server makes any (qdrant_compare.c); 0: not asked yet
};

// A request about the collection.
struct request {
    const char *method;
    const char *suffix;  // of the collection's path
    struct strbuf *body; // NULL: none
    unsigned timeout_ms; // 0: the client's, for writes
    bool takes_long;
    size_t reply_bytes_max; // 0: the connection's
};

// Of numbers that are looked up, and of which none is the next: no order, and no links of the graph
// for each. Servers before 1.17 know no `enable_hnsw` and build the links.
#define QDRANT_NUMBER "{\"type\":\"integer\",\"lookup\":true,\"range\":false,\"enable_hnsw\":false}"

static inline struct qdrant *qdrant_of(struct vector_engine *engine)
{
    return (struct qdrant *)engine;
}

enum grove_code qdrant_send(struct qdrant *qdrant, struct call *call, const struct request *request,
                            struct http_reply *ret, struct grove_error *error);

// For requests whose answer says nothing but that they worked.
enum grove_code qdrant_command(struct qdrant *qdrant, struct call *call, const char *method,
                               const char *suffix, struct strbuf *body, struct grove_error *error);

enum grove_code qdrant_not_understood(const struct qdrant *qdrant, const char *what,
                                      struct grove_error *error);

// The "result" of a reply; of another kind than `is_kind` says it is no answer.
enum grove_code qdrant_result(const struct qdrant *qdrant, const struct http_reply *reply,
                              bool (*is_kind)(yyjson_val *value), yyjson_val **ret,
                              struct grove_error *error);

// What the server tells of the collection; `packs` is known then.
enum grove_code qdrant_collection(struct qdrant *qdrant, struct call *call, struct http_reply *ret,
                                  struct grove_error *error);

// `schema` is JSON.
enum grove_code qdrant_create_index(struct qdrant *qdrant, struct call *call, const char *field,
                                    const char *schema, struct grove_error *error);

// --- qdrant_lineage.c ----------------------------------------------------------------------------

enum grove_code qdrant_scan(struct vector_engine *engine, struct call *call, int64_t from_id,
                            size_t limit, struct vector_page *ret, struct grove_error *error);
enum grove_code qdrant_marks(struct vector_engine *engine, struct call *call,
                             struct vector_marks *ret, struct grove_error *error);
enum grove_code qdrant_mark(struct vector_engine *engine, struct call *call,
                            const struct vector_mark *mark, struct grove_error *error);
enum grove_code qdrant_unmark(struct vector_engine *engine, struct call *call,
                              const struct vector_mark *mark, struct grove_error *error);

// --- qdrant_compare.c ----------------------------------------------------------------------------

enum grove_code qdrant_read(struct vector_engine *engine, struct call *call,
                            const struct vector_range *range, size_t limit, struct arena *arena,
                            struct vector_copies *ret, struct grove_error *error);
enum grove_code qdrant_read_ids(struct vector_engine *engine, struct call *call,
                                const struct vector_choice *choice, struct arena *arena,
                                struct vector_copy *ret, struct grove_error *error);
enum grove_code qdrant_digest(struct vector_engine *engine, struct call *call,
                              const struct vector_range *range, struct vector_digest *ret,
                              struct grove_error *error);
enum grove_code qdrant_strangers(struct vector_engine *engine, struct call *call, struct text from,
                                 struct arena *arena, struct vector_strangers *ret,
                                 struct grove_error *error);
enum grove_code qdrant_erase(struct vector_engine *engine, struct call *call,
                             const struct text *ids, size_t count, struct grove_error *error);

#endif
