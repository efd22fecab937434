// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/handle.h"
#include "api/index.h"
#include "api/limited.h"
#include "api/request.h"
#include "catalog/store.h"
#include "catalog/migrate.h"
#include "catalog/model_change.h"
#include "pg/cluster.h"
#include "sync/lineage.h"
#include "sync/resident.h"
#include "sync/verify.h"
#include "vector/private.h"

enum { STATUS_ARENA_BYTES_MAX = 1 << 20, LONG_TEXTS_MAX = 10000 };

// The message and its detail, cut to the field.
static void note_error(const struct grove_error *error, char *ret_text, size_t size_bytes)
{
    snprintf(ret_text, size_bytes, "%s%s%s", error->message, error->detail[0] ? ": " : "",
             error->detail);
}

// --- the database --------------------------------------------------------------------------------

// A server that status would start is one that does not run.
static bool database_runs(struct grove *grove, struct grove_status *status)
{
    struct cluster_status cluster;
    struct grove_error error;
    if (!grove->database_private)
        return true;
    if (!grove->has_home) {
        note_error(&grove->no_home, status->database_error, sizeof status->database_error);
        return false;
    }
    snprintf(status->database, sizeof status->database, "%.255s", grove->home.run);
    if (cluster_status(&grove->home, &cluster, &error) != GROVE_OK) {
        note_error(&error, status->database_error, sizeof status->database_error);
        return false;
    }
    status->database_waits = !cluster.running;
    if (!cluster.running)
        snprintf(status->database_error, sizeof status->database_error, "%s",
                 cluster.created ? "not running; it starts when it is needed"
                                 : "not created yet; \"grove init\" does it");
    return cluster.running;
}

// In the first pass what was looked at, and embedded where it lacked a vector; later ones find what
// was written since.
static void tell_next_model(const struct pg_rows *rows, struct grove_status *status)
{
    struct model_progress progress;
    if (pg_is_null(rows, 0, 11))
        return;
    snprintf(status->next_model, sizeof status->next_model, "%.*s",
             TEXT_ARGS(pg_text(rows, 0, 11)));
    model_progress_parse(pg_is_null(rows, 0, 12) ? text_of("") : pg_text(rows, 0, 12), &progress);
    bool first = progress.pass == 1 && progress.seen < status->contents;
    status->next_embedded = first ? progress.seen : status->contents;
}

static enum grove_code count_rows(struct pg_conn *conn, struct grove_status *status,
                                  struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, STATUS_ARENA_BYTES_MAX);
    pg_add_int4(&params, LONG_TEXTS_MAX);
    enum grove_code code = store_query_on(conn, &arena, "status.sql", &params, &rows, error);
    if (code == GROVE_OK) {
        status->contents = pg_int8(&rows, 0, 0);
        status->leaves = pg_int8(&rows, 0, 1);
        status->subjects = pg_int8(&rows, 0, 2);
        status->embeddings = pg_int8(&rows, 0, 3);
        status->pending = pg_int8(&rows, 0, 4);
        status->dead = pg_int8(&rows, 0, 5);
        status->oldest_pending_seconds = (int64_t)pg_float8(&rows, 0, 6);
        status->database_bytes = pg_int8(&rows, 0, 7);
        status->long_texts = pg_int8(&rows, 0, 8);
        status->long_texts_more = pg_bool(&rows, 0, 9);
        status->long_texts_known = pg_bool(&rows, 0, 10);
        tell_next_model(&rows, status);
    }
    arena_release(&arena);
    return code;
}

static void ask_database(struct grove *grove, struct call *call, struct grove_status *status)
{
    struct grove_error error;
    struct pg_conn *conn = NULL;
    struct migrate_schema schema = {0};
    status->schema_wanted = migrate_wanted();
    if (!database_runs(grove, status))
        return;
    enum grove_code code = handle_database(grove, call, &conn, &error);
    if (code == GROVE_OK) {
        int version = pg_server_version(conn);
        snprintf(status->database, sizeof status->database, "%s", pg_describe(conn));
        snprintf(status->database_version, sizeof status->database_version, "%d.%d",
                 version / 10000, version % 10000);
        code = migrate_read(conn, &schema, &error);
    }
    if (code == GROVE_OK)
        status->schema_version = schema.version;
    struct grove_error of_other; // that it is another one's is told by the numbers
    status->schema_works = code == GROVE_OK && migrate_judge(&schema, "", &of_other) == GROVE_OK;
    if (status->schema_works)
        code = count_rows(conn, status, &error);
    pg_give(&conn);
    if (code == GROVE_OK && status->schema_works)
        code = store_refresh_model(&grove->store, call, &error);
    status->database_ok = code == GROVE_OK;
    status->database_code = code;
    if (code != GROVE_OK)
        note_error(&error, status->database_error, sizeof status->database_error);
}

// --- the vector engine ---------------------------------------------------------------------------

static bool engine_runs(struct grove *grove, struct grove_status *status)
{
    struct vector_server_status server;
    struct grove_error error;
    if (!grove->engine_private) {
        snprintf(status->engine, sizeof status->engine, "%s", vector_describe(grove->store.engine));
        return true;
    }
    if (!grove->has_home) {
        note_error(&grove->no_home, status->engine_error, sizeof status->engine_error);
        return false;
    }
    char socket_path[PATH_MAX];
    vector_server_socket(&grove->home, socket_path);
    snprintf(status->engine, sizeof status->engine, "%.255s", socket_path);
    if (vector_server_status(&grove->home, &server, &error) != GROVE_OK) {
        note_error(&error, status->engine_error, sizeof status->engine_error);
        return false;
    }
    status->engine_waits = !server.running;
    if (!server.running)
        snprintf(status->engine_error, sizeof status->engine_error,
                 "not running; it starts when it is needed");
    return server.running;
}

static void note_outage(struct grove *grove, struct grove_status *status)
{
    struct vector_outage outage;
    vector_look(grove->store.engine, &outage);
    status->engine_out = outage.out;
    status->engine_out_seconds = outage.since_ms / 1000;
    status->engine_retry_seconds = (outage.again_in_ms + 999) / 1000;
    snprintf(status->engine_out_reason, sizeof status->engine_out_reason, "%s", outage.reason);
}

static void ask_engine(struct grove *grove, struct call *call, struct grove_status *status)
{
    struct vector_info info;
    struct grove_error error;
    if (status->database_ok && status->schema_works)
        (void)!handle_choose_collection(grove, call, &error);
    snprintf(status->collection, sizeof status->collection, "%s", grove->store.collection);
    if (!engine_runs(grove, status))
        return;
    enum grove_code code = vector_info(grove->store.engine, call, &info, &error);
    note_outage(grove, status);
    if (code != GROVE_OK && !vector_lacks_collection(&error)) {
        note_error(&error, status->engine_error, sizeof status->engine_error);
        return;
    }
    status->engine_ok = true;
    if (code != GROVE_OK) {
        snprintf(status->collection_status, sizeof status->collection_status, "missing");
        return;
    }
    status->points = (int64_t)info.points_count;
    status->points_indexed = (int64_t)info.indexed_vectors_count;
    snprintf(status->collection_status, sizeof status->collection_status, "%s", info.status);
    snprintf(status->engine_version, sizeof status->engine_version, "%s", info.version);
}

// Of stores that both answer.
static void ask_lineage(struct grove *grove, struct call *call, struct grove_status *status)
{
    struct lineage_report report;
    struct grove_error ignored; // what failed is told of the store that it failed in
    static_assert(sizeof status->doubt >= STORE_DOUBT_SIZE, "a doubt fits");
    if (!status->database_ok || !status->schema_works || !status->engine_ok)
        return;
    (void)!store_is_doubted(&grove->store, status->doubt);
    if (lineage_tell(&grove->store, call, &report, &ignored) != GROVE_OK)
        return;
    snprintf(status->identity, sizeof status->identity, "%s", report.identity);
    snprintf(status->collection_of, sizeof status->collection_of, "%s", report.owner);
    status->epoch = report.epoch;
    if (report.elsewhere && !status->doubt[0])
        snprintf(status->doubt, sizeof status->doubt,
                 "the database is projected to another collection by now");
}

// A schema of before there was a record has none.
static void ask_verified(struct grove *grove, struct call *call, struct grove_status *status)
{
    struct verify_last last;
    struct grove_error ignored;
    static_assert(sizeof status->verified_path == sizeof last.path, "a path fits");
    if (!status->database_ok || !status->schema_works ||
        verify_read_last(&grove->store, call, &last, &ignored) != GROVE_OK || !last.known)
        return;
    status->verified = true;
    status->verified_ended = last.ended;
    status->verified_quick = last.quick;
    memcpy(status->verified_path, last.path, sizeof last.path);
    status->verified_age_seconds = last.age_seconds;
    status->verified_contents = last.contents;
    status->verified_differences = last.differences;
}

// --- the resident projector ----------------------------------------------------------------------

static void ask_projector(const struct grove *grove, struct grove_status *status)
{
    struct resident_status resident;
    struct grove_error error;
    status->projector_wanted = grove->projector_wanted;
    if (!grove->has_home || !grove->database_private || !grove->engine_private)
        return;
    if (resident_status(&grove->home, &resident, &error) != GROVE_OK) {
        note_error(&error, status->projector_error, sizeof status->projector_error);
        return;
    }
    status->projector_running = resident.running;
    status->projector_pid = resident.pid;
    snprintf(status->projector_error, sizeof status->projector_error, "%s", resident.last_error);
}

// Of stores that both answer: it starts none.
static void ask_index(struct grove *grove, struct call *call, struct grove_status *status)
{
    struct examine_report report;
    struct grove_error error;
    bool known = status->database_ok && status->engine_ok &&
                 status->schema_version == status->schema_wanted &&
                 strcmp(status->collection_status, "missing") != 0;
    if (known)
        status->index = examine_look(&grove->store, call, &report, &error) == GROVE_OK
                            ? index_of(&report)
                            : index_unknown(&error);
}

enum grove_code status_read(struct grove *grove, const struct grove_limits *limits,
                            struct grove_status *ret, struct grove_error *error)
{
    struct call call;
    enum grove_code code = handle_begin(grove, HANDLE_LOOK, limits, &call, error);
    if (code != GROVE_OK)
        return code;
    struct grove_status status = {
        .database_private = grove->database_private,
        .engine_private = grove->engine_private,
    };
    if (grove->has_home)
        snprintf(status.home, sizeof status.home, "%s", grove->home.path);
    // What fails is part of the answer.
    ask_database(grove, &call, &status);
    ask_engine(grove, &call, &status);
    ask_lineage(grove, &call, &status);
    ask_verified(grove, &call, &status);
    ask_projector(grove, &status);
    ask_index(grove, &call, &status);
    snprintf(status.model, sizeof status.model, "%s",
             embed_model_id(store_precision(&grove->store)));
    *ret = status;
    return GROVE_OK;
}

GROVE_API enum grove_code grove_get_status_sized(size_t size_bytes, struct grove *grove,
                                                 struct grove_status *ret,
                                                 struct grove_error *error)
{
    struct grove_status status;
    enum grove_code code = status_read(grove, NULL, &status, error);
    if (code == GROVE_OK)
        report_give(ret, size_bytes, &status, sizeof status);
    return code;
}
