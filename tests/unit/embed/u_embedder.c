// SPDX-License-Identifier: Apache-2.0
//
// embed.h as its callers use it: batches, threads, cancelling, damaged files, and memory that runs
// out at each allocation in turn. Skipped without the model (GROVE_MODEL, else the assets' folder).
#include "../test.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/file.h"
#include "embed/embed.h"
#include "embed/pack.h"

enum { SKIPPED = 77, TEXTS = 40 };

static const char *folder;
static struct embedder *embedder;
static char texts_data[TEXTS][2000];
static struct text texts[TEXTS];
static float vectors[TEXTS][EMBED_DIMENSION];

// Texts of all lengths, in no order: some fill the 256 tokens.
static int set_up(void **state)
{
    (void)state;
    struct grove_error error;
    for (size_t i = 0; i < TEXTS; i++) {
        size_t words = i * 17 % TEXTS * 8;
        for (size_t k = 0; k < words; k++)
            memcpy(texts_data[i] + 6 * k,
                   k % 3 == 0   ? "grace "
                   : k % 3 == 1 ? "water "
                                : "stone ",
                   6);
        texts[i] = (struct text){texts_data[i], 6 * words};
    }
    if (embedder_open(&(struct embedder_options){.folder = folder, .threads = 3}, &embedder,
                      &error) != GROVE_OK)
        return -1;
    for (size_t i = 0; i < TEXTS; i++)
        if (embedder_embed(embedder, &texts[i], 1, vectors[i], NULL, &error) != GROVE_OK)
            return -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    embedder_free(embedder);
    embedder_free(NULL);
    return 0;
}

// Whatever else is in the batch, and whoever computes it.
static bool same(const float *a, const float *b)
{
    return memcmp(a, b, EMBED_DIMENSION * sizeof *a) == 0;
}

static bool has_length_1(const float *vector)
{
    double squares = 0;
    for (size_t i = 0; i < EMBED_DIMENSION; i++)
        squares += (double)vector[i] * (double)vector[i];
    return fabs(squares - 1) < 1e-5;
}

static void test_batch(void **state)
{
    (void)state;
    static float batch[TEXTS][EMBED_DIMENSION];
    struct grove_error error;
    assert_int_equal(embedder_embed(embedder, texts, TEXTS, batch[0], NULL, &error), GROVE_OK);
    for (size_t i = 0; i < TEXTS; i++)
        assert_true(same(batch[i], vectors[i]));
    assert_true(has_length_1(batch[1]));
    assert_false(same(batch[0], batch[1]));
    assert_int_equal(embedder_embed(embedder, NULL, 0, NULL, NULL, &error), GROVE_OK);
}

// More texts than one round takes.
static void test_rounds(void **state)
{
    (void)state;
    enum { MANY = 1500 };
    static struct text many[MANY];
    static float found[MANY][EMBED_DIMENSION];
    struct grove_error error;
    const char *words[] = {"grace", "water", "stone"};
    for (size_t i = 0; i < MANY; i++)
        many[i] = text_of(words[i % 3]);
    assert_int_equal(embedder_embed(embedder, many, MANY, found[0], NULL, &error), GROVE_OK);
    for (size_t i = 3; i < MANY; i++)
        assert_true(same(found[i], found[i % 3]));
}

static void *embed_all(void *argument)
{
    size_t first = (size_t)(uintptr_t)argument;
    struct grove_error error;
    float found[3][EMBED_DIMENSION];
    uintptr_t wrong = 0;
    for (size_t i = first; i < first + 2; i++) {
        // In turn one text, and three, which together are too long for the calling thread.
        size_t at = i % (TEXTS - 2), count = i % 2 ? 1 : 3;
        wrong += embedder_embed(embedder, &texts[at], count, found[0], NULL, &error) != GROVE_OK;
        for (size_t k = 0; k < count; k++)
            wrong += !same(found[k], vectors[at + k]);
    }
    return (void *)wrong;
}

static void test_threads(void **state)
{
    (void)state;
    enum { THREADS = 24 }; // more than there are scratches
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, embed_all, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_ptr_equal(wrong, NULL);
    }
}

// The weights are moved once, in the middle of it, or there is no memory for it.
struct large {
    bool refused;
    atomic_uint asked;
};

static bool see_large(void *state, size_t size_bytes)
{
    struct large *large = state;
    if (size_bytes < pack_bytes(EMBED_F32))
        return true;
    large->asked++;
    return !large->refused;
}

static void test_moved_weights(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    struct embedder *shared = embedder;
    struct grove_error error;
    for (int refused = 0; refused <= 1; refused++) {
        struct large large = {.refused = refused != 0};
        pthread_t threads[THREADS];
        assert_int_equal(embedder_open(&(struct embedder_options){.folder = folder, .threads = 2},
                                       &embedder, &error),
                         GROVE_OK);
        mem_set_hook(see_large, &large);
        for (size_t i = 0; i < THREADS; i++)
            assert_int_equal(
                pthread_create(&threads[i], NULL, embed_all, (void *)(uintptr_t)(10 * i)), 0);
        for (size_t i = 0; i < THREADS; i++) {
            void *wrong;
            pthread_join(threads[i], &wrong);
            assert_ptr_equal(wrong, NULL);
        }
        assert_ptr_equal(embed_all((void *)(uintptr_t)5), NULL);
        mem_set_hook(NULL, NULL);
        assert_int_equal(large.asked, mem_has_huge());
        embedder_free(embedder);
    }
    embedder = shared;
}

static void test_bad_text(void **state)
{
    (void)state;
    struct grove_error error;
    float found[3 * EMBED_DIMENSION] = {0};
    int32_t ids[EMBED_TOKENS_MAX];
    size_t count;
    struct text bad[] = {text_of("a"), text_of("b"), text_of("abc\xc3")};
    assert_int_equal(embedder_embed(embedder, bad, 3, found, NULL, &error), GROVE_INVALID);
    assert_string_equal(error.message, "text 2 is not well-formed UTF-8 at byte 3");
    assert_true(found[0] == 0);
    assert_int_equal(embedder_tokenize(embedder, bad[2], ids, &count, &error), GROVE_INVALID);
}

static void test_cancelled(void **state)
{
    (void)state;
    struct grove_error error;
    static float found[TEXTS][EMBED_DIMENSION];
    atomic_bool cancelled = true;
    struct call call;
    call_init(&call);
    call_obey(&call, &cancelled);
    for (size_t count = 1; count <= TEXTS; count += TEXTS - 1)
        assert_int_equal(embedder_embed(embedder, texts, count, found[0], &call, &error),
                         GROVE_CANCELLED);
    atomic_store(&cancelled, false);
    struct call late = call;
    late.deadline_us = 1;
    assert_int_equal(embedder_embed(embedder, texts, 1, found[0], &late, &error), GROVE_TIMEOUT);
    assert_int_equal(embedder_embed(embedder, texts, 1, found[0], &call, &error), GROVE_OK);
}

// --- files ------------------------------------------------------------------------------------

// Opens a model whose file of this name is cut to so many bytes; the other one is whole.
static enum grove_code open_cut(const char *name, size_t bytes_max, struct grove_error *error)
{
    static const char *const names[] = {"vocab.txt", "model.safetensors"};
    char temporary[] = "/tmp/grove-embed-XXXXXX", paths[2][PATH_MAX];
    assert_non_null(mkdtemp(temporary));
    for (size_t i = 0; i < 2; i++) {
        char whole[PATH_MAX];
        snprintf(whole, sizeof whole, "%s/%s", folder, names[i]);
        snprintf(paths[i], sizeof paths[i], "%s/%s", temporary, names[i]);
        if (strcmp(name, names[i]) != 0) {
            char *resolved = realpath(whole, NULL);
            assert_int_equal(symlink(resolved, paths[i]), 0);
            free(resolved);
            continue;
        }
        struct file_map map;
        assert_int_equal(file_map_open(whole, &map, error), GROVE_OK);
        struct text part = {(const char *)map.data, bytes_max};
        assert_true(bytes_max < map.size_bytes);
        assert_int_equal(file_write(paths[i], part, 0600, error), GROVE_OK);
        file_map_release(&map);
    }
    struct embedder *damaged = NULL;
    enum grove_code code =
        embedder_open(&(struct embedder_options){.folder = temporary}, &damaged, error);
    assert_null(damaged);
    unlink(paths[0]);
    unlink(paths[1]);
    rmdir(temporary);
    return code;
}

static void test_damaged_files(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t bytes;
        const char *message; // a part of it
    } rows[] = {
        {"vocab.txt", 0, "is empty"},
        {"vocab.txt", 1000, "ends within a line, at byte 1000"},
        {"vocab.txt", 6, "has no line \"[UNK]\""},
        {"vocab.txt", 231502, "has shape [30522, 384], not [30521, 384]"}, // the last line away
        {"model.safetensors", 0, "has 0 bytes: the file is truncated"},
        {"model.safetensors", 5000, "header of 11408: the file is truncated"},
        {"model.safetensors", 1 << 20, "the file is truncated"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct grove_error error = {0};
        assert_int_equal(open_cut(rows[i].name, rows[i].bytes, &error), GROVE_CORRUPT);
        if (!strstr(error.message, rows[i].message))
            fail_msg("row %zu: \"%s\"", i, error.message);
    }
}

static void test_missing_files(void **state)
{
    (void)state;
    struct grove_error error = {0};
    struct embedder *none = NULL;
    assert_int_equal(
        embedder_open(&(struct embedder_options){.folder = "/nonexistent"}, &none, &error),
        GROVE_NOT_FOUND);
    assert_non_null(strstr(error.message, "/nonexistent/vocab.txt"));
    assert_non_null(strstr(error.hint, "model.safetensors"));
    assert_int_equal(embedder_open(&(struct embedder_options){0}, &none, &error), GROVE_INVALID);
    assert_null(none);
}

// --- faults -----------------------------------------------------------------------------------

static enum grove_code open_and_embed(enum embed_precision precision, struct grove_error *error)
{
    struct embedder *own = NULL;
    static float found[TEXTS][EMBED_DIMENSION];
    struct embedder_options options = {.folder = folder, .threads = 2, .precision = precision};
    enum grove_code code = embedder_open(&options, &own, error);
    if (code == GROVE_OK)
        code = embedder_embed(own, texts, 4, found[0], NULL, error);
    if (code == GROVE_OK)
        code = embedder_embed(own, &texts[1], 1, found[4], NULL, error);
    if (code == GROVE_OK && precision == EMBED_F32)
        for (size_t i = 0; i < 4; i++)
            assert_true(same(found[i], vectors[i]));
    embedder_free(own);
    return code;
}

static void fail_each(enum embed_precision precision, bool forever)
{
    size_t failed = 0;
    for (size_t n = 1;; n++) {
        struct test_faults faults = {.countdown = n, .forever = forever};
        struct grove_error error = {0};
        mem_set_hook(test_faults_hook, &faults);
        enum grove_code code = open_and_embed(precision, &error);
        mem_set_hook(NULL, NULL);
        if (faults.failed == 0) {
            assert_int_equal(code, GROVE_OK);
            break;
        }
        assert_int_equal(code, GROVE_NO_MEMORY);
        assert_int_equal(error.code, GROVE_NO_MEMORY);
        failed++;
        assert_true(n < 1000);
    }
    print_message("%zu allocations failed in turn\n", failed);
    assert_true(failed >= 8);
}

static void test_faults(void **state)
{
    (void)state;
    struct grove_error error = {0};
    // So that the pack is there: u_pack.c lets the making of it fail.
    assert_int_equal(open_and_embed(EMBED_REDUCED, &error), GROVE_OK);
    for (int precision = EMBED_F32; precision <= EMBED_REDUCED; precision++)
        for (int forever = 0; forever <= 1; forever++)
            fail_each((enum embed_precision)precision, forever);
}

int main(void)
{
    const char *named = getenv("GROVE_MODEL");
    folder = named ? named : GROVE_ASSETS_DIR "/model";
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    if (!file_exists(path)) {
        printf("skipped: no file \"%s\"\n", path);
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch),         cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_threads),       cmocka_unit_test(test_moved_weights),
        cmocka_unit_test(test_bad_text),      cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_damaged_files), cmocka_unit_test(test_missing_files),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
