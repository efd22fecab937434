// SPDX-License-Identifier: Apache-2.0
#include "cli/findings.h"
#include "cli/recall_report.h"
#include "cli/session.h"

enum grove_code cmd_doctor(struct session *session, struct grove_error *error)
{
    struct findings findings;
    char command[PATH_MAX];
    session_own_path(command);
    struct grove_options options = {.home = session->home, .command = command};
    if (options_has(&session->options, OPTION_RECALL))
        return recall_report(session, error);
    if (session->options.operand_count > 0)
        return session_usage_error(session, error, "a number of queries goes with --recall");
    findings_init(&findings, session);
    enum grove_code code = grove_doctor(&options, findings_add, &findings, error);
    code = findings_finish(&findings, code, error);
    findings_release(&findings);
    return code;
}
