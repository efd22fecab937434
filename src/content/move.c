// SPDX-License-Identifier: Apache-2.0
//
// One transaction. Within a tree leaves get other names and keep their ids; a branch or limb all of
// whose leaves go keeps its number (sql/leaves.md), so that no content and no point changes. To
// another tree leaves are made there, what is on them follows, and the old ones go. No text changes
// in either case: nothing is embedded.
#include "content/move.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "catalog/assets.h"
#include "content/hold.h"
#include "content/trees.h"

enum { ANSWER_BYTES_MAX = 64 << 20, IDS_MAX = 100000, LEVELS = 3 };

struct moving {
    const struct grove_move_request *request;
    struct grove_move_report *report;
    struct pg_conn *conn;
    struct arena *arena;
    struct path to;
    struct text table; // of the tree that they go to
};

// Branch, limb and leaf; what a path does not name is {NULL, 0}.
static size_t names_of(const struct path *path, struct text ret[static LEVELS])
{
    size_t depth = 0;
    ret[0] = path->branch;
    ret[1] = path->limb;
    ret[2] = path->leaf;
    while (depth < LEVELS && ret[depth].data)
        depth++;
    return depth;
}

// --- where to ------------------------------------------------------------------------------------

// New names are written in one form.
static enum grove_code parse_target(struct moving *self, struct grove_error *error)
{
    struct path given;
    bool other;
    enum grove_code code = path_parse(self->arena, self->request->to, &given, error);
    if (code == GROVE_OK && !path_in(PATH_COMPOSED, &given, self->arena, &self->to, &other))
        return error_no_memory(error, "a path");
    return code;
}

static enum grove_code read_target(struct moving *self, struct grove_error *error)
{
    struct predicate tree = {.has_path = true};
    enum grove_code code = parse_target(self, error);
    if (code != GROVE_OK)
        return code;
    tree.path.tree = self->to.tree;
    code = predicate_resolve(&tree, self->conn, self->arena, error);
    self->table = tree.hierarchy_table;
    return code;
}

// Of a path that must not exist yet.
static enum grove_code check_free(const struct moving *self, struct grove_error *error)
{
    struct predicate place = {.has_path = true, .path = self->to};
    struct grove_error unused;
    enum grove_code code = predicate_resolve(&place, self->conn, self->arena, &unused);
    if (code == GROVE_NOT_FOUND)
        return GROVE_OK;
    if (code != GROVE_OK) {
        *error = unused;
        return code;
    }
    error_set(error, GROVE_CONFLICT, "\"%.200s\" exists already", self->request->to);
    error_hint(error, "move what is in it one by one, or give another name");
    return GROVE_CONFLICT;
}

// --- contents ------------------------------------------------------------------------------------

// The leaf that the path names, made where it is missing.
static enum grove_code make_leaf(const struct moving *self, int32_t *ret_leaf_id,
                                 struct grove_error *error)
{
    static const struct text none;
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    pg_add_text(&params, self->table);
    pg_add_text_array(&params, self->arena, &self->to.branch, 1);
    pg_add_text_array(&params, self->arena, &self->to.limb, 1);
    pg_add_text_array(&params, self->arena, &self->to.leaf, 1);
    pg_add_text_array(&params, self->arena, &none, 1);
    enum grove_code code =
        hold_query(self->conn, self->arena, query_sql("leaves_of.sql"), &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    if (rows.count != 1) {
        code = error_set(error, GROVE_CONFLICT, "the leaf has just been removed");
        error->retry = GROVE_RETRY_LATER;
        return code;
    }
    *ret_leaf_id = pg_int4(&rows, 0, 1);
    self->report->leaves_created = pg_bool(&rows, 0, 2);
    return GROVE_OK;
}

// What is on a leaf differs by type and chunk number.
static void explain(struct grove_error *error)
{
    if (strcmp(error->sqlstate, "23505") != 0)
        return;
    char detail[sizeof error->detail];
    memcpy(detail, error->detail, sizeof detail);
    error_set(error, GROVE_CONFLICT,
              "a content of the same type and chunk number is there already");
    if (detail[0])
        error_detail(error, "%s", detail);
    error_hint(error, "nothing was moved; give one of them another chunk_number, or remove it");
}

static enum grove_code move_ids(struct moving *self, struct grove_error *error)
{
    const struct grove_move_request *request = self->request;
    struct held_ids held = {request->content_ids, request->content_id_count};
    struct text names[LEVELS];
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    int32_t leaf_id = 0;
    enum grove_code code = read_target(self, error);
    if (code == GROVE_OK && names_of(&self->to, names) < LEVELS) {
        error_set(error, GROVE_INVALID, "contents are on leaves, and \"%.200s\" is none",
                  request->to);
        error_hint(error, "a leaf's path has four parts: tree/branch/limb/leaf");
        return GROVE_INVALID;
    }
    if (code == GROVE_OK)
        code = hold_ids(self->conn, self->arena, request->document, &held, error);
    if (code == GROVE_OK)
        code = make_leaf(self, &leaf_id, error);
    if (code == GROVE_OK)
        code = hold_leaf(self->conn, self->table, leaf_id, self->arena, error);
    if (code != GROVE_OK)
        return code;
    pg_add_int4_array(&params, self->arena, held.ids, held.count);
    pg_add_text(&params, self->table);
    pg_add_int4(&params, leaf_id);
    code = hold_query(self->conn, self->arena, query_sql("move_ids.sql"), &params, &rows, error);
    if (code != GROVE_OK)
        explain(error);
    if (code == GROVE_OK)
        code = hold_check_found(&rows, error);
    self->report->contents = rows.count;
    return code;
}

// --- places --------------------------------------------------------------------------------------

static enum grove_code rename_leaves(const struct moving *self, const struct held_place *from,
                                     struct grove_error *error)
{
    static const char *const formats[LEVELS] = {
        "UPDATE %s SET branch = $2 WHERE id = ANY ($1)",
        "UPDATE %s SET branch = $2, limb = $3 WHERE id = ANY ($1)",
        "UPDATE %s SET branch = $2, limb = $3, leaf = $4 WHERE id = ANY ($1)",
    };
    struct text names[LEVELS];
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    size_t depth = names_of(&self->to, names);
    CHECK(depth > 0);
    pg_add_same(&params, &from->leaf_array, 0);
    for (size_t i = 0; i < depth; i++)
        pg_add_text(&params, names[i]);
    return hold_query(self->conn, self->arena,
                      hold_table_sql(self->arena, formats[depth - 1], self->table), &params, &rows,
                      error);
}

static enum grove_code move_to_tree(const struct moving *self, const struct held_place *from,
                                    struct grove_error *error)
{
    struct text names[LEVELS];
    struct pg_params leaves = {0}, contents = {0}, old = {0};
    struct pg_rows rows = {0};
    const int32_t *from_ids = NULL, *to_ids = NULL;
    size_t from_count = 0, to_count = 0;
    (void)names_of(&self->to, names);
    pg_add_text(&leaves, from->predicate.hierarchy_table);
    pg_add_same(&leaves, &from->leaf_array, 0);
    pg_add_text(&leaves, self->table);
    for (size_t i = 0; i < LEVELS; i++)
        pg_add_text(&leaves, names[i]);
    enum grove_code code =
        hold_query(self->conn, self->arena, query_sql("move_leaves.sql"), &leaves, &rows, error);
    if (code == GROVE_OK)
        code = pg_int4_array(&rows, 0, 0, self->arena, &from_ids, &from_count, error);
    if (code == GROVE_OK)
        code = pg_int4_array(&rows, 0, 1, self->arena, &to_ids, &to_count, error);
    if (code != GROVE_OK)
        return code;
    CHECK(from_count == to_count);
    CHECK(from_count == from->leaves.count);
    pg_add_text(&contents, from->predicate.hierarchy_table);
    pg_add_int4_array(&contents, self->arena, from_ids, from_count);
    pg_add_text(&contents, self->table);
    pg_add_int4_array(&contents, self->arena, to_ids, to_count);
    code = hold_query(self->conn, self->arena, query_sql("move_to_leaves.sql"), &contents, &rows,
                      error);
    if (code != GROVE_OK)
        return code;
    self->report->leaves_created = (int64_t)to_count;
    pg_add_same(&old, &from->leaf_array, 0);
    return hold_query(self->conn, self->arena,
                      hold_table_sql(self->arena, "DELETE FROM %s WHERE id = ANY ($1)",
                                     from->predicate.hierarchy_table),
                      &old, &rows, error);
}

static enum grove_code check_depths(const struct moving *self, const struct path *from,
                                    struct grove_error *error)
{
    static const char *const levels[] = {"tree", "branch", "limb", "leaf"};
    struct text names[LEVELS];
    size_t from_depth = names_of(from, names), to_depth = names_of(&self->to, names);
    static_assert(ARRAY_COUNT(levels) == LEVELS + 1, "a name for each");
    if (from_depth == 0 || to_depth == 0) {
        error_set(error, GROVE_INVALID, "a tree is not moved");
        error_hint(error, "grove subject rename gives one another name");
        return GROVE_INVALID;
    }
    if (from_depth == to_depth)
        return GROVE_OK;
    error_set(error, GROVE_INVALID, "a %s cannot become a %s", levels[from_depth],
              levels[to_depth]);
    error_hint(error, "both paths have the same number of parts: the second says what it is called "
                      "then");
    return GROVE_INVALID;
}

static enum grove_code count_moved(const struct moving *self, const struct held_place *from,
                                   struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    predicate_add_params(&from->predicate, self->arena, &params);
    enum grove_code code =
        hold_query(self->conn, self->arena, query_sql("count.sql"), &params, &rows, error);
    if (code == GROVE_OK)
        self->report->contents = pg_int8(&rows, 0, 0);
    self->report->leaves = (int64_t)from->leaves.count;
    return code;
}

static enum grove_code move_place(struct moving *self, struct grove_error *error)
{
    const struct grove_filter filter = {.path = self->request->from};
    struct held_place from;
    struct path path;
    enum grove_code code = path_parse(self->arena, self->request->from, &path, error);
    if (code == GROVE_OK)
        code = parse_target(self, error);
    if (code == GROVE_OK)
        code = check_depths(self, &path, error);
    if (code == GROVE_OK)
        code = read_target(self, error);
    if (code == GROVE_OK)
        code = hold_place(self->conn, &filter, self->arena, &from, error);
    if (code == GROVE_OK)
        code = hold_check_attached_in(self->conn, self->arena, &from.predicate, error);
    if (code == GROVE_OK)
        code = check_free(self, error);
    if (code == GROVE_OK)
        code = count_moved(self, &from, error);
    if (code != GROVE_OK)
        return code;
    return text_equal(from.predicate.hierarchy_table, self->table)
               ? rename_leaves(self, &from, error)
               : move_to_tree(self, &from, error);
}

// --- all of it -----------------------------------------------------------------------------------

static enum grove_code check_request(const struct grove_move_request *request,
                                     struct grove_error *error)
{
    int ways =
        (request->content_id_count > 0) + (request->document != NULL) + (request->from != NULL);
    if (ways != 1)
        return error_set(error, GROVE_INVALID,
                         ways == 0 ? "neither contents, a document nor a path to move"
                                   : "contents, a document or a path are moved: one of these");
    if (!request->to)
        return error_set(error, GROVE_INVALID, "no path to move to");
    if (request->content_id_count > IDS_MAX)
        return error_set(error, GROVE_LIMIT, "%zu contents at once, at most %d",
                         request->content_id_count, IDS_MAX);
    return GROVE_OK;
}

static enum grove_code move_on(struct moving *self, struct grove_error *error)
{
    enum grove_code code = pg_begin(self->conn, error);
    if (code == GROVE_OK)
        code = self->request->from ? move_place(self, error) : move_ids(self, error);
    return code == GROVE_OK && !self->request->dry_run ? pg_commit(self->conn, error) : code;
}

enum grove_code move_contents(struct store *store, struct call *call,
                              const struct grove_move_request *request,
                              struct grove_move_report *ret, struct grove_error *error)
{
    struct arena arena;
    struct moving self = {.request = request, .report = ret, .arena = &arena};
    int64_t started_us = clock_monotonic_us();
    enum grove_code code = check_request(request, error);
    if (code != GROVE_OK)
        return code;
    arena_init_counting(&arena, ANSWER_BYTES_MAX);
    code = pg_take(store->pool, call, &self.conn, error);
    if (code == GROVE_OK)
        code = move_on(&self, error);
    pg_give(&self.conn); // rolls back what was not committed
    const struct record_tree tree = {self.to.tree, self.table};
    if (code != GROVE_OK && self.table.data &&
        trees_explain_removal(store, call, &(struct record_trees){&tree, 1}, error))
        code = error->code;
    arena_release(&arena);
    ret->dry_run = request->dry_run;
    ret->seconds = (double)(clock_monotonic_us() - started_us) / 1e6;
    return code;
}
