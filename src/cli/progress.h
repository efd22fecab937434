// SPDX-License-Identifier: Apache-2.0
//
// How far a long task is: a bar on a terminal, from the first update on; a line every 10 seconds
// elsewhere. What does not fit a narrow terminal is left out, the least important first.
//
//     struct progress progress;
//     progress_init(&progress, &session->err);
//     progress_update(&progress, &state);      // as often as wanted: it draws 10 times a second
//     progress_clear(&progress);               // before anything else is printed there; at last
//
// Threads: one at a time.
#ifndef GROVE_CLI_PROGRESS_H
#define GROVE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/terminal.h"

struct progress {
    const struct terminal *terminal; // borrowed
    int64_t drawn_us;                // on the monotonic clock
    bool on_screen;
    // How far it was 10 to 20 seconds ago, and later: the time left goes by how fast it is now.
    struct {
        double seconds, fraction;
    } marks[2];
};

struct progress_state {
    int64_t rows;
    const char *one, *many; // what they are; NULL: "row", "rows"
    double fraction;        // 0 to 1; negative: not known
    double seconds;
    const char *remark; // stands in place of the time left; may be NULL
};

// How long it will take from here on; negative: it cannot be told.
double progress_seconds_left(const struct progress *progress, const struct progress_state *state);

// The line without its bar, at most `width` wide.
void progress_add_facts(struct strbuf *out, const struct progress *progress,
                        const struct progress_state *state, unsigned width);

void progress_init(struct progress *progress, const struct terminal *terminal);
void progress_update(struct progress *progress, const struct progress_state *state);
void progress_clear(struct progress *progress);

// Prints a line that tells what was refused, as the `number`th such, from 1. A file has room for
// all of them; a screen has not: `more` stands there for those from the 21st on.
void progress_show_refused(struct progress *progress, int64_t number, const char *line,
                           const char *more);

#endif
