// SPDX-License-Identifier: Apache-2.0
//
// What verify and repair find, kept until it is shown, and how far they are.
//
//     struct differences differences;
//     differences_init(&differences, session);
//     request.on_difference = differences_on_difference;
//     request.on_progress = differences_on_progress;
//     request.state = &differences;
//     ...
//     differences_release(&differences);
#ifndef GROVE_CLI_DIFFERENCES_H
#define GROVE_CLI_DIFFERENCES_H

#include "cli/progress.h"
#include "cli/session.h"
#include "commands/found.h"

struct differences {
    struct session *session;
    struct progress progress;
    struct found found;
};

void differences_init(struct differences *self, struct session *session);
void differences_release(struct differences *self);

void differences_on_difference(void *state, const struct grove_difference *difference);
void differences_on_progress(void *state, const struct grove_verify_progress *progress);

// The first of them as a table.
void differences_add_table(struct strbuf *out, const struct differences *self);
// "3 contents differ: 1 missing, 2 payload"; nothing where none do.
void differences_add_counts(struct strbuf *out, const struct grove_verify_report *report);
// What the outbox knows of, a line each.
void differences_add_known(struct strbuf *out, const struct grove_verify_report *report);

#endif
