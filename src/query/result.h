// SPDX-License-Identifier: Apache-2.0
//
// Building a `struct grove_result`. A result and all it points to lie in one arena of its own;
// grove_result_free releases it.
//
//     struct result *result;
//     code = result_new(&result, error);
//     code = result_take_rows(result, &rows, count, scores, score_count, error);
//     result_stage(result, "hydrate", rows.count);
//     *ret = result_finish(result, explain);
//
// Whatever else is filled in of result->view lies in result->arena too.
#ifndef GROVE_QUERY_RESULT_H
#define GROVE_QUERY_RESULT_H

#include "base/arena.h"
#include "grove/grove.h"
#include "pg/pg.h"
#include "query/predicate.h"

enum {
    RESULT_BYTES_MAX = 256 << 20,
    QUERY_BYTES_MAX = 32 << 20, // what a query needs beside its result, but for parts of rows
    RESULT_STAGES_MAX = 32,
};

struct result {
    struct grove_result view; // first: a pointer to it is a pointer to the whole
    struct arena arena;
    int64_t started_us;
    int64_t stage_started_us;
    struct grove_explain explain;
    struct grove_stage stages[RESULT_STAGES_MAX];
};

enum grove_code result_new(struct result **ret, struct grove_error *error);
void result_free(struct result *result); // NULL is fine

// Ends a stage: what took the time since the one before, or since the start.
void result_stage(struct result *result, const char *name, int64_t rows);

// Sets `complete` to false; the first reason stays. Formats into the arena.
void result_incomplete(struct result *result, const char *format, ...) GROVE_PRINTF(2, 3);

// Sets `degraded` to true, with the reason.
void result_degraded(struct result *result, const char *format, ...) GROVE_PRINTF(2, 3);

// Sets the total time, and hands out the explanation where it was asked for.
struct grove_result *result_finish(struct result *result, bool explain);

// A row of browse.sql or hydrate.sql, or of a statement that begins with the same columns. False:
// out of memory.
bool result_read_row(struct arena *arena, const struct pg_rows *rows, int r,
                     struct grove_row *ret) GROVE_MUST_CHECK;

// A row of passages.sql that is of a document. False: out of memory.
bool result_read_passage(struct arena *arena, const struct pg_rows *rows, int r,
                         struct grove_passage *ret) GROVE_MUST_CHECK;

// The first `count` rows of browse.sql or hydrate.sql, in their order; `scores` (one for each row,
// by id) may be NULL.
struct result_score {
    int32_t content_id;
    double score;
};
enum grove_code result_take_rows(struct result *result, const struct pg_rows *rows, size_t count,
                                 const struct result_score *scores, size_t score_count,
                                 struct grove_error *error);

// Of rows beside those of the result: the answer of passages.sql for them. `documents` (one for
// each row; may be NULL): what they stand for.
struct fold_document;
enum grove_code result_take_passages(struct result *result, const struct pg_rows *rows,
                                     const struct fold_document *documents,
                                     struct grove_error *error);

// Runs the statement under EXPLAIN (ANALYZE, BUFFERS) and appends its plan to explain.plan under
// a heading. Lines are cut where they quote thousands of leaves.
enum grove_code result_add_plan(struct result *result, struct pg_conn *conn, const char *file,
                                const struct pg_params *params, struct grove_error *error);

#endif
