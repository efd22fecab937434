// SPDX-License-Identifier: Apache-2.0
#include "../test.h"

#include "catalog/path.h"

static void good_paths(void **state)
{
    (void)state;
    static const struct {
        const char *string, *tree, *branch, *limb, *leaf;
    } rows[] = {
        {"religion", "religion", NULL, NULL, NULL},
        {"religion/Islam", "religion", "Islam", NULL, NULL},
        {"a/b/c/d", "a", "b", "c", "d"},
        {"science/AC\\/DC/x y", "science", "AC/DC", "x y", NULL},
        {"t/back\\\\slash", "t", "back\\slash", NULL, NULL},
        {"t/caf\xc3\xa9", "t", "caf\xc3\xa9", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena;
        struct path path;
        struct grove_error error;
        arena_init(&arena, 1 << 20);
        assert_ok(path_parse(&arena, rows[i].string, &path, &error), error);
        assert_true(text_equal(path.tree, text_of(rows[i].tree)));
        assert_true(text_equal(path.branch, text_of(rows[i].branch)));
        assert_true(text_equal(path.limb, text_of(rows[i].limb)));
        assert_true(text_equal(path.leaf, text_of(rows[i].leaf)));
        assert_string_equal(path_format(&arena, &path), rows[i].string);
        arena_release(&arena);
    }
}

static void bad_paths(void **state)
{
    (void)state;
    char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = 't';
    longer[1] = '/';
    longer[sizeof longer - 1] = '\0';
    const char *const rows[] = {"",      "/",      "a//b",  "a/b/c/d/e", "/a",
                                "a/ /c", "a/\xff", "a/b\n", longer};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena;
        struct path path;
        struct grove_error error;
        arena_init(&arena, 1 << 20);
        if (path_parse(&arena, rows[i], &path, &error) != GROVE_INVALID)
            fail_msg("accepted \"%s\"", rows[i]);
        assert_string_not_equal(error.message, "");
        arena_release(&arena);
    }
}

static bool parse_and_format(void *state)
{
    (void)state;
    struct arena arena;
    struct path path;
    struct grove_error error;
    arena_init(&arena, 1 << 20);
    enum grove_code code = path_parse(&arena, "religion/Christianity/A\\/B/Leaf", &path, &error);
    bool right = false;
    if (code == GROVE_OK) {
        char *text = path_format(&arena, &path);
        right = text != NULL;
        if (text)
            assert_string_equal(text, "religion/Christianity/A\\/B/Leaf");
    } else {
        assert_int_equal(code, GROVE_NO_MEMORY);
    }
    arena_release(&arena);
    return right;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    test_every_fault(parse_and_format, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_paths),
        cmocka_unit_test(bad_paths),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
