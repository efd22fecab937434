// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/recall.h"
#include "base/check.h"
#include "catalog/assets.h"
#include "catalog/store.h"
#include "catalog/path.h"

enum {
    LEAF_ROWS = 20, // whose mean stands for a leaf
    TITLE_WORDS = 3,
    COLUMNS = 12,
};
// Of the noise that is added to a vector of length 1.
static const double NOISES[] = {0.05, 0.15, 0.4};
// Of the rows that a filter of times or words lets through.
static const double SHARES[] = {0.02, 0.1, 0.5};

const struct recall_shape recall_shapes[GROVE_RECALL_SHAPES_MAX] = {
    {.name = "none"},
    {.name = "tree", .levels = 1},
    {.name = "branch", .levels = 2},
    {.name = "limb", .levels = 3},
    {.name = "leaf", .levels = 4},
    {.name = "type", .type = true},
    {.name = "dates", .dates = true},
    {.name = "words", .words = true},
    {.name = "limb and type", .levels = 3, .type = true},
    {.name = "type and dates", .type = true, .dates = true},
};

// --- the sample ----------------------------------------------------------------------------------

static enum grove_code take_row(const struct pg_rows *rows, int r, struct arena *arena,
                                struct recall_row *ret, struct grove_error *error)
{
    struct text bytes = pg_bytea(rows, r, 9);
    *ret = (struct recall_row){
        .content_id = pg_int4(rows, r, 0),
        .tree = pg_text(rows, r, 1),
        .branch = pg_text(rows, r, 2),
        .limb = pg_text(rows, r, 3),
        .leaf = pg_text(rows, r, 4),
        .content_type = arena_copy(arena, pg_text(rows, r, 5)),
        .title = pg_text(rows, r, 6),
        .word_count = pg_is_null(rows, r, 7) ? GROVE_NULL : pg_int8(rows, r, 7),
        .created_at_us = pg_is_null(rows, r, 8) ? GROVE_NULL : pg_timestamp(rows, r, 8),
        .revision = pg_int8(rows, r, 10),
        .leaf_number = pg_int8(rows, r, 11),
        .vector = (const float *)(const void *)bytes.data, // aligned: libpq promises it
    };
    if (!ret->content_type)
        return error_no_memory(error, "a sample of the contents");
    if (bytes.length != GROVE_DIMENSION * sizeof(float))
        return error_set(error, GROVE_CORRUPT, "the vector of content %d has %zu bytes",
                         ret->content_id, bytes.length);
    double square = 0;
    for (size_t d = 0; d < GROVE_DIMENSION; d++)
        square += (double)ret->vector[d] * (double)ret->vector[d];
    ret->length = sqrt(square);
    ret->gone = !(ret->length > 0) || !isfinite(ret->length); // no vector that could be near
    return GROVE_OK;
}

static enum grove_code read_parts(struct store *store, struct call *call, unsigned queries,
                                  struct arena *arena, struct pg_rows ret[static 2],
                                  struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    struct pg_params singles = {0}, leaves = {0};
    enum grove_code code = store_refresh_model(store, call, error);
    if (code != GROVE_OK)
        return code;
    const char *model = embed_model_id(store_precision(store));
    pg_add_text(&singles, text_of(model));
    pg_add_int4(&singles, (int32_t)queries);
    pg_add_text(&leaves, text_of(model));
    pg_add_int4(&leaves, (int32_t)(queries / 3 + 1));
    pg_add_int4(&leaves, LEAF_ROWS);
    code = pg_take(store->pool, call, &conn, error);
    if (code == GROVE_OK)
        code = store_query_on(conn, arena, "recall_rows.sql", &singles, &ret[0], error);
    if (code == GROVE_OK)
        code = store_query_on(conn, arena, "recall_leaves.sql", &leaves, &ret[1], error);
    pg_give(&conn);
    return code;
}

static int compare_numbers(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

// Bounds of a filter are moments, and infinity is none.
static bool is_moment(int64_t timestamp_us)
{
    return timestamp_us > GROVE_MINUS_INFINITY && timestamp_us < GROVE_INFINITY - 1;
}

static enum grove_code sort_numbers(struct recall_sample *sample, struct arena *arena,
                                    struct grove_error *error)
{
    sample->times = arena_alloc_array(arena, sample->single_count, sizeof(int64_t));
    sample->words = arena_alloc_array(arena, sample->single_count, sizeof(int64_t));
    if (!sample->times || !sample->words)
        return error_no_memory(error, "a sample of the contents");
    for (size_t i = 0; i < sample->single_count; i++) {
        const struct recall_row *row = &sample->rows[i];
        if (is_moment(row->created_at_us))
            sample->times[sample->time_count++] = row->created_at_us;
        if (row->word_count > 0)
            sample->words[sample->words_count++] = row->word_count;
    }
    qsort(sample->times, sample->time_count, sizeof(int64_t), compare_numbers);
    qsort(sample->words, sample->words_count, sizeof(int64_t), compare_numbers);
    return GROVE_OK;
}

enum grove_code recall_sample_read(struct store *store, struct call *call, unsigned queries,
                                   struct arena *arena, struct recall_sample *ret,
                                   struct grove_error *error)
{
    struct pg_rows parts[2];
    struct recall_sample sample = {0};
    CHECK(queries <= GROVE_RECALL_QUERIES_MAX);
    enum grove_code code = read_parts(store, call, queries, arena, parts, error);
    if (code != GROVE_OK)
        return code;
    CHECK(parts[0].columns == COLUMNS && parts[1].columns == COLUMNS);
    if (parts[0].count == 0) {
        error_set(error, GROVE_NOT_FOUND, "nothing to measure: no content is in the vector engine");
        error_hint(error, "load contents with \"grove load\", or run \"grove sync\"");
        return GROVE_NOT_FOUND;
    }
    size_t count = (size_t)parts[0].count + (size_t)parts[1].count;
    sample.rows = arena_alloc_array(arena, count, sizeof *sample.rows);
    if (!sample.rows)
        return error_no_memory(error, "a sample of the contents");
    for (size_t part = 0; part < 2; part++)
        for (int r = 0; code == GROVE_OK && r < parts[part].count; r++)
            code = take_row(&parts[part], r, arena, &sample.rows[sample.row_count++], error);
    sample.single_count = (size_t)parts[0].count;
    if (code == GROVE_OK)
        code = sort_numbers(&sample, arena, error);
    if (code == GROVE_OK)
        *ret = sample;
    return code;
}

// --- queries -------------------------------------------------------------------------------------

// Text that was cut to its field ends at a whole character.
static void end_whole(struct recall_query *query)
{
    query->words[text_utf8_error(text_of(query->words))] = '\0';
}

static void scale_to(double length, double *vector)
{
    double square = 0;
    for (size_t d = 0; d < GROVE_DIMENSION; d++)
        square += vector[d] * vector[d];
    for (size_t d = 0; square > 0 && d < GROVE_DIMENSION; d++)
        vector[d] *= length / sqrt(square);
}

static void set_vector(double *vector, struct recall_query *query)
{
    scale_to(1, vector);
    for (size_t d = 0; d < GROVE_DIMENSION; d++)
        query->vector[d] = (float)vector[d];
}

// The row's vector, and numbers that look like chance and follow from its id: a second run asks
// the same.
static void make_near(const struct recall_row *row, double length, struct recall_query *query)
{
    double vector[GROVE_DIMENSION], noise[GROVE_DIMENSION];
    uint64_t state = (uint64_t)row->content_id * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (size_t d = 0; d < GROVE_DIMENSION; d++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        noise[d] = (double)(state >> 33) / (double)(UINT64_C(1) << 31) - 0.5;
        vector[d] = (double)row->vector[d] / row->length;
    }
    scale_to(length, noise);
    for (size_t d = 0; d < GROVE_DIMENSION; d++)
        vector[d] += noise[d];
    set_vector(vector, query);
    query->anchor = row;
    snprintf(query->words, sizeof query->words, "near \"%.*s\" (content %d)", TEXT_ARGS(row->title),
             row->content_id);
}

// The mean of the rows from `first` that were drawn with the same leaf. Returns how many.
static size_t make_mean(const struct recall_sample *sample, size_t first,
                        struct recall_query *query)
{
    double sum[GROVE_DIMENSION] = {0};
    size_t count = 0;
    const struct recall_row *row = &sample->rows[first];
    for (size_t i = first; i < sample->row_count; i++, count++) {
        const struct recall_row *each = &sample->rows[i];
        if (each->leaf_number != row->leaf_number)
            break;
        for (size_t d = 0; each->length > 0 && d < GROVE_DIMENSION; d++)
            sum[d] += (double)each->vector[d] / each->length;
    }
    set_vector(sum, query);
    query->anchor = row;
    snprintf(query->words, sizeof query->words, "the middle of leaf \"%.*s\"",
             TEXT_ARGS(row->leaf));
    return count;
}

// Up to three words of the title, from elsewhere in each title.
static struct text words_of(struct text title, size_t number)
{
    size_t words = text_words(title), skip = words > TITLE_WORDS ? number % (words - 2) : 0;
    struct text rest = text_trim(title), part;
    for (; skip > 0 && rest.length > 0; rest = text_trim(rest)) {
        if (!text_split(&rest, ' ', &part))
            break;
        skip--;
    }
    const char *start = rest.data;
    const char *end = start;
    for (size_t i = 0; i < TITLE_WORDS && text_split(&rest, ' ', &part); i++)
        end = part.data + part.length;
    // Other white space than spaces may be all there is.
    return start && end > start ? text_trim((struct text){start, (size_t)(end - start)})
                                : text_trim(title);
}

static enum grove_code make_words(struct store *store, struct call *call,
                                  const struct recall_row *row, size_t number, struct arena *arena,
                                  struct recall_query *query, struct grove_error *error)
{
    struct text words = words_of(row->title, number);
    query->anchor = row;
    snprintf(query->words, sizeof query->words, "\"%.*s\"", TEXT_ARGS(words));
    query->text = arena_copy(arena, words);
    if (!query->text)
        return error_no_memory(error, "queries");
    return store_embed_query(store, call, store_precision(store), words, query->vector, error);
}

static bool is_usable(const struct recall_query *query)
{
    double square = 0;
    for (size_t d = 0; d < GROVE_DIMENSION; d++)
        square += (double)query->vector[d] * (double)query->vector[d];
    return isfinite(square) && square > 0.5;
}

// One query of each kind in turn, so that those which are asked before time is up are of all kinds.
enum grove_code recall_queries_make(struct store *store, struct call *call, unsigned queries,
                                    struct arena *arena, struct recall_sample *sample,
                                    struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    size_t leaf = sample->single_count; // the next leaf's first row
    sample->queries = arena_alloc_array(arena, queries, sizeof *sample->queries);
    if (!sample->queries)
        return error_no_memory(error, "queries");
    for (size_t i = 0; code == GROVE_OK && i < queries; i++) {
        struct recall_query *query = &sample->queries[sample->query_count];
        const struct recall_row *row = &sample->rows[i * sample->single_count / queries];
        code = call_check(call, error);
        if (code != GROVE_OK)
            return code;
        *query = (struct recall_query){0};
        if (i % 3 == 1 && leaf < sample->row_count)
            leaf += make_mean(sample, leaf, query);
        else if (i % 3 == 2 && text_trim(row->title).length > 0)
            code = make_words(store, call, row, i, arena, query, error);
        else if (!row->gone)
            make_near(row, NOISES[i / 3 % ARRAY_COUNT(NOISES)], query);
        end_whole(query);
        sample->query_count += is_usable(query);
    }
    if (code == GROVE_OK && sample->query_count == 0)
        return error_set(error, GROVE_CORRUPT, "no content has a vector that could be searched by");
    return code;
}

double recall_score(const struct recall_query *query, const struct recall_row *row)
{
    double dot = 0, square = 0;
    for (size_t d = 0; d < GROVE_DIMENSION; d++) {
        dot += (double)query->vector[d] * (double)row->vector[d];
        square += (double)query->vector[d] * (double)query->vector[d];
    }
    return dot / (row->length * sqrt(square));
}

// --- filters -------------------------------------------------------------------------------------

static bool differs(const struct recall_row *a, const struct recall_row *b, unsigned levels)
{
    return (levels > 0 && !text_equal(a->tree, b->tree)) ||
           (levels > 1 && !text_equal(a->branch, b->branch)) ||
           (levels > 2 && !text_equal(a->limb, b->limb)) ||
           (levels > 3 && !text_equal(a->leaf, b->leaf));
}

// A deeper path that lets through no less than a shorter one would measure that once more.
static bool places_differ(const struct recall_sample *sample, unsigned levels)
{
    for (size_t i = 1; i < sample->row_count; i++)
        for (size_t j = 0; j < i; j++)
            if (differs(&sample->rows[i], &sample->rows[j], levels) &&
                (levels == 1 || !differs(&sample->rows[i], &sample->rows[j], levels - 1)))
                return true;
    return false;
}

bool recall_shape_is_allowed(const struct recall_sample *sample, const struct recall_shape *shape)
{
    bool places = shape->levels == 0 || places_differ(sample, shape->levels);
    bool types = !shape->type;
    for (size_t i = 1; i < sample->row_count; i++)
        types = types || strcmp(sample->rows[i].content_type, sample->rows[0].content_type) != 0;
    bool times = !shape->dates || (sample->time_count > 1 &&
                                   sample->times[0] != sample->times[sample->time_count - 1]);
    bool words = !shape->words || (sample->words_count > 1 &&
                                   sample->words[0] != sample->words[sample->words_count - 1]);
    return places && types && times && words;
}

// Bounds around the anchor's value that some of the sample are inside.
static void take_window(const int64_t *sorted, size_t count, double share, int64_t anchor,
                        int64_t *ret_first, int64_t *ret_last)
{
    size_t rank = 0, around = (size_t)((double)count * share / 2);
    CHECK(count > 0);
    while (rank + 1 < count && sorted[rank] < anchor)
        rank++;
    *ret_first = sorted[rank > around ? rank - around : 0];
    *ret_last = sorted[rank + around < count ? rank + around : count - 1];
    if (anchor != GROVE_NULL && anchor < *ret_first)
        *ret_first = anchor;
    if (anchor > *ret_last)
        *ret_last = anchor;
}

static enum grove_code set_path(const struct recall_row *row, unsigned levels, struct arena *arena,
                                struct grove_filter *filter, struct grove_error *error)
{
    static const struct text none;
    const struct path path = {
        .tree = row->tree,
        .branch = levels > 1 ? row->branch : none,
        .limb = levels > 2 ? row->limb : none,
        .leaf = levels > 3 ? row->leaf : none,
    };
    filter->path = path_format(arena, &path);
    return filter->path ? GROVE_OK : error_no_memory(error, "a filter");
}

// What stands for a time in a filter, where 0 is no bound.
static int64_t bound_of(int64_t timestamp_us)
{
    return timestamp_us == 0 ? GROVE_1970 : timestamp_us;
}

enum grove_code recall_filter_make(const struct recall_sample *sample,
                                   const struct recall_shape *shape, size_t query_number,
                                   struct arena *arena, struct recall_filter *ret,
                                   struct grove_error *error)
{
    const struct recall_row *anchor = sample->queries[query_number].anchor;
    double share = SHARES[query_number % ARRAY_COUNT(SHARES)];
    enum grove_code code = GROVE_OK;
    *ret = (struct recall_filter){.shape = shape, .anchor = anchor};
    if (shape->levels > 0)
        code = set_path(anchor, shape->levels, arena, &ret->filter, error);
    if (shape->type) {
        ret->type = anchor->content_type;
        ret->filter.content_types = &ret->type;
        ret->filter.content_type_count = 1;
    }
    if (shape->dates) {
        int64_t first, last;
        int64_t at = is_moment(anchor->created_at_us) ? anchor->created_at_us : GROVE_NULL;
        take_window(sample->times, sample->time_count, share, at, &first, &last);
        ret->filter.created_since_us = bound_of(first);
        ret->filter.created_until_us = bound_of(last + 1);
    }
    if (shape->words)
        take_window(sample->words, sample->words_count, share,
                    anchor->word_count > 0 ? anchor->word_count : GROVE_NULL,
                    &ret->filter.words_min, &ret->filter.words_max);
    return code;
}

static int64_t time_of(int64_t bound)
{
    return bound == GROVE_1970 ? 0 : bound;
}

bool recall_filter_matches(const struct recall_filter *filter, const struct recall_row *row)
{
    const struct grove_filter *f = &filter->filter;
    if (differs(row, filter->anchor, filter->shape->levels))
        return false;
    if (filter->type && strcmp(filter->type, row->content_type) != 0)
        return false;
    if (filter->shape->dates &&
        (row->created_at_us == GROVE_NULL || row->created_at_us < time_of(f->created_since_us) ||
         row->created_at_us >= time_of(f->created_until_us)))
        return false;
    return !filter->shape->words ||
           (row->word_count >= f->words_min && row->word_count <= f->words_max);
}
