// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

enum grove_code cmd_pg_dump(struct session *session, struct grove_error *error)
{
    return client_become(session, "pg_dump", error);
}
