// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary, the normaliser and the tokenizer, with a vocabulary of a few lines. The real one
// is tested in u_tokenizer_published.c.
#include "../test.h"

#include <utf8proc.h>

#include "base/attr.h"
#include "embed/normalize.h"
#include "embed/tokenizer.h"
#include "embed/unicode.h"

static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n" // 0..4
                                 "un\n##aff\n##able\n##a\n!\n"          // 5..9
                                 "a\n##x\n\u4e2d\n\u03c3\n##\u03c3\n"   // 10..14
                                 "i\n##i\n-\n##affable\n\u1112\n"       // 15..19
                                 "##\u1161\n##\u11ab\n\u00df\n";        // 20..22

static struct tokenizer open_tokenizer(void)
{
    struct tokenizer tokenizer;
    struct grove_error error;
    assert_int_equal(tokenizer_open(&tokenizer, text_of(vocabulary), "v", &error), GROVE_OK);
    return tokenizer;
}

static void test_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *ids; // between [CLS] and [SEP]
    } rows[] = {
        {"", ""},
        {" \t\r\n ", ""},
        {"un", "5"},
        {"UN", "5"},
        {"unaffable", "5 18"}, // the longest piece wins, although "##aff ##able" would do too
        {"unaffa", "5 6 8"},
        {"unaffb", "1"}, // no split to its end: [UNK] for all of it
        {"unaff!un", "5 6 9 5"},
        {"a--a", "10 17 17 10"},
        {"\u00e4 \u00c4 A\u0308", "10 10 10"}, // accents go, composed or not
        {"a\u4e2da\u4e2d", "10 12 10 12"},     // ideographs are words
        {"\u0130 I \u0131", "15 15 1"},        // dotted capital I; the dotless i stays itself
        {"\u03a3 \u03a3\u03a3", "13 13 14"},   // no final sigma
        {"\u03c2", "1"},
        {"\ud55c", "19 20 21"}, // Hangul is decomposed
        {"\u1e9e \u00df", "22 22"},
        {"u\u200bn\u00ad u\007n \ufeffun\ufffd", "5 5 5"}, // format and control characters go
        {"un\u00a0un\u3000un\u2028un", "5 5 5 5"},         // white space of all kinds
        {"un\013un", "1"},                                 // but a vertical tab is a control
        {"un\u0301aff\u0301able", "5 18"},                 // words go on between ASCII and the rest
        {"a\u0301\001\u0323x", "10 11"},
        {"un\u4e2dun\u3000!\u00a0un", "5 12 5 9 5"},
        {"[SEP]", "3"},
        {"un[MASK]un", "5 4 5"},
        {"[CLS] [SEP][PAD] [UNK]", "2 3 0 1"},
        {"[sep]", "1 1 1"}, // as written only: "[", "sep", "]"
        {"[[SEP]", "1 3"},
        {"[SEP", "1 1"},
        {"\U0001f600", "1"},
    };
    struct tokenizer tokenizer = open_tokenizer();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int32_t ids[EMBED_TOKENS_MAX];
        size_t count = tokenizer_encode(&tokenizer, text_of(rows[i].text), ids);
        char got[200] = "";
        size_t length = 0;
        for (size_t k = 1; k + 1 < count; k++)
            length += (size_t)snprintf(got + length, sizeof got - length, "%s%d", k > 1 ? " " : "",
                                       ids[k]);
        assert_int_equal(ids[0], 2);
        assert_int_equal(ids[count - 1], 3);
        assert_string_equal(got, rows[i].ids);
    }
    tokenizer_release(&tokenizer);
}

// Every byte below 0x80 by the table and by the normaliser, between letters.
static void test_plain_bytes(void **state)
{
    (void)state;
    struct tokenizer tokenizer = open_tokenizer(), slow = tokenizer;
    memset(slow.plain, 0, sizeof slow.plain);
    for (int c = 0; c < 0x80; c++) {
        char text[] = {'u', 'n', (char)c, 'u', 'n'};
        int32_t ids[EMBED_TOKENS_MAX], slow_ids[EMBED_TOKENS_MAX];
        size_t count = tokenizer_encode(&tokenizer, (struct text){text, sizeof text}, ids);
        assert_int_equal(tokenizer_encode(&slow, (struct text){text, sizeof text}, slow_ids),
                         count);
        assert_memory_equal(ids, slow_ids, count * sizeof ids[0]);
        struct normalizer normalizer;
        normalizer_init(&normalizer, (struct text){text + 2, 1});
        int32_t code_point;
        bool kept = normalizer_next(&normalizer, &code_point);
        assert_int_equal(tokenizer.plain[c] & ~TOKENIZER_PUNCTUATION, kept ? code_point : 0);
    }
    for (int c = 0x80; c <= 0xff; c++)
        assert_int_equal(tokenizer.plain[c], 0);
    tokenizer_release(&tokenizer);
}

static void test_no_allocation(void **state)
{
    (void)state;
    struct tokenizer tokenizer = open_tokenizer();
    struct test_faults faults = {.countdown = 1, .forever = true};
    int32_t ids[EMBED_TOKENS_MAX];
    mem_set_hook(test_faults_hook, &faults);
    size_t count = tokenizer_encode(
        &tokenizer, text_of("Unaffable [MASK] \u00c4\u0323x \u4e2d\ud55c \U0001f600!"), ids);
    mem_set_hook(NULL, NULL);
    assert_int_equal(count, 13);
    assert_int_equal(faults.failed, 0);
    tokenizer_release(&tokenizer);
}

static void test_nul(void **state)
{
    (void)state;
    struct tokenizer tokenizer = open_tokenizer();
    int32_t ids[EMBED_TOKENS_MAX];
    assert_int_equal(tokenizer_encode(&tokenizer, (struct text){"u\0n", 3}, ids), 3);
    assert_int_equal(ids[1], 5);
    assert_int_equal(tokenizer_encode(&tokenizer, (struct text){0}, ids), 2);
    tokenizer_release(&tokenizer);
}

// Words of 100 characters are split, longer ones are not; accents do not count.
static void test_long_words(void **state)
{
    (void)state;
    struct tokenizer tokenizer = open_tokenizer();
    char text[1000] = "a";
    int32_t ids[EMBED_TOKENS_MAX];
    memset(text + 1, 'x', 99);
    assert_int_equal(tokenizer_encode(&tokenizer, (struct text){text, 100}, ids), 102);
    memcpy(text + 100, "\u0301", 2);
    assert_int_equal(tokenizer_encode(&tokenizer, (struct text){text, 102}, ids), 102);
    text[102] = 'x';
    assert_int_equal(tokenizer_encode(&tokenizer, (struct text){text, 103}, ids), 3);
    assert_int_equal(ids[1], 1);
    memset(text, 'x', sizeof text);
    text[999] = '!';
    assert_int_equal(tokenizer_encode(&tokenizer, (struct text){text, 1000}, ids), 4);
    assert_int_equal(ids[2], 9);
    tokenizer_release(&tokenizer);
}

static void test_truncation(void **state)
{
    (void)state;
    struct tokenizer tokenizer = open_tokenizer();
    static char text[4000];
    int32_t ids[EMBED_TOKENS_MAX];
    memset(text, '!', sizeof text);
    for (size_t length = 253; length <= 256; length++) {
        size_t count = tokenizer_encode(&tokenizer, (struct text){text, length}, ids);
        assert_int_equal(count, length + 2 < 256 ? length + 2 : 256);
        assert_int_equal(ids[count - 1], 3);
        assert_int_equal(tokenizer_cuts(&tokenizer, (struct text){text, length}), length > 254);
    }
    memset(text + 254, ' ', sizeof text - 254); // of which nothing is lost
    assert_false(tokenizer_cuts(&tokenizer, (struct text){text, sizeof text}));
    // The cut may fall within a word.
    memset(text, ' ', sizeof text);
    for (size_t i = 0; i < 200; i++)
        memcpy(text + 10 * i, "unaffable", 9);
    assert_int_equal(tokenizer_encode(&tokenizer, (struct text){text, sizeof text}, ids), 256);
    memcpy(text, "un       ", 9);
    assert_int_equal(tokenizer_encode(&tokenizer, (struct text){text, sizeof text}, ids), 256);
    assert_int_equal(ids[254], 5);
    assert_int_equal(ids[255], 3);
    tokenizer_release(&tokenizer);
}

static void normalize(const char *text, size_t length, char *ret_text)
{
    struct normalizer normalizer;
    normalizer_init(&normalizer, (struct text){text, length});
    int32_t code_point;
    size_t at = 0;
    while (normalizer_next(&normalizer, &code_point))
        at += (size_t)utf8proc_encode_char(code_point, (utf8proc_uint8_t *)ret_text + at);
    ret_text[at] = '\0';
}

static void test_normalizer(void **state)
{
    (void)state;
    static const struct {
        const char *text, *normalized;
    } rows[] = {
        {"A\tB", "a b"},
        {"\u4e2d\uf900", " \u4e2d  \u8c48 "}, // a compatibility ideograph becomes the unified one
        {"\u2126\u212b", "\u03c9a"},          // ohm and angstrom signs
        {"\u037e\u1fef", ";`"},               // decompose to punctuation
        // U+302E (class 224) and U+0D4D stay, accents go; 1D165 (216) sorts before 302E.
        {"a\u302e\U0001d165\u0301", "a\U0001d165\u302e"},
        {"a\u302eb\U0001d165", "a\u302eb\U0001d165"},
        {"\u1734 \u166d", " \u166d"}, // a mark in Unicode 8, a letter in 14; kept punctuation
        {"\u08d3", "\u08d3"},         // a mark since Unicode 11 only
        {"\u0890", "\u0890"},         // a format character since Unicode 14 only
    };
    char got[200];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        normalize(rows[i].text, strlen(rows[i].text), got);
        assert_string_equal(got, rows[i].normalized);
    }
}

// A run of combining characters longer than the queue loses none.
static void test_long_run(void **state)
{
    (void)state;
    enum { RUN = 1000 };
    static char text[4 * RUN + 1], got[4 * RUN + 100];
    for (size_t i = 0; i < RUN; i++)
        memcpy(text + 3 * i, i % 2 ? "\u302e" : "\u302a", 3);
    normalize(text, 3 * RUN, got);
    size_t kept = 0;
    for (size_t i = 0; got[i] != '\0'; i++)
        kept += (unsigned char)got[i] == 0xae;
    assert_int_equal(kept, RUN / 2);
}

// The frozen tables, whole: how many code points each class has, and their sum by position.
static void test_classes(void **state)
{
    (void)state;
    static const struct {
        bool (*is)(int32_t code_point);
        size_t count;
    } rows[] = {
        {unicode_is_removed, 137681}, {unicode_is_space, 22},        {unicode_is_ideograph, 81264},
        {unicode_is_mark, 1567},      {unicode_is_punctuation, 726},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t count = 0;
        for (int32_t c = 0; c <= 0x10ffff; c++)
            count += (c < 0xd800 || c > 0xdfff) && rows[i].is(c);
        assert_int_equal(count, rows[i].count);
    }
    // What was a mark in Unicode 8 is one to utf8proc, but U+1734, which has changed since.
    for (int32_t c = 0; c <= 0x10ffff; c++) {
        utf8proc_category_t category = utf8proc_category(c);
        if (unicode_is_mark(c) && c != 0x1734)
            assert_int_equal(category, UTF8PROC_CATEGORY_MN);
        if (category == UTF8PROC_CATEGORY_CC && c != '\t' && c != '\n' && c != '\r')
            assert_true(unicode_is_removed(c));
    }
}

static void test_bad_vocabularies(void **state)
{
    (void)state;
    static const struct {
        const char *contents, *message;
    } rows[] = {
        {"", "\"v\" is empty"},
        {"[PAD]", "\"v\" ends within a line, at byte 5"},
        {"a\n\nb\n", "line 2 of \"v\" is empty"},
        {"a\nb\na\n", "line 3 of \"v\" repeats line 1: \"a\""},
        {"##a\nb\n##a\n", "line 3 of \"v\" repeats line 1: \"a\""},
        {"a\n\xff\n", "\"v\" is not well-formed UTF-8 at byte 2"},
        {"[PAD]\n[UNK]\n[CLS]\n[SEP]\n", "\"v\" has no line \"[MASK]\""},
        {"[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\n", "\"v\" has no line \"[PAD]\""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct tokenizer tokenizer;
        struct grove_error error;
        assert_int_equal(tokenizer_open(&tokenizer, text_of(rows[i].contents), "v", &error),
                         GROVE_CORRUPT);
        assert_string_equal(error.message, rows[i].message);
    }
    // "##" alone and "##" before nothing are words of their own.
    struct vocab vocab;
    struct grove_error error;
    assert_int_equal(vocab_open(&vocab, text_of("##\na\n##a\n"), "v", &error), GROVE_OK);
    assert_int_equal(vocab_find(&vocab, false, text_of("##")), 0);
    assert_int_equal(vocab_find(&vocab, false, text_of("a")), 1);
    assert_int_equal(vocab_find(&vocab, true, text_of("a")), 2);
    assert_int_equal(vocab_find(&vocab, true, text_of("b")), VOCAB_NONE);
    vocab_release(&vocab);
}

static void test_longest(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool continues;
        int32_t id; // VOCAB_NONE: and `length` stays
        size_t length;
    } rows[] = {
        {"abcd", false, 2, 3},         // longer than any token
        {"abc", false, 2, 3},          // whole
        {"abx", false, 0, 1},          // "ab" is no token
        {"abc", true, 4, 2},           // other tokens continue
        {"\u00e9\u00e9", false, 3, 2}, // not "\xc3"
        {"x", false, VOCAB_NONE, 0},   {"", false, VOCAB_NONE, 0},
    };
    struct vocab vocab;
    struct grove_error error;
    assert_ok(vocab_open(&vocab, text_of("a\nb\nabc\n\u00e9\n##ab\n"), "v", &error), error);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t length = 0;
        assert_int_equal(
            vocab_find_longest(&vocab, rows[i].continues, text_of(rows[i].text), &length),
            rows[i].id);
        assert_int_equal(length, rows[i].length);
    }
    vocab_release(&vocab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),        cmocka_unit_test(test_plain_bytes),
        cmocka_unit_test(test_no_allocation), cmocka_unit_test(test_nul),
        cmocka_unit_test(test_long_words),    cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_normalizer),    cmocka_unit_test(test_long_run),
        cmocka_unit_test(test_classes),       cmocka_unit_test(test_bad_vocabularies),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
