// SPDX-License-Identifier: Apache-2.0
#include "query/moment.h"

#include <string.h>

#include "base/check.h"
#include "catalog/assets.h"

enum { MOMENT_COLUMNS = 18 };

struct pg_statement moment_statement(void)
{
    return (struct pg_statement){"moment.sql", query_sql("moment.sql")};
}

void moment_add_params(struct pg_params *params, const char *collection, int64_t examined_at_us)
{
    CHECK(collection);
    pg_add_text(params, text_of(collection));
    pg_add_timestamptz(params, examined_at_us);
}

static enum grove_code take_examination(struct examined_graph *examination,
                                        const struct pg_rows *rows, struct arena *arena,
                                        struct grove_error *error)
{
    struct text graph = pg_text(rows, 0, 3);
    *examination = (struct examined_graph){
        .examined_at_us = pg_timestamp(rows, 0, 2),
        .revision = pg_int8(rows, 0, 4),
        .points = pg_int8(rows, 0, 5),
        .ef = (unsigned)pg_int4(rows, 0, 6),
        .ef_filtered = (unsigned)pg_int4(rows, 0, 7),
        .plausible = pg_float8(rows, 0, 8),
        .plausible_vectors = pg_float8(rows, 0, 13),
        .depth = (size_t)pg_int4(rows, 0, 17),
        .queries = pg_int4(rows, 0, 9),
        .recall = pg_float8(rows, 0, 10),
        .recall_worst = pg_float8(rows, 0, 11),
    };
    // A name too long for the engine's is no name of this engine's.
    if (graph.length < VECTOR_GRAPH_SIZE)
        memcpy(examination->graph, graph.data, graph.length);
    return pg_int4_array(rows, 0, 12, arena, &examination->unreached, &examination->unreached_count,
                         error);
}

enum grove_code moment_take(struct moment *moment, const struct pg_rows *rows, struct arena *arena,
                            struct grove_error *error)
{
    CHECK(rows->count == 1);
    CHECK(rows->columns == MOMENT_COLUMNS);
    *moment = (struct moment){
        .acknowledged = pg_int8(rows, 0, 0),
        .revision = pg_int8(rows, 0, 1),
        .outbox_bytes = pg_int8(rows, 0, 14),
        .chunked = pg_bool(rows, 0, 16),
        .examination.examined_at_us = INT64_MIN,
    };
    moment->knows_model = embed_precision_of(pg_text(rows, 0, 15), &moment->precision);
    return pg_is_null(rows, 0, 2) ? GROVE_OK
                                  : take_examination(&moment->examination, rows, arena, error);
}

enum grove_code moment_read(struct moment *moment, struct pg_conn *conn, struct arena *arena,
                            const char *collection, struct grove_error *error)
{
    struct pg_statement statement = moment_statement();
    struct pg_params params = {0};
    struct pg_rows rows;
    moment_add_params(&params, collection, INT64_MIN);
    enum grove_code code = pg_query(conn, arena, &statement, &params, &rows, error);
    return code == GROVE_OK ? moment_take(moment, &rows, arena, error) : code;
}

int64_t moment_rows_max(const struct moment *moment)
{
    const struct examined_graph *examination = &moment->examination;
    if (examination->examined_at_us == INT64_MIN || moment->revision < examination->revision)
        return moment->revision;
    return examination->points + (moment->revision - examination->revision);
}
