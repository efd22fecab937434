// SPDX-License-Identifier: Apache-2.0
// Inputs: what becomes of their bytes, and how it is told when they break off.
#include "../test.h"

#include <fcntl.h>
#include <zlib.h>

#include "content/kind.h"
#include "content/reader.h"

enum { BYTES_MAX = 1 << 20 };

struct bytes {
    unsigned char data[BYTES_MAX];
    size_t length;
};

static void add(struct bytes *bytes, const void *data, size_t length)
{
    assert_true(bytes->length + length <= BYTES_MAX);
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

static void add_text(struct bytes *bytes, const char *text)
{
    add(bytes, text, strlen(text));
}

// A member of gzip, less its last bytes.
static void add_member(struct bytes *bytes, const void *data, size_t length, size_t less)
{
    z_stream zlib = {0};
    assert_int_equal(deflateInit2(&zlib, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    zlib.next_in = (unsigned char *)(uintptr_t)data;
    zlib.avail_in = (unsigned)length;
    zlib.next_out = bytes->data + bytes->length;
    zlib.avail_out = (unsigned)(BYTES_MAX - bytes->length);
    assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
    assert_true(zlib.total_out > less);
    bytes->length += zlib.total_out - less;
    deflateEnd(&zlib);
}

static int open_bytes(const struct bytes *bytes)
{
    char path[] = "/tmp/grove-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, bytes->data, bytes->length), bytes->length);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

// All of its text; then the error, which stays.
static enum grove_code read_all(const struct bytes *bytes, int64_t bytes_max, struct bytes *ret,
                                struct grove_error *error)
{
    struct source source;
    struct text piece;
    enum grove_code code;
    source_init(&source, "x", open_bytes(bytes), bytes_max);
    ret->length = 0;
    while ((code = source_next(&source, NULL, &piece, error)) == GROVE_OK && piece.length > 0)
        add(ret, piece.data, piece.length);
    if (code == GROVE_OK)
        assert_int_equal(source_position(&source), bytes->length);
    struct grove_error again;
    assert_int_equal(source_next(&source, NULL, &piece, &again), code);
    assert_int_equal(piece.length, 0);
    source_release(&source);
    return code;
}

// What is in memory is read as a file is.
static void expect_same_of_memory(const struct bytes *bytes, const struct bytes *expected,
                                  enum grove_code expected_code)
{
    static struct bytes got;
    struct source source;
    struct grove_error error;
    struct text piece;
    enum grove_code code;
    source_init_memory(&source, "x", (struct text){(const char *)bytes->data, bytes->length});
    got.length = 0;
    while ((code = source_next(&source, NULL, &piece, &error)) == GROVE_OK && piece.length > 0)
        add(&got, piece.data, piece.length);
    assert_int_equal(code, expected_code);
    assert_int_equal(got.length, expected->length);
    assert_memory_equal(got.data, expected->data, got.length);
    source_release(&source);
}

static void expect(const struct bytes *bytes, const char *text, enum grove_code code,
                   const char *message)
{
    static struct bytes got;
    struct grove_error error = {0};
    enum grove_code answer = read_all(bytes, 0, &got, &error);
    expect_same_of_memory(bytes, &got, answer);
    if (answer != code || (message && !strstr(error.message, message)))
        fail_msg("%d: %s", answer, error.message);
    assert_int_equal(got.length, strlen(text));
    assert_memory_equal(got.data, text, got.length);
}

static struct bytes bytes, unpacked;

static void members_are_one_text(void **state)
{
    (void)state;
    bytes.length = 0;
    add_member(&bytes, "one\ntw", 6, 0);
    expect(&bytes, "one\ntw", GROVE_OK, NULL);
    add_member(&bytes, "", 0, 0);
    add_member(&bytes, "o\nthree\n", 8, 0);
    expect(&bytes, "one\ntwo\nthree\n", GROVE_OK, NULL);
    add(&bytes, "\0\0\0\0", 4); // padding
    expect(&bytes, "one\ntwo\nthree\n", GROVE_OK, NULL);
    add_text(&bytes, "x");
    expect(&bytes, "one\ntwo\nthree\n", GROVE_CORRUPT, "goes on after the end of its gzip data");
}

static void what_is_whole_comes_before_the_error(void **state)
{
    (void)state;
    bytes.length = 0;
    add_member(&bytes, "one\n", 4, 0);
    add_member(&bytes, "two\n", 4, 3);
    expect(&bytes, "one\ntwo\n", GROVE_CORRUPT, "ends within its gzip data");
    bytes.length = 0;
    add_member(&bytes, "one\n", 4, 0);
    bytes.data[bytes.length - 6] ^= 1; // of the checksum
    expect(&bytes, "one\n", GROVE_CORRUPT, "are damaged");
    bytes.length = 0;
    add(&bytes, "\x1f\x8b", 2);
    expect(&bytes, "", GROVE_CORRUPT, "ends within its gzip data");
    add_text(&bytes, "nothing of the kind");
    expect(&bytes, "", GROVE_CORRUPT, "are damaged");
}

// So much comes out of few bytes that none are left when the last of it does.
static void all_comes_out_of_what_packs_well(void **state)
{
    (void)state;
    static char zeros[700000];
    for (size_t length = 0; length <= sizeof zeros; length += 65536 / 2) {
        bytes.length = 0;
        add_member(&bytes, zeros, length, 0);
        struct grove_error error;
        assert_ok(read_all(&bytes, 0, &unpacked, &error), error);
        assert_int_equal(unpacked.length, length);
    }
}

// Of zeros a byte is worth hundreds, which may go into two pieces.
static void what_is_cut_is_unpacked_as_far_as_it_goes(void **state)
{
    (void)state;
    static unsigned char zeros[BYTES_MAX - 1000], whole[BYTES_MAX];
    struct bytes packed = {.length = 0};
    add_member(&packed, zeros, sizeof zeros, 0);
    for (size_t length = 20; length < packed.length; length++) {
        z_stream zlib = {.next_in = packed.data, .avail_in = (unsigned)length};
        assert_int_equal(inflateInit2(&zlib, 15 + 16), Z_OK);
        zlib.next_out = whole;
        zlib.avail_out = sizeof whole;
        (void)inflate(&zlib, Z_SYNC_FLUSH);
        struct grove_error error;
        bytes.length = 0;
        add(&bytes, packed.data, length);
        assert_int_equal(read_all(&bytes, 0, &unpacked, &error), GROVE_CORRUPT);
        assert_int_equal(unpacked.length, zlib.total_out);
        inflateEnd(&zlib);
    }
}

static void utf_16_becomes_utf_8(void **state)
{
    (void)state;
    static const char text[] = "{\"a\xc3\xa9\xe4\xb8\xad\xf0\x9f\x8c\xb3\"}\n";
    static const unsigned short units[] = {'{',    '"',    'a', 0xe9, 0x4e2d,
                                           0xd83c, 0xdf33, '"', '}',  '\n'};
    for (int big = 0; big <= 1; big++)
        for (int mark = 0; mark <= 1; mark++)
            for (size_t less = 0; less <= 1; less++) {
                bytes.length = 0;
                if (mark)
                    add(&bytes, big ? "\xfe\xff" : "\xff\xfe", 2);
                for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
                    char pair[] = {(char)(units[i] & 0xff), (char)(units[i] >> 8)};
                    char other[] = {pair[1], pair[0]};
                    add(&bytes, big ? other : pair, 2);
                }
                bytes.length -= less;
                char wanted[sizeof text];
                memcpy(wanted, text, sizeof text);
                wanted[sizeof text - 1 - less] = '\0';
                expect(&bytes, wanted, less ? GROVE_CORRUPT : GROVE_OK,
                       less ? "within a character" : NULL);
            }
    // The second half of a pair is not there: at the end, or in between.
    bytes.length = 0;
    add(&bytes, "\xff\xfe{\0\x3c\xd8", 6);
    expect(&bytes, "{", GROVE_CORRUPT, "within a character");
    add(&bytes, "}\0", 2);
    expect(&bytes, "{\xed\xa0\xbc}", GROVE_OK, NULL);
}

static void a_file_is_read_as_long_as_it_was(void **state)
{
    (void)state;
    struct grove_error error;
    bytes.length = 0;
    add_text(&bytes, "one\ntwo\n");
    struct source source;
    struct text piece;
    source_init(&source, "x", open_bytes(&bytes), 4);
    assert_ok(source_next(&source, NULL, &piece, &error), error);
    assert_true(text_equal(piece, text_of("one\n")));
    assert_ok(source_next(&source, NULL, &piece, &error), error);
    assert_int_equal(piece.length, 0);
    source_release(&source);
    assert_int_equal(read_all(&bytes, 9, &unpacked, &error), GROVE_IO);
    assert_int_equal(unpacked.length, 8);
    assert_non_null(strstr(error.message, "became shorter"));
    assert_non_null(strstr(error.message, "8 bytes, and it had 9"));
}

static void waiting_ends_with_the_call(void **state)
{
    (void)state;
    int ends[2];
    struct call call;
    struct source source;
    struct text piece;
    struct grove_error error;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    source_init(&source, "x", ends[0], 0);
    call_init(&call);
    call_within(&call, 20);
    assert_int_equal(source_next(&source, &call, &piece, &error), GROVE_TIMEOUT);
    // Nothing is lost by that.
    assert_int_equal(write(ends[1], "one\n", 4), 4);
    assert_ok(source_next(&source, NULL, &piece, &error), error);
    assert_true(text_equal(piece, text_of("one\n")));
    source_release(&source);
    close(ends[1]);
}

static bool unpack_under_faults(void *state)
{
    struct source source;
    struct text piece;
    struct grove_error error;
    enum grove_code code;
    size_t length = 0;
    source_init(&source, "x", open_bytes(state), 0);
    while ((code = source_next(&source, NULL, &piece, &error)) == GROVE_OK && piece.length > 0)
        length += piece.length;
    source_release(&source);
    assert_true(code == GROVE_OK || code == GROVE_NO_MEMORY);
    if (code == GROVE_OK)
        assert_int_equal(length, 5);
    return code == GROVE_OK;
}

static enum grove_code give_up(void *state, struct grove_error *error)
{
    ++*(int *)state;
    return error_set(error, GROVE_UNAVAILABLE, "PostgreSQL is gone");
}

// It has its own reason; the source may be waited for again.
static void whoever_waits_may_give_up(void **state)
{
    (void)state;
    struct source source;
    struct text piece;
    struct grove_error error;
    int ends[2], asked = 0;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], "{\"a\"", 4), 4);
    source_init(&source, "pipe", ends[0], 0);
    assert_ok(source_next(&source, NULL, &piece, &error), error);
    source.on_wait = give_up;
    source.state = &asked;
    assert_int_equal(source_next(&source, NULL, &piece, &error), GROVE_UNAVAILABLE);
    assert_int_equal(asked, 1);
    assert_int_equal(source.failure.code, GROVE_OK);
    assert_int_equal(write(ends[1], ": 1}\n", 5), 5);
    source.on_wait = NULL;
    assert_ok(source_next(&source, NULL, &piece, &error), error);
    assert_int_equal(piece.length, 5);
    close(ends[1]);
    source_release(&source);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    bytes.length = 0;
    add_member(&bytes, "\xff\xfe{\0\"\0a\0\"\0}\0", 12, 0);
    test_every_fault(unpack_under_faults, &bytes);
}

// --- lines ---------------------------------------------------------------------------------------

static void open_reader(struct reader *reader, const struct bytes *given, struct input *input)
{
    struct grove_error error;
    *input = (struct input){.name = "x", .path = "x", .descriptor = open_bytes(given)};
    assert_int_equal(fstat(input->descriptor, &input->status), 0);
    assert_ok(reader_open(reader, input, NULL, NULL, &error), error);
}

static void lines_end_where_they_should(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct {
            const char *text;
            bool whole;
        } lines[4];
    } rows[] = {
        {"", {{NULL, false}}},
        {"\n", {{"", true}}},
        {"{", {{"{", false}}},
        {"{}\n{}", {{"{}", true}, {"{}", false}}},
        {"\xef\xbb\xbf{}\r\n\r\n\xef\xbb\xbf{}\r\n", {{"{}", true}, {"", true}, {"{}", true}}},
        {"{}\r", {{"{}", false}}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct reader reader;
        struct reader_line line;
        struct input input;
        struct grove_error error;
        bytes.length = 0;
        add_text(&bytes, rows[i].text);
        open_reader(&reader, &bytes, &input);
        for (size_t n = 0; n < 4; n++) {
            assert_ok(reader_next(&reader, NULL, &line, &error), error);
            if (!rows[i].lines[n].text) {
                assert_int_equal(line.number, 0);
                break;
            }
            assert_int_equal(line.number, n + 1);
            assert_true(text_equal(line.text, text_of(rows[i].lines[n].text)));
            assert_int_equal(line.whole, rows[i].lines[n].whole);
        }
        assert_int_equal(reader_position(&reader), bytes.length);
        reader_close(&reader);
        close(input.descriptor);
    }
}

// Of a text in pieces, packed or not: the position is never ahead of the line.
static void the_position_is_that_of_the_line(void **state)
{
    (void)state;
    enum { LINES = 6000, LINE_BYTES = 60 };
    static char text[LINES * LINE_BYTES];
    for (size_t i = 0; i < LINES; i++) {
        char line[LINE_BYTES + 1];
        snprintf(line, sizeof line, "{\"n\": %052zu}", i * 7919);
        memcpy(text + i * LINE_BYTES, line, LINE_BYTES - 1);
        text[(i + 1) * LINE_BYTES - 1] = '\n';
    }
    for (int packed = 0; packed <= 1; packed++) {
        struct reader reader;
        struct reader_line line;
        struct input input;
        struct grove_error error;
        int64_t before = 0;
        size_t between = 0;
        bytes.length = 0;
        if (packed)
            add_member(&bytes, text, sizeof text, 0);
        else
            add(&bytes, text, sizeof text);
        open_reader(&reader, &bytes, &input);
        for (size_t i = 1; i <= LINES; i++) {
            assert_ok(reader_next(&reader, NULL, &line, &error), error);
            // Packed lines are not of one length: the position grows with each.
            int64_t position = reader_position(&reader);
            assert_true(packed ? position >= before && position <= (int64_t)bytes.length
                               : position == (int64_t)(i * LINE_BYTES));
            between += position > before;
            before = position;
        }
        if (between <= LINES / 2)
            fail_msg("%d: %zu of %zu", packed, between, bytes.length);
        assert_ok(reader_next(&reader, NULL, &line, &error), error);
        assert_int_equal(reader_position(&reader), bytes.length);
        reader_close(&reader);
        close(input.descriptor);
    }
}

// --- kinds ---------------------------------------------------------------------------------------

static void what_may_be_json_lines_is_no_other_kind(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "\n\n  \n",
        "{",
        "{\n",
        "{}",
        "{}\n",
        "{\"tree\": \"x\", \"title\": \"[1]\"}\n{\"tree\": \"x\"}\n",
        "  {\"tree\": \"x\"}",
        "\xef\xbb\xbf{\"tree\": \"x\"}",
        "{\n{\"tree\": \"x\"}\n", // the first line is bad
        "{\"tree\": \"x\n{\"tree\": \"x\"}\n",
        "{\"tree\": \"x\",\n{\"tree\": \"x\"}\n",
        "a,b,c\nd,e,f\n{\"tree\": \"x\"}\n",
        "%!\n{\"tree\": \"x\"}\n",
        "{\"tree\": \"x\"}\r\n{\"tree\": \"x\"}\r\n",
        "{\"tree\": NaN}\n",
        "{\"title\": {\"0\": \"x\"}}\n", // a bad line
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct kind *kind = kind_of(text_of(rows[i]));
        if (kind)
            fail_msg("%s: %s", rows[i], kind->what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_one_text),
        cmocka_unit_test(what_is_whole_comes_before_the_error),
        cmocka_unit_test(all_comes_out_of_what_packs_well),
        cmocka_unit_test(what_is_cut_is_unpacked_as_far_as_it_goes),
        cmocka_unit_test(utf_16_becomes_utf_8),
        cmocka_unit_test(a_file_is_read_as_long_as_it_was),
        cmocka_unit_test(waiting_ends_with_the_call),
        cmocka_unit_test(whoever_waits_may_give_up),
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(lines_end_where_they_should),
        cmocka_unit_test(the_position_is_that_of_the_line),
        cmocka_unit_test(what_may_be_json_lines_is_no_other_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
