// SPDX-License-Identifier: Apache-2.0
#include "content/mapping.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/json.h"
#include "base/nearest.h"
#include "content/date.h"
#include "content/record.h"

enum {
    TEMPLATE_BYTES_MAX = 4096,
    ARENA_BYTES_MAX = 1 << 20,
    VALUE_BYTES_MAX = 8 << 20,
    LEVELS = 4,
    NAMES_SHOWN = 12,
    TITLE_CHARACTERS = 80, // of one that is the beginning of the text
};

enum {
    KIND_TEXT,
    KIND_TIME,
    KIND_NUMBERS,
    KIND_OBJECT,
};

// What each target is called: by a record, and on the command line; and the columns that are it
// where nothing is said.
static const struct {
    const char *field;
    const char *option;
    int kind;
    const char *names[4];
    enum { OF_ANY, OF_ROWS, OF_DOCUMENTS } of; // where the names are looked for
} targets[MAPPED_COUNT] = {
    [MAPPED_TREE] = {"tree", "path"},
    [MAPPED_BRANCH] = {"branch", "path"},
    [MAPPED_LIMB] = {"limb", "path"},
    [MAPPED_LEAF] = {"leaf", "path"},
    [MAPPED_TYPE] = {"content_type", "type", .names = {"content_type"}},
    [MAPPED_TITLE] = {"title", "title", .names = {"title", "name", "headline"}},
    [MAPPED_SUMMARY] = {"summary", "summary", .names = {"summary"}, .of = OF_ROWS},
    [MAPPED_TEXT] = {"body", "text", .names = {"body", "text", "content"}},
    [MAPPED_CHUNK] = {"chunk_number", "chunk", .names = {"chunk_number"}, .of = OF_ROWS},
    [MAPPED_WORDS] = {"word_count", "words", .names = {"word_count"}, .of = OF_ROWS},
    [MAPPED_CREATED] = {"created_at", "created", KIND_TIME, {"created_at"}},
    [MAPPED_VECTOR] = {"vector", "vector", KIND_NUMBERS, {"vector", "embedding"}, OF_ROWS},
    [MAPPED_KEY] = {"document", "key"},
    [MAPPED_SOURCE] = {"source", "source"},
    [MAPPED_URL] = {"url", "url", .names = {"url"}, .of = OF_DOCUMENTS},
    [MAPPED_METADATA] = {"metadata", "metadata", KIND_OBJECT, {"metadata"}, OF_DOCUMENTS},
};

// --- templates -----------------------------------------------------------------------------------

static enum grove_code too_much(enum mapping_target target, struct grove_error *error)
{
    return error_set(error, GROVE_INVALID, "--%s names too many columns: all together %d at most",
                     targets[target].option, MAPPING_COLUMNS_MAX);
}

// The number of a column, which is noted where it is new; -1: there are too many.
static int find_column(struct mapping *mapping, struct text name)
{
    for (size_t i = 0; i < mapping->column_count; i++)
        if (text_equal(mapping->columns[i], name))
            return (int)i;
    if (mapping->column_count == MAPPING_COLUMNS_MAX)
        return -1;
    char *copy = arena_copy(&mapping->arena, name);
    if (!copy)
        return -1;
    mapping->columns[mapping->column_count] = (struct text){copy, name.length};
    return (int)mapping->column_count++;
}

static enum grove_code add_part(struct mapping *mapping, enum mapping_target target,
                                struct mapping_part part, struct grove_error *error)
{
    struct mapping_template *template = &mapping->targets[target];
    if (mapping->part_count == MAPPING_PARTS_MAX)
        return too_much(target, error);
    if (template->count == 0)
        template->first = mapping->part_count;
    CHECK(template->first + template->count == mapping->part_count);
    mapping->parts[mapping->part_count++] = part;
    template->count++;
    return GROVE_OK;
}

static enum grove_code add_column(struct mapping *mapping, enum mapping_target target,
                                  struct text literal, struct text inside,
                                  struct grove_error *error)
{
    const char *bar = inside.length > 0 ? memchr(inside.data, '|', inside.length) : NULL;
    struct text name = {inside.data, bar ? (size_t)(bar - inside.data) : inside.length};
    struct mapping_part part = {.literal = literal};
    if (text_trim(name).length == 0)
        return error_set(error, GROVE_INVALID, "--%s has braces without a column in them",
                         targets[target].option);
    if (bar)
        part.otherwise = (struct text){bar + 1, inside.length - name.length - 1};
    part.column = find_column(mapping, text_trim(name));
    return part.column < 0 ? too_much(target, error) : add_part(mapping, target, part, error);
}

// `text` lives as long as the mapping.
static enum grove_code add_template(struct mapping *mapping, enum mapping_target target,
                                    struct text text, struct grove_error *error)
{
    for (;;) {
        const char *open = text.length > 0 ? memchr(text.data, '{', text.length) : NULL;
        if (!open)
            break;
        struct text literal = {text.data, (size_t)(open - text.data)};
        struct text rest = {open + 1, text.length - literal.length - 1};
        const char *close = rest.length > 0 ? memchr(rest.data, '}', rest.length) : NULL;
        if (!close)
            return error_set(error, GROVE_INVALID, "--%s: \"%.*s\" has no closing brace",
                             targets[target].option, TEXT_ARGS(text));
        struct text inside = {rest.data, (size_t)(close - rest.data)};
        enum grove_code code = add_column(mapping, target, literal, inside, error);
        if (code != GROVE_OK)
            return code;
        text = (struct text){close + 1, rest.length - inside.length - 1};
    }
    if (text.length == 0 && mapping->targets[target].count > 0)
        return GROVE_OK;
    return add_part(mapping, target, (struct mapping_part){.literal = text, .column = -1}, error);
}

// Takes a level off: up to a "/" outside braces.
static struct text take_level(struct text *rest)
{
    size_t length = 0;
    for (bool inside = false; length < rest->length; length++) {
        char c = rest->data[length];
        if (c == '/' && !inside)
            break;
        inside = c == '{' || (inside && c != '}');
    }
    struct text level = {rest->data, length};
    length += length < rest->length;
    *rest = (struct text){rest->data + length, rest->length - length};
    return level;
}

static enum grove_code add_path(struct mapping *mapping, struct text path,
                                struct grove_error *error)
{
    struct text rest = path, level = {0};
    for (int i = 0; i < LEVELS; i++) {
        if (i == 0 || rest.length > 0)
            level = text_trim(take_level(&rest));
        if (level.length == 0) {
            error_set(error, GROVE_INVALID, "--path: \"%.*s\" has a level without a name",
                      TEXT_ARGS(path));
            error_hint(error, "a tree, then a branch, a limb and a leaf: \"wiki/{category}\"");
            return GROVE_INVALID;
        }
        enum grove_code code = add_template(mapping, MAPPED_TREE + (unsigned)i, level, error);
        if (code != GROVE_OK)
            return code;
    }
    if (rest.length == 0)
        return GROVE_OK;
    error_set(error, GROVE_INVALID, "--path: \"%.*s\" has more than %d levels", TEXT_ARGS(path),
              LEVELS);
    error_hint(error, "a tree, a branch, a limb and a leaf; a \"/\" in a column's value is no "
                      "level: \"wiki/{category}\"");
    return GROVE_INVALID;
}

static enum grove_code take_option(struct mapping *mapping, enum mapping_target target,
                                   const char *given, bool is_template, struct grove_error *error)
{
    struct text text = text_of(given);
    if (!given)
        return GROVE_OK;
    if (text_trim(text).length == 0 || text.length > TEMPLATE_BYTES_MAX)
        return error_set(error, GROVE_INVALID, "--%s is %s", targets[target].option,
                         text.length > TEMPLATE_BYTES_MAX ? "too long" : "empty");
    if (text_utf8_error(text) < text.length)
        return error_set(error, GROVE_INVALID, "--%s is not UTF-8", targets[target].option);
    char *copy = arena_copy(&mapping->arena, text);
    if (!copy)
        return error_no_memory(error, "the columns to import");
    text = (struct text){copy, text.length};
    if (target == MAPPED_TREE)
        return add_path(mapping, text, error);
    return is_template ? add_template(mapping, target, text, error)
                       : add_column(mapping, target, (struct text){0}, text, error);
}

enum grove_code mapping_init(struct mapping *mapping, const struct grove_import *import,
                             struct grove_error *error)
{
    const struct {
        enum mapping_target target;
        const char *given;
        bool is_template;
    } options[] = {
        {MAPPED_TREE, import->path, true},          {MAPPED_TYPE, import->type, true},
        {MAPPED_TITLE, import->title, false},       {MAPPED_SUMMARY, import->summary, false},
        {MAPPED_TEXT, import->text, false},         {MAPPED_CHUNK, import->chunk_number, false},
        {MAPPED_WORDS, import->word_count, false},  {MAPPED_CREATED, import->created_at, false},
        {MAPPED_VECTOR, import->vector, false},     {MAPPED_KEY, import->key, false},
        {MAPPED_SOURCE, import->source, true},      {MAPPED_URL, import->url, false},
        {MAPPED_METADATA, import->metadata, false},
    };
    *mapping = (struct mapping){.column = "", .all_have_keys = import->key != NULL};
    arena_init(&mapping->arena, ARENA_BYTES_MAX);
    strbuf_init(&mapping->value, VALUE_BYTES_MAX);
    enum grove_code code = GROVE_OK;
    if (!import->path) {
        code = error_set(error, GROVE_INVALID, "no path: where the rows belong is not said");
        error_hint(error, "--path \"wiki/{category}\": a tree that is there, then what the column "
                          "\"category\" has; \"grove ls\" lists the trees");
    }
    for (size_t i = 0; code == GROVE_OK && i < ARRAY_COUNT(options); i++)
        code = take_option(mapping, options[i].target, options[i].given, options[i].is_template,
                           error);
    if (code != GROVE_OK)
        mapping_release(mapping);
    return code;
}

void mapping_release(struct mapping *mapping)
{
    arena_release(&mapping->arena);
    strbuf_release(&mapping->value);
    mapping->column_count = mapping->part_count = 0;
}

// --- columns -------------------------------------------------------------------------------------

static int find_name(const struct text *names, size_t count, struct text wanted)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(names[i], wanted))
            return (int)i;
    return -1;
}

// Whether an export as CSV wrote it. There a row is a document, or it is none.
static bool is_export(const struct text *names, size_t count)
{
    static const enum mapping_target of_all[] = {MAPPED_TREE, MAPPED_BRANCH, MAPPED_LIMB,
                                                 MAPPED_LEAF, MAPPED_TYPE,   MAPPED_CHUNK,
                                                 MAPPED_KEY,  MAPPED_SOURCE, MAPPED_METADATA};
    for (size_t i = 0; i < ARRAY_COUNT(of_all); i++)
        if (find_name(names, count, text_of(targets[of_all[i]].field)) < 0)
            return false;
    return true;
}

static enum grove_code look_for_key(struct mapping *mapping, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (mapping->targets[MAPPED_KEY].count == 0)
        code = add_column(mapping, MAPPED_KEY, (struct text){0}, text_of("document"), error);
    if (code == GROVE_OK && mapping->targets[MAPPED_SOURCE].count == 0)
        code = add_column(mapping, MAPPED_SOURCE, (struct text){0}, text_of("source"), error);
    return code;
}

static enum grove_code look_for_defaults(struct mapping *mapping, const struct text *names,
                                         size_t count, struct grove_error *error)
{
    bool exported = is_export(names, count), documents = mapping->targets[MAPPED_KEY].count > 0;
    enum grove_code code = exported ? look_for_key(mapping, error) : GROVE_OK;
    for (int target = 0; target < MAPPED_COUNT; target++)
        for (size_t i = 0; i < ARRAY_COUNT(targets[target].names); i++) {
            const char *name = targets[target].names[i];
            bool wanted = exported || targets[target].of != (documents ? OF_ROWS : OF_DOCUMENTS);
            if (code == GROVE_OK && wanted && mapping->targets[target].count == 0 && name &&
                find_name(names, count, text_of(name)) >= 0)
                code = add_column(mapping, (enum mapping_target)target, (struct text){0},
                                  text_of(name), error);
        }
    if (code == GROVE_OK && mapping->targets[MAPPED_TYPE].count == 0)
        code = add_template(mapping, MAPPED_TYPE, text_of("Text"), error);
    return code;
}

static enum grove_code unknown_column(const char *input, struct text wanted,
                                      const struct text *names, size_t count,
                                      struct grove_error *error)
{
    struct text nearest = {0};
    for (size_t i = 0; i < count; i++)
        if (nearest_is_alike(wanted, names[i]) &&
            (!nearest.data ||
             nearest_distance(wanted, names[i]) < nearest_distance(wanted, nearest)))
            nearest = names[i];
    error_set(error, GROVE_NOT_FOUND, "\"%s\" has no column \"%.*s\"", input, TEXT_ARGS(wanted));
    if (nearest.data) {
        error_hint(error, "did you mean \"%.*s\"?", TEXT_ARGS(nearest));
        return GROVE_NOT_FOUND;
    }
    struct strbuf known;
    strbuf_init(&known, MAPPING_REASON_SIZE);
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
        strbuf_addf(&known, "%s%.*s", i ? ", " : "", TEXT_ARGS(names[i]));
    error_hint(error, "its columns: %s%s", known.data,
               known.failed || count > NAMES_SHOWN ? ", ..." : "");
    strbuf_release(&known);
    return GROVE_NOT_FOUND;
}

enum grove_code mapping_bind(struct mapping *mapping, const char *input, const struct text *names,
                             size_t count, bool all, int ret_indexes[MAPPING_COLUMNS_MAX],
                             struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (!mapping->defaulted)
        code = look_for_defaults(mapping, names, count, error);
    mapping->defaulted = code == GROVE_OK;
    for (size_t i = 0; code == GROVE_OK && i < mapping->column_count; i++) {
        int index = find_name(names, count, mapping->columns[i]);
        ret_indexes[i] = index;
        if (index < 0 && all)
            return unknown_column(input, mapping->columns[i], names, count, error);
        if (index >= 0 && all &&
            find_name(names + index + 1, count - (size_t)index - 1, mapping->columns[i]) >= 0)
            return error_set(error, GROVE_INVALID, "\"%s\" has two columns \"%.*s\"", input,
                             TEXT_ARGS(mapping->columns[i]));
    }
    if (code == GROVE_OK && mapping->targets[MAPPED_TEXT].count == 0 &&
        mapping->targets[MAPPED_SUMMARY].count == 0) {
        code = error_set(error, GROVE_INVALID, "\"%s\": no column is said to be the text", input);
        error_hint(error,
                   "--text COLUMN; without it a column \"body\", \"text\" or \"content\" is");
    }
    return code;
}

struct text mapping_tree(const struct mapping *mapping)
{
    const struct mapping_part *part = &mapping->parts[mapping->targets[MAPPED_TREE].first];
    CHECK(mapping->targets[MAPPED_TREE].count > 0);
    return part->column < 0 ? part->literal : (struct text){0};
}

struct text mapping_key(const struct mapping *mapping, const struct mapping_value *values)
{
    const struct mapping_template *template = &mapping->targets[MAPPED_KEY];
    int column = template->count > 0 ? mapping->parts[template->first].column : -1;
    return column < 0 ? (struct text){0} : values[column].text;
}

const char *mapping_name(const struct mapping *mapping, const char *field)
{
    for (int target = 0; target < MAPPED_COUNT; target++) {
        const struct mapping_template *template = &mapping->targets[target];
        if (strcmp(targets[target].field, field) != 0 || template->count == 0)
            continue;
        const struct mapping_part *part = &mapping->parts[template->first];
        return part->column < 0 ? field : mapping->columns[part->column].data;
    }
    return field;
}

void mapping_describe(const struct mapping *mapping, struct strbuf *out)
{
    for (int target = MAPPED_TYPE; target < MAPPED_COUNT; target++) {
        const struct mapping_template *template = &mapping->targets[target];
        if (template->count == 0 || mapping->parts[template->first].column < 0)
            continue;
        struct text column = mapping->columns[mapping->parts[template->first].column];
        strbuf_addf(out, "%s%s from \"%.*s\"", out->length ? ", " : "", targets[target].option,
                    TEXT_ARGS(column));
    }
}

// --- rows ----------------------------------------------------------------------------------------

static bool refuse(struct mapping *mapping, const char *column, const char *format, ...)
    GROVE_PRINTF(3, 4);

static bool refuse(struct mapping *mapping, const char *column, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    text_vformat(mapping->reason, sizeof mapping->reason, format, values);
    va_end(values);
    mapping->column = column;
    return false;
}

static bool is_path(enum mapping_target target)
{
    return target <= MAPPED_LEAF;
}

// The value of a template in `value`; *ret_null: all of its columns are null.
static bool fill(struct mapping *mapping, enum mapping_target target,
                 const struct mapping_value *values, bool *ret_null)
{
    const struct mapping_template *template = &mapping->targets[target];
    bool any = false, columns = false;
    strbuf_clear(&mapping->value);
    for (size_t i = 0; i < template->count; i++) {
        const struct mapping_part *part = &mapping->parts[template->first + i];
        strbuf_add_text(&mapping->value, part->literal);
        if (part->column < 0)
            continue;
        columns = true;
        const char *name = mapping->columns[part->column].data;
        const struct mapping_value *value = &values[part->column];
        struct text text = value->text;
        if (value->json)
            return refuse(mapping, name, "an array or an object, where a text is wanted");
        bool blank = is_path(target) ? text_trim(text).length == 0 : !text.data;
        if (blank && part->otherwise.data)
            text = part->otherwise;
        else if (blank && is_path(target))
            return refuse(mapping, name,
                          "%s, and the path needs it; {%s|Other} in --path says what to take "
                          "instead",
                          text.data ? "empty" : "no value", name);
        size_t at = text_utf8_error(text);
        if (at < text.length)
            return refuse(mapping, name, "not UTF-8 at byte %zu: 0x%02x; " RECORD_CONVERT, at + 1,
                          (unsigned char)text.data[at]);
        any = any || text.data;
        strbuf_add_text(&mapping->value, text);
    }
    *ret_null = columns && !any;
    return mapping->value.failed ? refuse(mapping, "", "longer than a row may be") : true;
}

static void begin_member(struct strbuf *out, const char *field)
{
    strbuf_addf(out, "%s\"%s\":", out->length > 1 ? "," : "", field);
}

// pgvector and JSON write [1,2], PostgreSQL's arrays {1,2}.
static bool add_json(struct mapping *mapping, enum mapping_target target, const char *column,
                     struct strbuf *out)
{
    bool numbers = targets[target].kind == KIND_NUMBERS;
    struct text text = text_trim(strbuf_text(&mapping->value));
    if (numbers && text.length >= 2 && text.data[0] == '{') {
        size_t start = (size_t)(text.data - mapping->value.data);
        mapping->value.data[start] = '[';
        mapping->value.data[start + text.length - 1] = ']';
    }
    yyjson_doc *document = yyjson_read_opts((char *)(uintptr_t)text.data, text.length,
                                            YYJSON_READ_ALLOW_INF_AND_NAN, json_allocator(), NULL);
    yyjson_val *root = yyjson_doc_get_root(document);
    bool good = numbers ? yyjson_is_arr(root) : yyjson_is_obj(root);
    yyjson_doc_free(document);
    if (!good)
        return refuse(mapping, column,
                      numbers ? "not numbers such as [0.1, 0.2]" : "not a JSON object");
    begin_member(out, targets[target].field);
    strbuf_add_text(out, text);
    return true;
}

static bool add_value(struct mapping *mapping, enum mapping_target target, yyjson_val *json,
                      struct strbuf *out)
{
    size_t length = 0;
    char *written = yyjson_val_write_opts(json, YYJSON_WRITE_ALLOW_INF_AND_NAN, json_allocator(),
                                          &length, NULL);
    if (!written)
        return refuse(mapping, "", "longer than a row may be");
    begin_member(out, targets[target].field);
    strbuf_add_bytes(out, written, length);
    json_allocator()->free(json_allocator()->ctx, written);
    return true;
}

static bool add_target(struct mapping *mapping, enum mapping_target target,
                       const struct mapping_value *values, struct strbuf *out)
{
    const struct mapping_template *template = &mapping->targets[target];
    char time[DATE_SIZE];
    bool null;
    if (template->count == 0)
        return true;
    int column = mapping->parts[template->first].column;
    bool is_json = targets[target].kind == KIND_NUMBERS || targets[target].kind == KIND_OBJECT;
    if (is_json && column >= 0 && values[column].json)
        return add_value(mapping, target, values[column].json, out);
    if (!fill(mapping, target, values, &null))
        return false;
    if (null && target == MAPPED_KEY && mapping->all_have_keys)
        return refuse(mapping, mapping->columns[column].data,
                      "no value, and it is what tells rows apart");
    if (null)
        return true;
    struct text value = strbuf_text(&mapping->value);
    if (is_json)
        return add_json(mapping, target, mapping->columns[column].data, out);
    if (targets[target].kind == KIND_TIME && date_normalise(value, time))
        value = text_of(time);
    begin_member(out, targets[target].field);
    json_add_string(out, is_path(target) ? text_trim(value) : value);
    return true;
}

// The first line of the text that has something in it: whole words, as many as a title has.
static struct text begin_of(struct text text)
{
    struct text rest = text, line = {0};
    while (text_split(&rest, '\n', &line) && text_trim(line).length == 0)
        continue;
    line = text_trim(line);
    size_t at = 0, characters = 0, word_end = 0;
    for (; at < line.length; at++) {
        unsigned char c = (unsigned char)line.data[at];
        if (c == ' ' || c == '\t')
            word_end = at;
        if ((c & 0xc0) != 0x80 && ++characters > TITLE_CHARACTERS)
            break;
    }
    if (at == line.length)
        return line;
    return (struct text){line.data, word_end > 0 ? word_end : at};
}

static bool add_title(struct mapping *mapping, const struct mapping_value *values,
                      struct strbuf *out)
{
    enum mapping_target from =
        mapping->targets[MAPPED_TEXT].count > 0 ? MAPPED_TEXT : MAPPED_SUMMARY;
    bool null;
    if (mapping->targets[MAPPED_TITLE].count > 0)
        return true;
    if (!fill(mapping, from, values, &null))
        return false;
    if (null)
        return true; // that is told of the text
    begin_member(out, targets[MAPPED_TITLE].field);
    json_add_string(out, begin_of(strbuf_text(&mapping->value)));
    return true;
}

bool mapping_row(struct mapping *mapping, const struct mapping_value *values, struct strbuf *ret)
{
    bool good = true;
    CHECK(mapping->defaulted);
    strbuf_clear(ret);
    strbuf_add_char(ret, '{');
    for (int target = 0; good && target < MAPPED_COUNT; target++)
        good = add_target(mapping, (enum mapping_target)target, values, ret);
    good = good && add_title(mapping, values, ret);
    strbuf_add_char(ret, '}');
    return good && ret->failed ? refuse(mapping, "", "longer than a row may be") : good;
}

// --- objects -------------------------------------------------------------------------------------

// A member by its name; or by names with dots between them, of objects within objects.
static yyjson_val *find_member(yyjson_val *object, struct text name)
{
    yyjson_val *found = yyjson_obj_getn(object, name.data, name.length);
    struct text rest = name, part;
    if (found)
        return found;
    while (object && text_split(&rest, '.', &part))
        object = yyjson_obj_getn(object, part.data, part.length);
    return object;
}

// Numbers are taken as they are written. NaN is what pandas writes for a value that is missing.
static struct mapping_value value_of(yyjson_val *found)
{
    struct text number = {yyjson_get_raw(found), yyjson_get_len(found)};
    if (!found || yyjson_is_null(found))
        return (struct mapping_value){0};
    if (yyjson_is_str(found))
        return (struct mapping_value){.text = json_text(found)};
    if (yyjson_is_raw(found))
        return (struct mapping_value){
            .text = text_equal_caseless(number, text_of("nan")) ? (struct text){0} : number};
    if (yyjson_is_bool(found))
        return (struct mapping_value){.text = text_of(yyjson_get_bool(found) ? "true" : "false")};
    return (struct mapping_value){.json = found};
}

bool mapping_object(struct mapping *mapping, struct text line, struct strbuf *ret)
{
    struct mapping_value values[MAPPING_COLUMNS_MAX];
    yyjson_read_err failure = {0};
    yyjson_doc *document = yyjson_read_opts(
        (char *)(uintptr_t)line.data, line.length,
        YYJSON_READ_NUMBER_AS_RAW | YYJSON_READ_ALLOW_INF_AND_NAN, json_allocator(), &failure);
    yyjson_val *root = yyjson_doc_get_root(document);
    bool good = yyjson_is_obj(root);
    if (!document)
        refuse(mapping, "", "not JSON: %s at byte %zu", failure.msg, failure.pos + 1);
    else if (!good)
        refuse(mapping, "", "not a JSON object");
    for (size_t i = 0; good && i < mapping->column_count; i++)
        values[i] = value_of(find_member(root, mapping->columns[i]));
    good = good && mapping_row(mapping, values, ret);
    yyjson_doc_free(document);
    return good;
}
