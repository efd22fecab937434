// SPDX-License-Identifier: Apache-2.0
// The model of the assets: used only after its files were the published ones.
#include "../test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/workers.h"
#include "catalog/store.h"
#include "embed/pack_file.h"
#include "home/home.h"

static char folder[] = "/tmp/grove-test-XXXXXX";
static char assets[PATH_MAX];

// The words are a copy, the weights a link to those of the assets.
static int make_model(void **state)
{
    (void)state;
    char from[PATH_MAX + 64], to[PATH_MAX];
    struct grove_error error;
    if (home_assets(assets, &error) != GROVE_OK || !mkdtemp(folder))
        return 0;
    snprintf(from, sizeof from, "%s/model/model.safetensors", assets);
    snprintf(to, sizeof to, "%s/model.safetensors", folder);
    if (!file_exists(from) || symlink(from, to) != 0)
        assets[0] = '\0';
    snprintf(from, sizeof from, "cp '%s/model/vocab.txt' '%s'", assets, folder);
    return assets[0] ? system(from) : 0;
}

static int remove_model(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static enum grove_code open_model(struct grove_error *error)
{
    struct store store = {.model_published = true, .embedder_threads = 1, .no_query_cache = true};
    struct embedder *embedder;
    store_init(&store);
    snprintf(store.model_folder, sizeof store.model_folder, "%s", folder);
    snprintf(store.model_seal, sizeof store.model_seal, "%s/seal", folder);
    enum grove_code code = store_embedder(&store, NULL, EMBED_F32, &embedder, error);
    store_release(&store);
    return code;
}

static void change_a_word(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/vocab.txt", folder);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "q", 1, 200000), 1); // the size is the same
    close(fd);
}

static void put_words_back(void)
{
    char command[PATH_MAX + 64];
    snprintf(command, sizeof command, "cp '%s/model/vocab.txt' '%s'", assets, folder);
    assert_int_equal(system(command), 0);
}

static void a_damaged_model_is_not_used(void **state)
{
    (void)state;
    struct grove_error error;
    char seal[64];
    if (!assets[0])
        skip();
    snprintf(seal, sizeof seal, "%s/seal", folder);
    assert_ok(open_model(&error), error);
    assert_true(file_exists(seal));
    assert_ok(open_model(&error), error); // by the seal
    change_a_word();
    assert_int_equal(open_model(&error), GROVE_CORRUPT); // though there is a seal
    assert_non_null(strstr(error.message, "vocab.txt"));
    unlink(seal);
    assert_int_equal(open_model(&error), GROVE_CORRUPT);
    assert_false(file_exists(seal));
}

static void make_store(struct store *ret)
{
    *ret = (struct store){.model_published = true, .embedder_threads = 1};
    store_init(ret);
    snprintf(ret->model_folder, sizeof ret->model_folder, "%s", folder);
    snprintf(ret->model_seal, sizeof ret->model_seal, "%s/other-seal", folder);
    snprintf(ret->weights_seal, sizeof ret->weights_seal, "%s/weights", folder);
}

// Opens the model. Whether its weights are right; *ret_seal: of them.
static bool has_right_weights(char ret_seal[static PACK_SEAL_SIZE])
{
    struct store store;
    struct embedder *embedder;
    struct grove_error error;
    make_store(&store);
    assert_ok(store_embedder(&store, NULL, EMBED_F32, &embedder, &error), error);
    bool right = embedder_is_whole(embedder);
    snprintf(ret_seal, PACK_SEAL_SIZE, "%s", embedder_seal(embedder));
    store_release(&store);
    return right;
}

static void assert_sealed(const char *seal)
{
    struct grove_error error;
    struct arena arena;
    struct text text;
    char path[64];
    snprintf(path, sizeof path, "%s/weights", folder);
    arena_init(&arena, 1 << 20);
    assert_ok(file_read(&arena, path, PACK_SEAL_SIZE + 64, &text, &error), error);
    assert_int_equal(strncmp(text.data, "all-MiniLM-L6-v2/f32 ", 21), 0);
    assert_string_equal(text.data + 21, seal);
    arena_release(&arena);
}

// The first open reads all weights and seals them, others believe the seal as long as the file is
// the same.
static void weights_are_read_once(void **state)
{
    (void)state;
    struct grove_error error;
    char first[PACK_SEAL_SIZE], seal[PACK_SEAL_SIZE], line[PACK_SEAL_SIZE + 64], path[64];
    if (!assets[0])
        skip();
    put_words_back();
    assert_true(has_right_weights(first));
    assert_sealed(first);
    const char *pack = strchr(first, '/');
    int fd = open(pack, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "grove", 5, 1 << 20), 5);
    close(fd);
    pack_seal_of(pack, seal);
    assert_string_not_equal(seal, first);
    snprintf(line, sizeof line, "all-MiniLM-L6-v2/f32 %s", seal);
    snprintf(path, sizeof path, "%s/weights", folder);
    assert_ok(file_write(path, text_of(line), 0600, &error), error);
    assert_false(has_right_weights(first)); // the seal was believed
    assert_string_equal(first, seal);
    snprintf(line, sizeof line, "all-MiniLM-L6-v2/int8 %s", seal); // of other weights
    assert_ok(file_write(path, text_of(line), 0600, &error), error);
    assert_true(has_right_weights(seal));
    assert_string_not_equal(first, seal);
    assert_sealed(seal);
}

// The vector of the first text is computed beside whatever else there is to do.
static void the_first_text_is_embedded_ahead(void **state)
{
    (void)state;
    struct store store;
    struct grove_error error;
    struct call late;
    char seal[PACK_SEAL_SIZE];
    float vector[EMBED_DIMENSION];
    uint64_t hits, misses;
    if (!assets[0] || workers_processors() == 1)
        skip();
    make_store(&store);
    unlink(store.weights_seal);
    store_embed_ahead(&store, "grace"); // nobody knows which model it will be
    assert_false(store.ahead_runs);
    store_release(&store);
    assert_true(has_right_weights(seal));
    make_store(&store);
    store_embed_ahead(&store, "grace");
    assert_true(store.ahead_runs);
    assert_ok(store_embed_query(&store, NULL, EMBED_F32, text_of("grace"), vector, &error), error);
    embed_cache_counts(store.models[EMBED_F32].query_cache, &hits, &misses);
    assert_int_equal(hits, 1);
    assert_int_equal(misses, 1);
    call_init(&late);
    call_within(&late, 5);
    assert_true(long_lock_try(&store.ahead)); // as its thread does
    atomic_store(&store.ahead_busy, true);
    assert_int_equal(store_embed_query(&store, &late, EMBED_F32, text_of("grace"), vector, &error),
                     GROVE_TIMEOUT);
    atomic_store(&store.ahead_busy, false);
    long_lock_give(&store.ahead);
    store_release(&store);
}

static void who_waits_for_a_model_ends_with_its_call(void **state)
{
    (void)state;
    struct store store = {.embedder_threads = 1};
    struct embedder *embedder;
    struct grove_error error;
    struct call late;
    float vector[EMBED_DIMENSION];
    store_init(&store);
    call_init(&late);
    call_within(&late, 5);
    assert_true(long_lock_try(&store.models[EMBED_F32].opening)); // as who opens it does
    enum grove_code code = store_embedder(&store, &late, EMBED_F32, &embedder, &error);
    enum grove_code query =
        store_embed_query(&store, &late, EMBED_F32, text_of("grace"), vector, &error);
    long_lock_give(&store.models[EMBED_F32].opening);
    store_release(&store);
    assert_int_equal(code, GROVE_TIMEOUT);
    assert_int_equal(query, GROVE_TIMEOUT);
    assert_non_null(strstr(error.context, "another call opens the model"));
}

static void hashes_end_with_the_call(void **state)
{
    (void)state;
    struct store store = {.model_published = true, .embedder_threads = 1};
    struct embedder *embedder;
    struct grove_error error;
    struct call late;
    if (!assets[0])
        skip();
    store_init(&store);
    snprintf(store.model_folder, sizeof store.model_folder, "%s", folder);
    call_init(&late);
    late.deadline_us = 1;
    enum grove_code code = store_embedder(&store, &late, EMBED_F32, &embedder, &error);
    store_release(&store);
    assert_int_equal(code, GROVE_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_end_with_the_call),
        cmocka_unit_test(a_damaged_model_is_not_used),
        cmocka_unit_test(weights_are_read_once),
        cmocka_unit_test(the_first_text_is_embedded_ahead),
        cmocka_unit_test(who_waits_for_a_model_ends_with_its_call),
    };
    return cmocka_run_group_tests(tests, make_model, remove_model);
}
