// SPDX-License-Identifier: Apache-2.0
#include "cli/load_run.h"

enum grove_code cmd_load(struct session *session, struct grove_error *error)
{
    return load_run(session, NULL, error);
}
