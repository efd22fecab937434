// SPDX-License-Identifier: Apache-2.0
//
// Attaching is a transaction that notes the attachment and makes its triggers. Then all rows are
// read, which anybody goes on with who projects; this call does, and has what it reads projected.
#include "attach/attach.h"

#include <assert.h>
#include <string.h>

#include "attach/block.h"
#include "attach/locked.h"
#include "attach/table.h"
#include "attach/take_in.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "base/strbuf.h"
#include "catalog/store.h"
#include "sync/projector.h"

enum { TABLE_BYTES_MAX = 16 << 20, BUSY_MS = 50, STEPS = 2, COLUMNS_SHOWN_BYTES = 300 };

// Whoever attaches need not wait: others project what is left.
static const struct projector_patience patience = {.wait_ms = 3000, .unseen_ms = 3000};

struct attaching {
    struct user_table table;
    struct arena arena; // of the last try to begin: what came of it
    struct pg_conn *conn;
    struct attachment_sql sql;
    struct locked locked; // how the lock was waited for so far
    bool blocked; // rows are left that cannot be read now, and nothing is wrong with the table
    struct grove_attach_progress progress;
    int64_t documents, refused, waiting;
    int64_t started_us;
    int64_t begun_us; // it was committed by then
};

// --- the attachment ------------------------------------------------------------------------------

static void hint_columns(const struct attaching *self, struct grove_error *error)
{
    char columns[COLUMNS_SHOWN_BYTES];
    text_format(columns, sizeof columns, "%.*s", TEXT_ARGS(self->table.columns));
    for (char *c = columns; *c; c++)
        *c = *c == '\x1f' ? ' ' : *c;
    error_hint(error, "--where takes what stands behind WHERE in SQL; the columns: %s", columns);
}

// A view is made of the condition, and dropped again: so it is one condition, of this table, and
// PostgreSQL knows which columns it is made of.
static enum grove_code read_condition(struct attaching *self, struct names *watched,
                                      struct grove_error *error)
{
    struct user_table *table = &self->table;
    struct pg_params params = {0};
    struct pg_rows rows;
    const char *sql =
        arena_printf(&self->arena,
                     "CREATE TEMPORARY VIEW grove_condition AS SELECT FROM %.*s "
                     "WHERE (\n%.*s\n)",
                     TEXT_ARGS(table->quoted), TEXT_ARGS(table->attachment.condition));
    const struct pg_statement make = {"", sql}, drop = {"", "DROP VIEW pg_temp.grove_condition"};
    if (!sql)
        return error_no_memory(error, "a condition");
    enum grove_code code = pg_query(self->conn, &self->arena, &make, NULL, &rows, error);
    if (code != GROVE_OK) {
        error_context(error, "reading --where");
        if (strncmp(error->sqlstate, "42", 2) == 0) // what it says is wrong, not what it found
            hint_columns(self, error);
        return code;
    }
    pg_add_int8(&params, table->relation);
    code = store_query_on(self->conn, &self->arena, "attach_condition.sql", &params, &rows, error);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++) {
        if (watched->count == ATTACH_NAMES_MAX)
            return error_set(error, GROVE_LIMIT, "more than %d columns count", ATTACH_NAMES_MAX);
        names_add(watched, pg_text(&rows, r, 0));
    }
    return code == GROVE_OK ? pg_query(self->conn, &self->arena, &drop, NULL, &rows, error) : code;
}

static enum grove_code find_watched(struct attaching *self, struct grove_error *error)
{
    struct user_table *table = &self->table;
    struct names watched = table->attachment.key;
    static_assert(ATTACH_KEYS_MAX + ATTACH_COLUMNS_MAX <= ATTACH_NAMES_MAX, "they have room");
    for (size_t i = 0; i < table->mapping.column_count; i++)
        if (!text_equal(table->mapping.columns[i], text_of(ATTACH_KEY)))
            names_add(&watched, table->mapping.columns[i]);
    enum grove_code code =
        table->attachment.condition.data ? read_condition(self, &watched, error) : GROVE_OK;
    table->attachment.watched = watched;
    return code;
}

static enum grove_code note_attachment(struct attaching *self, struct grove_error *error)
{
    struct attachment *attachment = &self->table.attachment;
    struct arena *arena = &self->arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, attachment->source);
    pg_add_text_array(&params, arena, attachment->key.items, attachment->key.count);
    pg_add_text(&params, attachment->path);
    pg_add_text(&params, attachment->content_type);
    pg_add_text(&params, attachment->title);
    pg_add_text(&params, attachment->body);
    pg_add_text(&params, attachment->created);
    pg_add_text(&params, attachment->url);
    pg_add_text(&params, attachment->metadata);
    pg_add_text(&params, attachment->condition);
    pg_add_text_array(&params, arena, attachment->watched.items, attachment->watched.count);
    pg_add_int8(&params, self->table.rows);
    pg_add_text(&params, attachment->vector);
    enum grove_code code =
        store_query_on(self->conn, &self->arena, "attach_insert.sql", &params, &rows, error);
    if (code == GROVE_OK)
        attachment->id = pg_int4(&rows, 0, 0);
    return code;
}

// What its statements say is tried without a row.
static enum grove_code try_reading(struct attaching *self, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    const struct pg_statement statement = {"", arena_copy(&self->arena, self->sql.read)};
    if (!statement.sql)
        return error_no_memory(error, "rows of a table");
    pg_add_text_array(&params, &self->arena, (struct text[]){{0}}, 0);
    return pg_query(self->conn, &self->arena, &statement, &params, &rows, error);
}

static enum grove_code make_triggers(struct attaching *self, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct strbuf sql;
    strbuf_init(&sql, ATTACH_SQL_MAX);
    strbuf_add_text(&sql, self->sql.function);
    strbuf_add_text(&sql, self->sql.triggers);
    enum grove_code code =
        sql.failed ? error_no_memory(error, "triggers") : pg_exec(self->conn, sql.data, error);
    strbuf_release(&sql);
    pg_add_int4(&params, self->table.attachment.id);
    return code == GROVE_OK ? store_query_on(self->conn, &self->arena, "attached_parts.sql",
                                             &params, &rows, error)
                            : code;
}

// What is left of attachments that are gone: their numbers may be given again.
static enum grove_code drop_orphans(struct attaching *self, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, (struct text){0});
    enum grove_code code =
        store_query_on(self->conn, &self->arena, "attached_orphans.sql", &params, &rows, error);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++) {
        struct pg_params gone = {0};
        struct pg_rows none;
        const char *sql = attachment_undo(&self->arena, pg_int4(&rows, r, 0));
        pg_add_int4(&gone, pg_int4(&rows, r, 0));
        code = sql ? pg_exec(self->conn, sql, error) : error_no_memory(error, "triggers");
        if (code == GROVE_OK)
            code = store_query_on(self->conn, &self->arena, "detach_end.sql", &gone, &none, error);
    }
    return code;
}

static enum grove_code begin_once(struct attaching *self, struct grove_error *error)
{
    struct user_table *table = &self->table;
    arena_clear(&self->arena);
    enum grove_code code = pg_take(table->store->pool, table->call, &self->conn, error);
    if (code == GROVE_OK)
        code = pg_begin(self->conn, error);
    if (code == GROVE_OK)
        code = pg_exec(self->conn, LOCKED_SQL, error);
    if (code == GROVE_OK && !table->request->dry_run)
        code = drop_orphans(self, error);
    if (code == GROVE_OK)
        code = find_watched(self, error);
    if (code == GROVE_OK)
        code = note_attachment(self, error);
    if (code == GROVE_OK)
        code = attachment_render(self->conn, &self->arena, &table->attachment, &table->mapping,
                                 &self->sql, error);
    if (code == GROVE_OK)
        code = try_reading(self, error);
    if (code == GROVE_OK && !table->request->dry_run)
        code = make_triggers(self, error);
    if (code == GROVE_OK && !table->request->dry_run)
        code = pg_commit(self->conn, error);
    pg_give(&self->conn); // rolls back what was not committed
    return code;
}

static enum grove_code begin(struct attaching *self, struct grove_error *error)
{
    for (;;) {
        enum grove_code code = begin_once(self, error);
        if (code == GROVE_OK || !locked_again(&self->locked, &code, error))
            return code;
    }
}

// --- one that is there ---------------------------------------------------------------------------

static bool same(struct text a, struct text b)
{
    return !a.data == !b.data && text_equal(a, b);
}

static enum grove_code compare(struct attaching *self, const struct attachment *there,
                               struct grove_error *error)
{
    const struct attachment *wanted = &self->table.attachment;
    bool equal = same(there->path, wanted->path) &&
                 same(there->content_type, wanted->content_type) &&
                 same(there->title, wanted->title) && same(there->body, wanted->body) &&
                 same(there->created, wanted->created) && same(there->url, wanted->url) &&
                 same(there->metadata, wanted->metadata) && same(there->vector, wanted->vector) &&
                 same(there->condition, wanted->condition) && there->key.count == wanted->key.count;
    for (size_t i = 0; equal && i < wanted->key.count; i++)
        equal = text_equal(there->key.items[i], wanted->key.items[i]);
    if (equal && !there->leaving)
        return GROVE_OK;
    error_set(error, GROVE_CONFLICT, "\"%.*s\" %s", TEXT_ARGS(self->table.name),
              there->leaving ? "is being detached, or that was not finished"
                             : "is attached already, in another way");
    error_hint(error, "grove detach '%.*s' %s", TEXT_ARGS(self->table.quoted),
               there->leaving ? "goes on with it"
                              : "takes it away; with --keep its documents stay until it is "
                                "attached again");
    return GROVE_CONFLICT;
}

// The attachment of that table, or of one that was called so and is gone. *ret_there: it has its
// triggers, and is only to be filled.
static enum grove_code find_attachment(struct attaching *self, bool *ret_there,
                                       struct grove_error *error)
{
    struct user_table *table = &self->table;
    struct attachment there;
    struct pg_params params = {0};
    struct pg_rows rows;
    *ret_there = false;
    enum grove_code code = pg_take(table->store->pool, table->call, &self->conn, error);
    pg_add_text(&params, table->name);
    if (code == GROVE_OK && table->attached_as == 0)
        code = store_query_on(self->conn, &self->table.arena, "attached_find.sql", &params, &rows,
                              error);
    int32_t id = table->attached_as;
    if (code == GROVE_OK && id == 0 && rows.count == 1)
        id = pg_int4(&rows, 0, 0);
    if (code == GROVE_OK && id != 0)
        code = attachment_read(self->conn, &table->arena, id, &there, error);
    pg_give(&self->conn);
    if (code != GROVE_OK || id == 0)
        return code;
    if (there.relation == 0) {
        error_set(error, GROVE_CONFLICT, "a table \"%.*s\" was attached and is gone",
                  TEXT_ARGS(table->name));
        error_hint(error,
                   "grove detach '%.*s' --keep, and attach this one: rows that are as they "
                   "were stay as they are",
                   TEXT_ARGS(table->quoted));
        return GROVE_CONFLICT;
    }
    code = compare(self, &there, error);
    *ret_there = code == GROVE_OK;
    table->attachment.id = there.id;
    return code;
}

// --- the filling ---------------------------------------------------------------------------------

static enum grove_code tell(struct attaching *self, struct grove_error *error)
{
    const struct grove_attach_request *request = self->table.request;
    struct attachment now;
    struct pg_conn *conn = NULL;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    enum grove_code code = pg_take(self->table.store->pool, self->table.call, &conn, error);
    if (code == GROVE_OK)
        code = attachment_read(conn, &arena, self->table.attachment.id, &now, error);
    pg_give(&conn);
    if (code == GROVE_OK) {
        self->documents = now.documents;
        self->refused = now.refused;
        self->waiting = now.waiting;
        self->blocked = attachment_state(&now) == GROVE_ATTACH_FILLING;
        self->progress = (struct grove_attach_progress){
            .rows_expected = self->table.rows,
            .rows_read = now.filled_rows,
            .seconds = (double)(clock_monotonic_us() - self->started_us) / 1e6,
        };
    }
    arena_release(&arena);
    if (code == GROVE_OK && request->on_progress)
        request->on_progress(request->state, &self->progress);
    return code;
}

static enum grove_code project_read(struct attaching *self, bool drain, struct grove_error *error)
{
    struct projector_report report = {.kind = PROJECTOR_ATTACH};
    struct store *store = self->table.store;
    bool idle = false;
    enum grove_code code = GROVE_OK;
    if (drain)
        return projector_drain(store, self->table.call, &patience, &report, error);
    for (int i = 0; code == GROVE_OK && !idle && i < STEPS; i++)
        code = projector_step(store, self->table.call, &report, &idle, error);
    return code;
}

static enum grove_code fill(struct attaching *self, struct grove_error *error)
{
    struct user_table *table = &self->table;
    struct take_in_report report = {0};
    const struct take_in_options options = {.fill = true};
    enum grove_code code = GROVE_OK;
    bool done = false;
    while (code == GROVE_OK && !done) {
        code = take_in(table->store, table->call, &options, &report, error);
        if (code == GROVE_OK)
            code = tell(self, error);
        // It is filling, and whoever takes in has nothing to do: others have the table locked.
        bool blocked = report.idle && self->blocked;
        done = report.idle && !blocked;
        if (code == GROVE_OK && report.busy)
            code = call_pause(table->call, BUSY_MS) ? GROVE_OK : call_check(table->call, error);
        if (code == GROVE_OK)
            code = INJECT(ATTACH_ROUND, error);
        if (code == GROVE_OK && !report.busy)
            code = project_read(self, done, error);
        if (code == GROVE_OK && blocked)
            code = locked_wait(&self->locked, error);
    }
    if (code != GROVE_OK && self->blocked)
        (void)locked_again(&self->locked, &code, error); // for whom it waited
    if (code != GROVE_OK)
        error_hint(error, "it is attached, and what was read stays; the same command, or \"grove "
                          "sync\", goes on from there");
    return code;
}

// --- all of it -----------------------------------------------------------------------------------

static enum grove_code count_pending(struct attaching *self, int64_t *ret,
                                     struct grove_error *error)
{
    struct projector_backlog backlog;
    enum grove_code code = projector_backlog(self->table.store, self->table.call, &backlog, error);
    if (code == GROVE_OK)
        *ret = backlog.pending;
    return code;
}

static enum grove_code make_report(struct attaching *self, struct grove_attach_report **ret,
                                   struct grove_error *error)
{
    struct block block = {0};
    struct strbuf sql;
    int64_t pending = 0;
    bool dry_run = self->table.request->dry_run;
    enum grove_code code = dry_run ? GROVE_OK : count_pending(self, &pending, error);
    if (code != GROVE_OK)
        return code;
    strbuf_init(&sql, ATTACH_SQL_MAX);
    strbuf_add_text(&sql, self->sql.function);
    strbuf_add_text(&sql, self->sql.triggers);
    block_count(&block, self->table.name);
    block_count(&block, strbuf_text(&sql));
    struct grove_attach_report *made = sql.failed ? NULL : block_begin(&block, sizeof *made);
    if (made)
        *made = (struct grove_attach_report){
            .table = block_copy(&block, self->table.name),
            .sql = block_copy(&block, strbuf_text(&sql)),
            .dry_run = dry_run,
            .documents = self->documents,
            .refused = self->refused,
            .waiting = self->waiting,
            .pending = pending,
            .rows = self->progress,
        };
    strbuf_release(&sql);
    *ret = made;
    return made ? GROVE_OK : error_no_memory(error, "a report");
}

// Handles look for attached tables once in a while only (STORE_MODEL_AGE_MS): whoever is told that
// a table is attached is to find what he writes into it.
static enum grove_code let_all_know(struct attaching *self, struct grove_error *error)
{
    int64_t age_ms = (clock_monotonic_us() - self->begun_us) / 1000;
    CHECK(self->begun_us > 0);
    if (age_ms > STORE_MODEL_AGE_MS)
        return GROVE_OK;
    return call_pause(self->table.call, (unsigned)(STORE_MODEL_AGE_MS + 1 - age_ms))
               ? GROVE_OK
               : call_check(self->table.call, error);
}

static enum grove_code attach(struct attaching *self, struct grove_attach_report **ret,
                              struct grove_error *error)
{
    bool there = false;
    bool dry_run = self->table.request->dry_run;
    enum grove_code code = table_judge(&self->table, error);
    self->locked = (struct locked){
        .store = self->table.store,
        .call = self->table.call,
        .relation = self->table.relation,
        .on_wait = self->table.request->on_wait,
        .state = self->table.request->state,
    };
    if (code == GROVE_OK)
        code = find_attachment(self, &there, error);
    if (code == GROVE_OK && !there)
        code = begin(self, error);
    self->begun_us = clock_monotonic_us(); // another may just have begun it
    if (code == GROVE_OK && !dry_run)
        atomic_store(&self->table.store->has_attached, true);
    if (code == GROVE_OK && !dry_run)
        code = INJECT(ATTACH_BEGUN, error);
    if (code == GROVE_OK && !dry_run)
        code = fill(self, error);
    if (code == GROVE_OK && !dry_run)
        code = let_all_know(self, error);
    return code == GROVE_OK ? make_report(self, ret, error) : code;
}

enum grove_code attach_table(struct store *store, struct call *call,
                             const struct grove_attach_request *request,
                             struct grove_attach_report **ret, struct grove_error *error)
{
    struct attaching *self = mem_zalloc(sizeof *self);
    if (!self)
        return error_no_memory(error, "a table");
    self->table.store = store;
    self->table.call = call;
    self->table.request = request;
    self->started_us = clock_monotonic_us();
    arena_init(&self->table.arena, TABLE_BYTES_MAX);
    arena_init(&self->arena, TABLE_BYTES_MAX);
    enum grove_code code = attach(self, ret, error);
    if (self->table.mapped)
        mapping_release(&self->table.mapping);
    arena_release(&self->arena);
    arena_release(&self->table.arena);
    mem_free(self);
    return code;
}
