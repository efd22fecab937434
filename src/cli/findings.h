// SPDX-License-Identifier: Apache-2.0
//
// What checks have found, shown one by one and then in a sentence; or all of it as JSON.
//
//     struct findings findings;
//     findings_init(&findings, session);
//     code = grove_doctor(&options, findings_add, &findings, error);
//     code = findings_finish(&findings, code, error);
//     findings_release(&findings);
#ifndef GROVE_CLI_FINDINGS_H
#define GROVE_CLI_FINDINGS_H

#include "base/strbuf.h"
#include "cli/session.h"

struct findings {
    struct session *session;
    struct strbuf json; // those so far
    unsigned warnings, failures;
};

void findings_init(struct findings *findings, struct session *session);
void findings_release(struct findings *findings);

// Shown at once: a check may take seconds. `state` is a struct findings.
void findings_add(void *state, const struct grove_finding *finding);

// The verdict. A check that failed has been shown, and is the exit status; any other failure `code`
// is an error of its own.
enum grove_code findings_finish(struct findings *findings, enum grove_code code,
                                struct grove_error *error);

#endif
