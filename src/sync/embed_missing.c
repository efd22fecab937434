// SPDX-License-Identifier: Apache-2.0
//
// What of a batch has no vector is embedded, and the vectors are kept: of what is leased, and of
// what is prepared for the next model.
#include "sync/projector_private.h"

#include <assert.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/inject.h"

static_assert(SHA256_BYTES == 32, "grove.embedding checks this size");

// The arrays that store_embeddings.sql takes.
struct embeddings {
    size_t count;
    size_t *points; // indexes into batch->points
    struct text *texts;
    float *vectors;
    int32_t *content_ids;
    int64_t *revisions;
    struct text *digests;
    struct text *vector_bytes;
    size_t long_count;
    int32_t *long_ids; // of contents whose text is longer than the model reads
};

static bool alloc_embeddings(struct arena *arena, size_t count, struct embeddings *ret)
{
    *ret = (struct embeddings){
        .count = count,
        .points = arena_alloc_array(arena, count, sizeof(size_t)),
        .texts = arena_alloc_array(arena, count, sizeof(struct text)),
        .vectors = arena_alloc_array(arena, count, VECTOR_DIMENSION * sizeof(float)),
        .content_ids = arena_alloc_array(arena, count, sizeof(int32_t)),
        .revisions = arena_alloc_array(arena, count, sizeof(int64_t)),
        .digests = arena_alloc_array(arena, count, sizeof(struct text)),
        .vector_bytes = arena_alloc_array(arena, count, sizeof(struct text)),
        .long_ids = arena_alloc_array(arena, count, sizeof(int32_t)),
    };
    return ret->points && ret->texts && ret->vectors && ret->content_ids && ret->revisions &&
           ret->digests && ret->vector_bytes && ret->long_ids;
}

static enum grove_code collect_missing(struct projector_batch *batch, struct embeddings *ret,
                                       struct grove_error *error)
{
    size_t missing = 0;
    for (size_t p = 0; p < batch->point_count; p++)
        missing += !batch->points[p].vector;
    if (!alloc_embeddings(&batch->arena, missing, ret))
        return error_no_memory(error, "embeddings");
    size_t i = 0;
    for (size_t p = 0; p < batch->point_count; p++) {
        if (batch->points[p].vector)
            continue;
        unsigned char *digest = arena_alloc(&batch->arena, SHA256_BYTES);
        if (!digest)
            return error_no_memory(error, "embeddings");
        CHECK(i < missing);
        sha256(batch->texts[p], digest);
        ret->points[i] = p;
        ret->texts[i] = batch->texts[p];
        ret->content_ids[i] = batch->points[p].content_id;
        ret->revisions[i] = batch->points[p].revision - batch->generation;
        ret->digests[i] = (struct text){(const char *)digest, SHA256_BYTES};
        ret->vector_bytes[i] = (struct text){(const char *)(ret->vectors + i * VECTOR_DIMENSION),
                                             VECTOR_DIMENSION * sizeof(float)};
        i++;
    }
    CHECK(i == missing);
    return GROVE_OK;
}

// Rows whose embedding was not kept are being changed by somebody else: they are neither written
// nor acknowledged, but put back at once for a later step.
static enum grove_code set_aside_others(struct projector_batch *batch,
                                        const struct embeddings *made, const struct pg_rows *kept,
                                        struct grove_error *error)
{
    int32_t *others = arena_alloc_array(&batch->arena, made->count, sizeof *others);
    size_t other_count = 0;
    if (!others)
        return error_no_memory(error, "a batch of the outbox");
    for (size_t i = 0; i < made->count; i++) {
        bool is_kept = false;
        for (int r = 0; r < kept->count && !is_kept; r++)
            is_kept = pg_int4(kept, r, 0) == made->content_ids[i];
        if (is_kept)
            continue;
        others[other_count++] = made->content_ids[i];
        projector_forget_row(batch, made->content_ids[i]);
    }
    CHECK(other_count + (size_t)kept->count == made->count);
    return projector_put_back(batch, others, other_count, false, "it was being changed", error);
}

static enum grove_code store_embeddings(struct projector_batch *batch,
                                        const struct embeddings *made, struct grove_error *error)
{
    struct pg_params params = {0};
    pg_add_int4_array(&params, &batch->arena, made->content_ids, made->count);
    pg_add_int8_array(&params, &batch->arena, made->revisions, made->count);
    pg_add_bytea_array(&params, &batch->arena, made->digests, made->count);
    pg_add_bytea_array(&params, &batch->arena, made->vector_bytes, made->count);
    pg_add_text(&params, text_of(embed_model_id(batch->precision)));
    pg_add_int4_array(&params, &batch->arena, made->long_ids, made->long_count);
    struct pg_rows rows;
    CHECK(made->count > 0);
    enum grove_code code = projector_run(batch, "store_embeddings.sql", &params, &rows, error);
    CHECK(code != GROVE_OK || (size_t)rows.count <= made->count);
    return code == GROVE_OK && (size_t)rows.count < made->count
               ? set_aside_others(batch, made, &rows, error)
               : code;
}

enum grove_code projector_embed_missing(struct projector_batch *batch, struct grove_error *error)
{
    struct embeddings made;
    enum grove_code code = collect_missing(batch, &made, error);
    if (code != GROVE_OK || made.count == 0)
        return code;
    struct embedder *embedder;
    int64_t start_us = clock_monotonic_us();
    code = store_embedder(batch->store, batch->call, batch->precision, &embedder, error);
    if (code == GROVE_OK)
        code = embedder_embed(embedder, made.texts, made.count, made.vectors, batch->call, error);
    batch->report->seconds_embedding += (double)(clock_monotonic_us() - start_us) / 1e6;
    if (code != GROVE_OK)
        return code;
    batch->report->embedded += (int64_t)made.count;
    CHECK(made.count <= batch->point_count);
    for (size_t i = 0; i < made.count; i++) {
        batch->points[made.points[i]].vector = made.vectors + i * VECTOR_DIMENSION;
        if (embedder_cuts(embedder, made.texts[i]))
            made.long_ids[made.long_count++] = made.content_ids[i];
    }
    batch->report->cut += (int64_t)made.long_count;
    code = INJECT(PROJECTOR_EMBEDDED, error);
    if (code == GROVE_OK)
        code = store_embeddings(batch, &made, error);
    DCHECK(projector_batch_check(batch) == NULL);
    return code == GROVE_OK ? INJECT(PROJECTOR_STORED, error) : code;
}
