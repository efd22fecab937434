// SPDX-License-Identifier: Apache-2.0
//
// What a load did, for grove load and grove demo.
#ifndef GROVE_CLI_LOAD_REPORT_H
#define GROVE_CLI_LOAD_REPORT_H

#include "base/strbuf.h"
#include "grove/grove.h"

// The rows, where the time went, and what of them will not be found.
void load_report_add(struct strbuf *out, const struct grove_load_progress *done);
// The member "load" of a JSON object.
void load_report_add_member(struct strbuf *out, const struct grove_load_progress *done);

#endif
