// SPDX-License-Identifier: Apache-2.0
#include "api/handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/projector.h"
#include "api/request.h"
#include "attach/take_in.h"
#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "catalog/migrate.h"
#include "pg/cluster.h"
#include "sync/lineage.h"
#include "sync/notes.h"
#include "sync/resident.h"
#include "vector/private.h"
#include "vector/qdrant.h"

GROVE_API const char *grove_version(void)
{
    return GROVE_VERSION;
}

GROVE_API void grove_free(void *memory)
{
    mem_free(memory);
}

enum {
    LOOK_TIMEOUT_MS = 10000,
    QUERY_TIMEOUT_MS = 60000,
    ENGINE_WAIT_MS = 1000, // of a query that had to start PostgreSQL, at most
};

// --- options ------------------------------------------------------------------------------------

// The option, else the environment's variable where that is not empty.
static const char *option_or_variable(const char *option, const char *variable)
{
    if (option)
        return option;
    const char *value = getenv(variable);
    return value && *value ? value : NULL;
}

static bool database_named_by_environment(void)
{
    return option_or_variable(NULL, "PGHOST") || option_or_variable(NULL, "PGHOSTADDR") ||
           option_or_variable(NULL, "PGDATABASE") || option_or_variable(NULL, "PGSERVICE");
}

static enum grove_code copy_option(const char *value, char **ret, struct grove_error *error)
{
    *ret = value ? mem_strdup(value) : NULL;
    return value && !*ret ? error_no_memory(error, "an option") : GROVE_OK;
}

// Without a home: where no server answers, so that the starters are asked.
#define NOWHERE "/dev/null"
#define NOWHERE_CONNINFO "host=" NOWHERE

// --- starting private servers --------------------------------------------------------------------

static enum grove_code start_database(void *state, struct call *call, struct grove_error *error)
{
    struct grove *grove = state;
    if (!grove->has_home) {
        *error = grove->no_home;
        return error->code;
    }
    if (grove->is_projector)
        return error_set(error, GROVE_UNAVAILABLE, "the private PostgreSQL does not run");
    atomic_store(&grove->projector_checked_at_us, 0); // it ends with its PostgreSQL
    atomic_store(&grove->database_started, true);
    return cluster_start(&grove->home, call, error);
}

static enum grove_code start_engine(void *state, struct call *call, struct grove_error *error)
{
    struct grove *grove = state;
    if (!grove->has_home) {
        *error = grove->no_home;
        return error->code;
    }
    return vector_server_start(&grove->home, call, error);
}

// --- calls without a handle ----------------------------------------------------------------------

struct grove_token {
    atomic_bool cancelled;
};

void handle_begin_without(const struct grove_limits *limits, struct call *ret)
{
    call_init(ret);
    ret->patient = true;
    call_within(ret, limits ? limits->timeout_ms : 0);
    call_obey(ret, limits && limits->token ? &limits->token->cancelled : NULL);
}

// --- opening -------------------------------------------------------------------------------------

static enum grove_code open_pool(struct grove *grove, const struct grove_options *options,
                                 struct grove_error *error)
{
    char conninfo[CLUSTER_CONNINFO_SIZE];
    struct pg_pool_options pool = {
        .conninfo = grove->database_url,
        .connections_max = options->connections_max,
    };
    if (grove->database_private) {
        pool.conninfo = NOWHERE_CONNINFO;
        if (grove->has_home) {
            cluster_conninfo(&grove->home, conninfo);
            pool.conninfo = conninfo;
            pool.data_folder = grove->home.servers;
        }
        pool.starter.start = grove->looking ? NULL : start_database;
        pool.starter.state = grove;
    }
    return pg_pool_new(&pool, &grove->store.pool, error);
}

static enum grove_code open_engine(struct grove *grove, const struct grove_options *options,
                                   struct grove_error *error)
{
    char socket_path[PATH_MAX], outage_path[PATH_MAX];
    bool shared = home_outages(grove->has_home ? &grove->home : NULL, !grove->looking, outage_path);
    struct qdrant_options engine = {
        .url = grove->engine_url,
        .api_key = option_or_variable(options->qdrant_api_key, "QDRANT_API_KEY"),
        .collection = grove->store.collection,
        .connections_max = options->connections_max,
        .outage_path = shared ? outage_path : NULL,
        .only_looks = grove->looking,
    };
    if (grove->engine_private) {
        engine.socket_path = NOWHERE "/socket";
        if (grove->has_home) {
            vector_server_socket(&grove->home, socket_path);
            engine.socket_path = socket_path;
        }
        engine.api_key = NULL;
        engine.starter.start = grove->looking ? NULL : start_engine;
        engine.starter.state = grove;
    }
    return qdrant_open(&engine, &grove->store.engine, error);
}

static enum grove_code find_model(struct grove *grove, const struct grove_options *options,
                                  struct grove_error *error)
{
    struct store *store = &grove->store;
    char assets[PATH_MAX];
    if (options->model_folder) {
        snprintf(store->model_folder, sizeof store->model_folder, "%s", options->model_folder);
    } else {
        // Without assets only what needs the model fails, when it needs it.
        struct grove_error unused;
        if (home_assets(assets, &unused) == GROVE_OK &&
            (size_t)snprintf(store->model_folder, sizeof store->model_folder, "%s/model", assets) >=
                sizeof store->model_folder)
            return error_set(error, GROVE_INVALID, "the path of the assets folder is too long");
        store->model_published = true;
        if (grove->has_home &&
            (size_t)snprintf(store->model_seal, sizeof store->model_seal, "%s/model.checked",
                             grove->home.path) >= sizeof store->model_seal)
            store->model_seal[0] = '\0';
        if (grove->has_home &&
            (size_t)snprintf(store->weights_seal, sizeof store->weights_seal, "%s/weights.checked",
                             grove->home.path) >= sizeof store->weights_seal)
            store->weights_seal[0] = '\0';
        store->model_seal_stays = grove->looking;
    }
    store->embedder_threads = options->threads;
    return GROVE_OK;
}

bool handle_precision_of(enum grove_precision precision, enum embed_precision *ret)
{
    if (precision != GROVE_PRECISION_F32 && precision != GROVE_PRECISION_REDUCED)
        return false;
    *ret = precision == GROVE_PRECISION_REDUCED ? EMBED_REDUCED : EMBED_F32;
    return true;
}

static enum grove_code find_home(struct grove *grove, const struct grove_options *options,
                                 struct grove_error *error)
{
    struct grove_error looked;
    struct call call;
    enum grove_code code = GROVE_OK;
    handle_begin_without(&options->limits, &call);
    switch (options->home_use) {
    case GROVE_HOME_MAKE: code = home_open_within(options->home, &call, &grove->home, error); break;
    case GROVE_HOME_FIND: code = home_find_within(options->home, &call, &grove->home, error); break;
    case GROVE_HOME_LOOK: code = home_look(options->home, &grove->home, error); break;
    case GROVE_HOME_NEEDLESS:
        code = home_look(options->home, &grove->home, &looked);
        if (code == GROVE_NOT_FOUND) {
            grove->no_home = looked;
            return GROVE_OK;
        }
        code = home_find_within(options->home, &call, &grove->home, error);
        break;
    default:
        return error_set(error, GROVE_INVALID, "there is no use %d of a home",
                         (int)options->home_use);
    }
    grove->has_home = code == GROVE_OK;
    return code;
}

// *ret_part: what it was at when it failed.
static enum grove_code configure(struct grove *grove, const struct grove_options *options,
                                 const char **ret_part, struct grove_error *error)
{
    *ret_part = "options";
    const char *database = option_or_variable(options->database_url, "DATABASE_URL");
    const char *engine = option_or_variable(options->qdrant_url, "QDRANT_URL");
    const char *collection = option_or_variable(options->collection, "GROVE_COLLECTION");
    grove->database_private = !database && !database_named_by_environment();
    grove->engine_private = !engine;
    grove->background_sync = options->background_sync;
    grove->looking = options->home_use == GROVE_HOME_LOOK;
    grove->store.no_query_cache = options->no_query_cache;
    if (options->embed_precision &&
        !handle_precision_of(options->embed_precision, &grove->embed_precision))
        return error_set(error, GROVE_INVALID, "there is no precision %d",
                         (int)options->embed_precision);
    grove->collection_open = !collection && grove->engine_private && !grove->database_private;
    struct store *store = &grove->store;
    if ((size_t)snprintf(store->collection, sizeof store->collection, "%s",
                         collection ? collection : "content_vectors") >= sizeof store->collection)
        return error_set(error, GROVE_INVALID, "the collection's name has more than %zu bytes",
                         sizeof store->collection - 1);
    enum grove_code code = copy_option(database, &grove->database_url, error);
    if (code == GROVE_OK)
        code = copy_option(engine, &grove->engine_url, error);
    if (code != GROVE_OK)
        return code;
    *ret_part = "home";
    if (grove->database_private || grove->engine_private)
        code = find_home(grove, options, error);
    if (code != GROVE_OK)
        return code;
    *ret_part = "model";
    code = find_model(grove, options, error);
    if (code != GROVE_OK)
        return code;
    *ret_part = "database";
    code = open_pool(grove, options, error);
    if (code != GROVE_OK)
        return code;
    *ret_part = "vector engine";
    code = open_engine(grove, options, error);
    if (code != GROVE_OK)
        return code;
    *ret_part = "projector";
    return projector_configure(grove, options, error);
}

enum grove_code handle_open(const struct grove_options *options, struct grove **ret,
                            const char **ret_part, struct grove_error *error)
{
    *ret_part = "options";
    struct grove_options copy;
    enum grove_code code = OPTIONAL_REQUEST_TAKE(&copy, options, error);
    if (code != GROVE_OK)
        return code;
    struct grove *grove = mem_zalloc(sizeof *grove);
    if (!grove)
        return error_no_memory(error, "a handle");
    grove->process = getpid();
    pthread_mutex_init(&grove->ready_mutex, NULL);
    clock_condition_init(&grove->prepared);
    store_init(&grove->store);
    grove->store.take_in = take_in_step;
    grove->limits = copy.limits;
    call_init(&grove->total);
    call_within(&grove->total, copy.total_ms);
    code = configure(grove, &copy, ret_part, error);
    if (code == GROVE_OK)
        *ret = grove;
    else
        grove_close(grove);
    return code;
}

GROVE_API enum grove_code grove_open(const struct grove_options *options, struct grove **ret,
                                     struct grove_error *error)
{
    const char *part;
    return handle_open(options, ret, &part, error);
}

GROVE_API void grove_close(struct grove *grove)
{
    // Of a parent: its threads are not here to be waited for, and a farewell on its connections
    // would end them there.
    if (!grove || grove->process != getpid())
        return;
    atomic_store(&grove->store.closing, true);
    projector_thread_stop(grove->projector);
    notes_end(&grove->store);
    store_release(&grove->store);
    pthread_cond_destroy(&grove->prepared);
    pthread_mutex_destroy(&grove->ready_mutex);
    mem_free(grove->engine_url);
    mem_free(grove->database_url);
    mem_free(grove);
}

GROVE_API void grove_cancel(struct grove *grove)
{
    atomic_fetch_add(&grove->cancel_round, 1);
}

// --- calls ---------------------------------------------------------------------------------------

GROVE_API struct grove_token *grove_token_new(void)
{
    return mem_zalloc(sizeof(struct grove_token));
}

GROVE_API void grove_token_cancel(struct grove_token *token)
{
    atomic_store(&token->cancelled, true);
}

GROVE_API void grove_token_free(struct grove_token *token)
{
    mem_free(token);
}

enum grove_code handle_begin(struct grove *grove, enum handle_work work,
                             const struct grove_limits *limits, struct call *ret,
                             struct grove_error *error)
{
    call_init(ret);
    if (grove->process != getpid()) {
        error_set(error, GROVE_INVALID,
                  "the handle belongs to process %d, which has forked this one",
                  (int)grove->process);
        error_hint(error, "open a handle in each process; see \"fork\" in grove/grove.h");
        return GROVE_INVALID;
    }
    ret->patient = work == HANDLE_TASK;
    unsigned timeout_ms =
        limits && limits->timeout_ms ? limits->timeout_ms : grove->limits.timeout_ms;
    if (timeout_ms == 0 && work != HANDLE_TASK)
        timeout_ms = work == HANDLE_LOOK ? LOOK_TIMEOUT_MS : QUERY_TIMEOUT_MS;
    call_within(ret, timeout_ms);
    if (grove->total.deadline_us < ret->deadline_us) {
        ret->deadline_us = grove->total.deadline_us;
        ret->limit_ms = grove->total.limit_ms;
    }
    call_obey(ret, &grove->store.closing);
    call_obey(ret, grove->limits.token ? &grove->limits.token->cancelled : NULL);
    call_obey(ret, limits && limits->token ? &limits->token->cancelled : NULL);
    call_obey_round(ret, &grove->cancel_round);
    return GROVE_OK;
}

// --- getting ready -------------------------------------------------------------------------------

enum grove_code handle_database(struct grove *grove, struct call *call, struct pg_conn **ret,
                                struct grove_error *error)
{
    return pg_take(grove->store.pool, call, ret, error);
}

// A resident projector of another version would end by itself, but too late for ours to begin.
static enum grove_code migrate(struct grove *grove, struct pg_conn *conn,
                               const struct migrate_options *options, unsigned *ret_applied,
                               struct grove_error *error)
{
    struct grove_error ignored;
    enum grove_code code = migrate_up_to(conn, options, ret_applied, error);
    if (code == GROVE_OK && *ret_applied > 0 && grove->projector_wanted)
        (void)!resident_stop(&grove->home, NULL, &ignored);
    return code;
}

// The schema of a private database follows the program; a server's is its owner's to change. What
// this library can work without is left to "grove init" and to the resident projector: nobody who
// asks for something else waits for an index.
static enum grove_code prepare_schema(struct grove *grove, struct pg_conn *conn,
                                      struct grove_error *error)
{
    struct migrate_schema schema;
    struct grove_error unlike;
    unsigned applied;
    // Where all is as it should be one statement tells it, and what the first call asks next.
    if (store_read_model_on(&grove->store, conn, false, &unlike) == GROVE_OK)
        return GROVE_OK;
    atomic_store(&grove->store.schema_doubted, false);
    enum grove_code code = migrate_read(conn, &schema, error);
    if (code != GROVE_OK)
        return code;
    if (grove->database_private && !grove->looking && schema.version < migrate_demanded())
        return migrate(grove, conn, &(struct migrate_options){.version = migrate_demanded()},
                       &applied, error);
    return migrate_judge(&schema, pg_describe(conn), error);
}

// Of two calls that find it open both find the same name, and one sets it.
enum grove_code handle_choose_collection(struct grove *grove, struct call *call,
                                         struct grove_error *error)
{
    struct store *store = &grove->store;
    struct arena arena;
    struct text name = {"", 0};
    pthread_mutex_lock(&grove->ready_mutex);
    bool open = grove->collection_open;
    pthread_mutex_unlock(&grove->ready_mutex);
    if (!open)
        return GROVE_OK;
    arena_init(&arena, 1 << 16);
    enum grove_code code = lineage_choose(store, call, grove->looking, &name, &arena, error);
    pthread_mutex_lock(&grove->ready_mutex);
    if (code == GROVE_OK && grove->collection_open) {
        CHECK(name.length < sizeof store->collection);
        snprintf(store->collection, sizeof store->collection, "%.*s", TEXT_ARGS(name));
        qdrant_set_collection(store->engine, store->collection);
        grove->collection_open = false;
    }
    pthread_mutex_unlock(&grove->ready_mutex);
    arena_release(&arena);
    return code;
}

static enum grove_code prepare(struct grove *grove, struct call *call, struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    enum grove_code code = pg_take(grove->store.pool, call, &conn, error);
    atomic_store(&grove->store.schema_doubted, false); // before it is looked at
    if (code == GROVE_OK)
        code = prepare_schema(grove, conn, error);
    pg_give(&conn);
    if (code == GROVE_OK)
        code = handle_choose_collection(grove, call, error);
    if (code == GROVE_OK && grove->background_sync && !grove->projector)
        code = projector_thread_start(&grove->store, &grove->projector, error);
    return code;
}

// Waits while another call prepares, which takes as long as it takes: not longer than ours may. The
// caller holds the mutex.
static enum grove_code await_other(struct grove *grove, const struct call *call,
                                   struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    while (code == GROVE_OK && grove->preparing) {
        int64_t until_us = clock_monotonic_us() + (int64_t)CALL_SLICE_MS * 1000;
        clock_wait(&grove->prepared, &grove->ready_mutex, until_us);
        code = grove->preparing ? call_check(call, error) : GROVE_OK;
    }
    if (code != GROVE_OK)
        error_context(error, "while another call was getting the servers ready");
    return code;
}

enum grove_code handle_ready(struct grove *grove, struct call *call, struct grove_error *error)
{
    pthread_mutex_lock(&grove->ready_mutex);
    enum grove_code code = await_other(grove, call, error);
    bool doubted = atomic_load(&grove->store.schema_doubted);
    bool prepares = code == GROVE_OK && (!grove->ready || doubted);
    grove->preparing |= prepares;
    pthread_mutex_unlock(&grove->ready_mutex);
    if (prepares) {
        code = prepare(grove, call, error);
        pthread_mutex_lock(&grove->ready_mutex);
        grove->ready = code == GROVE_OK;
        grove->preparing = false;
        pthread_cond_broadcast(&grove->prepared);
        pthread_mutex_unlock(&grove->ready_mutex);
    }
    if (code == GROVE_OK)
        handle_keep_projecting(grove);
    return code;
}

static enum grove_code get_ready(struct grove *grove, struct call *call, struct grove_error *error)
{
    enum grove_code code = handle_ready(grove, call, error);
    if (code != GROVE_OK)
        return code;
    // The schema may have become another one since: looked at once a second, whatever is asked.
    code = store_refresh_schema(&grove->store, call, error);
    bool doubted = code != GROVE_OK && atomic_load(&grove->store.schema_doubted);
    return doubted ? handle_ready(grove, call, error) : code; // mends it, or says what it is
}

enum grove_code handle_enter(struct grove *grove, enum handle_work work,
                             const struct grove_limits *limits, struct call *ret,
                             struct grove_error *error)
{
    enum grove_code code = handle_begin(grove, work, limits, ret, error);
    return code == GROVE_OK ? get_ready(grove, ret, error) : code;
}

enum grove_code handle_reach(struct grove *grove, struct call *call, struct grove_error *error)
{
    enum grove_code code = get_ready(grove, call, error);
    return code == GROVE_OK ? projector_prepare(&grove->store, call, error) : code;
}

enum grove_code handle_enter_to_load(struct grove *grove, const struct grove_limits *limits,
                                     struct call *ret, struct grove_error *error)
{
    enum grove_code code = handle_begin(grove, HANDLE_TASK, limits, ret, error);
    return code == GROVE_OK ? handle_reach(grove, ret, error) : code;
}

enum grove_code handle_enter_to_read(struct grove *grove, enum handle_work work,
                                     const struct grove_limits *limits, struct call *ret_call,
                                     struct catch_up *ret, struct grove_error *error)
{
    enum grove_code code = handle_enter(grove, work, limits, ret_call, error);
    return code == GROVE_OK ? catch_up(&grove->store, ret_call, ret, error) : code;
}

enum grove_code handle_ready_for_engine(struct grove *grove, struct call *call,
                                        struct grove_error *error)
{
    pthread_mutex_lock(&grove->ready_mutex);
    bool is_first = !grove->ready && !grove->preparing;
    pthread_mutex_unlock(&grove->ready_mutex);
    if (!is_first)
        return handle_ready(grove, call, error);
    vector_wake(grove->store.engine, call, 0);
    atomic_store(&grove->database_started, false);
    int64_t began_us = clock_monotonic_us();
    enum grove_code code = handle_ready(grove, call, error);
    int64_t wait_ms = 2 * (clock_monotonic_us() - began_us) / 1000;
    if (code == GROVE_OK && atomic_load(&grove->database_started))
        vector_wake(grove->store.engine, call,
                    wait_ms < ENGINE_WAIT_MS ? (unsigned)wait_ms : ENGINE_WAIT_MS);
    return code;
}

enum grove_code handle_failed(struct grove *grove, struct call *call, enum grove_code code,
                              struct grove_error *error)
{
    struct grove_error reason;
    CHECK(code == GROVE_OK || error->code == code);
    if (code == GROVE_OK || !migrate_is_suspected(error))
        return code;
    pthread_mutex_lock(&grove->ready_mutex);
    grove->ready = false;
    pthread_mutex_unlock(&grove->ready_mutex);
    if (handle_ready(grove, call, &reason) == GROVE_OK)
        return code;
    *error = reason;
    return reason.code;
}

struct telling {
    void (*on_wait)(void *state, const struct grove_wait *wait);
    void *state;
};

static void tell_wait(void *state, const char *what, const char *holder, double seconds)
{
    const struct telling *telling = state;
    const struct grove_wait wait = {.what = what, .holder = holder, .seconds = seconds};
    telling->on_wait(telling->state, &wait);
}

GROVE_API enum grove_code grove_init(struct grove *grove, unsigned *ret_applied,
                                     struct grove_error *error)
{
    return grove_init_telling(grove, NULL, NULL, ret_applied, error);
}

GROVE_API enum grove_code
grove_init_telling(struct grove *grove, void (*on_wait)(void *state, const struct grove_wait *wait),
                   void *state, unsigned *ret_applied, struct grove_error *error)
{
    struct telling telling = {on_wait, state};
    const struct migrate_options options = {.on_wait = on_wait ? tell_wait : NULL,
                                            .state = &telling};
    unsigned applied = 0;
    struct call call;
    struct pg_conn *conn = NULL;
    enum grove_code code = handle_begin(grove, HANDLE_TASK, NULL, &call, error);
    if (code == GROVE_OK)
        code = pg_take(grove->store.pool, &call, &conn, error);
    if (code == GROVE_OK)
        code = migrate(grove, conn, &options, &applied, error);
    pg_give(&conn);
    if (code == GROVE_OK)
        code = handle_choose_collection(grove, &call, error);
    if (code == GROVE_OK)
        code = projector_prepare(&grove->store, &call, error);
    if (code == GROVE_OK)
        code = handle_ready(grove, &call, error);
    if (code == GROVE_OK && ret_applied)
        *ret_applied = applied;
    return code;
}

GROVE_API enum grove_code grove_take_collection(struct grove *grove, struct grove_error *error)
{
    struct call call;
    enum grove_code code = handle_enter(grove, HANDLE_TASK, NULL, &call, error);
    if (code == GROVE_OK)
        code = lineage_take(&grove->store, &call, error);
    if (code != GROVE_OK && vector_lacks_collection(error))
        code = GROVE_OK;
    return handle_failed(grove, &call, code, error);
}

// What cannot be looked at counts as running: stopping it tells why.
static bool anything_runs(const struct home *home)
{
    struct resident_status resident = {.running = true};
    struct vector_server_status engine = {.running = true};
    struct cluster_status database = {.running = true};
    struct grove_error ignored;
    (void)!resident_status(home, &resident, &ignored);
    (void)!vector_server_status(home, &engine, &ignored);
    (void)!cluster_status(home, &database, &ignored);
    return resident.running || engine.running || database.running;
}

GROVE_API enum grove_code grove_stop_within(const char *path, const struct grove_limits *limits,
                                            struct grove_stop_report *ret,
                                            struct grove_error *error)
{
    struct home home;
    struct call call;
    struct grove_stop_report report = {.forced = false};
    handle_begin_without(limits, &call);
    enum grove_code code = home_find_within(path, &call, &home, error);
    if (code == GROVE_OK)
        code = call_check(&call, error);
    if (code == GROVE_OK)
        report.ran = anything_runs(&home);
    if (code == GROVE_OK)
        code = resident_stop(&home, &call, error);
    if (code == GROVE_OK)
        code = vector_server_stop(&home, &call, error);
    if (code == GROVE_OK)
        code = cluster_stop(&home, &call, &report.forced, error);
    if (ret && code == GROVE_OK)
        *ret = report;
    return code;
}

GROVE_API enum grove_code grove_stop(const char *path, struct grove_stop_report *ret,
                                     struct grove_error *error)
{
    return grove_stop_within(path, NULL, ret, error);
}
