// SPDX-License-Identifier: Apache-2.0
#include "content/chunk_vectors.h"

#include "base/check.h"
#include "base/digest.h"

// What is embedded of a chunk.
static enum grove_code text_of_chunk(const struct split_chunk *chunk, struct arena *arena,
                                     struct text *ret, struct grove_error *error)
{
    const char *text =
        arena_printf(arena, "%.*s\n%.*s", TEXT_ARGS(chunk->title), TEXT_ARGS(chunk->text));
    if (!text)
        return error_no_memory(error, "chunks");
    *ret = (struct text){text, chunk->title.length + 1 + chunk->text.length};
    return GROVE_OK;
}

enum grove_code chunk_vectors_compute(struct store *store, struct call *call,
                                      const struct split_chunk *chunks, size_t count,
                                      struct arena *arena, struct chunk_vectors *ret,
                                      struct grove_error *error)
{
    struct embedder *embedder;
    struct text *texts = arena_alloc_array(arena, count, sizeof *texts);
    float *numbers = arena_alloc_array(arena, count, EMBED_DIMENSION * sizeof *numbers);
    unsigned char *digests = arena_alloc_array(arena, count, SHA256_BYTES);
    *ret = (struct chunk_vectors){
        .precision = store_precision(store),
        .count = count,
        .vectors = arena_alloc_array(arena, count, sizeof *ret->vectors),
        .digests = arena_alloc_array(arena, count, sizeof *ret->digests),
    };
    if (!texts || !numbers || !digests || !ret->vectors || !ret->digests)
        return error_no_memory(error, "vectors of chunks");
    enum grove_code code = store_embedder(store, call, ret->precision, &embedder, error);
    for (size_t i = 0; code == GROVE_OK && i < count; i++) {
        code = text_of_chunk(&chunks[i], arena, &texts[i], error);
        if (code != GROVE_OK)
            break;
        sha256(texts[i], digests + i * SHA256_BYTES);
        ret->digests[i] = (struct text){(const char *)digests + i * SHA256_BYTES, SHA256_BYTES};
        ret->vectors[i] = (struct text){(const char *)(numbers + i * EMBED_DIMENSION),
                                        EMBED_DIMENSION * sizeof *numbers};
    }
    return code == GROVE_OK ? embedder_embed(embedder, texts, count, numbers, call, error) : code;
}

static enum grove_code read_revisions(struct pg_conn *conn, struct arena *arena,
                                      const int32_t *content_ids, size_t count, int64_t **ret,
                                      struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    int64_t *revisions = arena_alloc_array(arena, count, sizeof *revisions);
    if (!revisions)
        return error_no_memory(error, "vectors of chunks");
    pg_add_int4_array(&params, arena, content_ids, count);
    enum grove_code code = store_query_on(conn, arena, "revisions_of.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK((size_t)rows.count == count); // their transaction has just written them
    for (int r = 0; r < rows.count; r++)
        revisions[r] = pg_int8(&rows, r, 0);
    *ret = revisions;
    return GROVE_OK;
}

enum grove_code chunk_vectors_store(const struct chunk_vectors *vectors, struct pg_conn *conn,
                                    struct arena *arena, const int32_t *content_ids,
                                    struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    int64_t *revisions = NULL;
    size_t count = vectors->count;
    enum grove_code code = read_revisions(conn, arena, content_ids, count, &revisions, error);
    if (code != GROVE_OK)
        return code;
    pg_add_int4_array(&params, arena, content_ids, count);
    pg_add_int8_array(&params, arena, revisions, count);
    pg_add_bytea_array(&params, arena, vectors->digests, count);
    pg_add_bytea_array(&params, arena, vectors->vectors, count);
    pg_add_text(&params, text_of(embed_model_id(vectors->precision)));
    pg_add_int4_array(&params, arena, content_ids, 0); // none is longer than the model reads
    return store_query_on(conn, arena, "store_embeddings.sql", &params, &rows, error);
}
