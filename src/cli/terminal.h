// SPDX-License-Identifier: Apache-2.0
//
// What is at the other end of an output, and text as it looks there.
//
//     struct terminal terminal;
//     terminal_init(&terminal, stdout);
//     strbuf_add(&out, terminal_style(&terminal, STYLE_BOLD));   // "" where there are no colours
//     display_add_safe(&out, text_of(row->title));
//     strbuf_add(&out, terminal_style(&terminal, STYLE_PLAIN));
//
// Text from a database or a file goes through display_add_safe before it is printed: it may hold
// control characters that would move the cursor, change colours or fake other output.
// Widths are columns of a terminal: 2 for wide characters, 0 for combining ones.
// Threads: any; nothing is kept.
#ifndef GROVE_CLI_TERMINAL_H
#define GROVE_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "base/text.h"

enum { TERMINAL_PIPE_WIDTH = 120 }; // where the output is no terminal

struct terminal {
    FILE *file;
    bool is_terminal;
    bool colour; // a terminal, and neither NO_COLOR nor TERM=dumb
    unsigned width;
};

enum style {
    STYLE_PLAIN = 0, // ends the others
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_RED,
    STYLE_GREEN,
    STYLE_YELLOW,
    STYLE_CYAN,
};

void terminal_init(struct terminal *terminal, FILE *file);
// The width now: windows change their size.
unsigned terminal_measure(const struct terminal *terminal);
const char *terminal_style(const struct terminal *terminal, enum style style);

// Appends text with control characters, changes of writing direction and bytes that are not UTF-8
// written as \n, \x1b, \u{202e}.
void display_add_safe(struct strbuf *out, struct text text);
// The same, but runs of white space become one space each: for running text.
void display_add_prose(struct strbuf *out, struct text text);
// JSON in which no raw control character is left; the value stays the same.
void display_add_json(struct strbuf *out, struct text json);

unsigned display_width(struct text text);
// The longest beginning that is at most `width` wide.
struct text display_fit(struct text text, unsigned width);
// Appends text that is cut to `width` with "…" where it is wider.
void display_add_cut(struct strbuf *out, struct text text, unsigned width);
// Takes the next line of at most `width` off *rest, broken at a space if there is one.
struct text display_wrap(struct text *rest, unsigned width);
void display_add_spaces(struct strbuf *out, unsigned count);
// Appends text and a line feed. On a terminal it is wrapped: the line it begins on has `column`
// columns already, the next ones begin at `indent`, or further left where the terminal is narrow.
// Words stay whole, however long, so that a path can be copied.
void display_add_flowing(struct strbuf *out, const struct terminal *terminal, struct text text,
                         unsigned column, unsigned indent);
// Appends paragraphs ("\n\n" between them), each line indented, wrapped at `width` in all.
void display_add_paragraphs(struct strbuf *out, const char *text, unsigned indent, unsigned width);

#endif
