// SPDX-License-Identifier: Apache-2.0
//
// Embeddings against those of the published model: a few in the table below, and all of the file
// that GROVE_GOLDEN names, whose lines are {"text": ..., "token_ids": [...], "vector": [...]}.
// Skipped without the model (GROVE_MODEL, else the assets' folder).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/file.h"
#include "base/json.h"
#include "embed/embed.h"

enum { SKIPPED = 77 };

static void assert_near(const float *x, const float *wanted, size_t count, float tolerance)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(x[i] - wanted[i]) <= tolerance))
            fail_msg("number %zu is %.9g, not %.9g", i, (double)x[i], (double)wanted[i]);
}

// --- the model --------------------------------------------------------------------------------

static const struct {
    const char *text;
    size_t count;
    int32_t ids[32];
    float numbers[6]; // the first of the vector
} golden[] = {
    {"",
     2,
     {101, 102},
     {-0.1188384f, 0.0482986f, -0.0025481f, -0.0110112f, 0.0519507f, 0.0102918f}},
    {"baptism salvation doctrine",
     5,
     {101, 18336, 12611, 8998, 102},
     {0.0250446f, 0.1150090f, -0.0783890f, -0.0290237f, -0.0418012f, 0.0507728f}},
    {"na\303\257ve caf\303\251 r\303\251sum\303\251 \303\205ngstr\303\266m",
     7,
     {101, 15743, 7668, 13746, 17076, 15687, 102},
     {0.0394462f, -0.0390585f, -0.0101089f, 0.0540648f, 0.0583308f, 0.0407602f}},
    {"\303\205\303\204\303\226 \303\237 \341\272\236 \304\260 \304\261 \305\277",
     9,
     {101, 9779, 2080, 1096, 1096, 1045, 1104, 100, 102},
     {-0.0810800f, -0.0188409f, -0.0094952f, -0.0390478f, -0.0287005f, 0.0295942f}},
    {"\346\227\245\346\234\254\350\252\236\343\201\256\343\203\206\343\202\255\343\202"
     "\271\343\203\210 and English mixed \344\270\255\346\226\207\345\255\227\347\254"
     "\246",
     17,
     {101, 1864, 1876, 1950, 1671, 30239, 30227, 30233, 30240, 1998, 2394, 3816, 1746, 1861, 100,
      100, 102},
     {-0.0043622f, 0.0782599f, 0.1116472f, -0.0192325f, -0.0209406f, 0.0582021f}},
    {"control\001chars\007removed\302\205",
     8,
     {101, 2491, 7507, 2869, 28578, 21818, 2094, 102},
     {-0.0666461f, -0.0014986f, -0.0489240f, 0.0557636f, -0.0961867f, 0.0680709f}},
    {"[CLS] [SEP] [MASK] [PAD] [UNK] literal tokens",
     10,
     {101, 101, 102, 103, 0, 100, 18204, 19204, 2015, 102},
     {-0.0638394f, -0.0058331f, 0.1168851f, 0.0335320f, -0.0726410f, 0.0478951f}},
    {"\316\221\316\222\316\223\316\224 \316\261\316\262\316\263\316\264 \316\243\316"
     "\257\317\203\317\205\317\206\316\277\317\202 \317\202",
     17,
     {101, 1155, 29720, 29721, 29722, 1155, 29720, 29721, 29722, 1173, 18199, 29733, 29735, 29736,
      15297, 1172, 102},
     {-0.0639510f, -0.0464437f, 0.0247075f, -0.0101153f, -0.0579020f, 0.0300236f}},
};

static const struct precision {
    enum embed_precision precision;
    double least, least_prose; // cosine to the published vectors
} precisions[] = {
    {EMBED_F32, 0.99999, 0.99999},
    {EMBED_REDUCED, 0.98, 0.995},
};

static const struct precision *precision;
static struct embedder *embedder;

static double cosine(const float *a, const float *b)
{
    double product = 0, squares_a = 0, squares_b = 0;
    for (size_t i = 0; i < EMBED_DIMENSION; i++) {
        product += (double)a[i] * (double)b[i];
        squares_a += (double)a[i] * (double)a[i];
        squares_b += (double)b[i] * (double)b[i];
    }
    return product / sqrt(squares_a * squares_b);
}

static void test_golden_table(void **state)
{
    static float exact[ARRAY_COUNT(golden)][EMBED_DIMENSION]; // in f32, which comes first
    (void)state;
    struct grove_error error;
    for (size_t i = 0; i < ARRAY_COUNT(golden); i++) {
        struct text text = text_of(golden[i].text);
        int32_t ids[EMBED_TOKENS_MAX];
        size_t count;
        float vector[EMBED_DIMENSION];
        assert_int_equal(embedder_tokenize(embedder, text, ids, &count, &error), GROVE_OK);
        assert_int_equal(count, golden[i].count);
        assert_memory_equal(ids, golden[i].ids, count * sizeof ids[0]);
        assert_int_equal(embedder_embed(embedder, &text, 1, vector, NULL, &error), GROVE_OK);
        if (precision->precision == EMBED_F32) {
            assert_near(vector, golden[i].numbers, ARRAY_COUNT(golden[i].numbers), 1e-5f);
            memcpy(exact[i], vector, sizeof vector);
        }
        assert_true(cosine(vector, exact[i]) >= precision->least);
    }
}

// One line of the golden file: its text, its vector, and its ids compared with ours.
static void read_line(struct text line, struct arena *arena, struct text *ret_text,
                      float *ret_vector)
{
    yyjson_doc *document = yyjson_read(line.data, line.length, 0);
    yyjson_val *root = yyjson_doc_get_root(document);
    struct text text = json_text(yyjson_obj_get(root, "text"));
    yyjson_val *ids = yyjson_obj_get(root, "token_ids"), *vector = yyjson_obj_get(root, "vector");
    assert_non_null(text.data);
    assert_int_equal(yyjson_arr_size(vector), EMBED_DIMENSION);
    *ret_text = (struct text){arena_copy(arena, text), text.length};
    int32_t ours[EMBED_TOKENS_MAX];
    size_t count, index, index_max;
    struct grove_error error;
    assert_int_equal(embedder_tokenize(embedder, text, ours, &count, &error), GROVE_OK);
    assert_int_equal(count, yyjson_arr_size(ids));
    yyjson_val *item;
    yyjson_arr_foreach (ids, index, index_max, item) {
        assert_int_equal(ours[index], yyjson_get_int(item));
    }
    yyjson_arr_foreach (vector, index, index_max, item) {
        ret_vector[index] = (float)yyjson_get_num(item);
    }
    yyjson_doc_free(document);
}

// Ordinary prose, as docs/embedding.md has it: at least 5 words, half of them different, 95 of 100
// characters ASCII letters, spaces and the marks of sentences.
static bool is_prose(struct text text)
{
    enum { WORDS_MAX = 1000 };
    static struct text words[WORDS_MAX];
    size_t plain = 0, characters = 0, count = 0, different = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        characters += (c & 0xc0) != 0x80;
        plain += ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c != 0 && strchr(" .,;:!?'\"-()", c));
    }
    struct text rest = text, word;
    while (rest.length > 0 && count < WORDS_MAX && text_split(&rest, ' ', &word)) {
        if (word.length == 0)
            continue;
        bool seen = false;
        for (size_t i = 0; i < count && !seen; i++)
            seen = text_equal(words[i], word);
        different += !seen;
        words[count++] = word;
    }
    return count >= 5 && 2 * different >= count && 100 * plain >= 95 * characters;
}

// Each line by itself, and all of them in one batch: the same bits.
static void test_golden_file(void **state)
{
    (void)state;
    enum { LINES_MAX = 1000 };
    const char *path = getenv("GROVE_GOLDEN");
    if (!path || path[0] == '\0') {
        print_message("GROVE_GOLDEN is not set: the table only\n");
        return;
    }
    static float wanted[LINES_MAX][EMBED_DIMENSION], batch[LINES_MAX][EMBED_DIMENSION];
    static float single[LINES_MAX][EMBED_DIMENSION];
    static struct text texts[LINES_MAX];
    struct arena arena;
    arena_init(&arena, 64 << 20);
    struct grove_error error;
    struct text rest, line;
    assert_int_equal(file_read(&arena, path, 16 << 20, &rest, &error), GROVE_OK);
    size_t count = 0, prose = 0;
    double worst = 1, worst_prose = 1;
    while (rest.length > 0 && text_split(&rest, '\n', &line)) {
        assert_true(count < LINES_MAX);
        read_line(line, &arena, &texts[count], wanted[count]);
        assert_int_equal(embedder_embed(embedder, &texts[count], 1, single[count], NULL, &error),
                         GROVE_OK);
        double likeness = cosine(single[count], wanted[count]);
        worst = likeness < worst ? likeness : worst;
        if (is_prose(texts[count++])) {
            worst_prose = likeness < worst_prose ? likeness : worst_prose;
            prose++;
        }
    }
    assert_true(prose > 0);
    assert_int_equal(embedder_embed(embedder, texts, count, batch[0], NULL, &error), GROVE_OK);
    assert_memory_equal(batch, single, count * sizeof single[0]);
    print_message("%zu lines, %zu of prose; ids identical, worst cosines %.9f, %.9f\n", count,
                  prose, worst, worst_prose);
    assert_true(worst >= precision->least);
    assert_true(worst_prose >= precision->least_prose);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_table),
        cmocka_unit_test(test_golden_file),
    };
    const char *named = getenv("GROVE_MODEL"), *folder = named ? named : GROVE_ASSETS_DIR "/model";
    int failed = 0;
    for (size_t i = 0; i < ARRAY_COUNT(precisions); i++) {
        struct grove_error error;
        precision = &precisions[i];
        enum grove_code code = embedder_open(
            &(struct embedder_options){.folder = folder, .precision = precision->precision},
            &embedder, &error);
        if (code == GROVE_NOT_FOUND) {
            printf("skipped: no model in \"%s\"\n", folder);
            return SKIPPED;
        }
        if (code != GROVE_OK) {
            printf("%s\n", error.message);
            return 1;
        }
        print_message("%s, kernels %s\n", embedder_model_id(embedder), embedder_kernels(embedder));
        failed += cmocka_run_group_tests(tests, NULL, NULL);
        embedder_free(embedder);
    }
    return failed;
}
