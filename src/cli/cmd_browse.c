// SPDX-License-Identifier: Apache-2.0
#include "commands/filter.h"
#include "cli/rows.h"
#include "cli/session.h"
#include "commands/requests.h"
#include "cli/show.h"

enum grove_code cmd_browse(struct session *session, struct grove_error *error)
{
    struct filter_values values;
    struct grove_result *result = NULL;
    enum grove_code code = rows_check(session, error);
    if (code == GROVE_OK)
        code = filter_read(&session->options, &values, error);
    if (code == GROVE_OK)
        code = session_open(session, error);
    if (code != GROVE_OK)
        return code;
    values.filter.path = session->options.operands[0];
    struct grove_browse_request request = request_browse(&session->options, &values.filter);
    request.metadata = values.metadata;
    code = grove_browse(session->grove, &request, &result, error);
    if (code == GROVE_OK)
        code = show_result(session, SHOW_BROWSE, result, error);
    grove_result_free(result);
    return code;
}
