// SPDX-License-Identifier: Apache-2.0
//
// Packed weights in their file: found again, made anew when the model or the file is another or is
// damaged, put elsewhere where they cannot be put, and never wrong: the vectors keep their bits.
// Skipped without the model (GROVE_MODEL, else the assets' folder).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/attr.h"
#include "base/file.h"
#include "embed/pack_file.h"

enum { SKIPPED = 77 };

static const char *published;    // the model's folder
static char root[PATH_MAX];      // all that the tests write
static char folder[PATH_MAX];    // of a model of their own, with links to the published files
static char pack_path[PATH_MAX]; // folder/model.int8.pack
static char cache_folder[PATH_MAX];
static float wanted[EMBED_DIMENSION];

static void join(char ret_path[static PATH_MAX], const char *parent, const char *name)
{
    assert_true(snprintf(ret_path, PATH_MAX, "%s/%s", parent, name) < PATH_MAX);
}

static void embed_with(enum embed_precision precision, float ret_vector[static EMBED_DIMENSION])
{
    struct grove_error error = {0};
    struct embedder *embedder = NULL;
    struct text text = text_of("baptism salvation doctrine");
    struct embedder_options options = {.folder = folder, .threads = 1, .precision = precision};
    if (embedder_open(&options, &embedder, &error) != GROVE_OK)
        fail_msg("%s", error.message);
    assert_int_equal(embedder_embed(embedder, &text, 1, ret_vector, NULL, &error), GROVE_OK);
    embedder_free(embedder);
}

static void assert_same_vector(void)
{
    float vector[EMBED_DIMENSION];
    embed_with(EMBED_REDUCED, vector);
    assert_memory_equal(vector, wanted, sizeof wanted);
}

static struct stat status_of(const char *path)
{
    struct stat status = {0};
    if (stat(path, &status) != 0)
        status = (struct stat){0};
    return status;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/grove-pack-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    join(folder, root, "model");
    join(cache_folder, root, "cache");
    join(pack_path, folder, "model.int8.pack");
    setenv("XDG_CACHE_HOME", cache_folder, 1);
    static const char *const names[] = {"vocab.txt", "model.safetensors"};
    if (mkdir(folder, 0700) != 0)
        return -1;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char target[PATH_MAX], path[PATH_MAX];
        join(target, published, names[i]);
        join(path, folder, names[i]);
        if (symlink(target, path) != 0)
            return -1;
    }
    embed_with(EMBED_REDUCED, wanted);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[PATH_MAX + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

// The second opening maps the file that the first one made.
static void test_kept(void **state)
{
    (void)state;
    struct stat first = status_of(pack_path);
    assert_int_equal(first.st_size, PACK_HEADER_BYTES + pack_bytes(EMBED_REDUCED));
    assert_same_vector();
    struct stat second = status_of(pack_path);
    assert_true(first.st_ino == second.st_ino);
    assert_int_equal(status_of(cache_folder).st_ino, 0);
}

static void overwrite(off_t offset, const void *bytes, size_t size_bytes)
{
    int file = open(pack_path, O_WRONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, size_bytes, offset), size_bytes);
    close(file);
}

// A changed byte anywhere is noticed: the pack is made anew, the same to the last byte.
static void test_damaged(void **state)
{
    (void)state;
    enum { CUT = -1 };
    static const struct {
        off_t offset; // of a byte that is changed, or CUT
        off_t length;
    } rows[] = {
        {0, 0},                           // magic
        {8, 0},                           // version
        {12, 0},                          // precision
        {24, 0},                          // the payload's checksum
        {40, 0},                          // the key
        {96, 0},                          // the header's own checksum
        {PACK_HEADER_BYTES, 0},           // the first byte of the payload
        {PACK_HEADER_BYTES + 5000001, 0}, // one in the middle
        {CUT, 0},
        {CUT, 50},                          // truncated
        {CUT, PACK_HEADER_BYTES},           // "
        {CUT, PACK_HEADER_BYTES + 1234567}, // "
    };
    struct grove_error error;
    struct file_map whole, again;
    assert_int_equal(file_map_open(pack_path, &whole, &error), GROVE_OK);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        unsigned char byte = 0;
        if (rows[i].offset == CUT) {
            // A copy is cut: the file itself is mapped.
            struct text part = {(const char *)whole.data, (size_t)rows[i].length};
            assert_int_equal(file_write(pack_path, part, 0600, &error), GROVE_OK);
        } else {
            struct text all = {(const char *)whole.data, whole.size_bytes};
            assert_int_equal(file_write(pack_path, all, 0600, &error), GROVE_OK);
            byte = (unsigned char)~whole.data[rows[i].offset];
            overwrite(rows[i].offset, &byte, 1);
        }
        assert_same_vector();
        assert_int_equal(file_map_open(pack_path, &again, &error), GROVE_OK);
        assert_int_equal(again.size_bytes, whole.size_bytes);
        assert_memory_equal(again.data, whole.data, whole.size_bytes);
        file_map_release(&again);
    }
    file_map_release(&whole);
}

// The reasons, in the order in which they are looked for.
static void test_check(void **state)
{
    (void)state;
    size_t size_bytes = PACK_HEADER_BYTES + pack_bytes(EMBED_REDUCED);
    unsigned char *bytes = mem_alloc_aligned(PACK_HEADER_BYTES, size_bytes);
    assert_non_null(bytes);
    memset(bytes, 0, size_bytes);
    struct pack_key key = {.model_bytes = 90000000, .inode = 7}, other = key;
    struct pack_header header;
    pack_header_init(&header, &key, EMBED_REDUCED, bytes + PACK_HEADER_BYTES);
    memcpy(bytes, &header, sizeof header);
    assert_null(pack_check(bytes, size_bytes, &key, EMBED_REDUCED));
    assert_string_equal(pack_check(bytes, size_bytes, &key, EMBED_F32), "is of another precision");
    other.changed_ns = 1; // the model was replaced by one of the same size
    assert_string_equal(pack_check(bytes, size_bytes, &other, EMBED_REDUCED),
                        "was made from another model file");
    assert_string_equal(pack_check(bytes, size_bytes - 1, &key, EMBED_REDUCED), "is truncated");
    assert_string_equal(pack_check(bytes, 10, &key, EMBED_REDUCED), "is truncated");
    bytes[size_bytes - 1] = 1;
    assert_string_equal(pack_check(bytes, size_bytes, &key, EMBED_REDUCED), "is damaged");
    bytes[40]++;
    assert_string_equal(pack_check(bytes, size_bytes, &key, EMBED_REDUCED), "has a damaged header");
    bytes[8]++;
    assert_string_equal(pack_check(bytes, size_bytes, &key, EMBED_REDUCED),
                        "is of another version");
    bytes[0]++;
    assert_string_equal(pack_check(bytes, size_bytes, &key, EMBED_REDUCED), "is no pack");
    mem_free(bytes);
}

// Where the file cannot be put beside the model it goes into the cache; where that cannot be
// written either, the weights stay in memory.
static void test_places(void **state)
{
    (void)state;
    assert_int_equal(unlink(pack_path), 0);
    assert_int_equal(mkdir(pack_path, 0700), 0); // cannot be replaced by a file, by nobody
    char grove_folder[PATH_MAX];
    join(grove_folder, cache_folder, "grove");
    assert_same_vector();
    assert_int_not_equal(status_of(grove_folder).st_ino, 0);
    assert_int_equal(status_of(grove_folder).st_mode & 0777, 0700);
    assert_same_vector(); // from there
    setenv("XDG_CACHE_HOME", "/proc/none", 1);
    assert_same_vector();
    unsetenv("XDG_CACHE_HOME");
    char *home = getenv("HOME"), *kept = home ? strdup(home) : NULL;
    unsetenv("HOME");
    assert_same_vector();
    if (kept)
        setenv("HOME", kept, 1);
    free(kept);
    setenv("XDG_CACHE_HOME", cache_folder, 1);
    assert_int_equal(rmdir(pack_path), 0);
}

static void *open_one(void *argument)
{
    (void)argument;
    float vector[EMBED_DIMENSION];
    embed_with(EMBED_REDUCED, vector);
    return memcmp(vector, wanted, sizeof wanted) == 0 ? NULL : (void *)1;
}

// All find no file, all make it, each replaces it in one step.
static void test_at_once(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    (void)unlink(pack_path);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_one, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_same_vector();
}

// Each precision has a file of its own.
static void test_precisions(void **state)
{
    (void)state;
    float exact[EMBED_DIMENSION], again[EMBED_DIMENSION];
    char path[PATH_MAX];
    join(path, folder, "model.f32.pack");
    embed_with(EMBED_F32, exact);
    assert_int_equal(status_of(path).st_size, PACK_HEADER_BYTES + pack_bytes(EMBED_F32));
    assert_memory_not_equal(exact, wanted, sizeof wanted);
    assert_same_vector();
    embed_with(EMBED_F32, again);
    assert_memory_equal(exact, again, sizeof again);
}

int main(void)
{
    const char *named = getenv("GROVE_MODEL");
    published = named ? named : GROVE_ASSETS_DIR "/model";
    char path[PATH_MAX];
    join(path, published, "model.safetensors");
    if (!file_exists(path)) {
        printf("skipped: no file \"%s\"\n", path);
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),    cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_check),   cmocka_unit_test(test_places),
        cmocka_unit_test(test_at_once), cmocka_unit_test(test_precisions),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
