// SPDX-License-Identifier: Apache-2.0
//
// The lines of a file, plain or gzip, or of standard input.
//
//     code = reader_open("x.jsonl.gz", false, &reader, error);
//     while ((code = reader_next(&reader, &line, &too_long, error)) == GROVE_OK && line.data)
//         use(line, reader.line_number);
//     reader_close(&reader);
#ifndef GROVE_CONTENT_READER_H
#define GROVE_CONTENT_READER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strbuf.h"

enum { READER_LINE_BYTES_MAX = 8 << 20 };

struct reader {
    const char *name;    // borrowed: the path, or "standard input"
    int64_t line_number; // of the line last read, from 1
    int64_t bytes_total; // of the file as it is; 0 where it is no file
    int descriptor;
    void *stream; // zlib's
    struct strbuf line;
    bool ended;
};

// "-" is standard input. `twice`: it can be read again after reader_rewind; what is no regular
// file is copied to an unlinked one for that.
enum grove_code reader_open(const char *path, bool twice, struct reader *ret,
                            struct grove_error *error);
enum grove_code reader_rewind(struct reader *reader, struct grove_error *error);
void reader_close(struct reader *reader);

// The next line without its end, valid until the next call; {NULL, 0} at the end. A line that is
// too long is skipped: ret_too_long is set, with an empty line.
enum grove_code reader_next(struct reader *reader, struct text *ret_line, bool *ret_too_long,
                            struct grove_error *error);

// Bytes of the file (as it is, compressed) read so far.
int64_t reader_position(const struct reader *reader);

#endif
