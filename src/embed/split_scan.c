// SPDX-License-Identifier: Apache-2.0
//
// Where sentences end is told by the marks that end them, in the scripts that have such, by what
// may close after a mark, and, after a full stop, by the letter that comes next: the rules SB6 to
// SB11 of Unicode Standard Annex #29, without its tables. A library for them (ICU) brings 30 MB of
// data and memory of its own for what is only a preference: a sentence that is missed costs a cut
// at a word.
// Classes of characters are the tokenizer's own, so that cuts do not move with a library's version.
#include "embed/split_scan.h"

#include <utf8proc.h>

#include "base/check.h"
#include "embed/unicode.h"

enum {
    WORD_BYTES_MAX = 64, // of what is counted as one
    HEADING_BYTES_MAX = 300,
    MARKS_MAX = 8,      // that stay with their letter
    DECOMPOSED_MAX = 8, // letters that a character is to the tokenizer: of a syllable of Hangul 3
};

void split_scan_init(struct split_scan *scan, const struct tokenizer *tokenizer, struct text text)
{
    *scan = (struct split_scan){.tokenizer = tokenizer, .text = text};
}

// --- characters ----------------------------------------------------------------------------------

static size_t decode(struct text text, size_t at, int32_t *ret)
{
    utf8proc_int32_t code_point = 0;
    utf8proc_ssize_t length = utf8proc_iterate(
        (const utf8proc_uint8_t *)text.data + at,
        (utf8proc_ssize_t)(text.length - at < 4 ? text.length - at : 4), &code_point);
    CHECK(length > 0); // well-formed
    *ret = code_point;
    return (size_t)length;
}

static bool is_any_of(int32_t code_point, const int32_t *set, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (set[i] == code_point)
            return true;
    return false;
}

static bool ends_sentences(int32_t code_point)
{
    static const int32_t marks[] = {
        '.',    '!',    '?',    0x2026, 0x3002, 0xff01, 0xff1f, 0xff0e, 0xff61, 0x61f,  0x6d4,
        0x964,  0x965,  0x1362, 0x1367, 0x17d4, 0x17d5, 0x104b, 0x589,  0x203c, 0x203d, 0x2047,
        0x2048, 0x2049, 0x700,  0x701,  0x702,  0x55c,  0x55e,  0xa4ff, 0x1803, 0x1809,
    };
    return is_any_of(code_point, marks, ARRAY_COUNT(marks));
}

// What may stand between the end of a sentence and the white space, also of Markdown.
static bool closes(int32_t code_point)
{
    static const int32_t marks[] = {')',    ']',    '}',    '"',    '\'',   '*',
                                    '_',    0xbb,   0x2019, 0x201d, 0x203a, 0x300d,
                                    0x300f, 0xff09, 0x3011, 0x3009, 0x300b};
    return is_any_of(code_point, marks, ARRAY_COUNT(marks));
}

static bool is_lower(int32_t code_point)
{
    return utf8proc_category(code_point) == UTF8PROC_CATEGORY_LL;
}

static bool is_line_break(int32_t code_point)
{
    return code_point == '\n' || code_point == 0x85 || code_point == 0x2028;
}

// --- sentences -----------------------------------------------------------------------------------

static int32_t last_character(struct text *text)
{
    size_t at = text->length - 1;
    int32_t code_point;
    while (at > 0 && ((unsigned char)text->data[at] & 0xc0) == 0x80)
        at--;
    decode(*text, at, &code_point);
    text->length = at;
    return code_point;
}

// Notes whether a sentence ends with the piece. One letter and a full stop is an initial.
static void note_end(struct split_scan *scan, struct text piece)
{
    int32_t last = 0;
    bool closed = false;
    while (piece.length > 0 && closes(last = last_character(&piece)))
        closed = true;
    scan->sentence_ended =
        ends_sentences(last) || (closed && piece.length == 0 && scan->sentence_ended);
    scan->stopped = last == '.' && !closed;
    scan->wants_space = last < 0x80;
    if (scan->stopped && piece.length == 1 && !scan->in_run)
        scan->sentence_ended = false;
}

static bool begins_sentence(const struct split_scan *scan)
{
    int32_t first;
    if (!scan->sentence_ended)
        return false;
    decode(scan->text, scan->at, &first);
    return !closes(first) && !ends_sentences(first) && !(scan->stopped && is_lower(first));
}

// --- lines ---------------------------------------------------------------------------------------

static struct text line_at(struct text text, size_t at)
{
    const char *end = memchr(text.data + at, '\n', text.length - at);
    return (struct text){text.data + at, end ? (size_t)(end - text.data) - at : text.length - at};
}

// "## Name ##": its level, and the name; 0: none.
static size_t marked_heading(struct text line, struct text *ret_name)
{
    size_t level = 0;
    while (level < line.length && line.data[level] == '#')
        level++;
    if (level == 0 || level > SPLIT_LEVELS || level == line.length ||
        (line.data[level] != ' ' && line.data[level] != '\t'))
        return 0;
    struct text name = text_trim((struct text){line.data + level, line.length - level});
    while (name.length > 0 && name.data[name.length - 1] == '#')
        name.length--;
    *ret_name = text_trim(name);
    return level;
}

// A line that the next one underlines, with "===" (1) or "---" (2).
static size_t underlined_heading(struct text rest, struct text line, struct text *ret_under)
{
    if (line.length == rest.length)
        return 0;
    struct text under = line_at(rest, line.length + 1);
    *ret_under = under;
    under = text_trim(under);
    if (under.length < 3 || (under.data[0] != '=' && under.data[0] != '-'))
        return 0;
    for (size_t i = 1; i < under.length; i++)
        if (under.data[i] != under.data[0])
            return 0;
    return under.data[0] == '=' ? 1 : 2;
}

static void set_heading(struct split_path *path, size_t level, struct text name)
{
    path->levels[level - 1] = name;
    for (size_t i = level; i < SPLIT_LEVELS; i++)
        path->levels[i] = (struct text){0};
}

// The scan is at the first character of a line that is no white space.
static void begin_line(struct split_scan *scan, size_t indentation)
{
    struct text rest = {scan->text.data + scan->at, scan->text.length - scan->at};
    struct text line = line_at(rest, 0), name = {0}, under = {0};
    bool fences = text_starts_with(line, "```") || text_starts_with(line, "~~~");
    if (scan->at < scan->heading_end) // the line below
        return;
    if (fences && (scan->fence == 0 || scan->fence == line.data[0]))
        scan->fence = scan->fence == 0 ? line.data[0] : '\0';
    if (scan->fence != 0 || fences || indentation > 3 || line.length > HEADING_BYTES_MAX)
        return;
    size_t end = scan->at + line.length, level = marked_heading(line, &name);
    if (level == 0) {
        level = underlined_heading(rest, line, &under);
        name = text_trim(line);
        end += 1 + under.length;
    }
    // "---" below a list or a quotation is a line across the page.
    bool plain = line.data[0] != '-' && line.data[0] != '*' && line.data[0] != '>' &&
                 line.data[0] != '|' && line.data[0] != '=';
    if (level == 0 || name.length == 0 || (under.data && !plain))
        return;
    set_heading(&scan->path, level, name);
    scan->heading_end = end;
}

// --- pieces --------------------------------------------------------------------------------------

struct gap {
    size_t spaces;
    size_t lines;
    size_t indentation; // of the last line
};

static struct gap skip_space(struct split_scan *scan)
{
    struct gap gap = {0};
    while (scan->at < scan->text.length) {
        int32_t code_point;
        size_t length = decode(scan->text, scan->at, &code_point);
        if (!unicode_is_space(code_point) && code_point != 0x85)
            break;
        bool breaks = is_line_break(code_point);
        gap.spaces++;
        gap.lines += breaks ? 1 : code_point == 0x2029 ? 2 : 0;
        gap.indentation = breaks || code_point == 0x2029 ? 0 : gap.indentation + 1;
        scan->at += length;
        scan->character++;
    }
    return gap;
}

static enum split_place place_of(const struct split_scan *scan, const struct gap *gap, bool heading)
{
    if (heading) // one right below another stays with it
        return scan->after_heading ? SPLIT_LINE : SPLIT_HEADING;
    if (gap->spaces > 0 && (scan->after_heading || scan->at < scan->heading_end))
        return SPLIT_WORD; // a heading stays with what it is the heading of
    if (gap->lines > 1)
        return SPLIT_PARAGRAPH;
    if ((gap->spaces > 0 || !scan->wants_space) && begins_sentence(scan))
        return SPLIT_SENTENCE;
    return gap->lines > 0 ? SPLIT_LINE : gap->spaces > 0 ? SPLIT_WORD : SPLIT_CHARACTER;
}

// Up to the next white space; false: that is far.
static bool take_word(const struct split_scan *scan, struct split_piece *ret)
{
    size_t end = scan->at;
    ret->characters = 0;
    while (end < scan->text.length) {
        int32_t code_point;
        size_t length = decode(scan->text, end, &code_point);
        if (unicode_is_space(code_point) || code_point == 0x85)
            break;
        end += length;
        ret->characters++;
        if (end - scan->at > WORD_BYTES_MAX)
            return false;
    }
    int32_t ids[EMBED_TOKENS_MAX];
    ret->text = (struct text){scan->text.data + scan->at, end - scan->at};
    size_t tokens = tokenizer_encode(scan->tokenizer, ret->text, ids) - 2;
    ret->tokens = tokens > 0 ? (unsigned)tokens : 1;
    return tokens <= SPLIT_PIECE_TOKENS_MAX;
}

// A character is no more tokens than it has letters.
static unsigned count_letters(int32_t code_point)
{
    utf8proc_int32_t letters[DECOMPOSED_MAX];
    int boundary_class = 0;
    unsigned count = 0;
    utf8proc_ssize_t found = utf8proc_decompose_char(code_point, letters, DECOMPOSED_MAX,
                                                     UTF8PROC_DECOMPOSE, &boundary_class);
    for (utf8proc_ssize_t i = 0; i < found && i < DECOMPOSED_MAX; i++)
        count += !unicode_is_mark(letters[i]);
    return count > 0 ? count : 1;
}

// A character, and the marks that belong to it.
static void take_character(const struct split_scan *scan, struct split_piece *ret)
{
    int32_t code_point;
    size_t end = scan->at + decode(scan->text, scan->at, &code_point);
    ret->characters = 1;
    ret->tokens = code_point < 0x80 ? 1 : count_letters(code_point);
    while (end < scan->text.length && ret->characters <= MARKS_MAX) {
        size_t length = decode(scan->text, end, &code_point);
        if (!unicode_is_mark(code_point) && code_point != 0x200d)
            break;
        end += length;
        ret->characters++;
    }
    ret->text = (struct text){scan->text.data + scan->at, end - scan->at};
}

bool split_scan_next(struct split_scan *scan, struct split_piece *ret)
{
    bool first = scan->at == 0;
    struct gap gap = skip_space(scan);
    if (scan->at == scan->text.length)
        return false;
    size_t heading_end = scan->heading_end;
    if (first || gap.lines > 0)
        begin_line(scan, gap.indentation);
    scan->in_run = scan->in_run && gap.spaces == 0;
    ret->place = place_of(scan, &gap, scan->heading_end != heading_end);
    ret->in_heading = scan->at < scan->heading_end;
    ret->character = scan->character;
    ret->path = scan->path;
    if (scan->in_run || !take_word(scan, ret)) {
        scan->in_run = true;
        take_character(scan, ret);
    }
    note_end(scan, ret->text);
    scan->after_heading = ret->in_heading;
    scan->at += ret->text.length;
    scan->character += ret->characters;
    CHECK(ret->tokens >= 1 && ret->tokens <= SPLIT_PIECE_TOKENS_MAX);
    return true;
}
