// SPDX-License-Identifier: Apache-2.0
//
// A content as a line: what a load would read, and what it would not.
#include "../test.h"

#include <math.h>

#include "base/csv.h"
#include "base/strbuf.h"
#include "content/export_row.h"

static const struct record_tree tree_items[] = {{{"religion", 8}, {"religion_hierarchy", 18}}};
static const struct record_trees trees = {tree_items, 1};

static struct export_row whole_row(void)
{
    return (struct export_row){
        .content_id = 7,
        .tree = text_of("religion"),
        .branch = text_of("b/\"b\""),
        .limb = text_of("l\\"),
        .leaf = text_of("f"),
        .content_type = text_of("t"),
        .title = text_of("x, y"),
        .summary = text_of("one\ntwo\t"),
        .body = text_of("a b\r\nc "),
        .chunk_number = 3,
        .word_count = 0,
        .created_at_us = 1,
    };
}

static bool loads(const struct export_row *row, char reason[static RECORD_REASON_SIZE])
{
    struct strbuf line;
    struct arena arena;
    strbuf_init(&line, 1 << 24);
    arena_init(&arena, 1 << 24);
    export_row_add_json(row, &line);
    assert_false(line.failed);
    bool good = export_row_loads(row, strbuf_text(&line), &trees, &arena, reason);
    arena_release(&arena);
    strbuf_release(&line);
    return good;
}

static void a_row_is_read_as_it_was(void **state)
{
    (void)state;
    char reason[RECORD_REASON_SIZE];
    struct export_row row = whole_row();
    assert_true(loads(&row, reason));
    row.body = (struct text){0};
    assert_true(loads(&row, reason));
    // The same 32 bits, of whatever size.
    float vector[RECORD_VECTOR_SIZE];
    for (int i = 0; i < RECORD_VECTOR_SIZE; i++)
        vector[i] = (i % 2 ? -1.0F : 1.0F) * ldexpf(1.0F + (float)i / 1009.0F, i % 250 - 125);
    vector[1] = 1e-45F;
    vector[2] = 3.40282347e38F;
    vector[3] = -0.0F;
    row.vector = vector;
    assert_true(loads(&row, reason));
}

static void what_a_load_reads_otherwise_is_told(void **state)
{
    (void)state;
    char reason[RECORD_REASON_SIZE], longest[600];
    memset(longest, 'x', sizeof longest);
    struct export_row rows[] = {whole_row(), whole_row(), whole_row(), whole_row(),
                                whole_row(), whole_row(), whole_row(), whole_row()};
    static const char *const reasons[] = {
        "title: control character", "summary: 600 characters", "body: empty",
        "tree: there is no tree",   "chunk_number: null",      "word_count: null",
        "created_at: null",         "vector: left out: spoilt"};
    rows[0].title = text_of("a\tb");
    rows[1].summary = (struct text){longest, sizeof longest};
    rows[2].body = text_of("");
    rows[3].tree = text_of("gone");
    rows[4].chunk_number = INT64_MIN;
    rows[5].word_count = INT64_MIN;
    rows[6].created_at_us = INT64_MIN;
    rows[7].vector_fault = "spoilt";
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (loads(&rows[i], reason))
            fail_msg("row %zu", i);
        if (strncmp(reason, reasons[i], strlen(reasons[i])) != 0)
            fail_msg("row %zu: %s", i, reason);
    }
}

static void a_line_of_another_row_is_not_this_one(void **state)
{
    (void)state;
    char reason[RECORD_REASON_SIZE];
    float vector[RECORD_VECTOR_SIZE] = {1}, other[RECORD_VECTOR_SIZE] = {2};
    struct strbuf line;
    struct arena arena;
    const struct export_row row = whole_row();
    struct export_row rows[] = {row, row, row, row, row, row, row, row, row};
    rows[0].branch = text_of("x");
    rows[1].limb = text_of("x");
    rows[2].leaf = text_of("x");
    rows[3].content_type = text_of("x");
    rows[4].title = text_of("x");
    rows[5].summary = text_of("x");
    rows[6].body = (struct text){0};
    rows[7].created_at_us = 2;
    rows[8].vector = vector;
    strbuf_init(&line, 1 << 20);
    arena_init(&arena, 1 << 24);
    export_row_add_json(&row, &line);
    assert_true(export_row_loads(&row, strbuf_text(&line), &trees, &arena, reason));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (export_row_loads(&rows[i], strbuf_text(&line), &trees, &arena, reason))
            fail_msg("row %zu", i);
    strbuf_clear(&line);
    export_row_add_json(&rows[8], &line);
    rows[8].vector = other;
    assert_false(export_row_loads(&rows[8], strbuf_text(&line), &trees, &arena, reason));
    arena_release(&arena);
    strbuf_release(&line);
}

static void a_row_as_csv(void **state)
{
    (void)state;
    struct strbuf out;
    strbuf_init(&out, 1 << 20);
    struct export_row row = whole_row();
    export_row_add_csv(&row, &out);
    assert_string_equal(out.data, "religion,\"b/\"\"b\"\"\",l\\,f,t,3,\"x, y\",\"one\ntwo\t\",0,"
                                  "1970-01-01T00:00:00.000001Z,\"a b\r\nc \",,,,,");
    strbuf_clear(&out);
    export_row_add_csv_head(&out);
    assert_string_equal(out.data, "tree,branch,limb,leaf,content_type,chunk_number,title,summary,"
                                  "word_count,created_at,body,document,source,url,metadata,vector");
    strbuf_release(&out);
}

static void fields_of_csv(void **state)
{
    (void)state;
    static const struct {
        const char *field, *written;
    } rows[] = {
        {NULL, ""},           {"", "\"\""},       {"a", "a"},
        {"a b", "a b"},       {" a", "\" a\""},   {"a ", "\"a \""},
        {"a,b", "\"a,b\""},   {"\"", "\"\"\"\""}, {"\"\"", "\"\"\"\"\"\""},
        {"a\nb", "\"a\nb\""}, {"a\r", "\"a\r\""}, {"a'b\\c\t", "a'b\\c\t"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct strbuf out;
        strbuf_init(&out, 1 << 10);
        csv_add(&out, text_of(rows[i].field));
        assert_string_equal(out.data, rows[i].written);
        strbuf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_read_as_it_was),
        cmocka_unit_test(what_a_load_reads_otherwise_is_told),
        cmocka_unit_test(a_line_of_another_row_is_not_this_one),
        cmocka_unit_test(a_row_as_csv),
        cmocka_unit_test(fields_of_csv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
