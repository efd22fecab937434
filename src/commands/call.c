// SPDX-License-Identifier: Apache-2.0
//
// grove_call: the input is read by the command's row, one function a command makes the library's
// call, and the answer is written by its shape.
#include "grove/call.h"

#include <string.h>

#include "api/limited.h"
#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "commands/answers.h"
#include "commands/answers_rechunk.h"
#include "commands/call.h"
#include "commands/calling.h"
#include "commands/filter.h"
#include "commands/input.h"
#include "commands/requests.h"
#include "commands/types_hint.h"

enum {
    ANSWER_BYTES_MAX = 256 << 20,
    HINT_BYTES_MAX = 64 << 10,
    ROWS_BYTES_MAX =
        2 * INPUT_BYTES_MAX, // written without spaces, they are no longer than the input
};

// Where a command is a second call of the library: what is left of its time.
static struct grove_limits limits_left(const struct calling *calling)
{
    struct grove_limits left = calling->limits;
    int64_t passed_ms = (clock_monotonic_us() - calling->started_us) / 1000;
    if (left.timeout_ms)
        left.timeout_ms = passed_ms < left.timeout_ms ? left.timeout_ms - (unsigned)passed_ms : 1;
    return left;
}

void calling_answer(struct calling *calling, const void *object)
{
    shape_add(&calling->out, calling->command->answer, object);
}

// --- asking --------------------------------------------------------------------------------------

// Gives the result back, too.
static enum grove_code answer_result(struct calling *calling, struct grove_result *result)
{
    struct strbuf hint;
    strbuf_init(&hint, HINT_BYTES_MAX);
    const struct grove_limits limits = limits_left(calling);
    if (result->total == 0)
        types_hint_add(calling->grove, &limits, calling_options(calling), &hint);
    calling_answer(calling, &(struct answer_result){*result, hint.length ? hint.data : NULL});
    strbuf_release(&hint);
    grove_result_free(result);
    return GROVE_OK;
}

static enum grove_code call_browse(struct calling *calling, struct grove_error *error)
{
    struct filter_values values;
    struct grove_result *result;
    enum grove_code code = filter_read(calling_options(calling), &values, error);
    if (code != GROVE_OK)
        return code;
    struct grove_browse_request request = request_browse(calling_options(calling), &values.filter);
    request.metadata = values.metadata;
    request.limits = calling->limits;
    code = grove_browse(calling->grove, &request, &result, error);
    return code == GROVE_OK ? answer_result(calling, result) : code;
}

// Also of "similar", which has an id instead of a text.
static enum grove_code call_search(struct calling *calling, struct grove_error *error)
{
    struct filter_values values;
    struct grove_result *result;
    enum grove_code code = filter_read(calling_options(calling), &values, error);
    if (code != GROVE_OK)
        return code;
    struct grove_search_request request = request_search(calling_options(calling), &values.filter);
    request.metadata = values.metadata;
    request.text = options_text(calling_options(calling), FIELD_TEXT);
    request.similar_to = request.text ? 0 : calling->input->ids[0];
    request.limits = calling->limits;
    code = grove_search(calling->grove, &request, &result, error);
    return code == GROVE_OK ? answer_result(calling, result) : code;
}

static enum grove_code call_discover(struct calling *calling, struct grove_error *error)
{
    struct filter_values values;
    struct grove_result *result;
    enum grove_code code = filter_read(calling_options(calling), &values, error);
    if (code != GROVE_OK)
        return code;
    struct grove_discover_request request =
        request_discover(calling_options(calling), &values.filter);
    request.metadata = values.metadata;
    request.text = options_text(calling_options(calling), FIELD_TEXT);
    request.limits = calling->limits;
    code = grove_discover(calling->grove, &request, &result, error);
    return code == GROVE_OK ? answer_result(calling, result) : code;
}

static enum grove_code call_ls(struct calling *calling, struct grove_error *error)
{
    struct filter_values values;
    struct grove_listing *listing;
    enum grove_code code = filter_read(calling_options(calling), &values, error);
    if (code != GROVE_OK)
        return code;
    struct grove_list_request request = request_list(calling_options(calling), &values.filter);
    request.path = options_text(calling_options(calling), OPTION_PATH);
    request.limits = calling->limits;
    code = grove_list(calling->grove, &request, &listing, error);
    if (code != GROVE_OK)
        return code;
    calling_answer(calling, &(struct answer_listing){request.path, *listing});
    grove_listing_free(listing);
    return GROVE_OK;
}

static enum grove_code call_document(struct calling *calling, struct grove_error *error)
{
    struct grove_document *document;
    const struct grove_read_document_request request = {
        .name = options_text(calling_options(calling), FIELD_TEXT),
        .body = options_has(calling_options(calling), OPTION_BODY),
        .limits = calling->limits,
    };
    enum grove_code code = grove_read_document(calling->grove, &request, &document, error);
    if (code != GROVE_OK)
        return code;
    calling_answer(calling, document);
    grove_document_free(document);
    return GROVE_OK;
}

static enum grove_code call_show(struct calling *calling, struct grove_error *error)
{
    struct grove_content *content;
    const struct grove_read_request request = {
        .content_id = calling->input->ids[0],
        .body = options_has(calling_options(calling), OPTION_BODY),
        .limits = calling->limits,
    };
    enum grove_code code = grove_read_content(calling->grove, &request, &content, error);
    if (code != GROVE_OK)
        return code;
    calling_answer(calling, content);
    grove_content_free(content);
    return GROVE_OK;
}

static enum grove_code call_embed(struct calling *calling, struct grove_error *error)
{
    float vector[GROVE_DIMENSION];
    int32_t ids[GROVE_TOKENS_MAX];
    struct answer_vector found = {
        .token_ids = ids, .vector = vector, .vector_size = GROVE_DIMENSION};
    const char *text = options_text(calling_options(calling), FIELD_TEXT);
    enum grove_code code = embed_texts(calling->grove, &calling->limits, &text, 1, vector, error);
    const struct grove_limits limits = limits_left(calling);
    if (code == GROVE_OK)
        code = tokenize_text(calling->grove, &limits, text, ids, &found.token_count, error);
    if (code == GROVE_OK)
        calling_answer(calling, &found);
    return code;
}

// --- changing ------------------------------------------------------------------------------------

// The array as JSON Lines.
static enum grove_code write_rows(yyjson_val *rows, struct strbuf *out, struct grove_error *error)
{
    size_t index, count, length;
    yyjson_val *row;
    yyjson_arr_foreach (rows, index, count, row) {
        char *line =
            yyjson_val_write_opts(row, YYJSON_WRITE_NOFLAG, json_allocator(), &length, NULL);
        if (!line)
            return error_no_memory(error, "rows");
        strbuf_add_bytes(out, line, length);
        strbuf_add_char(out, '\n');
        mem_free(line);
    }
    return out->failed ? error_no_memory(error, "rows") : GROVE_OK;
}

static void note_refused(void *state, const struct grove_bad_line *bad)
{
    answer_load_refused(state, bad);
}

static enum grove_code refuse_all(const struct answer_load *loaded, struct grove_error *error)
{
    error_set(error, GROVE_INVALID, "nothing was loaded: every row is bad");
    if (loaded->bad_line_count > 0) {
        const struct answer_bad_line *first = loaded->bad_lines;
        error_detail(error, "row %lld: %s%s%s", (long long)first->line,
                     first->field ? first->field : "", first->field ? ": " : "", first->reason);
    }
    return GROVE_INVALID;
}

static enum grove_code load_rows(struct calling *calling, const struct strbuf *rows,
                                 struct answer_load *loaded, struct grove_error *error)
{
    struct grove_load_progress done = {0};
    const struct grove_load_request request = {
        .rows = rows->data,
        .rows_bytes = rows->length,
        .strict = options_has(calling_options(calling), OPTION_STRICT),
        .on_bad_line = note_refused,
        .state = loaded,
        .limits = calling->limits,
    };
    enum grove_code code = grove_load(calling->grove, &request, &done, error);
    if (code != GROVE_OK)
        return code;
    answer_load_done(loaded, &done);
    if (done.rows_bad > 0 && loaded->rows_loaded == 0)
        return refuse_all(loaded, error);
    calling_answer(calling, loaded);
    return GROVE_OK;
}

static enum grove_code call_load(struct calling *calling, struct grove_error *error)
{
    struct strbuf rows;
    struct answer_load loaded;
    strbuf_init(&rows, ROWS_BYTES_MAX);
    answer_load_init(&loaded);
    enum grove_code code = write_rows(calling->input->rows, &rows, error);
    if (code == GROVE_OK)
        code = load_rows(calling, &rows, &loaded, error);
    answer_load_release(&loaded);
    strbuf_release(&rows);
    return code;
}

static enum grove_code call_mv(struct calling *calling, struct grove_error *error)
{
    struct grove_move_report *report;
    const struct grove_move_request request = {
        .content_ids = calling->input->ids,
        .content_id_count = calling->input->id_count,
        .from = options_text(calling_options(calling), FIELD_FROM),
        .to = options_text(calling_options(calling), FIELD_TO),
        .dry_run = options_has(calling_options(calling), OPTION_DRY_RUN),
        .limits = calling->limits,
        .document = options_text(calling_options(calling), OPTION_DOCUMENT),
    };
    enum grove_code code = grove_move(calling->grove, &request, &report, error);
    if (code != GROVE_OK)
        return code;
    calling_answer(calling, report);
    grove_free(report);
    return GROVE_OK;
}

static enum grove_code call_rechunk(struct calling *calling, struct grove_error *error)
{
    struct answer_rechunk *rechunked = mem_zalloc(sizeof *rechunked);
    if (!rechunked)
        return error_no_memory(error, "an answer");
    rechunked->path = options_text(calling_options(calling), OPTION_PATH);
    const struct grove_rechunk_request request = {
        .path = rechunked->path,
        .dry_run = options_has(calling_options(calling), OPTION_DRY_RUN),
        .on_refused = answer_rechunk_refused,
        .state = rechunked,
        .limits = calling->limits,
    };
    enum grove_code code = grove_rechunk(calling->grove, &request, &rechunked->report, error);
    if (code == GROVE_OK)
        calling_answer(calling, rechunked);
    mem_free(rechunked);
    return code;
}

static enum grove_code call_attach(struct calling *calling, struct grove_error *error)
{
    struct grove_attach_report *report;
    struct grove_attach_request request = request_attach(calling_options(calling));
    request.table = options_text(calling_options(calling), FIELD_TABLE);
    request.limits = calling->limits;
    enum grove_code code = grove_attach(calling->grove, &request, &report, error);
    if (code != GROVE_OK)
        return code;
    calling_answer(calling, report);
    grove_free(report);
    return GROVE_OK;
}

static enum grove_code call_attachments(struct calling *calling, struct grove_error *error)
{
    struct grove_attachments *attachments;
    enum grove_code code =
        grove_list_attachments(calling->grove, &calling->limits, &attachments, error);
    if (code != GROVE_OK)
        return code;
    calling_answer(calling, attachments);
    grove_free(attachments);
    return GROVE_OK;
}

static enum grove_code call_detach(struct calling *calling, struct grove_error *error)
{
    struct grove_detach_report *report;
    struct grove_detach_request request = request_detach(calling_options(calling));
    request.table = options_text(calling_options(calling), FIELD_TABLE);
    request.limits = calling->limits;
    enum grove_code code = grove_detach(calling->grove, &request, &report, error);
    if (code != GROVE_OK)
        return code;
    calling_answer(calling, report);
    grove_free(report);
    return GROVE_OK;
}

// As the command does where it cannot ask: contents of a place go with "yes" only.
static enum grove_code call_rm(struct calling *calling, struct grove_error *error)
{
    struct filter_values values;
    struct grove_remove_report *report;
    const struct options *options = calling_options(calling);
    enum grove_code code = filter_read(options, &values, error);
    if (code != GROVE_OK)
        return code;
    struct grove_remove_request request = {
        .content_ids = calling->input->ids,
        .content_id_count = calling->input->id_count,
        .filter = values.filter,
        .dry_run = options_has(options, OPTION_DRY_RUN),
        .limits = calling->limits,
        .document = options_text(options, OPTION_DOCUMENT),
    };
    bool asks = request.filter.path && !request.dry_run && !options_has(options, OPTION_YES);
    request.contents_max = asks ? -1 : 0;
    code = grove_remove(calling->grove, &request, &report, error);
    if (code == GROVE_CONFLICT && asks)
        error_hint(error, "\"yes\": true removes them, \"dry_run\": true only counts");
    if (code != GROVE_OK)
        return code;
    calling_answer(calling, report);
    grove_free(report);
    return GROVE_OK;
}

static enum grove_code call_sync(struct calling *calling, struct grove_error *error)
{
    struct grove_sync_report report = {0};
    struct answer_sync synced;
    const struct grove_sync_request request = {
        .retry_dead = options_has(calling_options(calling), OPTION_RETRY_DEAD),
        .limits = calling->limits,
    };
    enum grove_code code = grove_sync(calling->grove, &request, &report, error);
    if (code != GROVE_OK)
        return code;
    answer_sync_of(&report, false, &synced);
    calling_answer(calling, &synced);
    return GROVE_OK;
}

static enum grove_code call_status(struct calling *calling, struct grove_error *error)
{
    struct grove_status status;
    struct answer_status told;
    enum grove_code code = status_read(calling->grove, &calling->limits, &status, error);
    if (code != GROVE_OK)
        return code;
    // Status starts no server, and what fails is no failure of it.
    struct grove_attachments *attached = NULL;
    struct grove_projectors *projectors = NULL;
    struct grove_error ignored;
    bool known = status.database_ok && status.schema_works;
    if (known)
        (void)!grove_list_attachments(calling->grove, &calling->limits, &attached, &ignored);
    if (known)
        (void)!grove_list_projectors(calling->grove, &calling->limits, &projectors, &ignored);
    answer_status_of(&status, attached, projectors, &told);
    calling_answer(calling, &told);
    grove_free(attached);
    grove_free(projectors);
    return GROVE_OK;
}

static enum grove_code call_version(struct calling *calling, struct grove_error *error)
{
    (void)error;
    calling_answer(calling, &(struct answer_version){grove_version()});
    return GROVE_OK;
}

// --- the call ------------------------------------------------------------------------------------

static const struct {
    const char *name;
    enum grove_code (*call)(struct calling *calling, struct grove_error *error);
} calls[] = {
    {"attach", call_attach},
    {"attachments", call_attachments},
    {"detach", call_detach},
    {"browse", call_browse},
    {"dead", call_dead},
    {"discover", call_discover},
    {"document", call_document},
    {"embed", call_embed},
    {"load", call_load},
    {"ls", call_ls},
    {"mv", call_mv},
    {"rechunk", call_rechunk},
    {"repair", call_repair},
    {"rm", call_rm},
    {"search", call_search},
    {"show", call_show},
    {"similar", call_search},
    {"status", call_status},
    {"sync", call_sync},
    {"verify", call_verify},
    {"version", call_version},
};

static size_t find_call(const char *name)
{
    size_t i = 0;
    while (i < ARRAY_COUNT(calls) && strcmp(calls[i].name, name) != 0)
        i++;
    return i;
}

bool call_knows(const struct command *command)
{
    return find_call(command->name) < ARRAY_COUNT(calls);
}

static enum grove_code find_command(const char *name, const struct command **ret,
                                    struct grove_error *error)
{
    struct strbuf known;
    *ret = command_find(name);
    if (*ret && (*ret)->fields)
        return GROVE_OK;
    strbuf_init(&known, sizeof error->hint);
    for (const struct command *command = command_table; command->name; command++)
        if (command->fields)
            strbuf_addf(&known, "%s%s", known.length ? ", " : "", command->name);
    error_set(error, GROVE_INVALID,
              *ret ? "%.100s cannot be called" : "there is no command \"%.100s\"", name);
    error_hint(error, "those that can be called: %s", known.data);
    strbuf_release(&known);
    return GROVE_INVALID;
}

// Of two timeouts the shorter.
static struct grove_limits limits_of(const struct grove_limits *limits,
                                     const struct options *options)
{
    struct grove_limits both = limits ? *limits : (struct grove_limits){0};
    unsigned timeout_ms = (unsigned)options_count(options, FIELD_TIMEOUT_MS, 0);
    if (timeout_ms && (both.timeout_ms == 0 || timeout_ms < both.timeout_ms))
        both.timeout_ms = timeout_ms;
    return both;
}

static enum grove_code call(struct calling *calling, char **ret_json, struct grove_error *error)
{
    size_t i = find_call(calling->command->name);
    CHECK(i < ARRAY_COUNT(calls)); // fields, and nothing that makes the call
    strbuf_init(&calling->out, ANSWER_BYTES_MAX);
    enum grove_code code = calls[i].call(calling, error);
    char *json = code == GROVE_OK && !calling->out.failed ? mem_strdup(calling->out.data) : NULL;
    strbuf_release(&calling->out);
    if (code == GROVE_OK && !json)
        return error_no_memory(error, "the answer");
    if (code == GROVE_OK)
        *ret_json = json;
    return code;
}

GROVE_API enum grove_code grove_call_within(struct grove *grove, const char *command,
                                            const char *json_in, const struct grove_limits *limits,
                                            char **ret_json, struct grove_error *error)
{
    struct input_values input;
    struct calling calling = {.grove = grove, .input = &input, .started_us = clock_monotonic_us()};
    enum grove_code code = find_command(command, &calling.command, error);
    if (code != GROVE_OK)
        return code;
    code = input_read(calling.command, json_in, &input, error);
    if (code == GROVE_OK) {
        calling.limits = limits_of(limits, &input.options);
        code = call(&calling, ret_json, error);
    }
    input_release(&input);
    return code;
}

GROVE_API enum grove_code grove_call(struct grove *grove, const char *command, const char *json_in,
                                     char **ret_json, struct grove_error *error)
{
    return grove_call_within(grove, command, json_in, NULL, ret_json, error);
}
