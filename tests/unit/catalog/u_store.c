// SPDX-License-Identifier: Apache-2.0
// The model of the assets: used only after its files were the published ones.
#include "../test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "catalog/store.h"
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
        cmocka_unit_test(who_waits_for_a_model_ends_with_its_call),
    };
    return cmocka_run_group_tests(tests, make_model, remove_model);
}
