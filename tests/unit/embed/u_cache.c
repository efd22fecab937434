// SPDX-License-Identifier: Apache-2.0
#include "../test.h"

#include <pthread.h>

#include "base/file.h"
#include "embed/cache.h"
#include "home/home.h"

static struct embedder *embedder;

static int open_model(void **state)
{
    (void)state;
    char assets[PATH_MAX], folder[PATH_MAX + 16];
    struct grove_error error;
    if (home_assets(assets, &error) != GROVE_OK)
        return -1;
    snprintf(folder, sizeof folder, "%s/model", assets);
    return embedder_open(&(struct embedder_options){.folder = folder}, &embedder, &error) !=
           GROVE_OK;
}

static int close_model(void **state)
{
    (void)state;
    embedder_free(embedder);
    return 0;
}

static void ask(struct embed_cache *cache, const char *text, float *vector)
{
    struct grove_error error;
    assert_ok(embed_cache_embed(cache, embedder, text_of(text), vector, NULL, &error), error);
}

static void the_same_tokens_are_the_same_query(void **state)
{
    (void)state;
    struct embed_cache *cache;
    struct grove_error error;
    float first[EMBED_DIMENSION], second[EMBED_DIMENSION], other[EMBED_DIMENSION];
    uint64_t hits, misses;
    assert_ok(embed_cache_new(&cache, &error), error);
    ask(cache, "Baptism and salvation", first);
    ask(cache, "  baptism AND salvation ", second);
    ask(cache, "salvation and baptism", other);
    embed_cache_counts(cache, &hits, &misses);
    assert_int_equal(hits, 1);
    assert_int_equal(misses, 2);
    assert_memory_equal(first, second, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    assert_int_equal(embed_cache_embed(cache, embedder, text_of("\xff"), first, NULL, &error),
                     GROVE_INVALID);
    embed_cache_free(cache);
}

static void the_oldest_go_first(void **state)
{
    (void)state;
    struct embed_cache *cache;
    struct grove_error error;
    float vector[EMBED_DIMENSION], again[EMBED_DIMENSION];
    uint64_t hits, misses;
    char text[32];
    assert_ok(embed_cache_new(&cache, &error), error);
    for (int i = 0; i < EMBED_CACHE_ENTRIES + 10; i++) {
        snprintf(text, sizeof text, "%d", i);
        ask(cache, text, vector);
    }
    ask(cache, text, again); // the newest is there
    assert_memory_equal(vector, again, sizeof vector);
    ask(cache, "0", vector); // the oldest is not
    embed_cache_counts(cache, &hits, &misses);
    assert_int_equal(hits, 1);
    assert_int_equal(misses, EMBED_CACHE_ENTRIES + 11);
    embed_cache_free(cache);
}

// It would wait for the model, and nobody waits for it any more. What is kept costs nothing.
static void a_call_that_is_over_is_not_embedded(void **state)
{
    (void)state;
    struct embed_cache *cache;
    struct grove_error error;
    struct call late;
    float vector[EMBED_DIMENSION];
    uint64_t hits, misses;
    call_init(&late);
    late.deadline_us = 1;
    assert_ok(embed_cache_new(&cache, &error), error);
    assert_int_equal(embed_cache_embed(cache, embedder, text_of("grace"), vector, &late, &error),
                     GROVE_TIMEOUT);
    ask(cache, "grace", vector);
    assert_ok(embed_cache_embed(cache, embedder, text_of("grace"), vector, &late, &error), error);
    embed_cache_counts(cache, &hits, &misses);
    assert_int_equal(hits, 1);
    embed_cache_free(cache);
}

static void *ask_often(void *state)
{
    struct grove_error error;
    float vector[EMBED_DIMENSION];
    char text[32];
    intptr_t failures = 0;
    for (int i = 0; i < 60; i++) {
        snprintf(text, sizeof text, "query %d", i % 20);
        failures +=
            embed_cache_embed(state, embedder, text_of(text), vector, NULL, &error) != GROVE_OK;
    }
    return (void *)failures;
}

static void many_threads_share_it(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    struct embed_cache *cache;
    struct grove_error error;
    pthread_t threads[THREADS];
    uint64_t hits, misses;
    assert_ok(embed_cache_new(&cache, &error), error);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, cache), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    embed_cache_counts(cache, &hits, &misses);
    assert_int_equal(hits + misses, THREADS * 60);
    assert_true(misses >= 20 && misses <= 20 * THREADS);
    embed_cache_free(cache);
}

int main(void)
{
    char assets[PATH_MAX], path[PATH_MAX + 32] = "";
    struct grove_error error;
    if (home_assets(assets, &error) == GROVE_OK)
        snprintf(path, sizeof path, "%s/model/vocab.txt", assets);
    if (!file_exists(path)) {
        puts("skipped: the model is not there");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_tokens_are_the_same_query),
        cmocka_unit_test(the_oldest_go_first),
        cmocka_unit_test(a_call_that_is_over_is_not_embedded),
        cmocka_unit_test(many_threads_share_it),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
