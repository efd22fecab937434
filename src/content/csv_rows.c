// SPDX-License-Identifier: Apache-2.0
#include "content/csv_rows.h"

#include "base/alloc.h"
#include "base/check.h"

void csv_rows_init(struct csv_rows *rows, char separator)
{
    CHECK(separator != '"' && separator != '\n' && separator != '\r' && separator != '\0');
    *rows = (struct csv_rows){.separator = separator, .line = 1, .first_line = 1};
    strbuf_init(&rows->bytes, CSV_ROW_BYTES_MAX + 1);
}

void csv_rows_release(struct csv_rows *rows)
{
    mem_free(rows->fields);
    mem_free(rows->ends);
    mem_free(rows->nulls);
    strbuf_release(&rows->bytes);
    rows->fields = NULL;
    rows->ends = NULL;
    rows->nulls = NULL;
    rows->count = rows->room = 0;
}

static void note(struct csv_rows *rows, enum csv_problem problem)
{
    if (rows->problem == CSV_FINE)
        rows->problem = problem;
}

static void begin_row(struct csv_rows *rows)
{
    strbuf_clear(&rows->bytes);
    rows->count = 0;
    rows->problem = CSV_FINE;
    rows->first_line = rows->line;
    rows->state = CSV_FIELD_START;
    rows->taken = false;
}

static bool make_room(struct csv_rows *rows)
{
    enum { COLUMNS_FIRST = 32 };
    if (rows->count < rows->room)
        return true;
    size_t room = rows->room == 0 ? COLUMNS_FIRST : rows->room * 2;
    struct text *fields = mem_resize(rows->fields, room * sizeof *fields);
    rows->fields = fields ? fields : rows->fields;
    size_t *ends = mem_resize(rows->ends, room * sizeof *ends);
    rows->ends = ends ? ends : rows->ends;
    bool *nulls = mem_resize(rows->nulls, room * sizeof *nulls);
    rows->nulls = nulls ? nulls : rows->nulls;
    if (!fields || !ends || !nulls)
        return false;
    rows->room = room;
    return true;
}

static void add_bytes(struct csv_rows *rows, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    if (rows->bytes.length + length > CSV_ROW_BYTES_MAX)
        note(rows, CSV_TOO_LONG);
    else
        strbuf_add_bytes(&rows->bytes, bytes, length);
    if (rows->bytes.failed)
        note(rows, CSV_NO_MEMORY);
}

static void end_field(struct csv_rows *rows)
{
    if (rows->count >= CSV_COLUMNS_MAX) {
        note(rows, CSV_TOO_MANY_COLUMNS);
    } else if (!make_room(rows)) {
        note(rows, CSV_NO_MEMORY);
    } else {
        size_t start = rows->count == 0 ? 0 : rows->ends[rows->count - 1];
        rows->ends[rows->count] = rows->bytes.length;
        rows->nulls[rows->count++] = !rows->quoted && rows->bytes.length == start;
    }
    rows->quoted = false;
    rows->state = CSV_FIELD_START;
}

// Fields are told once the bytes of the row move no more.
static void end_row(struct csv_rows *rows)
{
    end_field(rows);
    size_t start = 0;
    for (size_t i = 0; i < rows->count; i++) {
        rows->fields[i] = rows->nulls[i]
                              ? (struct text){0}
                              : (struct text){rows->bytes.data + start, rows->ends[i] - start};
        start = rows->ends[i];
    }
    rows->state = CSV_FIELD_START;
    rows->taken = true;
}

// The carriage return before a line end belongs to it.
static void drop_return(struct csv_rows *rows)
{
    size_t start = rows->count == 0 ? 0 : rows->ends[rows->count - 1];
    struct strbuf *bytes = &rows->bytes;
    if (bytes->length > start && bytes->data[bytes->length - 1] == '\r')
        bytes->data[--bytes->length] = '\0';
}

// How many bytes are neither separator nor line end.
static size_t plain_length(const struct csv_rows *rows, struct text rest)
{
    size_t length = 0;
    while (length < rest.length && rest.data[length] != rows->separator &&
           rest.data[length] != '\n')
        length++;
    return length;
}

static struct text take(struct text *rest, size_t length)
{
    struct text taken = {rest->data, length};
    *rest = (struct text){rest->data + length, rest->length - length};
    return taken;
}

// Of a plain field, or after the end of a quoted one. True: the row is whole.
static bool take_plain(struct csv_rows *rows, struct text *rest)
{
    struct text part = take(rest, plain_length(rows, *rest));
    if (rows->state == CSV_QUOTE_SEEN) {
        if (part.length > 0 && !(part.length == 1 && part.data[0] == '\r'))
            note(rows, CSV_AFTER_QUOTE);
    } else {
        add_bytes(rows, part.data, part.length);
    }
    if (rest->length == 0)
        return false;
    if (take(rest, 1).data[0] == rows->separator) {
        end_field(rows);
        return false;
    }
    rows->line++;
    if (rows->state == CSV_PLAIN)
        drop_return(rows);
    end_row(rows);
    return true;
}

static void take_quoted(struct csv_rows *rows, struct text *rest)
{
    const char *quote = memchr(rest->data, '"', rest->length);
    struct text part = take(rest, quote ? (size_t)(quote - rest->data) : rest->length);
    for (size_t i = 0; i < part.length; i++)
        rows->line += part.data[i] == '\n';
    add_bytes(rows, part.data, part.length);
    if (!quote)
        return;
    take(rest, 1);
    rows->state = CSV_QUOTE_SEEN;
}

// A line without anything, which is passed over.
static bool is_empty(const struct csv_rows *rows)
{
    return rows->count == 1 && !rows->fields[0].data && rows->problem == CSV_FINE;
}

// False: all of *rest was taken, or part of it, and the row goes on.
static bool take_some(struct csv_rows *rows, struct text *rest)
{
    bool quote = rest->data[0] == '"';
    switch (rows->state) {
    case CSV_FIELD_START:
        rows->quoted = quote;
        rows->state = quote ? CSV_QUOTED : CSV_PLAIN;
        if (quote)
            take(rest, 1);
        return false;
    case CSV_QUOTED: take_quoted(rows, rest); return false;
    case CSV_QUOTE_SEEN:
        if (!quote)
            return take_plain(rows, rest);
        add_bytes(rows, take(rest, 1).data, 1); // doubled: it stands for one
        rows->state = CSV_QUOTED;
        return false;
    case CSV_PLAIN: return take_plain(rows, rest);
    }
    return false;
}

bool csv_rows_take(struct csv_rows *rows, struct text *rest)
{
    if (rows->taken)
        begin_row(rows);
    while (rest->length > 0) {
        if (!take_some(rows, rest))
            continue;
        if (!is_empty(rows))
            return true;
        begin_row(rows);
    }
    return false;
}

bool csv_rows_end(struct csv_rows *rows)
{
    bool begun = rows->count > 0 || rows->state != CSV_FIELD_START;
    if (rows->taken || !begun || rows->state == CSV_QUOTED)
        return false;
    if (rows->state == CSV_PLAIN)
        drop_return(rows);
    end_row(rows);
    return !is_empty(rows);
}

bool csv_rows_cut(const struct csv_rows *rows)
{
    return !rows->taken && rows->state == CSV_QUOTED;
}

char csv_find_separator(struct text head)
{
    static const char candidates[] = ",;\t|";
    size_t counts[sizeof candidates - 1] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < head.length && (quoted || head.data[i] != '\n'); i++) {
        const char *found = strchr(candidates, head.data[i]);
        quoted ^= head.data[i] == '"';
        if (!quoted && head.data[i] != '\0' && found)
            counts[found - candidates]++;
    }
    for (size_t i = 1; i < sizeof candidates - 1; i++)
        if (counts[i] > counts[best])
            best = i;
    return candidates[best];
}
