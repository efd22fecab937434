// SPDX-License-Identifier: Apache-2.0
//
// One transaction: all of it goes, or nothing. A place goes with its leaves, which are held first:
// so no content comes to one of them when the others have been deleted.
#include "content/remove.h"

#include "base/check.h"
#include "base/clock.h"
#include "catalog/assets.h"
#include "content/hold.h"

enum { ANSWER_BYTES_MAX = 64 << 20, IDS_MAX = 100000 };

struct removing {
    const struct grove_remove_request *request;
    struct grove_remove_report *report;
    struct pg_conn *conn;
    struct arena *arena;
};

// A place of which only some contents go keeps its leaves.
static bool is_whole_place(const struct grove_filter *filter)
{
    return filter->content_type_count == 0 && filter->created_since_us == 0 &&
           filter->created_until_us == 0 && filter->words_min == 0 && filter->words_max == 0;
}

static enum grove_code remove_ids(const struct removing *self, struct grove_error *error)
{
    const struct grove_remove_request *request = self->request;
    struct held_ids held = {request->content_ids, request->content_id_count};
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    enum grove_code code = hold_ids(self->conn, self->arena, request->document, &held, error);
    if (code != GROVE_OK)
        return code;
    pg_add_int4_array(&params, self->arena, held.ids, held.count);
    pg_add_bool(&params, !request->dry_run);
    code = hold_query(self->conn, self->arena, query_sql("remove_ids.sql"), &params, &rows, error);
    if (code == GROVE_OK)
        code = hold_check_found(&rows, error);
    self->report->contents = rows.count;
    return code;
}

// What there is, without a lock on anything.
static enum grove_code count_place(const struct removing *self, struct grove_error *error)
{
    struct predicate predicate;
    struct predicate_leaves leaves = {0};
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    enum grove_code code = predicate_check(&self->request->filter, self->arena, &predicate, error);
    if (code == GROVE_OK)
        code = predicate_resolve(&predicate, self->conn, self->arena, error);
    if (code == GROVE_OK)
        code = predicate_read_leaves(&predicate, self->conn, self->arena, &leaves, error);
    if (code == GROVE_OK)
        code = hold_check_attached_in(self->conn, self->arena, &predicate, error);
    if (code != GROVE_OK)
        return code;
    predicate_add_params(&predicate, self->arena, &params);
    code = hold_query(self->conn, self->arena, query_sql("count.sql"), &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    self->report->contents = pg_int8(&rows, 0, 0);
    if (is_whole_place(&self->request->filter))
        self->report->leaves = (int64_t)leaves.count;
    return GROVE_OK;
}

static enum grove_code check_count(const struct removing *self, struct grove_error *error)
{
    int64_t most = self->request->contents_max;
    if (most == 0 || self->report->contents <= (most < 0 ? 0 : most))
        return GROVE_OK;
    error_set(error, GROVE_CONFLICT,
              "\"%.200s\" has %lld contents by now, and at most %lld were to go",
              self->request->filter.path, (long long)self->report->contents,
              (long long)(most < 0 ? 0 : most));
    error_hint(error, "nothing was removed; try again");
    return GROVE_CONFLICT;
}

static enum grove_code remove_place(const struct removing *self, struct grove_error *error)
{
    struct held_place held;
    struct pg_params params = {0}, leaves = {0};
    struct pg_rows rows = {0};
    enum grove_code code =
        hold_place(self->conn, &self->request->filter, self->arena, &held, error);
    if (code == GROVE_OK)
        code = hold_check_attached_in(self->conn, self->arena, &held.predicate, error);
    if (code != GROVE_OK)
        return code;
    predicate_add_params(&held.predicate, self->arena, &params);
    code = hold_query(self->conn, self->arena, query_sql("remove.sql"), &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    self->report->contents = rows.affected;
    code = check_count(self, error);
    if (code != GROVE_OK || !is_whole_place(&self->request->filter))
        return code;
    pg_add_same(&leaves, &held.leaf_array, 0);
    code = hold_query(self->conn, self->arena,
                      hold_table_sql(self->arena, "DELETE FROM %s WHERE id = ANY ($1)",
                                     held.predicate.hierarchy_table),
                      &leaves, &rows, error);
    if (code == GROVE_OK)
        self->report->leaves = rows.affected;
    return code;
}

static enum grove_code check_request(const struct grove_remove_request *request,
                                     struct grove_error *error)
{
    int ways = (request->content_id_count > 0) + (request->document != NULL) +
               (request->filter.path != NULL);
    if (ways != 1)
        return error_set(error, GROVE_INVALID,
                         ways == 0 ? "neither contents, a document nor a path to remove"
                                   : "contents, a document or a path are removed: one of these");
    if (!request->filter.path && !is_whole_place(&request->filter))
        return error_set(error, GROVE_INVALID, "a filter is of a path, not of ids");
    if (request->content_id_count > IDS_MAX)
        return error_set(error, GROVE_LIMIT, "%zu contents at once, at most %d",
                         request->content_id_count, IDS_MAX);
    return GROVE_OK;
}

static enum grove_code remove_on(struct removing *self, struct grove_error *error)
{
    const struct grove_remove_request *request = self->request;
    enum grove_code code = pg_begin(self->conn, error);
    if (code != GROVE_OK)
        return code;
    if (!request->filter.path)
        code = remove_ids(self, error);
    else
        code = request->dry_run ? count_place(self, error) : remove_place(self, error);
    return code == GROVE_OK && !request->dry_run ? pg_commit(self->conn, error) : code;
}

enum grove_code remove_contents(struct store *store, struct call *call,
                                const struct grove_remove_request *request,
                                struct grove_remove_report *ret, struct grove_error *error)
{
    struct arena arena;
    struct removing self = {.request = request, .report = ret, .arena = &arena};
    int64_t started_us = clock_monotonic_us();
    enum grove_code code = check_request(request, error);
    if (code != GROVE_OK)
        return code;
    arena_init_counting(&arena, ANSWER_BYTES_MAX);
    code = pg_take(store->pool, call, &self.conn, error);
    if (code == GROVE_OK)
        code = remove_on(&self, error);
    pg_give(&self.conn); // rolls back what was not committed
    arena_release(&arena);
    ret->dry_run = request->dry_run;
    ret->seconds = (double)(clock_monotonic_us() - started_us) / 1e6;
    return code;
}
