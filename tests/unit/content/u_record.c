// SPDX-License-Identifier: Apache-2.0
#include "../test.h"

#include "base/strbuf.h"
#include "content/record.h"
#include "content/seen.h"

static const struct record_tree tree_items[] = {{{"religion", 8}, {"religion_hierarchy", 18}},
                                                {{"subject1", 8}, {"subject1_hierarchy", 18}}};
static const struct record_trees trees = {tree_items, 2};

#define PLACE "\"tree\":\"religion\",\"branch\":\"b\",\"limb\":\"l\",\"leaf\":\"f\","
#define WHOLE PLACE "\"content_type\":\"t\",\"title\":\"x\",\"summary\":\"one two\""

static void a_whole_line(void **state)
{
    (void)state;
    struct arena arena;
    struct record record;
    struct record_problem problem;
    arena_init(&arena, 1 << 20);
    const char *line = "{" PLACE "\"content_type\":\"t\",\"title\":\"x\",\"body\":\"a b c\","
                       "\"summary\":null,\"chunk_number\":3,\"created_at\":\"1970-01-02\"}";
    assert_int_equal(record_parse(text_of(line), &trees, &arena, &record, &problem), RECORD_GOOD);
    assert_ptr_equal(record.tree, &tree_items[0]);
    assert_int_equal(record.chunk_number, 3);
    assert_int_equal(record.word_count, 3);
    assert_true(record.created_at_us == INT64_C(86400000000));
    assert_true(text_equal(record.summary, text_of("a b c")));
    assert_null(record.vector);
    arena_release(&arena);
}

#define DOCUMENT PLACE "\"content_type\":\"t\",\"title\":\"x\",\"document\":\"k\""

static void a_document(void **state)
{
    (void)state;
    struct arena arena;
    struct record record, other;
    struct record_problem problem;
    unsigned char key[16], other_key[16];
    arena_init(&arena, 1 << 22);
    const char *line = "{" DOCUMENT ",\"source\":\"s\",\"url\":\"u\",\"body\":\"a b\","
                       "\"metadata\":{\"a\":[1,\"\\\\u0000\"]}}";
    assert_int_equal(record_parse(text_of(line), &trees, &arena, &record, &problem), RECORD_GOOD);
    assert_true(text_equal(record.document, text_of("k")));
    assert_true(text_equal(record.source, text_of("s")));
    assert_true(text_equal(record.url, text_of("u")));
    assert_true(text_equal(record.metadata, text_of("{\"a\":[1,\"\\\\u0000\"]}")));
    line = "{" DOCUMENT ",\"body\":\"another\"}";
    assert_int_equal(record_parse(text_of(line), &trees, &arena, &other, &problem), RECORD_GOOD);
    assert_true(text_equal(other.metadata, text_of("{}")));
    assert_true(other.source.data && other.source.length == 0 && !other.url.data);
    record_key(&record, key);
    record_key(&other, other_key);
    assert_memory_not_equal(key, other_key, sizeof key); // of another source
    other.source = text_of("s");
    other.leaf = text_of("elsewhere");
    record_key(&other, other_key);
    assert_memory_equal(key, other_key, sizeof key);
    arena_release(&arena);
}

static void bad_documents(void **state)
{
    (void)state;
    static const struct {
        const char *line, *field, *reason;
    } rows[] = {
        {"{" DOCUMENT "}", "body", "missing"},
        {"{" DOCUMENT ",\"body\":\" \"}", "body", "empty"},
        {"{" DOCUMENT ",\"body\":\"b\",\"summary\":\"s\"}", "summary", "not of a document"},
        {"{" DOCUMENT ",\"body\":\"b\",\"chunk_number\":1}", "chunk_number", "not of a document"},
        {"{" DOCUMENT ",\"body\":\"b\",\"word_count\":1}", "word_count", "not of a document"},
        {"{" DOCUMENT ",\"body\":\"b\",\"vector\":[1]}", "vector", "1 numbers, not 384"},
        {"{" DOCUMENT ",\"body\":\"b\",\"metadata\":[1]}", "metadata", "not an object"},
        {"{" DOCUMENT ",\"body\":\"b\",\"metadata\":{\"a\":NaN}}", "metadata", "nan"},
        {"{" DOCUMENT ",\"body\":\"b\",\"metadata\":{\"a\":\"\\u0000\"}}", "metadata", "U+0000"},
        {"{" DOCUMENT ",\"body\":\"b\",\"url\":\"\"}", "url", "empty"},
        {"{" DOCUMENT ",\"body\":\"b\",\"source\":5}", "source", "not a string"},
        {"{" WHOLE ",\"url\":\"u\"}", "url", "of documents only"},
        {"{" WHOLE ",\"source\":\"u\"}", "source", "of documents only"},
        {"{" WHOLE ",\"metadata\":{}}", "metadata", "of documents only"},
    };
    struct arena arena;
    struct record record;
    struct record_problem problem;
    arena_init(&arena, 1 << 22);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_int_equal(record_parse(text_of(rows[i].line), &trees, &arena, &record, &problem),
                         RECORD_BAD);
        assert_string_equal(problem.field, rows[i].field);
        if (!strstr(problem.reason, rows[i].reason))
            fail_msg("%s: %s", rows[i].line, problem.reason);
    }
    arena_release(&arena);
}

static void bad_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line, *field, *reason; // a part of it
    } rows[] = {
        {"", "", "not JSON"},
        {"[]", "", "not a JSON object"},
        {"{\"tree\":", "", "not JSON"},
        {"{" WHOLE "} x", "", "not JSON"},
        {"{\"tree\":\"relgion\"}", "tree", "nearest is \"religion\""},
        {"{\"tree\":5}", "tree", "not a string"},
        {"{}", "tree", "missing"},
        {"{\"tree\":\"religion\",\"branch\":\" \"}", "branch", "empty"},
        {"{\"tree\":\"religion\",\"branch\":\"a\\u0000b\"}", "branch", "control character"},
        {"{\"tree\":\"religion\",\"branch\":\"a\\nb\"}", "branch", "control character"},
        {"{" WHOLE ",\"chunk_number\":0}", "chunk_number", "out of range"},
        {"{" WHOLE ",\"chunk_number\":1.5}", "chunk_number", "not a whole number"},
        {"{" WHOLE ",\"chunk_number\":3000000000}", "chunk_number", "out of range"},
        {"{" WHOLE ",\"chunk_number\":18446744073709551615}", "chunk_number", "out of range"},
        {"{" WHOLE ",\"word_count\":-1}", "word_count", "out of range"},
        {"{" WHOLE ",\"created_at\":\"soon\"}", "created_at", "not a time"},
        {"{" WHOLE ",\"vector\":[1,2]}", "vector", "2 numbers, not 384"},
        {"{" WHOLE ",\"vector\":\"x\"}", "vector", "not an array"},
        {"{" WHOLE ",\"vector\":NaN}", "vector", "NaN, not an array"},
        {"{" WHOLE ",\"word_count\":NaN}", "word_count", "NaN, not a whole number"},
        {"{" WHOLE ",\"chunk_number\":-Infinity}", "chunk_number", "-Infinity, not a whole number"},
        {"{" WHOLE ",\"created_at\":NaN}", "created_at", "NaN, not a time"},
        {"{" WHOLE ",\"body\":NaN}", "body", "NaN, not a string"},
        {"{\"tree\":Infinity}", "tree", "Infinity, not a string"},
        {"{" WHOLE ",\"chunk_number\":\"1.5\"}", "chunk_number", "not a whole number"},
        {"{" WHOLE ",\"chunk_number\":\"0x1\"}", "chunk_number", "not a whole number"},
        {"{" WHOLE ",\"chunk_number\":\" 1\"}", "chunk_number", "not a whole number"},
        {"{" WHOLE ",\"chunk_number\":\"\"}", "chunk_number", "not a whole number"},
        {"{" WHOLE ",\"chunk_number\":true}", "chunk_number", "not a whole number"},
        {"{" WHOLE ",\"chunk_number\":2147483648.0}", "chunk_number", "out of range"},
        {"{" WHOLE ",\"chunk_number\":0.0}", "chunk_number", "out of range"},
        {"{" WHOLE ",\"word_count\":1e300}", "word_count", "out of range"},
        {"{" WHOLE ",\"titel\":\"x\"}", "", "did you mean \"title\""},
        {"{\"tree\":\"geology\"}", "tree", "\"geology\"; there are religion, subject1"},
        {"{" WHOLE ",\"title\":\"y\"}", "title", "given twice"},
        {"{" PLACE "\"content_type\":\"t\",\"title\":\"x\"}", "summary", "no body"},
        {"{\"tree\":\"\xff\"}", "", "not UTF-8 at byte 10: 0xff; " RECORD_CONVERT},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena;
        struct record record;
        struct record_problem problem;
        arena_init(&arena, 1 << 20);
        enum record_verdict verdict =
            record_parse(text_of(rows[i].line), &trees, &arena, &record, &problem);
        if (verdict != RECORD_BAD)
            fail_msg("accepted %s", rows[i].line);
        assert_string_equal(problem.field, rows[i].field);
        if (!strstr(problem.reason, rows[i].reason))
            fail_msg("%s: \"%s\"", rows[i].line, problem.reason);
        arena_release(&arena);
    }
}

// A name that is like none is not said to be meant by another.
static void hints_name_what_is_near(void **state)
{
    (void)state;
    static const char *const like_none[] = {"id",  "type",   "text",      "name",   "date",
                                            "url", "author", "embedding", "content"};
    static const char *const like_one[] = {"titles",  "Title",     "chunk-number", "summmary",
                                           "branche", "createdAt", "contenttype",  "wordcount"};
    for (size_t i = 0; i < ARRAY_COUNT(like_none) + ARRAY_COUNT(like_one); i++) {
        bool near = i >= ARRAY_COUNT(like_none);
        struct strbuf line;
        struct arena arena;
        struct record record;
        struct record_problem problem;
        strbuf_init(&line, 1 << 10);
        arena_init(&arena, 1 << 20);
        strbuf_addf(&line, "{" WHOLE ",\"%s\":1}",
                    near ? like_one[i - ARRAY_COUNT(like_none)] : like_none[i]);
        assert_int_equal(record_parse(strbuf_text(&line), &trees, &arena, &record, &problem),
                         RECORD_BAD);
        if (near != (strstr(problem.reason, "did you mean") != NULL))
            fail_msg("%s", problem.reason);
        arena_release(&arena);
        strbuf_release(&line);
    }
}

static void whole_numbers_in_any_form(void **state)
{
    (void)state;
    static const char *const forms[] = {"250",     "250.0",     "2.5e2",     "25e1",
                                        "\"250\"", "\"250.0\"", "\"2.5e2\"", "\"+250\""};
    for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
        struct strbuf line;
        struct arena arena;
        struct record record;
        struct record_problem problem;
        strbuf_init(&line, 1 << 10);
        arena_init(&arena, 1 << 20);
        strbuf_addf(&line, "{" WHOLE ",\"chunk_number\":%s,\"word_count\":%s}", forms[i], forms[i]);
        if (record_parse(strbuf_text(&line), &trees, &arena, &record, &problem) != RECORD_GOOD)
            fail_msg("%s: %s", forms[i], problem.reason);
        assert_int_equal(record.chunk_number, 250);
        assert_int_equal(record.word_count, 250);
        arena_release(&arena);
        strbuf_release(&line);
    }
}

// Which lines could be the beginning of a good one.
static void a_cut_line_is_told_from_a_bad_one(void **state)
{
    (void)state;
    static const char whole[] = "{" WHOLE ",\"body\":\"a \xc3\xa9 \xf0\x9f\x8c\xb3 \\u00e9\","
                                "\"word_count\":-1.5e1,\"created_at\":null}";
    struct arena arena;
    struct record record;
    struct record_problem problem;
    for (size_t length = 1; length + 1 < sizeof whole; length++) {
        arena_init(&arena, 1 << 20);
        struct text line = {whole, length};
        assert_int_equal(record_parse(line, &trees, &arena, &record, &problem), RECORD_BAD);
        if (!problem.cut)
            fail_msg("after byte %zu: %s", length, problem.reason);
        arena_release(&arena);
    }
    static const char *const bad[] = {whole,      "{\"tree\":}",    "x", "{\"a\":1} {", "{\"\xff",
                                      "{\"\xc3(", "{\"\xed\xa0\x80"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        arena_init(&arena, 1 << 20);
        assert_int_equal(record_parse(text_of(bad[i]), &trees, &arena, &record, &problem),
                         RECORD_BAD);
        if (problem.cut)
            fail_msg("%s", bad[i]);
        arena_release(&arena);
    }
}

// Nothing but brackets: a line of the greatest length, of many values.
static void a_line_of_values_is_refused(void **state)
{
    (void)state;
    enum { BYTES = 8 << 20 };
    struct arena arena;
    struct record record;
    struct record_problem problem;
    char *line = test_malloc(BYTES);
    arena_init(&arena, 1 << 20);
    memset(line, '[', BYTES);
    assert_int_equal(record_parse((struct text){line, BYTES}, &trees, &arena, &record, &problem),
                     RECORD_BAD);
    assert_non_null(strstr(problem.reason, "far more values than a row has"));
    test_free(line);
    arena_release(&arena);
}

static void a_copy_needs_nothing_of_the_first(void **state)
{
    (void)state;
    struct strbuf line;
    struct arena first, second;
    struct record record, copy;
    struct record_problem problem;
    strbuf_init(&line, 1 << 16);
    arena_init(&first, 1 << 20);
    arena_init(&second, 1 << 20);
    strbuf_add(&line, "{" WHOLE ",\"body\":\"b\",\"vector\":[1");
    for (int n = 1; n < RECORD_VECTOR_SIZE; n++)
        strbuf_addf(&line, ",%d", n);
    strbuf_add(&line, "]}");
    assert_int_equal(record_parse(strbuf_text(&line), &trees, &first, &record, &problem),
                     RECORD_GOOD);
    assert_true(record_copy(&record, &second, &copy));
    arena_release(&first);
    const struct text texts[] = {copy.branch, copy.limb,    copy.leaf, copy.content_type,
                                 copy.title,  copy.summary, copy.body};
    static const char *const expected[] = {"b", "l", "f", "t", "x", "one two", "b"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        assert_true(text_equal(texts[i], text_of(expected[i])));
    assert_true(copy.vector[0] == 1 && copy.vector[RECORD_VECTOR_SIZE - 1] == 383);
    arena_release(&second);
    strbuf_release(&line);
}

// 384 numbers, of which one is another.
static void bad_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *first, *rest, *reason; // NULL: it is good
    } rows[] = {
        {"0", "0", "all zero:"},
        {"-0.0", "0", "all zero:"},
        {"1e-60", "0", "all zero in 32 bits"},
        {"1e-45", "0", NULL},
        {"3.4028234e38", "-3.4028234e38", NULL},
        {"1e39", "0.5", "number 1 is too large"},
        {"null", "0.5", "number 1 is none"},
        {"NaN", "0.5", "number 1 is NaN"},
        {"1", "0", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct strbuf line;
        struct arena arena;
        struct record record;
        struct record_problem problem;
        strbuf_init(&line, 1 << 16);
        arena_init(&arena, 1 << 20);
        strbuf_addf(&line, "{" WHOLE ",\"vector\":[%s", rows[i].first);
        for (int n = 1; n < RECORD_VECTOR_SIZE; n++)
            strbuf_addf(&line, ",%s", rows[i].rest);
        strbuf_add(&line, "]}");
        enum record_verdict verdict =
            record_parse(strbuf_text(&line), &trees, &arena, &record, &problem);
        assert_int_equal(verdict, rows[i].reason ? RECORD_BAD : RECORD_GOOD);
        if (rows[i].reason)
            assert_non_null(strstr(problem.reason, rows[i].reason));
        arena_release(&arena);
        strbuf_release(&line);
    }
}

static void lengths_are_in_characters(void **state)
{
    (void)state;
    for (int extra = 0; extra <= 1; extra++) {
        char line[2000] = "{\"tree\":\"religion\",\"branch\":\"";
        for (int i = 0; i < 100 + extra; i++)
            strncat(line, "\xc3\xa9", sizeof line - strlen(line) - 1);
        strncat(line,
                "\",\"limb\":\"l\",\"leaf\":\"f\",\"content_type\":\"t\",\"title\":\"x\","
                "\"summary\":\"s\"}",
                sizeof line - strlen(line) - 1);
        struct arena arena;
        struct record record;
        struct record_problem problem;
        arena_init(&arena, 1 << 20);
        assert_int_equal(record_parse(text_of(line), &trees, &arena, &record, &problem),
                         extra ? RECORD_BAD : RECORD_GOOD);
        arena_release(&arena);
    }
}

static void a_long_body_is_summarised(void **state)
{
    (void)state;
    char line[8000] = "{" PLACE "\"content_type\":\"t\",\"title\":\"x\",\"body\":\"";
    for (int i = 0; i < 200; i++)
        strncat(line, "w\xc3\xb6rter\\n ", sizeof line - strlen(line) - 1);
    strncat(line, "\"}", sizeof line - strlen(line) - 1);
    struct arena arena;
    struct record record;
    struct record_problem problem;
    arena_init(&arena, 1 << 20);
    assert_int_equal(record_parse(text_of(line), &trees, &arena, &record, &problem), RECORD_GOOD);
    assert_true(text_characters(record.summary) <= 500);
    assert_true(text_characters(record.summary) > 480);
    assert_int_equal(text_utf8_error(record.summary), record.summary.length);
    assert_memory_equal(record.summary.data + record.summary.length - 10,
                        "w\xc3\xb6rter\xe2\x80\xa6", 10);
    assert_int_equal(record.word_count, 200);
    arena_release(&arena);
}

static void keys_tell_contents_apart(void **state)
{
    (void)state;
    struct record one = {.tree = &tree_items[0],
                         .branch = {"ab", 2},
                         .limb = {"c", 1},
                         .leaf = {"d", 1},
                         .content_type = {"t", 1},
                         .chunk_number = 1};
    struct record other = one;
    unsigned char first[16], second[16];
    record_key(&one, first);
    record_key(&other, second);
    assert_memory_equal(first, second, 16);
    other.branch.length = 1;
    other.limb = (struct text){"bc", 2};
    record_key(&other, second);
    assert_memory_not_equal(first, second, 16);
    other = one;
    other.chunk_number = 2;
    record_key(&other, second);
    assert_memory_not_equal(first, second, 16);
}

static void seen_finds_duplicates(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct seen seen;
    struct grove_error error;
    const struct seen_entry *earlier;
    unsigned char key[16] = {0};
    seen_init(&seen);
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < COUNT; i++) {
            uint64_t spread = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);
            memcpy(key, &spread, sizeof spread);
            assert_ok(seen_add(&seen, key, 1, i + 1, &earlier, &error), error);
            assert_int_equal(earlier != NULL, round);
            if (earlier)
                assert_int_equal(earlier->line, i + 1);
        }
    seen_clear(&seen);
    assert_ok(seen_add(&seen, key, 1, 1, &earlier, &error), error);
    assert_null(earlier);
    seen_release(&seen);
}

static bool parse(void *state)
{
    (void)state;
    struct arena arena;
    struct record record;
    struct record_problem problem;
    arena_init(&arena, 1 << 20);
    enum record_verdict verdict =
        record_parse(text_of("{" WHOLE ",\"body\":\"b\"}"), &trees, &arena, &record, &problem);
    assert_true(verdict == RECORD_GOOD || verdict == RECORD_NO_MEMORY);
    arena_release(&arena);
    return verdict == RECORD_GOOD;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    test_every_fault(parse, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_line),
        cmocka_unit_test(a_document),
        cmocka_unit_test(bad_documents),
        cmocka_unit_test(bad_lines),
        cmocka_unit_test(hints_name_what_is_near),
        cmocka_unit_test(whole_numbers_in_any_form),
        cmocka_unit_test(a_cut_line_is_told_from_a_bad_one),
        cmocka_unit_test(a_line_of_values_is_refused),
        cmocka_unit_test(a_copy_needs_nothing_of_the_first),
        cmocka_unit_test(bad_vectors),
        cmocka_unit_test(lengths_are_in_characters),
        cmocka_unit_test(a_long_body_is_summarised),
        cmocka_unit_test(keys_tell_contents_apart),
        cmocka_unit_test(seen_finds_duplicates),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
