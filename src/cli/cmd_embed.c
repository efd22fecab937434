// SPDX-License-Identifier: Apache-2.0
//
// Texts to vectors: one from the command line, or a file's lines in batches.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/session.h"
#include "commands/answers.h"

enum { BATCH_LINES = 64, LINE_BYTES_MAX = 1 << 20, BATCH_BYTES_MAX = 8 << 20 };

struct line_batch {
    struct strbuf bytes; // the lines, each ending in NUL
    size_t starts[BATCH_LINES];
    const char *texts[BATCH_LINES];
    size_t count;
    float vectors[BATCH_LINES * GROVE_DIMENSION];
};

static enum grove_code add_json(struct session *session, const char *text, const float *vector,
                                struct strbuf *out, struct grove_error *error)
{
    int32_t ids[GROVE_TOKENS_MAX];
    size_t count;
    enum grove_code code = grove_tokenize(session->grove, text, ids, &count, error);
    if (code != GROVE_OK)
        return code;
    const struct answer_vector answer = {ids, count, vector, GROVE_DIMENSION};
    shape_add(out, &answer_vector_shape, &answer);
    strbuf_add_char(out, '\n');
    return GROVE_OK;
}

// The numbers with spaces between.
static void add_numbers(const float *vector, struct strbuf *out)
{
    struct strbuf json;
    strbuf_init(&json, 1 << 16);
    json_add_floats(&json, vector, GROVE_DIMENSION);
    for (size_t i = 0; i < json.length; i++)
        if (json.data[i] == ',')
            strbuf_add_char(out, ' ');
        else if (json.data[i] != '[' && json.data[i] != ']')
            strbuf_add_char(out, json.data[i]);
    strbuf_add_char(out, '\n');
    out->failed |= json.failed;
    strbuf_release(&json);
}

static enum grove_code embed(struct session *session, struct line_batch *batch,
                             struct grove_error *error)
{
    struct strbuf out;
    if (batch->count == 0)
        return GROVE_OK;
    enum grove_code code =
        grove_embed(session->grove, batch->texts, batch->count, batch->vectors, error);
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    for (size_t i = 0; i < batch->count && code == GROVE_OK; i++) {
        const float *vector = batch->vectors + i * GROVE_DIMENSION;
        if (session->json)
            code = add_json(session, batch->texts[i], vector, &out, error);
        else
            add_numbers(vector, &out);
    }
    // Plain numbers: nothing that session_print_json would have to make safe.
    if (code == GROVE_OK)
        code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

// --- a file's lines ------------------------------------------------------------------------------

struct lines {
    FILE *file;
    const char *name;
    size_t line; // of the last one read
};

static enum grove_code bad_line(const struct lines *lines, struct grove_error *error,
                                const char *reason)
{
    return error_set(error, GROVE_INVALID, "line %zu of \"%s\" %s", lines->line, lines->name,
                     reason);
}

// Appends a line without its end; *ret_more is false at the end of the file.
static enum grove_code read_line(struct lines *lines, struct strbuf *out, bool *ret_more,
                                 struct grove_error *error)
{
    size_t start = out->length;
    int c = getc_unlocked(lines->file);
    *ret_more = c != EOF;
    lines->line += c != EOF;
    for (; c != EOF && c != '\n'; c = getc_unlocked(lines->file)) {
        if (c == '\0')
            return bad_line(lines, error, "has a NUL byte");
        if (out->length - start >= LINE_BYTES_MAX)
            return bad_line(lines, error, "is longer than 1 MiB");
        strbuf_add_char(out, (char)c);
    }
    if (ferror(lines->file))
        return error_set_errno(error, errno, "could not read \"%s\"", lines->name);
    struct text text = {out->data + start, out->length - start};
    if (text_utf8_error(text) != text.length) {
        bad_line(lines, error, "is not valid UTF-8");
        error_detail(error, "the first bad byte is number %zu", text_utf8_error(text) + 1);
        return error->code;
    }
    return GROVE_OK;
}

static enum grove_code read_batch(struct lines *lines, struct line_batch *batch, bool *ret_more,
                                  struct grove_error *error)
{
    batch->count = 0;
    strbuf_clear(&batch->bytes);
    *ret_more = true;
    // Room for one more line of any length is left, so that the batch itself never overflows.
    while (*ret_more && batch->count < BATCH_LINES &&
           batch->bytes.length + (size_t)2 * LINE_BYTES_MAX < BATCH_BYTES_MAX) {
        size_t start = batch->bytes.length;
        enum grove_code code = read_line(lines, &batch->bytes, ret_more, error);
        if (code != GROVE_OK)
            return code;
        strbuf_add_char(&batch->bytes, '\0');
        if (*ret_more)
            batch->starts[batch->count++] = start;
    }
    return GROVE_OK;
}

// The buffer may have moved while it grew: only now are the lines where they stay.
static enum grove_code locate_lines(struct line_batch *batch, struct grove_error *error)
{
    if (batch->bytes.failed) {
        batch->count = 0;
        return error_no_memory(error, "a batch of lines");
    }
    for (size_t i = 0; i < batch->count; i++)
        batch->texts[i] = batch->bytes.data + batch->starts[i];
    return GROVE_OK;
}

static enum grove_code embed_lines(struct session *session, struct lines *lines,
                                   struct line_batch *batch, struct grove_error *error)
{
    bool more = true;
    enum grove_code code = GROVE_OK;
    while (more && code == GROVE_OK) {
        code = read_batch(lines, batch, &more, error);
        // Lines before a bad one count.
        struct grove_error unused;
        struct grove_error *sink = code == GROVE_OK ? error : &unused;
        enum grove_code embedded = locate_lines(batch, sink);
        if (embedded == GROVE_OK)
            embedded = embed(session, batch, sink);
        if (code == GROVE_OK)
            code = embedded;
    }
    return code;
}

static enum grove_code embed_file(struct session *session, const char *path,
                                  struct line_batch *batch, struct grove_error *error)
{
    bool input = strcmp(path, "-") == 0;
    struct lines lines = {input ? stdin : fopen(path, "re"), input ? "standard input" : path, 0};
    if (!lines.file)
        return error_set_errno(error, errno, "could not open \"%s\"", path);
    enum grove_code code = embed_lines(session, &lines, batch, error);
    if (!input)
        fclose(lines.file);
    return code;
}

enum grove_code cmd_embed(struct session *session, struct grove_error *error)
{
    static struct line_batch batch;
    const char *path = options_text(&session->options, OPTION_FILE);
    if ((path != NULL) == (session->options.operand_count == 1))
        return session_usage_error(session, error,
                                   path ? "embed takes a TEXT or --file, not both"
                                        : "embed needs a TEXT, or --file");
    enum grove_code code = session_open(session, error);
    if (code != GROVE_OK)
        return code;
    strbuf_init(&batch.bytes, BATCH_BYTES_MAX);
    if (path) {
        code = embed_file(session, path, &batch, error);
    } else {
        batch.texts[0] = session->options.operands[0];
        batch.count = 1;
        code = embed(session, &batch, error);
    }
    strbuf_release(&batch.bytes);
    return code;
}
