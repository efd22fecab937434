// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include "base/check.h"
#include "base/clock.h"
#include "cli/format.h"

enum {
    DRAW_EVERY_US = 100000,
    SAY_EVERY_US = 10000000,
    MARK_EVERY_S = 10,
    BAR_WIDTH_MAX = 40,
    BAR_WIDTH_MIN = 5,
    BAR_FRAME = 3, // its brackets, and a space
    LINE_BYTES_MAX = 4096,
    REFUSED_SHOWN_MAX = 20, // on a terminal
};

void progress_init(struct progress *progress, const struct terminal *terminal)
{
    // On a terminal the first update is drawn at once.
    int64_t drawn_us = terminal->is_terminal ? 0 : clock_monotonic_us();
    *progress = (struct progress){.terminal = terminal, .drawn_us = drawn_us};
}

double progress_seconds_left(const struct progress *progress, const struct progress_state *state)
{
    double took = state->seconds - progress->marks[0].seconds;
    double gained = state->fraction - progress->marks[0].fraction;
    return took >= 1 && gained > 0 ? (1 - state->fraction) * took / gained : -1;
}

static void set_mark(struct progress *progress, const struct progress_state *state)
{
    if (state->fraction < progress->marks[1].fraction) { // it began anew
        progress->marks[0].seconds = progress->marks[1].seconds = state->seconds;
        progress->marks[0].fraction = progress->marks[1].fraction = state->fraction;
    } else if (state->seconds - progress->marks[1].seconds >= (double)MARK_EVERY_S) {
        progress->marks[0] = progress->marks[1];
        progress->marks[1].seconds = state->seconds;
        progress->marks[1].fraction = state->fraction;
    }
}

static void add_remark(struct strbuf *out, const struct progress *progress,
                       const struct progress_state *state)
{
    double left = progress_seconds_left(progress, state);
    if (state->remark) {
        strbuf_addf(out, "%s  ", state->remark);
    } else if (state->fraction >= 0 && left >= 0) {
        if (left < 59.5)
            strbuf_addf(out, "%.0f s", left < 1 ? 1 : left);
        else
            format_seconds(out, left);
        strbuf_add(out, " left  ");
    }
}

// Each fact ends in two spaces.
static void add_some_facts(struct strbuf *out, const struct progress *progress,
                           const struct progress_state *state, unsigned count)
{
    const char *many = state->many ? state->many : "rows";
    if (state->fraction >= 0)
        strbuf_addf(out, "%3.0f %%  ", state->fraction * 100);
    if (count >= 2 || state->fraction < 0) {
        format_counted(out, state->rows, state->one ? state->one : "row", many);
        strbuf_add(out, "  ");
    }
    if (count >= 3 && state->seconds > 0 && state->rows > 0) {
        format_rate(out, state->rows, state->seconds);
        strbuf_addf(out, " %s/s  ", many);
    }
    if (count >= 1)
        add_remark(out, progress, state);
}

void progress_add_facts(struct strbuf *out, const struct progress *progress,
                        const struct progress_state *state, unsigned width)
{
    struct strbuf facts;
    strbuf_init(&facts, LINE_BYTES_MAX);
    struct text text;
    for (unsigned count = 3;; count--) {
        strbuf_clear(&facts);
        add_some_facts(&facts, progress, state, count);
        text = text_trim(strbuf_text(&facts));
        text = (struct text){facts.data, (size_t)(text.data + text.length - facts.data)};
        if (count == 0 || display_width(text) <= width)
            break;
    }
    strbuf_add_text(out, display_fit(text, width));
    strbuf_release(&facts);
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
    // The last column stays free: some terminals wrap as soon as it is written.
    unsigned width = terminal_measure(progress->terminal) - 1;
    progress_add_facts(&facts, progress, state, width);
    unsigned used = display_width(strbuf_text(&facts)) + BAR_FRAME;
    if (state->fraction >= 0 && width >= used + BAR_WIDTH_MIN) {
        unsigned room = width - used;
        add_bar(&line, state->fraction, room > BAR_WIDTH_MAX ? BAR_WIDTH_MAX : room);
    }
    strbuf_add_text(&line, strbuf_text(&facts));
    fprintf(progress->terminal->file, "\r%s\033[K", line.data);
    fflush(progress->terminal->file);
    strbuf_release(&facts);
    strbuf_release(&line);
}

static void say(const struct progress *progress, const struct progress_state *state)
{
    struct strbuf facts;
    strbuf_init(&facts, LINE_BYTES_MAX);
    progress_add_facts(&facts, progress, state, TERMINAL_PIPE_WIDTH);
    fprintf(progress->terminal->file, "grove: %s\n", facts.data);
    fflush(progress->terminal->file);
    strbuf_release(&facts);
}

void progress_update(struct progress *progress, const struct progress_state *given)
{
    bool bar = progress->terminal->is_terminal;
    int64_t now_us = clock_monotonic_us();
    struct progress_state state = *given;
    if (state.fraction > 1)
        state.fraction = 1;
    set_mark(progress, &state);
    if (now_us - progress->drawn_us < (bar ? DRAW_EVERY_US : SAY_EVERY_US))
        return;
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

void progress_show_refused(struct progress *progress, int64_t number, const char *line,
                           const char *more)
{
    bool is_terminal = progress->terminal->is_terminal;
    CHECK(number > 0);
    if (is_terminal && number > REFUSED_SHOWN_MAX + 1)
        return;
    progress_clear(progress);
    fprintf(progress->terminal->file, "%s\n",
            is_terminal && number > REFUSED_SHOWN_MAX ? more : line);
}
