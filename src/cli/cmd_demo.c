// SPDX-License-Identifier: Apache-2.0
//
// The whole way from nothing to the three queries, each shown with the command line that does it.
#include "base/clock.h"
#include "cli/format.h"
#include "cli/load_report.h"
#include "cli/session.h"
#include "cli/setup.h"
#include "cli/show.h"

static const int64_t NINETY_DAYS_US = 90 * (int64_t)86400 * 1000000;

struct demo {
    struct session *session;
    struct strbuf json; // members so far
};

static void add_title(struct strbuf *out, const struct terminal *terminal, const char *title)
{
    strbuf_addf(out, "\n%s%s%s\n", terminal_style(terminal, STYLE_BOLD), title,
                terminal_style(terminal, STYLE_PLAIN));
}

// "$ grove --home DIR browse ..." as it would be typed here.
static void add_command_line(struct strbuf *out, const struct session *session, const char *line)
{
    const struct terminal *terminal = &session->out;
    strbuf_addf(out, "%s$ ", terminal_style(terminal, STYLE_CYAN));
    format_shell_word(out, session->program);
    if (session->home) {
        strbuf_add(out, " --home ");
        format_shell_word(out, session->home);
    }
    strbuf_addf(out, " %s%s\n", line, terminal_style(terminal, STYLE_PLAIN));
}

static enum grove_code set_up(struct demo *demo, struct grove_error *error)
{
    struct session *session = demo->session;
    struct setup setup;
    struct strbuf out;
    if (!session->json && session->err.is_terminal)
        fputs("grove: starting the servers ...\r", stderr);
    enum grove_code code = setup_run(session, &setup, error);
    if (!session->json && session->err.is_terminal)
        fputs("\033[K", stderr);
    if (code != GROVE_OK)
        return code;
    if (session->json) {
        strbuf_add(&demo->json, "\"init\":{");
        setup_add_members(&demo->json, &setup);
        strbuf_add_char(&demo->json, '}');
        return GROVE_OK;
    }
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    add_title(&out, &session->out, "1. The database");
    add_command_line(&out, session, "init");
    setup_add_line(&out, &setup);
    code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

static enum grove_code load(struct demo *demo, struct grove_error *error)
{
    struct session *session = demo->session;
    struct grove_load_progress done = {0};
    bool placeholder = options_has(&session->options, OPTION_PLACEHOLDER_VECTORS);
    enum grove_code code = grove_load_sample(session->grove, placeholder, &done, error);
    if (code != GROVE_OK)
        return code;
    if (session->json) {
        load_report_add_member(&demo->json, &done);
        return GROVE_OK;
    }
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    add_title(&out, &session->out, "2. The sample: 8 contents in 6 leaves");
    load_report_add(&out, &done);
    if (placeholder)
        strbuf_add(&out, "every row has the same placeholder vector: the scores below mean "
                         "nothing\n");
    code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

struct query {
    enum show_kind kind;
    const char *key, *title, *line;
};

static enum grove_code show_query(struct demo *demo, const struct query *query,
                                  const struct grove_result *result, struct grove_error *error)
{
    struct session *session = demo->session;
    if (session->json) {
        char *json = grove_result_json(result);
        if (!json)
            return error_no_memory(error, "the result");
        json_key(&demo->json, query->key);
        strbuf_add(&demo->json, json);
        grove_free(json);
        return GROVE_OK;
    }
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    add_title(&out, &session->out, query->title);
    add_command_line(&out, session, query->line);
    strbuf_add_char(&out, '\n');
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code == GROVE_OK ? show_result(session, query->kind, result, error) : code;
}

static enum grove_code browse(struct demo *demo, struct grove_error *error)
{
    static const struct query query = {SHOW_BROWSE, "browse", "3. Everything in one place",
                                       "browse religion/Christianity/Protestant-Baptist"};
    struct grove_browse_request request = {.filter.path =
                                               "religion/Christianity/Protestant-Baptist"};
    struct grove_result *result = NULL;
    enum grove_code code = grove_browse(demo->session->grove, &request, &result, error);
    if (code == GROVE_OK)
        code = show_query(demo, &query, result, error);
    grove_result_free(result);
    return code;
}

static enum grove_code search(struct demo *demo, struct grove_error *error)
{
    static const struct query query = {
        SHOW_SEARCH, "search", "4. What is most similar to a text, of one type and not too old",
        "search \"baptism salvation doctrine\" --type Doctrine --since 90d --limit 10"};
    static const char *const types[] = {"Doctrine"};
    struct grove_search_request request = {
        .text = "baptism salvation doctrine",
        .filter =
            {
                .content_types = types,
                .content_type_count = 1,
                .created_since_us = clock_now_us() - NINETY_DAYS_US,
            },
        .limit = 10,
    };
    struct grove_result *result = NULL;
    enum grove_code code = grove_search(demo->session->grove, &request, &result, error);
    if (code == GROVE_OK)
        code = show_query(demo, &query, result, error);
    grove_result_free(result);
    return code;
}

static enum grove_code discover(struct demo *demo, struct grove_error *error)
{
    static const struct query query = {SHOW_DISCOVER, "discover",
                                       "5. What all subjects say about something",
                                       "discover salvation"};
    struct grove_discover_request request = {.text = "salvation"};
    struct grove_result *result = NULL;
    enum grove_code code = grove_discover(demo->session->grove, &request, &result, error);
    if (code == GROVE_OK)
        code = show_query(demo, &query, result, error);
    grove_result_free(result);
    return code;
}

static enum grove_code finish(struct demo *demo, struct grove_error *error)
{
    struct session *session = demo->session;
    if (session->json) {
        strbuf_add_char(&demo->json, '}');
        return session_print_json(session, &demo->json, error);
    }
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    add_title(&out, &session->out, "What to try next");
    add_command_line(&out, session, "search \"how suffering ends\" --explain");
    add_command_line(&out, session, "load FILE.jsonl     # your own; see load --help");
    add_command_line(&out, session,
                     "psql                # any SQL: what it writes is found at once");
    add_command_line(&out, session, "status");
    add_command_line(&out, session, "stop                # the servers keep running until then");
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

enum grove_code cmd_demo(struct session *session, struct grove_error *error)
{
    static enum grove_code (*const steps[])(struct demo *, struct grove_error *) = {
        set_up, load, browse, search, discover, finish};
    struct demo demo = {.session = session};
    strbuf_init(&demo.json, SESSION_OUTPUT_MAX);
    strbuf_add_char(&demo.json, '{');
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; i < ARRAY_COUNT(steps) && code == GROVE_OK; i++)
        code = steps[i](&demo, error);
    strbuf_release(&demo.json);
    return code;
}
