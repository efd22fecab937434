// SPDX-License-Identifier: Apache-2.0
//
// Packed weights in their file: found again, made anew when the model or the file is another or is
// damaged, put elsewhere where they cannot be put, and never wrong: the vectors keep their bits.
// And how well they are rounded. All but the last is skipped without the model (GROVE_MODEL, else
// the assets' folder).
#include "../test.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/file.h"
#include "embed/pack_file.h"
#include "embed/pack_int8.h"
#include "embed/products.h"

enum { SKIPPED = 77 };

static const char *published; // the model's folder
static char root[PATH_MAX];   // all that the tests write
static char folder[PATH_MAX]; // of a model of their own, with links to the published files
static char pack_paths[EMBED_PRECISIONS][PATH_MAX]; // in `folder`
static char cache_folder[PATH_MAX];
static float wanted[EMBED_PRECISIONS][EMBED_DIMENSION];
static char used_path[PATH_MAX]; // of the pack that was used last; "": in memory

static void join(char ret_path[static PATH_MAX], const char *parent, const char *name)
{
    assert_true(snprintf(ret_path, PATH_MAX, "%s/%s", parent, name) < PATH_MAX);
}

static void pack_name(char ret_path[static PATH_MAX], const char *kind)
{
    char name[64];
    snprintf(name, sizeof name, "model.%s.%d.pack", kind, PACK_VERSION);
    join(ret_path, folder, name);
}

// ret_path: of the pack that was used; NULL: not wanted.
static void embed_with(enum embed_precision precision, float ret_vector[static EMBED_DIMENSION],
                       char *ret_path)
{
    struct grove_error error = {0};
    struct embedder *embedder = NULL;
    struct text text = text_of("baptism salvation doctrine");
    struct embedder_options options = {.folder = folder, .threads = 1, .precision = precision};
    if (embedder_open(&options, &embedder, &error) != GROVE_OK)
        fail_msg("%s", error.message);
    assert_int_equal(embedder_embed(embedder, &text, 1, ret_vector, NULL, &error), GROVE_OK);
    if (ret_path)
        snprintf(ret_path, PATH_MAX, "%s", embedder_pack_path(embedder));
    embedder_free(embedder);
}

// Makes the pack, and with it the vector that all others must equal: before its file is touched.
static void need_pack(enum embed_precision precision)
{
    static bool made[EMBED_PRECISIONS];
    if (!made[precision])
        embed_with(precision, wanted[precision], NULL);
    made[precision] = true;
}

static void assert_same_vector(enum embed_precision precision)
{
    float vector[EMBED_DIMENSION];
    need_pack(precision);
    embed_with(precision, vector, used_path);
    assert_memory_equal(vector, wanted[precision], sizeof vector);
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
    pack_name(pack_paths[EMBED_F32], "f32");
    pack_name(pack_paths[EMBED_REDUCED], "int8");
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
    for (int i = EMBED_F32; i <= EMBED_REDUCED; i++) {
        enum embed_precision precision = (enum embed_precision)i;
        need_pack(precision);
        struct stat first = status_of(pack_paths[i]);
        assert_int_equal(first.st_size, PACK_HEADER_BYTES + pack_bytes(precision));
        assert_same_vector(precision);
        struct stat second = status_of(pack_paths[i]);
        assert_true(first.st_ino == second.st_ino);
        assert_string_equal(used_path, pack_paths[i]);
    }
    assert_int_equal(status_of(cache_folder).st_ino, 0);
}

// Writes the pack at `path` again with one byte changed, or cut.
static void damage(const char *path, const struct file_map *whole, off_t offset, size_t length)
{
    struct grove_error error;
    // A new file: the old one is mapped.
    struct text bytes = {(const char *)whole->data, length};
    assert_int_equal(file_write(path, bytes, 0600, &error), GROVE_OK);
    if (length < whole->size_bytes)
        return;
    int file = open(path, O_WRONLY | O_CLOEXEC);
    unsigned char byte = (unsigned char)~whole->data[offset];
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, &byte, 1, offset), 1);
    close(file);
}

// A changed byte anywhere is noticed: the pack is made anew, the same to the last byte. In f32,
// where that takes less time.
static void test_damaged(void **state)
{
    (void)state;
    static const struct {
        off_t offset;  // of a byte that is changed
        size_t length; // 0: whole
    } rows[] = {
        {0, 0},                           // magic
        {8, 0},                           // version
        {12, 0},                          // precision
        {24, 0},                          // the payload's checksum
        {40, 0},                          // the key
        {112, 0},                         // the header's own checksum
        {PACK_HEADER_BYTES, 0},           // the first byte of the payload
        {PACK_HEADER_BYTES + 5000001, 0}, // one in the middle
        {0, 1},                           // truncated
        {0, 50},                          // "
        {0, PACK_HEADER_BYTES},           // "
        {0, PACK_HEADER_BYTES + 1234567}, // "
    };
    struct grove_error error;
    struct file_map whole, again;
    float right[EMBED_DIMENSION], vector[EMBED_DIMENSION];
    const char *path = pack_paths[EMBED_F32];
    embed_with(EMBED_F32, right, NULL);
    assert_int_equal(file_map_open(path, &whole, &error), GROVE_OK);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        damage(path, &whole, rows[i].offset, rows[i].length ? rows[i].length : whole.size_bytes);
        embed_with(EMBED_F32, vector, NULL);
        assert_memory_equal(vector, right, sizeof right);
        assert_int_equal(file_map_open(path, &again, &error), GROVE_OK);
        assert_int_equal(again.size_bytes, whole.size_bytes);
        assert_memory_equal(again.data, whole.data, whole.size_bytes);
        file_map_release(&again);
    }
    file_map_release(&whole);
}

// Opens it by a seal. *ret_whole: what it holds is right.
static bool is_remade(const char *path, const char *seal, bool *ret_whole)
{
    struct grove_error error;
    struct embedder *embedder = NULL;
    struct embedder_options options = {.folder = folder, .threads = 1, .seal = seal};
    char now[PACK_SEAL_SIZE];
    ino_t before = status_of(path).st_ino;
    assert_int_equal(embedder_open(&options, &embedder, &error), GROVE_OK);
    pack_seal_of(path, now);
    assert_string_equal(embedder_seal(embedder), now);
    *ret_whole = embedder_is_whole(embedder);
    embedder_free(embedder);
    return status_of(path).st_ino != before;
}

// The payload is not read while the file is the one that the seal tells of. Here that one is
// damaged, as whoever gives a seal of it has to answer for.
static void test_sealed(void **state)
{
    (void)state;
    struct grove_error error;
    struct file_map whole;
    const char *path = pack_paths[EMBED_F32];
    char seal[PACK_SEAL_SIZE];
    bool is_whole;
    need_pack(EMBED_F32);
    assert_int_equal(file_map_open(path, &whole, &error), GROVE_OK);
    damage(path, &whole, PACK_HEADER_BYTES + 5000001, whole.size_bytes);
    pack_seal_of(path, seal);
    assert_false(is_remade(path, seal, &is_whole));
    assert_false(is_whole);
    // The same bytes, but another state of the file; a damaged header, whatever the seal says.
    assert_int_equal(chmod(path, 0640), 0);
    assert_true(is_remade(path, seal, &is_whole));
    assert_true(is_whole);
    damage(path, &whole, 40, whole.size_bytes);
    pack_seal_of(path, seal);
    assert_true(is_remade(path, seal, &is_whole));
    assert_true(is_whole);
    file_map_release(&whole);
    assert_same_vector(EMBED_F32);
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

// No file can be put beside the model: a folder has its name.
static void block_model_folder(const char *path)
{
    (void)unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
}

// Where the file cannot be put beside the model it goes into the cache; where that cannot be
// written either, or is not this user's alone, the weights stay in memory. In f32, where making
// them takes less time.
static void test_places(void **state)
{
    (void)state;
    need_pack(EMBED_F32);
    block_model_folder(pack_paths[EMBED_F32]);
    char grove_folder[PATH_MAX];
    join(grove_folder, cache_folder, "grove");
    assert_same_vector(EMBED_F32);
    assert_int_not_equal(status_of(grove_folder).st_ino, 0);
    assert_int_equal(status_of(grove_folder).st_mode & 0777, 0700);
    struct stat made = status_of(used_path);
    assert_true(strncmp(used_path, grove_folder, strlen(grove_folder)) == 0 && made.st_size > 0);
    assert_same_vector(EMBED_F32); // from there
    assert_true(status_of(used_path).st_ino == made.st_ino);
    assert_int_equal(chmod(grove_folder, 0777), 0); // anybody could have put it there
    assert_same_vector(EMBED_F32);
    assert_string_equal(used_path, "");
    setenv("XDG_CACHE_HOME", "/proc/none", 1);
    assert_same_vector(EMBED_F32);
    assert_string_equal(used_path, "");
    unsetenv("XDG_CACHE_HOME");
    char *home = getenv("HOME"), *kept = home ? strdup(home) : NULL;
    unsetenv("HOME");
    assert_same_vector(EMBED_F32);
    if (kept)
        setenv("HOME", kept, 1);
    free(kept);
    setenv("XDG_CACHE_HOME", cache_folder, 1);
    assert_int_equal(rmdir(pack_paths[EMBED_F32]), 0);
}

// Every allocation of making a pack fails once: of the reduced one those of the first product,
// since the others' are the same.
static void test_faults(void **state)
{
    (void)state;
    static const size_t most[EMBED_PRECISIONS] = {1000, 24};
    for (size_t i = 0; i < EMBED_PRECISIONS; i++)
        block_model_folder(pack_paths[i]);
    setenv("XDG_CACHE_HOME", "/proc/none", 1);
    for (int precision = EMBED_F32; precision <= EMBED_REDUCED; precision++) {
        size_t failed = 0;
        for (size_t n = 1; n <= most[precision]; n++) {
            struct grove_error error = {0};
            struct embedder *embedder = NULL;
            struct embedder_options options = {
                .folder = folder, .threads = 1, .precision = (enum embed_precision)precision};
            struct test_faults faults = {.countdown = n};
            mem_set_hook(test_faults_hook, &faults);
            enum grove_code code = embedder_open(&options, &embedder, &error);
            mem_set_hook(NULL, NULL);
            embedder_free(embedder);
            if (faults.failed == 0) {
                assert_int_equal(code, GROVE_OK);
                break;
            }
            assert_int_equal(code, GROVE_NO_MEMORY);
            failed++;
        }
        assert_true(failed >= 8);
    }
    setenv("XDG_CACHE_HOME", cache_folder, 1);
    for (size_t i = 0; i < EMBED_PRECISIONS; i++)
        assert_int_equal(rmdir(pack_paths[i]), 0);
}

static void *open_one(void *argument)
{
    (void)argument;
    float vector[EMBED_DIMENSION];
    embed_with(EMBED_F32, vector, NULL);
    return memcmp(vector, wanted[EMBED_F32], sizeof vector) == 0 ? NULL : (void *)1;
}

// All find no file, all make it, each replaces it in one step.
static void test_at_once(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    need_pack(EMBED_F32);
    (void)unlink(pack_paths[EMBED_F32]);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_one, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_same_vector(EMBED_F32);
}

// Each precision has a file of its own, and vectors of its own.
static void test_precisions(void **state)
{
    (void)state;
    need_pack(EMBED_F32);
    need_pack(EMBED_REDUCED);
    assert_memory_not_equal(wanted[EMBED_F32], wanted[EMBED_REDUCED], sizeof wanted[0]);
    for (int turn = 0; turn < 2; turn++) {
        assert_same_vector(EMBED_F32);
        assert_string_equal(used_path, pack_paths[EMBED_F32]);
        assert_same_vector(EMBED_REDUCED);
        assert_string_equal(used_path, pack_paths[EMBED_REDUCED]);
    }
}

// --- rounding -----------------------------------------------------------------------------------

enum { INPUTS = MODEL_HIDDEN, OUTPUTS = 2 * PACK_COLUMNS, ROWS = 32 };

static uint64_t random_state = 1;

// Of mean 0 and width 1, nearly normal: the sum of 12 even ones (D. E. Knuth's MMIX generator).
static float random_float(void)
{
    float sum = -6;
    for (int i = 0; i < 12; i++) {
        random_state = random_state * 6364136223846793005U + 1442695040888963407U;
        sum += (float)(random_state >> 40) / (float)(1 << 24);
    }
    return sum;
}

// Rows that have much in common, as the tokens of texts do, or nothing.
static void fill_rows(float *x, size_t rows, const float *common)
{
    for (size_t i = 0; i < rows * INPUTS; i++)
        x[i] = common ? 2 * common[i % INPUTS] + random_float() : 2 * random_float();
}

// How wrong the mean of the rows' products is, to its size: the mean square of both.
static double error_of(const struct packed *packed, const float *const *weights, const float *x)
{
    static struct product_scratch scratch;
    static float y[ROWS * OUTPUTS];
    double errors = 0, sizes = 0;
    product_int8(kernels_of_equal_bits(), packed, &scratch, x, ROWS, y, NULL);
    for (size_t o = 0; o < OUTPUTS; o++) {
        double right = 0, found = 0;
        for (size_t row = 0; row < ROWS; row++) {
            found += (double)y[row * OUTPUTS + o];
            right += (double)packed->bias[o];
            for (size_t i = 0; i < INPUTS; i++)
                right += (double)x[row * INPUTS + i] * (double)weights[o][i];
        }
        errors += (found - right) * (found - right);
        sizes += right * right;
    }
    return sqrt(errors / sizes);
}

// Products are nearly right, and far better for inputs like the samples.
static void test_rounding(void **state)
{
    (void)state;
    static float weights[OUTPUTS * INPUTS], samples[PACK_SAMPLES * INPUTS], x[ROWS * INPUTS];
    static int8_t bytes[OUTPUTS * INPUTS] __attribute__((aligned(64)));
    float common[INPUTS], bias[OUTPUTS], scales[OUTPUTS], factors[INPUTS];
    int32_t offsets[OUTPUTS];
    const float *rows[OUTPUTS];
    struct grove_error error;
    for (size_t i = 0; i < INPUTS; i++)
        common[i] = random_float();
    for (size_t o = 0; o < OUTPUTS; o++) {
        rows[o] = weights + o * INPUTS;
        bias[o] = random_float();
    }
    for (size_t i = 0; i < ARRAY_COUNT(weights); i++)
        weights[i] = random_float() / 20;
    fill_rows(samples, PACK_SAMPLES, common);
    struct packed packed = {.inputs = INPUTS,
                            .outputs = OUTPUTS,
                            .bias = bias,
                            .bytes = bytes,
                            .scales = scales,
                            .offsets = offsets,
                            .factors = factors};
    struct pack_int8_source source = {rows, NULL, samples};
    assert_int_equal(pack_int8_make(&source, &packed, &error), GROVE_OK);
    fill_rows(x, ROWS, common);
    double like = error_of(&packed, rows, x);
    fill_rows(x, ROWS, NULL);
    double unlike = error_of(&packed, rows, x);
    print_message("errors: %.5f for inputs like the samples, %.5f for others\n", like, unlike);
    assert_true(like < 0.003 && unlike < 0.02 && like < unlike / 2);

    weights[5] = INFINITY;
    assert_int_equal(pack_int8_make(&source, &packed, &error), GROVE_CORRUPT);
    weights[5] = 0;
    samples[7] = NAN;
    assert_int_equal(pack_int8_make(&source, &packed, &error), GROVE_CORRUPT);
}

// usage: u_pack [TEST]
int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest rounding_tests[] = {cmocka_unit_test(test_rounding)};
    int failed = cmocka_run_group_tests(rounding_tests, NULL, NULL);
    const char *named = getenv("GROVE_MODEL");
    published = named ? named : GROVE_ASSETS_DIR "/model";
    char path[PATH_MAX];
    join(path, published, "model.safetensors");
    if (failed == 0 && !file_exists(path)) {
        printf("skipped: no file \"%s\"\n", path);
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),       cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_sealed),     cmocka_unit_test(test_check),
        cmocka_unit_test(test_places),     cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_precisions), cmocka_unit_test(test_faults),
    };
    return failed + cmocka_run_group_tests(tests, set_up, tear_down);
}
