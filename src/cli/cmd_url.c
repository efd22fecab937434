// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

enum grove_code cmd_url(struct session *session, struct grove_error *error)
{
    return client_print_url(session, error);
}
