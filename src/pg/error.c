// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/call.h"
#include "base/check.h"
#include "base/disk.h"
#include "pg/pool_private.h"

enum { SQLSTATE_LENGTH = 5 };
static_assert(sizeof((struct grove_error){0}.sqlstate) > SQLSTATE_LENGTH, "a whole state fits");

#define query_canceled "57014"

struct sqlstate_class {
    const char *prefix;
    enum grove_code code;
};

// The first that fits counts: whole states before their classes.
// https://www.postgresql.org/docs/16/errcodes-appendix.html
static const struct sqlstate_class sqlstate_classes[] = {
    {"23502", GROVE_INVALID}, // not_null_violation
    {query_canceled, GROVE_TIMEOUT},
    {"42501", GROVE_DENIED},    // insufficient_privilege
    {"53100", GROVE_IO},        // disk_full
    {"58030", GROVE_IO},        // io_error
    {"55P03", GROVE_TIMEOUT},   // lock_not_available
    {"3D000", GROVE_NOT_FOUND}, // invalid_catalog_name: no such database
    {"42P01", GROVE_NOT_FOUND}, // undefined_table
    // The schema is not the one that our statements were written for: somebody altered it.
    {"42703", GROVE_UNSUPPORTED}, // undefined_column
    {"42883", GROVE_UNSUPPORTED}, // undefined_function, or none for an argument of such a type
    {"42704", GROVE_UNSUPPORTED}, // undefined_object
    {"42804", GROVE_UNSUPPORTED}, // datatype_mismatch
    {"42725", GROVE_UNSUPPORTED}, // ambiguous_function
    {"XX001", GROVE_CORRUPT},     // data_corrupted
    {"XX002", GROVE_CORRUPT},     // index_corrupted
    {"22", GROVE_INVALID},        // data exception
    {"23", GROVE_CONFLICT},       // integrity constraint violation
    {"28", GROVE_DENIED},         // invalid authorization
    {"53", GROVE_LIMIT},          // insufficient resources
    {"08", GROVE_UNAVAILABLE},    // connection exception
    {"57P0", GROVE_UNAVAILABLE},  // shutdown, crash, starting up, idle for too long
    {"25P03", GROVE_UNAVAILABLE}, // idle in a transaction for too long
    {"25P04", GROVE_UNAVAILABLE}, // in a transaction for too long
    {"25006", GROVE_DENIED},      // read_only_sql_transaction
};

enum grove_code pg_code_of_sqlstate(const char *sqlstate, enum grove_code stopped)
{
    CHECK(sqlstate);
    for (size_t i = 0; i < ARRAY_COUNT(sqlstate_classes); i++) {
        const struct sqlstate_class *class = &sqlstate_classes[i];
        CHECK(class->code != GROVE_OK);
        if (strncmp(sqlstate, class->prefix, strlen(class->prefix)) != 0)
            continue;
        bool by_us = stopped != GROVE_OK && strcmp(sqlstate, query_canceled) == 0;
        return by_us ? stopped : class->code;
    }
    return GROVE_DATABASE;
}

static bool worth_repeating(const char *sqlstate)
{
    return strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0 ||
           strcmp(sqlstate, "53300") == 0; // serialization failure, deadlock, too many connections
}

void pg_one_line(const char *message, char *ret_text, size_t size_bytes)
{
    CHECK(message);
    CHECK(size_bytes > 0);
    struct text rest = text_of(message), line;
    size_t length = 0;
    ret_text[0] = '\0';
    while (length + 1 < size_bytes && text_split(&rest, '\n', &line)) {
        line = text_trim(line);
        if (line.length == 0)
            continue;
        int written = snprintf(ret_text + length, size_bytes - length, "%s%.*s",
                               length > 0 ? "; " : "", TEXT_ARGS(line));
        length += written > 0 ? (size_t)written : 0;
    }
}

static void hint_lost(struct grove_error *error)
{
    error_hint(error, "run the same command again; if this happens again, PostgreSQL's log tells "
                      "why it ended the connection");
}

static enum grove_code set_lost(struct pg_conn *conn, struct grove_error *error)
{
    char text[400];
    pg_one_line(PQerrorMessage(conn->link), text, sizeof text);
    conn->broken = true;
    error_set(error, GROVE_UNAVAILABLE, "lost the connection to PostgreSQL at %s",
              conn->description);
    if (text[0])
        error_detail(error, "%s", text);
    hint_lost(error);
    error->origin = GROVE_ORIGIN_POSTGRES;
    CHECK(error->retry == GROVE_RETRY_LATER); // whoever repeats goes by it
    return GROVE_UNAVAILABLE;
}

// The statement ended since its call did: that is what is told, not how.
static enum grove_code set_stopped(struct pg_conn *conn, const char *sqlstate,
                                   struct grove_error *error)
{
    if (pg_check_call(conn->call, error) == GROVE_OK) // the flag was lowered again
        error_set(error, conn->stop.code, "stopped on request");
    if (conn->broken)
        error_detail(error,
                     "PostgreSQL at %s did not stop the statement when it was asked to; the "
                     "connection was closed",
                     conn->description);
    if (sqlstate)
        snprintf(error->sqlstate, sizeof error->sqlstate, "%s", sqlstate);
    error->origin = GROVE_ORIGIN_POSTGRES;
    return error->code;
}

enum grove_code pg_set_error(struct pg_conn *conn, const PGresult *result,
                             struct grove_error *error)
{
    CHECK(conn->description[0]);
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    if (PQstatus(conn->link) == CONNECTION_BAD)
        conn->broken = true;
    bool stopped = conn->broken || (sqlstate && strcmp(sqlstate, query_canceled) == 0);
    if (conn->stop.code != GROVE_OK && stopped)
        return set_stopped(conn, sqlstate, error);
    if (!sqlstate && conn->broken)
        return set_lost(conn, error);
    if (!sqlstate) {
        char text[400];
        pg_one_line(PQerrorMessage(conn->link), text, sizeof text);
        error_set(error, GROVE_DATABASE, "%s", text[0] ? text : "PostgreSQL gave no answer");
        error->origin = GROVE_ORIGIN_POSTGRES;
        conn->broken = true; // its state is unknown
        return GROVE_DATABASE;
    }
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    enum grove_code code = pg_code_of_sqlstate(sqlstate, conn->stop.code);
    error_set(error, code, "%s", message ? message : "PostgreSQL gave no reason");
    if (detail)
        error_detail(error, "%s", detail);
    // To whoever wrote the statement PostgreSQL would give another hint: to add casts.
    bool full = strcmp(sqlstate, "53100") == 0;
    if (hint && code != GROVE_UNSUPPORTED && !full)
        error_hint(error, "%s", hint);
    else if (strcmp(sqlstate, "25006") == 0)
        error_hint(error, "it takes no writes: it is a standby, or default_transaction_read_only "
                          "is on");
    else if (full)
        error_hint(error, "free some space on the disk of the database, and run the same command "
                          "again; nothing is half-written");
    else if (code == GROVE_UNAVAILABLE)
        hint_lost(error);
    else if (code == GROVE_UNSUPPORTED)
        error_hint(error,
                   "a table of grove was altered, or something that grove needs was dropped: "
                   "docs/deviations.md and sql/ tell how it was");
    if (full && conn->pool->options.data_folder)
        disk_tell_free(conn->pool->options.data_folder, error);
    snprintf(error->sqlstate, sizeof error->sqlstate, "%s", sqlstate);
    error->origin = GROVE_ORIGIN_POSTGRES;
    if (worth_repeating(sqlstate))
        error->retry = GROVE_RETRY_LATER;
    CHECK(error->code == code);
    return code;
}

bool pg_has_denied(const struct grove_error *error)
{
    CHECK(error->code != GROVE_OK);
    return error->code == GROVE_DENIED && error->origin == GROVE_ORIGIN_POSTGRES;
}

// A hint may go by the text, where the code may not: libpq has no other word for it.
static void hint_connect(PGconn *link, bool password, const char *text, struct grove_error *error)
{
    char missing[300];
    snprintf(missing, sizeof missing, "database \"%s\" does not exist", link ? PQdb(link) : "");
    bool setting = strstr(text, "parameter \"TimeZone\"") ||
                   strstr(text, "parameter \"DateStyle\"") || strstr(text, "parameter \"geqo\"");
    if (setting)
        error_hint(error,
                   "unset PGTZ, PGDATESTYLE and PGGEQO in the environment: libpq sends them to "
                   "every server, and grove needs none of them");
    else if (strstr(text, missing))
        error_hint(error, "create it with createdb and run \"grove init\", or name another: in "
                          "DATABASE_URL or PGDATABASE");
    else if (password)
        error_hint(error, "check the user and password (DATABASE_URL, PGPASSWORD or ~/.pgpass)");
    else
        error_hint(error,
                   "check that the server runs there and lets you in, and DATABASE_URL or the "
                   "PG* variables; unset them to use grove's own PostgreSQL");
}

enum grove_code pg_set_connect_error(PGconn *link, const char *description,
                                     struct grove_error *error)
{
    // Before 16 libpq does not tell the SQLSTATE of a refused connection: what could not be
    // reached and what refused us look alike, but for a server that asked for a password.
    char text[400];
    pg_one_line(link ? PQerrorMessage(link) : "out of memory", text, sizeof text);
    bool password = link && (PQconnectionNeedsPassword(link) || PQconnectionUsedPassword(link));
    error_set(error, password ? GROVE_DENIED : GROVE_UNAVAILABLE,
              "could not connect to PostgreSQL at %s", description);
    if (text[0])
        error_detail(error, "%s", text);
    hint_connect(link, password, text, error);
    error->origin = GROVE_ORIGIN_POSTGRES;
    CHECK(error->code == GROVE_DENIED || error->code == GROVE_UNAVAILABLE);
    return error->code;
}
