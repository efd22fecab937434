// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

enum grove_code cmd_psql(struct session *session, struct grove_error *error)
{
    return client_become(session, "psql", error);
}
