// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"
#include "cli/session.h"
#include "commands/answers.h"

enum grove_code cmd_version(struct session *session, struct grove_error *error)
{
    struct strbuf out;
    enum grove_code code;
    strbuf_init(&out, 256);
    if (session->json) {
        const struct answer_version answer = {grove_version()};
        code = session_print_shape(session, &answer_version_shape, &answer, error);
    } else {
        strbuf_addf(&out, "grove %s\n", grove_version());
        code = session_print(session, &out, error);
    }
    strbuf_release(&out);
    return code;
}
