// SPDX-License-Identifier: Apache-2.0
//
// Discovery: the best `depth` rows of all trees are ranked exactly, grouped and measured as a
// whole, and handed out page by page.
//
// Every page ranks anew and begins behind the row that the cursor names, in the order of (score,
// id). Ranking is exact, so pages of unchanged data neither repeat nor lose a row; a row that is
// inserted between two pages appears on a later page if it ranks behind the cursor.
#include <assert.h>
#include <math.h>

#include "base/check.h"
#include "catalog/assets.h"
#include "query/cursor.h"
#include "query/freshness.h"
#include "query/limits.h"
#include "query/queries.h"
#include "query/query.h"
#include "query/ranking.h"

enum { LIMIT_DEFAULT = 20, DEPTH_DEFAULT = 1000 };
enum { GROUP_COLUMNS = 6, LIMB_COLUMNS = 4 };
#define CHUNKS_MARK (UINT64_C(1) << 62)

static_assert((int)DEPTH_DEFAULT <= GROVE_DEPTH_MAX, "what is usual may be asked for");
static_assert((int)LIMIT_DEFAULT <= (int)DEPTH_DEFAULT, "the usual page is part of what is ranked");
static_assert(sizeof(double) == sizeof(int64_t), "a cursor holds the bits of a score");

struct discovery {
    struct result *result;
    struct arena *arena;
    struct ranking ranking;
    uint64_t fingerprint;
    unsigned limit;
};

static int64_t bits_of(double score)
{
    int64_t bits;
    memcpy(&bits, &score, sizeof bits);
    return bits;
}

static double score_of_bits(int64_t bits)
{
    double score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

// The index of the first row behind the cursor's.
static size_t find_start(const struct ranking *ranking, const struct cursor *after)
{
    CHECK(after->kind == 'd');
    double score = score_of_bits(after->key);
    size_t i = 0;
    while (i < ranking->count &&
           (ranking->items[i].score > score || (ranking->items[i].score == score &&
                                                ranking->items[i].content_id <= after->content_id)))
        i++;
    CHECK(i <= ranking->count);
    return i;
}

static enum grove_code query_ranked(struct discovery *discovery, const char *file, bool scores,
                                    struct pg_rows *ret, struct grove_error *error)
{
    const struct ranking *ranking = &discovery->ranking;
    CHECK(ranking->conn); // in the snapshot in which they were ranked
    int32_t *ids = arena_alloc_array(discovery->arena, ranking->count, sizeof *ids);
    double *values = arena_alloc_array(discovery->arena, ranking->count, sizeof *values);
    if (!ids || !values)
        return error_no_memory(error, "a discovery");
    for (size_t i = 0; i < ranking->count; i++) {
        ids[i] = ranking->items[i].content_id;
        values[i] = ranking->items[i].score;
    }
    struct pg_statement statement = {file, query_sql(file)};
    struct pg_params params = {0};
    pg_add_int4_array(&params, discovery->arena, ids, ranking->count);
    if (scores)
        pg_add_float8_array(&params, discovery->arena, values, ranking->count);
    return pg_query(ranking->conn, discovery->arena, &statement, &params, ret, error);
}

static enum grove_code read_groups(struct discovery *discovery, struct grove_error *error)
{
    struct result *result = discovery->result;
    struct pg_rows rows = {0};
    enum grove_code code = query_ranked(discovery, "discover_groups.sql", true, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.columns == GROUP_COLUMNS);
    CHECK((size_t)rows.count <= discovery->ranking.count);
    int64_t grouped = 0;
    struct grove_group *groups =
        arena_alloc_array(&result->arena, (size_t)rows.count, sizeof *groups);
    if (!groups)
        return error_no_memory(error, "a result");
    for (int r = 0; r < rows.count; r++) {
        groups[r] = (struct grove_group){
            .hierarchy_table = arena_copy(&result->arena, pg_text(&rows, r, 0)),
            .content_type = arena_copy(&result->arena, pg_text(&rows, r, 1)),
            .count = pg_int8(&rows, r, 2),
            .best_score = pg_float8(&rows, r, 3),
            .branches = pg_int8(&rows, r, 4),
            .limbs = pg_int8(&rows, r, 5),
        };
        if (!groups[r].hierarchy_table || !groups[r].content_type)
            return error_no_memory(error, "a result");
        CHECK(groups[r].count > 0);
        CHECK(r == 0 || groups[r - 1].best_score >= groups[r].best_score);
        CHECK(groups[r].branches <= groups[r].limbs);
        CHECK(groups[r].limbs <= groups[r].count);
        grouped += groups[r].count;
    }
    CHECK(grouped <= result->view.total);
    result->view.groups = groups;
    result->view.group_count = (size_t)rows.count;
    return GROVE_OK;
}

// Rows come ordered by table, branch, limb; one row a limb.
static enum grove_code measure_diversity(struct discovery *discovery, struct grove_error *error)
{
    struct pg_rows rows = {0};
    enum grove_code code = query_ranked(discovery, "discover_limbs.sql", false, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.columns == LIMB_COLUMNS);
    CHECK((size_t)rows.count <= discovery->ranking.count);
    struct grove_diversity *diversity = &discovery->result->view.diversity;
    double total = (double)discovery->ranking.count, entropy = 0;
    for (int r = 0; r < rows.count; r++) {
        bool same_table = r > 0 && text_equal(pg_text(&rows, r, 0), pg_text(&rows, r - 1, 0));
        bool same_branch = same_table && text_equal(pg_text(&rows, r, 1), pg_text(&rows, r - 1, 1));
        diversity->hierarchy_tables += !same_table;
        diversity->branches += !same_branch;
        diversity->limbs++;
        double share = (double)pg_int8(&rows, r, 3) / total;
        entropy -= share * log(share);
    }
    CHECK(diversity->hierarchy_tables <= diversity->branches);
    CHECK(diversity->branches <= diversity->limbs);
    CHECK(entropy > -1e-9); // no share is more than all
    diversity->evenness = rows.count > 1 ? entropy / log((double)rows.count) : 0;
    return GROVE_OK;
}

static enum grove_code take_page(struct discovery *discovery, size_t first,
                                 struct grove_error *error)
{
    struct result *result = discovery->result;
    const struct ranking *ranking = &discovery->ranking;
    CHECK(first <= ranking->count);
    size_t left = ranking->count - first;
    size_t count = left > discovery->limit ? discovery->limit : left;
    enum grove_code code =
        ranking_hydrate(ranking, first, count, 0, result, discovery->arena, error);
    if (code != GROVE_OK || left <= discovery->limit)
        return code;
    CHECK(count == discovery->limit);
    const struct result_score *last = &ranking->items[first + count - 1];
    struct cursor next = {'d', discovery->fingerprint, bits_of(last->score), last->content_id};
    result->view.next_cursor = cursor_format(&result->arena, &next);
    return result->view.next_cursor ? GROVE_OK : error_no_memory(error, "a cursor");
}

static enum grove_code check_bounds(const struct grove_discover_request *request,
                                    struct grove_error *error)
{
    if (request->depth > GROVE_DEPTH_MAX)
        return error_set(error, GROVE_INVALID, "a depth of %u rows is too high, at most %d",
                         request->depth, GROVE_DEPTH_MAX);
    if (!(request->score_min >= -1 && request->score_min <= 1))
        return error_set(error, GROVE_INVALID, "a minimum score of %g is not between -1 and 1",
                         request->score_min);
    return freshness_check(request->freshness, error);
}

// What a cursor must not be moved across: another text, vector, depth or minimum, and from rows to
// documents. Freshness it may: the rows are in the same order, and one that waited is as one that
// was inserted since.
static uint64_t fingerprint(const struct grove_discover_request *request,
                            const struct predicate *predicate, unsigned depth)
{
    CHECK(request->text || request->vector);
    CHECK(depth > 0);
    struct text subject = request->text ? text_of(request->text)
                                        : (struct text){(const char *)request->vector,
                                                        EMBED_DIMENSION * sizeof *request->vector};
    return predicate_fingerprint(predicate, subject) ^ ((uint64_t)depth << 40) ^
           (uint64_t)bits_of(request->score_min) ^ (request->chunks ? CHUNKS_MARK : 0);
}

static enum grove_code fill_result(struct discovery *discovery, const struct cursor *after,
                                   struct grove_error *error)
{
    struct result *result = discovery->result;
    CHECK(result->view.row_count == 0);
    CHECK(result->view.group_count == 0);
    result->view.total = (int64_t)discovery->ranking.count;
    result->view.ranked = true;
    result->view.depth_reached = discovery->ranking.more;
    enum grove_code code = read_groups(discovery, error);
    if (code == GROVE_OK)
        code = measure_diversity(discovery, error);
    result_stage(result, "groups", (int64_t)result->view.group_count);
    size_t first = after->kind ? find_start(&discovery->ranking, after) : 0;
    return code == GROVE_OK ? take_page(discovery, first, error) : code;
}

static enum grove_code discover(struct query *query, const struct grove_discover_request *request,
                                struct grove_error *error)
{
    struct discovery discovery = {.result = query->result, .arena = &query->arena};
    struct predicate predicate;
    unsigned depth = request->depth ? request->depth : DEPTH_DEFAULT;
    enum grove_code code = limit_check(request->limit, LIMIT_DEFAULT, &discovery.limit, error);
    if (code == GROVE_OK)
        code = check_bounds(request, error);
    if (code == GROVE_OK && !request->text && !request->vector)
        code = error_set(error, GROVE_INVALID, "neither a text nor a vector to search for");
    if (code == GROVE_OK)
        code = predicate_check(&request->filter, discovery.arena, &predicate, error);
    if (code == GROVE_OK)
        code = predicate_check_metadata(&predicate, request->metadata, discovery.arena, error);
    if (code != GROVE_OK)
        return code;
    struct cursor after = {0};
    discovery.fingerprint = fingerprint(request, &predicate, depth);
    if (request->cursor)
        code = cursor_parse(request->cursor, 'd', discovery.fingerprint, &after, error);
    struct ranking_request wanted = {.text = request->text,
                                     .vector = request->vector,
                                     .best_max = depth,
                                     .fold = !request->chunks,
                                     .score_min =
                                         request->score_min != 0 ? request->score_min : -INFINITY,
                                     .exact = true,
                                     .freshness = request->freshness,
                                     .explain = request->explain};
    if (code == GROVE_OK)
        code = ranking_run(query->store, query->call, &wanted, &predicate, query->result,
                           discovery.arena, &discovery.ranking, error);
    if (code == GROVE_OK && request->score_min != 0)
        ranking_drop_below(&discovery.ranking, request->score_min);
    if (code == GROVE_OK)
        code = fill_result(&discovery, &after, error);
    ranking_end(&discovery.ranking);
    CHECK(code != GROVE_OK || query->result->view.row_count <= discovery.limit);
    return code;
}

enum grove_code query_discover(struct store *store, struct call *call,
                               const struct grove_discover_request *request,
                               struct grove_result **ret, struct grove_error *error)
{
    struct query query;
    enum grove_code code = query_begin(&query, store, call, error);
    if (code == GROVE_OK)
        code = discover(&query, request, error);
    return query_end(&query, code, request->explain, ret);
}
