// SPDX-License-Identifier: Apache-2.0
#include "content/import.h"

#include <stdio.h>

#include "base/check.h"
#include "base/json.h"
#include "content/kind.h"

enum { RECORD_BYTES_MAX = (8 << 20) + 4096 };

static enum grove_code begin_csv(struct import *import, const char *name, char separator,
                                 struct text *head, struct grove_error *error)
{
    *head = text_without_mark(*head);
    import->is_csv = true;
    csv_rows_init(&import->csv, separator ? separator : csv_find_separator(*head));
    struct csv_rows *csv = &import->csv;
    if (!csv_rows_take(csv, head) && !csv_rows_end(csv)) {
        if (!csv_rows_cut(csv))
            return error_set(error, GROVE_INVALID, "\"%s\" is empty: not even a line of names",
                             name);
        return error_set(error, GROVE_INVALID, "\"%s\": the names of its columns have no end",
                         name);
    }
    if (csv->problem != CSV_FINE)
        return error_set(error, GROVE_INVALID, "\"%s\": its first line has no names of columns",
                         name);
    for (size_t i = 0; i < csv->count; i++) {
        csv->fields[i] = text_trim(csv->fields[i]);
        if (text_utf8_error(csv->fields[i]) == csv->fields[i].length)
            continue;
        error_set(error, GROVE_INVALID, "\"%s\": the name of column %zu is not UTF-8", name, i + 1);
        error_hint(error, "iconv -f WINDOWS-1252 -t UTF-8 FILE | grove import ... -");
        return GROVE_INVALID;
    }
    import->columns = csv->count;
    return mapping_bind(import->mapping, name, csv->fields, csv->count, true, import->indexes,
                        error);
}

// The first object there is, for the names of its members.
static yyjson_doc *read_first_object(struct text head)
{
    struct text line;
    while (text_split(&head, '\n', &line)) {
        yyjson_doc *document =
            yyjson_read_opts((char *)(uintptr_t)line.data, line.length,
                             YYJSON_READ_ALLOW_INF_AND_NAN, json_allocator(), NULL);
        if (yyjson_is_obj(yyjson_doc_get_root(document)))
            return document;
        yyjson_doc_free(document);
    }
    return NULL;
}

static enum grove_code begin_objects(struct import *import, const char *name, struct text head,
                                     struct grove_error *error)
{
    struct text names[CSV_COLUMNS_MAX];
    size_t count = 0, index, most;
    yyjson_val *key, *value;
    yyjson_doc *document = read_first_object(head);
    yyjson_obj_foreach (yyjson_doc_get_root(document), index, most, key, value)
        if (count < CSV_COLUMNS_MAX)
            names[count++] = json_text(key);
    enum grove_code code =
        mapping_bind(import->mapping, name, names, count, false, import->indexes, error);
    yyjson_doc_free(document);
    return code;
}

static void init(struct import *import, const struct import_form *form)
{
    *import = (struct import){.mapping = form->mapping};
    strbuf_init(&import->record, RECORD_BYTES_MAX);
}

enum grove_code import_begin(struct import *import, const struct import_form *form,
                             const char *name, struct text *head, struct grove_error *error)
{
    bool objects;
    const struct kind *kind = kind_of_no_table(*head, &objects);
    init(import, form);
    if (kind)
        return kind_refuse(kind, name, "CSV or JSON Lines", error);
    if (form->format != GROVE_IMPORT_FOUND)
        objects = form->format == GROVE_IMPORT_JSON_LINES;
    return objects ? begin_objects(import, name, *head, error)
                   : begin_csv(import, name, form->separator, head, error);
}

enum grove_code import_begin_query(struct import *import, const struct import_form *form,
                                   const char *name, const struct query_rows *rows,
                                   struct grove_error *error)
{
    struct text names[CSV_COLUMNS_MAX];
    size_t count = query_rows_columns(rows);
    CHECK(count <= CSV_COLUMNS_MAX); // more than these no server answers with
    for (size_t i = 0; i < count; i++)
        names[i] = query_rows_name(rows, i);
    init(import, form);
    return mapping_bind(import->mapping, name, names, count, true, import->indexes, error);
}

void import_end(struct import *import)
{
    if (!import->mapping)
        return;
    csv_rows_release(&import->csv);
    strbuf_release(&import->record);
    import->mapping = NULL;
}

static void take_answer(struct import *import, bool good, struct reader_line *line)
{
    line->text = good ? strbuf_text(&import->record) : (struct text){0};
    line->problem = good ? NULL : import->mapping->reason;
    line->column = good ? "" : import->mapping->column;
}

static const char *find_problem(struct import *import)
{
    const struct csv_rows *csv = &import->csv;
    switch (csv->problem) {
    case CSV_TOO_LONG: return "more than 8 MB";
    case CSV_TOO_MANY_COLUMNS: return "more columns than a table has";
    case CSV_AFTER_QUOTE:
        return "text after a closing quote; a quote within quotes is doubled: \"\"";
    case CSV_FINE:
    case CSV_NO_MEMORY: break;
    }
    if (csv->count == import->columns)
        return NULL;
    snprintf(import->problem, sizeof import->problem, "%zu columns, and the first line names %zu",
             csv->count, import->columns);
    return import->problem;
}

void import_row(struct import *import, struct reader_line *line)
{
    struct mapping_value values[MAPPING_COLUMNS_MAX];
    const struct mapping *mapping = import->mapping;
    line->column = "";
    line->problem = find_problem(import);
    if (line->problem)
        return;
    for (size_t i = 0; i < mapping->column_count; i++) {
        CHECK(import->indexes[i] >= 0 && (size_t)import->indexes[i] < import->csv.count);
        values[i] = (struct mapping_value){.text = import->csv.fields[import->indexes[i]]};
    }
    take_answer(import, mapping_row(import->mapping, values, &import->record), line);
}

void import_object(struct import *import, struct reader_line *line)
{
    take_answer(import, mapping_object(import->mapping, line->text, &import->record), line);
}

void import_query_row(struct import *import, const struct query_rows *rows,
                      struct reader_line *line)
{
    struct mapping_value values[MAPPING_COLUMNS_MAX];
    const struct mapping *mapping = import->mapping;
    for (size_t i = 0; i < mapping->column_count; i++) {
        CHECK(import->indexes[i] >= 0);
        values[i] =
            (struct mapping_value){.text = query_rows_value(rows, (size_t)import->indexes[i])};
    }
    take_answer(import, mapping_row(import->mapping, values, &import->record), line);
    line->key = mapping_key(mapping, values);
}
