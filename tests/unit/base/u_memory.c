// SPDX-License-Identifier: Apache-2.0
// Arenas, growing texts and JSON pieces, also with every allocation failing in turn.
#include "../test.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/strbuf.h"

static void number_release(void *handle)
{
    int *last = handle;
    *last += 1;
}

static void arena_lifetimes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    char *copy = arena_strdup(&arena, "kept");
    assert_string_equal(copy, "kept");
    assert_int_equal((uintptr_t)arena_alloc(&arena, 3) % 16, 0);
    char *zeros = arena_zalloc(&arena, 5000);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(zeros[i], 0);
    assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    assert_string_equal(copy, "kept");
    int released = 0;
    assert_int_equal(arena_on_release(&arena, number_release, &released), 0);
    arena_clear(&arena);
    assert_int_equal(released, 1);
    assert_non_null(arena_alloc(&arena, 10));
    arena_release(&arena);
    assert_int_equal(released, 1);
}

static void arena_bound(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1000);
    assert_null(arena_alloc(&arena, 5000));
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 2, 4));
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 4 + 2, 4)); // 4, were it not checked
    arena_release(&arena);
}

// What hangs on an arena counts where it was told so, until it is cleared.
static void what_is_held_counts(void **state)
{
    (void)state;
    struct arena arena;
    int released = 0;
    arena_init(&arena, 1000);
    assert_true(arena_has_room(&arena, 5000));
    assert_int_equal(arena_hold(&arena, number_release, &released, 5000), 0);
    assert_non_null(arena_alloc(&arena, 500));
    arena_release(&arena);
    assert_int_equal(released, 1);
    arena_init_counting(&arena, 1000);
    for (int round = 0; round < 2; round++) {
        released = 0;
        assert_false(arena_has_room(&arena, 5000));
        assert_int_equal(arena_hold(&arena, number_release, &released, 5000), -1);
        assert_int_equal(released, 1); // at once
        assert_int_equal(arena_hold(&arena, number_release, &released, 600), 0);
        assert_null(arena_alloc(&arena, 500));
        assert_int_equal(arena_hold(&arena, number_release, &released, 500), -1);
        arena_clear(&arena); // it counts as before
        assert_int_equal(released, 3);
        assert_true(arena_has_room(&arena, 900));
    }
    arena_release(&arena);
}

static void strbuf_grows_and_stops(void **state)
{
    (void)state;
    struct strbuf buffer;
    strbuf_init(&buffer, 100);
    assert_string_equal(buffer.data, "");
    strbuf_addf(&buffer, "%s %d", "leaf", 12);
    strbuf_add_char(&buffer, '!');
    assert_string_equal(buffer.data, "leaf 12!");
    for (int i = 0; i < 20; i++)
        strbuf_add(&buffer, "0123456789");
    assert_true(buffer.failed);
    assert_true(buffer.length <= 100);
    size_t length = buffer.length;
    strbuf_add_char(&buffer, '!'); // there is room, but what comes before it is missing
    assert_int_equal(buffer.length, length);
    strbuf_clear(&buffer);
    assert_false(buffer.failed);
    strbuf_add(&buffer, "again");
    assert_string_equal(buffer.data, "again");
    strbuf_release(&buffer);
}

static void json_pieces(void **state)
{
    (void)state;
    struct strbuf buffer;
    strbuf_init(&buffer, 1 << 16);
    json_add_string(&buffer, text_of("a\"b\\c\n\x01\xc3\xa9"));
    assert_string_equal(buffer.data, "\"a\\\"b\\\\c\\n\\u0001\xc3\xa9\"");
    strbuf_clear(&buffer);
    const float values[] = {0.1f, -1.0f, 3.4028235e38f, 1e-45f, 0.333333343f};
    json_add_floats(&buffer, values, ARRAY_COUNT(values));
    yyjson_doc *document = yyjson_read(buffer.data, buffer.length, 0);
    assert_non_null(document);
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach (yyjson_doc_get_root(document), index, count, item) {
        float back = (float)yyjson_get_num(item);
        assert_memory_equal(&back, &values[index], sizeof back); // bit for bit
    }
    assert_int_equal(count, ARRAY_COUNT(values));
    yyjson_doc_free(document);
    strbuf_release(&buffer);
}

static bool use_everything(void *state)
{
    (void)state;
    struct arena arena;
    struct strbuf buffer;
    bool right = true;
    int released = 0;
    arena_init(&arena, 1 << 20);
    strbuf_init(&buffer, 1 << 20);
    for (int i = 0; i < 50; i++) {
        char *text = arena_printf(&arena, "number %d", i);
        right = right && text && strncmp(text, "number ", 7) == 0;
        strbuf_addf(&buffer, "%d,", i);
    }
    int registered = arena_on_release(&arena, number_release, &released);
    json_add_string(&buffer, text_of("end"));
    yyjson_doc *document = yyjson_read_opts("[1,2]", 5, 0, json_allocator(), NULL);
    right = right && document && !buffer.failed && registered == 0;
    if (!buffer.failed)
        assert_string_equal(buffer.data + buffer.length - 5, "\"end\"");
    yyjson_doc_free(document);
    strbuf_release(&buffer);
    arena_release(&arena);
    assert_int_equal(released, 1); // at once, or at the end: never lost
    return right;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    test_every_fault(use_everything, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_lifetimes),     cmocka_unit_test(arena_bound),
        cmocka_unit_test(what_is_held_counts), cmocka_unit_test(strbuf_grows_and_stops),
        cmocka_unit_test(json_pieces),         cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
