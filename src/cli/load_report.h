// SPDX-License-Identifier: Apache-2.0
//
// What a load did, for grove load and grove demo.
#ifndef GROVE_CLI_LOAD_REPORT_H
#define GROVE_CLI_LOAD_REPORT_H

#include "base/strbuf.h"
#include "grove/grove.h"

// Two lines: the rows, and where the time went.
void load_report_add(struct strbuf *out, const struct grove_load_progress *done);
// The members of a JSON object, without its braces.
void load_report_add_members(struct strbuf *out, const struct grove_load_progress *done);

#endif
