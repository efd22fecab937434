// SPDX-License-Identifier: Apache-2.0
//
// A damaged model computes wrong vectors without a word, so its files' hashes are checked. Hashing
// 90 MB for every command would cost more than the command: the files' sizes, inodes and times as
// they were when the hashes were right are kept in a file, the seal, and hashes are computed again
// only when these differ. What changes behind the file system's back is found by "grove doctor".
//
// The weights' file (embed/pack_file.h) has a checksum of its own, and a seal likewise: that of the
// model which was opened last.
#include "catalog/store.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/background.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/inject.h"
#include "base/strbuf.h"
#include "base/workers.h"
#include "catalog/assets.h"
#include "catalog/migrate.h"
#include "home/home.h"

enum {
    SEAL_BYTES_MAX = 3 * PATH_MAX,
    MODEL_PATH_SIZE = PATH_MAX + 64,
    WEIGHTS_SEAL_SIZE = PATH_MAX + 256,
    AHEAD_BYTES_MAX = 1 << 14,
};

const struct store_model_file store_model_files[STORE_MODEL_FILES] = {
    {"model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"},
    {"vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"},
};

void store_init(struct store *store)
{
    pthread_mutex_init(&store->model_mutex, NULL);
    pthread_mutex_init(&store->notes.mutex, NULL);
    kept_slot_init(&store->kept);
    kept_slot_init(&store->waiting);
    for (size_t i = 0; i < EMBED_PRECISIONS; i++)
        long_lock_init(&store->models[i].opening);
    long_lock_init(&store->waiting_lock);
    long_lock_init(&store->ahead);
}

void store_release(struct store *store)
{
    store_close_models(store);
    for (size_t i = 0; i < EMBED_PRECISIONS; i++)
        long_lock_release(&store->models[i].opening);
    long_lock_release(&store->waiting_lock);
    long_lock_release(&store->ahead);
    kept_slot_release(&store->kept);
    kept_slot_release(&store->waiting);
    vector_engine_free(store->engine);
    pg_pool_free(store->pool);
    pthread_mutex_destroy(&store->notes.mutex);
    pthread_mutex_destroy(&store->model_mutex);
}

// --- which model --------------------------------------------------------------------------------

enum embed_precision store_precision(struct store *store)
{
    pthread_mutex_lock(&store->model_mutex);
    enum embed_precision precision = store->precision;
    pthread_mutex_unlock(&store->model_mutex);
    return precision;
}

bool store_next_precision(struct store *store, enum embed_precision *ret)
{
    pthread_mutex_lock(&store->model_mutex);
    bool changes = store->changes && store->next_precision != store->precision;
    if (changes)
        *ret = store->next_precision;
    pthread_mutex_unlock(&store->model_mutex);
    return changes;
}

static bool read_lately(struct store *store)
{
    pthread_mutex_lock(&store->model_mutex);
    bool lately = store->model_read_at_us != 0 && clock_monotonic_us() - store->model_read_at_us <
                                                      (int64_t)STORE_MODEL_AGE_MS * 1000;
    pthread_mutex_unlock(&store->model_mutex);
    return lately;
}

static enum grove_code take_schema(struct store *store, const char *database,
                                   const struct pg_rows *rows, struct grove_error *error)
{
    const struct migrate_schema schema = {pg_int4(rows, 0, 1), pg_int4(rows, 0, 2)};
    enum grove_code code = migrate_judge(&schema, database, error);
    if (code != GROVE_OK)
        atomic_store(&store->schema_doubted, true);
    else
        atomic_store(&store->schema_version, schema.version);
    return code;
}

static enum grove_code take_model(struct store *store, const struct pg_rows *rows,
                                  struct grove_error *error)
{
    struct text id = pg_is_null(rows, 0, 0) ? (struct text){"", 0} : pg_text(rows, 0, 0);
    enum embed_precision precision;
    if (!embed_precision_of(id, &precision)) {
        error_set(
            error, GROVE_UNSUPPORTED,
            "the database's vectors are of the model \"%.*s\", which this grove does not have",
            id.length < 100 ? (int)id.length : 100, id.data);
        error_hint(error, "use the version of grove that wrote them");
        return GROVE_UNSUPPORTED;
    }
    struct text doubt = pg_is_null(rows, 0, 3) ? (struct text){"", 0} : pg_text(rows, 0, 3);
    if (!pg_is_null(rows, 0, 4))
        doubt = text_of("something has happened to the database that was not looked into yet");
    atomic_store(&store->has_attached, pg_bool(rows, 0, 5));
    // One that this library does not have is left to those that do.
    enum embed_precision next = precision;
    bool changes = !pg_is_null(rows, 0, 7) && embed_precision_of(pg_text(rows, 0, 7), &next);
    struct text history = pg_is_null(rows, 0, 6) ? (struct text){"", 0} : pg_text(rows, 0, 6);
    pthread_mutex_lock(&store->model_mutex);
    // Another process has seen to it: the collection may be the database's no more.
    if (!text_equal(history, text_of(store->history)))
        atomic_store(&store->lineage_known_at_us, 0);
    snprintf(store->history, sizeof store->history, "%.*s", TEXT_ARGS(history));
    store->precision = precision;
    store->changes = changes;
    store->next_precision = next;
    store->model_read_at_us = clock_monotonic_us();
    snprintf(store->doubt, sizeof store->doubt, "%.*s",
             doubt.length < sizeof store->doubt ? (int)doubt.length : (int)sizeof store->doubt - 1,
             doubt.data);
    pthread_mutex_unlock(&store->model_mutex);
    return GROVE_OK;
}

bool store_is_doubted(struct store *store, char ret_reason[static STORE_DOUBT_SIZE])
{
    pthread_mutex_lock(&store->model_mutex);
    memcpy(ret_reason, store->doubt, sizeof store->doubt);
    pthread_mutex_unlock(&store->model_mutex);
    bool unknown = atomic_load(&store->lineage_known_at_us) == 0; // else it was noted since
    if (!ret_reason[0] && unknown && atomic_load(&store->doubt_unnoted))
        snprintf(ret_reason, STORE_DOUBT_SIZE, "there is a doubt that this role may not note");
    return ret_reason[0] != '\0';
}

void store_projected(struct store *store, char ret_history[static VECTOR_HISTORY_SIZE])
{
    pthread_mutex_lock(&store->model_mutex);
    memcpy(ret_history, store->projected, sizeof store->projected);
    pthread_mutex_unlock(&store->model_mutex);
}

bool store_note_projected(struct store *store, const char *history)
{
    CHECK(strlen(history) < sizeof store->projected);
    pthread_mutex_lock(&store->model_mutex);
    snprintf(store->projected, sizeof store->projected, "%s", history);
    bool still = strcmp(store->history, history) == 0;
    pthread_mutex_unlock(&store->model_mutex);
    return still;
}

enum grove_code store_check_doubt(struct store *store, struct grove_error *error)
{
    char doubt[STORE_DOUBT_SIZE];
    if (!store_is_doubted(store, doubt))
        return GROVE_OK;
    error_set(error, GROVE_UNAVAILABLE,
              "the vector engine is not compared with the database yet (%s)", doubt);
    error_hint(error, "\"grove sync\" does that, and whatever projects");
    error->origin = GROVE_ORIGIN_QDRANT;
    return GROVE_UNAVAILABLE;
}

enum grove_code store_query_on(struct pg_conn *conn, struct arena *arena, const char *file,
                               const struct pg_params *params, struct pg_rows *ret_rows,
                               struct grove_error *error)
{
    struct pg_statement statement = {file, query_sql(file)};
    return pg_query(conn, arena, &statement, params, ret_rows, error);
}

enum grove_code store_query_planned_on(struct pg_conn *conn, struct arena *arena, const char *file,
                                       const struct pg_params *params, struct pg_rows *ret_rows,
                                       struct grove_error *error)
{
    struct pg_statement statement = {"", query_sql(file)};
    return pg_query(conn, arena, &statement, params, ret_rows, error);
}

enum grove_code store_query(struct store *store, struct call *call, struct arena *arena,
                            const char *file, const struct pg_params *params,
                            struct pg_rows *ret_rows, struct grove_error *error)
{
    struct pg_statement statement = {file, query_sql(file)};
    return pg_query_once(store->pool, call, arena, &statement, params, ret_rows, error);
}

struct pg_statement store_model_statement(void)
{
    return (struct pg_statement){"model.sql", query_sql("model.sql")};
}

enum grove_code store_take_model(struct store *store, const struct pg_conn *conn,
                                 const struct pg_rows *rows, bool of_vectors,
                                 struct grove_error *error)
{
    struct grove_error of_model;
    enum grove_code code = take_schema(store, pg_describe(conn), rows, error);
    if (code == GROVE_OK && take_model(store, rows, &of_model) != GROVE_OK && of_vectors) {
        *error = of_model;
        code = of_model.code;
    }
    return code;
}

enum grove_code store_read_model_on(struct store *store, struct pg_conn *conn, bool of_vectors,
                                    struct grove_error *error)
{
    struct pg_statement statement = store_model_statement();
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    enum grove_code code = pg_query(conn, &arena, &statement, NULL, &rows, error);
    if (code == GROVE_OK)
        code = store_take_model(store, conn, &rows, of_vectors, error);
    arena_release(&arena);
    return code;
}

static enum grove_code reread(struct store *store, struct call *call, bool of_vectors,
                              struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    enum grove_code code = pg_take(store->pool, call, &conn, error);
    if (code == GROVE_OK)
        code = store_read_model_on(store, conn, of_vectors, error);
    pg_give(&conn);
    return code;
}

enum grove_code store_refresh_model(struct store *store, struct call *call,
                                    struct grove_error *error)
{
    return read_lately(store) ? GROVE_OK : reread(store, call, true, error);
}

enum grove_code store_refresh_schema(struct store *store, struct call *call,
                                     struct grove_error *error)
{
    return read_lately(store) ? GROVE_OK : reread(store, call, false, error);
}

enum grove_code store_reread_model(struct store *store, struct call *call,
                                   struct grove_error *error)
{
    return reread(store, call, true, error);
}

// --- the model's files --------------------------------------------------------------------------

static void file_path(const struct store *store, size_t i, char ret_path[static MODEL_PATH_SIZE])
{
    snprintf(ret_path, MODEL_PATH_SIZE, "%s/%s", store->model_folder, store_model_files[i].name);
}

static void describe_files(const struct store *store, struct strbuf *ret_seal)
{
    for (size_t i = 0; i < STORE_MODEL_FILES; i++) {
        char path[MODEL_PATH_SIZE];
        struct stat status = {0};
        file_path(store, i, path);
        if (stat(path, &status) != 0)
            ret_seal->failed = true;
        strbuf_addf(ret_seal, "%.16s %llu %lld %lld.%09ld %lld.%09ld %s\n",
                    store_model_files[i].sha256, (unsigned long long)status.st_ino,
                    (long long)status.st_size, (long long)status.st_mtim.tv_sec,
                    status.st_mtim.tv_nsec, (long long)status.st_ctim.tv_sec,
                    status.st_ctim.tv_nsec, path);
    }
}

static bool is_sealed(const struct store *store, const struct strbuf *seal)
{
    struct file_map map;
    struct grove_error unused;
    if (seal->failed || !store->model_seal[0] ||
        file_map_open(store->model_seal, &map, &unused) != GROVE_OK)
        return false;
    bool same =
        text_equal((struct text){(const char *)map.data, map.size_bytes}, strbuf_text(seal));
    file_map_release(&map);
    return same;
}

static enum grove_code check_hash(const struct store *store, const struct call *call, size_t i,
                                  struct grove_error *error)
{
    char path[MODEL_PATH_SIZE], digest[SHA256_HEX_SIZE];
    struct file_map map;
    file_path(store, i, path);
    enum grove_code code = file_map_open(path, &map, error);
    if (code == GROVE_NOT_FOUND)
        error_hint(error, "\"make\" in grove's source tree fetches the model's files");
    if (code != GROVE_OK)
        return code;
    code = sha256_hex_within((struct text){(const char *)map.data, map.size_bytes}, call, digest,
                             error);
    file_map_release(&map);
    if (code != GROVE_OK)
        return code;
    if (strcmp(digest, store_model_files[i].sha256) == 0)
        return GROVE_OK;
    error_set(error, GROVE_CORRUPT, "\"%.400s\" is damaged: it is not the published file", path);
    error_detail(error, "its sha256 is %s, not %s", digest, store_model_files[i].sha256);
    error_hint(error, "remove the model's folder and run \"make\" in grove's source tree, which "
                      "fetches it again");
    return GROVE_CORRUPT;
}

static enum grove_code check_hashes(const struct store *store, const struct call *call,
                                    struct grove_error *error)
{
    struct strbuf seal;
    struct grove_error unused;
    strbuf_init(&seal, SEAL_BYTES_MAX);
    describe_files(store, &seal);
    enum grove_code code = GROVE_OK;
    if (!is_sealed(store, &seal)) {
        for (size_t i = 0; code == GROVE_OK && i < STORE_MODEL_FILES; i++)
            code = check_hash(store, call, i, error);
        // Where it cannot be written the next command computes the hashes, too.
        if (code == GROVE_OK && store->model_seal[0] && !store->model_seal_stays && !seal.failed)
            (void)!file_write(store->model_seal, strbuf_text(&seal), 0600, &unused);
    }
    strbuf_release(&seal);
    return code;
}

// <model id> <embedder_seal>. *ret_precision: of which weights.
static bool read_weights_seal(const struct store *store, char ret[static WEIGHTS_SEAL_SIZE],
                              enum embed_precision *ret_precision)
{
    struct file_map map;
    struct grove_error unused;
    if (!store->weights_seal[0] || file_map_open(store->weights_seal, &map, &unused) != GROVE_OK)
        return false;
    struct text line = {(const char *)map.data, map.size_bytes}, id;
    bool good = line.length < WEIGHTS_SEAL_SIZE && text_split(&line, ' ', &id) &&
                embed_precision_of(id, ret_precision);
    if (good)
        snprintf(ret, WEIGHTS_SEAL_SIZE, "%.*s", TEXT_ARGS(line));
    file_map_release(&map);
    return good;
}

// Where it cannot be written the next process reads all weights, too.
static void write_weights_seal(const struct store *store, const struct embedder *embedder)
{
    struct grove_error unused;
    char line[WEIGHTS_SEAL_SIZE];
    int length =
        snprintf(line, sizeof line, "%s %s", embedder_model_id(embedder), embedder_seal(embedder));
    if (store->weights_seal[0] && !store->model_seal_stays && embedder_seal(embedder)[0] &&
        (size_t)length < sizeof line)
        (void)!file_write(store->weights_seal, (struct text){line, (size_t)length}, 0600, &unused);
}

static enum grove_code open_embedder(struct store *store, const struct call *call,
                                     enum embed_precision precision, struct grove_error *error)
{
    struct store_model *model = &store->models[precision];
    struct embedder_options options = {
        .folder = store->model_folder, .threads = store->embedder_threads, .precision = precision};
    char assets[PATH_MAX], seal[WEIGHTS_SEAL_SIZE];
    enum embed_precision sealed;
    if (!store->model_folder[0]) {
        enum grove_code code = home_assets(assets, error);
        return code != GROVE_OK
                   ? code
                   : error_set(error, GROVE_NOT_FOUND, "grove's assets just appeared; try again");
    }
    // First: what is made of the weights is kept, so they had better be the right ones.
    enum grove_code code = store->model_published ? check_hashes(store, call, error) : GROVE_OK;
    if (code == GROVE_OK && read_weights_seal(store, seal, &sealed) && sealed == precision)
        options.seal = seal;
    if (code == GROVE_OK)
        code = embedder_open(&options, &model->embedder, error);
    if (code == GROVE_OK &&
        (!options.seal || strcmp(options.seal, embedder_seal(model->embedder)) != 0))
        write_weights_seal(store, model->embedder);
    return code;
}

enum grove_code store_embedder(struct store *store, const struct call *call,
                               enum embed_precision precision, struct embedder **ret,
                               struct grove_error *error)
{
    struct store_model *model = &store->models[precision];
    enum grove_code code = long_lock_take(&model->opening, call, error);
    if (code != GROVE_OK)
        return error_context(error, "waiting while another call opens the model"), code;
    if (!model->embedder)
        code = open_embedder(store, call, precision, error);
    if (code == GROVE_OK && !model->query_cache && !store->no_query_cache)
        code = embed_cache_new(&model->query_cache, error);
    if (code == GROVE_OK)
        *ret = model->embedder;
    long_lock_give(&model->opening);
    return code;
}

// --- ahead of the first search -------------------------------------------------------------------

static void *embed_ahead(void *argument)
{
    struct store *store = argument;
    struct embedder *embedder;
    struct grove_error ignored; // whoever wants the vector hears of it
    struct call call;
    float vector[EMBED_DIMENSION];
    call_init(&call);
    call_obey(&call, &store->closing);
    enum grove_code code =
        store_embedder(store, &call, store->ahead_precision, &embedder, &ignored);
    struct embed_cache *cache = store->models[store->ahead_precision].query_cache;
    if (code == GROVE_OK && cache && store->ahead_text)
        (void)!embed_cache_embed(cache, embedder, text_of(store->ahead_text), vector, &call,
                                 &ignored);
    atomic_store(&store->ahead_busy, false);
    long_lock_give(&store->ahead);
    return NULL;
}

void store_embed_ahead(struct store *store, const char *text)
{
    char seal[WEIGHTS_SEAL_SIZE];
    if (atomic_exchange(&store->ahead_begun, true) || workers_processors() == 1 ||
        !read_weights_seal(store, seal, &store->ahead_precision) || !long_lock_try(&store->ahead))
        return;
    if (strlen(text) <= AHEAD_BYTES_MAX)
        store->ahead_text = mem_strdup(text); // without memory for it the model is opened
    atomic_store(&store->ahead_busy, true);
    if (background_create_thread(&store->ahead_thread, false, embed_ahead, store) == 0) {
        store->ahead_runs = true;
        return;
    }
    atomic_store(&store->ahead_busy, false);
    long_lock_give(&store->ahead);
}

// What is asked for may be under way already.
static enum grove_code await_ahead(struct store *store, const struct call *call,
                                   struct grove_error *error)
{
    if (!atomic_load(&store->ahead_busy))
        return GROVE_OK;
    enum grove_code code = long_lock_take(&store->ahead, call, error);
    if (code != GROVE_OK)
        return error_context(error, "waiting while the model is opened"), code;
    long_lock_give(&store->ahead);
    return GROVE_OK;
}

static void end_ahead(struct store *store)
{
    if (store->ahead_runs)
        pthread_join(store->ahead_thread, NULL);
    store->ahead_runs = false;
    mem_free(store->ahead_text);
    store->ahead_text = NULL;
}

void store_close_models(struct store *store)
{
    end_ahead(store);
    for (size_t i = 0; i < EMBED_PRECISIONS; i++) {
        struct store_model *model = &store->models[i];
        embed_cache_free(model->query_cache);
        embedder_free(model->embedder);
        model->query_cache = NULL;
        model->embedder = NULL;
    }
}

enum grove_code store_embed_query(struct store *store, struct call *call,
                                  enum embed_precision precision, struct text text,
                                  float ret_vector[static EMBED_DIMENSION],
                                  struct grove_error *error)
{
    struct embedder *embedder;
    enum grove_code code = await_ahead(store, call, error);
    if (code == GROVE_OK)
        code = store_embedder(store, call, precision, &embedder, error);
    if (code != GROVE_OK)
        return code;
    // Written once, before the call above came back.
    struct embed_cache *cache = store->models[precision].query_cache;
    return cache ? embed_cache_embed(cache, embedder, text, ret_vector, call, error)
                 : embedder_embed(embedder, &text, 1, ret_vector, call, error);
}
