// SPDX-License-Identifier: Apache-2.0
//
// Detaching goes in three steps, and each can be done again: the triggers go, and nothing is taken
// in any more; documents go, some at a time; what is left of it goes.
#include "attach/attach.h"

#include "attach/attachment.h"
#include "attach/block.h"
#include "attach/locked.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/store.h"

enum { DETACH_BYTES_MAX = 16 << 20, DOCUMENTS_MAX = 256 };

struct detaching {
    struct store *store;
    struct call *call;
    const struct grove_detach_request *request;
    struct arena arena; // of the attachment
    struct pg_conn *conn;
    struct attachment attachment;
    const char *undo;
    bool orphaned; // nothing is left of it but its triggers
    int64_t documents, leaves;
    int64_t started_us;
};

// Of a table whose attachment is gone, as after a restore.
static enum grove_code find_orphan(struct detaching *self, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, text_of(self->request->table));
    enum grove_code code =
        store_query_on(self->conn, &self->arena, "attached_orphans.sql", &params, &rows, error);
    if (code != GROVE_OK || rows.count == 0)
        return code;
    self->orphaned = true;
    self->attachment.id = pg_int4(&rows, 0, 0);
    self->attachment.source = pg_text(&rows, 0, 1);
    return GROVE_OK;
}

static enum grove_code find(struct detaching *self, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    enum grove_code code = pg_take(self->store->pool, self->call, &self->conn, error);
    pg_add_text(&params, text_of(self->request->table));
    if (code == GROVE_OK)
        code = store_query_on(self->conn, &self->arena, "attached_find.sql", &params, &rows, error);
    if (code == GROVE_OK && rows.count == 1)
        code = attachment_read(self->conn, &self->arena, pg_int4(&rows, 0, 0), &self->attachment,
                               error);
    if (code == GROVE_OK && rows.count == 0)
        code = find_orphan(self, error);
    pg_give(&self->conn);
    if (code != GROVE_OK || self->attachment.id != 0)
        return code;
    error_set(error, GROVE_NOT_FOUND, "no table \"%.200s\" is attached", self->request->table);
    error_hint(error, "grove attachments lists those that are");
    return GROVE_NOT_FOUND;
}

// --- the triggers --------------------------------------------------------------------------------

static enum grove_code leave_once(struct detaching *self, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    pg_add_int4(&params, self->attachment.id);
    const char *sql = arena_printf(&arena, LOCKED_SQL "%s", self->undo);
    enum grove_code code = sql ? pg_take(self->store->pool, self->call, &self->conn, error)
                               : error_no_memory(error, "triggers");
    if (code == GROVE_OK)
        code = pg_begin(self->conn, error);
    if (code == GROVE_OK)
        code = pg_exec(self->conn, sql, error);
    if (code == GROVE_OK)
        code = store_query_on(self->conn, &arena, "detach_begin.sql", &params, &rows, error);
    if (code == GROVE_OK)
        code = pg_commit(self->conn, error);
    pg_give(&self->conn);
    arena_release(&arena);
    return code;
}

static enum grove_code leave(struct detaching *self, struct grove_error *error)
{
    struct locked locked = {
        .store = self->store,
        .call = self->call,
        .relation = self->attachment.relation,
        .on_wait = self->request->on_wait,
        .state = self->request->state,
    };
    for (;;) {
        enum grove_code code = leave_once(self, error);
        if (code == GROVE_OK || !locked_again(&locked, &code, error))
            return code;
    }
}

// --- documents, leaves ---------------------------------------------------------------------------

static enum grove_code remove_some(struct detaching *self, struct arena *arena, int *ret_count,
                                   struct grove_error *error)
{
    struct text keys[DOCUMENTS_MAX];
    struct pg_params first = {0}, second = {0};
    struct pg_rows rows, gone;
    pg_add_text(&first, self->attachment.source);
    pg_add_int4(&first, DOCUMENTS_MAX);
    enum grove_code code = pg_take(self->store->pool, self->call, &self->conn, error);
    if (code == GROVE_OK)
        code = pg_begin(self->conn, error);
    if (code == GROVE_OK)
        code = store_query_on(self->conn, arena, "detach_documents.sql", &first, &rows, error);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++)
        keys[r] = pg_text(&rows, r, 0);
    *ret_count = code == GROVE_OK ? rows.count : 0;
    pg_add_text(&second, self->attachment.source);
    pg_add_text_array(&second, arena, keys, (size_t)*ret_count);
    if (code == GROVE_OK && *ret_count > 0)
        code = store_query_on(self->conn, arena, "documents_remove.sql", &second, &gone, error);
    if (code == GROVE_OK)
        code = pg_commit(self->conn, error);
    pg_give(&self->conn);
    return code;
}

static enum grove_code remove_documents_of(struct detaching *self, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    for (int count = 1; code == GROVE_OK && count > 0;) {
        struct arena arena;
        arena_init(&arena, DETACH_BYTES_MAX);
        code = remove_some(self, &arena, &count, error);
        self->documents += code == GROVE_OK ? count : 0;
        arena_release(&arena);
        if (code == GROVE_OK)
            code = INJECT(DETACH_SOME, error);
    }
    return code;
}

// One that somebody has put something on meanwhile stays.
static enum grove_code remove_leaves(struct detaching *self, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows, none;
    pg_add_int4(&params, self->attachment.id);
    enum grove_code code = pg_take(self->store->pool, self->call, &self->conn, error);
    if (code == GROVE_OK)
        code = store_query_on(self->conn, &self->arena, "detach_leaves.sql", &params, &rows, error);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++) {
        struct grove_error failure;
        const struct pg_statement statement = {"", arena_copy(&self->arena, pg_text(&rows, r, 0))};
        if (!statement.sql)
            code = error_no_memory(error, "leaves");
        else if (pg_query(self->conn, &self->arena, &statement, NULL, &none, &failure) == GROVE_OK)
            self->leaves++;
    }
    if (code == GROVE_OK)
        code = store_query_on(self->conn, &self->arena, "detach_end.sql", &params, &none, error);
    pg_give(&self->conn);
    return code;
}

static enum grove_code detach(struct detaching *self, struct grove_error *error)
{
    enum grove_code code = find(self, error);
    if (code != GROVE_OK)
        return code;
    self->undo = attachment_undo(&self->arena, self->attachment.id);
    if (!self->undo)
        return error_no_memory(error, "triggers");
    if (self->request->dry_run) {
        self->documents = self->request->keep ? 0 : self->attachment.documents;
        return GROVE_OK;
    }
    code = leave(self, error);
    if (code == GROVE_OK)
        code = INJECT(DETACH_BEGUN, error);
    if (code == GROVE_OK && !self->request->keep && !self->orphaned)
        code = remove_documents_of(self, error);
    if (code == GROVE_OK)
        code = remove_leaves(self, error);
    if (code != GROVE_OK)
        error_hint(error, "the same command goes on from here");
    return code;
}

static enum grove_code make_report(struct detaching *self, struct grove_detach_report **ret,
                                   struct grove_error *error)
{
    struct block block = {0};
    block_count(&block, self->attachment.source);
    block_count(&block, text_of(self->undo));
    struct grove_detach_report *made = block_begin(&block, sizeof *made);
    if (!made)
        return error_no_memory(error, "a report");
    *made = (struct grove_detach_report){
        .table = block_copy(&block, self->attachment.source),
        .sql = block_copy(&block, text_of(self->undo)),
        .dry_run = self->request->dry_run,
        .documents = self->documents,
        .leaves = self->leaves,
        .seconds = (double)(clock_monotonic_us() - self->started_us) / 1e6,
    };
    *ret = made;
    return GROVE_OK;
}

enum grove_code detach_table(struct store *store, struct call *call,
                             const struct grove_detach_request *request,
                             struct grove_detach_report **ret, struct grove_error *error)
{
    struct detaching self = {
        .store = store, .call = call, .request = request, .started_us = clock_monotonic_us()};
    if (!request->table || !request->table[0])
        return error_set(error, GROVE_INVALID, "no table to detach");
    arena_init(&self.arena, DETACH_BYTES_MAX);
    enum grove_code code = detach(&self, error);
    if (code == GROVE_OK)
        code = make_report(&self, ret, error);
    arena_release(&self.arena);
    return code;
}
