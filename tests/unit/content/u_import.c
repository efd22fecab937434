// SPDX-License-Identifier: Apache-2.0
// Tables that somebody has: their rows, and what becomes of them.
#include "../test.h"

#include "base/strbuf.h"
#include "content/csv_rows.h"
#include "content/date.h"
#include "content/mapping.h"

enum { TOLD_MAX = 1 << 16 };

// --- CSV -----------------------------------------------------------------------------------------

static void tell_row(const struct csv_rows *rows, struct strbuf *told)
{
    strbuf_addf(told, "%lld", (long long)rows->first_line);
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->fields[i].data)
            strbuf_addf(told, "[%.*s]", TEXT_ARGS(rows->fields[i]));
        else
            strbuf_add(told, "-");
    }
    strbuf_addf(told, "%s;", rows->problem == CSV_AFTER_QUOTE ? "?" : "");
}

// All rows as one text, of a text that comes in pieces of so many bytes.
static void read_csv(struct text text, size_t piece_bytes, char separator, struct strbuf *told)
{
    struct csv_rows rows;
    csv_rows_init(&rows, separator);
    strbuf_clear(told);
    for (size_t at = 0; at < text.length; at += piece_bytes) {
        size_t length = text.length - at < piece_bytes ? text.length - at : piece_bytes;
        struct text piece = {text.data + at, length};
        while (csv_rows_take(&rows, &piece))
            tell_row(&rows, told);
        assert_int_equal(piece.length, 0);
    }
    if (csv_rows_cut(&rows))
        strbuf_addf(told, "cut in %lld;", (long long)rows.first_line);
    else if (csv_rows_end(&rows))
        tell_row(&rows, told);
    csv_rows_release(&rows);
}

static void rows_are_as_postgresql_writes_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *told;
    } cases[] = {
        {"", ""},
        {"\n\r\n", ""},
        {"a,b\n1,2\n", "1[a][b];2[1][2];"},
        {"a,b\r\n1,2", "1[a][b];2[1][2];"},
        {"a,\n,b\n,\n", "1[a]-;2-[b];3--;"},
        {"\"\",x\n", "1[][x];"},
        {"\"a,\"\"b\"\"\nc\",d\ne\n", "1[a,\"b\"\nc][d];3[e];"},
        {"a\n\n\nb\n", "1[a];4[b];"},
        {"a \"b\" c,d\n", "1[a \"b\" c][d];"},
        {"\"a\"b,c\nd\n", "1[a][c]?;2[d];"},
        {"\"a\"\r\n\"b\"\r\n", "1[a];2[b];"},
        {"a\rb\r\n", "1[a\rb];"},
        {"a,\"b", "cut in 1;"},
        {"a\n\"b\nc\n", "1[a];cut in 2;"},
        {"a\n\"b\"\"", "1[a];cut in 2;"},
        {"a,", "1[a]-;"},
    };
    struct strbuf told;
    strbuf_init(&told, TOLD_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        for (size_t piece = 1; piece <= 8; piece++) {
            read_csv(text_of(cases[i].text), piece, ',', &told);
            assert_string_equal(told.data, cases[i].told);
        }
    strbuf_release(&told);
}

static void the_first_line_tells_the_separator(void **state)
{
    (void)state;
    assert_int_equal(csv_find_separator(text_of("a,b;c,d\n;;;;")), ',');
    assert_int_equal(csv_find_separator(text_of("a;b\n")), ';');
    assert_int_equal(csv_find_separator(text_of("a\tb")), '\t');
    assert_int_equal(csv_find_separator(text_of("a|b|c")), '|');
    assert_int_equal(csv_find_separator(text_of("\"a;b;c\",d")), ',');
    assert_int_equal(csv_find_separator(text_of("title")), ',');
}

// A row that is too long is told, and the next one is read.
static void a_row_has_a_bound(void **state)
{
    (void)state;
    enum { PIECE_BYTES = 1 << 16 };
    struct csv_rows rows;
    static char piece[PIECE_BYTES];
    csv_rows_init(&rows, ',');
    memset(piece, 'x', sizeof piece);
    for (size_t i = 0; i <= CSV_ROW_BYTES_MAX / PIECE_BYTES; i++) {
        struct text rest = {piece, sizeof piece};
        assert_false(csv_rows_take(&rows, &rest));
    }
    struct text rest = text_of("\ngood\n");
    assert_true(csv_rows_take(&rows, &rest));
    assert_int_equal(rows.problem, CSV_TOO_LONG);
    assert_true(rows.bytes.length <= CSV_ROW_BYTES_MAX);
    assert_true(csv_rows_take(&rows, &rest));
    assert_int_equal(rows.problem, CSV_FINE);
    assert_true(text_equal(rows.fields[0], text_of("good")));

    memset(piece, ',', sizeof piece);
    rest = (struct text){piece, sizeof piece};
    assert_false(csv_rows_take(&rows, &rest));
    rest = text_of("\ngood\n");
    assert_true(csv_rows_take(&rows, &rest));
    assert_int_equal(rows.problem, CSV_TOO_MANY_COLUMNS);
    assert_int_equal(rows.count, CSV_COLUMNS_MAX);
    csv_rows_release(&rows);
}

static bool read_under_faults(void *state)
{
    struct csv_rows rows;
    struct text rest = text_of(state);
    csv_rows_init(&rows, ',');
    bool taken = csv_rows_take(&rows, &rest), good = taken && rows.problem == CSV_FINE;
    assert_true(taken);
    assert_true(good || rows.problem == CSV_NO_MEMORY);
    if (good)
        assert_int_equal(rows.count, 40);
    csv_rows_release(&rows);
    return good;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    char row[40 * 3 + 1];
    for (size_t i = 0; i < 40; i++)
        memcpy(row + 3 * i, "ab,", 4);
    row[sizeof row - 2] = '\n';
    test_every_fault(read_under_faults, row);
}

// --- dates ---------------------------------------------------------------------------------------

static void dates_are_read_where_they_mean_one_day(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *read; // NULL: not read
    } cases[] = {
        {"2024-03-05", "2024-03-05"},
        {" 2024-03-05 12:00 ", "2024-03-05 12:00"},
        {"2024/03/05", "2024-03-05"},
        {"2024/03/05 12:30:01", "2024-03-05 12:30:01"},
        {"20240305", "2024-03-05"},
        {"1709640000", "2024-03-05T12:00:00.000000Z"},
        {"1709640000.25", "2024-03-05T12:00:00.250000Z"},
        {"1709640000123", "2024-03-05T12:00:00.123000Z"},
        {"1709640000123456", "2024-03-05T12:00:00.123456Z"},
        {"5 Mar 2024", "2024-03-05"},
        {"March 5th, 2024", "2024-03-05"},
        {"05-Mar-2024", "2024-03-05"},
        {"Tue, 05 Mar 2024 12:00:00 GMT", "2024-03-05T12:00:00Z"},
        {"Tue, 5 Mar 2024 9:05:00 -0130", "2024-03-05T09:05:00-01:30"},
        {"Tue Mar  5 12:00:00 2024", "2024-03-05T12:00:00"},
        {"05/03/2024", NULL},
        {"31 Feb 2024", NULL},
        {"20241399", NULL},
        {"5 Mars 2024", NULL},
        {"5 Mar", NULL},
        {"Mar 2024", NULL},
        {"1 2 Mar 2024", NULL},
        {"5 Mar Apr 2024", NULL},
        {"5 Mar 2024 GMT", NULL},
        {"12345", NULL},
        {"1709640000.2x", NULL},
        {"yesterday", NULL},
        {"", NULL},
        {"Tuesday, the 5th of March in the year 2024, at noon, Greenwich", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[DATE_SIZE];
        bool read = date_normalise(text_of(cases[i].text), text);
        if (read != (cases[i].read != NULL))
            fail_msg("\"%s\": %s", cases[i].text, read ? text : "not read");
        if (read)
            assert_string_equal(text, cases[i].read);
    }
}

// --- mappings ------------------------------------------------------------------------------------

static void begin(struct mapping *mapping, const struct grove_import *import)
{
    struct grove_error error;
    assert_ok(mapping_init(mapping, import, &error), error);
}

static enum grove_code bind(struct mapping *mapping, const char *names, int *indexes,
                            struct grove_error *error)
{
    struct text columns[16], rest = text_of(names);
    size_t count = 0;
    while (text_split(&rest, ',', &columns[count]))
        count++;
    return mapping_bind(mapping, "x.csv", columns, count, true, indexes, error);
}

// The row's fields in the order of its columns; "-" is null.
static bool map(struct mapping *mapping, const char *names, const char *row, struct strbuf *ret)
{
    int indexes[MAPPING_COLUMNS_MAX];
    struct grove_error error;
    struct text fields[16], rest = text_of(row);
    struct mapping_value values[MAPPING_COLUMNS_MAX];
    size_t count = 0;
    while (text_split(&rest, ',', &fields[count]))
        count++;
    assert_ok(bind(mapping, names, indexes, &error), error);
    for (size_t i = 0; i < mapping->column_count; i++) {
        assert_in_range(indexes[i], 0, count - 1);
        struct text field = fields[indexes[i]];
        values[i] = (struct mapping_value){
            .text = text_equal(field, text_of("-")) ? (struct text){0} : field};
    }
    return mapping_row(mapping, values, ret);
}

static void a_row_becomes_a_record(void **state)
{
    (void)state;
    static const struct {
        struct grove_import import;
        const char *names, *row;
        const char *line; // NULL: refused, at `column`
        const char *column;
    } cases[] = {
        {{.path = "wiki/{c}"},
         "title,text,c",
         "T,B,News",
         "{\"tree\":\"wiki\",\"branch\":\"News\",\"limb\":\"News\",\"leaf\":\"News\","
         "\"content_type\":\"Text\",\"title\":\"T\",\"body\":\"B\"}",
         NULL},
        {{.path = "w/{a|Other}/x {b}{a|Other}/l", .type = "{a}", .title = "b", .text = "b"},
         "a,b",
         "-,a\"/c",
         "{\"tree\":\"w\",\"branch\":\"Other\",\"limb\":\"x a\\\"/cOther\",\"leaf\":\"l\","
         "\"title\":\"a\\\"/c\",\"body\":\"a\\\"/c\"}",
         NULL},
        {{.path = "w", .text = "t", .created_at = "d", .vector = "v"},
         "t,d,v",
         "one\ntwo,5 Mar 2024,{1}",
         "{\"tree\":\"w\",\"branch\":\"w\",\"limb\":\"w\",\"leaf\":\"w\",\"content_type\":\"Text\","
         "\"body\":\"one\\ntwo\",\"created_at\":\"2024-03-05\",\"vector\":[1],\"title\":\"one\"}",
         NULL},
        {{.path = "w", .key = "id", .source = "s{id}"},
         "id,text,summary,vector,url,metadata",
         "7,x,y,z,u,{}",
         "{\"tree\":\"w\",\"branch\":\"w\",\"limb\":\"w\",\"leaf\":\"w\",\"content_type\":\"Text\","
         "\"body\":\"x\",\"document\":\"7\",\"source\":\"s7\",\"url\":\"u\",\"metadata\":{},"
         "\"title\":\"x\"}",
         NULL},
        {{.path = "w"},
         "text,url",
         "x,u",
         "{\"tree\":\"w\",\"branch\":\"w\",\"limb\":\"w\",\"leaf\":\"w\",\"content_type\":\"Text\","
         "\"body\":\"x\",\"title\":\"x\"}",
         NULL},
        {{.path = "w", .key = "k"}, "text,k,metadata", "x,1,[]", NULL, "metadata"},
        {{.path = "w/{c}"}, "c,text", "-,x", NULL, "c"},
        {{.path = "w/{c}"}, "c,text", " ,x", NULL, "c"},
        {{.path = "w", .vector = "v"}, "text,v", "x,none", NULL, "v"},
        {{.path = "w"}, "text,c", "a\xff,x", NULL, "text"},
    };
    struct strbuf line;
    strbuf_init(&line, TOLD_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct mapping mapping;
        begin(&mapping, &cases[i].import);
        bool good = map(&mapping, cases[i].names, cases[i].row, &line);
        if (good != (cases[i].line != NULL))
            fail_msg("case %zu: %s", i, good ? line.data : mapping.reason);
        if (good)
            assert_string_equal(line.data, cases[i].line);
        else
            assert_string_equal(mapping.column, cases[i].column);
        mapping_release(&mapping);
    }
    strbuf_release(&line);
}

static void an_object_becomes_a_record(void **state)
{
    (void)state;
    const struct grove_import import = {
        .path = "w/{m.s}", .text = "b", .chunk_number = "n", .vector = "v"};
    static const struct {
        const char *object;
        const char *line; // NULL: refused
    } cases[] = {
        {"{\"b\":\"x\",\"m\":{\"s\":\"a\"},\"n\":3,\"v\":[1,2.50]}",
         "{\"tree\":\"w\",\"branch\":\"a\",\"limb\":\"a\",\"leaf\":\"a\",\"content_type\":\"Text\","
         "\"body\":\"x\",\"chunk_number\":\"3\",\"vector\":[1,2.50],\"title\":\"x\"}"},
        {"{\"b\":\"x\",\"m.s\":true,\"n\":NaN}",
         "{\"tree\":\"w\",\"branch\":\"true\",\"limb\":\"true\",\"leaf\":\"true\","
         "\"content_type\":\"Text\",\"body\":\"x\",\"title\":\"x\"}"},
        {"{\"b\":[1],\"m\":{\"s\":\"a\"}}", NULL},
        {"{\"b\":\"x\"}", NULL},
        {"[]", NULL},
        {"{\"b\":", NULL},
    };
    struct strbuf line;
    strbuf_init(&line, TOLD_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct mapping mapping;
        int indexes[MAPPING_COLUMNS_MAX];
        struct grove_error error;
        begin(&mapping, &import);
        assert_ok(mapping_bind(&mapping, "x", NULL, 0, false, indexes, &error), error);
        bool good = mapping_object(&mapping, text_of(cases[i].object), &line);
        if (good != (cases[i].line != NULL))
            fail_msg("case %zu: %s", i, good ? line.data : mapping.reason);
        if (good)
            assert_string_equal(line.data, cases[i].line);
        mapping_release(&mapping);
    }
    strbuf_release(&line);
}

static void what_is_no_mapping_is_told(void **state)
{
    (void)state;
    static const struct {
        struct grove_import import;
        const char *names; // NULL: it is refused before there are any
        const char *told;
    } cases[] = {
        {{.path = NULL}, NULL, "no path"},
        {{.path = ""}, NULL, "--path is empty"},
        {{.path = "a//b"}, NULL, "without a name"},
        {{.path = "a/b/c/d/e"}, NULL, "more than 4 levels"},
        {{.path = "a/{b"}, NULL, "no closing brace"},
        {{.path = "a/{}"}, NULL, "without a column"},
        {{.path = "a", .title = " "}, NULL, "--title is empty"},
        {{.path = "a/{c}", .text = "t"}, "t,d", "has no column \"c\""},
        {{.path = "a"}, "x,y", "no column is said to be the text"},
        {{.path = "a"}, "text,text", "two columns \"text\""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct mapping mapping;
        struct grove_error error = {0};
        int indexes[MAPPING_COLUMNS_MAX];
        enum grove_code code = mapping_init(&mapping, &cases[i].import, &error);
        assert_int_equal(code == GROVE_OK, cases[i].names != NULL);
        if (code == GROVE_OK) {
            assert_int_not_equal(bind(&mapping, cases[i].names, indexes, &error), GROVE_OK);
            mapping_release(&mapping);
        }
        if (!strstr(error.message, cases[i].told))
            fail_msg("case %zu: %s", i, error.message);
    }
}

static void a_title_is_the_beginning_of_the_text(void **state)
{
    (void)state;
    const struct grove_import import = {.path = "w", .text = "t"};
    struct mapping mapping;
    struct strbuf line, row;
    strbuf_init(&line, TOLD_MAX);
    strbuf_init(&row, TOLD_MAX);
    strbuf_add(&row, "\n  ");
    for (int i = 0; i < 20; i++)
        strbuf_add(&row, "w\xc3\xb6rter ");
    begin(&mapping, &import);
    assert_true(map(&mapping, "t", row.data, &line));
    const char *title = strstr(line.data, "\"title\":\"");
    assert_non_null(title);
    struct text told = {title + 9, strcspn(title + 9, "\"")};
    assert_in_range(text_characters(told), 60, 80);
    assert_memory_equal(told.data + told.length - 7, "w\xc3\xb6rter", 7);
    mapping_release(&mapping);
    strbuf_release(&row);
    strbuf_release(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_as_postgresql_writes_them),
        cmocka_unit_test(the_first_line_tells_the_separator),
        cmocka_unit_test(a_row_has_a_bound),
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(dates_are_read_where_they_mean_one_day),
        cmocka_unit_test(a_row_becomes_a_record),
        cmocka_unit_test(an_object_becomes_a_record),
        cmocka_unit_test(what_is_no_mapping_is_told),
        cmocka_unit_test(a_title_is_the_beginning_of_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
