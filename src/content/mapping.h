// SPDX-License-Identifier: Apache-2.0
//
// Columns of a table that somebody has, as the fields of a record: one line of JSON for each row.
//
//     code = mapping_init(&mapping, &import, error);                // reads the templates
//     code = mapping_bind(&mapping, name, columns, count, true, indexes, error);   // of each input
//     if (mapping_row(&mapping, values, &line))
//         verdict = record_parse(strbuf_text(&line), &trees, arena, &record, &problem);
//     else
//         report(mapping.column, mapping.reason);
//     mapping_release(&mapping);
//
// A template is text with columns in braces, "{category}"; "{category|Other}" says what stands for
// a null. A path has one to four levels, parted by "/"; those that are left out have the name of
// the last. A "/" in a value stays in its level.
//
// What is not said is found by its name: a column "title" is the title. Where nothing is the title,
// the beginning of the text is. With a key each row is a document, which has neither summary nor
// number of its own: columns of such names are not looked for then, and without one no URL is. All
// are of what an export wrote, whose rows are documents where the column "document" has a key.
#ifndef GROVE_CONTENT_MAPPING_H
#define GROVE_CONTENT_MAPPING_H

#include <yyjson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "grove/grove.h"

enum {
    MAPPING_COLUMNS_MAX = 64, // that templates name
    MAPPING_PARTS_MAX = 64,   // of all templates
    MAPPING_REASON_SIZE = 300,
};

// A value of a row. Text where `json` is NULL.
struct mapping_value {
    struct text text; // null: no data
    yyjson_val *json; // an array or an object
};

enum mapping_target {
    MAPPED_TREE,
    MAPPED_BRANCH,
    MAPPED_LIMB,
    MAPPED_LEAF,
    MAPPED_TYPE,
    MAPPED_TITLE,
    MAPPED_SUMMARY,
    MAPPED_TEXT,
    MAPPED_CHUNK,
    MAPPED_WORDS,
    MAPPED_CREATED,
    MAPPED_VECTOR,
    MAPPED_KEY,
    MAPPED_SOURCE,
    MAPPED_URL,
    MAPPED_METADATA,
    MAPPED_COUNT
};

struct mapping_part {
    struct text literal;   // before the column
    int column;            // of `columns`; -1: none, this is the end
    struct text otherwise; // of a null; no data: there is none
};

struct mapping_template {
    size_t first, count; // of `parts`; 0: the target gets nothing
};

struct mapping {
    struct arena arena; // of the texts of templates
    struct mapping_template targets[MAPPED_COUNT];
    struct mapping_part parts[MAPPING_PARTS_MAX];
    size_t part_count;
    struct text columns[MAPPING_COLUMNS_MAX]; // as the templates name them
    size_t column_count;
    bool all_have_keys; // a row without one is refused; else it is no document
    bool defaulted;     // the columns that are found by their names have been looked for
    struct strbuf value;
    // Why a row is no record, after mapping_row answered false.
    const char *column; // "" for the row as a whole
    char reason[MAPPING_REASON_SIZE];
};

// GROVE_INVALID: a template is none; which, and why.
enum grove_code mapping_init(struct mapping *mapping, const struct grove_import *import,
                             struct grove_error *error);
void mapping_release(struct mapping *mapping);

// The columns that the first input has. With `all` no other can come, and a template that names
// one is GROVE_NOT_FOUND, with those there are. ret_indexes[column] is where it stands, or -1.
enum grove_code mapping_bind(struct mapping *mapping, const char *input, const struct text *names,
                             size_t count, bool all, int ret_indexes[MAPPING_COLUMNS_MAX],
                             struct grove_error *error);

// values[column_count], in the order of `columns`. False: see `column` and `reason`.
bool mapping_row(struct mapping *mapping, const struct mapping_value *values, struct strbuf *ret);

// The same of an object on one line; "a.b" is the member b of the object a.
bool mapping_object(struct mapping *mapping, struct text line, struct strbuf *ret);

// The tree of all rows, where the path names it without a column; else no text.
struct text mapping_tree(const struct mapping *mapping);

// What the row has in the column of the key; no data where none is said.
struct text mapping_key(const struct mapping *mapping, const struct mapping_value *values);

// What the user calls the source of a record's field: the column, or the field where it has none.
const char *mapping_name(const struct mapping *mapping, const char *field);

// "title from headline, text from body": what is taken from where.
void mapping_describe(const struct mapping *mapping, struct strbuf *out);

#endif
