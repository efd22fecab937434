// SPDX-License-Identifier: Apache-2.0
#include "content/reader.h"

#include "base/check.h"
#include "content/kind.h"

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

enum grove_code reader_open(struct reader *reader, const struct input *input,
                            const struct call *call, struct grove_error *error)
{
    struct reader opened = {.name = input->name};
    enum grove_code code = input_source(input, &opened.source, error);
    if (code != GROVE_OK)
        return code;
    strbuf_init(&opened.line, READER_LINE_BYTES_MAX + 1);
    strbuf_init(&opened.head, (size_t)4 * SOURCE_PIECE_BYTES);
    code = read_head(&opened, S_ISREG(input->status.st_mode), call, error);
    struct text head = strbuf_text(&opened.head);
    const struct kind *kind = code == GROVE_OK ? kind_of(head) : NULL;
    if (kind) {
        code = error_set(error, GROVE_UNSUPPORTED, "\"%s\" is %s, not JSON Lines", input->name,
                         kind->what);
        error_hint(error, "%s", kind->hint);
    }
    if (code != GROVE_OK) {
        reader_close(&opened);
        return code;
    }
    *reader = opened;
    take_piece(reader, head, 0);
    return GROVE_OK;
}

void reader_close(struct reader *reader)
{
    source_release(&reader->source);
    strbuf_release(&reader->head);
    strbuf_release(&reader->line);
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
    if (text_starts_with(line, "\xef\xbb\xbf")) // a byte order mark; files may have been joined
        line = (struct text){line.data + 3, line.length - 3};
    return line;
}

enum grove_code reader_next(struct reader *reader, const struct call *call, struct reader_line *ret,
                            struct grove_error *error)
{
    struct reader_line line = {0};
    strbuf_clear(&reader->line);
    while (!line.whole) {
        line.whole = take_part(reader, &line.bytes);
        if (line.whole)
            break;
        struct text piece;
        int64_t start = source_position(&reader->source);
        enum grove_code code = source_next(&reader->source, call, &piece, error);
        if (code != GROVE_OK && (line.bytes == 0 || reader->source.failure.code == GROVE_OK))
            return code;
        if (code != GROVE_OK || piece.length == 0)
            break;
        take_piece(reader, piece, start);
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

// A piece of packed text is longer than what it was made of: the same part of both is taken.
int64_t reader_position(const struct reader *reader)
{
    int64_t end = source_position(&reader->source);
    if (reader->piece_length == 0)
        return end;
    int64_t rest = (int64_t)reader->rest.length, piece = (int64_t)reader->piece_length;
    return end - (end - reader->piece_start) * rest / piece;
}
