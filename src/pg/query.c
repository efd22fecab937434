// SPDX-License-Identifier: Apache-2.0
//
// Running statements: one at a time, or several in a pipeline.
#include <assert.h>
#include <stdio.h>

#include "base/check.h"
#include "pg/conn.h"

// Whether the session has something to roll back. False where the connection is lost.
static bool in_transaction(const struct pg_conn *conn)
{
    PGTransactionStatusType status = PQtransactionStatus(conn->link);
    CHECK(status != PQTRANS_ACTIVE); // a statement is under way: another thread's
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

// What holds before a statement is sent, but for a connection that is lost anyway.
static void check_usable(const struct pg_conn *conn)
{
    CHECK(conn);
    CHECK(conn->pool); // from pg_take
    CHECK(conn->prepared_count <= PG_PREPARED_MAX);
    CHECK(conn->broken || PQpipelineStatus(conn->link) == PQ_PIPELINE_OFF);
}

static void release_result(void *result)
{
    PQclear(result);
}

// Hands the result to the arena and describes it.
static enum grove_code keep_result(struct arena *arena, PGresult *result, struct pg_rows *ret_rows,
                                   struct grove_error *error)
{
    CHECK(result);
    size_t size_bytes = PQresultMemorySize(result);
    if (!arena_has_room(arena, size_bytes)) {
        PQclear(result);
        return error_set(error, GROVE_LIMIT,
                         "the rows of a statement take %zu bytes, more than fit", size_bytes);
    }
    if (arena_hold(arena, release_result, result, size_bytes) != 0)
        return error_no_memory(error, "the rows of a statement");
    int64_t affected;
    if (!text_to_int64(text_of(PQcmdTuples(result)), &affected))
        affected = 0;
    *ret_rows = (struct pg_rows){
        .result = result,
        .count = PQntuples(result),
        .columns = PQnfields(result),
        .affected = affected,
    };
    DCHECK(ret_rows->columns == 0 || PQbinaryTuples(result));
    return GROVE_OK;
}

static bool succeeded(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

static enum grove_code check_params(const struct pg_params *params, struct grove_error *error)
{
    CHECK(!params || params->count >= 0);
    CHECK(!params || params->count <= PG_PARAMS_MAX);
    return params && params->failed ? error_no_memory(error, "a statement's parameters") : GROVE_OK;
}

// The values of short parameters lie in the struct itself.
struct bound {
    int count;
    const unsigned *types;
    const char *values[PG_PARAMS_MAX];
    const int *lengths;
    int formats[PG_PARAMS_MAX];
};

static void bind(const struct pg_params *params, struct bound *ret)
{
    ret->count = params ? params->count : 0;
    ret->types = params ? params->types : NULL;
    ret->lengths = params ? params->lengths : NULL;
    for (int i = 0; i < ret->count; i++) {
        CHECK(params->types[i] != 0);
        CHECK(params->values[i] || params->lengths[i] == 0);
        ret->values[i] = params->values[i];
        ret->formats[i] = 1;
    }
}

static bool is_prepared(const struct pg_conn *conn, const char *name)
{
    CHECK(name[0]);
    for (unsigned i = 0; i < conn->prepared_count; i++)
        if (strcmp(conn->prepared[i], name) == 0)
            return true;
    return false;
}

// Names are literals of the program: there are few, and they outlive the connection.
static void note_prepared(struct pg_conn *conn, const char *name)
{
    CHECK(conn->prepared_count < PG_PREPARED_MAX);
    CHECK(!is_prepared(conn, name));
    conn->prepared[conn->prepared_count++] = name;
}

static enum grove_code prepare(struct pg_conn *conn, const struct pg_statement *statement,
                               const struct bound *bound, struct grove_error *error)
{
    CHECK(statement->name[0]);
    PGresult *result =
        PQprepare(conn->link, statement->name, statement->sql, bound->count, bound->types);
    enum grove_code code = succeeded(result) ? GROVE_OK : pg_set_error(conn, result, error);
    PQclear(result);
    if (code == GROVE_OK)
        note_prepared(conn, statement->name);
    return code;
}

static enum grove_code run(struct pg_conn *conn, const struct pg_statement *statement,
                           const struct bound *bound, PGresult **ret, struct grove_error *error)
{
    if (!statement->name[0]) {
        *ret = PQexecParams(conn->link, statement->sql, bound->count, bound->types, bound->values,
                            bound->lengths, bound->formats, 1);
        return GROVE_OK;
    }
    if (!is_prepared(conn, statement->name)) {
        enum grove_code code = prepare(conn, statement, bound, error);
        if (code != GROVE_OK)
            return code;
    }
    *ret = PQexecPrepared(conn->link, statement->name, bound->count, bound->values, bound->lengths,
                          bound->formats, 1);
    return GROVE_OK;
}

enum grove_code pg_query(struct pg_conn *conn, struct arena *arena,
                         const struct pg_statement *statement, const struct pg_params *params,
                         struct pg_rows *ret_rows, struct grove_error *error)
{
    check_usable(conn);
    CHECK(statement->name); // "" where it has none
    CHECK(statement->sql);
    enum grove_code code = check_params(params, error);
    if (code != GROVE_OK)
        return code;
    struct bound bound;
    bind(params, &bound);
    PGresult *result = NULL;
    code = run(conn, statement, &bound, &result, error);
    if (code == GROVE_OK && !succeeded(result))
        code = pg_set_error(conn, result, error);
    if (code != GROVE_OK) {
        PQclear(result);
        if (statement->name[0])
            error_context(error, "running %s", statement->name);
        return code;
    }
    return keep_result(arena, result, ret_rows, error);
}

enum grove_code pg_exec(struct pg_conn *conn, const char *sql, struct grove_error *error)
{
    check_usable(conn);
    CHECK(sql);
    PGresult *result = PQexec(conn->link, sql);
    enum grove_code code = succeeded(result) || PQresultStatus(result) == PGRES_EMPTY_QUERY
                               ? GROVE_OK
                               : pg_set_error(conn, result, error);
    PQclear(result);
    return code;
}

// --- pipeline ------------------------------------------------------------------------------------

// What is in flight, in order; results come back in the same order.
enum pipeline_kind { PIPELINE_PREPARE, PIPELINE_ROWS };
enum { PIPELINE_REQUESTS_MAX = 16 };

struct pipeline {
    enum pipeline_kind kinds[2 * PIPELINE_REQUESTS_MAX];
    size_t requests[2 * PIPELINE_REQUESTS_MAX];
    size_t count;
};
static_assert(PIPELINE_ROWS == 1, "one more kind is one more place for each request in a pipeline");

static void expect(struct pipeline *pipeline, enum pipeline_kind kind, size_t request)
{
    CHECK(pipeline->count < ARRAY_COUNT(pipeline->kinds));
    CHECK(request < PIPELINE_REQUESTS_MAX);
    pipeline->kinds[pipeline->count] = kind;
    pipeline->requests[pipeline->count++] = request;
}

static bool sent_before(const struct pg_request *requests, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(requests[j].statement->name, requests[i].statement->name) == 0)
            return true;
    return false;
}

static bool send_request(struct pg_conn *conn, const struct pg_request *requests, size_t i,
                         struct pipeline *pipeline)
{
    const struct pg_statement *statement = requests[i].statement;
    CHECK(statement->name);
    CHECK(statement->sql);
    struct bound bound;
    bind(requests[i].params, &bound);
    if (!statement->name[0]) {
        expect(pipeline, PIPELINE_ROWS, i);
        return PQsendQueryParams(conn->link, statement->sql, bound.count, bound.types, bound.values,
                                 bound.lengths, bound.formats, 1) == 1;
    }
    if (!is_prepared(conn, statement->name) && !sent_before(requests, i)) {
        expect(pipeline, PIPELINE_PREPARE, i);
        if (PQsendPrepare(conn->link, statement->name, statement->sql, bound.count, bound.types) !=
            1)
            return false;
    }
    expect(pipeline, PIPELINE_ROWS, i);
    return PQsendQueryPrepared(conn->link, statement->name, bound.count, bound.values,
                               bound.lengths, bound.formats, 1) == 1;
}

// The result of what is next in the pipeline; libpq ends each with a NULL.
static PGresult *next_result(struct pg_conn *conn)
{
    PGresult *result = PQgetResult(conn->link);
    PGresult *end = result ? PQgetResult(conn->link) : NULL;
    PQclear(end);
    return result;
}

static enum grove_code receive(struct pg_conn *conn, struct arena *arena,
                               const struct pg_request *requests, const struct pipeline *pipeline,
                               struct pg_rows *ret_rows, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    CHECK(pipeline->count > 0);
    for (size_t i = 0; i < pipeline->count; i++) {
        PGresult *result = next_result(conn);
        const struct pg_statement *statement = requests[pipeline->requests[i]].statement;
        bool good = result && succeeded(result);
        if (!good && code == GROVE_OK) {
            code = pg_set_error(conn, result, error);
            if (statement->name[0])
                error_context(error, "running %s", statement->name);
        }
        if (good && pipeline->kinds[i] == PIPELINE_PREPARE)
            note_prepared(conn, statement->name);
        if (good && code == GROVE_OK && pipeline->kinds[i] == PIPELINE_ROWS)
            code = keep_result(arena, result, &ret_rows[pipeline->requests[i]], error);
        else
            PQclear(result);
        if (conn->broken)
            return code;
    }
    PGresult *sync = PQgetResult(conn->link);
    if (PQresultStatus(sync) != PGRES_PIPELINE_SYNC)
        conn->broken = true;
    PQclear(sync);
    if (PQexitPipelineMode(conn->link) != 1)
        conn->broken = true;
    CHECK(conn->broken || PQpipelineStatus(conn->link) == PQ_PIPELINE_OFF);
    return conn->broken && code == GROVE_OK ? pg_set_error(conn, NULL, error) : code;
}

enum grove_code pg_pipeline(struct pg_conn *conn, struct arena *arena,
                            const struct pg_request *requests, size_t count,
                            struct pg_rows *ret_rows, struct grove_error *error)
{
    check_usable(conn);
    CHECK(count > 0);
    CHECK(count <= PIPELINE_REQUESTS_MAX);
    for (size_t i = 0; i < count; i++) {
        enum grove_code code = check_params(requests[i].params, error);
        if (code != GROVE_OK)
            return code;
    }
    struct pipeline pipeline = {.count = 0};
    bool sent = PQenterPipelineMode(conn->link) == 1;
    for (size_t i = 0; sent && i < count; i++)
        sent = send_request(conn, requests, i, &pipeline);
    if (!sent || PQpipelineSync(conn->link) != 1) {
        conn->broken = true;
        return pg_set_error(conn, NULL, error);
    }
    CHECK(pipeline.count >= count); // the rows of each, and what had to be prepared first
    CHECK(pipeline.count <= 2 * count);
    return receive(conn, arena, requests, &pipeline, ret_rows, error);
}

// --- transactions --------------------------------------------------------------------------------

enum grove_code pg_begin(struct pg_conn *conn, struct grove_error *error)
{
    CHECK(conn->broken || !in_transaction(conn));
    return pg_exec(conn, "BEGIN", error);
}

enum grove_code pg_begin_snapshot(struct pg_conn *conn, struct grove_error *error)
{
    CHECK(conn->broken || !in_transaction(conn)); // a snapshot would be an older one
    return pg_exec(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error);
}

// COMMIT of a transaction that has failed answers ROLLBACK, which is no error to PostgreSQL but
// is one to whoever believes the rows are stored.
enum grove_code pg_commit(struct pg_conn *conn, struct grove_error *error)
{
    check_usable(conn);
    CHECK(PQtransactionStatus(conn->link) != PQTRANS_IDLE);
    PGresult *result = PQexec(conn->link, "COMMIT");
    enum grove_code code = GROVE_OK;
    if (!succeeded(result))
        code = pg_set_error(conn, result, error);
    else if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
        code = error_set(error, GROVE_DATABASE, "the transaction had failed and was rolled back");
    PQclear(result);
    DCHECK(code != GROVE_OK || !in_transaction(conn));
    return code;
}

void pg_rollback(struct pg_conn *conn)
{
    struct grove_error ignored;
    if (pg_exec(conn, "ROLLBACK", &ignored) != GROVE_OK)
        conn->broken = true;
    DCHECK(conn->broken || !in_transaction(conn));
}
