// SPDX-License-Identifier: Apache-2.0
//
// What "grove sync" says of what it did, in words or as JSON.
#ifndef GROVE_CLI_SYNC_REPORT_H
#define GROVE_CLI_SYNC_REPORT_H

#include "cli/session.h"

// Without the index: of one that watches, where a thread examines it.
enum grove_code sync_report_print(struct session *session, const struct grove_sync_report *report,
                                  bool with_index, struct grove_error *error);

#endif
