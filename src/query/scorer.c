// SPDX-License-Identifier: Apache-2.0
#include "query/scorer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/inject.h"
#include "catalog/assets.h"
#include "query/cosine.h"
#include "vector/direction.h"

enum {
    TEXT_CHARACTERS_MAX = 16384, // read of one text: many times what 256 tokens of prose take
    TEXTS_BYTES_MAX = 4 << 20,
    // Of a ranking that leaves out rows without a vector anyway: one long text, or several short.
    FEW_TOKENS = EMBED_TOKENS_MAX,
    FEW_TEXT_BYTES = 256 << 10,
};

// Of texts.sql.
enum {
    TEXTS_ID,
    TEXTS_REVISION,
    TEXTS_TEXT,
    TEXTS_WHOLE,
    TEXTS_SHA256,
    TEXTS_VECTOR,
    TEXTS_COLUMNS,
};

static_assert((int)RANKING_COMPUTED_MAX <= (int)KEEP_VECTORS_MAX, "all of them can be kept");
// A character of UTF-8 has 4 bytes at most, a title 200 characters.
static_assert(RANKING_COMPUTED_MAX * (TEXT_CHARACTERS_MAX + 256) * 4 < TEXTS_BYTES_MAX / 2,
              "the texts fit as libpq holds them");

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
    run->texts_read = 0;
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

static void add_score(struct run *run, int32_t content_id, const float *vector)
{
    if (vector)
        best_add(&run->best, (struct result_score){content_id, cosine(run->query, vector)});
    else
        run->unembedded++;
}

// --- texts --------------------------------------------------------------------------------------

// What is to be embedded of a ranking's texts.
struct choice {
    const struct embedder *embedder;
    size_t tokens_max;
    size_t tokens;
    struct computed_vector wanted[RANKING_COMPUTED_MAX];
    struct text texts[RANKING_COMPUTED_MAX];
    size_t count;
};

static struct text to_last_space(struct text text)
{
    static const char spaces[] = {' ', '\t', '\r', '\n'};
    while (text.length > 0 && !memchr(spaces, text.data[text.length - 1], sizeof spaces))
        text.length--;
    return text;
}

// Of a text that was cut, all words up to the last space are whole. So a model reads no more of it
// than these where they are as many tokens as it reads. Else it is the projector's, who reads it to
// its end.
static enum grove_code choose_text(struct choice *choice, const struct pg_rows *rows, int r,
                                   bool *ret_chosen, struct grove_error *error)
{
    int32_t ids[EMBED_TOKENS_MAX];
    size_t tokens = 0;
    bool whole = pg_bool(rows, r, TEXTS_WHOLE);
    struct text text = pg_text(rows, r, TEXTS_TEXT), sum = pg_bytea(rows, r, TEXTS_SHA256);
    if (!whole)
        text = to_last_space(text);
    enum grove_code code = embedder_tokenize(choice->embedder, text, ids, &tokens, error);
    if (code != GROVE_OK)
        return code;
    bool fits = choice->count == 0 || choice->tokens + tokens <= choice->tokens_max;
    *ret_chosen = fits && (whole || tokens == EMBED_TOKENS_MAX);
    if (!*ret_chosen)
        return GROVE_OK;
    CHECK(sum.length == SHA256_BYTES);
    CHECK(choice->count < RANKING_COMPUTED_MAX);
    struct computed_vector *wanted = &choice->wanted[choice->count];
    *wanted = (struct computed_vector){.content_id = pg_int4(rows, r, TEXTS_ID),
                                       .revision = pg_int8(rows, r, TEXTS_REVISION)};
    memcpy(wanted->sha256, sum.data, SHA256_BYTES);
    choice->texts[choice->count++] = text;
    choice->tokens += tokens;
    return GROVE_OK;
}

// Of the rows of texts.sql. Those that have a vector after all are scored.
static enum grove_code choose_texts(struct run *run, struct choice *choice,
                                    const struct pg_rows *rows, struct grove_error *error)
{
    for (int r = 0; r < rows->count; r++) {
        const char *reason;
        bool chosen = false;
        if (!pg_is_null(rows, r, TEXTS_VECTOR)) {
            add_score(run, pg_int4(rows, r, TEXTS_ID),
                      direction_read(pg_bytea(rows, r, TEXTS_VECTOR), &reason));
            continue;
        }
        enum grove_code code = choose_text(choice, rows, r, &chosen, error);
        if (code != GROVE_OK)
            return code;
        run->unembedded += !chosen;
    }
    return GROVE_OK;
}

static enum grove_code add_computed(struct run *run, struct embedder *embedder,
                                    const struct choice *choice, struct grove_error *error)
{
    struct ranking *ranking = run->ranking;
    size_t count = choice->count;
    CHECK(ranking->computed_count + count <= RANKING_COMPUTED_MAX);
    if (count == 0)
        return GROVE_OK;
    float *vectors = arena_alloc_array(run->arena, count, EMBED_DIMENSION * sizeof(float));
    if (!vectors)
        return error_no_memory(error, "embeddings");
    enum grove_code code =
        embedder_embed(embedder, choice->texts, count, vectors, run->call, error);
    for (size_t i = 0; code == GROVE_OK && i < count; i++) {
        struct computed_vector *computed = &ranking->computed[ranking->computed_count++];
        *computed = choice->wanted[i];
        computed->vector = vectors + i * EMBED_DIMENSION;
        add_score(run, computed->content_id, computed->vector);
    }
    return code;
}

static enum grove_code read_texts(struct run *run, const int32_t *ids, size_t count, bool few,
                                  struct arena *arena, struct pg_rows *ret,
                                  struct grove_error *error)
{
    struct pg_statement statement = {"texts.sql", query_sql("texts.sql")};
    struct pg_params params = {0};
    pg_add_int4_array(&params, arena, ids, count);
    pg_add_int4(&params, TEXT_CHARACTERS_MAX);
    pg_add_text(&params, text_of(embed_model_id(run->precision)));
    pg_add_int8(&params, few ? FEW_TEXT_BYTES : INT64_MAX);
    enum grove_code code = pg_query(run->ranking->conn, arena, &statement, &params, ret, error);
    CHECK(code != GROVE_OK || ret->columns == TEXTS_COLUMNS);
    CHECK(code != GROVE_OK || (size_t)ret->count <= count);
    return code;
}

// Reads the texts of contents that have no usable vector, and embeds them. `few`: there are more
// than one ranking may embed. The result is not complete for it, so it waits less.
static enum grove_code score_texts(struct run *run, const int32_t *ids, size_t count, bool few,
                                   struct grove_error *error)
{
    struct choice choice = {.tokens_max = few ? FEW_TOKENS : SIZE_MAX};
    struct embedder *embedder;
    struct pg_rows rows = {0};
    struct arena arena;
    arena_init_counting(&arena, TEXTS_BYTES_MAX);
    CHECK(count <= RANKING_COMPUTED_MAX);
    run->texts_read += count;
    enum grove_code code = store_embedder(run->store, run->call, run->precision, &embedder, error);
    if (code == GROVE_OK)
        code = read_texts(run, ids, count, few, &arena, &rows, error);
    if (code == GROVE_OK) {
        choice.embedder = embedder;
        code = choose_texts(run, &choice, &rows, error);
    }
    if (code == GROVE_OK)
        code = add_computed(run, embedder, &choice, error);
    run->unembedded += count - (size_t)rows.count;
    arena_release(&arena);
    return code;
}

// --- rows ---------------------------------------------------------------------------------------

// How many more texts this ranking may read and embed.
static size_t texts_left(const struct run *run)
{
    size_t computed = run->ranking->computed_count;
    size_t used = computed > run->texts_read ? computed : run->texts_read;
    CHECK(used <= RANKING_COMPUTED_MAX);
    return RANKING_COMPUTED_MAX - used;
}

enum grove_code scorer_add(struct run *run, const struct pg_rows *rows, bool pending_too,
                           struct grove_error *error)
{
    int32_t ids[RANKING_COMPUTED_MAX];
    size_t count = 0, most = texts_left(run);
    bool few = false;
    CHECK(rows->columns == SCORE_COLUMNS);
    for (int r = 0; r < rows->count; r++) {
        bool pending = pg_bool(rows, r, 2);
        if (pending && !pending_too)
            continue;
        run->result->explain.pending += pending;
        run->result->explain.candidates++;
        run->scored++;
        int32_t id = pg_int4(rows, r, 0);
        const char *reason; // somebody may have written there what is no vector
        bool missing = pg_is_null(rows, r, 1);
        const float *vector = missing ? find_computed(run->ranking, id, pg_int8(rows, r, 3))
                                      : direction_read(pg_bytea(rows, r, 1), &reason);
        if (missing && !vector && count < most) {
            ids[count++] = id;
            continue;
        }
        few = few || (missing && !vector);
        add_score(run, id, vector);
    }
    enum grove_code code = count > 0 ? score_texts(run, ids, count, few, error) : GROVE_OK;
    return code == GROVE_OK ? INJECT(SEARCH_PART, error) : code;
}
