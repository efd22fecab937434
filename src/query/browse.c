// SPDX-License-Identifier: Apache-2.0
//
// Navigation: the contents under a path, newest first, by keyset pages, with counts by type. All
// of it in PostgreSQL, in one snapshot.
#include <assert.h>
#include <math.h>

#include "base/check.h"
#include "base/clock.h"
#include "catalog/assets.h"
#include "pg/types.h"
#include "query/cursor.h"
#include "query/limits.h"
#include "query/predicate.h"
#include "query/queries.h"
#include "query/query.h"

enum { LIMIT_DEFAULT = 20 };

// $8 to $10 of browse.sql, after those of the predicate; and what the statements return.
enum { PAGE_PARAMS = PREDICATE_PARAMS + 3, COUNT_COLUMNS = 2, CREATED_COLUMN = 7 };

struct browsing {
    struct result *result;
    struct pg_conn *conn;
    struct arena *arena;
    const struct predicate *predicate;
    struct cursor after; // the row the page starts behind; kind 0: the first page
    uint64_t fingerprint;
    unsigned limit;
};

static void add_page_params(const struct browsing *browsing, struct pg_params *params)
{
    enum { INT4_OID = 23 };
    static_assert((int)INT4_OID == (int)PG_INT4, "as PostgreSQL numbers its types");
    CHECK(browsing->after.kind == 0 || browsing->after.kind == 'b');
    CHECK(browsing->limit > 0);
    CHECK(browsing->limit <= GROVE_LIMIT_MAX);
    predicate_add_params(browsing->predicate, browsing->arena, params);
    pg_add_timestamp_key(params, browsing->after.kind ? browsing->after.key : PG_NO_TIMESTAMP);
    if (browsing->after.kind)
        pg_add_int4(params, browsing->after.content_id);
    else
        pg_add_null(params, INT4_OID);
    pg_add_int4(params, (int32_t)browsing->limit + 1);
    CHECK(params->count == PAGE_PARAMS);
}

static enum grove_code take_counts(struct browsing *browsing, const struct pg_rows *rows,
                                   struct grove_error *error)
{
    struct result *result = browsing->result;
    CHECK(rows->columns == COUNT_COLUMNS);
    CHECK(result->view.total == 0);
    struct grove_group *groups =
        arena_alloc_array(&result->arena, (size_t)rows->count, sizeof *groups);
    const char *table = arena_copy(&result->arena, browsing->predicate->hierarchy_table);
    if (!groups || !table)
        return error_no_memory(error, "a result");
    for (int r = 0; r < rows->count; r++) {
        groups[r] = (struct grove_group){
            .hierarchy_table = table,
            .content_type = arena_copy(&result->arena, pg_text(rows, r, 0)),
            .count = pg_int8(rows, r, 1),
            .best_score = NAN,
            .branches = GROVE_NULL,
            .limbs = GROVE_NULL,
        };
        if (!groups[r].content_type)
            return error_no_memory(error, "a result");
        result->view.total += groups[r].count;
    }
    result->view.groups = groups;
    result->view.group_count = (size_t)rows->count;
    return GROVE_OK;
}

static enum grove_code take_page(struct browsing *browsing, const struct pg_rows *rows,
                                 struct grove_error *error)
{
    struct result *result = browsing->result;
    CHECK(rows->count <= (int)browsing->limit + 1);
    bool more = rows->count > (int)browsing->limit;
    size_t count = more ? browsing->limit : (size_t)rows->count;
    enum grove_code code = result_take_rows(result, rows, count, NULL, 0, error);
    if (code != GROVE_OK || !more)
        return code;
    CHECK(result->view.row_count == browsing->limit);
    const struct grove_row *last = &result->view.rows[count - 1];
    // Not created_at_us, which is one for many times: rows would be passed over, or come for ever.
    int64_t key = pg_timestamp_key(rows, (int)count - 1, CREATED_COLUMN);
    struct cursor next = {'b', browsing->fingerprint, key, last->content_id};
    result->view.next_cursor = cursor_format(&result->arena, &next);
    return result->view.next_cursor ? GROVE_OK : error_no_memory(error, "a cursor");
}

// A statement for each depth of a path.
#define FILES(stem) {stem "_tree.sql", stem "_branch.sql", stem "_limb.sql", stem "_leaf.sql"}
static const char *const page_files[] = FILES("browse"),
                         *const first_files[] = FILES("browse_first"),
                         *const totals_files[] = FILES("browse_totals"),
                         *const counts_files[] = FILES("browse_counts");
static_assert(ARRAY_COUNT(page_files) == PREDICATE_LEVELS + 1, "by predicate->place_depth");

// What is good for a place of few rows is not for one of many, and PostgreSQL would keep either: so
// it plans for this very place, or for any where that does for all.
static const struct pg_statement plan_once = {"", "SET LOCAL plan_cache_mode = force_generic_plan"},
                                 plan_each_time = {"",
                                                   "SET LOCAL plan_cache_mode = force_custom_plan"};

// The newest of a whole tree are read from an index.
static bool is_whole_tree(const struct predicate *predicate)
{
    return predicate->place_depth == 0 && !predicate_has_bounds(predicate);
}

// Looks among the newest of the tree before it reads the place.
static bool is_first_page(const struct browsing *browsing)
{
    const struct predicate *predicate = browsing->predicate;
    return browsing->after.kind == 0 && predicate->place_depth > 0 &&
           !predicate_has_bounds(predicate);
}

// The statement of the page.
static const char *add_rows_params(const struct browsing *browsing, struct pg_params *params)
{
    size_t depth = browsing->predicate->place_depth;
    CHECK(depth < ARRAY_COUNT(page_files));
    if (!is_first_page(browsing)) {
        add_page_params(browsing, params);
        return page_files[depth];
    }
    predicate_add_numbers(browsing->predicate, params);
    pg_add_int4(params, (int32_t)browsing->limit + 1);
    return first_files[depth];
}

// The statement that counts: the kept counts do not know of times, words and metadata.
static const char *add_count_params(const struct browsing *browsing, struct pg_params *params)
{
    const struct predicate *predicate = browsing->predicate;
    if (predicate->created_since_us == VECTOR_NONE && predicate->created_before_us == VECTOR_NONE &&
        predicate->words_min == VECTOR_NONE && predicate->words_max == VECTOR_NONE &&
        !predicate->metadata.data) {
        predicate_add_place(predicate, browsing->arena, params);
        return totals_files[predicate->place_depth];
    }
    predicate_add_params(predicate, browsing->arena, params);
    return counts_files[predicate->place_depth];
}

// What is read last ends the snapshot in the same round trip.
static enum grove_code read_page(struct browsing *browsing, bool last, struct grove_error *error)
{
    struct pg_params page_params = {0}, count_params = {0};
    const char *page_file = add_rows_params(browsing, &page_params);
    const char *counts_file = add_count_params(browsing, &count_params);
    struct pg_statement page = {page_file, query_sql(page_file)};
    struct pg_statement counts = {counts_file, query_sql(counts_file)};
    bool whole = is_whole_tree(browsing->predicate), once = whole || is_first_page(browsing);
    enum { PLAN, PAGE, COUNTS_PLAN, COUNTS, END, REQUESTS };
    const struct pg_request requests[REQUESTS] = {{once ? &plan_once : &plan_each_time, NULL},
                                                  {&page, &page_params},
                                                  {whole ? &plan_once : &plan_each_time, NULL},
                                                  {&counts, &count_params},
                                                  {&pg_end, NULL}};
    struct pg_rows rows[REQUESTS] = {0};
    enum grove_code code =
        pg_pipeline(browsing->conn, browsing->arena, requests, last ? REQUESTS : END, rows, error);
    if (code == GROVE_OK)
        code = take_page(browsing, &rows[PAGE], error);
    if (code == GROVE_OK)
        code = take_counts(browsing, &rows[COUNTS], error);
    result_stage(browsing->result, "rows and counts", rows[PAGE].count);
    return code;
}

// Which parts of which documents the rows are.
static enum grove_code read_passages(struct browsing *browsing, bool last,
                                     struct grove_error *error)
{
    enum { PASSAGES, END, REQUESTS };
    struct result *result = browsing->result;
    size_t count = result->view.row_count;
    CHECK(count <= browsing->limit);
    int32_t *ids = arena_alloc_array(browsing->arena, count, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "a result");
    for (size_t i = 0; i < count; i++)
        ids[i] = result->view.rows[i].content_id;
    struct pg_params params = {0};
    pg_add_int4_array(&params, browsing->arena, ids, count);
    pg_add_int4(&params, 0);
    struct pg_statement passages = {"passages.sql", query_sql("passages.sql")};
    const struct pg_request requests[REQUESTS] = {{&passages, &params}, {&pg_end, NULL}};
    struct pg_rows rows[REQUESTS] = {0};
    enum grove_code code =
        pg_pipeline(browsing->conn, browsing->arena, requests, last ? REQUESTS : END, rows, error);
    if (code == GROVE_OK)
        code = result_take_passages(result, &rows[PASSAGES], NULL, error);
    result_stage(result, "documents", rows[PASSAGES].count);
    return code;
}

static enum grove_code add_plans(struct browsing *browsing, struct grove_error *error)
{
    struct pg_params page_params = {0}, count_params = {0};
    const char *page_file = add_rows_params(browsing, &page_params);
    const char *counts_file = add_count_params(browsing, &count_params);
    enum grove_code code =
        result_add_plan(browsing->result, browsing->conn, page_file, &page_params, error);
    return code == GROVE_OK ? result_add_plan(browsing->result, browsing->conn, counts_file,
                                              &count_params, error)
                            : code;
}

// Between BEGIN and the end of the snapshot.
static enum grove_code browse_in_snapshot(struct browsing *browsing, struct predicate *predicate,
                                          bool explain, struct grove_error *error)
{
    CHECK(predicate->has_path);
    CHECK(browsing->predicate == predicate);
    enum grove_code code = predicate_resolve(predicate, browsing->conn, browsing->arena, error);
    result_stage(browsing->result, "path", code == GROVE_OK);
    bool parts = predicate->parts_exist;
    if (code == GROVE_OK)
        code = read_page(browsing, !explain && !parts, error);
    if (code == GROVE_OK && parts)
        code = read_passages(browsing, !explain, error);
    if (code == GROVE_OK && explain) {
        CHECK(!browsing->result->explain.strategy);
        browsing->result->explain.strategy = "navigation";
        browsing->result->explain.reason = "nothing to compare: PostgreSQL answers alone";
        browsing->result->explain.rows_matching = browsing->result->view.total;
        code = add_plans(browsing, error);
    }
    return code;
}

static enum grove_code browse(struct query *query, const struct grove_browse_request *request,
                              struct grove_error *error)
{
    if (!request->filter.path)
        return error_set(error, GROVE_INVALID, "no path to browse was given");
    struct predicate predicate;
    struct browsing browsing = {
        .result = query->result, .arena = &query->arena, .predicate = &predicate};
    enum grove_code code = limit_check(request->limit, LIMIT_DEFAULT, &browsing.limit, error);
    if (code == GROVE_OK)
        code = predicate_check(&request->filter, &query->arena, &predicate, error);
    if (code == GROVE_OK)
        code = predicate_check_metadata(&predicate, request->metadata, &query->arena, error);
    if (code != GROVE_OK)
        return code;
    // Cursors of grove before 0007 counted from another year: they are of "another query".
    browsing.fingerprint = predicate_fingerprint(&predicate, text_of("times of the server"));
    if (request->cursor)
        code = cursor_parse(request->cursor, 'b', browsing.fingerprint, &browsing.after, error);
    if (code == GROVE_OK)
        code = pg_take(query->store->pool, query->call, &browsing.conn, error);
    if (code == GROVE_OK)
        code = pg_begin_snapshot(browsing.conn, error);
    if (code == GROVE_OK)
        code = browse_in_snapshot(&browsing, &predicate, request->explain, error);
    pg_give(&browsing.conn); // ends the snapshot
    CHECK(code != GROVE_OK || query->result->view.row_count <= browsing.limit);
    return code;
}

enum grove_code query_browse(struct store *store, struct call *call,
                             const struct grove_browse_request *request, struct grove_result **ret,
                             struct grove_error *error)
{
    struct query query;
    enum grove_code code = query_begin(&query, store, call, error);
    if (code == GROVE_OK)
        code = browse(&query, request, error);
    return query_end(&query, code, request->explain, ret);
}
