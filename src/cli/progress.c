// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include "base/clock.h"
#include "cli/format.h"

enum { DRAW_EVERY_US = 100000, SAY_EVERY_US = 10000000, BAR_WIDTH_MAX = 40, LINE_BYTES_MAX = 4096 };

void progress_init(struct progress *progress, const struct terminal *terminal)
{
    *progress = (struct progress){.terminal = terminal, .drawn_us = clock_monotonic_us()};
}

static void add_facts(struct strbuf *out, const struct progress_state *state)
{
    if (state->fraction >= 0)
        strbuf_addf(out, "%3.0f %%  ", state->fraction * 100);
    const char *many = state->many ? state->many : "rows";
    format_counted(out, state->rows, state->one ? state->one : "row", many);
    if (state->seconds > 0) {
        strbuf_add(out, "  ");
        format_count(out, (int64_t)((double)state->rows / state->seconds + 0.5));
        strbuf_addf(out, " %s/s", many);
    }
    if (state->remark) {
        strbuf_addf(out, "  %s", state->remark);
    } else if (state->fraction > 0 && state->seconds > 1) {
        strbuf_add(out, "  ");
        double left = state->seconds * (1 - state->fraction) / state->fraction;
        if (left < 59.5)
            strbuf_addf(out, "%.0f s", left < 1 ? 1 : left);
        else
            format_seconds(out, left);
        strbuf_add(out, " left");
    }
}

static void add_bar(struct strbuf *out, double fraction, unsigned width)
{
    unsigned full = (unsigned)(fraction * width + 0.5);
    strbuf_add_char(out, '[');
    for (unsigned i = 0; i < width; i++)
        strbuf_add(out, i < full ? "#" : "-");
    strbuf_add(out, "] ");
}

static void draw(const struct progress *progress, const struct progress_state *state)
{
    struct strbuf line, facts;
    strbuf_init(&line, LINE_BYTES_MAX);
    strbuf_init(&facts, LINE_BYTES_MAX);
    add_facts(&facts, state);
    unsigned width = terminal_measure(progress->terminal);
    unsigned used = display_width(strbuf_text(&facts)) + 4;
    if (state->fraction >= 0 && width >= used + 5) {
        unsigned room = width - used;
        add_bar(&line, state->fraction, room > BAR_WIDTH_MAX ? BAR_WIDTH_MAX : room);
    }
    strbuf_add_text(&line, strbuf_text(&facts));
    // The last column stays free: some terminals wrap as soon as it is written.
    struct text shown = display_fit(strbuf_text(&line), width - 1);
    fprintf(progress->terminal->file, "\r%.*s\033[K", TEXT_ARGS(shown));
    fflush(progress->terminal->file);
    strbuf_release(&facts);
    strbuf_release(&line);
}

static void say(const struct progress *progress, const struct progress_state *state)
{
    struct strbuf facts;
    strbuf_init(&facts, LINE_BYTES_MAX);
    add_facts(&facts, state);
    fprintf(progress->terminal->file, "grove: %s\n", facts.data);
    fflush(progress->terminal->file);
    strbuf_release(&facts);
}

void progress_update(struct progress *progress, const struct progress_state *given)
{
    bool bar = progress->terminal->is_terminal;
    int64_t now_us = clock_monotonic_us();
    if (now_us - progress->drawn_us < (bar ? DRAW_EVERY_US : SAY_EVERY_US))
        return;
    struct progress_state state = *given;
    if (state.fraction > 1)
        state.fraction = 1;
    progress->drawn_us = now_us;
    if (bar)
        draw(progress, &state);
    else
        say(progress, &state);
    progress->on_screen = bar;
}

void progress_clear(struct progress *progress)
{
    if (!progress->on_screen)
        return;
    fputs("\r\033[K", progress->terminal->file);
    fflush(progress->terminal->file);
    progress->on_screen = false;
    progress->drawn_us = 0;
}
