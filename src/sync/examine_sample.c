// SPDX-License-Identifier: Apache-2.0
//
// Queries of the kinds that people ask, so far as rows can tell:
//
//     near        a row, and noise: from hardly moved to hardly recognised
//     between     the middle of two rows, where nothing need be, and where no text points
//     leaf        the mean of some rows of a leaf
//     listed      the mean of a row that the graph does not reach and of its true neighbours
//     words       one to three words of a title, or of each of two titles, embedded: far from all
//                 rows, as most questions are
//     elsewhere   what no row is about (examine_elsewhere.c), embedded
//
// Where the model is not there the others take the place of texts.
#include <assert.h>
#include <math.h>

#include "base/check.h"
#include "sync/examine_private.h"
#include "vector/direction.h"

enum {
    WORDS_OF_TEN = 3, // of ten queries so many are words
    ELSEWHERE_OF_TEN = 1,
    LEAF_ROWS = 12,  // of a mean at most
    LISTED_ROWS = 6, // the same of a listed row's neighbours
    WORDS_MAX = 3,   // of a phrase
    PHRASE_BYTES_MAX = 200,
    MIXED_OF = 3, // of so many phrases one is of two titles
};

enum { MATERIAL_COLUMNS = 3 }; // of examine_vectors.sql
static_assert((int)EMBED_DIMENSION == (int)VECTOR_DIMENSION, "phrases are compared with rows");
static_assert(WORDS_OF_TEN + ELSEWHERE_OF_TEN < 10, "there are other kinds");
static_assert(LEAF_ROWS > 2 && LISTED_ROWS > 2, "a mean is of two at least");

enum kind { NEAR, BETWEEN, LEAF, LISTED, WORDS, ELSEWHERE };

struct making {
    struct examination *x;
    struct examine_sample *sample;
    struct examine_query **wanted; // queries of one kind, with the row that each starts from
    int32_t *ids;
    size_t count;
};

static bool set_direction(struct examine_query *query, const double numbers[VECTOR_DIMENSION])
{
    double sum = 0;
    CHECK(query->vector[0] == 0); // it is not made yet
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        sum += numbers[i] * numbers[i];
    if (!(sum > 1e-6))
        return false; // they cancel each other
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        query->vector[i] = (float)(numbers[i] / sqrt(sum));
    return true;
}

static void add_direction(double sum[VECTOR_DIMENSION], const float *vector)
{
    double direction[VECTOR_DIMENSION];
    if (direction_of(vector, direction) != DIRECTION_GOOD)
        return;
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        sum[i] += direction[i];
}

static void add_noise(struct examination *x, double numbers[VECTOR_DIMENSION])
{
    double noise[VECTOR_DIMENSION], sum = 0;
    double chance = examine_random(x);
    double amount = 0.1 + 1.9 * chance * chance;
    CHECK(amount > 0);
    for (size_t i = 0; i < VECTOR_DIMENSION; i++) {
        noise[i] = examine_random_normal(x);
        sum += noise[i] * noise[i];
    }
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        numbers[i] += amount * noise[i] / sqrt(sum);
}

// --- what queries are made of --------------------------------------------------------------------

// Vectors and titles of some rows, found again by id.
struct material {
    struct pg_rows rows;
};

static enum grove_code read_material(struct making *making, const int32_t *ids, size_t count,
                                     struct material *ret, struct grove_error *error)
{
    struct examination *x = making->x;
    struct pg_params params = {0};
    CHECK(count > 0);
    pg_add_text(&params, text_of(embed_model_id(x->precision)));
    pg_add_int4_array(&params, &x->arena, ids, count);
    return examine_query(x, &x->arena, "examine_vectors.sql", &params, &ret->rows, error);
}

static int row_of(const struct material *material, int32_t id)
{
    CHECK(material->rows.columns == MATERIAL_COLUMNS);
    for (int r = 0; r < material->rows.count; r++)
        if (pg_int4(&material->rows, r, 0) == id)
            return r;
    return -1; // deleted meanwhile
}

static const float *vector_of(const struct material *material, int32_t id)
{
    int r = row_of(material, id);
    return r < 0 ? NULL : direction_read(pg_bytea(&material->rows, r, 1), NULL);
}

static int32_t any_row(struct examination *x)
{
    CHECK(x->row_count > 0);
    return x->rows[examine_random_index(x, x->row_count)].id;
}

// --- the kinds -----------------------------------------------------------------------------------

// Each takes making->count queries, which start from making->ids. One that cannot be made stays
// empty, and is left out.

static enum grove_code make_near(struct making *making, bool between, struct grove_error *error)
{
    struct examination *x = making->x;
    struct material material;
    size_t count = making->count * 2; // each with a second row
    int32_t *ids = arena_alloc_array(&x->arena, count + 1, sizeof *ids);
    CHECK(making->count > 0);
    if (!ids)
        return error_no_memory(error, "a sample");
    for (size_t i = 0; i < making->count; i++) {
        ids[2 * i] = making->ids[i];
        ids[2 * i + 1] = any_row(x);
    }
    enum grove_code code = read_material(making, ids, count, &material, error);
    for (size_t i = 0; code == GROVE_OK && i < making->count; i++) {
        double numbers[VECTOR_DIMENSION] = {0};
        const float *a = vector_of(&material, ids[2 * i]);
        const float *b = vector_of(&material, ids[2 * i + 1]);
        if (!a || !b)
            continue;
        add_direction(numbers, a);
        if (between)
            add_direction(numbers, b);
        else
            add_noise(x, numbers);
        set_direction(making->wanted[i], numbers);
    }
    return code;
}

static enum grove_code make_leaf(struct making *making, struct grove_error *error)
{
    struct examination *x = making->x;
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(making->count > 0);
    pg_add_text(&params, text_of(embed_model_id(x->precision)));
    pg_add_int4_array(&params, &x->arena, making->ids, making->count);
    pg_add_int4(&params, LEAF_ROWS);
    enum grove_code code = examine_query(x, &x->arena, "examine_leaves.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    int r = 0;
    for (size_t i = 0; i < making->count; i++) {
        double numbers[VECTOR_DIMENSION] = {0};
        size_t most = 2 + examine_random_index(x, LEAF_ROWS - 1);
        for (; r < rows.count && pg_int8(&rows, r, 0) <= (int64_t)i + 1; r++) {
            const float *vector = direction_read(pg_bytea(&rows, r, 1), NULL);
            if (!vector || most == 0)
                continue;
            add_direction(numbers, vector);
            most--;
        }
        set_direction(making->wanted[i], numbers);
    }
    return GROVE_OK;
}

// The true neighbours of the rows that the queries start from.
static enum grove_code find_neighbours(struct making *making, struct examine_hits *ret_hits,
                                       struct grove_error *error)
{
    struct examination *x = making->x;
    struct material material;
    size_t count = 0;
    struct examine_search *searches =
        arena_alloc_array(&x->arena, making->count + 1, sizeof *searches);
    CHECK(making->count > 0);
    if (!searches)
        return error_no_memory(error, "a sample");
    enum grove_code code = read_material(making, making->ids, making->count, &material, error);
    for (size_t i = 0; code == GROVE_OK && i < making->count; i++) {
        const float *vector = vector_of(&material, making->ids[i]);
        ret_hits[i].count = 0;
        if (vector)
            searches[count++] =
                (struct examine_search){.vector = vector, .exact = true, .hits = &ret_hits[i]};
    }
    examine_expect(x, 0, count);
    return code == GROVE_OK ? examine_search_all(x, searches, count, error) : code;
}

static enum grove_code make_listed(struct making *making, struct grove_error *error)
{
    struct examination *x = making->x;
    struct material material;
    size_t count = 0;
    struct examine_hits *hits = arena_alloc_array(&x->arena, making->count + 1, sizeof *hits);
    int32_t *ids = arena_alloc_array(&x->arena, making->count * EXAMINE_NEAR + 1, sizeof *ids);
    CHECK(making->count > 0);
    CHECK(making->x->list.count > 0);
    if (!hits || !ids)
        return error_no_memory(error, "a sample");
    enum grove_code code = find_neighbours(making, hits, error);
    if (code != GROVE_OK)
        return code;
    for (size_t i = 0; i < making->count; i++)
        for (size_t h = 0; h < hits[i].count; h++)
            ids[count++] = hits[i].items[h].id;
    code = read_material(making, ids, count, &material, error);
    for (size_t i = 0; code == GROVE_OK && i < making->count; i++) {
        double numbers[VECTOR_DIMENSION] = {0};
        size_t most = 2 + examine_random_index(x, LISTED_ROWS - 1);
        for (size_t h = 0; h < hits[i].count && h < most; h++) {
            const float *vector = vector_of(&material, hits[i].items[h].id);
            if (vector)
                add_direction(numbers, vector);
        }
        set_direction(making->wanted[i], numbers);
    }
    return code;
}

// Some words of the title that stand together.
static struct text cut_phrase(struct examination *x, struct text title)
{
    size_t words = text_words(title), first = 0, length = 0;
    if (words == 0)
        return (struct text){NULL, 0};
    size_t wanted = 1 + examine_random_index(x, WORDS_MAX);
    wanted = wanted < words ? wanted : words;
    first = examine_random_index(x, words - wanted + 1);
    struct text rest = text_trim(title), word;
    const char *begin = NULL;
    for (size_t i = 0; i < first + wanted && text_split(&rest, ' ', &word);) {
        if (word.length == 0)
            continue;
        begin = i == first ? word.data : begin;
        if (begin)
            length = (size_t)(word.data + word.length - begin);
        i++;
    }
    return (struct text){begin, length <= PHRASE_BYTES_MAX ? length : 0};
}

// Of its own title, and now and then of another's, too: a question may be about two things.
static enum grove_code make_phrase(struct making *making, const struct material *material, size_t i,
                                   struct text *ret, struct grove_error *error)
{
    struct examination *x = making->x;
    int r = row_of(material, making->ids[i]), s = row_of(material, making->ids[i / MIXED_OF]);
    struct text first = {NULL, 0}, second = {NULL, 0};
    CHECK(i < making->count);
    if (r >= 0)
        first = cut_phrase(x, pg_text(&material->rows, r, 2));
    if (i % MIXED_OF == MIXED_OF - 1 && s >= 0)
        second = cut_phrase(x, pg_text(&material->rows, s, 2));
    *ret = first.length > 0 ? first : second;
    if (first.length == 0 || second.length == 0)
        return GROVE_OK;
    char *both = arena_printf(&x->arena, "%.*s %.*s", TEXT_ARGS(first), TEXT_ARGS(second));
    *ret = both ? text_of(both) : first;
    return both ? GROVE_OK : error_no_memory(error, "a sample");
}

// For each query that is wanted a text; an empty one makes none.
static enum grove_code embed_texts(struct making *making, struct embedder *embedder,
                                   const struct text *texts, struct grove_error *error)
{
    struct arena *arena = &making->x->arena;
    size_t count = 0;
    struct text *given = arena_alloc_array(arena, making->count + 1, sizeof *given);
    struct examine_query **made = arena_alloc_array(arena, making->count + 1, sizeof *made);
    float *vectors =
        arena_alloc_array(arena, making->count * VECTOR_DIMENSION + 1, sizeof *vectors);
    CHECK(embedder);
    CHECK(making->count <= making->sample->count);
    if (!given || !made || !vectors)
        return error_no_memory(error, "a sample");
    for (size_t i = 0; i < making->count; i++) {
        if (texts[i].length == 0)
            continue;
        given[count] = texts[i];
        made[count++] = making->wanted[i];
    }
    enum grove_code code = embedder_embed(embedder, given, count, vectors, making->x->call, error);
    for (size_t i = 0; code == GROVE_OK && i < count; i++) {
        double numbers[VECTOR_DIMENSION] = {0};
        add_direction(numbers, vectors + i * VECTOR_DIMENSION);
        set_direction(made[i], numbers);
    }
    return code;
}

static enum grove_code make_words(struct making *making, struct embedder *embedder,
                                  struct grove_error *error)
{
    struct examination *x = making->x;
    struct material material;
    struct text *phrases = arena_alloc_array(&x->arena, making->count + 1, sizeof *phrases);
    CHECK(making->count > 0);
    if (!phrases)
        return error_no_memory(error, "a sample");
    enum grove_code code = read_material(making, making->ids, making->count, &material, error);
    for (size_t i = 0; code == GROVE_OK && i < making->count; i++)
        code = make_phrase(making, &material, i, &phrases[i], error);
    return code == GROVE_OK ? embed_texts(making, embedder, phrases, error) : code;
}

// From one of chance on, each as often as any other.
static enum grove_code make_elsewhere(struct making *making, struct embedder *embedder,
                                      struct grove_error *error)
{
    struct examination *x = making->x;
    size_t first = examine_random_index(x, examine_elsewhere_count());
    CHECK(first < examine_elsewhere_count());
    struct text *texts = arena_alloc_array(&x->arena, making->count + 1, sizeof *texts);
    CHECK(making->count > 0);
    if (!texts)
        return error_no_memory(error, "a sample");
    for (size_t i = 0; i < making->count; i++)
        texts[i] = examine_elsewhere((first + i) % examine_elsewhere_count());
    return embed_texts(making, embedder, texts, error);
}

// --- the sample ----------------------------------------------------------------------------------

static enum kind kind_of(const struct examination *x, size_t i, bool has_model)
{
    static const enum kind without[] = {NEAR, LEAF, BETWEEN, LISTED, NEAR, LEAF, LISTED};
    size_t mixed = i + i / 10; // so that no filter meets queries of one kind only
    size_t of_ten = mixed % 10;
    if (of_ten < WORDS_OF_TEN && has_model)
        return WORDS;
    if (of_ten < WORDS_OF_TEN + ELSEWHERE_OF_TEN && has_model)
        return ELSEWHERE;
    enum kind kind = without[mixed % ARRAY_COUNT(without)];
    return kind == LISTED && x->list.count == 0 ? NEAR : kind;
}

static enum grove_code make_kind(struct making *making, enum kind kind, struct embedder *embedder,
                                 struct grove_error *error)
{
    switch (kind) {
    case NEAR:
    case BETWEEN: return make_near(making, kind == BETWEEN, error);
    case LEAF: return make_leaf(making, error);
    case LISTED: return make_listed(making, error);
    case WORDS: return make_words(making, embedder, error);
    case ELSEWHERE: return make_elsewhere(making, embedder, error);
    }
    CHECK(false);
    return GROVE_INTERNAL;
}

// Those of one kind start from rows drawn by chance.
static enum grove_code make_some(struct making *making, enum kind kind, struct embedder *embedder,
                                 struct grove_error *error)
{
    struct examination *x = making->x;
    CHECK(making->sample->count > 0);
    making->count = 0;
    for (size_t i = 0; i < making->sample->count; i++) {
        if (kind_of(x, i, embedder != NULL) != kind)
            continue;
        making->wanted[making->count] = &making->sample->queries[i];
        making->sample->queries[i].between = kind == BETWEEN && embedder;
        making->ids[making->count++] =
            kind == LISTED ? x->list.ids[examine_random_index(x, x->list.count)] : any_row(x);
    }
    return making->count > 0 ? make_kind(making, kind, embedder, error) : GROVE_OK;
}

static bool is_made(const struct examine_query *query)
{
    return direction_check(query->vector, NULL) == DIRECTION_GOOD;
}

static void leave_out_empty(struct examine_sample *sample)
{
    size_t kept = 0;
    for (size_t i = 0; i < sample->count; i++)
        if (is_made(&sample->queries[i]))
            sample->queries[kept++] = sample->queries[i];
    sample->count = kept;
}

static enum grove_code find_truths(struct examination *x, struct examine_sample *sample,
                                   struct grove_error *error)
{
    struct examine_search *searches =
        arena_alloc_array(&x->arena, sample->count + 1, sizeof *searches);
    CHECK(sample->count <= EXAMINE_QUERIES);
    if (!searches)
        return error_no_memory(error, "a sample");
    for (size_t i = 0; i < sample->count; i++)
        searches[i] = (struct examine_search){.vector = sample->queries[i].vector,
                                              .filter = sample->queries[i].filter,
                                              .exact = true,
                                              .hits = &sample->queries[i].truth,
                                              .deep = &sample->queries[i].deep_truth};
    return examine_search_all(x, searches, sample->count, error);
}

enum grove_code examine_make_sample(struct examination *x, const struct examine_filters *filters,
                                    size_t count, struct examine_sample *ret,
                                    struct grove_error *error)
{
    struct embedder *embedder = NULL;
    struct grove_error unused;
    struct examine_sample sample = {arena_alloc_array(&x->arena, count, sizeof *sample.queries),
                                    count};
    struct making making = {
        .x = x,
        .sample = &sample,
        .wanted = arena_alloc_array(&x->arena, count, sizeof(struct examine_query *)),
        .ids = arena_alloc_array(&x->arena, count, sizeof(int32_t)),
    };
    CHECK(count <= EXAMINE_QUERIES);
    CHECK(filters->count <= EXAMINE_FILTERS_MAX);
    CHECK(x->row_count > 0);
    if (!sample.queries || !making.wanted || !making.ids)
        return error_no_memory(error, "a sample");
    for (size_t i = 0; i < count; i++)
        sample.queries[i] = (struct examine_query){
            .filter = filters->count > 0 ? &filters->items[i % filters->count] : NULL};
    if (store_embedder(x->store, x->call, x->precision, &embedder, &unused) != GROVE_OK)
        embedder = NULL; // no model, no words
    enum grove_code code = GROVE_OK;
    for (enum kind kind = NEAR; code == GROVE_OK && kind <= ELSEWHERE; kind++)
        code = make_some(&making, kind, embedder, error);
    if (code != GROVE_OK)
        return code;
    leave_out_empty(&sample);
    code = find_truths(x, &sample, error);
    if (code == GROVE_OK)
        *ret = sample;
    return code;
}
