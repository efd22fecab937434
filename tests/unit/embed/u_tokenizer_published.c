// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer with the model's vocabulary, against ids that the published tokenizer gave:
// tokenizer.jsonl, made by "tools/check-tokenizer --write-fixture", whose lines are
// {"text": ..., "ids": [...]}. "make check-tokenizer" compares many more.
// Without the model (GROVE_MODEL, else the assets' folder) it is skipped.
#include "../test.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "embed/tokenizer.h"

enum { SKIPPED = 77, LINES_MIN = 300 };

static struct tokenizer tokenizer;

static void compare_line(struct text line, size_t number, const struct tokenizer *with)
{
    yyjson_doc *document = yyjson_read(line.data, line.length, 0);
    yyjson_val *root = yyjson_doc_get_root(document);
    struct text text = json_text(yyjson_obj_get(root, "text"));
    yyjson_val *wanted = yyjson_obj_get(root, "ids"), *item;
    assert_non_null(text.data);
    int32_t ids[EMBED_TOKENS_MAX];
    size_t count = tokenizer_encode(with, text, ids), index, index_max;
    if (count != yyjson_arr_size(wanted))
        fail_msg("line %zu: %zu ids, not %zu", number, count, yyjson_arr_size(wanted));
    yyjson_arr_foreach (wanted, index, index_max, item) {
        if (ids[index] != yyjson_get_int(item))
            fail_msg("line %zu: id %zu is %d, not %d", number, index, ids[index],
                     yyjson_get_int(item));
    }
    yyjson_doc_free(document);
}

static void compare_file(const struct tokenizer *with)
{
    const char *root = getenv("GROVE_SOURCE_ROOT");
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/unit/embed/tokenizer.jsonl", root ? root : ".");
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct grove_error error;
    struct text rest, line;
    assert_ok(file_read(&arena, path, 1 << 20, &rest, &error), error);
    size_t number = 0;
    while (rest.length > 0 && text_split(&rest, '\n', &line))
        compare_line(line, ++number, with);
    assert_true(number >= LINES_MIN);
    arena_release(&arena);
}

static void test_published_ids(void **state)
{
    (void)state;
    compare_file(&tokenizer);
}

// Without the table of plain bytes the normaliser gets all of a text at once.
static void test_without_plain_bytes(void **state)
{
    (void)state;
    struct tokenizer slow = tokenizer;
    memset(slow.plain, 0, sizeof slow.plain);
    compare_file(&slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_ids),
        cmocka_unit_test(test_without_plain_bytes),
    };
    const char *named = getenv("GROVE_MODEL"), *folder = named ? named : GROVE_ASSETS_DIR "/model";
    char path[4096];
    snprintf(path, sizeof path, "%s/vocab.txt", folder);
    struct grove_error error;
    struct file_map map;
    enum grove_code code = file_map_open(path, &map, &error);
    if (code == GROVE_NOT_FOUND) {
        printf("skipped: there is no \"%s\"\n", path);
        return SKIPPED;
    }
    struct text vocabulary = {(const char *)map.data, map.size_bytes};
    if (code == GROVE_OK)
        code = tokenizer_open(&tokenizer, vocabulary, path, &error);
    if (code != GROVE_OK) {
        printf("%s\n", error.message);
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tokenizer_release(&tokenizer);
    file_map_release(&map);
    return failed;
}
