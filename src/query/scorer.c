// SPDX-License-Identifier: Apache-2.0
#include "query/scorer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "query/cosine.h"
#include "vector/direction.h"

static_assert((int)RANKING_COMPUTED_MAX <= (int)KEEP_VECTORS_MAX, "all of them can be kept");

static double cosine(const double *query, const float *vector)
{
    double dot = 0, sum = 0;
    for (size_t i = 0; i < EMBED_DIMENSION; i++) {
        double x = (double)vector[i];
        dot += query[i] * x;
        sum += x * x;
    }
    double score = dot / sqrt(sum);
    CHECK(fabs(score) <= COSINE_MAX); // a vector without a direction does not come here
    return score;
}

void scorer_restart(struct run *run)
{
    best_clear(&run->best);
    run->unembedded = 0;
    run->scored = 0;
    run->result->explain.pending = 0;
}

// A vector computed in an earlier round, or NULL. Its text may have changed since.
static const float *find_computed(const struct ranking *ranking, int32_t content_id,
                                  int64_t revision)
{
    for (size_t i = 0; i < ranking->computed_count; i++)
        if (ranking->computed[i].content_id == content_id &&
            ranking->computed[i].revision == revision)
            return ranking->computed[i].vector;
    return NULL;
}

static enum grove_code add_computed(struct run *run, const struct computed_vector *wanted,
                                    size_t count, struct grove_error *error)
{
    struct ranking *ranking = run->ranking;
    struct text texts[RANKING_COMPUTED_MAX];
    CHECK(ranking->computed_count + count <= RANKING_COMPUTED_MAX);
    for (size_t i = 0; i < count; i++)
        texts[i] = wanted[i].text;
    float *vectors = arena_alloc_array(run->arena, count, EMBED_DIMENSION * sizeof(float));
    if (!vectors)
        return error_no_memory(error, "embeddings");
    struct embedder *embedder;
    enum grove_code code = store_embedder(run->store, run->precision, &embedder, error);
    if (code == GROVE_OK)
        code = embedder_embed(embedder, texts, count, vectors, run->call, error);
    for (size_t i = 0; code == GROVE_OK && i < count; i++) {
        struct computed_vector computed = wanted[i];
        computed.vector = vectors + i * EMBED_DIMENSION;
        // The rows go before the vectors are kept.
        computed.text.data = arena_copy(run->arena, computed.text);
        if (!computed.text.data)
            return error_no_memory(error, "embeddings");
        ranking->computed[ranking->computed_count++] = computed;
        best_add(&run->best,
                 (struct result_score){computed.content_id, cosine(run->query, computed.vector)});
    }
    return code;
}

// Embeds the texts of rows that have no usable vector, as many as one ranking may.
static enum grove_code score_texts(struct run *run, const struct pg_rows *rows,
                                   struct grove_error *error)
{
    struct computed_vector wanted[RANKING_COMPUTED_MAX];
    size_t count = 0;
    for (int r = 0; r < rows->count; r++) {
        if (pg_is_null(rows, r, 2))
            continue;
        struct computed_vector row = {.content_id = pg_int4(rows, r, 0),
                                      .revision = pg_int8(rows, r, 4),
                                      .text = pg_text(rows, r, 2)};
        const float *vector = find_computed(run->ranking, row.content_id, row.revision);
        if (vector)
            best_add(&run->best, (struct result_score){row.content_id, cosine(run->query, vector)});
        else if (run->ranking->computed_count + count == RANKING_COMPUTED_MAX)
            run->unembedded++;
        else
            wanted[count++] = row;
    }
    return count > 0 ? add_computed(run, wanted, count, error) : GROVE_OK;
}

enum grove_code scorer_add(struct run *run, const struct pg_rows *rows, struct grove_error *error)
{
    CHECK(rows->columns == SCORE_COLUMNS);
    for (int r = 0; r < rows->count; r++) {
        run->result->explain.pending += pg_bool(rows, r, 3);
        if (!pg_is_null(rows, r, 2))
            continue; // its text is there, to be embedded
        const char *reason;
        const float *vector = direction_read(pg_bytea(rows, r, 1), &reason);
        if (vector)
            best_add(&run->best,
                     (struct result_score){pg_int4(rows, r, 0), cosine(run->query, vector)});
        else
            run->unembedded++; // somebody wrote there what is no vector
    }
    run->scored += (size_t)rows->count;
    run->result->explain.candidates += rows->count;
    return score_texts(run, rows, error);
}
