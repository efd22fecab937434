// SPDX-License-Identifier: Apache-2.0
//
// Where the database stands at one moment: how far it has drawn revisions and acknowledged them,
// and what is known of the engine's graph. A search reads it twice, before it asks the engine and
// in the snapshot of its rows; what it may conclude from both stands at the head of ranking.c.
//
//     code = moment_read(&moment, conn, arena, collection, error);
#ifndef GROVE_QUERY_MOMENT_H
#define GROVE_QUERY_MOMENT_H

#include "embed/embed.h"
#include "pg/pg.h"
#include "vector/engine.h"

// What grove.examination keeps of a collection's graph.
struct examined_graph {
    int64_t examined_at_us; // INT64_MIN: it never was
    char graph[VECTOR_GRAPH_SIZE];
    int64_t revision;
    int64_t points;
    unsigned ef, ef_filtered; // 0: this graph is not to be trusted
    double plausible;         // the tenth score of a search for a text
    double plausible_vectors; // for a vector that is no text's
    size_t depth;             // so many rows of an answer are as good as that
    int32_t queries;          // by which it was measured
    double recall, recall_worst;
    const int32_t *unreached; // in the arena
    size_t unreached_count;
};

struct moment {
    int64_t acknowledged;
    int64_t revision;
    int64_t outbox_bytes; // of its table
    bool chunked;         // there may be chunks of documents
    bool knows_model;     // the database's vectors are of a model that there is here:
    enum embed_precision precision;
    struct examined_graph examination;
};

// Its place in a pipeline: the statement, its parameters, and what to make of its row.
struct pg_statement moment_statement(void);
void moment_add_params(struct pg_params *params, const char *collection, int64_t examined_at_us);
// With `examined_at_us` as given before, the list of unreached points is left out.
enum grove_code moment_take(struct moment *moment, const struct pg_rows *rows, struct arena *arena,
                            struct grove_error *error);

enum grove_code moment_read(struct moment *moment, struct pg_conn *conn, struct arena *arena,
                            const char *collection, struct grove_error *error);

// No more contents than these exist: each drew a revision. Exact where an examination counted them
// and nothing has changed since.
int64_t moment_rows_max(const struct moment *moment);

#endif
