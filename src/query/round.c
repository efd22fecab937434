// SPDX-License-Identifier: Apache-2.0
#include "query/round.h"

#include "base/check.h"
#include "query/source.h"

// Rows of which several may be one document's are kept as far as the source goes: what is left when
// they are folded is not known before.
enum grove_code round_make_room(struct run *run, const struct candidate_source *source,
                                struct grove_error *error)
{
    size_t rows = run->request->best_max;
    if (run->request->fold && !source->operations->ask)
        rows = SOURCE_RELATIONAL_ROWS_MAX;
    else if (run->request->fold && run->before.chunked)
        rows = source->reach;
    return rows > run->best.max ? best_init(&run->best, run->arena, rows, error) : GROVE_OK;
}

enum grove_code round_fold(struct run *run, size_t documents, struct grove_error *error)
{
    struct ranking *ranking = run->ranking;
    struct folding *folding = &run->folding;
    CHECK(documents > 0);
    CHECK(documents <= run->request->best_max);
    *folding = (struct folding){
        .wanted = documents, .except = run->request->except, .score_min = run->request->score_min};
    enum grove_code code =
        fold_rows(folding, ranking->conn, run->arena, run->best.items, run->best.count, error);
    if (code != GROVE_OK)
        return code;
    CHECK(folding->count <= folding->rows);
    run->result->explain.folded = (int64_t)(folding->rows - folding->count);
    ranking->items = folding->items;
    ranking->documents = folding->documents;
    ranking->count = folding->count;
    ranking->more = !folding->below_min && (run->best.more || folding->rows < run->best.count);
    return GROVE_OK;
}

// Of the rows that were compared. Where PostgreSQL alone is asked no moment was read in this
// snapshot: there may be documents.
enum grove_code round_take_best(struct run *run, const struct candidate_source *source,
                                struct grove_error *error)
{
    const struct ranking_request *request = run->request;
    struct ranking *ranking = run->ranking;
    CHECK(run->best.max >= request->best_max);
    best_finish(&run->best);
    ranking->items = run->best.items;
    ranking->count = run->best.count;
    ranking->more = run->best.more;
    ranking->documents = NULL;
    ranking->chunked = !source->operations->ask || run->now.chunked;
    if (!request->fold || !ranking->chunked)
        return GROVE_OK;
    return round_fold(run, request->best_max - (request->except != 0), error);
}
