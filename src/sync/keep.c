// SPDX-License-Identifier: Apache-2.0
//
// The projector's own statement stores the vectors, with its guards: the content is still at the
// revision, and rows that are locked are skipped. What it cannot skip (the same vector, being put
// in by another transaction; a table that is being altered) is waited for no longer than
// KEEP_PATIENCE.
#include "sync/keep.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "catalog/assets.h"

#define KEEP_PATIENCE "1ms"

enum { KEEP_BYTES_MAX = 4 << 20 };

static_assert(KEEP_VECTORS_MAX * EMBED_DIMENSION * 4 * 2 < KEEP_BYTES_MAX,
              "the arena holds the vectors as they are sent");

static enum grove_code add_vectors(enum embed_precision precision,
                                   const struct computed_vector *vectors, size_t count,
                                   struct arena *arena, struct pg_params *params,
                                   struct grove_error *error)
{
    int32_t *ids = arena_alloc_array(arena, count, sizeof *ids);
    int64_t *revisions = arena_alloc_array(arena, count, sizeof *revisions);
    struct text *digests = arena_alloc_array(arena, count, sizeof *digests);
    struct text *bytes = arena_alloc_array(arena, count, sizeof *bytes);
    int32_t *long_ids = arena_alloc_array(arena, count, sizeof *long_ids);
    size_t long_count = 0;
    if (!ids || !revisions || !digests || !bytes || !long_ids)
        return error_no_memory(error, "vectors to keep");
    for (size_t i = 0; i < count; i++) {
        CHECK(vectors[i].vector);
        CHECK(vectors[i].revision > 0);
        ids[i] = vectors[i].content_id;
        revisions[i] = vectors[i].revision;
        digests[i] = (struct text){(const char *)vectors[i].sha256, SHA256_BYTES};
        bytes[i] = (struct text){(const char *)vectors[i].vector, EMBED_DIMENSION * sizeof(float)};
        if (vectors[i].cut)
            long_ids[long_count++] = ids[i];
    }
    pg_add_int4_array(params, arena, ids, count);
    pg_add_int8_array(params, arena, revisions, count);
    pg_add_bytea_array(params, arena, digests, count);
    pg_add_bytea_array(params, arena, bytes, count);
    pg_add_text(params, text_of(embed_model_id(precision)));
    pg_add_int4_array(params, arena, long_ids, long_count);
    return GROVE_OK;
}

enum grove_code keep_vectors(struct pg_conn *conn, enum embed_precision precision,
                             const struct computed_vector *vectors, size_t count, size_t *ret_kept,
                             struct grove_error *error)
{
    CHECK(conn);
    CHECK(vectors || count == 0);
    CHECK(count <= KEEP_VECTORS_MAX);
    *ret_kept = 0;
    if (count == 0)
        return GROVE_OK;
    struct pg_statement wait = {"patience.sql", query_sql("patience.sql")};
    struct pg_statement store = {"store_embeddings.sql", query_sql("store_embeddings.sql")};
    struct pg_params patience = {0}, params = {0};
    struct pg_rows rows[2];
    struct arena arena;
    arena_init(&arena, KEEP_BYTES_MAX);
    pg_add_text(&patience, text_of(KEEP_PATIENCE));
    enum grove_code code = add_vectors(precision, vectors, count, &arena, &params, error);
    const struct pg_request requests[] = {{&wait, &patience}, {&store, &params}};
    if (code == GROVE_OK)
        code = pg_pipeline(conn, &arena, requests, ARRAY_COUNT(requests), rows, error);
    if (code == GROVE_OK)
        *ret_kept = (size_t)rows[1].count;
    CHECK(*ret_kept <= count);
    arena_release(&arena);
    return code == GROVE_TIMEOUT && strcmp(error->sqlstate, "55P03") == 0 ? GROVE_OK : code;
}
