// SPDX-License-Identifier: Apache-2.0
#include "content/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/descriptor.h"
#include "base/file.h"

enum { STREAM_BUFFER_BYTES = 256 << 10, PIECE_BYTES = 64 << 10 };

static enum grove_code open_stream(struct reader *reader, struct grove_error *error)
{
    int copy = fcntl(reader->descriptor, F_DUPFD_CLOEXEC, 3); // gzclose closes what it was given
    reader->stream = copy < 0 ? NULL : gzdopen(copy, "rb");
    if (!reader->stream) {
        file_close_descriptor(&copy);
        return error_no_memory(error, "reading a file");
    }
    gzbuffer(reader->stream, STREAM_BUFFER_BYTES);
    reader->line_number = 0;
    reader->ended = false;
    return GROVE_OK;
}

static enum grove_code copy_all(int from, int to, const char *name, struct grove_error *error)
{
    char piece[PIECE_BYTES];
    for (;;) {
        ssize_t got = read(from, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(error, errno, "could not read %s", name);
        if (got == 0)
            return GROVE_OK;
        for (ssize_t done = 0; done < got;) {
            ssize_t written = write(to, piece + done, (size_t)(got - done));
            if (written < 0 && errno != EINTR)
                return error_set_errno(error, errno, "could not keep a copy of %s", name);
            done += written > 0 ? written : 0;
        }
    }
}

// Replaces the descriptor by one of an unlinked file with the same contents.
static enum grove_code spool(struct reader *reader, struct grove_error *error)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/grove-load-XXXXXX",
                         folder && *folder ? folder : "/tmp") >= sizeof path)
        return error_set(error, GROVE_INVALID, "TMPDIR is too long");
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(error, errno, "could not create a file in \"%s\"", path);
    unlink(path);
    enum grove_code code = copy_all(reader->descriptor, fd, reader->name, error);
    if (code == GROVE_OK && lseek(fd, 0, SEEK_SET) != 0)
        code = error_set_errno(error, errno, "could not rewind the copy of %s", reader->name);
    close(reader->descriptor);
    reader->descriptor = fd;
    return code;
}

enum grove_code reader_open(const char *path, bool twice, struct reader *ret,
                            struct grove_error *error)
{
    bool standard = strcmp(path, "-") == 0;
    struct reader reader = {.name = standard ? "standard input" : path};
    reader.descriptor =
        standard ? fcntl(0, F_DUPFD_CLOEXEC, 3) : descriptor_open(path, O_RDONLY, 0);
    struct stat status;
    if (reader.descriptor < 0)
        return error_set_errno(error, errno, "could not open \"%s\"", path);
    enum grove_code code = GROVE_OK;
    if (fstat(reader.descriptor, &status) != 0)
        code = error_set_errno(error, errno, "could not read \"%s\"", path);
    else if (S_ISDIR(status.st_mode))
        code = error_set(error, GROVE_INVALID, "\"%s\" is a folder, not a file", path);
    else if (S_ISREG(status.st_mode))
        reader.bytes_total = status.st_size;
    else if (twice)
        code = spool(&reader, error);
    if (code == GROVE_OK)
        code = open_stream(&reader, error);
    if (code != GROVE_OK) {
        close(reader.descriptor);
        return code;
    }
    strbuf_init(&reader.line, READER_LINE_BYTES_MAX);
    *ret = reader;
    return GROVE_OK;
}

enum grove_code reader_rewind(struct reader *reader, struct grove_error *error)
{
    gzclose(reader->stream);
    reader->stream = NULL;
    if (lseek(reader->descriptor, 0, SEEK_SET) != 0)
        return error_set_errno(error, errno, "could not read %s again", reader->name);
    return open_stream(reader, error);
}

void reader_close(struct reader *reader)
{
    if (reader->stream)
        gzclose(reader->stream);
    strbuf_release(&reader->line);
    close(reader->descriptor);
}

static enum grove_code set_read_error(const struct reader *reader, struct grove_error *error)
{
    int number;
    const char *message = gzerror(reader->stream, &number);
    if (number == Z_ERRNO)
        return error_set_errno(error, errno, "could not read \"%s\"", reader->name);
    if (number == Z_MEM_ERROR)
        return error_no_memory(error, "reading a file");
    error_set(error, GROVE_CORRUPT, "\"%s\" is damaged after line %lld: %s", reader->name,
              (long long)reader->line_number,
              number == Z_BUF_ERROR ? "the gzip data end too early" : message);
    error_hint(error, "the lines before are good; get the file again");
    return GROVE_CORRUPT;
}

static enum grove_code read_piece(struct reader *reader, char *piece, int *ret_length,
                                  struct grove_error *error)
{
    int length = 0;
    while (length < PIECE_BYTES) {
        int c = gzgetc((gzFile)reader->stream);
        if (c < 0) {
            int number;
            gzerror(reader->stream, &number);
            if (number != Z_OK && number != Z_STREAM_END)
                return set_read_error(reader, error);
            reader->ended = true;
            break;
        }
        piece[length++] = (char)c;
        if (c == '\n')
            break;
    }
    *ret_length = length;
    return GROVE_OK;
}

enum grove_code reader_next(struct reader *reader, struct text *ret_line, bool *ret_too_long,
                            struct grove_error *error)
{
    char piece[PIECE_BYTES];
    size_t total = 0;
    bool whole = false;
    strbuf_clear(&reader->line);
    while (!whole && !reader->ended) {
        int length = 0;
        enum grove_code code = read_piece(reader, piece, &length, error);
        if (code != GROVE_OK)
            return code;
        whole = length > 0 && piece[length - 1] == '\n';
        strbuf_add_bytes(&reader->line, piece, (size_t)length);
        total += (size_t)length;
    }
    *ret_too_long = false;
    if (total == 0) {
        *ret_line = (struct text){NULL, 0};
        return GROVE_OK;
    }
    reader->line_number++;
    if (reader->line.failed && total <= READER_LINE_BYTES_MAX)
        return error_no_memory(error, "a line");
    if (reader->line.failed) {
        *ret_too_long = true;
        *ret_line = (struct text){"", 0};
        return GROVE_OK;
    }
    struct text line = strbuf_text(&reader->line);
    line.length -= whole;
    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    if (reader->line_number == 1 && text_starts_with(line, "\xef\xbb\xbf")) { // a byte order mark
        line.data += 3;
        line.length -= 3;
    }
    *ret_line = line;
    return GROVE_OK;
}

int64_t reader_position(const struct reader *reader)
{
    int64_t position = gzoffset(reader->stream);
    return position < 0 ? 0 : position;
}
