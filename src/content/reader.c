// SPDX-License-Identifier: Apache-2.0
#include "content/reader.h"

#include "base/check.h"
#include "content/kind.h"
#include "content/import.h"

static void take_piece(struct reader *reader, struct text piece, int64_t start)
{
    reader->rest = piece;
    reader->piece_length = piece.length;
    reader->piece_start = start;
}

// Up to a piece's length of a file. Of a pipe no more than has a line in it: what follows may be a
// long time in coming. A failure is told when the lines before it have been read.
static enum grove_code read_head(struct reader *reader, bool is_file, const struct call *call,
                                 struct grove_error *error)
{
    while (reader->head.length < SOURCE_PIECE_BYTES) {
        struct text piece;
        enum grove_code code = source_next(&reader->source, call, &piece, error);
        if (code != GROVE_OK)
            return reader->source.failure.code == GROVE_OK ? code : GROVE_OK;
        strbuf_add_text(&reader->head, piece);
        if (reader->head.failed)
            return error_no_memory(error, "reading a file");
        if (piece.length == 0 || (!is_file && memchr(piece.data, '\n', piece.length)))
            return GROVE_OK;
    }
    return GROVE_OK;
}

static enum grove_code judge(struct reader *reader, const struct import_form *form,
                             struct text *head, struct grove_error *error)
{
    if (form)
        return import_begin(&reader->import, form, reader->name, head, error);
    const struct kind *kind = kind_of(*head);
    return kind ? kind_refuse(kind, reader->name, "JSON Lines", error) : GROVE_OK;
}

static enum grove_code open_query(struct reader *reader, const struct input *input,
                                  const struct import_form *form, struct grove_error *error)
{
    struct reader opened = {.name = input->name, .query = input->query};
    CHECK(form);
    source_init_memory(&opened.source, input->name, (struct text){"", 0});
    enum grove_code code = query_rows_start(opened.query, error);
    if (code == GROVE_OK)
        code = import_begin_query(&opened.import, form, opened.name, opened.query, error);
    if (code == GROVE_OK)
        *reader = opened;
    else
        reader_close(&opened);
    return code;
}

enum grove_code reader_open(struct reader *reader, const struct input *input,
                            const struct import_form *form, const struct call *call,
                            struct grove_error *error)
{
    if (input->query)
        return open_query(reader, input, form, error);
    struct reader opened = {.name = input->name};
    enum grove_code code = input_source(input, &opened.source, error);
    if (code != GROVE_OK)
        return code;
    strbuf_init(&opened.line, READER_LINE_BYTES_MAX + 1);
    strbuf_init(&opened.head, (size_t)4 * SOURCE_PIECE_BYTES);
    code = read_head(&opened, S_ISREG(input->status.st_mode), call, error);
    struct text head = strbuf_text(&opened.head), rest = head;
    if (code == GROVE_OK)
        code = judge(&opened, form, &rest, error);
    if (code != GROVE_OK) {
        reader_close(&opened);
        return code;
    }
    *reader = opened;
    take_piece(reader, head, 0);
    reader->rest = rest;
    return GROVE_OK;
}

void reader_close(struct reader *reader)
{
    if (reader->query)
        query_rows_stop(reader->query);
    source_release(&reader->source);
    strbuf_release(&reader->head);
    strbuf_release(&reader->line);
    import_end(&reader->import);
    reader->rest = (struct text){0};
}

// Adds to the line what the piece at hand has of it. False: its end is yet to come.
static bool take_part(struct reader *reader, int64_t *bytes)
{
    struct text rest = reader->rest;
    if (rest.length == 0)
        return false;
    const char *end = memchr(rest.data, '\n', rest.length);
    size_t length = end ? (size_t)(end - rest.data) : rest.length;
    strbuf_add_bytes(&reader->line, rest.data, length);
    *bytes += (int64_t)length;
    length += end != NULL;
    reader->rest = (struct text){rest.data + length, rest.length - length};
    return end != NULL;
}

static struct text without_marks(struct text line)
{
    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    return text_without_mark(line); // files may have been joined
}

// False in *ret_more: the input has ended.
static enum grove_code next_piece(struct reader *reader, const struct call *call, bool *ret_more,
                                  struct grove_error *error)
{
    struct text piece;
    int64_t start = source_position(&reader->source);
    enum grove_code code = source_next(&reader->source, call, &piece, error);
    *ret_more = code == GROVE_OK && piece.length > 0;
    if (*ret_more)
        take_piece(reader, piece, start);
    return code;
}

static enum grove_code next_line(struct reader *reader, const struct call *call,
                                 struct reader_line *ret, struct grove_error *error)
{
    struct reader_line line = {0};
    strbuf_clear(&reader->line);
    while (!line.whole) {
        bool more;
        line.whole = take_part(reader, &line.bytes);
        if (line.whole)
            break;
        enum grove_code code = next_piece(reader, call, &more, error);
        if (code != GROVE_OK && (line.bytes == 0 || reader->source.failure.code == GROVE_OK))
            return code;
        if (!more)
            break;
    }
    if (line.bytes > 0 || line.whole)
        line.number = ++reader->line_number;
    if (reader->line.failed && line.bytes <= READER_LINE_BYTES_MAX)
        return error_no_memory(error, "a line");
    if (line.bytes <= READER_LINE_BYTES_MAX)
        line.text = without_marks(strbuf_text(&reader->line));
    *ret = line;
    return GROVE_OK;
}

// Within quotes nobody knows what is lost. It stays so, as with what else breaks off (source.h).
static enum grove_code set_cut(struct reader *reader, struct grove_error *error)
{
    error_set(error, GROVE_CORRUPT,
              "\"%s\" ends within quotes, in the row that begins in line %lld", reader->name,
              (long long)reader->import.csv.first_line);
    reader->source.failure = *error;
    return GROVE_CORRUPT;
}

// A row that breaks off is not handed out: it may look whole.
static enum grove_code next_row(struct reader *reader, const struct call *call,
                                struct reader_line *ret, struct grove_error *error)
{
    struct csv_rows *csv = &reader->import.csv;
    bool more = true, found = csv_rows_take(csv, &reader->rest);
    while (!found && more) {
        enum grove_code code = next_piece(reader, call, &more, error);
        if (code != GROVE_OK)
            return code;
        found = more && csv_rows_take(csv, &reader->rest);
    }
    if (!found && csv_rows_cut(csv))
        return set_cut(reader, error);
    *ret = (struct reader_line){0};
    if (!found && !csv_rows_end(csv))
        return GROVE_OK;
    if (csv->problem == CSV_NO_MEMORY)
        return error_no_memory(error, "a row");
    reader->line_number = csv->first_line;
    *ret = (struct reader_line){.number = csv->first_line, .whole = true};
    import_row(&reader->import, ret);
    return GROVE_OK;
}

// A query that fails in the middle breaks off; one that is over since the call is does not.
static enum grove_code next_query_row(struct reader *reader, const struct call *call,
                                      struct reader_line *ret, struct grove_error *error)
{
    struct grove_error over;
    bool more = false;
    enum grove_code code = query_rows_next(reader->query, &more, error);
    *ret = (struct reader_line){0};
    if (code != GROVE_OK && call_check(call, &over) == GROVE_OK)
        reader->source.failure = *error;
    if (!more)
        return code;
    *ret = (struct reader_line){.number = ++reader->line_number, .whole = true};
    import_query_row(&reader->import, reader->query, ret);
    return GROVE_OK;
}

enum grove_code reader_next(struct reader *reader, const struct call *call, struct reader_line *ret,
                            struct grove_error *error)
{
    if (reader->query)
        return next_query_row(reader, call, ret, error);
    if (reader->import.is_csv)
        return next_row(reader, call, ret, error);
    enum grove_code code = next_line(reader, call, ret, error);
    if (code == GROVE_OK && reader->import.mapping && text_trim(ret->text).length > 0)
        import_object(&reader->import, ret);
    return code;
}

// A piece of packed text is longer than what it was made of: the same part of both is taken.
int64_t reader_position(const struct reader *reader)
{
    int64_t end = source_position(&reader->source);
    if (reader->piece_length == 0)
        return end;
    int64_t rest = (int64_t)reader->rest.length, piece = (int64_t)reader->piece_length;
    return end - (end - reader->piece_start) * rest / piece;
}
