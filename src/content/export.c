// SPDX-License-Identifier: Apache-2.0
//
// One snapshot, and in it a cursor over ids: PostgreSQL sorts them, on disk where they are many.
// What belongs to some of them is read, written and forgotten before the next are. So it takes the
// same memory for a million rows as for a thousand.
#include "content/export.h"

#include <assert.h>

#include "base/check.h"
#include "base/clock.h"
#include "catalog/store.h"
#include "content/export_row.h"
#include "content/trees.h"
#include "query/predicate.h"

enum {
    // A part: what is read at a time. One row may have more, up to what an answer may hold.
    PART_ROWS_MAX = 500,
    PART_BODY_BYTES_MAX = 4 << 20,
    ANSWER_BYTES_MAX = 256 << 20,
    PATH_BYTES_MAX = 4 << 20,
    RECORD_BYTES_MAX = 16 << 20,
    TEXT_BYTES_MAX = 1 << 30, // of rows that are not written yet: one, and WRITE_BYTES
    WRITE_BYTES = 256 << 10,
};

#define FETCH_ROWS "1000"

struct export
{
    struct store *store;
    struct call *call;
    const struct grove_export_request *request;
    struct grove_export_report *report;
    struct pg_conn *conn;
    struct record_trees trees;
    struct strbuf text;  // rows that are not written yet
    struct arena record; // of one row
};

static enum grove_code write_text(struct export *self, struct grove_error *error)
{
    const struct grove_export_request *request = self->request;
    if (self->text.failed)
        return error_no_memory(error, "a row");
    if (self->text.length == 0)
        return GROVE_OK;
    enum grove_code code =
        request->write(request->state, self->text.data, self->text.length, error);
    if (code == GROVE_OK)
        self->report->bytes += (int64_t)self->text.length;
    strbuf_clear(&self->text);
    return code;
}

// A line of CSV is judged as the line of JSON that it could be.
static void judge(struct export *self, const struct export_row *row, struct text line)
{
    char reason[RECORD_REASON_SIZE];
    if (export_row_loads(row, line, &self->trees, &self->record, reason))
        return;
    self->report->rows_misfit++;
    if (self->request->on_misfit)
        self->request->on_misfit(self->request->state, row->content_id, reason);
}

static enum grove_code add_row(struct export *self, const struct export_row *row,
                               struct grove_error *error)
{
    struct strbuf json;
    bool csv = self->request->format == GROVE_EXPORT_CSV;
    strbuf_init(&json, TEXT_BYTES_MAX);
    export_row_add_json(row, &json);
    if (csv)
        export_row_add_csv(row, &self->text);
    else
        strbuf_add_text(&self->text, strbuf_text(&json));
    strbuf_add_char(&self->text, '\n');
    self->text.failed |= json.failed;
    if (!self->text.failed)
        judge(self, row, strbuf_text(&json));
    arena_clear(&self->record);
    strbuf_release(&json);
    self->report->rows++;
    return self->text.failed || self->text.length >= WRITE_BYTES ? write_text(self, error)
                                                                 : GROVE_OK;
}

static enum grove_code export_part(struct export *self, const int32_t *ids, size_t count,
                                   struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    struct export_row row;
    struct arena arena;
    arena_init_counting(&arena, ANSWER_BYTES_MAX);
    pg_add_int4_array(&params, &arena, ids, count);
    enum grove_code code =
        store_query_on(self->conn, &arena, "export_rows.sql", &params, &rows, error);
    // They are all there: the snapshot that had their ids has them.
    CHECK(code != GROVE_OK || (size_t)rows.count == count);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++) {
        export_row_read(&rows, r, &row);
        code = add_row(self, &row, error);
    }
    arena_release(&arena);
    return code == GROVE_OK ? call_check(self->call, error) : code;
}

// Cuts what was fetched into parts.
static enum grove_code export_fetched(struct export *self, const struct pg_rows *rows,
                                      struct grove_error *error)
{
    int32_t ids[PART_ROWS_MAX];
    size_t count = 0;
    int64_t bytes = 0;
    enum grove_code code = GROVE_OK;
    for (int r = 0; code == GROVE_OK && r < rows->count; r++) {
        int64_t body_bytes = pg_int8(rows, r, 1);
        if (count == PART_ROWS_MAX || (count > 0 && bytes + body_bytes > PART_BODY_BYTES_MAX)) {
            code = export_part(self, ids, count, error);
            count = 0;
            bytes = 0;
        }
        ids[count++] = pg_int4(rows, r, 0);
        bytes += body_bytes;
    }
    return code == GROVE_OK && count > 0 ? export_part(self, ids, count, error) : code;
}

static enum grove_code export_all(struct export *self, struct grove_error *error)
{
    static const struct pg_statement fetch = {"", "-- answers: integer, integer\nFETCH " FETCH_ROWS
                                                  " FROM grove_export"};
    bool more = true;
    enum grove_code code = GROVE_OK;
    while (code == GROVE_OK && more) {
        struct arena arena;
        struct pg_rows rows = {0};
        arena_init_counting(&arena, PATH_BYTES_MAX);
        code = pg_query(self->conn, &arena, &fetch, NULL, &rows, error);
        more = rows.count > 0;
        if (code == GROVE_OK)
            code = export_fetched(self, &rows, error);
        arena_release(&arena);
    }
    return code == GROVE_OK ? write_text(self, error) : code;
}

// Resolves the path and opens the cursor, in the snapshot that is begun with it.
static enum grove_code open_cursor(struct export *self, struct predicate *predicate,
                                   struct arena *arena, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    enum grove_code code = pg_begin_snapshot(self->conn, error);
    if (code == GROVE_OK)
        code = predicate_resolve(predicate, self->conn, arena, error);
    if (code != GROVE_OK)
        return code;
    predicate_add_params(predicate, arena, &params);
    return store_query_planned_on(self->conn, arena, "export_open.sql", &params, &rows, error);
}

static enum grove_code export_filtered(struct export *self, struct grove_error *error)
{
    struct predicate predicate;
    struct arena arena;
    arena_init_counting(&arena, ANSWER_BYTES_MAX);
    enum grove_code code = predicate_check(&self->request->filter, &arena, &predicate, error);
    if (code == GROVE_OK)
        code = pg_take(self->store->pool, self->call, &self->conn, error);
    if (code == GROVE_OK)
        code = open_cursor(self, &predicate, &arena, error);
    arena_release(&arena);
    if (code == GROVE_OK && self->request->format == GROVE_EXPORT_CSV) {
        export_row_add_csv_head(&self->text);
        strbuf_add_char(&self->text, '\n');
    }
    if (code == GROVE_OK)
        code = export_all(self, error);
    pg_give(&self->conn); // ends the snapshot, and the cursor
    return code;
}

enum grove_code export_contents(struct store *store, struct call *call,
                                const struct grove_export_request *request,
                                struct grove_export_report *ret, struct grove_error *error)
{
    struct export self = {.store = store, .call = call, .request = request, .report = ret};
    struct arena trees;
    int64_t started_us = clock_monotonic_us();
    if (!request->write)
        return error_set(error, GROVE_INVALID, "an export needs a function that writes");
    if (request->format != GROVE_EXPORT_JSONL && request->format != GROVE_EXPORT_CSV)
        return error_set(error, GROVE_INVALID, "%d is no format of an export",
                         (int)request->format);
    enum grove_code code = trees_read(store, call, &trees, &self.trees, error);
    if (code != GROVE_OK)
        return code;
    strbuf_init(&self.text, TEXT_BYTES_MAX);
    arena_init(&self.record, RECORD_BYTES_MAX);
    code = export_filtered(&self, error);
    arena_release(&self.record);
    strbuf_release(&self.text);
    arena_release(&trees);
    ret->seconds = (double)(clock_monotonic_us() - started_us) / 1e6;
    return code;
}
