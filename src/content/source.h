// SPDX-License-Identifier: Apache-2.0
//
// The text of an input, piece by piece: unpacked where it is gzip, as UTF-8 where it is UTF-16.
//
//     source_init(&source, "x.jsonl.gz", descriptor, 0);
//     while ((code = source_next(&source, call, &piece, error)) == GROVE_OK && piece.length > 0)
//         use(piece);                       // valid until the next call
//     source_release(&source);              // closes the descriptor
//
// What is gzip is told by its first bytes. Members of gzip are one text, as gzip has it, and zeros
// after the last are padding. UTF-16 is told by its mark, or by a first "{" that takes two bytes.
//
// source_init_memory(&source, "rows", text) reads what is in memory already, in the same way.
//
// Errors: GROVE_CORRUPT where the gzip data are damaged, end too early or are followed by something
// else; where UTF-16 ends within a character. GROVE_IO where a file became shorter. What was whole
// before an error is handed out before it; the next call tells it, and every later one.
#ifndef GROVE_CONTENT_SOURCE_H
#define GROVE_CONTENT_SOURCE_H

#include "base/call.h"
#include "base/error.h"
#include "base/text.h"

enum { SOURCE_PIECE_BYTES = 64 << 10 };

struct z_stream_s;

struct source {
    const char *name;   // borrowed
    int descriptor;     // -1: what is read is in memory
    struct text memory; // borrowed
    int64_t bytes_max;  // read no more than these, and no fewer; 0: up to the end
    int64_t bytes_read; // of the input as it is
    bool ended;         // nothing is left to read
    unsigned char *in;  // [SOURCE_PIECE_BYTES], what was read
    size_t in_at, in_end;
    enum { SOURCE_NEW, SOURCE_PLAIN, SOURCE_GZIP } packing;
    struct z_stream_s *zlib; // NULL unless it is gzip
    unsigned char *unpacked; // [SOURCE_PIECE_BYTES]; the same
    bool in_member;
    bool holds_more; // a piece was full: what follows may come without new bytes
    enum { SOURCE_UNKNOWN, SOURCE_UTF8, SOURCE_UTF16_LE, SOURCE_UTF16_BE } encoding;
    char *converted;            // NULL unless it is UTF-16
    unsigned half;              // the byte of a character that is not whole yet
    bool has_half;              //
    unsigned high;              // the first of two surrogates, or 0
    struct grove_error failure; // code GROVE_OK: none so far
    // Called before each wait for bytes, of CALL_SLICE_MS at most; NULL: nobody is. An error of
    // it ends the wait, and is no failure of the source.
    enum grove_code (*on_wait)(void *state, struct grove_error *error);
    void *state; // its own
    bool given_up;
};

// Allocates nothing. The descriptor is the source's from here on.
void source_init(struct source *source, const char *name, int descriptor, int64_t bytes_max);
void source_init_memory(struct source *source, const char *name, struct text memory);
void source_release(struct source *source);

// The next piece; an empty one at the end. Waits for what is not there yet as long as the call may.
enum grove_code source_next(struct source *source, const struct call *call, struct text *ret_piece,
                            struct grove_error *error);

// The same as it is, still packed: for a copy of it. Not beside source_next.
enum grove_code source_next_raw(struct source *source, const struct call *call,
                                struct text *ret_piece, struct grove_error *error);

// Bytes of the input that the pieces so far were made of.
int64_t source_position(const struct source *source);

#endif
