// SPDX-License-Identifier: Apache-2.0
#include "content/export_row.h"

#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/json.h"
#include "vector/direction.h"

enum { COLUMNS = 17, VECTOR_TEXT_MAX = 16384, NUMBER_SIZE = 32 };

// In the order in which they are written, those of documents behind those of all; then the vector,
// which is no text.
enum field {
    TREE,
    BRANCH,
    LIMB,
    LEAF,
    CONTENT_TYPE,
    CHUNK_NUMBER,
    TITLE,
    SUMMARY,
    WORD_COUNT,
    CREATED_AT,
    BODY,
    DOCUMENT,
    SOURCE,
    URL,
    METADATA,
    VECTOR,
    FIELDS
};

static const char *const field_names[FIELDS] = {
    [TREE] = "tree",
    [BRANCH] = "branch",
    [LIMB] = "limb",
    [LEAF] = "leaf",
    [CONTENT_TYPE] = "content_type",
    [CHUNK_NUMBER] = "chunk_number",
    [TITLE] = "title",
    [SUMMARY] = "summary",
    [WORD_COUNT] = "word_count",
    [CREATED_AT] = "created_at",
    [BODY] = "body",
    [DOCUMENT] = "document",
    [SOURCE] = "source",
    [URL] = "url",
    [METADATA] = "metadata",
    [VECTOR] = "vector",
};

static int64_t number_or_null(const struct pg_rows *rows, int r, int column)
{
    return pg_is_null(rows, r, column) ? INT64_MIN : pg_int8(rows, r, column);
}

void export_row_read(const struct pg_rows *rows, int r, struct export_row *ret)
{
    CHECK(rows->columns == COLUMNS);
    *ret = (struct export_row){
        .content_id = pg_int4(rows, r, 0),
        .tree = pg_text(rows, r, 1),
        .branch = pg_text(rows, r, 2),
        .limb = pg_text(rows, r, 3),
        .leaf = pg_text(rows, r, 4),
        .content_type = pg_text(rows, r, 5),
        .chunk_number = number_or_null(rows, r, 6),
        .title = pg_text(rows, r, 7),
        .summary = pg_text(rows, r, 8),
        .word_count = number_or_null(rows, r, 9),
        .created_at_us = pg_timestamp(rows, r, 10),
        .body = pg_text(rows, r, 11),
        .document = pg_text(rows, r, 13),
        .source = pg_text(rows, r, 14),
        .url = pg_text(rows, r, 15),
        .metadata = pg_text(rows, r, 16),
    };
    if (!pg_is_null(rows, r, 12))
        ret->vector = direction_read(pg_bytea(rows, r, 12), &ret->vector_fault);
}

// --- fields --------------------------------------------------------------------------------------

static bool is_number(enum field field)
{
    return field == CHUNK_NUMBER || field == WORD_COUNT;
}

// What a load takes for none is none.
static struct text unless_empty(struct text text)
{
    return text.length > 0 ? text : (struct text){0};
}

// A field's value as text; {NULL, 0}: null. Numbers and times go into the buffer.
static struct text field_text(const struct export_row *row, enum field field, char *buffer)
{
    const struct text texts[VECTOR] = {
        [TREE] = row->tree,
        [BRANCH] = row->branch,
        [LIMB] = row->limb,
        [LEAF] = row->leaf,
        [TITLE] = row->title,
        [CONTENT_TYPE] = row->content_type,
        [BODY] = row->body,
        [SUMMARY] = row->summary,
        [DOCUMENT] = row->document,
        [SOURCE] = unless_empty(row->source),
        [URL] = unless_empty(row->url),
        [METADATA] = row->metadata,
    };
    int64_t number = field == CHUNK_NUMBER ? row->chunk_number : row->word_count;
    CHECK(field < VECTOR);
    if (field == CREATED_AT && row->created_at_us != INT64_MIN) {
        clock_format_rfc3339(row->created_at_us, buffer);
        return text_of(buffer);
    }
    if (is_number(field) && number != INT64_MIN) {
        snprintf(buffer, NUMBER_SIZE, "%lld", (long long)number);
        return text_of(buffer);
    }
    return texts[field];
}

void export_row_add_json(const struct export_row *row, struct strbuf *out)
{
    char buffer[CLOCK_RFC3339_SIZE + NUMBER_SIZE];
    strbuf_add_char(out, '{');
    for (enum field field = 0; field < VECTOR; field++) {
        struct text value = field_text(row, field, buffer);
        if (!value.data)
            continue;
        strbuf_addf(out, "%s\"%s\": ", field > 0 ? ", " : "", field_names[field]);
        if (is_number(field) || field == METADATA) // which is JSON already
            strbuf_add_text(out, value);
        else
            json_add_string(out, value);
    }
    if (row->vector) {
        strbuf_addf(out, ", \"%s\": ", field_names[VECTOR]);
        json_add_floats(out, row->vector, RECORD_VECTOR_SIZE);
    }
    strbuf_add_char(out, '}');
}

void export_row_add_csv_head(struct strbuf *out)
{
    for (enum field field = 0; field < FIELDS; field++)
        strbuf_addf(out, "%s%s", field > 0 ? "," : "", field_names[field]);
}

void export_row_add_csv(const struct export_row *row, struct strbuf *out)
{
    char buffer[CLOCK_RFC3339_SIZE + NUMBER_SIZE];
    for (enum field field = 0; field < VECTOR; field++) {
        csv_add(out, field_text(row, field, buffer));
        strbuf_add_char(out, ',');
    }
    if (!row->vector)
        return;
    struct strbuf vector;
    strbuf_init(&vector, VECTOR_TEXT_MAX);
    json_add_floats(&vector, row->vector, RECORD_VECTOR_SIZE);
    csv_add(out, strbuf_text(&vector));
    out->failed |= vector.failed;
    strbuf_release(&vector);
}

// --- is it the same when it is loaded? ----------------------------------------------------------

static const char *find_difference(const struct export_row *row, const struct record *record)
{
    const struct {
        const char *name;
        struct text mine, read;
    } texts[] = {{"branch", row->branch, record->branch},
                 {"limb", row->limb, record->limb},
                 {"leaf", row->leaf, record->leaf},
                 {"content_type", row->content_type, record->content_type},
                 {"title", row->title, record->title},
                 {"summary", row->summary, record->summary},
                 {"body", row->body, record->body},
                 {"document", row->document, record->document},
                 {"source", row->source, record->source},
                 {"url", row->url, record->url}};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (!text_equal(texts[i].mine, texts[i].read) || !texts[i].mine.data != !texts[i].read.data)
            return texts[i].name;
    if (row->created_at_us != record->created_at_us)
        return "created_at";
    if (!row->vector != !record->vector ||
        (row->vector &&
         // NOLINTNEXTLINE(*-suspicious-memory-comparison,cert-*): bit by bit is meant
         memcmp(row->vector, record->vector, RECORD_VECTOR_SIZE * sizeof *row->vector) != 0))
        return "vector";
    return NULL;
}

bool export_row_loads(const struct export_row *row, struct text line,
                      const struct record_trees *trees, struct arena *arena,
                      char ret_reason[static RECORD_REASON_SIZE])
{
    struct record record;
    struct record_problem problem = {0};
    enum record_verdict verdict = record_parse(line, trees, arena, &record, &problem);
    bool is_document = row->document.data != NULL;
    const char *null = is_document                      ? NULL
                       : row->chunk_number == INT64_MIN ? "chunk_number: null, and 1"
                       : row->word_count == INT64_MIN   ? "word_count: null, and counted"
                       : row->created_at_us == INT64_MIN
                           ? "created_at: null, and the time of the load"
                           : NULL;
    const char *difference = verdict == RECORD_GOOD ? find_difference(row, &record) : NULL;
    if (verdict == RECORD_BAD)
        text_format(ret_reason, RECORD_REASON_SIZE, "%s%s%s: a load refuses that", problem.field,
                    problem.field[0] ? ": " : "", problem.reason);
    else if (null)
        text_format(ret_reason, RECORD_REASON_SIZE, "%s once it is loaded", null);
    else if (row->vector_fault)
        text_format(ret_reason, RECORD_REASON_SIZE, "vector: left out: %s", row->vector_fault);
    else if (difference)
        text_format(ret_reason, RECORD_REASON_SIZE, "%s: a load reads something else", difference);
    else
        return true;
    return false;
}
