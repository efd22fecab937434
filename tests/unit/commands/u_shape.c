// SPDX-License-Identifier: Apache-2.0
// Structs as JSON by their shapes.
#include "../test.h"

#include <math.h>

#include "commands/answers.h"
#include "grove/grove.h"

struct inner {
    int64_t count;
};

struct outer {
    const char *text;
    bool flag;
    int small;
    unsigned natural;
    int64_t large, time_us;
    double share, seconds;
    struct inner inner;
    const struct inner *pointed, *several;
    size_t several_count;
    const int32_t *ids;
    size_t id_count;
    unsigned word;
};

static bool is_pointed_at(const void *object)
{
    return ((const struct outer *)object)->pointed != NULL;
}

static const struct shape_member inner_members[] = {
    SHAPE_NULLABLE(struct inner, count),
    {0},
};
static const struct shape inner_shape = {"Inner", inner_members, sizeof(struct inner)};

static const struct shape_member outer_members[] = {
    SHAPE_NULLABLE(struct outer, text),
    SHAPE_OF(struct outer, flag),
    SHAPE_OF(struct outer, small),
    SHAPE_OF(struct outer, natural),
    SHAPE_NULLABLE(struct outer, large),
    {"time", SHAPE_TIME, offsetof(struct outer, time_us), .nullable = true},
    SHAPE_NULLABLE(struct outer, share),
    {"seconds", SHAPE_NUMBER, offsetof(struct outer, seconds), .decimals = 3},
    {"inner", SHAPE_OBJECT, offsetof(struct outer, inner), .shape = &inner_shape},
    {"pointed", SHAPE_POINTER, offsetof(struct outer, pointed), .shape = &inner_shape,
     .present = is_pointed_at},
    {"several", SHAPE_LIST, offsetof(struct outer, several), offsetof(struct outer, several_count),
     .shape = &inner_shape},
    {"ids", SHAPE_INT32S, offsetof(struct outer, ids), offsetof(struct outer, id_count)},
    {"word", SHAPE_WORD, offsetof(struct outer, word), .words = "one two three"},
    {"own", SHAPE_MEMBERS, offsetof(struct outer, inner), .shape = &inner_shape},
    {0},
};
static const struct shape outer_shape = {"Outer", outer_members};

static void assert_json(const struct outer *outer, const char *expected)
{
    struct strbuf out;
    strbuf_init(&out, 1 << 16);
    shape_add(&out, &outer_shape, outer);
    assert_false(out.failed);
    assert_string_equal(out.data, expected);
    strbuf_release(&out);
}

static void members_are_written_as_they_are(void **state)
{
    (void)state;
    const struct inner several[] = {{1}, {2}};
    const int32_t ids[] = {-1, INT32_MAX};
    assert_json(&(struct outer){.text = "a \"b\"\n\xff",
                                .flag = true,
                                .small = INT32_MIN,
                                .natural = UINT32_MAX,
                                .large = INT64_MAX,
                                .time_us = 1000001,
                                .share = -0.25,
                                .seconds = 1.0 / 3,
                                .inner = {7},
                                .pointed = &several[1],
                                .several = several,
                                .several_count = 2,
                                .ids = ids,
                                .id_count = 2,
                                .word = 2},
                "{\"text\":\"a \\\"b\\\"\\n\\\\xff\",\"flag\":true,\"small\":-2147483648,"
                "\"natural\":4294967295,\"large\":9223372036854775807,"
                "\"time\":\"1970-01-01T00:00:01.000001Z\",\"share\":-0.250000,\"seconds\":0.333,"
                "\"inner\":{\"count\":7},\"pointed\":{\"count\":2},"
                "\"several\":[{\"count\":1},{\"count\":2}],\"ids\":[-1,2147483647],"
                "\"word\":\"three\",\"count\":7}");
}

static void what_is_not_there_is_null(void **state)
{
    (void)state;
    assert_json(
        &(struct outer){
            .large = GROVE_NULL, .time_us = GROVE_NULL, .share = NAN, .inner = {GROVE_NULL}},
        "{\"text\":null,\"flag\":false,\"small\":0,\"natural\":0,\"large\":null,"
        "\"time\":null,\"share\":null,\"seconds\":0.000,\"inner\":{\"count\":null},"
        "\"several\":[],\"ids\":[],\"word\":\"one\",\"count\":null}");
    assert_json(&(struct outer){.share = INFINITY},
                "{\"text\":null,\"flag\":false,\"small\":0,\"natural\":0,\"large\":0,"
                "\"time\":\"1970-01-01T00:00:00.000000Z\",\"share\":null,\"seconds\":0.000,"
                "\"inner\":{\"count\":0},\"several\":[],\"ids\":[],\"word\":\"one\",\"count\":0}");
}

// The first hundred, and no more than there is room for.
static void refused_lines_are_kept(void **state)
{
    static struct answer_load answer;
    static char reason[20000];
    (void)state;
    answer_load_init(&answer);
    for (int i = 0; i < 2 * ANSWER_BAD_LINES_MAX; i++) {
        char file[] = "x.jsonl";
        const struct grove_bad_line bad = {file, i + 1, i % 2 ? "title" : "", "too long"};
        answer_load_refused(&answer, &bad);
        file[0] = 'y'; // it keeps a copy
    }
    assert_int_equal(answer.bad_line_count, ANSWER_BAD_LINES_MAX);
    assert_string_equal(answer.bad_lines[0].file, "x.jsonl");
    assert_null(answer.bad_lines[0].field);
    assert_string_equal(answer.bad_lines[99].field, "title");
    assert_int_equal(answer.bad_lines[99].line, 100);
    answer_load_release(&answer);
    memset(reason, 'r', sizeof reason - 1);
    answer_load_init(&answer);
    for (int i = 0; i < ANSWER_BAD_LINES_MAX; i++)
        answer_load_refused(&answer, &(struct grove_bad_line){"f", i, "", reason});
    assert_in_range(answer.bad_line_count, 10, ANSWER_BAD_LINES_MAX - 1);
    answer_load_release(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_written_as_they_are),
        cmocka_unit_test(what_is_not_there_is_null),
        cmocka_unit_test(refused_lines_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
