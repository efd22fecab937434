// SPDX-License-Identifier: Apache-2.0
#include "query/result.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "catalog/assets.h"
#include "query/fold.h"

enum { PLAN_BYTES_MAX = 1 << 20, PLAN_LINE_BYTES_MAX = 2000, REASON_SIZE = 1600 };

// What browse.sql and hydrate.sql return.
enum { ROW_COLUMNS = 13, PASSAGE_COLUMNS = 10 };

static_assert((int)PLAN_BYTES_MAX < (int)RESULT_BYTES_MAX, "a plan leaves room for rows");
static_assert(REASON_SIZE > sizeof((struct grove_error){0}.message), "a reason quotes an error");

enum grove_code result_new(struct result **ret, struct grove_error *error)
{
    struct result *result = mem_zalloc(sizeof *result);
    if (!result)
        return error_no_memory(error, "a result");
    arena_init(&result->arena, RESULT_BYTES_MAX);
    result->view.complete = true;
    result->view.pending = result->view.merged = result->view.beyond = GROVE_NULL;
    result->explain.rows_estimated = GROVE_NULL;
    result->explain.rows_matching = GROVE_NULL;
    result->explain.stages = result->stages;
    result->started_us = result->stage_started_us = clock_monotonic_us();
    CHECK(result->explain.stage_count == 0);
    *ret = result;
    return GROVE_OK;
}

void result_free(struct result *result)
{
    if (!result)
        return;
    arena_release(&result->arena);
    mem_free(result);
}

GROVE_API void grove_result_free(struct grove_result *view)
{
    static_assert(offsetof(struct result, view) == 0, "the view is the result");
    result_free((struct result *)view);
}

void result_stage(struct result *result, const char *name, int64_t rows)
{
    int64_t now_us = clock_monotonic_us();
    size_t at = result->explain.stage_count;
    CHECK(name);
    CHECK(rows >= 0);
    CHECK(at <= RESULT_STAGES_MAX);
    CHECK(now_us >= result->stage_started_us);
    if (at < RESULT_STAGES_MAX) {
        result->stages[at] =
            (struct grove_stage){name, (double)(now_us - result->stage_started_us) / 1000, rows};
        result->explain.stage_count++;
    }
    result->stage_started_us = now_us;
}

GROVE_PRINTF(2, 0)
static const char *keep_reason(struct result *result, const char *format, va_list arguments)
{
    char text[REASON_SIZE];
    text_vformat(text, sizeof text, format, arguments);
    struct text whole = text_of(text);
    whole.length = text_utf8_error(whole); // it may have been cut inside a character
    CHECK(whole.length < sizeof text);
    const char *copy = arena_copy(&result->arena, whole);
    return copy ? copy : "memory ran out";
}

void result_incomplete(struct result *result, const char *format, ...)
{
    CHECK(result->view.complete == !result->view.incomplete_reason);
    if (!result->view.complete)
        return;
    va_list arguments;
    va_start(arguments, format);
    result->view.incomplete_reason = keep_reason(result, format, arguments);
    va_end(arguments);
    CHECK(result->view.incomplete_reason);
    result->view.complete = false;
}

void result_degraded(struct result *result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    result->view.degraded_reason = keep_reason(result, format, arguments);
    va_end(arguments);
    CHECK(result->view.degraded_reason);
    result->view.degraded = true;
}

struct grove_result *result_finish(struct result *result, bool explain)
{
    CHECK(result->view.complete == !result->view.incomplete_reason);
    CHECK(result->view.degraded == (result->view.degraded_reason != NULL));
    CHECK(result->view.row_count == 0 || result->view.rows);
    CHECK(result->view.group_count == 0 || result->view.groups);
    CHECK(result->view.total >= 0 || !result->view.ranked);
    result->view.milliseconds = (double)(clock_monotonic_us() - result->started_us) / 1000;
    result->view.explain = explain ? &result->explain : NULL;
    return &result->view;
}

// --- rows -------------------------------------------------------------------------------------

static int64_t number_or_null(const struct pg_rows *rows, int r, int column)
{
    return pg_is_null(rows, r, column) ? GROVE_NULL : pg_int8(rows, r, column);
}

// Texts are copied: the caller's rows go away before the result does.
bool result_read_row(struct arena *arena, const struct pg_rows *rows, int r, struct grove_row *ret)
{
    CHECK(rows->columns >= ROW_COLUMNS);
    *ret = (struct grove_row){
        .content_id = pg_int4(rows, r, 0),
        .score = NAN,
        .leaf_id = pg_int4(rows, r, 1),
        .content_type = arena_copy(arena, pg_text(rows, r, 2)),
        .chunk_number = number_or_null(rows, r, 3),
        .title = arena_copy(arena, pg_text(rows, r, 4)),
        .content_summary = arena_copy(arena, pg_text(rows, r, 5)),
        .word_count = number_or_null(rows, r, 6),
        .created_at_us = pg_timestamp(rows, r, 7),
        .hierarchy_table = arena_copy(arena, pg_text(rows, r, 8)),
        .tree = arena_copy(arena, pg_text(rows, r, 9)),
        .branch = arena_copy(arena, pg_text(rows, r, 10)),
        .limb = arena_copy(arena, pg_text(rows, r, 11)),
        .leaf = arena_copy(arena, pg_text(rows, r, 12)),
    };
    return ret->content_type && ret->title && ret->content_summary && ret->hierarchy_table &&
           ret->tree && ret->branch && ret->limb && ret->leaf;
}

// A null is NULL.
static bool copy_text(struct arena *arena, const struct pg_rows *rows, int r, int column,
                      const char **ret)
{
    *ret = pg_is_null(rows, r, column) ? NULL : arena_copy(arena, pg_text(rows, r, column));
    return *ret || pg_is_null(rows, r, column);
}

bool result_read_passage(struct arena *arena, const struct pg_rows *rows, int r,
                         struct grove_passage *ret)
{
    CHECK(rows->columns == PASSAGE_COLUMNS);
    *ret = (struct grove_passage){
        .document_id = pg_int4(rows, r, 0),
        .position = pg_int4(rows, r, 6),
        .chunk_count = pg_int4(rows, r, 7),
        .chunks_matched = GROVE_NULL,
    };
    CHECK(ret->document_id > 0);
    CHECK(ret->position > 0);
    return copy_text(arena, rows, r, 1, &ret->source) && copy_text(arena, rows, r, 2, &ret->key) &&
           copy_text(arena, rows, r, 3, &ret->title) && copy_text(arena, rows, r, 4, &ret->url) &&
           copy_text(arena, rows, r, 5, &ret->heading) &&
           copy_text(arena, rows, r, 8, &ret->text) && copy_text(arena, rows, r, 9, &ret->table);
}

static double score_of(const struct result_score *scores, size_t count, int32_t content_id)
{
    for (size_t i = 0; i < count; i++)
        if (scores[i].content_id == content_id)
            return scores[i].score;
    return NAN;
}

enum grove_code result_take_rows(struct result *result, const struct pg_rows *rows, size_t count,
                                 const struct result_score *scores, size_t score_count,
                                 struct grove_error *error)
{
    struct arena *arena = &result->arena;
    CHECK(rows->columns == ROW_COLUMNS);
    CHECK(!result->view.rows); // once
    CHECK(count <= (size_t)rows->count);
    CHECK(!scores || count <= score_count);
    struct grove_row *items = arena_alloc_array(arena, count, sizeof *items);
    if (!items)
        return error_no_memory(error, "a result");
    for (int r = 0; r < (int)count; r++) {
        struct grove_row *row = &items[r];
        if (!result_read_row(arena, rows, r, row))
            return error_no_memory(error, "a result");
        row->score = score_of(scores, score_count, row->content_id);
        CHECK(!scores || isfinite(row->score));
    }
    result->view.rows = items;
    result->view.row_count = count;
    return GROVE_OK;
}

enum grove_code result_take_passages(struct result *result, const struct pg_rows *rows,
                                     const struct fold_document *documents,
                                     struct grove_error *error)
{
    size_t count = (size_t)rows->count, chunks = 0;
    CHECK(count == result->view.row_count);
    const struct grove_passage **passages = arena_zalloc(&result->arena, count * sizeof *passages);
    struct grove_passage *items = arena_alloc_array(&result->arena, count, sizeof *items);
    if (!passages || !items)
        return error_no_memory(error, "a result");
    for (int r = 0; r < rows->count; r++) {
        if (pg_is_null(rows, r, 0))
            continue;
        struct grove_passage *passage = &items[chunks++];
        if (!result_read_passage(&result->arena, rows, r, passage))
            return error_no_memory(error, "a result");
        CHECK(!documents || documents[r].document_id == passage->document_id);
        passage->chunks_matched = documents ? documents[r].matched : GROVE_NULL;
        passages[r] = passage;
    }
    result->view.passages = chunks > 0 ? passages : NULL;
    return GROVE_OK;
}

// --- plans ------------------------------------------------------------------------------------

static void add_line(struct strbuf *text, struct text line)
{
    struct text cut = line;
    if (line.length > PLAN_LINE_BYTES_MAX) {
        cut.length = PLAN_LINE_BYTES_MAX;
        cut.length = text_utf8_error(cut); // not inside a character
    }
    strbuf_addf(text, "%.*s%s\n", TEXT_ARGS(cut), cut.length < line.length ? " ..." : "");
}

enum grove_code result_add_plan(struct result *result, struct pg_conn *conn, const char *file,
                                const struct pg_params *params, struct grove_error *error)
{
    CHECK(params);
    struct strbuf text;
    struct arena arena;
    strbuf_init(&text, PLAN_BYTES_MAX);
    arena_init_counting(&arena, QUERY_BYTES_MAX / 2);
    strbuf_addf(&text, "EXPLAIN (ANALYZE, BUFFERS) %s", query_sql(file));
    struct pg_statement statement = {"", text.data};
    struct pg_rows rows = {0};
    enum grove_code code = text.failed ? error_no_memory(error, "a plan")
                                       : pg_query(conn, &arena, &statement, params, &rows, error);
    if (code == GROVE_OK) {
        strbuf_clear(&text);
        if (result->explain.plan)
            strbuf_addf(&text, "%s\n", result->explain.plan);
        strbuf_addf(&text, "-- %s\n", file);
        for (int r = 0; r < rows.count; r++)
            add_line(&text, pg_text(&rows, r, 0));
        result->explain.plan = text.failed ? NULL : arena_copy(&result->arena, strbuf_text(&text));
    }
    arena_release(&arena);
    strbuf_release(&text);
    return code;
}
