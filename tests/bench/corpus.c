// SPDX-License-Identifier: Apache-2.0
//
// Reads what the database holds, and makes queries and filters from it.
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/file.h"
#include "catalog/path.h"
#include "embed/embed.h"
#include "pg/pg.h"

// A million rows with their vectors are 2 GB.
static const size_t ARENA_BYTES_MAX = (size_t)8 << 30;
enum { VECTORS_BYTES_MAX = 64 << 20, CONNINFO_SIZE = 8192, QUERY_BYTES_MAX = 200, SPREAD = 7919 };

const char *const bench_shape_names[SHAPE_COUNT] = {"no filter",   "path: tree", "path: branch",
                                                    "path: limb",  "path: leaf", "content type",
                                                    "since/until", "word range", "combination"};

static const char rows_sql[] =
    "SELECT m.id, l.tree, l.branch, l.limb, l.leaf, m.content_type, m.title, m.content_summary,"
    "       m.word_count, m.created_at, CASE WHEN $1 THEN e.vector END"
    "  FROM public.content_metadata AS m"
    "  JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id"
    "  LEFT JOIN grove.embedding AS e ON e.content_id = m.id AND e.model = $2"
    " ORDER BY m.id";

// --- reading ------------------------------------------------------------------------------------

static enum grove_code take_row(struct bench *bench, const struct pg_rows *rows, int r,
                                bool with_vectors, struct grove_error *error)
{
    struct bench_row *row = &bench->rows[r];
    const char **const names[] = {&row->tree,         &row->branch, &row->limb,   &row->leaf,
                                  &row->content_type, &row->title,  &row->summary};
    row->content_id = pg_int4(rows, r, 0);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (!(*names[i] = arena_copy(&bench->arena, pg_text(rows, r, 1 + (int)i))))
            return error_no_memory(error, "the corpus");
    row->word_count = pg_is_null(rows, r, 8) ? GROVE_NULL : pg_int8(rows, r, 8);
    row->created_at_us = pg_is_null(rows, r, 9) ? GROVE_NULL : pg_timestamp(rows, r, 9);
    if (with_vectors) {
        struct text bytes = pg_bytea(rows, r, 10);
        if (bytes.length != GROVE_DIMENSION * sizeof(float))
            return error_set(error, GROVE_CONFLICT, "content %d has no vector; run \"grove sync\"",
                             row->content_id);
        row->vector = (const float *)(const void *)bytes.data; // lives in the arena
    }
    return GROVE_OK;
}

static enum grove_code read_rows(struct bench *bench, bool with_vectors, struct grove_error *error)
{
    char conninfo[CONNINFO_SIZE];
    struct pg_pool *pool = NULL;
    struct pg_conn *conn = NULL;
    struct pg_rows rows = {0};
    const struct pg_statement statement = {"", rows_sql};
    struct pg_params params = {0};
    pg_add_bool(&params, with_vectors);
    pg_add_text(&params, text_of(embed_model_id(EMBED_F32)));
    enum grove_code code = grove_database_conninfo(bench->grove, conninfo, sizeof conninfo, error);
    if (code == GROVE_OK)
        code = pg_pool_new(&(struct pg_pool_options){.conninfo = conninfo}, &pool, error);
    if (code == GROVE_OK)
        code = pg_take(pool, NULL, &conn, error);
    if (code == GROVE_OK)
        code = pg_query(conn, &bench->arena, &statement, &params, &rows, error);
    pg_give(&conn);
    pg_pool_free(pool);
    if (code != GROVE_OK)
        return code;
    if (rows.count < BENCH_LIMIT)
        return error_set(error, GROVE_NOT_FOUND, "the home holds %d contents: load a corpus first",
                         rows.count);
    bench->row_count = (size_t)rows.count;
    bench->rows = arena_alloc_array(&bench->arena, bench->row_count, sizeof *bench->rows);
    if (!bench->rows)
        return error_no_memory(error, "the corpus");
    memset(bench->rows, 0, bench->row_count * sizeof *bench->rows);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++)
        code = take_row(bench, &rows, r, with_vectors, error);
    return code;
}

// --- what filters are made of -------------------------------------------------------------------

static int compare_numbers(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static enum grove_code collect_numbers(struct bench *bench, struct grove_error *error)
{
    size_t count = bench->row_count;
    bench->created_sorted = arena_alloc_array(&bench->arena, count, sizeof(int64_t));
    bench->words_sorted = arena_alloc_array(&bench->arena, count, sizeof(int64_t));
    if (!bench->created_sorted || !bench->words_sorted)
        return error_no_memory(error, "the corpus");
    for (size_t i = 0; i < count; i++) {
        const struct bench_row *row = &bench->rows[i];
        if (row->created_at_us != GROVE_NULL)
            bench->created_sorted[bench->created_count++] = row->created_at_us;
        if (row->word_count != GROVE_NULL)
            bench->words_sorted[bench->words_count++] = row->word_count;
    }
    if (bench->created_count == 0 || bench->words_count == 0)
        return error_set(error, GROVE_INVALID, "no row of the corpus has a date and a word count");
    qsort(bench->created_sorted, bench->created_count, sizeof(int64_t), compare_numbers);
    qsort(bench->words_sorted, bench->words_count, sizeof(int64_t), compare_numbers);
    return GROVE_OK;
}

static void collect_types(struct bench *bench)
{
    for (size_t i = 0; i < bench->row_count && bench->type_count < BENCH_TYPES_MAX; i++) {
        size_t known = 0;
        while (known < bench->type_count &&
               strcmp(bench->types[known], bench->rows[i].content_type) != 0)
            known++;
        if (known == bench->type_count)
            bench->types[bench->type_count++] = bench->rows[i].content_type;
    }
}

// The first sentence, cut at a whole character.
static struct text first_sentence(const char *summary)
{
    size_t length = strcspn(summary, ".?!");
    if (summary[length])
        length++;
    if (length > QUERY_BYTES_MAX) {
        length = QUERY_BYTES_MAX;
        while (length > 0 && ((unsigned char)summary[length] & 0xc0) == 0x80)
            length--;
    }
    return text_trim((struct text){summary, length});
}

static enum grove_code choose_queries(struct bench *bench, struct grove_error *error)
{
    for (size_t i = 0; i < BENCH_QUERIES; i++) {
        const struct bench_row *row = &bench->rows[i * bench->row_count / BENCH_QUERIES];
        struct text text = first_sentence(row->summary);
        if (i % 2 == 0 || text.length == 0)
            text = text_of(row->title);
        if (!(bench->queries[i] = arena_copy(&bench->arena, text)))
            return error_no_memory(error, "queries");
    }
    return GROVE_OK;
}

enum grove_code bench_open(struct bench *bench, bool with_vectors, unsigned connections_max,
                           struct grove_error *error)
{
    *bench = (struct bench){0};
    arena_init(&bench->arena, ARENA_BYTES_MAX);
    const struct grove_options options = {.no_query_cache = true,
                                          .connections_max = connections_max};
    struct grove_status status;
    enum grove_code code = grove_open(&options, &bench->grove, error);
    if (code == GROVE_OK)
        code = grove_get_status(bench->grove, &status, error);
    if (code == GROVE_OK && !status.database_ok)
        code = error_set(error, GROVE_UNAVAILABLE, "the database does not answer: %s",
                         status.database_error);
    if (code == GROVE_OK)
        code = read_rows(bench, with_vectors, error);
    if (code == GROVE_OK)
        code = collect_numbers(bench, error);
    if (code == GROVE_OK) {
        collect_types(bench);
        code = choose_queries(bench, error);
    }
    if (code != GROVE_OK)
        bench_close(bench);
    return code;
}

void bench_close(struct bench *bench)
{
    grove_close(bench->grove);
    arena_release(&bench->arena);
    *bench = (struct bench){0};
}

enum grove_code bench_vectors_read(struct arena *arena, const char *path, const float **ret,
                                   size_t *ret_count, struct grove_error *error)
{
    struct text bytes;
    enum grove_code code = file_read(arena, path, VECTORS_BYTES_MAX, &bytes, error);
    if (code != GROVE_OK)
        return code;
    size_t size = GROVE_DIMENSION * sizeof(float), count = bytes.length / size;
    if (count == 0)
        return error_set(error, GROVE_INVALID, "%s has no vector", path);
    float *vectors = arena_alloc_array(arena, count, size);
    if (!vectors)
        return error_no_memory(error, "vectors");
    memcpy(vectors, bytes.data, count * size);
    *ret = vectors;
    *ret_count = count;
    return GROVE_OK;
}

static int compare_row_ids(const void *a, const void *b)
{
    const struct bench_row *x = a, *y = b;
    return (x->content_id > y->content_id) - (x->content_id < y->content_id);
}

const struct bench_row *bench_row_find(const struct bench *bench, int32_t content_id)
{
    const struct bench_row key = {.content_id = content_id};
    return bsearch(&key, bench->rows, bench->row_count, sizeof key, compare_row_ids);
}

// --- filters ------------------------------------------------------------------------------------

void bench_filter_set_dates(struct bench_filter *filter, int64_t first, int64_t last)
{
    filter->filter.created_since_us = first;
    filter->filter.created_until_us = last + 1;
}

void bench_filter_set_words(struct bench_filter *filter, int64_t first, int64_t last)
{
    filter->filter.words_min = first;
    filter->filter.words_max = last;
}

void bench_filter_set_path(struct bench_filter *filter, const struct bench_row *row,
                           unsigned levels)
{
    struct arena arena;
    arena_init(&arena, 1 << 16);
    const struct path path = {
        .tree = text_of(row->tree),
        .branch = text_of(levels > 1 ? row->branch : NULL),
        .limb = text_of(levels > 2 ? row->limb : NULL),
        .leaf = text_of(levels > 3 ? row->leaf : NULL),
    };
    const char *formatted = path_format(&arena, &path);
    CHECK(formatted && strlen(formatted) < sizeof filter->path);
    memcpy(filter->path, formatted, strlen(formatted) + 1);
    arena_release(&arena);
    filter->place = row;
    filter->levels = levels;
    filter->filter.path = filter->path;
}

void bench_filter_set_type(struct bench_filter *filter, const char *type)
{
    filter->type = type;
    filter->filter.content_types = &filter->type;
    filter->filter.content_type_count = 1;
}

// A window that holds 1, 10 or 50 percent of the values, elsewhere for every query.
static void take_window(const int64_t *sorted, size_t count, size_t query, int64_t *ret_first,
                        int64_t *ret_last)
{
    static const unsigned percents[] = {1, 10, 50};
    size_t width = count * percents[query % ARRAY_COUNT(percents)] / 100;
    width = width > 0 ? width : 1;
    size_t start = query * SPREAD % (count - width + 1);
    *ret_first = sorted[start];
    *ret_last = sorted[start + width - 1];
}

void bench_filter_make(const struct bench *bench, enum bench_shape shape, size_t query,
                       struct bench_filter *ret)
{
    int64_t first, last;
    const struct bench_row *row = &bench->rows[query * SPREAD % bench->row_count];
    memset(ret, 0, sizeof *ret);
    if (shape >= SHAPE_TREE && shape <= SHAPE_LEAF)
        bench_filter_set_path(ret, row, (unsigned)(shape - SHAPE_TREE) + 1);
    if (shape == SHAPE_COMBINATION)
        bench_filter_set_path(ret, row, 3);
    if (shape == SHAPE_TYPE || shape == SHAPE_COMBINATION)
        bench_filter_set_type(ret, bench->types[query % bench->type_count]);
    if (shape == SHAPE_DATES) {
        take_window(bench->created_sorted, bench->created_count, query, &first, &last);
        bench_filter_set_dates(ret, first, last);
    }
    if (shape == SHAPE_WORDS) {
        take_window(bench->words_sorted, bench->words_count, query, &first, &last);
        bench_filter_set_words(ret, first, last);
    }
    if (shape == SHAPE_COMBINATION) {
        ret->filter.created_since_us = bench->created_sorted[bench->created_count / 4];
        ret->filter.words_min = bench->words_sorted[bench->words_count / 4];
    }
}

bool bench_filter_matches(const struct bench_filter *filter, const struct bench_row *row)
{
    const struct grove_filter *f = &filter->filter;
    const struct bench_row *place = filter->place;
    if ((filter->levels > 0 && strcmp(row->tree, place->tree) != 0) ||
        (filter->levels > 1 && strcmp(row->branch, place->branch) != 0) ||
        (filter->levels > 2 && strcmp(row->limb, place->limb) != 0) ||
        (filter->levels > 3 && strcmp(row->leaf, place->leaf) != 0))
        return false;
    if (filter->type && strcmp(row->content_type, filter->type) != 0)
        return false;
    // GROVE_NULL is below every bound, and in no range.
    if ((f->created_since_us || f->created_until_us) && row->created_at_us == GROVE_NULL)
        return false;
    if ((f->words_min || f->words_max) && row->word_count == GROVE_NULL)
        return false;
    return (!f->created_since_us || row->created_at_us >= f->created_since_us) &&
           (!f->created_until_us || row->created_at_us < f->created_until_us) &&
           (!f->words_min || row->word_count >= f->words_min) &&
           (!f->words_max || row->word_count <= f->words_max);
}
