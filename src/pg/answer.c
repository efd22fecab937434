// SPDX-License-Identifier: Apache-2.0
#include "pg/answer.h"

#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "pg/types.h"

enum { TYPES_MAX = 5 };

// Of each kind the types that its reader takes (rows.c); 0 ends the list.
static const struct kind {
    const char *name;
    Oid types[TYPES_MAX + 1];
} kinds[] = {
    {"boolean", {PG_BOOL}},
    {"integer", {PG_INT4}},
    {"bigint", {PG_INT8, PG_INT4, PG_INT2}},
    {"double", {PG_FLOAT8, PG_FLOAT4}},
    {"text", {PG_TEXT, PG_VARCHAR, PG_NAME, PG_BPCHAR, PG_JSON}},
    {"bytea", {PG_BYTEA}},
    {"timestamp", {PG_TIMESTAMP, PG_TIMESTAMPTZ}},
    {"integer[]", {PG_INT4_ARRAY}},
    {"bigint[]", {PG_INT8_ARRAY}},
};

static unsigned char kind_of(struct text name)
{
    size_t i = 0;
    while (i < ARRAY_COUNT(kinds) && !text_equal(name, text_of(kinds[i].name)))
        i++;
    CHECK(i < ARRAY_COUNT(kinds)); // a statement of ours names a kind that there is not
    return (unsigned char)i;
}

// What follows "--" in the next line of a comment; false: the comment is over.
static bool next_remark(struct text *rest, struct text *ret_remark)
{
    struct text line;
    if (!text_starts_with(*rest, "--") || !text_split(rest, '\n', &line))
        return false;
    *ret_remark = text_trim((struct text){line.data + 2, line.length - 2});
    return true;
}

void pg_answer_read(const char *sql, struct pg_answer *ret)
{
    static const char mark[] = "answers:";
    struct text rest = text_of(sql), line, name;
    bool listing = false;
    *ret = (struct pg_answer){.count = -1};
    while ((listing || ret->count < 0) && next_remark(&rest, &line)) {
        if (!listing && !text_starts_with(line, mark))
            continue;
        if (!listing) {
            line = (struct text){line.data + sizeof mark - 1, line.length - (sizeof mark - 1)};
            ret->count = 0;
        }
        listing = line.length > 0 && line.data[line.length - 1] == ',';
        line.length -= listing;
        while (text_split(&line, ',', &name)) {
            CHECK(ret->count < PG_COLUMNS_MAX);
            ret->kinds[ret->count++] = kind_of(text_trim(name));
        }
    }
    CHECK(ret->count != 0);
    CHECK(!listing);
}

static bool fits(const struct kind *kind, Oid type)
{
    for (size_t i = 0; kind->types[i]; i++)
        if (kind->types[i] == type)
            return true;
    return false;
}

int pg_answer_misfit(const struct pg_answer *answer, const PGresult *result)
{
    if (answer->count < 0)
        return -1;
    CHECK(PQnfields(result) == answer->count); // how many there are, its text alone decides
    for (int i = 0; i < answer->count; i++)
        if (!fits(&kinds[answer->kinds[i]], PQftype(result, i)))
            return i;
    return -1;
}

const char *pg_answer_kind_name(const struct pg_answer *answer, int column)
{
    CHECK(column >= 0 && column < answer->count);
    return kinds[answer->kinds[column]].name;
}
