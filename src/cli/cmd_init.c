// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <stdio.h>

#include "base/clock.h"
#include "cli/format.h"
#include "cli/setup.h"

enum { WAIT_TOLD_US = 10000000, LINE_BYTES_MAX = 4096 };

void setup_add_members(struct strbuf *out, const struct setup *setup)
{
    const struct grove_status *status = &setup->status;
    json_integer_member(out, "applied", setup->applied);
    json_integer_member(out, "schema_version", status->schema_version);
    json_string_member(out, "database", status->database[0] ? status->database : NULL);
    json_string_member(out, "engine", status->engine[0] ? status->engine : NULL);
    json_string_member(out, "home", status->home[0] ? status->home : NULL);
    json_string_member(out, "model", status->model);
    json_string_member(out, "next_model", status->next_model[0] ? status->next_model : NULL);
    json_integer_member(out, "queued", setup->queued);
    json_integer_member(out, "dropped", setup->dropped);
    json_number_member(out, "seconds", setup->seconds);
}

// What becomes of the model, and what to do about it.
static void add_model_line(struct strbuf *out, const struct setup *setup)
{
    const struct grove_status *status = &setup->status;
    bool by_itself = status->projector_wanted || status->projector_running; // it may be starting
    if (setup->queued > 0) {
        strbuf_addf(out, "model: now %s; ", status->model);
        format_counted(out, setup->queued, "content", "contents");
        strbuf_addf(out, " to project anew%s\n", by_itself ? "" : ": run \"grove sync\"");
    } else if (status->next_model[0]) {
        strbuf_addf(out, "model: still %s, and ", status->model);
        display_add_safe(out, text_of(status->next_model));
        strbuf_addf(out, " when all is embedded%s\n",
                    by_itself ? "; see grove status" : ": run \"grove sync\"");
    }
    if (setup->dropped > 0) {
        format_counted(out, setup->dropped, "old vector", "old vectors");
        strbuf_add(out, " freed\n");
    }
}

void setup_add_line(struct strbuf *out, const struct setup *setup)
{
    const struct grove_status *status = &setup->status;
    strbuf_addf(out, "ready: %sPostgreSQL ", status->database_private ? "private " : "");
    display_add_safe(out, text_of(status->database_version));
    strbuf_addf(out, ", %sQdrant ", status->engine_private ? "private " : "");
    display_add_safe(out, text_of(status->engine_version));
    strbuf_add(out, "; ");
    if (setup->applied)
        format_counted(out, setup->applied, "migration applied", "migrations applied");
    else
        strbuf_add(out, "the schema was up to date");
    strbuf_add(out, " (");
    format_seconds(out, setup->seconds);
    strbuf_add(out, ")\n");
    if (status->database_private || status->engine_private) {
        strbuf_add(out, "home:  ");
        display_add_safe(out, text_of(status->home));
        strbuf_add_char(out, '\n');
    }
    add_model_line(out, setup);
}

// At once, and then every ten seconds; on standard error, also beside JSON: whoever waits wants to
// know for whom.
static void on_wait(void *state, const struct grove_wait *wait)
{
    int64_t *told_us = state;
    int64_t now_us = clock_monotonic_us();
    if (*told_us != 0 && now_us - *told_us < WAIT_TOLD_US)
        return;
    *told_us = now_us;
    struct strbuf out;
    strbuf_init(&out, LINE_BYTES_MAX);
    strbuf_addf(&out, "grove: waiting for %s", wait->what);
    if (wait->holder[0]) {
        strbuf_add(&out, " held by ");
        display_add_prose(&out, text_of(wait->holder));
    }
    if (!out.failed)
        fprintf(stderr, "%s\n", out.data);
    strbuf_release(&out);
}

static enum grove_code set_precision(struct session *session, int64_t *ret_queued,
                                     struct grove_error *error)
{
    enum grove_precision precision = session_precision(session);
    bool now = options_has(&session->options, OPTION_NOW);
    if (precision == GROVE_PRECISION_UNSET)
        return GROVE_OK;
    return now ? grove_set_precision_now(session->grove, precision, ret_queued, error)
               : grove_set_precision(session->grove, precision, ret_queued, error);
}

static enum grove_code check_options(const struct session *session, struct grove_error *error)
{
    if (!options_has(&session->options, OPTION_NOW) ||
        session_precision(session) != GROVE_PRECISION_UNSET)
        return GROVE_OK;
    error_set(error, GROVE_INVALID, "--now says when to change the precision, and none is given");
    error_hint(error, "give --precision as well");
    return GROVE_INVALID;
}

enum grove_code setup_run(struct session *session, struct setup *ret, struct grove_error *error)
{
    unsigned applied = 0;
    int64_t queued = 0, dropped = 0, told_us = 0;
    int64_t started_us = clock_monotonic_us();
    enum grove_code code = check_options(session, error);
    if (code == GROVE_OK)
        code = session_open(session, error);
    if (code == GROVE_OK)
        code = grove_init_telling(session->grove, on_wait, &told_us, &applied, error);
    if (code == GROVE_CONFLICT && options_has(&session->options, OPTION_TAKE_COLLECTION)) {
        code = grove_take_collection(session->grove, error);
        if (code == GROVE_OK)
            code = grove_init_telling(session->grove, on_wait, &told_us, &applied, error);
    }
    if (code == GROVE_OK)
        code = set_precision(session, &queued, error);
    if (code == GROVE_OK && options_has(&session->options, OPTION_DROP_OLD_VECTORS))
        code = grove_drop_old_vectors(session->grove, &dropped, error);
    double seconds = (double)(clock_monotonic_us() - started_us) / 1e6;
    struct grove_status status = {0};
    if (code == GROVE_OK)
        code = grove_get_status(session->grove, &status, error);
    if (code == GROVE_OK)
        *ret = (struct setup){applied, queued, dropped, seconds, status};
    return code;
}

enum grove_code cmd_init(struct session *session, struct grove_error *error)
{
    struct setup setup;
    enum grove_code code = setup_run(session, &setup, error);
    if (code != GROVE_OK)
        return code;
    struct strbuf out;
    strbuf_init(&out, 1 << 16);
    if (session->json) {
        strbuf_add_char(&out, '{');
        setup_add_members(&out, &setup);
        strbuf_add_char(&out, '}');
        code = session_print_json(session, &out, error);
    } else {
        setup_add_line(&out, &setup);
        code = session_print(session, &out, error);
    }
    strbuf_release(&out);
    return code;
}
