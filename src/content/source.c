// SPDX-License-Identifier: Apache-2.0
//
// Three steps: bytes are read into `in`, unpacked into `unpacked`, converted into `converted`. A
// step that has nothing to do hands its bytes on where they lie.
#include "content/source.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/file.h"

enum {
    HEAD_BYTES = 4,                         // tell how an input is packed, or encoded
    GZIP_WINDOW_BITS = 15 + 16,             // the largest window, and gzip's header
    UNITS_MAX = SOURCE_PIECE_BYTES / 2 + 2, // of UTF-16 in a piece
    CONVERTED_BYTES = UNITS_MAX * 3 + 4,    // each takes 3 bytes at most
};

void source_init(struct source *source, const char *name, int descriptor, int64_t bytes_max)
{
    *source = (struct source){.name = name, .descriptor = descriptor, .bytes_max = bytes_max};
}

void source_init_memory(struct source *source, const char *name, struct text memory)
{
    *source = (struct source){.name = name, .descriptor = -1, .memory = memory};
}

void source_release(struct source *source)
{
    if (source->zlib)
        inflateEnd(source->zlib);
    mem_free(source->zlib);
    mem_free(source->in);
    mem_free(source->unpacked);
    mem_free(source->converted);
    file_close_descriptor(&source->descriptor);
    *source = (struct source){.descriptor = -1};
}

static enum grove_code corrupt(const struct source *source, const char *why,
                               struct grove_error *error)
{
    return error_set(error, GROVE_CORRUPT, "\"%s\" %s", source->name, why);
}

// --- reading -------------------------------------------------------------------------------------

// A pipe may keep us waiting for ever, and a read of it goes on after a signal.
static enum grove_code wait_for_bytes(struct source *source, const struct call *call,
                                      struct grove_error *error)
{
    for (;;) {
        enum grove_code code = call_check(call, error);
        if (code == GROVE_OK && source->on_wait) {
            code = source->on_wait(source->state, error);
            source->given_up = code != GROVE_OK;
        }
        if (code != GROVE_OK)
            return code;
        struct pollfd wanted = {.fd = source->descriptor, .events = POLLIN};
        int ready = poll(&wanted, 1, (int)call_slice_ms(call));
        if (ready > 0 || (ready < 0 && errno != EINTR && errno != EAGAIN))
            return GROVE_OK; // the read says what is wrong
    }
}

static enum grove_code end_reading(struct source *source, struct grove_error *error)
{
    source->ended = true;
    if (source->bytes_read >= source->bytes_max)
        return GROVE_OK;
    return error_set(error, GROVE_IO,
                     "\"%s\" became shorter while it was read: %lld bytes, and it had %lld",
                     source->name, (long long)source->bytes_read, (long long)source->bytes_max);
}

static void copy_more(struct source *source, size_t room)
{
    size_t left = source->memory.length - (size_t)source->bytes_read;
    size_t copied = left < room ? left : room;
    if (copied > 0)
        memcpy(source->in + source->in_end, source->memory.data + source->bytes_read, copied);
    source->in_end += copied;
    source->bytes_read += (int64_t)copied;
    source->ended = copied == 0;
}

// Adds to what is left in `in`, which then has at least one byte more unless the input ended.
static enum grove_code read_more(struct source *source, const struct call *call,
                                 struct grove_error *error)
{
    CHECK(source->in_end < SOURCE_PIECE_BYTES);
    size_t room = SOURCE_PIECE_BYTES - source->in_end;
    if (source->bytes_max > 0 && (int64_t)room > source->bytes_max - source->bytes_read)
        room = (size_t)(source->bytes_max - source->bytes_read);
    if (room == 0)
        return end_reading(source, error);
    if (source->descriptor < 0) {
        copy_more(source, room);
        return GROVE_OK;
    }
    for (;;) {
        enum grove_code code = wait_for_bytes(source, call, error);
        if (code != GROVE_OK)
            return code;
        ssize_t got = read(source->descriptor, source->in + source->in_end, room);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return error_set_errno(error, errno, "could not read \"%s\"", source->name);
        if (got == 0)
            return end_reading(source, error);
        source->in_end += (size_t)got;
        source->bytes_read += got;
        return GROVE_OK;
    }
}

// --- unpacking -----------------------------------------------------------------------------------

static void *allocate(void *state, unsigned count, unsigned size_bytes)
{
    (void)state;
    return mem_alloc((size_t)count * size_bytes);
}

static void release(void *state, void *memory)
{
    (void)state;
    mem_free(memory);
}

static enum grove_code begin_gzip(struct source *source, struct grove_error *error)
{
    source->unpacked = mem_alloc(SOURCE_PIECE_BYTES);
    source->zlib = mem_zalloc(sizeof *source->zlib);
    if (!source->unpacked || !source->zlib)
        return error_no_memory(error, "reading a file");
    source->zlib->zalloc = allocate;
    source->zlib->zfree = release;
    if (inflateInit2(source->zlib, GZIP_WINDOW_BITS) != Z_OK) {
        mem_free(source->zlib);
        source->zlib = NULL;
        return error_no_memory(error, "reading a file");
    }
    source->packing = SOURCE_GZIP;
    source->in_member = true;
    return GROVE_OK;
}

static enum grove_code begin_reading(struct source *source, const struct call *call,
                                     struct grove_error *error)
{
    source->in = source->in ? source->in : mem_alloc(SOURCE_PIECE_BYTES);
    if (!source->in)
        return error_no_memory(error, "reading a file");
    while (source->in_end < HEAD_BYTES && !source->ended) {
        enum grove_code code = read_more(source, call, error);
        if (code != GROVE_OK)
            return code;
    }
    if (source->in_end >= 2 && source->in[0] == 0x1f && source->in[1] == 0x8b)
        return begin_gzip(source, error);
    source->packing = SOURCE_PLAIN;
    return GROVE_OK;
}

// There are bytes after a member: another one, or padding, which is skipped.
static enum grove_code begin_member(struct source *source, struct grove_error *error)
{
    while (source->in_at < source->in_end && source->in[source->in_at] == 0)
        source->in_at++;
    if (source->in_at == source->in_end)
        return GROVE_OK;
    if (source->in[source->in_at] != 0x1f || inflateReset(source->zlib) != Z_OK)
        return corrupt(source, "goes on after the end of its gzip data", error);
    source->in_member = true;
    return GROVE_OK;
}

// Unpacks some of `in`. What came out before the data turned bad is good.
static enum grove_code inflate_some(struct source *source, struct text *ret,
                                    struct grove_error *error)
{
    z_stream *zlib = source->zlib;
    CHECK(zlib);
    zlib->next_in = source->in + source->in_at;
    zlib->avail_in = (unsigned)(source->in_end - source->in_at);
    zlib->next_out = source->unpacked;
    zlib->avail_out = SOURCE_PIECE_BYTES;
    int answer = inflate(zlib, Z_NO_FLUSH);
    source->in_at = source->in_end - zlib->avail_in;
    source->holds_more = zlib->avail_out == 0;
    *ret = (struct text){(const char *)source->unpacked, SOURCE_PIECE_BYTES - zlib->avail_out};
    if (answer == Z_STREAM_END)
        source->in_member = false;
    if (answer == Z_OK || answer == Z_STREAM_END || answer == Z_BUF_ERROR)
        return GROVE_OK;
    if (answer == Z_MEM_ERROR)
        return error_no_memory(error, "reading a file");
    error_set(error, GROVE_CORRUPT, "the gzip data of \"%s\" are damaged: %s", source->name,
              zlib->msg ? zlib->msg : "not as they should be");
    return GROVE_CORRUPT;
}

static enum grove_code unpack(struct source *source, const struct call *call, struct text *ret,
                              struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    while (code == GROVE_OK && ret->length == 0) {
        bool holds_more = source->in_member && source->holds_more;
        bool empty = source->in_at == source->in_end && !holds_more;
        if (empty && source->ended) {
            code =
                source->in_member ? corrupt(source, "ends within its gzip data", error) : GROVE_OK;
            break;
        }
        if (empty) {
            source->in_at = source->in_end = 0;
            code = read_more(source, call, error);
        } else if (!source->in_member) {
            code = begin_member(source, error);
        } else {
            code = inflate_some(source, ret, error);
        }
    }
    return code;
}

static enum grove_code next_bytes(struct source *source, const struct call *call, struct text *ret,
                                  struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (source->packing == SOURCE_NEW)
        code = begin_reading(source, call, error);
    if (code == GROVE_OK && source->packing == SOURCE_GZIP)
        return unpack(source, call, ret, error);
    if (code == GROVE_OK && source->in_at == source->in_end && !source->ended) {
        source->in_at = source->in_end = 0;
        code = read_more(source, call, error);
    }
    *ret = (struct text){(const char *)source->in + source->in_at, source->in_end - source->in_at};
    source->in_at = source->in_end;
    return code;
}

// --- converting ----------------------------------------------------------------------------------

static void choose_encoding(struct source *source, struct text *piece)
{
    const unsigned char *b = (const unsigned char *)piece->data;
    size_t mark = 0;
    source->encoding = SOURCE_UTF8;
    if (piece->length < 2)
        return;
    CHECK(b);
    bool wide = piece->length >= 4 && b[2] == 0 && b[3] == 0; // UTF-32, which is not read
    if (b[0] == 0xff && b[1] == 0xfe && !wide) {
        source->encoding = SOURCE_UTF16_LE;
        mark = 2;
    } else if (b[0] == 0xfe && b[1] == 0xff) {
        source->encoding = SOURCE_UTF16_BE;
        mark = 2;
    } else if (b[0] == '{' && b[1] == 0 && !wide) {
        source->encoding = SOURCE_UTF16_LE;
    } else if (b[0] == 0 && b[1] == '{') {
        source->encoding = SOURCE_UTF16_BE;
    }
    *piece = (struct text){piece->data + mark, piece->length - mark};
}

static size_t put(char *to, unsigned code_point)
{
    if (code_point < 0x80) {
        to[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        to[0] = (char)(0xc0 | code_point >> 6);
        to[1] = (char)(0x80 | (code_point & 0x3f));
        return 2;
    }
    if (code_point < 0x10000) {
        to[0] = (char)(0xe0 | code_point >> 12);
        to[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code_point & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | code_point >> 18);
    to[1] = (char)(0x80 | (code_point >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code_point >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code_point & 0x3f));
    return 4;
}

// A surrogate without its other half becomes three bytes that are not UTF-8, so that the line it
// stands in is refused like any other that is not.
static size_t put_unit(struct source *source, char *to, unsigned unit)
{
    unsigned high = source->high;
    source->high = 0;
    if (high && unit >= 0xdc00 && unit < 0xe000)
        return put(to, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
    size_t length = high ? put(to, high) : 0;
    if (unit >= 0xd800 && unit < 0xdc00) {
        source->high = unit;
        return length;
    }
    return length + put(to + length, unit);
}

static enum grove_code convert(struct source *source, struct text piece, struct text *ret,
                               struct grove_error *error)
{
    if (!source->converted)
        source->converted = mem_alloc(CONVERTED_BYTES);
    if (!source->converted)
        return error_no_memory(error, "reading a file");
    if (piece.length == 0 && (source->has_half || source->high))
        return corrupt(source, "ends within a character of UTF-16", error);
    size_t length = 0;
    for (size_t i = 0; i < piece.length; i++) {
        unsigned byte = (unsigned char)piece.data[i];
        if (!source->has_half) {
            source->half = byte;
            source->has_half = true;
            continue;
        }
        bool little = source->encoding == SOURCE_UTF16_LE;
        unsigned unit = little ? byte << 8 | source->half : source->half << 8 | byte;
        source->has_half = false;
        length += put_unit(source, source->converted + length, unit);
        CHECK(length <= CONVERTED_BYTES);
    }
    *ret = (struct text){source->converted, length};
    return GROVE_OK;
}

static enum grove_code next_text(struct source *source, const struct call *call, struct text *ret,
                                 struct grove_error *error)
{
    for (;;) {
        struct text piece = {0};
        enum grove_code code = next_bytes(source, call, &piece, error);
        bool at_end = piece.length == 0;
        if (source->encoding == SOURCE_UNKNOWN && piece.length > 0)
            choose_encoding(source, &piece);
        bool wide = source->encoding == SOURCE_UTF16_LE || source->encoding == SOURCE_UTF16_BE;
        *ret = piece;
        struct grove_error converting;
        if (wide && (piece.length > 0 || code == GROVE_OK)) {
            enum grove_code converted = convert(source, piece, ret, &converting);
            if (code == GROVE_OK && converted != GROVE_OK) {
                *error = converting;
                code = converted;
            }
        }
        // A mark alone, or half a character, is no text yet.
        if (code != GROVE_OK || ret->length > 0 || at_end)
            return code;
    }
}

static bool is_final(enum grove_code code)
{
    return code != GROVE_CANCELLED && code != GROVE_TIMEOUT && code != GROVE_NO_MEMORY;
}

enum grove_code source_next(struct source *source, const struct call *call, struct text *ret_piece,
                            struct grove_error *error)
{
    *ret_piece = (struct text){0};
    if (source->failure.code != GROVE_OK) {
        *error = source->failure;
        return error->code;
    }
    enum grove_code code = next_text(source, call, ret_piece, error);
    if (code == GROVE_OK || source->given_up || !is_final(code))
        return code;
    source->failure = *error;
    return ret_piece->length > 0 ? GROVE_OK : code;
}

enum grove_code source_next_raw(struct source *source, const struct call *call,
                                struct text *ret_piece, struct grove_error *error)
{
    *ret_piece = (struct text){0};
    source->in = source->in ? source->in : mem_alloc(SOURCE_PIECE_BYTES);
    if (!source->in)
        return error_no_memory(error, "reading a file");
    source->in_end = 0;
    enum grove_code code = source->ended ? GROVE_OK : read_more(source, call, error);
    *ret_piece = (struct text){(const char *)source->in, source->in_end};
    return code;
}

int64_t source_position(const struct source *source)
{
    return source->bytes_read - (int64_t)(source->in_end - source->in_at);
}
