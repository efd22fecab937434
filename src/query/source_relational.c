// SPDX-License-Identifier: Apache-2.0
//
// All rows that satisfy the predicate, compared in PostgreSQL's own vectors: where the engine does
// not answer, or was not to be asked.
#include <assert.h>
#include <math.h>

#include "base/check.h"
#include "catalog/assets.h"
#include "query/scorer.h"
#include "query/source.h"

enum { PART_ROWS = 2000, RELATIONAL_ROWS_MAX = 50000 };

static_assert(GROVE_DEPTH_MAX <= RELATIONAL_ROWS_MAX, "PostgreSQL can compare all that are wanted");
static_assert(RELATIONAL_ROWS_MAX % PART_ROWS == 0, "the last part does not go beyond the most");

static enum grove_code score_part(struct run *run, struct arena *part, int32_t *after,
                                  int *ret_rows, struct grove_error *error)
{
    struct pg_statement statement = {"", query_sql("score_all.sql")};
    struct pg_params params = {0};
    predicate_add_params(run->predicate, part, &params);
    pg_add_text(&params, text_of(embed_model_id(run->precision)));
    pg_add_int4(&params, *after);
    pg_add_int4(&params, PART_ROWS);
    struct pg_rows rows;
    enum grove_code code = pg_query(run->ranking->conn, part, &statement, &params, &rows, error);
    if (code == GROVE_OK)
        code = scorer_add(run, &rows, true, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count <= PART_ROWS);
    CHECK(rows.count == 0 || pg_int4(&rows, rows.count - 1, 0) > *after); // else it never ends
    if (rows.count > 0)
        *after = pg_int4(&rows, rows.count - 1, 0);
    *ret_rows = rows.count;
    return GROVE_OK;
}

static enum grove_code score_all(struct source *source, struct run *run, struct grove_error *error)
{
    struct arena part;
    arena_init_counting(&part, SOURCE_PART_BYTES_MAX);
    enum grove_code code = GROVE_OK;
    int32_t after = INT32_MIN; // below every id: a hand may insert negative ones
    source->bound = -INFINITY;
    // In the snapshot's own words: the path may lead elsewhere since the plan was made.
    predicate_forget_place(run->predicate);
    code = predicate_resolve(run->predicate, run->ranking->conn, run->arena, error);
    for (int rows = PART_ROWS; code == GROVE_OK && rows == PART_ROWS;) {
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
        code = score_part(run, &part, &after, &rows, error);
    }
    CHECK(run->scored <= RELATIONAL_ROWS_MAX);
    arena_release(&part);
    source->matched = run->scored;
    if (code == GROVE_OK)
        result_stage(run->result, "score", (int64_t)run->scored);
    return code;
}

const struct source_operations source_relational = {"relational", NULL, score_all};
