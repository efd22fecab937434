// SPDX-License-Identifier: Apache-2.0
//
// The calls that compare both stores, mend them, and speak of what was given up on. As the commands
// do where they cannot ask, what changes something needs "yes".
#include "base/alloc.h"
#include "commands/answers_stores.h"
#include "commands/calling.h"
#include "commands/found.h"

static void note_difference(void *state, const struct grove_difference *difference)
{
    found_add(state, difference);
}

// --- verify, repair ------------------------------------------------------------------------------

enum grove_code call_verify(struct calling *calling, struct grove_error *error)
{
    struct found found;
    struct grove_verify_report report = {.equal = false};
    const struct options *options = calling_options(calling);
    const struct grove_verify_request request = {
        .path = options_text(options, OPTION_PATH),
        .quick = options_has(options, OPTION_QUICK),
        .resume = options_has(options, OPTION_RESUME),
        .rows_per_second = options_count(options, OPTION_RATE, 0),
        .on_difference = note_difference,
        .state = &found,
        .limits = calling->limits,
    };
    found_init(&found);
    enum grove_code code = grove_verify(calling->grove, &request, &report, error);
    struct answer_verify told = found_answer(&found, request.path, &report);
    if (code == GROVE_OK)
        calling_answer(calling, &told);
    found_release(&found);
    return code;
}

static enum grove_code refuse_to_mend(int64_t count, struct grove_error *error)
{
    error_set(error, GROVE_CONFLICT, "it would mend %lld %s", (long long)count,
              count == 1 ? "difference" : "differences");
    error_hint(error, "\"yes\": true mends them, \"dry_run\": true only tells");
    return GROVE_CONFLICT;
}

enum grove_code call_repair(struct calling *calling, struct grove_error *error)
{
    struct found found;
    struct grove_repair_report report = {.dry_run = false};
    const struct options *options = calling_options(calling);
    bool asks = !options_has(options, OPTION_DRY_RUN) && !options_has(options, OPTION_YES);
    const struct grove_repair_request request = {
        .path = options_text(options, OPTION_PATH),
        .quick = options_has(options, OPTION_QUICK),
        .aliens = options_has(options, OPTION_ALIENS),
        .dry_run = asks || options_has(options, OPTION_DRY_RUN),
        .rows_per_second = options_count(options, OPTION_RATE, 0),
        .on_difference = note_difference,
        .state = &found,
        .limits = calling->limits,
    };
    found_init(&found);
    enum grove_code code = grove_repair(calling->grove, &request, &report, error);
    int64_t count = found_to_mend(&request, &report.found);
    if (code == GROVE_OK && asks && count > 0)
        code = refuse_to_mend(count, error);
    report.dry_run = report.dry_run && !asks; // there was nothing to mend
    if (code == GROVE_OK)
        calling_answer(calling, &(struct answer_repair){
                                    .found = found_answer(&found, request.path, &report.found),
                                    .report = report,
                                });
    found_release(&found);
    return code;
}

// --- dead ----------------------------------------------------------------------------------------

static enum grove_code list_dead(struct calling *calling, const struct grove_dead_request *request,
                                 struct grove_error *error)
{
    struct grove_dead_letters *letters = NULL;
    if (request->content_ids)
        return error_set(error, GROVE_INVALID, "list takes no ids");
    enum grove_code code = grove_list_dead(calling->grove, request, &letters, error);
    if (code != GROVE_OK)
        return code;
    calling_answer(calling,
                   &(struct answer_dead){.action = ANSWER_DEAD_LISTED, .letters = *letters});
    grove_free(letters);
    return GROVE_OK;
}

static enum grove_code retry_dead(struct calling *calling, const struct grove_dead_request *request,
                                  struct grove_error *error)
{
    struct answer_dead told = {.action = ANSWER_DEAD_RETRIED};
    enum grove_code code = grove_retry_dead(calling->grove, request, &told.report.contents, error);
    if (code == GROVE_OK)
        calling_answer(calling, &told);
    return code;
}

static enum grove_code drop_dead(struct calling *calling, struct grove_dead_request *request,
                                 struct grove_error *error)
{
    const struct options *options = calling_options(calling);
    struct answer_dead told = {.action = ANSWER_DEAD_DROPPED};
    bool asks = !options_has(options, OPTION_DRY_RUN) && !options_has(options, OPTION_YES);
    if (!request->content_ids)
        return error_set(error, GROVE_INVALID, "drop needs the ids of contents");
    request->dry_run = asks || options_has(options, OPTION_DRY_RUN);
    enum grove_code code = grove_drop_dead(calling->grove, request, &told.report, error);
    if (code == GROVE_OK && asks && told.report.contents > 0) {
        error_set(error, GROVE_CONFLICT, "it would remove %lld %s from the database",
                  (long long)told.report.contents,
                  told.report.contents == 1 ? "content" : "contents");
        error_hint(error, "\"yes\": true removes them, \"dry_run\": true only counts");
        return GROVE_CONFLICT;
    }
    // What is gone already is nothing to ask about.
    request->dry_run = options_has(options, OPTION_DRY_RUN);
    if (code == GROVE_OK && asks)
        code = grove_drop_dead(calling->grove, request, &told.report, error);
    if (code == GROVE_OK)
        calling_answer(calling, &told);
    return code;
}

enum grove_code call_dead(struct calling *calling, struct grove_error *error)
{
    const struct options *options = calling_options(calling);
    struct grove_dead_request request = {
        .content_ids = calling->input->ids,
        .content_id_count = calling->input->id_count,
        .limit = (unsigned)options_count(options, OPTION_LIMIT, 0),
        .limits = calling->limits,
    };
    switch (options_find(options, FIELD_ACTION)->number) {
    case 0: return list_dead(calling, &request, error);
    case 1: return retry_dead(calling, &request, error);
    default: return drop_dead(calling, &request, error);
    }
}
