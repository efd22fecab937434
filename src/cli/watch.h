// SPDX-License-Identifier: Apache-2.0
//
// "grove sync --watch": what it tells, and whom.
//
//     people, on standard error    that it watches; an outage, once, and when it is over; on a
//                                  terminal a line of what waits, which is kept current
//     standard output              a line when something was projected; with --json each line is
//                                  an object
//     the service manager          notify.h
#ifndef GROVE_CLI_WATCH_H
#define GROVE_CLI_WATCH_H

#include "cli/session.h"

// Of an open session. Ends well by Ctrl-C and SIGTERM, which is how a watch is meant to end.
enum grove_code watch_run(struct session *session, struct grove_error *error);

#endif
