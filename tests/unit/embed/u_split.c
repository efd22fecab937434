// SPDX-License-Identifier: Apache-2.0
//
// Splitting texts, with a vocabulary of single letters: a word has as many tokens as letters, and
// whatever the vocabulary lacks is one.
#include "../test.h"

#include "base/arena.h"
#include "base/strbuf.h"
#include "embed/split.h"
#include "embed/tokenizer.h"

enum { ARENA_BYTES_MAX = 64 << 20, SPECIALS = 2, HUGE_BYTES = 20 << 20 };

static struct tokenizer tokenizer;
static struct arena arena;
static char vocabulary[4096];

static int set_up(void **state)
{
    (void)state;
    struct grove_error error;
    size_t length = (size_t)snprintf(vocabulary, sizeof vocabulary,
                                     "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\n!\n#\n>\n-\n"
                                     "\u3002\n\u4e2d\n\u1112\n##\u1161\n##\u11ab\n");
    for (char c = 'a'; c <= 'z'; c++)
        length +=
            (size_t)snprintf(vocabulary + length, sizeof vocabulary - length, "%c\n##%c\n", c, c);
    arena_init(&arena, ARENA_BYTES_MAX);
    return (int)tokenizer_open(&tokenizer, text_of(vocabulary), "v", &error);
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    tokenizer_release(&tokenizer);
    return 0;
}

struct parts {
    struct split_chunk *chunks;
    size_t count;
    struct text text;
};

static size_t tokens_of(const struct split_chunk *chunk)
{
    char buffer[16384];
    int32_t ids[EMBED_TOKENS_MAX];
    assert_true(chunk->title.length + chunk->text.length + 1 < sizeof buffer);
    int length = snprintf(buffer, sizeof buffer, "%.*s\n%.*s", TEXT_ARGS(chunk->title),
                          TEXT_ARGS(chunk->text));
    struct text text = {buffer, (size_t)length};
    assert_false(tokenizer_cuts(&tokenizer, text)); // what nothing may be
    return tokenizer_encode(&tokenizer, text, ids);
}

static bool is_white(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!strchr(" \t\r\n", text.data[i]))
            return false;
    return true;
}

// What holds of all chunks of all texts.
static void check_parts(const struct parts *parts, unsigned tokens_max)
{
    size_t done = 0; // bytes of the text that chunks have so far
    for (size_t i = 0; i < parts->count; i++) {
        const struct split_chunk *chunk = &parts->chunks[i];
        size_t begins = (size_t)(chunk->text.data - parts->text.data);
        size_t ends = begins + chunk->text.length;
        assert_true(chunk->text.length > 0);
        assert_true(ends > done); // something new
        if (begins > done)
            assert_true(is_white((struct text){parts->text.data + done, begins - done}));
        assert_int_equal(text_utf8_error(chunk->text), chunk->text.length); // whole characters
        assert_int_equal(text_characters(chunk->text), chunk->characters);
        assert_true(chunk->tokens <= tokens_max);
        assert_true(tokens_of(chunk) <= chunk->tokens);
        done = ends;
    }
    assert_true(is_white((struct text){parts->text.data + done, parts->text.length - done}));
}

static struct parts split(struct text text, const struct split_options *options)
{
    struct grove_error error;
    struct parts parts = {.text = text};
    assert_ok(split_text(&tokenizer, text, options, &arena, &parts.chunks, &parts.count, &error),
              error);
    check_parts(&parts, parts.count == 1 ? EMBED_TOKENS_MAX : options->tokens_max);
    return parts;
}

static const struct split_options plain = {.tokens_max = 64, .overlap = 0};

static struct text repeat(const char *what, size_t times)
{
    struct strbuf text;
    strbuf_init(&text, HUGE_BYTES + 4096);
    for (size_t i = 0; i < times; i++)
        strbuf_add(&text, what);
    char *data = arena_copy(&arena, strbuf_text(&text));
    assert_non_null(data);
    struct text ret = {data, text.length};
    strbuf_release(&text);
    return ret;
}

static void nothing_is_no_chunk(void **state)
{
    (void)state;
    assert_int_equal(split(text_of(""), &plain).count, 0);
    assert_int_equal(split(text_of(" \r\n\t\n "), &plain).count, 0);
    assert_int_equal(split(repeat(" \n", 100000), &plain).count, 0);
}

// The model reads 254 tokens beside the two special ones.
static void a_text_that_is_read_whole_is_one(void **state)
{
    (void)state;
    struct split_options options = plain;
    struct text just = repeat("a ", EMBED_TOKENS_MAX - SPECIALS);
    struct parts parts = split(just, &options);
    assert_int_equal(parts.count, 1);
    assert_int_equal(parts.chunks[0].tokens, EMBED_TOKENS_MAX);
    assert_true(text_equal(parts.chunks[0].text, just));
    assert_true(split(repeat("a ", EMBED_TOKENS_MAX - SPECIALS + 1), &options).count > 1);
    options.title = text_of("a title"); // takes six of them
    assert_int_equal(split(repeat("a ", EMBED_TOKENS_MAX - SPECIALS - 6), &options).count, 1);
    assert_true(split(repeat("a ", EMBED_TOKENS_MAX - SPECIALS - 5), &options).count > 1);
    assert_int_equal(split(text_of("# A\n\nb\n\n# C\n\nd\n"), &options).count, 1);
}

static void chunks_are_full_to_the_limit(void **state)
{
    (void)state;
    struct parts parts = split(repeat("a ", 620), &plain);
    assert_int_equal(parts.count, 10);
    for (size_t i = 0; i < parts.count; i++) {
        assert_int_equal(parts.chunks[i].tokens, 64);
        assert_int_equal(parts.chunks[i].character, i * 62 * 2);
    }
    assert_int_equal(split(repeat("a ", 621), &plain).count, 11);
}

static bool begins_with(const struct split_chunk *chunk, const char *words)
{
    return text_starts_with(chunk->text, words);
}

// In the second half of the room: the best place, and the latest of equals.
static void cuts_are_where_they_are_best(void **state)
{
    (void)state;
    static const struct {
        const char *first; // 40 tokens before it, 40 after it
        const char *begins;
    } rows[] = {
        {"a aa. Bc d a a a. a a\n\nX", "X"}, // a paragraph, though a sentence comes later
        {"a aa. Bcd a a a a", "Bcd"},
        {"a aa! (Bcd a", "(Bcd"},
        {"a aa.\" Bcd a a", "Bcd"},
        {"a aa. bcd a\nlin a a a", "lin"},  // a small letter: no new sentence
        {"a a J. Bcd a\nlin a a a", "lin"}, // nor after an initial
        {"a \u4e2d\u3002 bcd a", "bcd"},
        {"a aa. Bcd \u4e2d\r\n\r\n\tQ", "Q"}, // CR LF ends lines, too
        {"a aa.\r\nBcd a a", "Bcd"},
        {"a aa.**\nBcd a a", "Bcd"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct text before = repeat("a ", 36), after = repeat(" a", 300);
        char *text = arena_printf(&arena, "%s%s%s", before.data, rows[i].first, after.data);
        assert_non_null(text);
        struct parts parts = split(text_of(text), &plain);
        assert_true(parts.count > 2);
        if (!begins_with(&parts.chunks[1], rows[i].begins))
            fail_msg("row %zu: \"%.*s\"", i, TEXT_ARGS(parts.chunks[1].text));
    }
}

// Not in the first half: chunks would be small, and many.
static void a_better_place_too_early_is_not_taken(void **state)
{
    (void)state;
    struct text after = repeat(" b", 300);
    char *text = arena_printf(&arena, "a a a.\n\nX%s", after.data);
    struct parts parts = split(text_of(text), &plain);
    assert_true(parts.chunks[0].tokens == 64);
}

static void an_overlap_is_sentences_or_words(void **state)
{
    (void)state;
    struct split_options options = {.tokens_max = 64, .overlap = 12};
    struct parts parts = split(repeat("Aa bb cc. ", 60), &options); // 7 tokens a sentence
    assert_true(parts.count > 5);
    for (size_t i = 1; i < parts.count; i++) {
        const struct text *before = &parts.chunks[i - 1].text;
        assert_true(begins_with(&parts.chunks[i], "Aa bb cc."));
        assert_int_equal(before->data + before->length - parts.chunks[i].text.data, 9);
    }
    parts = split(repeat("a ", 300), &options);
    for (size_t i = 1; i < parts.count; i++) {
        const struct text *before = &parts.chunks[i - 1].text;
        assert_int_equal(before->data + before->length - parts.chunks[i].text.data, 12 * 2 - 1);
    }
    options.overlap = 250; // a quarter of the room is the most
    parts = split(repeat("a ", 300), &options);
    for (size_t i = 1; i < parts.count; i++)
        assert_int_equal(parts.chunks[i - 1].characters + parts.chunks[i - 1].character -
                             parts.chunks[i].character,
                         15 * 2 - 1);
}

static const char *text_at(struct text text)
{
    return arena_copy(&arena, text);
}

static void headings_begin_chunks_and_lead_them(void **state)
{
    (void)state;
    struct split_options options = {.title = text_of("Kelp"), .tokens_max = 128, .overlap = 20};
    struct text words = repeat("a ", 60), many = repeat("b ", 200);
    char *text = arena_printf(&arena,
                              "# Kelp\n\n%s\n\n## Life\n\n%s\n\n### Early ##\n%s\n\n"
                              "```\n# no heading\n```\nUnder\n=====\n%s\n\nSecond\n---\n%s",
                              words.data, words.data, many.data, words.data, words.data);
    struct parts parts = split(text_of(text), &options);
    static const struct {
        const char *begins, *title, *heading;
    } rows[] = {
        {"# Kelp\n\na", "Kelp", "Kelp"},
        {"## Life\n\na", "Kelp > Life", "Kelp > Life"},
        {"### Early ##\nb", "Kelp > Life > Early", "Kelp > Life > Early"},
        {"b", "Kelp > Life > Early", "Kelp > Life > Early"},
        {"b", "Kelp > Life > Early", "Kelp > Life > Early"},
        {"Under\n=====\na", "Kelp > Under", "Under"},
        {"Second\n---\na", "Kelp > Under > Second", "Under > Second"},
    };
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_true(at < parts.count);
        const struct split_chunk *chunk = &parts.chunks[at++];
        assert_true(begins_with(chunk, rows[i].begins));
        assert_string_equal(text_at(chunk->title), rows[i].title);
        assert_string_equal(text_at(chunk->heading), rows[i].heading);
    }
    assert_int_equal(at, parts.count);
    // No overlap from one section into the next.
    assert_true(begins_with(&parts.chunks[1], "## Life"));
}

static void small_sections_share_a_chunk(void **state)
{
    (void)state;
    struct parts parts = split(repeat("# A\na a a\n\n", 100), &plain); // 5 tokens a section
    assert_true(parts.count <= 100 * 5 / (62 / 4) + 1);
    for (size_t i = 0; i < parts.count; i++)
        assert_true(begins_with(&parts.chunks[i], "# A"));
}

static void texts_of_headings_only(void **state)
{
    (void)state;
    struct parts parts = split(repeat("# Abc\n## De\n", 500), &plain);
    assert_true(parts.count > 10);
    assert_string_equal(text_at(parts.chunks[0].heading), "Abc");
    assert_int_equal(split(text_of("#\n##\n# \n"), &plain).count, 1);
}

// A heading that is longer than a title may be: the headings above it are left out, then all.
static void titles_leave_room(void **state)
{
    (void)state;
    struct split_options options = {.title = text_of("Kelp"), .tokens_max = 64, .overlap = 0};
    struct text many = repeat("b ", 300), name = repeat("n", 60), part = repeat("p ", 8);
    char *text = arena_printf(&arena, "# %s\n## Part\n%s", part.data, many.data);
    struct parts parts = split(text_of(text), &options);
    assert_string_equal(text_at(parts.chunks[0].title), "Kelp > p p p p p p p p > Part");
    text = arena_printf(&arena, "# %s%s\n## Part\n%s", part.data, part.data, many.data);
    parts = split(text_of(text), &options);
    assert_string_equal(text_at(parts.chunks[0].title), "Kelp > Part");
    text = arena_printf(&arena, "# %s\n%s", name.data, many.data);
    parts = split(text_of(text), &options);
    assert_string_equal(text_at(parts.chunks[parts.count - 1].title), "Kelp");
    options.title = repeat("t ", 30);
    parts = split(many, &options);
    assert_string_equal(text_at(parts.chunks[0].title),
                        "t t t t t t t t t t t t t t t t t t t t\u2026");
    options.title = repeat("\u4e2d", 300); // two limits: characters, too
    options.tokens_max = EMBED_TOKENS_MAX;
    parts = split(many, &options);
    assert_true(text_characters(parts.chunks[0].title) <= SPLIT_TITLE_CHARACTERS_MAX);
}

// Pieces of a first chunk under no heading come into one under a long one.
static void longer_headings_take_the_room_of_an_overlap(void **state)
{
    (void)state;
    struct split_options options = {.tokens_max = 64, .overlap = 60};
    struct text few = repeat("a ", 8), many = repeat("b ", 24);
    for (size_t words = 20; words < 60; words++) {
        struct text before = repeat("w ", words);
        char *text = arena_printf(&arena, "%s\n# %s\n%s.\n\n%s %s\n\n%s%s%s", few.data,
                                  "h h h h h h h h h h h h h h h h h h", few.data, before.data,
                                  many.data, many.data, many.data, before.data);
        (void)split(text_of(text), &options); // check_parts sees to the rest
    }
}

static void words_that_are_too_long(void **state)
{
    (void)state;
    static const char *const runs[] = {
        "x",                  // no spaces
        "\u4e2d",             // ideographs
        "\u0e01\u0e34\u0e48", // Thai, with a mark that stays with its letter
        "\ud55c",             // Hangul: three letters each
        "\u0bca",             // a vowel sign that is two letters
        "e\u0301\u0323",
        "\U0001f600",
        "http://a.b/",
    };
    for (size_t i = 0; i < ARRAY_COUNT(runs); i++) {
        struct parts parts = split(repeat(runs[i], 3000), &plain);
        assert_true(parts.count > 40);
        for (size_t k = 0; k + 1 < parts.count; k++)
            assert_true(parts.chunks[k].tokens > 64 / 2);
        if (i == 2 || i == 5) // no chunk begins with a mark
            for (size_t k = 0; k < parts.count; k++)
                assert_true(begins_with(&parts.chunks[k], i == 2 ? "\u0e01" : "e"));
    }
}

// More letters than characters, in words that are no unknown ones.
static void characters_of_several_letters(void **state)
{
    (void)state;
    struct text word = repeat("\ud55c", 30);
    char *spaced = arena_printf(&arena, "%s ", word.data);
    struct parts parts = split(repeat(spaced, 40), &plain); // check_parts counts
    assert_true(parts.count >= 40 * 90 / 62);
}

static void sentences_without_spaces(void **state)
{
    (void)state;
    struct parts parts =
        split(repeat("\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u3002", 300), &plain);
    assert_true(parts.count > 30);
    for (size_t i = 0; i < parts.count; i++) {
        struct text text = parts.chunks[i].text;
        assert_true(text.length > 3);
        assert_memory_equal(text.data + text.length - 3, "\u3002", 3);
    }
}

// Appended text leaves what was there before; a change within a section the sections after it.
static void changes_leave_other_chunks(void **state)
{
    (void)state;
    struct split_options options = {.title = text_of("T"), .tokens_max = 64, .overlap = 8};
    struct strbuf a, b;
    strbuf_init(&a, 1 << 20);
    strbuf_init(&b, 1 << 20);
    for (int i = 0; i < 20; i++) {
        for (struct strbuf *out = &a;; out = &b) {
            strbuf_addf(out, "# Part %c\n\n", 'a' + i);
            for (int k = 0; k < 12; k++)
                strbuf_addf(out, "Word %c is %c%s. ", 'a' + k, 'a' + i,
                            out == &b && i == 4 && k == 3 ? " inserted words here" : "");
            strbuf_add(out, "\n\n");
            if (out == &b)
                break;
        }
    }
    struct parts before = split(strbuf_text(&a), &options),
                 after = split(strbuf_text(&b), &options);
    size_t same = 0;
    for (size_t i = 0; i < before.count; i++)
        for (size_t k = 0; k < after.count; k++)
            if (text_equal(before.chunks[i].text, after.chunks[k].text) &&
                text_equal(before.chunks[i].title, after.chunks[k].title)) {
                same++;
                break;
            }
    assert_true(before.count >= 60);
    assert_true(same + 4 >= before.count);
    strbuf_release(&a);
    strbuf_release(&b);
}

static void huge_texts(void **state)
{
    (void)state;
    static const char *const units[] = {"x", "Aa bb. ", "\u4e2d", "\U0001f600", "\u0301"};
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        arena_clear(&arena);
        size_t bytes = i < 2 ? HUGE_BYTES : HUGE_BYTES / 4;
        struct text text = repeat(units[i], bytes / strlen(units[i]));
        size_t used = arena.used_bytes;
        struct grove_error error;
        struct split_chunk *chunks;
        size_t count;
        struct split_options options = {.title = text_of("T"), .tokens_max = EMBED_TOKENS_MAX};
        assert_ok(split_text(&tokenizer, text, &options, &arena, &chunks, &count, &error), error);
        assert_true(count > 1000);
        // Chunks, twice as they grow, and their titles.
        assert_true(arena.used_bytes - used < (count + 512) * 500);
    }
    arena_clear(&arena);
}

static bool split_with_faults(void *state)
{
    struct arena small;
    struct grove_error error;
    struct split_chunk *chunks;
    size_t count = 0;
    struct split_options options = {.title = text_of("T"), .tokens_max = 64};
    arena_init(&small, ARENA_BYTES_MAX);
    enum grove_code code =
        split_text(&tokenizer, *(struct text *)state, &options, &small, &chunks, &count, &error);
    assert_true(code == GROVE_OK || code == GROVE_NO_MEMORY);
    if (code == GROVE_OK)
        assert_true(count > 50);
    arena_release(&small);
    return code == GROVE_OK;
}

static void memory_runs_out(void **state)
{
    (void)state;
    struct text text = repeat("# A\n\nB c d e f g h i. J k l m n.\n\n", 200);
    test_every_fault(split_with_faults, &text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_no_chunk),
        cmocka_unit_test(a_text_that_is_read_whole_is_one),
        cmocka_unit_test(chunks_are_full_to_the_limit),
        cmocka_unit_test(cuts_are_where_they_are_best),
        cmocka_unit_test(a_better_place_too_early_is_not_taken),
        cmocka_unit_test(an_overlap_is_sentences_or_words),
        cmocka_unit_test(headings_begin_chunks_and_lead_them),
        cmocka_unit_test(small_sections_share_a_chunk),
        cmocka_unit_test(texts_of_headings_only),
        cmocka_unit_test(titles_leave_room),
        cmocka_unit_test(longer_headings_take_the_room_of_an_overlap),
        cmocka_unit_test(words_that_are_too_long),
        cmocka_unit_test(characters_of_several_letters),
        cmocka_unit_test(sentences_without_spaces),
        cmocka_unit_test(changes_leave_other_chunks),
        cmocka_unit_test(huge_texts),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
