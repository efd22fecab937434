// SPDX-License-Identifier: Apache-2.0
#include "content/record.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/nearest.h"
#include "base/strbuf.h"
#include "catalog/path.h"
#include "pg/types.h"

enum {
    TREE_MAX = 40,
    TYPE_MAX = 50,
    TITLE_MAX = 200,
    SUMMARY_MAX = 500,
    KEY_MAX = 500,
    SOURCE_MAX = 100,
    URL_MAX = 2000,
    METADATA_BYTES_MAX = 1 << 20,
    // What reading a line as JSON may take: the longest line with a row in it needs half of it.
    JSON_BYTES_MAX = 64 << 20,
};

enum field {
    FIELD_TREE,
    FIELD_BRANCH,
    FIELD_LIMB,
    FIELD_LEAF,
    FIELD_CONTENT_TYPE,
    FIELD_TITLE,
    FIELD_SUMMARY,
    FIELD_BODY,
    FIELD_CHUNK_NUMBER,
    FIELD_WORD_COUNT,
    FIELD_CREATED_AT,
    FIELD_VECTOR,
    FIELD_DOCUMENT,
    FIELD_SOURCE,
    FIELD_URL,
    FIELD_METADATA,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    "tree",     "branch", "limb",         "leaf",       "content_type", "title",
    "summary",  "body",   "chunk_number", "word_count", "created_at",   "vector",
    "document", "source", "url",          "metadata",
};

struct parsing {
    yyjson_val *values[FIELD_COUNT]; // NULL: not given, or null
    const struct record_trees *trees;
    struct arena *arena;
    struct record *record;
    struct record_problem *problem;
};

static enum record_verdict bad(struct parsing *parsing, const char *field, const char *format, ...)
    GROVE_PRINTF(3, 4);

static enum record_verdict bad(struct parsing *parsing, const char *field, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    text_vformat(parsing->problem->reason, RECORD_REASON_SIZE, format, values);
    va_end(values);
    parsing->problem->field = field;
    return RECORD_BAD;
}

// JSON knows no such numbers, but Python's json.dumps writes them, and pandas' NaN stands for a
// value that is missing. "" for any other value.
static const char *name_unfinite(yyjson_val *value)
{
    double number = yyjson_get_real(value); // 0 of what is none
    return isfinite(number) ? "" : isnan(number) ? "NaN" : number < 0 ? "-Infinity" : "Infinity";
}

// A value of the wrong kind.
static enum record_verdict bad_kind(struct parsing *parsing, enum field field, const char *wanted)
{
    const char *name = name_unfinite(parsing->values[field]);
    return bad(parsing, field_names[field], "%s%s%s", name, name[0] ? ", " : "", wanted);
}

// --- which fields --------------------------------------------------------------------------------

static int find_field(struct text name)
{
    for (int field = 0; field < FIELD_COUNT; field++)
        if (text_equal(name, text_of(field_names[field])))
            return field;
    return -1;
}

bool record_has_field(struct text name)
{
    return find_field(name) >= 0;
}

// The first characters of a name, whole ones.
static struct text shorten(struct text name)
{
    enum { SHOWN_BYTES = 60 };
    size_t length = name.length;
    if (length > SHOWN_BYTES)
        for (length = SHOWN_BYTES; length > 0 && ((unsigned char)name.data[length] & 0xc0) == 0x80;)
            length--;
    return (struct text){name.data, length};
}

static enum record_verdict unknown_field(struct parsing *parsing, struct text name)
{
    struct text names[FIELD_COUNT], shown = shorten(name);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        names[i] = text_of(field_names[i]);
    nearest_sort(name, names, FIELD_COUNT);
    if (nearest_is_alike(name, names[0]))
        return bad(parsing, "", "unknown field \"%.*s\"; did you mean \"%s\"?", TEXT_ARGS(shown),
                   names[0].data);
    return bad(parsing, "", "unknown field \"%.*s\"", TEXT_ARGS(shown));
}

static enum record_verdict collect(struct parsing *parsing, yyjson_val *root)
{
    bool seen[FIELD_COUNT] = {false};
    size_t index, count;
    yyjson_val *key, *value;
    if (!yyjson_is_obj(root))
        return bad(parsing, "", "not a JSON object");
    yyjson_obj_foreach (root, index, count, key, value) {
        int field = find_field(json_text(key));
        if (field < 0)
            return unknown_field(parsing, json_text(key));
        if (seen[field])
            return bad(parsing, field_names[field], "given twice");
        seen[field] = true;
        parsing->values[field] = yyjson_is_null(value) ? NULL : value;
    }
    return RECORD_GOOD;
}

// --- texts ---------------------------------------------------------------------------------------

// `names` are on one line; others may have line breaks and tabs.
static enum record_verdict check_characters(struct parsing *parsing, enum field field,
                                            struct text text, bool one_line)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool allowed = c >= 0x20 && c != 0x7f;
        if (!one_line && (c == '\n' || c == '\t' || c == '\r'))
            allowed = true;
        if (!allowed)
            return bad(parsing, field_names[field], "control character 0x%02x at byte %zu", c,
                       i + 1);
    }
    return RECORD_GOOD;
}

static enum record_verdict copy(struct parsing *parsing, struct text text, struct text *ret)
{
    char *data = arena_copy(parsing->arena, text);
    if (!data)
        return RECORD_NO_MEMORY;
    *ret = (struct text){data, text.length};
    return RECORD_GOOD;
}

static enum record_verdict check_length(struct parsing *parsing, enum field field, struct text text,
                                        size_t characters_max)
{
    size_t characters = text_characters(text);
    return characters <= characters_max
               ? RECORD_GOOD
               : bad(parsing, field_names[field], "%zu characters, at most %zu", characters,
                     characters_max);
}

static enum record_verdict take_text(struct parsing *parsing, enum field field,
                                     size_t characters_max, bool one_line, struct text *ret)
{
    yyjson_val *value = parsing->values[field];
    if (!value)
        return bad(parsing, field_names[field], "missing");
    if (!yyjson_is_str(value))
        return bad_kind(parsing, field, "not a string");
    struct text text = json_text(value);
    if (text_trim(text).length == 0)
        return bad(parsing, field_names[field], "empty");
    enum record_verdict verdict = check_length(parsing, field, text, characters_max);
    if (verdict == RECORD_GOOD)
        verdict = check_characters(parsing, field, text, one_line);
    return verdict == RECORD_GOOD ? copy(parsing, text, ret) : verdict;
}

// With the nearest one where it is near, else with all that there are, as far as they fit.
static enum record_verdict unknown_tree(struct parsing *parsing, struct text name)
{
    const struct record_trees *trees = parsing->trees;
    const struct record_tree *nearest = NULL;
    for (size_t i = 0; i < trees->count; i++)
        if (!nearest ||
            nearest_distance(trees->items[i].tree, name) < nearest_distance(nearest->tree, name))
            nearest = &trees->items[i];
    if (nearest && nearest_is_alike(name, nearest->tree))
        return bad(parsing, "tree", "there is no tree \"%.*s\"; the nearest is \"%.*s\"",
                   TEXT_ARGS(name), TEXT_ARGS(nearest->tree));
    struct strbuf known;
    strbuf_init(&known, RECORD_REASON_SIZE / 2);
    for (size_t i = 0; i < trees->count; i++)
        strbuf_addf(&known, "%s%.*s", i ? ", " : "; there are ", TEXT_ARGS(trees->items[i].tree));
    enum record_verdict verdict = bad(parsing, "tree", "there is no tree \"%.*s\"%s%s",
                                      TEXT_ARGS(name), known.data, known.failed ? " ..." : "");
    strbuf_release(&known);
    return verdict;
}

static enum record_verdict take_tree(struct parsing *parsing)
{
    struct text name;
    enum record_verdict verdict = take_text(parsing, FIELD_TREE, TREE_MAX, true, &name);
    if (verdict != RECORD_GOOD)
        return verdict;
    for (size_t i = 0; i < parsing->trees->count; i++) {
        if (text_equal(parsing->trees->items[i].tree, name)) {
            parsing->record->tree = &parsing->trees->items[i];
            return RECORD_GOOD;
        }
    }
    return unknown_tree(parsing, name);
}

// Composed, so that a name is one however it was typed; its length is that of this form. A
// character is composed of four at most.
static enum record_verdict take_name(struct parsing *parsing, enum field field, struct text *ret)
{
    enum { PARTS_MAX = 4 * PATH_NAME_CHARACTERS_MAX };
    struct text given = {0};
    enum record_verdict verdict = take_text(parsing, field, SIZE_MAX, true, &given);
    if (verdict != RECORD_GOOD)
        return verdict;
    *ret = given;
    if (text_characters(given) <= PARTS_MAX &&
        !path_name_in(PATH_COMPOSED, given, parsing->arena, ret))
        return RECORD_NO_MEMORY;
    return check_length(parsing, field, *ret, PATH_NAME_CHARACTERS_MAX);
}

static enum record_verdict take_place(struct parsing *parsing)
{
    struct record *record = parsing->record;
    enum record_verdict verdict = take_tree(parsing);
    if (verdict == RECORD_GOOD)
        verdict = take_name(parsing, FIELD_BRANCH, &record->branch);
    if (verdict == RECORD_GOOD)
        verdict = take_name(parsing, FIELD_LIMB, &record->limb);
    if (verdict == RECORD_GOOD)
        verdict = take_name(parsing, FIELD_LEAF, &record->leaf);
    if (verdict == RECORD_GOOD)
        verdict = take_text(parsing, FIELD_CONTENT_TYPE, TYPE_MAX, true, &record->content_type);
    return verdict;
}

bool record_summarise(struct text body, struct arena *arena, struct text *ret)
{
    body = text_trim(body);
    char *summary = arena_alloc(arena, body.length + 4);
    if (!summary)
        return false;
    size_t length = 0, characters = 0, word_end = 0, all = text_characters(body);
    bool cut = false;
    for (size_t i = 0; i < body.length; i++) {
        unsigned char c = (unsigned char)body.data[i];
        bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (space && length > 0 && summary[length - 1] == ' ')
            continue;
        if ((c & 0xc0) != 0x80 && ++characters > SUMMARY_MAX - 1 && all > SUMMARY_MAX) {
            cut = true;
            break;
        }
        if (space)
            word_end = length;
        summary[length++] = space ? ' ' : (char)c;
    }
    if (cut) {
        length = word_end > length / 2 ? word_end : length;
        memcpy(summary + length, "\xe2\x80\xa6", 3); // …
        length += 3;
    }
    *ret = (struct text){summary, length};
    return true;
}

static enum record_verdict take_body(struct parsing *parsing, size_t bytes_max)
{
    struct record *record = parsing->record;
    enum record_verdict verdict = take_text(parsing, FIELD_BODY, bytes_max, false, &record->body);
    if (verdict == RECORD_GOOD && record->body.length > bytes_max)
        verdict = bad(parsing, "body", "%zu bytes, at most %zu", record->body.length, bytes_max);
    return verdict;
}

static enum record_verdict take_texts(struct parsing *parsing)
{
    struct record *record = parsing->record;
    bool has_summary = parsing->values[FIELD_SUMMARY], has_body = parsing->values[FIELD_BODY];
    enum record_verdict verdict = take_text(parsing, FIELD_TITLE, TITLE_MAX, true, &record->title);
    if (verdict == RECORD_GOOD && !has_summary && !has_body)
        verdict = bad(parsing, "summary", "missing, and there is no body to take it from");
    if (verdict == RECORD_GOOD && has_body)
        verdict = take_body(parsing, RECORD_BODY_BYTES_MAX);
    if (verdict == RECORD_GOOD && has_summary)
        verdict = take_text(parsing, FIELD_SUMMARY, SUMMARY_MAX, false, &record->summary);
    else if (verdict == RECORD_GOOD &&
             !record_summarise(record->body, parsing->arena, &record->summary))
        verdict = RECORD_NO_MEMORY;
    return verdict;
}

// --- numbers -------------------------------------------------------------------------------------

// As exports write them: 250, 250.0, 1e5, "250", "2.5e2". False: no number at all.
static bool read_number(yyjson_val *value, double *ret)
{
    struct text text = json_text(value);
    for (size_t i = 0; i < text.length; i++)
        if (!strchr("0123456789+-.eE", text.data[i]))
            return false;
    if (text.data)
        return text_to_double(text, ret);
    *ret = yyjson_get_num(value);
    return yyjson_is_num(value);
}

// A double has all whole numbers that fit.
static enum record_verdict take_integer(struct parsing *parsing, enum field field, int32_t least,
                                        int32_t otherwise, int32_t *ret)
{
    yyjson_val *value = parsing->values[field];
    double number;
    if (!value) {
        *ret = otherwise;
        return RECORD_GOOD;
    }
    if (!read_number(value, &number) || !isfinite(number) || number != trunc(number))
        return bad_kind(parsing, field, "not a whole number");
    if (number < least || number > INT32_MAX)
        return bad(parsing, field_names[field], "out of range, %d to %d", least, INT32_MAX);
    *ret = (int32_t)number;
    return RECORD_GOOD;
}

// 4714-11-24 00:00 BC.
static const int64_t CREATED_FIRST_US = PG_FIRST_US + PG_EPOCH_US;

#define SOME_TIME "2026-11-23T08:44:41Z"

// Three numbers, of which the first is no year: 05/03/2024 is in March or in May.
static bool is_ambiguous(struct text time)
{
    size_t digits = 0;
    while (digits < time.length && time.data[digits] >= '0' && time.data[digits] <= '9')
        digits++;
    return (digits == 1 || digits == 2) && time.length > digits + 1 &&
           memchr("/.-", time.data[digits], 3) && time.data[digits + 1] >= '0' &&
           time.data[digits + 1] <= '9';
}

static enum record_verdict take_created_at(struct parsing *parsing)
{
    yyjson_val *value = parsing->values[FIELD_CREATED_AT];
    parsing->record->created_at_us = INT64_MIN;
    if (!value)
        return RECORD_GOOD;
    if (!yyjson_is_str(value))
        return bad_kind(parsing, FIELD_CREATED_AT, "not a time such as \"" SOME_TIME "\"");
    if (!clock_parse_timestamp(json_text(value), &parsing->record->created_at_us)) {
        struct text shown = shorten(json_text(value));
        return bad(parsing, "created_at", "\"%.*s\" is not a time such as \"%s\"%s",
                   TEXT_ARGS(shown), SOME_TIME, is_ambiguous(shown) ? ": which is the month?" : "");
    }
    if (parsing->record->created_at_us < CREATED_FIRST_US &&
        parsing->record->created_at_us != CLOCK_MINUS_INFINITY)
        return bad(parsing, "created_at", "before 4714-11-24 BC, where PostgreSQL's times begin");
    return RECORD_GOOD;
}

// Numbers are counted from 1, as people count.
static enum record_verdict take_component(struct parsing *parsing, yyjson_val *item, size_t number,
                                          float *ret)
{
    *ret = (float)yyjson_get_num(item);
    const char *name = name_unfinite(item);
    if (name[0])
        return bad(parsing, "vector", "number %zu is %s", number, name);
    if (!yyjson_is_num(item))
        return bad(parsing, "vector", "number %zu is none", number);
    if (!isfinite(*ret))
        return bad(parsing, "vector", "number %zu is too large", number);
    return RECORD_GOOD;
}

static enum record_verdict take_vector(struct parsing *parsing)
{
    yyjson_val *value = parsing->values[FIELD_VECTOR], *item;
    if (!value)
        return RECORD_GOOD;
    if (!yyjson_is_arr(value))
        return bad_kind(parsing, FIELD_VECTOR, "not an array");
    if (yyjson_arr_size(value) != RECORD_VECTOR_SIZE)
        return bad(parsing, "vector", "%zu numbers, not %d", yyjson_arr_size(value),
                   RECORD_VECTOR_SIZE);
    float *vector = arena_alloc_array(parsing->arena, RECORD_VECTOR_SIZE, sizeof *vector);
    if (!vector)
        return RECORD_NO_MEMORY;
    size_t index, count;
    bool zero = true, given_zero = true;
    yyjson_arr_foreach (value, index, count, item) {
        enum record_verdict verdict = take_component(parsing, item, index + 1, &vector[index]);
        if (verdict != RECORD_GOOD)
            return verdict;
        zero = zero && vector[index] == 0;
        given_zero = given_zero && yyjson_get_num(item) == 0;
    }
    if (zero)
        return bad(parsing, "vector", "all zero%s: it has no direction",
                   given_zero ? "" : " in 32 bits");
    parsing->record->vector = vector;
    return RECORD_GOOD;
}

static enum record_verdict take_numbers(struct parsing *parsing)
{
    struct record *record = parsing->record;
    size_t words = text_words(record->body.data ? record->body : record->summary);
    enum record_verdict verdict =
        take_integer(parsing, FIELD_CHUNK_NUMBER, 1, 1, &record->chunk_number);
    if (verdict == RECORD_GOOD)
        verdict = take_integer(parsing, FIELD_WORD_COUNT, 0, (int32_t)words, &record->word_count);
    if (verdict == RECORD_GOOD)
        verdict = take_created_at(parsing);
    if (verdict == RECORD_GOOD)
        verdict = take_vector(parsing);
    return verdict;
}

// --- memory --------------------------------------------------------------------------------------

// What reading one line may allocate. Nothing is counted back: little is given back before the end.
struct budget {
    size_t left_bytes;
    bool exceeded;
};

static bool spend(struct budget *budget, size_t size_bytes)
{
    budget->exceeded = budget->exceeded || size_bytes > budget->left_bytes;
    budget->left_bytes -= budget->exceeded ? 0 : size_bytes;
    return !budget->exceeded;
}

static void *budget_alloc(void *state, size_t size_bytes)
{
    return spend(state, size_bytes) ? mem_alloc(size_bytes) : NULL;
}

static void *budget_resize(void *state, void *block, size_t old_bytes, size_t size_bytes)
{
    size_t more = size_bytes > old_bytes ? size_bytes - old_bytes : 0;
    return spend(state, more) ? mem_resize(block, size_bytes) : NULL;
}

static void budget_free(void *state, void *block)
{
    (void)state;
    mem_free(block);
}

// --- documents -----------------------------------------------------------------------------------

// Of JSON: a backslash that none escapes, and "u0000".
static bool has_nul(struct text json)
{
    for (size_t i = 0; i + 6 <= json.length; i++) {
        if (json.data[i] != '\\')
            continue;
        if (memcmp(json.data + i + 1, "u0000", 5) == 0)
            return true;
        i++;
    }
    return false;
}

static enum record_verdict take_metadata(struct parsing *parsing)
{
    yyjson_val *value = parsing->values[FIELD_METADATA];
    parsing->record->metadata = text_of("{}");
    if (!value)
        return RECORD_GOOD;
    if (!yyjson_is_obj(value))
        return bad_kind(parsing, FIELD_METADATA, "not an object");
    struct budget budget = {.left_bytes = JSON_BYTES_MAX};
    const yyjson_alc allocator = {budget_alloc, budget_resize, budget_free, &budget};
    struct text text = {0};
    yyjson_write_err failure = {0};
    text.data = yyjson_val_write_opts(value, 0, &allocator, &text.length, &failure);
    if (!text.data && failure.code == YYJSON_WRITE_ERROR_MEMORY_ALLOCATION)
        return RECORD_NO_MEMORY;
    if (!text.data)
        return bad(parsing, "metadata", "%s", failure.msg);
    enum record_verdict verdict =
        text.length > METADATA_BYTES_MAX
            ? bad(parsing, "metadata", "%zu bytes, at most %d", text.length, METADATA_BYTES_MAX)
        : has_nul(text) ? bad(parsing, "metadata", "has U+0000, which PostgreSQL does not take")
                        : copy(parsing, text, &parsing->record->metadata);
    mem_free((char *)(uintptr_t)text.data);
    return verdict;
}

// What contents have, and documents do not: their chunks have it.
static enum record_verdict check_no_content(struct parsing *parsing)
{
    static const enum field fields[] = {FIELD_SUMMARY, FIELD_CHUNK_NUMBER, FIELD_WORD_COUNT};
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
        if (parsing->values[fields[i]])
            return bad(parsing, field_names[fields[i]],
                       "not of a document: each of its chunks "
                       "gets its own");
    return RECORD_GOOD;
}

// What documents have, and contents do not.
static enum record_verdict check_no_document(struct parsing *parsing)
{
    for (int field = FIELD_SOURCE; field <= FIELD_METADATA; field++)
        if (parsing->values[field])
            return bad(parsing, field_names[field],
                       "of documents only: give the row a key in "
                       "\"document\"");
    return RECORD_GOOD;
}

static enum record_verdict take_document(struct parsing *parsing)
{
    struct record *record = parsing->record;
    record->source = text_of("");
    enum record_verdict verdict = check_no_content(parsing);
    if (verdict == RECORD_GOOD)
        verdict = take_text(parsing, FIELD_DOCUMENT, KEY_MAX, true, &record->document);
    if (verdict == RECORD_GOOD && parsing->values[FIELD_SOURCE])
        verdict = take_text(parsing, FIELD_SOURCE, SOURCE_MAX, true, &record->source);
    if (verdict == RECORD_GOOD && parsing->values[FIELD_URL])
        verdict = take_text(parsing, FIELD_URL, URL_MAX, true, &record->url);
    if (verdict == RECORD_GOOD)
        verdict = take_text(parsing, FIELD_TITLE, TITLE_MAX, true, &record->title);
    if (verdict == RECORD_GOOD)
        verdict = take_body(parsing, RECORD_DOCUMENT_BYTES_MAX);
    if (verdict == RECORD_GOOD)
        verdict = take_metadata(parsing);
    if (verdict == RECORD_GOOD)
        verdict = take_created_at(parsing);
    return verdict == RECORD_GOOD ? take_vector(parsing) : verdict;
}

// --- a line --------------------------------------------------------------------------------------

static enum record_verdict take_line(struct parsing *parsing, yyjson_val *root)
{
    enum record_verdict verdict = collect(parsing, root);
    if (verdict == RECORD_GOOD)
        verdict = take_place(parsing);
    if (verdict == RECORD_GOOD && parsing->values[FIELD_DOCUMENT])
        return take_document(parsing);
    if (verdict == RECORD_GOOD)
        verdict = check_no_document(parsing);
    if (verdict == RECORD_GOOD)
        verdict = take_texts(parsing);
    if (verdict == RECORD_GOOD)
        verdict = take_numbers(parsing);
    return verdict;
}

// A character that lacks bytes at the end of the line may have been cut there.
static bool is_cut_character(struct text line, size_t at)
{
    unsigned char lead = (unsigned char)line.data[at];
    size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || line.length - at >= wanted)
        return false;
    for (size_t i = at + 1; i < line.length; i++)
        if (((unsigned char)line.data[i] & 0xc0) != 0x80)
            return false;
    return true;
}

// Bytes are counted from 1, as editors do.
static enum record_verdict check_bytes(struct parsing *parsing, struct text line)
{
    size_t at = text_utf8_error(line);
    if (at < line.length) {
        parsing->problem->cut = is_cut_character(line, at);
        return bad(parsing, "", "not UTF-8 at byte %zu: 0x%02x; " RECORD_CONVERT, at + 1,
                   (unsigned char)line.data[at]);
    }
    const char *nul = memchr(line.data, '\0', line.length);
    if (nul)
        return bad(parsing, "", "a NUL byte, at byte %zu", (size_t)(nul - line.data) + 1);
    return RECORD_GOOD;
}

static enum record_verdict bad_json(struct parsing *parsing, const yyjson_read_err *failure,
                                    const struct budget *budget)
{
    if (budget->exceeded)
        return bad(parsing, "", "far more values than a row has");
    if (failure->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return RECORD_NO_MEMORY;
    parsing->problem->cut = failure->code == YYJSON_READ_ERROR_UNEXPECTED_END;
    return bad(parsing, "", "not JSON: %s at byte %zu", failure->msg, failure->pos + 1);
}

enum record_verdict record_parse(struct text line, const struct record_trees *trees,
                                 struct arena *arena, struct record *ret,
                                 struct record_problem *ret_problem)
{
    struct record record = {0};
    struct parsing parsing = {
        .trees = trees, .arena = arena, .record = &record, .problem = ret_problem};
    ret_problem->cut = false;
    enum record_verdict verdict = check_bytes(&parsing, line);
    if (verdict != RECORD_GOOD)
        return verdict;
    struct budget budget = {.left_bytes = JSON_BYTES_MAX};
    const yyjson_alc allocator = {budget_alloc, budget_resize, budget_free, &budget};
    yyjson_read_err failure = {0};
    // yyjson wants a writable text, but does not write to it without INSITU.
    yyjson_doc *document = yyjson_read_opts((char *)(uintptr_t)line.data, line.length,
                                            YYJSON_READ_ALLOW_INF_AND_NAN, &allocator, &failure);
    if (!document)
        return bad_json(&parsing, &failure, &budget);
    verdict = take_line(&parsing, yyjson_doc_get_root(document));
    yyjson_doc_free(document);
    if (verdict == RECORD_GOOD)
        *ret = record;
    return verdict;
}

bool record_copy(const struct record *record, struct arena *arena, struct record *ret)
{
    struct record copy = *record;
    struct text *const texts[] = {&copy.branch, &copy.limb,    &copy.leaf, &copy.content_type,
                                  &copy.title,  &copy.summary, &copy.body};
    CHECK(!record->document.data); // those are written as they come
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (!texts[i]->data)
            continue;
        texts[i]->data = arena_copy(arena, *texts[i]);
        if (!texts[i]->data)
            return false;
    }
    if (copy.vector) {
        float *vector = arena_alloc_array(arena, RECORD_VECTOR_SIZE, sizeof *vector);
        if (!vector)
            return false;
        memcpy(vector, record->vector, RECORD_VECTOR_SIZE * sizeof *vector);
        copy.vector = vector;
    }
    *ret = copy;
    return true;
}

static void digest_key(struct text key, unsigned char ret_key[static 16])
{
    unsigned char digest[SHA256_BYTES];
    sha256(key, digest);
    memcpy(ret_key, digest, 16);
}

static size_t add_part(char *key, size_t length, size_t size, struct text part)
{
    CHECK(length + part.length + 16 < size);
    memcpy(key + length, part.data, part.length);
    key[length + part.length] = '\0'; // names have no control characters, so NUL separates them
    return length + part.length + 1;
}

void record_key(const struct record *record, unsigned char ret_key[static 16])
{
    const struct text parts[] = {record->tree->tree, record->branch, record->limb, record->leaf,
                                 record->content_type};
    char key[4 * (KEY_MAX + SOURCE_MAX) + 5 * 4 * PATH_NAME_CHARACTERS_MAX + 64];
    size_t length = 0;
    if (record->document.data) {
        length = add_part(key, length, sizeof key, text_of("")); // no tree has that name
        length = add_part(key, length, sizeof key, record->source);
        length = add_part(key, length, sizeof key, record->document);
    } else {
        for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
            length = add_part(key, length, sizeof key, parts[i]);
        memcpy(key + length, &record->chunk_number, sizeof record->chunk_number);
        length += sizeof record->chunk_number;
    }
    digest_key((struct text){key, length}, ret_key);
}
