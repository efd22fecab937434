// SPDX-License-Identifier: Apache-2.0
//
// What rechunk answers as JSON (answers.h).
#ifndef GROVE_COMMANDS_ANSWERS_RECHUNK_H
#define GROVE_COMMANDS_ANSWERS_RECHUNK_H

#include "commands/shape.h"
#include "grove/contents.h"

enum { ANSWER_REFUSALS_MAX = 1000, ANSWER_REASON_SIZE = 200 };

struct answer_refusal {
    int32_t content_id;
    const char *reason;
};

// Some 200 KB.
struct answer_rechunk {
    const char *path;
    struct grove_rechunk_report report;
    struct answer_refusal refusals[ANSWER_REFUSALS_MAX];
    const struct answer_refusal *first_refusal; // of these
    size_t refusal_count;
    char reasons[ANSWER_REFUSALS_MAX][ANSWER_REASON_SIZE];
};
extern const struct shape answer_rechunk_shape;

// For on_refused of a request whose state is the answer; later ones than it has room for are only
// counted.
void answer_rechunk_refused(void *answer, int32_t content_id, const char *reason);

#endif
