// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"
#include "cli/session.h"

enum grove_code cmd_stop(struct session *session, struct grove_error *error)
{
    struct strbuf out;
    struct grove_stop_report report;
    struct grove_limits limits;
    enum grove_code code = session_limits(session, &limits, error);
    if (code == GROVE_OK)
        code = grove_stop_within(session->home, &limits, &report, error);
    if (code == GROVE_NOT_FOUND) {
        // Where both servers are somebody's own no home is needed, and there is nothing to stop.
        report = (struct grove_stop_report){.ran = false};
        code = session_open(session, error);
    }
    if (code != GROVE_OK)
        return code;
    if (report.forced)
        session_warn(session, "the private PostgreSQL did not answer and was killed; it recovers "
                              "from its log at the next start");
    strbuf_init(&out, 256);
    if (session->json) {
        strbuf_add(&out, "{\"stopped\":true");
        json_bool_member(&out, "ran", report.ran);
        json_bool_member(&out, "forced", report.forced);
        strbuf_add_char(&out, '}');
        code = session_print_json(session, &out, error);
    } else {
        strbuf_add(&out, report.ran ? "the private servers are stopped\n"
                                    : "nothing to stop: no private server ran\n");
        code = session_print(session, &out, error);
    }
    strbuf_release(&out);
    return code;
}
