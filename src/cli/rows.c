// SPDX-License-Identifier: Apache-2.0
#include "cli/rows.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/csv.h"
#include "cli/session.h"

enum { CELL_BYTES_MAX = 64 << 20 };

static_assert(ROWS_CSV == 0 && ROWS_MARKDOWN == 1 && ROWS_IDS == 2, "as the words are ordered");

enum rows_form rows_form(const struct options *options)
{
    const struct option_value *value = options_find(options, OPTION_OUTPUT);
    return value ? (enum rows_form)value->number : ROWS_TABLE;
}

enum grove_code rows_check(struct session *session, struct grove_error *error)
{
    const struct option_value *value = options_find(&session->options, OPTION_OUTPUT);
    if (!value)
        return GROVE_OK;
    if (session->json)
        return session_usage_error(session, error, "--output %s and --json exclude each other",
                                   value->text);
    static const enum option_id placeless[] = {OPTION_EXPLAIN, OPTION_PLAN, OPTION_CONTEXT};
    for (size_t i = 0; i < ARRAY_COUNT(placeless); i++) {
        const struct option_value *other = options_find(&session->options, placeless[i]);
        if (other)
            return session_usage_error(session, error, "--output %s has no place for --%s",
                                       value->text, other->option->name);
    }
    return GROVE_OK;
}

// --- cells ---------------------------------------------------------------------------------------

// In one line, whatever the text has; a bar would end the cell, "<" begin a tag.
static void add_markdown(struct strbuf *out, const char *text)
{
    struct strbuf prose;
    strbuf_init(&prose, CELL_BYTES_MAX);
    display_add_prose(&prose, text_of(text ? text : ""));
    for (size_t i = 0; i < prose.length; i++) {
        if (strchr("|<`*_[", prose.data[i]))
            strbuf_add_char(out, '\\');
        strbuf_add_char(out, prose.data[i]);
    }
    out->failed |= prose.failed;
    strbuf_release(&prose);
}

static void add_csv_cell(const struct rows *rows, const char *text)
{
    struct strbuf safe;
    if (!rows->is_terminal || !text) {
        csv_add(rows->out, text_of(text));
        return;
    }
    strbuf_init(&safe, CELL_BYTES_MAX);
    display_add_safe(&safe, text_of(text));
    csv_add(rows->out, strbuf_text(&safe));
    rows->out->failed |= safe.failed;
    strbuf_release(&safe);
}

static void add_id(const struct rows *rows, const char *text)
{
    if (rows->is_terminal)
        display_add_safe(rows->out, text_of(text ? text : ""));
    else
        strbuf_add(rows->out, text ? text : "");
    strbuf_add_char(rows->out, '\n');
}

void rows_add(struct rows *rows, const char *text)
{
    size_t column = rows->cell_count++ % rows->column_count;
    bool last = column + 1 == rows->column_count;
    switch (rows->form) {
    case ROWS_IDS:
        if (column == 0)
            add_id(rows, text);
        break;
    case ROWS_MARKDOWN:
        strbuf_add(rows->out, column == 0 ? "| " : " ");
        add_markdown(rows->out, text);
        strbuf_add(rows->out, last ? " |\n" : " |");
        break;
    case ROWS_CSV:
    case ROWS_TABLE:
        add_csv_cell(rows, text);
        strbuf_add_char(rows->out, last ? '\n' : ',');
        break;
    }
}

void rows_add_integer(struct rows *rows, int64_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)number);
    rows_add(rows, number == GROVE_NULL ? NULL : text);
}

void rows_add_score(struct rows *rows, double score)
{
    char text[32];
    text_format(text, sizeof text, "%.6f", score);
    rows_add(rows, isnan(score) ? NULL : text);
}

void rows_add_time(struct rows *rows, int64_t timestamp_us)
{
    char text[CLOCK_RFC3339_SIZE] = "";
    if (timestamp_us != GROVE_NULL)
        clock_format_rfc3339(timestamp_us, text);
    rows_add(rows, timestamp_us == GROVE_NULL ? NULL : text);
}

// --- all of them ---------------------------------------------------------------------------------

void rows_begin(struct rows *rows, enum rows_form form, const struct terminal *terminal,
                const char *const *columns, size_t column_count, struct strbuf *out)
{
    CHECK(form != ROWS_TABLE);
    CHECK(column_count > 0);
    *rows = (struct rows){.form = form,
                          .is_terminal = terminal->is_terminal,
                          .column_count = column_count,
                          .out = out};
    if (form == ROWS_IDS)
        return;
    bool is_markdown = form == ROWS_MARKDOWN;
    for (size_t i = 0; i < column_count; i++)
        strbuf_addf(out, is_markdown ? "| %s " : i > 0 ? ",%s" : "%s", columns[i]);
    strbuf_add(out, is_markdown ? "|\n" : "\n");
    for (size_t i = 0; i < column_count && is_markdown; i++)
        strbuf_add(out, i + 1 < column_count ? "|---" : "|---|\n");
}

void rows_end(const struct rows *rows)
{
    CHECK(rows->cell_count % rows->column_count == 0);
}
