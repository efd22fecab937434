// SPDX-License-Identifier: Apache-2.0
//
// "grove doctor --recall": measures, and shows what was found.
#ifndef GROVE_CLI_RECALL_REPORT_H
#define GROVE_CLI_RECALL_REPORT_H

#include "cli/session.h"

// The exit status of the session says whether a search called itself complete and was not.
enum grove_code recall_report(struct session *session, struct grove_error *error);

#endif
