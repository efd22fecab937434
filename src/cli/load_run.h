// SPDX-License-Identifier: Apache-2.0
//
// Loading the files that the operands name, for grove load and grove import: progress, bad lines,
// the report, and the exit status where some rows were refused.
#ifndef GROVE_CLI_LOAD_RUN_H
#define GROVE_CLI_LOAD_RUN_H

#include "cli/session.h"

// `import`: NULL where the files have the fields of contents.
enum grove_code load_run(struct session *session, const struct grove_import *import,
                         struct grove_error *error);

#endif
