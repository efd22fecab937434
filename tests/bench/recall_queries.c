// SPDX-License-Identifier: Apache-2.0
//
// The queries that recall is measured with, from a file of lines with tabs between their fields:
//
//     own     NAME  ID,NOISE      the vector of that content, with noise of that length
//     topic   NAME  ID,ID,...     the mean of the vectors of those contents
//     text    NAME  TEXT          embedded by grove's model
//
// Nothing is drawn by chance here, so that two runs over the same corpus ask the same.
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "bench.h"

enum { QUERIES_MAX = 10000, FILE_BYTES_MAX = 16 << 20, ANCHOR_SPREAD = 104729 };

static void scale_to(double length, double *vector)
{
    double square = 0;
    for (size_t d = 0; d < GROVE_DIMENSION; d++)
        square += vector[d] * vector[d];
    for (size_t d = 0; square > 0 && d < GROVE_DIMENSION; d++)
        vector[d] *= length / sqrt(square);
}

static void add_direction(const float *vector, double *sum)
{
    double direction[GROVE_DIMENSION];
    for (size_t d = 0; d < GROVE_DIMENSION; d++)
        direction[d] = (double)vector[d];
    scale_to(1, direction);
    for (size_t d = 0; d < GROVE_DIMENSION; d++)
        sum[d] += direction[d];
}

// Numbers that look like chance, and follow from the id.
static void add_noise(int64_t id, double length, double *vector)
{
    double noise[GROVE_DIMENSION];
    uint64_t state = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (size_t d = 0; d < GROVE_DIMENSION; d++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        noise[d] = (double)(state >> 33) / (double)(UINT64_C(1) << 31) - 0.5;
    }
    scale_to(length, noise);
    for (size_t d = 0; d < GROVE_DIMENSION; d++)
        vector[d] += noise[d];
}

static enum grove_code bad_line(size_t line, const char *why, struct grove_error *error)
{
    return error_set(error, GROVE_INVALID, "line %zu of the queries %s", line, why);
}

static enum grove_code read_ids(const struct bench *bench, struct text ids, size_t line,
                                struct recall_query *query, double *vector,
                                struct grove_error *error)
{
    struct text part;
    int64_t id;
    while (text_split(&ids, ',', &part)) {
        const struct bench_row *row =
            text_to_int64(part, &id) ? bench_row_find(bench, (int32_t)id) : NULL;
        if (!row)
            return bad_line(line, "names a content that is not there", error);
        query->anchor = query->anchor ? query->anchor : row;
        add_direction(row->vector, vector);
    }
    return query->anchor ? GROVE_OK : bad_line(line, "names no content", error);
}

static enum grove_code read_own(const struct bench *bench, struct text rest, size_t line,
                                struct recall_query *query, double *vector,
                                struct grove_error *error)
{
    struct text id;
    double noise;
    if (!text_split(&rest, ',', &id) || !text_to_double(rest, &noise))
        return bad_line(line, "has no noise", error);
    enum grove_code code = read_ids(bench, id, line, query, vector, error);
    if (code == GROVE_OK)
        add_noise(query->anchor->content_id, noise, vector);
    return code;
}

static enum grove_code read_text(struct bench *bench, struct text rest, size_t line,
                                 struct recall_query *query, double *vector,
                                 struct grove_error *error)
{
    float embedded[GROVE_DIMENSION];
    const char *text = arena_copy(&bench->arena, rest);
    if (!text)
        return error_no_memory(error, "queries");
    query->text = text;
    query->anchor = &bench->rows[line * ANCHOR_SPREAD % bench->row_count];
    enum grove_code code = grove_embed(bench->grove, &text, 1, embedded, error);
    if (code == GROVE_OK)
        add_direction(embedded, vector);
    return code;
}

static enum grove_code read_query(struct bench *bench, struct text rest, size_t line,
                                  struct recall_query *query, struct grove_error *error)
{
    struct text kind, name;
    double vector[GROVE_DIMENSION] = {0};
    enum grove_code code;
    if (!text_split(&rest, '\t', &kind) || !text_split(&rest, '\t', &name))
        return bad_line(line, "has not three fields", error);
    if (!(query->name = arena_copy(&bench->arena, name)))
        return error_no_memory(error, "queries");
    if (text_equal(kind, text_of("own"))) {
        query->kind = RECALL_OWN;
        code = read_own(bench, rest, line, query, vector, error);
    } else if (text_equal(kind, text_of("topic"))) {
        query->kind = RECALL_TOPIC;
        code = read_ids(bench, rest, line, query, vector, error);
    } else if (text_equal(kind, text_of("text"))) {
        query->kind = RECALL_TEXT;
        code = read_text(bench, rest, line, query, vector, error);
    } else {
        return bad_line(line, "is of no known kind", error);
    }
    scale_to(1, vector);
    for (size_t d = 0; d < GROVE_DIMENSION; d++)
        query->vector[d] = (float)vector[d];
    return code;
}

enum grove_code recall_queries_read(struct bench *bench, const char *path,
                                    struct recall_query **ret, size_t *ret_count,
                                    struct grove_error *error)
{
    struct text rest, line;
    size_t count = 0;
    struct recall_query *queries = arena_alloc_array(&bench->arena, QUERIES_MAX, sizeof *queries);
    if (!queries)
        return error_no_memory(error, "queries");
    enum grove_code code = file_read(&bench->arena, path, FILE_BYTES_MAX, &rest, error);
    while (code == GROVE_OK && text_split(&rest, '\n', &line) && line.length > 0) {
        if (count == QUERIES_MAX)
            return error_set(error, GROVE_LIMIT, "more than %d queries", QUERIES_MAX);
        queries[count] = (struct recall_query){0};
        code = read_query(bench, line, count + 1, &queries[count], error);
        count++;
    }
    if (code == GROVE_OK && count == 0)
        code = error_set(error, GROVE_INVALID, "%s has no queries", path);
    if (code == GROVE_OK) {
        *ret = queries;
        *ret_count = count;
    }
    return code;
}
