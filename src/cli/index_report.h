// SPDX-License-Identifier: Apache-2.0
//
// What is known of the vector engine's index, for people and as JSON.
#ifndef GROVE_CLI_INDEX_REPORT_H
#define GROVE_CLI_INDEX_REPORT_H

#include "base/strbuf.h"
#include "grove/grove.h"

// One line, without its end. Nothing where there is nothing to say. A resident projector that runs
// examines by itself.
void index_report_add(struct strbuf *out, const struct grove_index *index, bool projector_running);

// The member "index".
void index_report_add_member(struct strbuf *out, const struct grove_index *index);

#endif
