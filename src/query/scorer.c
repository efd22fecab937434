// SPDX-License-Identifier: Apache-2.0
#include "query/scorer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/inject.h"
#include "catalog/store.h"
#include "query/cosine.h"
#include "vector/direction.h"

enum {
    // Of a ranking that leaves out rows without a vector anyway: one long text, or several short.
    FEW_TOKENS = EMBED_TOKENS_MAX,
    FEW_TEXT_BYTES = 256 << 10,
    // Where more rows are left out, none is read: a score for one of hundreds mends no answer, and
    // a long text takes the model 30 ms.
    LEFT_OUT_MAX = 256,
    // How often texts are embedded in one ranking: where rows change meanwhile, again.
    EMBEDDINGS_MAX = 4,
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
static_assert(RANKING_COMPUTED_MAX * (EMBED_CHARACTERS_MAX + 256) * 4 < SCORER_TEXTS_BYTES_MAX / 2,
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

bool scorer_wants_texts(const struct run *run)
{
    for (size_t i = 0; i < run->lacking_count; i++)
        if (run->lacking[i].waits)
            return true;
    return false;
}

void scorer_restart(struct run *run)
{
    CHECK(!scorer_wants_texts(run)); // their texts go
    arena_clear(&run->texts);
    best_clear(&run->best);
    run->unembedded = 0;
    run->scored = 0;
    run->beyond = 0;
    run->waiting = (struct waiting_told){0};
    run->result->explain.pending = 0;
    for (size_t i = 0; i < run->lacking_count; i++) {
        run->lacking[i].left_out = 0;
        run->lacking[i].pending = false;
    }
}

static struct lacking *find_lacking(struct run *run, int32_t content_id)
{
    for (size_t i = 0; i < run->lacking_count; i++)
        if (run->lacking[i].of.content_id == content_id)
            return &run->lacking[i];
    return NULL;
}

// A row without a vector; `pending`: it counts as one that waits.
static void leave_out(struct run *run, bool pending)
{
    run->unembedded++;
    run->waiting.vectorless += pending;
    CHECK(run->waiting.vectorless <= run->unembedded);
}

static void add_score(struct run *run, int32_t content_id, const float *vector, bool pending)
{
    if (vector)
        best_add(&run->best, (struct result_score){content_id, cosine(run->query, vector)});
    else
        leave_out(run, pending);
}

// --- texts --------------------------------------------------------------------------------------

// Of rows without a vector, those whose texts are to be read.
struct wanted {
    int32_t ids[RANKING_COMPUTED_MAX];
    bool pending[RANKING_COMPUTED_MAX];
    size_t count;
};

static bool is_pending(const struct wanted *wanted, int32_t content_id)
{
    size_t i = 0;
    while (i < wanted->count && wanted->ids[i] != content_id)
        i++;
    CHECK(i < wanted->count);
    return wanted->pending[i];
}

static enum grove_code read_texts(struct run *run, const int32_t *ids, size_t count,
                                  struct pg_rows *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    pg_add_int4_array(&params, &run->texts, ids, count);
    pg_add_int4(&params, EMBED_CHARACTERS_MAX);
    pg_add_text(&params, text_of(embed_model_id(run->precision)));
    pg_add_int8(&params, run->beyond > 0 ? FEW_TEXT_BYTES : INT64_MAX);
    enum grove_code code =
        store_query_on(run->ranking->conn, &run->texts, "texts.sql", &params, ret, error);
    CHECK(code != GROVE_OK || ret->columns == TEXTS_COLUMNS);
    CHECK(code != GROVE_OK || (size_t)ret->count <= count);
    return code;
}

// A vector that the row has after all outlives the rows of its statement.
static enum grove_code take_vector(struct run *run, struct lacking *lacking, struct text bytes,
                                   struct grove_error *error)
{
    const float *vector = direction_read(bytes, NULL);
    if (!vector)
        return GROVE_OK;
    float *copy = arena_alloc_array(run->arena, EMBED_DIMENSION, sizeof *copy);
    if (!copy)
        return error_no_memory(error, "a vector");
    memcpy(copy, vector, EMBED_DIMENSION * sizeof *copy);
    lacking->of.vector = copy;
    return GROVE_OK;
}

// Of one row of texts.sql.
static enum grove_code take_text(struct run *run, const struct pg_rows *rows, int r, bool pending,
                                 struct grove_error *error)
{
    int32_t id = pg_int4(rows, r, TEXTS_ID);
    int64_t revision = pg_int8(rows, r, TEXTS_REVISION);
    struct text sum = pg_bytea(rows, r, TEXTS_SHA256);
    struct lacking *lacking = find_lacking(run, id);
    CHECK(sum.length == SHA256_BYTES);
    // It was changed, and its text was not.
    if (lacking && lacking->of.vector && memcmp(lacking->of.sha256, sum.data, sum.length) == 0) {
        lacking->of.revision = revision;
        add_score(run, id, lacking->of.vector, pending);
        return GROVE_OK;
    }
    CHECK(lacking || run->lacking_count < RANKING_COMPUTED_MAX);
    if (!lacking)
        lacking = &run->lacking[run->lacking_count++];
    *lacking = (struct lacking){.of = {.content_id = id, .revision = revision}};
    memcpy(lacking->of.sha256, sum.data, SHA256_BYTES);
    if (pg_is_null(rows, r, TEXTS_VECTOR)) {
        lacking->waits = true;
        lacking->left_out = 1;
        lacking->text = pg_text(rows, r, TEXTS_TEXT);
        lacking->whole = pg_bool(rows, r, TEXTS_WHOLE);
        lacking->pending = pending;
        leave_out(run, pending);
        return GROVE_OK;
    }
    enum grove_code code = take_vector(run, lacking, pg_bytea(rows, r, TEXTS_VECTOR), error);
    if (code == GROVE_OK)
        add_score(run, id, lacking->of.vector, pending);
    return code;
}

// Reads the texts of contents that have no usable vector. Where there are more than one ranking may
// embed the result is not complete for it, so fewer bytes are read, or none.
static enum grove_code take_texts(struct run *run, const struct wanted *wanted,
                                  struct grove_error *error)
{
    struct pg_rows rows = {0};
    size_t unread = 0; // of those that wait
    CHECK(wanted->count <= RANKING_COMPUTED_MAX);
    for (size_t i = 0; i < wanted->count; i++)
        unread += wanted->pending[i];
    enum grove_code code = GROVE_OK;
    if (run->beyond <= LEFT_OUT_MAX)
        code = read_texts(run, wanted->ids, wanted->count, &rows, error);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++) {
        bool pending = is_pending(wanted, pg_int4(&rows, r, TEXTS_ID));
        unread -= pending;
        code = take_text(run, &rows, r, pending, error);
    }
    run->unembedded += wanted->count - (size_t)rows.count;
    run->waiting.vectorless += unread;
    CHECK(unread <= wanted->count);
    return code;
}

// --- embedding ----------------------------------------------------------------------------------

// What is to be embedded of a ranking's texts.
struct choice {
    const struct embedder *embedder;
    size_t tokens_max;
    size_t tokens;
    struct lacking *lacking[RANKING_COMPUTED_MAX];
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
static enum grove_code choose_text(struct choice *choice, struct lacking *lacking,
                                   struct grove_error *error)
{
    int32_t ids[EMBED_TOKENS_MAX];
    size_t tokens = 0;
    struct text text = lacking->whole ? lacking->text : to_last_space(lacking->text);
    enum grove_code code = embedder_tokenize(choice->embedder, text, ids, &tokens, error);
    if (code != GROVE_OK)
        return code;
    bool fits = choice->count == 0 || choice->tokens + tokens <= choice->tokens_max;
    if (!fits || (!lacking->whole && tokens < EMBED_TOKENS_MAX))
        return GROVE_OK;
    CHECK(choice->count < RANKING_COMPUTED_MAX);
    choice->lacking[choice->count] = lacking;
    choice->texts[choice->count++] = text;
    choice->tokens += tokens;
    return GROVE_OK;
}

// Those that wait no longer do so, whether they are chosen or not.
static enum grove_code choose_texts(struct run *run, struct choice *choice,
                                    struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; code == GROVE_OK && i < run->lacking_count; i++) {
        struct lacking *lacking = &run->lacking[i];
        if (lacking->waits)
            code = choose_text(choice, lacking, error);
        lacking->waits = false;
    }
    return code;
}

static enum grove_code embed_chosen(struct run *run, struct embedder *embedder,
                                    const struct choice *choice, struct grove_error *error)
{
    size_t count = choice->count;
    if (count == 0)
        return GROVE_OK;
    float *vectors = arena_alloc_array(run->arena, count, EMBED_DIMENSION * sizeof(float));
    if (!vectors)
        return error_no_memory(error, "embeddings");
    enum grove_code code =
        embedder_embed(embedder, choice->texts, count, vectors, run->call, error);
    for (size_t i = 0; code == GROVE_OK && i < count; i++) {
        choice->lacking[i]->of.vector = vectors + i * EMBED_DIMENSION;
        choice->lacking[i]->of.cut =
            !choice->lacking[i]->whole || embedder_cuts(embedder, choice->texts[i]);
        choice->lacking[i]->computed = true;
    }
    return code;
}

enum grove_code scorer_embed(struct run *run, struct grove_error *error)
{
    struct choice choice = {.tokens_max = run->beyond > 0 ? FEW_TOKENS : SIZE_MAX};
    struct embedder *embedder;
    CHECK(!run->ranking->conn); // and no snapshot with it
    CHECK(run->embeddings < EMBEDDINGS_MAX);
    enum grove_code code = INJECT(SEARCH_TEXTS, error);
    if (code == GROVE_OK)
        code = store_embedder(run->store, run->call, run->precision, &embedder, error);
    if (code == GROVE_OK) {
        choice.embedder = embedder;
        code = choose_texts(run, &choice, error);
    }
    if (code == GROVE_OK)
        code = embed_chosen(run, embedder, &choice, error);
    // Who leaves out rows anyway waits no second time.
    run->embeddings = run->beyond > 0 ? EMBEDDINGS_MAX : run->embeddings + 1;
    arena_clear(&run->texts);
    result_stage(run->result, "texts", (int64_t)choice.count);
    return code;
}

void scorer_add_embedded(struct run *run)
{
    for (size_t i = 0; i < run->lacking_count; i++) {
        struct lacking *lacking = &run->lacking[i];
        if (!lacking->of.vector || lacking->left_out == 0)
            continue;
        CHECK(run->unembedded >= lacking->left_out);
        run->unembedded -= lacking->left_out;
        CHECK(run->waiting.vectorless >= lacking->pending);
        run->waiting.vectorless -= lacking->pending;
        lacking->left_out = 0;
        lacking->pending = false;
        add_score(run, lacking->of.content_id, lacking->of.vector, false);
    }
}

void scorer_hand_over(const struct run *run, struct ranking *ranking)
{
    CHECK(ranking->computed_count == 0);
    for (size_t i = 0; i < run->lacking_count; i++)
        if (run->lacking[i].computed)
            ranking->computed[ranking->computed_count++] = run->lacking[i].of;
}

// --- rows ---------------------------------------------------------------------------------------

// A row whose text was read before and has changed since is read again; of others no more than
// there is room for.
static bool may_read(const struct run *run, const struct lacking *before, size_t others)
{
    CHECK(run->lacking_count <= RANKING_COMPUTED_MAX);
    return run->embeddings < EMBEDDINGS_MAX &&
           (before || others < RANKING_COMPUTED_MAX - run->lacking_count);
}

enum grove_code scorer_add(struct run *run, const struct pg_rows *rows, enum scorer_waiting waiting,
                           struct grove_error *error)
{
    struct wanted wanted = {.count = 0};
    size_t others = 0;
    CHECK(rows->columns == SCORE_COLUMNS);
    for (int r = 0; r < rows->count; r++) {
        bool waits = pg_bool(rows, r, 2), pending = waits && waiting == WAITING_ADDED;
        if (waits && waiting == WAITING_PASSED_OVER)
            continue;
        run->result->explain.pending += pending;
        run->result->explain.candidates++;
        run->scored++;
        int32_t id = pg_int4(rows, r, 0);
        // Somebody may have written there what is no vector.
        if (!pg_is_null(rows, r, 1)) {
            add_score(run, id, direction_read(pg_bytea(rows, r, 1), NULL), pending);
            continue;
        }
        struct lacking *before = find_lacking(run, id);
        if (before && before->of.revision == pg_int8(rows, r, 3)) {
            before->left_out += before->of.vector == NULL;
            before->pending = before->pending || (pending && !before->of.vector);
            add_score(run, id, before->of.vector, pending);
        } else if (!(waits && run->waiting.fast) && may_read(run, before, others)) {
            CHECK(wanted.count < RANKING_COMPUTED_MAX);
            wanted.pending[wanted.count] = pending;
            wanted.ids[wanted.count++] = id;
            others += !before;
        } else {
            run->beyond++;
            leave_out(run, pending);
        }
    }
    enum grove_code code = wanted.count > 0 ? take_texts(run, &wanted, error) : GROVE_OK;
    return code == GROVE_OK ? INJECT(SEARCH_PART, error) : code;
}
