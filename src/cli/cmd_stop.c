// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

enum grove_code cmd_stop(struct session *session, struct grove_error *error)
{
    struct strbuf out;
    enum grove_code code = grove_stop(session->home, error);
    if (code != GROVE_OK)
        return code;
    strbuf_init(&out, 256);
    if (session->json) {
        strbuf_add(&out, "{\"stopped\":true}");
        code = session_print_json(session, &out, error);
    } else {
        strbuf_add(&out, "the private servers are stopped\n");
        code = session_print(session, &out, error);
    }
    strbuf_release(&out);
    return code;
}
