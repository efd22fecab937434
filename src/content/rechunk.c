// SPDX-License-Identifier: Apache-2.0
//
// Contents that may be too long are found by their bytes, many ids at a time, in the order of the
// ids; of some at a time the beginnings are read, and cut or not by the model's tokenizer; one that
// is cut is read as a whole, split, embedded, and written in one transaction (document.h).
//
// Nothing is open or locked between these steps, so nobody waits. What is done needs no note: it is
// a chunk, and not found again. So whoever was ended begins anew, and does what is left.
#include "content/rechunk.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/inject.h"
#include "base/json.h"
#include "content/document.h"
#include "content/trees.h"
#include "query/predicate.h"

enum {
    FOUND_ROWS = 100000, // ids at a time
    LOOK_ROWS = 128,     // beginnings; a text that has more and is not cut there is read whole
    FOUND_BYTES_MAX = 32 << 20,
    LOOK_BYTES_MAX = 32 << 20,
    CONTENT_BYTES_MAX = 64 << 20,
    METADATA_BYTES_MAX = 1 << 20,
    PREDICATE_BYTES_MAX = 4 << 20,
    REPORT_EVERY_US = 100000,
};

struct rechunk {
    struct store *store;
    struct call *call;
    const struct grove_rechunk_request *request;
    struct grove_rechunk_report *report;
    struct documents *documents;
    struct grove_load_progress written;
    int64_t started_us, reported_us;
    int64_t total; // contents to look at
};

static void report_progress(struct rechunk *self, bool now)
{
    const struct grove_rechunk_report *report = self->report;
    int64_t at_us = clock_monotonic_us();
    if (!self->request->on_progress || (!now && at_us - self->reported_us < REPORT_EVERY_US))
        return;
    self->reported_us = at_us;
    bool counted = self->total > 0 && report->contents < self->total;
    self->request->on_progress(
        self->request->state,
        &(struct grove_rechunk_progress){
            .contents = report->contents,
            .documents = report->documents,
            .chunks = report->chunks,
            .fraction = counted ? (double)report->contents / (double)self->total : 1,
            .seconds = (double)(at_us - self->started_us) / 1e6,
        });
}

static void refuse(struct rechunk *self, int32_t content_id, const char *reason)
{
    self->report->refused++;
    if (self->request->on_refused)
        self->request->on_refused(self->request->state, content_id, reason);
}

// --- one content ---------------------------------------------------------------------------------

enum {
    READ_TABLE,
    READ_TYPE,
    READ_TITLE,
    READ_SUMMARY,
    READ_HAS_BODY,
    READ_WORDS,
    READ_TIME,
    READ_TEXT,
    READ_SHA256,
    READ_BYTES,
    READ_SUPPLIED,
    READ_SOURCE,
};

// What a content has beside its text, and a document has not: a summary and a number of words that
// are not those of the text.
static enum grove_code metadata_of(const struct pg_rows *rows, struct arena *arena,
                                   struct text *ret, struct grove_error *error)
{
    struct strbuf json;
    struct text made, text = pg_text(rows, 0, READ_TEXT), summary = pg_text(rows, 0, READ_SUMMARY);
    int64_t words = (int64_t)text_words(text);
    if (!record_summarise(text, arena, &made))
        return error_no_memory(error, "a content");
    strbuf_init(&json, METADATA_BYTES_MAX);
    strbuf_add_char(&json, '{');
    if (pg_bool(rows, 0, READ_HAS_BODY) && summary.length > 0 && !text_equal(summary, made)) {
        strbuf_add(&json, "\"summary\": ");
        json_add_string(&json, summary);
    }
    if (!pg_is_null(rows, 0, READ_WORDS) && pg_int4(rows, 0, READ_WORDS) != words)
        strbuf_addf(&json, "%s\"word_count\": %" PRId32, json.length > 1 ? ", " : "",
                    pg_int4(rows, 0, READ_WORDS));
    strbuf_add_char(&json, '}');
    const char *copy = json.failed ? NULL : arena_copy(arena, strbuf_text(&json));
    strbuf_release(&json);
    if (!copy)
        return error_no_memory(error, "a content");
    *ret = text_of(copy);
    return GROVE_OK;
}

static enum grove_code count_chunks(struct rechunk *self, const struct record *record,
                                    struct arena *arena, struct grove_error *error)
{
    struct split_chunk *chunks;
    size_t count;
    enum grove_code code = documents_prepare(self->documents, error);
    if (code == GROVE_OK)
        code = documents_split(self->documents, record, arena, &chunks, &count, error);
    if (code != GROVE_OK)
        return code;
    self->report->documents++;
    self->report->chunks += (int64_t)count;
    return GROVE_OK;
}

static enum grove_code take_over(struct rechunk *self, int32_t content_id, struct text sha256,
                                 const struct record *record, struct grove_error *error)
{
    const struct document_origin origin = {content_id, sha256};
    int64_t chunks_before = self->written.chunks_written;
    bool changed;
    enum grove_code code =
        documents_take_over(self->documents, &origin, record, &changed, &self->written, error);
    const struct record_trees trees = {record->tree, 1};
    if (code != GROVE_OK && trees_explain_removal(self->store, self->call, &trees, error))
        code = error->code;
    // What is there is of somebody who gave a content this id, after it was that of a document.
    if (code == GROVE_CONFLICT && error->retry != GROVE_RETRY_LATER) {
        refuse(self, content_id, error->message);
        return GROVE_OK;
    }
    if (code != GROVE_OK)
        return code;
    self->report->changed += changed;
    self->report->documents += !changed;
    self->report->chunks += self->written.chunks_written - chunks_before;
    return GROVE_OK;
}

static enum grove_code convert(struct rechunk *self, int32_t content_id, const struct pg_rows *rows,
                               struct arena *arena, struct grove_error *error)
{
    char key[32];
    struct record_tree tree = {.hierarchy_table = pg_text(rows, 0, READ_TABLE)};
    snprintf(key, sizeof key, "content-%" PRId32, content_id);
    struct record record = {
        .tree = &tree,
        .content_type = pg_text(rows, 0, READ_TYPE),
        .title = pg_text(rows, 0, READ_TITLE),
        .body = pg_text(rows, 0, READ_TEXT),
        .created_at_us = pg_timestamp(rows, 0, READ_TIME),
        .document = text_of(key),
        .source = pg_text(rows, 0, READ_SOURCE),
    };
    enum grove_code code = metadata_of(rows, arena, &record.metadata, error);
    if (code != GROVE_OK)
        return code;
    return self->request->dry_run
               ? count_chunks(self, &record, arena, error)
               : take_over(self, content_id, pg_bytea(rows, 0, READ_SHA256), &record, error);
}

// Whether it is longer than the model reads, now that all of it is here.
static enum grove_code is_long(struct rechunk *self, const struct pg_rows *rows,
                               struct arena *arena, bool *ret, struct grove_error *error)
{
    struct embedder *embedder;
    struct text title = pg_text(rows, 0, READ_TITLE), text = pg_text(rows, 0, READ_TEXT);
    const char *whole = arena_printf(arena, "%.*s\n%.*s", TEXT_ARGS(title), TEXT_ARGS(text));
    if (!whole)
        return error_no_memory(error, "a content");
    enum grove_code code =
        store_embedder(self->store, self->call, store_precision(self->store), &embedder, error);
    if (code == GROVE_OK)
        *ret = embedder_cuts(embedder, (struct text){whole, title.length + 1 + text.length});
    return code;
}

static enum grove_code judge(struct rechunk *self, int32_t content_id, const struct pg_rows *rows,
                             struct arena *arena, struct grove_error *error)
{
    bool is_cut = false;
    if (rows->count == 0) // gone, or a chunk by now
        return GROVE_OK;
    if (pg_is_null(rows, 0, READ_TEXT)) {
        char reason[128];
        snprintf(reason, sizeof reason,
                 "it has %" PRId64 " bytes, and a document at most %d: split it, or load its "
                 "parts",
                 pg_int8(rows, 0, READ_BYTES), RECORD_DOCUMENT_BYTES_MAX);
        refuse(self, content_id, reason);
        return GROVE_OK;
    }
    enum grove_code code = is_long(self, rows, arena, &is_cut, error);
    if (code != GROVE_OK || !is_cut)
        return code;
    if (pg_bool(rows, 0, READ_SUPPLIED)) {
        self->report->supplied++;
        return GROVE_OK;
    }
    if (pg_is_null(rows, 0, READ_TIME)) {
        refuse(self, content_id, "its created_at is null, and its chunks need one");
        return GROVE_OK;
    }
    return convert(self, content_id, rows, arena, error);
}

static enum grove_code rechunk_one(struct rechunk *self, int32_t content_id,
                                   struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, CONTENT_BYTES_MAX);
    pg_add_int4(&params, content_id);
    pg_add_int4(&params, RECORD_DOCUMENT_BYTES_MAX);
    enum grove_code code =
        store_query(self->store, self->call, &arena, "rechunk_read.sql", &params, &rows, error);
    if (code == GROVE_OK)
        code = judge(self, content_id, &rows, &arena, error);
    arena_release(&arena);
    if (code != GROVE_OK)
        error_context(error, "rechunking content %" PRId32, content_id);
    return code;
}

// --- many ----------------------------------------------------------------------------------------

// Which of these are longer than the model reads, or may be; ret_ids has room for all.
static enum grove_code find_long(struct rechunk *self, const int32_t *ids, size_t count,
                                 int32_t *ret_ids, size_t *ret_count, struct grove_error *error)
{
    struct embedder *embedder;
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    struct arena arena;
    arena_init_counting(&arena, LOOK_BYTES_MAX);
    pg_add_int4_array(&params, &arena, ids, count);
    pg_add_int4(&params, EMBED_CHARACTERS_MAX);
    enum grove_code code =
        store_embedder(self->store, self->call, store_precision(self->store), &embedder, error);
    if (code == GROVE_OK)
        code =
            store_query(self->store, self->call, &arena, "rechunk_look.sql", &params, &rows, error);
    *ret_count = 0;
    for (int r = 0; code == GROVE_OK && r < rows.count; r++)
        if (!pg_bool(&rows, r, 2) || embedder_cuts(embedder, pg_text(&rows, r, 1)))
            ret_ids[(*ret_count)++] = pg_int4(&rows, r, 0);
    arena_release(&arena);
    return code;
}

static enum grove_code rechunk_some(struct rechunk *self, const int32_t *ids, size_t count,
                                    struct grove_error *error)
{
    int32_t long_ids[LOOK_ROWS];
    size_t long_count;
    CHECK(count <= LOOK_ROWS);
    enum grove_code code = find_long(self, ids, count, long_ids, &long_count, error);
    self->report->contents += (int64_t)(code == GROVE_OK ? count - long_count : 0);
    for (size_t i = 0; code == GROVE_OK && i < long_count; i++) {
        code = call_check(self->call, error);
        if (code == GROVE_OK)
            code = rechunk_one(self, long_ids[i], error);
        self->report->contents += code == GROVE_OK;
        report_progress(self, false);
    }
    report_progress(self, false);
    return code == GROVE_OK ? call_check(self->call, error) : code;
}

// Plans for this very place, each time.
static enum grove_code find(struct rechunk *self, struct predicate *predicate, int32_t after,
                            struct arena *arena, struct pg_rows *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_conn *conn = NULL;
    enum grove_code code = pg_take(self->store->pool, self->call, &conn, error);
    if (code == GROVE_OK)
        code = predicate_resolve(predicate, conn, arena, error);
    if (code == GROVE_OK) {
        predicate_add_params(predicate, arena, &params);
        pg_add_int4(&params, after);
        pg_add_int4(&params, (int32_t)KNOB(RECHUNK_ROWS, FOUND_ROWS));
        code = store_query_planned_on(conn, arena, "rechunk_find.sql", &params, ret, error);
    }
    pg_give(&conn);
    return code;
}

static enum grove_code rechunk_found(struct rechunk *self, const struct pg_rows *rows,
                                     struct grove_error *error)
{
    int32_t ids[LOOK_ROWS];
    size_t count = 0;
    enum grove_code code = GROVE_OK;
    for (int r = 0; code == GROVE_OK && r < rows->count; r++) {
        ids[count++] = pg_int4(rows, r, 0);
        if (count < LOOK_ROWS && r + 1 < rows->count)
            continue;
        code = rechunk_some(self, ids, count, error);
        count = 0;
    }
    return code;
}

static enum grove_code rechunk_place(struct rechunk *self, struct predicate *predicate,
                                     struct grove_error *error)
{
    int32_t after = INT32_MIN;
    enum grove_code code = GROVE_OK;
    for (bool more = true; code == GROVE_OK && more;) {
        struct arena arena;
        struct pg_rows rows = {0};
        arena_init_counting(&arena, FOUND_BYTES_MAX);
        code = find(self, predicate, after, &arena, &rows, error);
        more = code == GROVE_OK && rows.count > 0;
        if (more) {
            self->total = self->report->contents + pg_int8(&rows, 0, 1);
            after = pg_int4(&rows, rows.count - 1, 0);
            code = rechunk_found(self, &rows, error);
        }
        predicate_forget_place(predicate); // it was in that arena
        arena_release(&arena);
    }
    return code;
}

enum grove_code rechunk_contents(struct store *store, struct call *call,
                                 const struct grove_rechunk_request *request,
                                 struct grove_rechunk_report *ret, struct grove_error *error)
{
    struct documents documents;
    struct predicate predicate;
    struct arena arena;
    struct grove_error late;
    const struct grove_filter filter = {.path = request->path};
    struct rechunk self = {
        .store = store,
        .call = call,
        .request = request,
        .report = ret,
        .documents = &documents,
        .started_us = clock_monotonic_us(),
    };
    ret->dry_run = request->dry_run;
    documents_init(&documents, store, call);
    arena_init(&arena, PREDICATE_BYTES_MAX);
    enum grove_code code = predicate_check(&filter, &arena, &predicate, error);
    if (code == GROVE_OK)
        code = store_refresh_model(store, call, error);
    if (code == GROVE_OK)
        code = rechunk_place(&self, &predicate, error);
    // What is committed is projected, whatever ended the rest.
    enum grove_code flushed = documents_flush(&documents, &self.written, &late);
    if (code == GROVE_OK && flushed != GROVE_OK) {
        *error = late;
        code = flushed;
    }
    arena_release(&arena);
    if (code == GROVE_OK)
        report_progress(&self, true);
    ret->pending = self.written.rows_pending;
    ret->seconds = (double)(clock_monotonic_us() - self.started_us) / 1e6;
    return code;
}
