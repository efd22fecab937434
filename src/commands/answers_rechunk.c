// SPDX-License-Identifier: Apache-2.0
#include "commands/answers_rechunk.h"

#include <stdio.h>

static const struct shape_member refusal_members[] = {
    SHAPE_OF(struct answer_refusal, content_id),
    SHAPE_OF(struct answer_refusal, reason),
    {0},
};
static const struct shape refusal_shape = {"Refusal", refusal_members,
                                           sizeof(struct answer_refusal)};

static const struct shape_member answer_rechunk_members[] = {
    SHAPE_NULLABLE(struct answer_rechunk, path),
    SHAPE_AS("dry_run", struct answer_rechunk, report.dry_run),
    SHAPE_AS("contents", struct answer_rechunk, report.contents),
    SHAPE_AS("documents", struct answer_rechunk, report.documents),
    SHAPE_AS("chunks", struct answer_rechunk, report.chunks),
    SHAPE_AS("supplied", struct answer_rechunk, report.supplied),
    SHAPE_AS("changed", struct answer_rechunk, report.changed),
    SHAPE_AS("refused", struct answer_rechunk, report.refused),
    {"refusals", SHAPE_LIST, offsetof(struct answer_rechunk, first_refusal),
     offsetof(struct answer_rechunk, refusal_count), .shape = &refusal_shape},
    SHAPE_AS("pending", struct answer_rechunk, report.pending),
    SHAPE_AS("seconds", struct answer_rechunk, report.seconds),
    {0},
};
const struct shape answer_rechunk_shape = {"Rechunked", answer_rechunk_members};

void answer_rechunk_refused(void *state, int32_t content_id, const char *reason)
{
    struct answer_rechunk *answer = state;
    if (answer->refusal_count == ANSWER_REFUSALS_MAX)
        return;
    char *copy = answer->reasons[answer->refusal_count];
    snprintf(copy, ANSWER_REASON_SIZE, "%s", reason);
    answer->first_refusal = answer->refusals;
    answer->refusals[answer->refusal_count++] = (struct answer_refusal){content_id, copy};
}
