// SPDX-License-Identifier: Apache-2.0
//
// Setting up, for grove init (where it is written) and grove demo.
#ifndef GROVE_CLI_SETUP_H
#define GROVE_CLI_SETUP_H

#include "cli/session.h"
#include "grove/grove.h"

struct setup {
    unsigned applied; // migrations
    int64_t queued;   // contents to project anew: the model has changed
    int64_t dropped;  // old vectors
    double seconds;
    struct grove_status status; // afterwards
};

enum grove_code setup_run(struct session *session, struct setup *ret, struct grove_error *error);
void setup_add_line(struct strbuf *out, const struct setup *setup);
// The members of a JSON object, without its braces.
void setup_add_members(struct strbuf *out, const struct setup *setup);

#endif
