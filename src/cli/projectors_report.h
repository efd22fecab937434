// SPDX-License-Identifier: Apache-2.0
//
// Who has projected, for people.
#ifndef GROVE_CLI_PROJECTORS_REPORT_H
#define GROVE_CLI_PROJECTORS_REPORT_H

#include "base/strbuf.h"
#include "cli/terminal.h"
#include "grove/stores.h"

// How many live, and what they do now, in a line without its end. NULL or none: nothing.
void projectors_report_sum(struct strbuf *out, const struct grove_projectors *projectors);

// A table of the first of them, with what each failed of last below it.
void projectors_report_add(struct strbuf *out, const struct terminal *terminal,
                           const struct grove_projectors *projectors);

#endif
