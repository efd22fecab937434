// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

#include "base/check.h"

enum { WIDTH_DEFAULT = 80, WIDTH_MIN = 20, WIDTH_MAX = 500 };

static bool environment_has(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] != '\0';
}

void terminal_init(struct terminal *terminal, FILE *file)
{
    const char *kind = getenv("TERM");
    bool is_terminal = isatty(fileno(file)) == 1;
    *terminal = (struct terminal){
        .file = file,
        .is_terminal = is_terminal,
        .colour = is_terminal && !environment_has("NO_COLOR") && kind && strcmp(kind, "dumb") != 0,
    };
    terminal->width = terminal_measure(terminal);
}

unsigned terminal_measure(const struct terminal *terminal)
{
    struct winsize size;
    int64_t width = 0;
    if (!terminal->is_terminal)
        return TERMINAL_PIPE_WIDTH;
    if (ioctl(fileno(terminal->file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
    else if (!text_to_int64(text_of(getenv("COLUMNS")), &width) || width <= 0)
        width = WIDTH_DEFAULT;
    if (width < WIDTH_MIN)
        return WIDTH_MIN;
    return width > WIDTH_MAX ? WIDTH_MAX : (unsigned)width;
}

const char *terminal_style(const struct terminal *terminal, enum style style)
{
    if (!terminal->colour)
        return "";
    switch (style) {
    case STYLE_PLAIN: return "\033[0m";
    case STYLE_BOLD: return "\033[1m";
    case STYLE_DIM: return "\033[2m";
    case STYLE_RED: return "\033[31m";
    case STYLE_GREEN: return "\033[32m";
    case STYLE_YELLOW: return "\033[33m";
    case STYLE_CYAN: return "\033[36m";
    }
    return "";
}

// --- characters ----------------------------------------------------------------------------------

// Takes the first character off; -1 and one byte where it is not UTF-8.
static utf8proc_int32_t take_character(struct text *rest, size_t *ret_bytes)
{
    utf8proc_int32_t character;
    CHECK(rest->length > 0);
    utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)rest->data,
                                              (utf8proc_ssize_t)rest->length, &character);
    *ret_bytes = bytes > 0 ? (size_t)bytes : 1;
    *rest = (struct text){rest->data + *ret_bytes, rest->length - *ret_bytes};
    return bytes > 0 ? character : -1;
}

static bool changes_direction(utf8proc_int32_t c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static bool is_hazard(utf8proc_int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return true;
    default: return changes_direction(c);
    }
}

static void add_escape(struct strbuf *out, utf8proc_int32_t c)
{
    switch (c) {
    case '\n': strbuf_add(out, "\\n"); return;
    case '\r': strbuf_add(out, "\\r"); return;
    case '\t': strbuf_add(out, "\\t"); return;
    default: strbuf_addf(out, c < 0x100 ? "\\x%02x" : "\\u{%x}", (unsigned)c);
    }
}

void display_add_safe(struct strbuf *out, struct text text)
{
    while (text.length > 0) {
        const char *start = text.data;
        size_t bytes;
        utf8proc_int32_t c = take_character(&text, &bytes);
        if (c < 0)
            strbuf_addf(out, "\\x%02x", (unsigned char)*start);
        else if (is_hazard(c))
            add_escape(out, c);
        else
            strbuf_add_bytes(out, start, bytes);
    }
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void display_add_prose(struct strbuf *out, struct text text)
{
    text = text_trim(text);
    while (text.length > 0) {
        size_t word = 0, space;
        while (word < text.length && !is_space(text.data[word]))
            word++;
        display_add_safe(out, (struct text){text.data, word});
        for (space = word; space < text.length && is_space(text.data[space]); space++)
            continue;
        if (space > word)
            strbuf_add_char(out, ' ');
        text = (struct text){text.data + space, text.length - space};
    }
}

// Outside of strings JSON is plain ASCII, so whatever is rewritten here is inside of one.
void display_add_json(struct strbuf *out, struct text json)
{
    size_t start = 0;
    for (size_t i = 0; i < json.length; i++) {
        unsigned char lead = (unsigned char)json.data[i];
        if (lead != 0x7F && lead != 0xC2 && lead != 0xE2)
            continue;
        struct text rest = {json.data + i, json.length - i};
        size_t bytes;
        utf8proc_int32_t c = take_character(&rest, &bytes);
        if (c < 0 || !is_hazard(c))
            continue;
        strbuf_add_bytes(out, json.data + start, i - start);
        strbuf_addf(out, "\\u%04x", (unsigned)c);
        start = i + bytes;
        i = start - 1;
    }
    strbuf_add_bytes(out, json.data + start, json.length - start);
}

// --- width ---------------------------------------------------------------------------------------

struct text display_fit(struct text text, unsigned width)
{
    struct text rest = text;
    unsigned used = 0;
    while (rest.length > 0) {
        struct text before = rest;
        size_t bytes;
        utf8proc_int32_t c = take_character(&rest, &bytes);
        used += c < 0 ? 1 : (unsigned)utf8proc_charwidth(c);
        if (used > width)
            return (struct text){text.data, (size_t)(before.data - text.data)};
    }
    return text;
}

unsigned display_width(struct text text)
{
    unsigned width = 0;
    while (text.length > 0) {
        size_t bytes;
        utf8proc_int32_t c = take_character(&text, &bytes);
        width += c < 0 ? 1 : (unsigned)utf8proc_charwidth(c);
    }
    return width;
}

void display_add_cut(struct strbuf *out, struct text text, unsigned width)
{
    if (display_fit(text, width).length == text.length) {
        strbuf_add_text(out, text);
        return;
    }
    struct text kept = display_fit(text, width ? width - 1 : 0);
    while (kept.length > 0 && kept.data[kept.length - 1] == ' ')
        kept.length--;
    strbuf_add_text(out, kept);
    if (width)
        strbuf_add(out, "…");
}

struct text display_wrap(struct text *rest, unsigned width)
{
    struct text text = text_trim(*rest);
    struct text line = display_fit(text, width);
    if (line.length < text.length && text.data[line.length] != ' ') {
        size_t space = line.length;
        while (space > 0 && line.data[space - 1] != ' ')
            space--;
        if (space > 0)
            line.length = space;
    }
    // One character wider than a line must not stop the caller's loop from ending.
    if (line.length == 0 && text.length > 0) {
        struct text after = text;
        take_character(&after, &line.length);
    }
    *rest = text_trim((struct text){text.data + line.length, text.length - line.length});
    return text_trim(line);
}

void display_add_spaces(struct strbuf *out, unsigned count)
{
    strbuf_addf(out, "%*s", (int)count, "");
}

void display_add_flowing(struct strbuf *out, const struct terminal *terminal, struct text text,
                         unsigned column, unsigned indent)
{
    unsigned indent_max = terminal->width / 4;
    bool first = true;
    struct text word;
    if (!terminal->is_terminal) {
        strbuf_add_text(out, text);
        text = (struct text){0};
    }
    while (text_split(&text, ' ', &word)) {
        unsigned width = display_width(word);
        if (!first && column + 1 + width > terminal->width) {
            column = indent < indent_max ? indent : indent_max;
            strbuf_add_char(out, '\n');
            display_add_spaces(out, column);
        } else if (!first) {
            strbuf_add_char(out, ' ');
            column++;
        }
        strbuf_add_text(out, word);
        column += width;
        first = false;
    }
    strbuf_add_char(out, '\n');
}

void display_add_paragraphs(struct strbuf *out, const char *text, unsigned indent, unsigned width)
{
    unsigned room = width > indent + 20 ? width - indent : 20;
    while (*text) {
        const char *end = strstr(text, "\n\n");
        struct text rest = {text, end ? (size_t)(end - text) : strlen(text)};
        while (rest.length > 0) {
            struct text line = display_wrap(&rest, room);
            display_add_spaces(out, indent);
            strbuf_add_text(out, line);
            strbuf_add_char(out, '\n');
        }
        if (!end)
            return;
        strbuf_add_char(out, '\n');
        text = end + 2;
    }
}
