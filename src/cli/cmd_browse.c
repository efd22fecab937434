// SPDX-License-Identifier: Apache-2.0
#include "cli/filter.h"
#include "cli/rows.h"
#include "cli/session.h"
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
    struct grove_browse_request request = {
        .filter = values.filter,
        .limit = (unsigned)options_count(&session->options, OPTION_LIMIT, 0),
        .cursor = options_text(&session->options, OPTION_CURSOR),
        .explain = options_has(&session->options, OPTION_EXPLAIN),
    };
    code = grove_browse(session->grove, &request, &result, error);
    if (code == GROVE_OK)
        code = show_result(session, SHOW_BROWSE, result, error);
    grove_result_free(result);
    return code;
}
