// SPDX-License-Identifier: Apache-2.0
#include "commands/filter.h"
#include "cli/ids.h"
#include "cli/rows.h"
#include "cli/session.h"
#include "commands/requests.h"
#include "cli/show.h"

enum grove_code cmd_similar(struct session *session, struct grove_error *error)
{
    const struct options *options = &session->options;
    struct filter_values values;
    struct grove_result *result = NULL;
    int32_t content_id = 0;
    enum grove_code code = ids_read(session, options->operands[0], &content_id, error);
    if (code == GROVE_OK && content_id == 0) // which in a request stands for none
        code = error_set(error, GROVE_NOT_FOUND, "there is no content with the id 0");
    if (code == GROVE_OK)
        code = rows_check(session, error);
    if (code == GROVE_OK)
        code = filter_read(options, &values, error);
    if (code == GROVE_OK)
        code = session_open(session, error);
    if (code != GROVE_OK)
        return code;
    struct grove_search_request request = request_search(&session->options, &values.filter);
    request.metadata = values.metadata;
    request.similar_to = content_id;
    code = grove_search(session->grove, &request, &result, error);
    if (code == GROVE_OK)
        code = show_result(session, SHOW_SEARCH, result, error);
    grove_result_free(result);
    return code;
}
