// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "cli/format.h"

enum { GAP = 2, MEMORY_MAX = 64 << 20, CELL_BYTES_MAX = 1 << 16 };

struct table_note {
    size_t row;
    enum style style;
    unsigned lines_max;
    const char *text;
};

struct layout {
    unsigned widths[TABLE_COLUMNS_MAX];
    bool dropped[TABLE_COLUMNS_MAX];
};

void table_init(struct table *table, const struct table_column *columns, size_t count)
{
    CHECK(count > 0 && count <= TABLE_COLUMNS_MAX);
    *table = (struct table){.columns = columns, .column_count = count};
    arena_init(&table->arena, MEMORY_MAX);
}

void table_release(struct table *table)
{
    arena_release(&table->arena);
}

// Room for one more in an array that lives in the arena; the outgrown ones stay there.
static void *make_room(struct table *table, void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    size_t more = *room ? *room * 2 : 64;
    void *larger = arena_alloc_array(&table->arena, more, size);
    if (!larger) {
        table->failed = true;
        return NULL;
    }
    if (count > 0)
        memcpy(larger, items, count * size);
    *room = more;
    return larger;
}

static const char *copy_text(struct table *table, const char *text, bool prose)
{
    struct strbuf safe;
    strbuf_init(&safe, CELL_BYTES_MAX);
    if (prose)
        display_add_prose(&safe, text_of(text));
    else
        display_add_safe(&safe, text_of(text));
    // Longer than the bound: what is there is shown.
    const char *copy = arena_copy(&table->arena, strbuf_text(&safe));
    strbuf_release(&safe);
    if (!copy)
        table->failed = true;
    return copy;
}

void table_add(struct table *table, const char *cell)
{
    const char *copy = copy_text(table, cell ? cell : "-", false);
    const char **cells =
        make_room(table, table->cells, table->cell_count, &table->cell_room, sizeof *cells);
    if (table->failed)
        return;
    table->cells = cells;
    table->cells[table->cell_count++] = copy;
}

void table_addf(struct table *table, const char *format, ...)
{
    char text[128];
    va_list arguments;
    va_start(arguments, format);
    text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    table_add(table, text);
}

void table_add_count(struct table *table, int64_t count)
{
    struct strbuf text;
    strbuf_init(&text, 64);
    if (count == GROVE_NULL)
        strbuf_add_char(&text, '-');
    else
        format_count(&text, count);
    table_add(table, text.data);
    strbuf_release(&text);
}

void table_note(struct table *table, enum style style, unsigned lines_max, const char *text)
{
    CHECK(table->failed || table->cell_count % table->column_count == 0);
    const char *copy = copy_text(table, text ? text : "", true);
    struct table_note *notes =
        make_room(table, table->notes, table->note_count, &table->note_room, sizeof *notes);
    if (table->failed || copy[0] == '\0')
        return;
    table->notes = notes;
    table->notes[table->note_count++] =
        (struct table_note){table->cell_count / table->column_count - 1, style, lines_max, copy};
}

// --- layout --------------------------------------------------------------------------------------

static unsigned layout_width(const struct table *table, const struct layout *layout)
{
    unsigned width = 0, shown = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        if (layout->dropped[i])
            continue;
        width += layout->widths[i];
        shown++;
    }
    return width + (shown ? (shown - 1) * GAP : 0);
}

static void measure(const struct table *table, struct layout *layout)
{
    for (size_t i = 0; i < table->column_count; i++)
        layout->widths[i] = display_width(text_of(table->columns[i].title));
    for (size_t i = 0; i < table->cell_count; i++) {
        unsigned width = display_width(text_of(table->cells[i]));
        if (width > layout->widths[i % table->column_count])
            layout->widths[i % table->column_count] = width;
    }
}

// Narrows the column that is farthest above its minimum by one; false when none is.
static bool narrow(const struct table *table, struct layout *layout)
{
    size_t chosen = TABLE_COLUMNS_MAX;
    unsigned most = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        unsigned least = table->columns[i].width_min;
        if (layout->dropped[i] || least == 0 || layout->widths[i] <= least + most)
            continue;
        chosen = i;
        most = layout->widths[i] - least;
    }
    if (chosen == TABLE_COLUMNS_MAX)
        return false;
    layout->widths[chosen]--;
    return true;
}

static bool drop(const struct table *table, struct layout *layout)
{
    size_t first = TABLE_COLUMNS_MAX;
    for (size_t i = 0; i < table->column_count; i++)
        if (!layout->dropped[i] && table->columns[i].drop > 0 &&
            (first == TABLE_COLUMNS_MAX || table->columns[i].drop > table->columns[first].drop))
            first = i;
    if (first == TABLE_COLUMNS_MAX)
        return false;
    layout->dropped[first] = true;
    return true;
}

static void fit(const struct table *table, const struct terminal *terminal, struct layout *layout)
{
    *layout = (struct layout){0};
    measure(table, layout);
    while (layout_width(table, layout) > terminal->width) {
        if (narrow(table, layout))
            continue;
        if (!terminal->is_terminal || !drop(table, layout))
            return;
        measure(table, layout);
    }
}

// --- printing ------------------------------------------------------------------------------------

static bool is_last(const struct table *table, const struct layout *layout, size_t column)
{
    for (size_t i = column + 1; i < table->column_count; i++)
        if (!layout->dropped[i])
            return false;
    return true;
}

static void add_cell(const struct table *table, const struct terminal *terminal,
                     const struct layout *layout, size_t column, struct text cell, enum style style,
                     struct strbuf *out)
{
    unsigned wanted = layout->widths[column];
    unsigned width = display_width(cell);
    unsigned padding = width < wanted ? wanted - width : 0;
    if (table->columns[column].right)
        display_add_spaces(out, padding);
    if (style != STYLE_PLAIN)
        strbuf_add(out, terminal_style(terminal, style));
    if (terminal->is_terminal)
        display_add_cut(out, cell, wanted);
    else
        strbuf_add_text(out, cell);
    if (style != STYLE_PLAIN)
        strbuf_add(out, terminal_style(terminal, STYLE_PLAIN));
    if (is_last(table, layout, column))
        return;
    display_add_spaces(out, (table->columns[column].right ? 0 : padding) + GAP);
}

static void add_note(const struct table_note *note, const struct terminal *terminal,
                     unsigned indent, struct strbuf *out)
{
    unsigned room = terminal->width > indent + 20 ? terminal->width - indent : 20;
    struct text rest = text_of(note->text);
    unsigned lines_max = terminal->is_terminal ? note->lines_max : 0;
    for (unsigned line = 1; rest.length > 0; line++) {
        struct text all = rest;
        struct text part = display_wrap(&rest, room);
        display_add_spaces(out, indent);
        strbuf_add(out, terminal_style(terminal, note->style));
        if (line == lines_max)
            display_add_cut(out, all, room);
        else
            strbuf_add_text(out, part);
        if (note->style != STYLE_PLAIN)
            strbuf_add(out, terminal_style(terminal, STYLE_PLAIN));
        strbuf_add_char(out, '\n');
        if (line == lines_max)
            return;
    }
}

static void add_titles(const struct table *table, const struct terminal *terminal,
                       const struct layout *layout, struct strbuf *out)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (!layout->dropped[i])
            add_cell(table, terminal, layout, i, text_of(table->columns[i].title), STYLE_DIM, out);
    strbuf_add_char(out, '\n');
}

void table_print(const struct table *table, const struct terminal *terminal, struct strbuf *out)
{
    if (table->failed) {
        out->failed = true;
        return;
    }
    if (table->cell_count == 0)
        return;
    CHECK(table->cell_count % table->column_count == 0);
    struct layout layout;
    fit(table, terminal, &layout);
    unsigned indent = table->note_indent;
    for (size_t i = 0; i < table->note_column; i++)
        indent += layout.dropped[i] ? 0 : layout.widths[i] + GAP;

    add_titles(table, terminal, &layout, out);
    size_t note = 0;
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t row = i / table->column_count, column = i % table->column_count;
        if (!layout.dropped[column])
            add_cell(table, terminal, &layout, column, text_of(table->cells[i]),
                     table->columns[column].style, out);
        if (column + 1 < table->column_count)
            continue;
        strbuf_add_char(out, '\n');
        for (; note < table->note_count && table->notes[note].row == row; note++)
            add_note(&table->notes[note], terminal, indent, out);
    }
}
