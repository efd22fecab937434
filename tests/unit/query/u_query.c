// SPDX-License-Identifier: Apache-2.0
// What of the queries needs no server: conditions, cursors, results as JSON.
#include "../test.h"

#include <yyjson.h>

#include "query/cursor.h"
#include "query/predicate.h"
#include "query/result.h"

static void conditions_are_checked(void **state)
{
    (void)state;
    const char *good_types[] = {"Doctrine"}, *empty_types[] = {""};
    char longer[60];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    const char *long_types[] = {longer}, *bad_types[] = {"\xff"};
    const struct {
        struct grove_filter filter;
        enum grove_code code;
    } rows[] = {
        {{.path = NULL}, GROVE_OK},
        {{.path = "religion/Islam"}, GROVE_OK},
        {{.path = "a//b"}, GROVE_INVALID},
        {{.content_types = good_types, .content_type_count = 1}, GROVE_OK},
        {{.content_types = empty_types, .content_type_count = 1}, GROVE_INVALID},
        {{.content_types = long_types, .content_type_count = 1}, GROVE_INVALID},
        {{.content_types = bad_types, .content_type_count = 1}, GROVE_INVALID},
        {{.words_min = 10, .words_max = 20}, GROVE_OK},
        {{.words_min = 20, .words_max = 10}, GROVE_INVALID},
        {{.created_since_us = 20, .created_until_us = 10}, GROVE_INVALID},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena;
        struct predicate predicate;
        struct grove_error error;
        arena_init(&arena, 1 << 20);
        if (predicate_check(&rows[i].filter, &arena, &predicate, &error) != rows[i].code)
            fail_msg("row %zu", i);
        arena_release(&arena);
    }
}

static void a_fingerprint_tells_queries_apart(void **state)
{
    (void)state;
    struct arena arena;
    struct predicate one, other;
    struct grove_error error;
    arena_init(&arena, 1 << 20);
    const struct grove_filter filters[] = {{.words_min = 10}, {.words_max = 10}};
    assert_ok(predicate_check(&filters[0], &arena, &one, &error), error);
    assert_ok(predicate_check(&filters[1], &arena, &other, &error), error);
    assert_true(predicate_fingerprint(&one, text_of("a")) ==
                predicate_fingerprint(&one, text_of("a")));
    assert_true(predicate_fingerprint(&one, text_of("a")) !=
                predicate_fingerprint(&one, text_of("b")));
    assert_true(predicate_fingerprint(&one, text_of("a")) !=
                predicate_fingerprint(&other, text_of("a")));
    arena_release(&arena);
}

static void cursors_go_round(void **state)
{
    (void)state;
    struct arena arena;
    struct cursor cursor = {'d', 0xfeedfacecafebeef, -5, 2147483647}, back;
    struct grove_error error;
    arena_init(&arena, 1 << 20);
    char *text = cursor_format(&arena, &cursor);
    assert_non_null(text);
    assert_ok(cursor_parse(text, 'd', cursor.fingerprint, &back, &error), error);
    assert_true(back.key == cursor.key && back.content_id == cursor.content_id);
    assert_int_equal(cursor_parse(text, 'b', cursor.fingerprint, &back, &error), GROVE_INVALID);
    assert_int_equal(cursor_parse(text, 'd', 1, &back, &error), GROVE_INVALID);
    assert_int_equal(cursor_parse("", 'd', 1, &back, &error), GROVE_INVALID);
    assert_int_equal(cursor_parse("zz", 'd', 1, &back, &error), GROVE_INVALID);
    text[strlen(text) - 1] = '\0';
    assert_int_equal(cursor_parse(text, 'd', cursor.fingerprint, &back, &error), GROVE_INVALID);
    arena_release(&arena);
}

static const struct grove_row row = {
    .content_id = 7,
    .score = 0.5,
    .hierarchy_table = "religion_hierarchy",
    .tree = "religion",
    .branch = "Christianity",
    .limb = "Protestant-Baptist",
    .leaf = "Doctrines",
    .content_type = "Doctrine",
    .chunk_number = 1,
    .title = "A \"quoted\" title",
    .content_summary = "line\nline",
    .word_count = GROVE_NULL,
    .created_at_us = 0,
};

static bool print_result(void *state)
{
    (void)state;
    const struct grove_result result = {.rows = &row, .row_count = 1, .complete = true, .total = 1};
    char *json = grove_result_json(&result);
    if (!json)
        return false;
    yyjson_doc *document = yyjson_read(json, strlen(json), 0);
    assert_non_null(document);
    yyjson_val *root = yyjson_doc_get_root(document);
    assert_true(yyjson_get_bool(yyjson_obj_get(root, "complete")));
    yyjson_val *hit = yyjson_arr_get_first(yyjson_obj_get(root, "results"));
    static const char *const fields[] = {"content_id",      "score",        "hierarchy_table",
                                         "branch",          "limb",         "leaf",
                                         "content_type",    "chunk_number", "title",
                                         "content_summary", "word_count",   "created_at"};
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
        assert_non_null(yyjson_obj_get(hit, fields[i]));
    assert_true(yyjson_is_null(yyjson_obj_get(hit, "word_count")));
    assert_string_equal(yyjson_get_str(yyjson_obj_get(hit, "title")), row.title);
    yyjson_doc_free(document);
    grove_free(json);
    return true;
}

static bool check_conditions(void *state)
{
    (void)state;
    struct arena arena;
    struct predicate predicate;
    struct grove_error error;
    const char *types[] = {"Doctrine", "Practice"};
    const struct grove_filter filter = {
        .path = "religion/Islam", .content_types = types, .content_type_count = 2};
    arena_init(&arena, 1 << 20);
    enum grove_code code = predicate_check(&filter, &arena, &predicate, &error);
    assert_true(code == GROVE_OK || code == GROVE_NO_MEMORY);
    bool right = code == GROVE_OK;
    if (right) {
        struct cursor cursor = {'b', predicate_fingerprint(&predicate, text_of("x")), 1, 2};
        right = cursor_format(&arena, &cursor) != NULL;
    }
    arena_release(&arena);
    return right;
}

static bool build_result(void *state)
{
    (void)state;
    struct result *result;
    struct grove_error error;
    enum grove_code code = result_new(&result, &error);
    if (code != GROVE_OK) {
        assert_int_equal(code, GROVE_NO_MEMORY);
        return false;
    }
    result_incomplete(result, "because of %s", "this");
    assert_false(result->view.complete);
    bool right = result->view.incomplete_reason != NULL &&
                 strcmp(result->view.incomplete_reason, "because of this") == 0;
    result_stage(result, "embed", 1);
    grove_result_free(result_finish(result, true));
    return right;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    test_every_fault(print_result, NULL);
    test_every_fault(check_conditions, NULL);
    test_every_fault(build_result, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_are_checked),
        cmocka_unit_test(a_fingerprint_tells_queries_apart),
        cmocka_unit_test(cursors_go_round),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
