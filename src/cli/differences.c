// SPDX-License-Identifier: Apache-2.0
#include "cli/differences.h"

#include <stdio.h>

#include "cli/format.h"
#include "cli/table.h"

enum { SHOWN_MAX = 20 };

void differences_init(struct differences *self, struct session *session)
{
    *self = (struct differences){.session = session};
    progress_init(&self->progress, &session->err);
    found_init(&self->found);
}

void differences_release(struct differences *self)
{
    progress_clear(&self->progress);
    found_release(&self->found);
}

void differences_on_difference(void *state, const struct grove_difference *difference)
{
    struct differences *self = state;
    found_add(&self->found, difference);
}

void differences_on_progress(void *state, const struct grove_verify_progress *progress)
{
    struct differences *self = state;
    progress_update(&self->progress, &(struct progress_state){
                                         .rows = progress->contents,
                                         .fraction = progress->fraction,
                                         .seconds = progress->seconds,
                                     });
}

// Plain digits: it is typed again.
static void add_number(struct table *table, int64_t number)
{
    char text[32] = "";
    if (number != GROVE_NULL)
        snprintf(text, sizeof text, "%lld", (long long)number);
    table_add(table, text);
}

static void add_row(struct table *table, const struct answer_difference *item)
{
    table_add(table, item->kind);
    if (item->point_id)
        table_add(table, item->point_id);
    else
        add_number(table, item->content_id);
    add_number(table, item->content_revision);
    add_number(table, item->point_revision);
    table_add(table, item->detail ? item->detail : "");
}

void differences_add_table(struct strbuf *out, const struct differences *self)
{
    static const struct table_column columns[] = {
        {"KIND", .style = STYLE_BOLD},          {"CONTENT", .right = true},
        {"REVISION", .right = true, .drop = 1}, {"POINT'S", .right = true, .drop = 1},
        {"FIELDS", .width_min = 8, .drop = 2},
    };
    struct table table;
    size_t shown = self->found.count < SHOWN_MAX ? self->found.count : (size_t)SHOWN_MAX;
    if (self->found.count == 0)
        return;
    table_init(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < shown; i++)
        add_row(&table, &self->found.items[i]);
    table_print(&table, &self->session->out, out);
    table_release(&table);
    if (self->found.count > shown || self->found.left_out > 0) {
        strbuf_add(out, "and ");
        format_count(out, (int64_t)(self->found.count - shown) + self->found.left_out);
        strbuf_add(out, " more: --json tells all\n");
    }
    strbuf_add_char(out, '\n');
}

void differences_add_counts(struct strbuf *out, const struct grove_verify_report *report)
{
    const char *before = ": ";
    if (report->differences == 0)
        return;
    format_count(out, report->differences);
    strbuf_add(out, report->differences == 1 ? " differs" : " differ");
    for (int kind = GROVE_DIFFERENCE_NONE + 1; kind < GROVE_DIFFERENCE_WAITING; kind++) {
        if (report->kinds[kind] == 0)
            continue;
        strbuf_add(out, before);
        format_count(out, report->kinds[kind]);
        strbuf_addf(out, " %s", grove_difference_name((enum grove_difference_kind)kind));
        before = ", ";
    }
}

void differences_add_known(struct strbuf *out, const struct grove_verify_report *report)
{
    if (report->kinds[GROVE_DIFFERENCE_WAITING] > 0) {
        format_counted(out, report->kinds[GROVE_DIFFERENCE_WAITING], "content waits",
                       "contents wait");
        strbuf_add(out, " in the outbox: grove sync\n");
    }
    if (report->kinds[GROVE_DIFFERENCE_DEAD] > 0) {
        format_counted(out, report->kinds[GROVE_DIFFERENCE_DEAD], "content was", "contents were");
        strbuf_add(out, " given up on: grove dead list\n");
    }
}
