// SPDX-License-Identifier: Apache-2.0
//
// Running statements: in a pipeline, one or several in a round trip.
//
// A transaction costs no round trips of its own: its beginning goes ahead of the first statement in
// it, and who has asked for its last rows sends COMMIT along with them (pg_end).
//
// Outside of a transaction two things are mended unseen. A connection that the server has ended
// before anything was sent is replaced. A prepared statement that the server no longer has, has
// already, or cannot use any more (a pooler, or an altered table) is prepared anew, and tried once
// more: its failure undid all that it did. Within a transaction that is not possible, since what
// came before is lost with it; the statement is prepared anew the next time.
#include <assert.h>
#include <stdio.h>

#include "base/call.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "pg/conn.h"
#include "pg/types.h"

enum {
    NAME_SIZE = 64,
    FRESH_US = 100,
    LONGEST_MS = 1 << 30, // that a server waits for, less than its limit
};

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
    CHECK(!conn->begin || conn->broken || !in_transaction(conn));
}

// Where statement follows upon statement, a look before each would be felt.
static bool answered_just_now(const struct pg_conn *conn)
{
    return clock_monotonic_us() - conn->answered_us < FRESH_US;
}

// A statement may be sent: the connection is there, or another is in its place.
static enum grove_code be_connected(struct pg_conn *conn, struct grove_error *error)
{
    if (conn->broken)
        return pg_set_error(conn, NULL, error);
    if (!conn->ready || in_transaction(conn) || answered_just_now(conn) || !pg_has_ended(conn))
        return GROVE_OK;
    return pg_reconnect(conn, error);
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

// --- prepared statements -------------------------------------------------------------------------

static struct pg_prepared *find_prepared(struct pg_conn *conn, const char *name)
{
    CHECK(name[0]);
    for (unsigned i = 0; i < conn->prepared_count; i++)
        if (strcmp(conn->prepared[i].name, name) == 0)
            return &conn->prepared[i];
    return NULL;
}

// Names are literals of the program: there are few, and they outlive the connection.
static struct pg_prepared *note_statement(struct pg_conn *conn, const char *name)
{
    struct pg_prepared *known = find_prepared(conn, name);
    if (known)
        return known;
    CHECK(conn->prepared_count < PG_PREPARED_MAX);
    conn->prepared[conn->prepared_count] = (struct pg_prepared){.name = name};
    return &conn->prepared[conn->prepared_count++];
}

static void name_at_server(const struct pg_prepared *prepared, char ret_name[static NAME_SIZE])
{
    int length = prepared->generation == 0
                     ? snprintf(ret_name, NAME_SIZE, "%s", prepared->name)
                     : snprintf(ret_name, NAME_SIZE, "%s#%u", prepared->name, prepared->generation);
    CHECK(length > 0 && length < NAME_SIZE);
}

static bool is_named(const struct pg_conn *conn, const struct pg_statement *statement)
{
    return statement->name[0] && !conn->unnamed;
}

// Whether the failure is of what the server keeps for us, not of the statement. Then it is not used
// again.
static bool forget_statement(struct pg_conn *conn, const struct pg_statement *statement,
                             struct grove_error *error)
{
    static const char *const forgotten = "26000", *const there_already = "42P05",
                             *const cannot_be_used = "0A000"; // its columns have changed
    struct pg_prepared *prepared =
        is_named(conn, statement) ? find_prepared(conn, statement->name) : NULL;
    if (!prepared || conn->broken)
        return false;
    bool lost =
        strcmp(error->sqlstate, forgotten) == 0 || strcmp(error->sqlstate, there_already) == 0;
    if (!lost && (strcmp(error->sqlstate, cannot_be_used) != 0 || !prepared->usable))
        return false;
    prepared->generation++;
    prepared->usable = prepared->checked = false;
    conn->unnamed = conn->pooled && lost; // it would happen again and again
    error->retry = GROVE_RETRY_LATER;
    return true;
}

// --- pipeline ------------------------------------------------------------------------------------

// What is in flight, in order; results come back in the same order.
enum pipeline_kind { PIPELINE_PREPARE, PIPELINE_ROWS };
enum { BEGINNING_MAX = 7, PIPELINE_REQUESTS_MAX = PG_REQUESTS_MAX + BEGINNING_MAX + 1 };

struct pipeline {
    const struct pg_request *asked;
    enum pipeline_kind kinds[2 * PIPELINE_REQUESTS_MAX];
    size_t requests[2 * PIPELINE_REQUESTS_MAX];
    size_t count;
    size_t failed; // the request that failed first
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

static bool send_bound(struct pg_conn *conn, const struct pg_statement *statement,
                       const struct bound *bound)
{
    if (!is_named(conn, statement))
        return PQsendQueryParams(conn->link, statement->sql, bound->count, bound->types,
                                 bound->values, bound->lengths, bound->formats, 1) == 1;
    char name[NAME_SIZE];
    name_at_server(find_prepared(conn, statement->name), name);
    return PQsendQueryPrepared(conn->link, name, bound->count, bound->values, bound->lengths,
                               bound->formats, 1) == 1;
}

static bool send_request(struct pg_conn *conn, struct pipeline *pipeline, size_t i)
{
    const struct pg_request *request = &pipeline->asked[i];
    const struct pg_statement *statement = request->statement;
    CHECK(statement->name);
    CHECK(statement->sql);
    struct bound bound;
    bind(request->params, &bound);
    if (is_named(conn, statement)) {
        struct pg_prepared *prepared = note_statement(conn, statement->name);
        char name[NAME_SIZE];
        name_at_server(prepared, name);
        if (!prepared->usable && !sent_before(pipeline->asked, i)) {
            expect(pipeline, PIPELINE_PREPARE, i);
            if (PQsendPrepare(conn->link, name, statement->sql, bound.count, bound.types) != 1)
                return false;
        }
    }
    expect(pipeline, PIPELINE_ROWS, i);
    return send_bound(conn, statement, &bound);
}

// The result of what is next in the pipeline; libpq ends each with a NULL.
static PGresult *next_in_pipeline(struct pg_conn *conn)
{
    PGresult *result = pg_next_result(conn);
    PGresult *end = result ? pg_next_result(conn) : NULL;
    PQclear(end);
    return result;
}

static void leave_pipeline(struct pg_conn *conn)
{
    PGresult *sync = pg_next_result(conn);
    if (PQresultStatus(sync) != PGRES_PIPELINE_SYNC)
        conn->broken = true;
    PQclear(sync);
    if (!conn->broken && PQexitPipelineMode(conn->link) != 1)
        conn->broken = true;
    CHECK(conn->broken || PQpipelineStatus(conn->link) == PQ_PIPELINE_OFF);
}

// Results go to the arena as they come, also of a pipeline that fails later.
static enum grove_code receive(struct pg_conn *conn, struct arena *arena, struct pipeline *pipeline,
                               struct pg_rows *ret_rows, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    CHECK(pipeline->count > 0);
    for (size_t i = 0; i < pipeline->count && !conn->broken; i++) {
        PGresult *result = next_in_pipeline(conn);
        size_t request = pipeline->requests[i];
        const struct pg_statement *statement = pipeline->asked[request].statement;
        bool good = result && !conn->broken && succeeded(result);
        if (!good && code == GROVE_OK) {
            code = pg_set_error(conn, succeeded(result) ? NULL : result, error);
            pipeline->failed = request;
        }
        if (good && pipeline->kinds[i] == PIPELINE_PREPARE)
            find_prepared(conn, statement->name)->usable = true;
        if (good && code == GROVE_OK && pipeline->kinds[i] == PIPELINE_ROWS)
            code = keep_result(arena, result, &ret_rows[request], error);
        else
            PQclear(result);
    }
    if (!conn->broken)
        leave_pipeline(conn);
    if (conn->broken && code == GROVE_OK)
        code = pg_set_error(conn, NULL, error);
    pg_settle(conn);
    conn->answered_us = clock_monotonic_us();
    return code;
}

static enum grove_code pipeline_once(struct pg_conn *conn, struct arena *arena,
                                     struct pipeline *pipeline, size_t count,
                                     struct pg_rows *ret_rows, struct grove_error *error)
{
    enum grove_code code = pg_start(conn, error);
    if (code != GROVE_OK)
        return code;
    pipeline->count = 0;
    bool sent = PQenterPipelineMode(conn->link) == 1;
    for (size_t i = 0; sent && i < count; i++)
        sent = send_request(conn, pipeline, i);
    if (!sent || PQpipelineSync(conn->link) != 1) {
        conn->broken = true;
        return pg_set_error(conn, NULL, error);
    }
    CHECK(pipeline->count >= count); // the rows of each, and what had to be prepared first
    CHECK(pipeline->count <= 2 * count);
    return receive(conn, arena, pipeline, ret_rows, error);
}

// --- what was answered ---------------------------------------------------------------------------

// How the server calls a type, where it still answers.
static void name_of_type(struct pg_conn *conn, Oid type, char ret_name[static NAME_SIZE])
{
    static const struct pg_statement format_type = {"", "SELECT format_type($1, NULL)"};
    struct pg_params params = {0};
    pg_add_int4(&params, (int32_t)type);
    params.types[0] = PG_OID;
    const struct pg_request request = {&format_type, &params};
    struct pipeline pipeline = {.asked = &request};
    struct pg_rows rows;
    struct arena arena;
    struct grove_error ignored;
    arena_init(&arena, 1 << 12);
    snprintf(ret_name, NAME_SIZE, "number %u", type);
    if (pipeline_once(conn, &arena, &pipeline, 1, &rows, &ignored) == GROVE_OK && rows.count == 1 &&
        !pg_is_null(&rows, 0, 0))
        snprintf(ret_name, NAME_SIZE, "%.*s", TEXT_ARGS(pg_text(&rows, 0, 0)));
    arena_release(&arena);
}

// A table may have been altered by hand. The types of a prepared statement stay: they are looked at
// once.
static enum grove_code check_answer(struct pg_conn *conn, const struct pg_statement *statement,
                                    const PGresult *result, struct grove_error *error)
{
    struct pg_prepared *prepared =
        is_named(conn, statement) ? find_prepared(conn, statement->name) : NULL;
    if (prepared && prepared->checked)
        return GROVE_OK;
    struct pg_answer answer;
    pg_answer_read(statement->sql, &answer);
    int column = pg_answer_misfit(&answer, result);
    if (prepared)
        prepared->checked = column < 0;
    if (column < 0)
        return GROVE_OK;
    char type[NAME_SIZE];
    name_of_type(conn, PQftype(result, column), type);
    error_set(error, GROVE_UNSUPPORTED, "the database's column \"%s\" is of the type %s, not %s",
              PQfname(result, column), type, pg_answer_kind_name(&answer, column));
    error_hint(error, "a table of grove was altered: give the column its type back, as "
                      "docs/deviations.md and sql/ have it");
    error->origin = GROVE_ORIGIN_POSTGRES;
    return GROVE_UNSUPPORTED;
}

// --- how a transaction begins --------------------------------------------------------------------

enum {
    // The server ends a statement by itself when we cannot ask it to: because we died.
    ORPHAN_MS = 2000,
    // And a transaction that writes, whose locks others wait for: because we were stopped, or our
    // host has gone. Between its statements we compute at most, for moments.
    IDLE_MS = 30000,
    ROLLBACK_MS = 1000,
};

static const char begin_read_committed[] = "BEGIN ISOLATION LEVEL READ COMMITTED";

// What is sent in one round trip: the beginning of a transaction, and what was asked for.
struct round_trip {
    struct pg_request requests[PIPELINE_REQUESTS_MAX];
    struct pg_rows rows[PIPELINE_REQUESTS_MAX];
    size_t count;
    struct pg_statement begin, limit, idle;
    char limit_sql[64], idle_sql[72];
};

static void add_request(struct round_trip *trip, const struct pg_statement *statement)
{
    CHECK(trip->count < BEGINNING_MAX);
    trip->requests[trip->count++] = (struct pg_request){statement, NULL};
}

// What the session would have set where there is no pooler (connect.c), and until when the call may
// take.
static void add_beginning(const struct pg_conn *conn, struct round_trip *trip)
{
    static const struct pg_statement settings[] = {{"", "SET LOCAL timezone = 'UTC'"},
                                                   {"", "SET LOCAL datestyle = 'ISO'"},
                                                   {"", "SET LOCAL search_path = public"},
                                                   {"", "SET LOCAL lock_timeout = 0"}};
    bool limited = conn->call && conn->call->deadline_us != CALL_FOREVER;
    trip->begin = (struct pg_statement){"", conn->begin};
    add_request(trip, &trip->begin);
    for (size_t i = 0; conn->pooled && i < ARRAY_COUNT(settings); i++)
        add_request(trip, &settings[i]);
    if (conn->begin == begin_read_committed) {
        snprintf(trip->idle_sql, sizeof trip->idle_sql,
                 "SET LOCAL idle_in_transaction_session_timeout = %lld",
                 (long long)KNOB(PG_IDLE_MS, IDLE_MS));
        trip->idle = (struct pg_statement){"", trip->idle_sql};
        add_request(trip, &trip->idle);
    }
    if (!limited && !conn->pooled)
        return;
    snprintf(trip->limit_sql, sizeof trip->limit_sql, "SET LOCAL statement_timeout = %u",
             limited ? call_left_ms(conn->call, LONGEST_MS) + ORPHAN_MS : 0);
    trip->limit = (struct pg_statement){"", trip->limit_sql};
    add_request(trip, &trip->limit);
}

static enum grove_code make_trip_once(struct pg_conn *conn, struct arena *arena,
                                      struct round_trip *trip, size_t *ret_failed,
                                      struct grove_error *error)
{
    struct pipeline pipeline = {.asked = trip->requests};
    enum grove_code code = pipeline_once(conn, arena, &pipeline, trip->count, trip->rows, error);
    for (size_t i = 0; code == GROVE_OK && i < trip->count; i++) {
        code = check_answer(conn, trip->requests[i].statement, trip->rows[i].result, error);
        pipeline.failed = i;
    }
    *ret_failed = pipeline.failed;
    return code;
}

// `alone`: nothing came before it in its transaction, so it may be tried once more.
static enum grove_code make_trip(struct pg_conn *conn, struct arena *arena, struct round_trip *trip,
                                 bool alone, struct grove_error *error)
{
    size_t failed = 0;
    enum grove_code code = make_trip_once(conn, arena, trip, &failed, error);
    if (code != GROVE_OK && forget_statement(conn, trip->requests[failed].statement, error) &&
        alone) {
        if (in_transaction(conn))
            pg_rollback(conn); // it was begun with the trip
        code = make_trip_once(conn, arena, trip, &failed, error);
    }
    const char *name = trip->requests[failed].statement->name;
    if (code != GROVE_OK && name[0])
        error_context(error, "running %s", name);
    return code;
}

// Of statements that come outside of a transaction: whether they get one, since the session's own
// would be of another level. VACUUM wants none, and has no snapshot that others could fail by.
static bool wants_transaction(const struct pg_conn *conn, const struct pg_request *requests,
                              size_t count)
{
    for (size_t i = 0; conn->levelled && i < count; i++)
        if (strstr(requests[i].statement->sql, "\nVACUUM "))
            return false;
    return conn->levelled && count > 0;
}

enum grove_code pg_pipeline(struct pg_conn *conn, struct arena *arena,
                            const struct pg_request *requests, size_t count,
                            struct pg_rows *ret_rows, struct grove_error *error)
{
    check_usable(conn);
    CHECK(count <= PG_REQUESTS_MAX);
    CHECK(count > 0 || conn->begin);
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; code == GROVE_OK && i < count; i++)
        code = check_params(requests[i].params, error);
    if (code == GROVE_OK)
        code = be_connected(conn, error);
    if (code != GROVE_OK)
        return code;
    struct round_trip trip = {.count = 0};
    bool alone = !conn->begin && !in_transaction(conn);
    bool within = alone && wants_transaction(conn, requests, count);
    if (within)
        conn->begin = begin_read_committed;
    if (conn->begin)
        add_beginning(conn, &trip);
    size_t beginning = trip.count;
    for (size_t i = 0; i < count; i++)
        trip.requests[trip.count++] = requests[i];
    if (within)
        trip.requests[trip.count++] = (struct pg_request){&pg_end, NULL};
    code = make_trip(conn, arena, &trip, alone, error);
    if (within && !conn->broken)
        pg_rollback(conn);
    if (within || conn->broken || in_transaction(conn) || code == GROVE_OK)
        conn->begin = NULL;
    for (size_t i = 0; i < count; i++)
        ret_rows[i] = trip.rows[beginning + i];
    return code;
}

// Where what comes next cannot go along.
static enum grove_code begin_now(struct pg_conn *conn, struct grove_error *error)
{
    struct arena arena;
    if (!conn->begin)
        return GROVE_OK;
    arena_init(&arena, 1 << 12);
    enum grove_code code = pg_pipeline(conn, &arena, NULL, 0, NULL, error);
    arena_release(&arena);
    return code;
}

// --- one statement -------------------------------------------------------------------------------

enum grove_code pg_query(struct pg_conn *conn, struct arena *arena,
                         const struct pg_statement *statement, const struct pg_params *params,
                         struct pg_rows *ret_rows, struct grove_error *error)
{
    return pg_pipeline(conn, arena, &(struct pg_request){statement, params}, 1, ret_rows, error);
}

// The last result of what was sent (`sent`), as PQexec gives it, judged.
static enum grove_code finish(struct pg_conn *conn, bool sent, PGresult **ret,
                              struct grove_error *error)
{
    PGresult *last = NULL, *next;
    while (sent && (next = pg_next_result(conn))) {
        PQclear(last);
        last = next;
        ExecStatusType status = PQresultStatus(next);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
            conn->broken = true; // nobody here would go on with it
    }
    enum grove_code code = GROVE_OK;
    bool good = succeeded(last) || PQresultStatus(last) == PGRES_EMPTY_QUERY;
    if (!sent || conn->broken || !good)
        code = pg_set_error(conn, good ? NULL : last, error);
    pg_settle(conn);
    conn->answered_us = clock_monotonic_us();
    if (code == GROVE_OK)
        *ret = last;
    else
        PQclear(last);
    return code;
}

// By the simple protocol; the last result.
static enum grove_code run_simple(struct pg_conn *conn, const char *sql, PGresult **ret,
                                  struct grove_error *error)
{
    check_usable(conn);
    CHECK(sql);
    enum grove_code code = begin_now(conn, error);
    if (code == GROVE_OK)
        code = be_connected(conn, error);
    if (code == GROVE_OK)
        code = pg_start(conn, error);
    return code == GROVE_OK ? finish(conn, PQsendQuery(conn->link, sql) == 1, ret, error) : code;
}

enum grove_code pg_query_once(struct pg_pool *pool, struct call *call, struct arena *arena,
                              const struct pg_statement *statement, const struct pg_params *params,
                              struct pg_rows *ret_rows, struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    enum grove_code code = pg_take(pool, call, &conn, error);
    if (code == GROVE_OK)
        code = pg_query(conn, arena, statement, params, ret_rows, error);
    pg_give(&conn);
    return code;
}

enum grove_code pg_exec(struct pg_conn *conn, const char *sql, struct grove_error *error)
{
    PGresult *result = NULL;
    enum grove_code code = run_simple(conn, sql, &result, error);
    PQclear(result);
    return code;
}

// --- transactions --------------------------------------------------------------------------------

const struct pg_statement pg_end = {"", "COMMIT"};

// Sent with the first statement.
static enum grove_code begin(struct pg_conn *conn, const char *sql, struct grove_error *error)
{
    CHECK(!conn->begin);
    CHECK(conn->broken || !in_transaction(conn)); // a snapshot would be an older one
    if (conn->broken)
        return pg_set_error(conn, NULL, error);
    conn->begin = sql;
    return GROVE_OK;
}

enum grove_code pg_begin(struct pg_conn *conn, struct grove_error *error)
{
    return begin(conn, begin_read_committed, error);
}

enum grove_code pg_begin_snapshot(struct pg_conn *conn, struct grove_error *error)
{
    return begin(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error);
}

// COMMIT of a transaction that has failed answers ROLLBACK, which is no error to PostgreSQL but
// is one to whoever believes the rows are stored.
enum grove_code pg_commit(struct pg_conn *conn, struct grove_error *error)
{
    PGresult *result = NULL;
    if (conn->begin) { // nothing was done in it
        conn->begin = NULL;
        return GROVE_OK;
    }
    CHECK(PQtransactionStatus(conn->link) != PQTRANS_IDLE);
    enum grove_code code = run_simple(conn, "COMMIT", &result, error);
    if (code == GROVE_OK && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        code = error_set(error, GROVE_DATABASE, "the transaction had failed and was rolled back");
    PQclear(result);
    DCHECK(code != GROVE_OK || !in_transaction(conn));
    return code;
}

// Whatever became of the call: so it has a limit of its own.
void pg_rollback(struct pg_conn *conn)
{
    struct grove_error ignored;
    struct call limit, *call = conn->call;
    conn->begin = NULL; // nothing was sent of it
    if (PQtransactionStatus(conn->link) == PQTRANS_IDLE)
        return;
    call_init(&limit);
    call_within(&limit, ROLLBACK_MS);
    conn->call = &limit;
    if (pg_exec(conn, "ROLLBACK", &ignored) != GROVE_OK)
        conn->broken = true;
    conn->call = call;
    call_add_counters(call, &limit);
    DCHECK(conn->broken || !in_transaction(conn));
}
