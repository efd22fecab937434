// SPDX-License-Identifier: Apache-2.0
//
// All rows that satisfy the predicate, compared in PostgreSQL's own vectors: where the engine does
// not answer, or was not to be asked.
//
// They are read part by part, in the order of their ids. For a branch or a limb that means to join
// contents and leaves, which of a large place finds all of its rows each time. So where the first
// part was not all, the ids of the others are read at once, and then their vectors by these.
#include <assert.h>
#include <math.h>

#include "base/check.h"
#include "catalog/store.h"
#include "query/scorer.h"
#include "query/source.h"

enum { PART_ROWS = 2000, RELATIONAL_ROWS_MAX = SOURCE_RELATIONAL_ROWS_MAX };

static_assert(GROVE_DEPTH_MAX <= RELATIONAL_ROWS_MAX, "PostgreSQL can compare all that are wanted");
static_assert(RELATIONAL_ROWS_MAX % PART_ROWS == 0, "the last part does not go beyond the most");

struct rest {
    const int32_t *ids; // ascending; one more than may be compared, where there are so many
    size_t count, done;
};

static enum grove_code score_next(struct run *run, struct arena *part, int32_t *after,
                                  bool *ret_more, struct grove_error *error)
{
    struct pg_params params = {0};
    predicate_add_params(run->predicate, part, &params);
    pg_add_text(&params, text_of(embed_model_id(run->precision)));
    pg_add_int4(&params, *after);
    pg_add_int4(&params, PART_ROWS);
    struct pg_rows rows;
    enum grove_code code =
        store_query_planned_on(run->ranking->conn, part, "score_all.sql", &params, &rows, error);
    if (code == GROVE_OK)
        code = scorer_add(run, &rows, WAITING_ADDED, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count <= PART_ROWS);
    CHECK(rows.count == 0 || pg_int4(&rows, rows.count - 1, 0) > *after); // else it never ends
    if (rows.count > 0)
        *after = pg_int4(&rows, rows.count - 1, 0);
    *ret_more = rows.count == PART_ROWS;
    return GROVE_OK;
}

static enum grove_code read_rest(struct run *run, struct arena *part, int32_t after,
                                 struct rest *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    predicate_add_params(run->predicate, part, &params);
    pg_add_int4(&params, after);
    pg_add_int4(&params, RELATIONAL_ROWS_MAX - PART_ROWS + 1);
    enum grove_code code =
        store_query_planned_on(run->ranking->conn, part, "matching_ids.sql", &params, &rows, error);
    return code == GROVE_OK ? pg_int4_array(&rows, 0, 0, run->arena, &ret->ids, &ret->count, error)
                            : code;
}

// They satisfy the predicate in this very snapshot: it is not asked again.
static enum grove_code score_rest(struct run *run, struct arena *part, struct rest *rest,
                                  bool *ret_more, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct predicate any;
    size_t left = rest->count - rest->done, count = left < PART_ROWS ? left : PART_ROWS;
    enum grove_code code = predicate_check(&(struct grove_filter){0}, part, &any, error);
    if (code != GROVE_OK)
        return code;
    predicate_add_params(&any, part, &params);
    pg_add_text(&params, text_of(embed_model_id(run->precision)));
    pg_add_int4_array(&params, part, rest->ids + rest->done, count);
    code = store_query_on(run->ranking->conn, part, "score.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == (int)count);
    rest->done += count;
    *ret_more = rest->done < rest->count;
    return scorer_add(run, &rows, WAITING_ADDED, error);
}

static enum grove_code score_part(struct run *run, struct arena *part, int32_t *after,
                                  struct rest *rest, bool *ret_more, struct grove_error *error)
{
    size_t depth = run->predicate->place_depth;
    bool joined = depth > 0 && depth < PREDICATE_LEVELS;
    if (!joined || run->scored == 0)
        return score_next(run, part, after, ret_more, error);
    enum grove_code code = rest->ids ? GROVE_OK : read_rest(run, part, *after, rest, error);
    *ret_more = false;
    return code == GROVE_OK && rest->done < rest->count
               ? score_rest(run, part, rest, ret_more, error)
               : code;
}

static enum grove_code score_all(struct candidate_source *source, struct run *run,
                                 struct grove_error *error)
{
    struct arena part;
    struct rest rest = {.ids = NULL};
    arena_init_counting(&part, SOURCE_PART_BYTES_MAX);
    enum grove_code code = GROVE_OK;
    int32_t after = INT32_MIN; // below every id: a hand may insert negative ones
    source->bound = -INFINITY;
    // In the snapshot's own words: the path may lead elsewhere since the plan was made.
    predicate_forget_place(run->predicate);
    code = predicate_resolve(run->predicate, run->ranking->conn, run->arena, error);
    for (bool more = true; code == GROVE_OK && more;) {
        if (run->scored >= RELATIONAL_ROWS_MAX) {
            source->bound = INFINITY;
            result_incomplete(run->result, "only the first %d matching rows were compared, by id",
                              RELATIONAL_ROWS_MAX);
            break;
        }
        code = call_check(run->call, error);
        if (code != GROVE_OK)
            break;
        arena_clear(&part);
        code = score_part(run, &part, &after, &rest, &more, error);
    }
    CHECK(run->scored <= RELATIONAL_ROWS_MAX);
    arena_release(&part);
    source->matched = run->scored;
    if (code == GROVE_OK)
        result_stage(run->result, "score", (int64_t)run->scored);
    return code;
}

const struct source_operations source_relational = {"relational", NULL, score_all};
